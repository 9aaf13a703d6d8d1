"""The list of PyTorch's public names against PyTorch itself."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch

import rushlight
from rushlight.missing import pytorch_modules, pytorch_names


def tool() -> Any:
    path = Path(__file__).parents[2] / "tools/pytorch_names.py"
    spec = importlib.util.spec_from_file_location("pytorch_names", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_list_is_pytorchs() -> None:
    """If this fails, run `python tools/pytorch_names.py` in PyTorch's environment."""
    imported = {"torch.onnx", "nn.utils.prune"}  # there once something has imported them
    assert pytorch_names() - imported == set(tool().names()) - imported


@pytest.mark.slow
def test_the_list_of_modules_is_pytorchs() -> None:
    """If this fails, run the same. Some are there only beside other packages."""
    found = {place: frozenset(names) for place, *names in map(str.split, tool().modules())}
    assert found.keys() == pytorch_modules().keys()
    for place in ("nn.modules.conv", "optim.sgd", "serialization", "utils.checkpoint"):
        assert found[place] == pytorch_modules()[place]


def test_layers_have_pytorchs_bases() -> None:
    """`isinstance(layer, _ConvNd)` and its like, which programs ask."""
    for name, theirs in vars(torch.nn).items():
        mine = getattr(rushlight.nn, name, None)
        if isinstance(theirs, type) and isinstance(mine, type):
            bases = {kind.__name__ for kind in theirs.__mro__} - {"TensorBase", "Generic"}
            assert bases <= {kind.__name__ for kind in mine.__mro__}, name
