"""Progress: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys

import pytest

from rushlight.cli import progress


def test_lines_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    lines = progress.make_progress(total=10_000, done=2_000)
    assert isinstance(lines, progress.ProgressLines)
    for step in range(1, 6):
        now += 2
        lines.step(f"epoch 1/2, step {step}/50", 1 / step, 200)
    lines.line("epoch 1/2: done")
    captured = capsys.readouterr()
    assert captured.out == "epoch 1/2: done\n"
    assert captured.err == "epoch 1/2, step 3/50, loss 0.3333, 100 images/s, 01:14 left\n"


def test_a_bar_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar = progress.make_progress(total=1000, done=0)
    assert isinstance(bar, progress.ProgressBar)
    bar.step("epoch 1/2, step 5/10", 0.5, 500)
    bar.line("epoch 1/2: done")
    bar.close()
    captured = capsys.readouterr()
    assert captured.out == "epoch 1/2: done\n"
    assert "epoch 1/2, step 5/10" in captured.err and "loss 0.5000" in captured.err
    assert "images/s" in captured.err and "left" in captured.err
