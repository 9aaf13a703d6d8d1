"""Functions are pickled by their names, as modules that hold one are, and calls of processes."""

from __future__ import annotations

import pickle
from types import FunctionType, ModuleType

import pytest

import rushlight as torch
from rushlight import nn

PLACES = [torch, torch.nn.functional, torch.special, torch.linalg, torch.fft]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_functions_come_back_as_they_are(place: ModuleType) -> None:
    functions = [getattr(place, name) for name in dir(place) if name[0] != "_"]
    functions = [function for function in functions if isinstance(function, FunctionType)]
    assert len(functions) > 20
    for function in functions:
        assert pickle.loads(pickle.dumps(function)) is function


class Activated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.activation = torch.relu  # `nn.functional` has another of the name


def test_a_module_that_holds_a_function() -> None:
    assert pickle.loads(pickle.dumps(Activated())).activation is torch.relu
