"""Writes the names that PyTorch publishes, for what is said of those that are not there yet.

    python tools/pytorch_names.py

run where PyTorch 2.13 is installed, writes `src/rushlight/pytorch_names.txt`, a name on each line.
"""

from __future__ import annotations

import importlib
import types
from pathlib import Path
from typing import Any

import torch

TARGET = Path(__file__).parent.parent / "src/rushlight/pytorch_names.txt"
PLACES = (
    "torch", "torch.Tensor", "torch.autograd", "torch.cuda", "torch.fft", "torch.nn",
    "torch.nn.functional", "torch.nn.init", "torch.nn.utils", "torch.optim",
    "torch.optim.lr_scheduler", "torch.signal.windows", "torch.special", "torch.utils.data",
)  # fmt: skip


def is_pytorchs(value: Any) -> bool:
    """Whether a value is what its module offers, and no import that it happens to hold."""
    if isinstance(value, types.ModuleType):
        return value.__name__.startswith("torch.")
    return (getattr(value, "__module__", None) or "torch").startswith("torch")


def names() -> list[str]:
    """"nn.LSTM", "Tensor.abs", and "torch.abs" for torch itself, in order."""
    found = []
    for place in PLACES:
        owner = torch.Tensor if place == "torch.Tensor" else importlib.import_module(place)
        found += [
            f"{place.removeprefix('torch.')}.{name}"
            for name in dir(owner)
            if not name.startswith("_") and is_pytorchs(getattr(owner, name, None))
        ]
    return sorted(found)


def main() -> None:
    TARGET.write_text("\n".join(names()) + "\n")


if __name__ == "__main__":
    main()
