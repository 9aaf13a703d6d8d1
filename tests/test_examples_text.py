"""The examples that learn to write: quickly on a sentence, and on Shakespeare where he is."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

import rushlight as torch
from data_fixtures import shared_data
from example_programs import load_example

SENTENCE = "the cat sat on the mat and the dog sat on the log. "
NAMES = ("char_gpt", "char_lstm")
SIZES: dict[str, dict[str, Any]] = {
    "char_gpt": {"steps": 250, "context": 16, "layers": 1, "heads": 2, "width": 32},
    "char_lstm": {"epochs": 8, "batch_size": 8, "length": 16, "width": 32, "layers": 1},
}


@pytest.mark.parametrize("name", NAMES)
def test_a_sentence_is_learned(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its characters are guessed far better than by their frequencies (a loss of 2.5)."""
    net, letters, loss = load_example(name).train(SENTENCE * 60, **SIZES[name])
    assert loss < 1.2
    torch.manual_seed(0)
    written = load_example(name).write(net, letters, "the ", 40, temperature=0.5)
    assert written.startswith("the ") and len(written) == 44 and set(written) <= set(SENTENCE)
    assert "validation" in capsys.readouterr().out


def test_characters_see_none_that_follow() -> None:
    net = load_example("char_gpt").GPT(10, context=8, layers=2, heads=2, width=16)
    before = torch.tensor([[1, 2, 3, 4, 5, 6]])
    after = torch.tensor([[1, 2, 3, 9, 9, 9]])
    torch.testing.assert_close(net(before)[:, :3], net(after)[:, :3])
    assert not torch.allclose(net(before)[:, 3:], net(after)[:, 3:])


def test_rows_go_on_where_they_ended() -> None:
    program = load_example("char_lstm")
    letters = program.CharacterDataset("abcdefghijklmnopqrstuvwxyz", 3)
    batches = list(program.in_order(letters, 2))
    assert [[letters.decode(row) for row in characters] for characters, _ in batches] == [
        ["abc", "mno"], ["def", "pqr"], ["ghi", "stu"], ["jkl", "vwx"],
    ]  # fmt: skip
    assert letters.decode(batches[0][1][0]) == "bcd"


@pytest.mark.parametrize(("name", "few"), [("char_gpt", "--steps"), ("char_lstm", "--epochs")])
def test_programs(
    name: str, few: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    text = tmp_path / "text.txt"
    text.write_text(SENTENCE * 800, encoding="utf-8")
    path = Path(__file__).parents[1] / "examples" / f"{name}.py"
    monkeypatch.setattr(
        sys, "argv", [name, str(text), few, "1", "--prompt", "the", "--length", "5"]
    )
    runpy.run_path(str(path), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith("validation loss ") and lines[-1].startswith("the")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "bound"), [("char_gpt", 1.88), ("char_lstm", 1.6)])
def test_shakespeare(name: str, bound: float) -> None:
    """1.88 is what nanoGPT reports of its setting for a CPU."""
    text = (shared_data("tinyshakespeare") / "tinyshakespeare" / "input.txt").read_text("utf-8")
    assert load_example(name).train(text)[2] <= bound
