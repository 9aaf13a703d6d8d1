"""Errors as objects: sent to other processes, and named as PyTorch's where Rushlight stands in."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
from rushlight import errors

PROGRAM = """
import pickle, sys
import rushlight
rushlight.as_torch()
import torch

def named(call):
    try:
        call()
    except Exception as error:
        again = pickle.loads(pickle.dumps(error))
        assert str(again) == str(error)
        return f"{type(error).__module__}.{type(error).__qualname__}"

print(named(lambda: torch.ones(2) + torch.ones(3)))
print(named(lambda: torch.nn.functional.cross_entropy(torch.ones(1, 2), torch.tensor([5]))))
print(named(lambda: torch.nn.functional.dropout(torch.ones(1), 2.0)))
print(named(lambda: torch.add("a", 1)))
print(named(lambda: torch.linalg.inv(torch.zeros(2, 2))))
print(named(lambda: torch.quint8))
print(named(lambda: torch.zeros(1, device="mps")))
print(torch.Tensor, type(torch.ones(1)), torch.Size, torch.device)
tensor, size, device = torch.ones(1), torch.Size([2]), torch.device("cpu")
open(sys.argv[1], "wb").write(pickle.dumps([tensor, size, device]))
"""


def failing(call: Callable[[], Any]) -> Exception:
    with pytest.raises(Exception) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("call", [
    lambda: torch.ones(2) + torch.ones(3),
    lambda: torch.nn.Sequential(torch.nn.Linear(2, 2))(torch.ones(1, 3)),
    lambda: torch.nn.functional.cross_entropy(torch.ones(1, 2), torch.tensor([5])),
    lambda: torch.linalg.inv(torch.zeros(2, 2)),
])  # fmt: skip
def test_pickled_errors_say_the_same(call: Callable[[], Any]) -> None:
    error = failing(call)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error)
    assert again.module_names == error.module_names  # type: ignore[attr-defined]


def test_a_subclass_of_a_programs_own_is_pickled_as_python_does() -> None:
    error = pickle.loads(pickle.dumps(Own("text")))
    assert type(error) is Own and str(error) == "text"


class Own(errors.OperationError):
    pass


def test_a_missing_name_is_pickled_as_its_words() -> None:
    error = failing(lambda: torch.quint8)
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, AttributeError) and str(again) == str(error)


def test_names_are_pytorchs_where_rushlight_stands_in(tmp_path: Any) -> None:
    file = tmp_path / "objects"
    command = [sys.executable, "-c", PROGRAM, str(file)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == [
        "builtins.RuntimeError", "builtins.IndexError", "builtins.ValueError",
        "builtins.TypeError", "torch._C._LinAlgError", "builtins.AttributeError",
        "builtins.NotImplementedError",
        "<class 'torch.Tensor'> <class 'torch.Tensor'> <class 'torch.Size'> <class 'torch.device'>",
    ]  # fmt: skip
    # What such a process pickles is read by one in which Rushlight has its own name.
    tensor, size, device = pickle.loads(file.read_bytes())
    assert tensor.tolist() == [1.0] and size == (2,) and device == torch.device("cpu")
    assert type(tensor) is torch.Tensor and type(size) is torch.Size
