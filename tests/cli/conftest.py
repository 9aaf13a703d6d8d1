"""Small data in a folder of its own for every test of the command line, and a finished run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cli_support import FewDigits

from rushlight.cli import tasks
from rushlight.cli.main import main


@pytest.fixture(autouse=True)
def few_digits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Small data, and a folder of its own for every test."""
    monkeypatch.setitem(
        tasks.DATASETS, "digits", replace(tasks.DATASETS["digits"], dataset=FewDigits)
    )
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run, to read from and not to change."""
    out = tmp_path_factory.mktemp("trained") / "run"
    with pytest.MonkeyPatch.context() as patch:
        info = replace(tasks.DATASETS["digits"], dataset=FewDigits)
        patch.setitem(tasks.DATASETS, "digits", info)
        assert main(["train", "--model", "mlp", "--epochs", "2", "--out", str(out)]) == 0
    return out
