"""What the tests of the command line share: small data, options, how errors must look."""

from __future__ import annotations

from typing import Any

import pytest

from rushlight.cli.main import main
from rushlight.cli.options import Options
from rushlight.vision.datasets import Digits

OPTIONS = Options("digits", "mlp", epochs=2, batch_size=64, lr=0.05, optimizer="sgd", seed=0)


class FewDigits(Digits):
    """Enough images for four steps of training."""

    size = 200

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.data, self.targets = self.data[: self.size], self.targets[: self.size]


def refusal(capsys: pytest.CaptureFixture[str], *arguments: Any) -> str:
    """The one line that a command ends in."""
    try:
        code: Any = main([str(argument) for argument in arguments])
    except SystemExit as stopped:
        code = stopped.code
    captured = capsys.readouterr()
    assert code == 2, captured
    assert captured.err.startswith("rushlight: error: ") and captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    return captured.err
