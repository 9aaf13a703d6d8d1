"""The examples told files that are not there: a line of words, and no traceback."""

from __future__ import annotations

import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
ARGUMENTS = {
    "char_gpt": ["{}"], "char_lstm": ["{}"], "cifar10": ["{}"], "convolutions": ["--data", "{}"],
    "image_folder": ["{}"], "scattering": ["--data", "{}"], "soft_decision_tree": ["--data", "{}"],
    "spoken_digits": ["{}"],
}  # fmt: skip
NEEDS = {"cifar10": "PIL", "image_folder": "PIL", "convolutions": "soundfile",
         "spoken_digits": "soundfile"}  # fmt: skip


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_missing_file_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name in NEEDS and find_spec(NEEDS[name]) is None:
        pytest.skip(f"needs {NEEDS[name]}")
    missing = str(tmp_path / "nowhere")
    arguments = [argument.format(missing) for argument in ARGUMENTS[name]]
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *arguments])
    with pytest.raises(SystemExit, match="^error: .*nowhere") as caught:
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert caught.value.__suppress_context__


def test_a_file_of_another_kind_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if find_spec("PIL") is None:
        pytest.skip("needs PIL")
    (tmp_path / "text").write_text("no archive")
    monkeypatch.setattr(sys, "argv", ["cifar10.py", str(tmp_path / "text")])
    with pytest.raises(SystemExit, match="^error: file could not be opened successfully"):
        runpy.run_path(str(EXAMPLES / "cifar10.py"), run_name="__main__")
