"""Names that PyTorch has and Rushlight has not yet: what is said of them, and to whom."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn, optim
from rushlight.missing import MissingNameError, nearest_name, pytorch_names

PLACES = {
    "torch": torch, "nn": nn, "nn.functional": nn.functional, "nn.init": nn.init, "optim": optim,
    "optim.lr_scheduler": optim.lr_scheduler, "utils.data": torch.utils.data,
    "Tensor": torch.Tensor,
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_what_is_there_and_what_is_not(place: str) -> None:
    owner = PLACES[place]
    names = [name for name in pytorch_names() if name.rpartition(".")[0] == place]
    assert len(names) > 10
    for name in names:
        if hasattr(owner, name.rpartition(".")[2]):
            continue
        with pytest.raises(AttributeError) as caught:
            getattr(owner, name.rpartition(".")[2])
        assert str(caught.value).startswith(f"PyTorch has {name}; Rushlight not yet")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("owner", PLACES.values())
def test_a_name_that_nobody_has(owner: Any) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'flimflam'"):
        _ = owner.flimflam
    assert not hasattr(owner, "__flimflam__") and getattr(owner, "_flimflam", 3) == 3


def test_the_nearest_is_one_that_is_there() -> None:
    assert str(MissingNameError("nn", "Conv2D", nn)) == (
        "PyTorch has nn.Conv2D; Rushlight not yet; the nearest that is there: nn.Conv2d"
    )
    assert "nearest" not in str(MissingNameError("nn", "QWXZ", nn))
    assert nearest_name("LSTMCell", ["Linear", "Conv2d"]) is None
    absent = next(n for n in dir(torch.Tensor) if not hasattr(torch.Tensor, n))
    message = str(MissingNameError("Tensor", absent, torch.Tensor))
    assert f"is there: Tensor.{absent}" not in message


def test_a_tensor_takes_an_attribute_of_a_missing_name() -> None:
    x = torch.ones(2)
    absent = next(n for n in dir(torch.Tensor) if not hasattr(torch.Tensor, n))
    assert absent not in dir(x)
    with pytest.raises(AttributeError, match=f"PyTorch has Tensor.{absent}; Rushlight not yet"):
        getattr(x, absent)
    setattr(x, absent, 3)
    assert getattr(x, absent) == 3 and absent in dir(x)


def test_what_is_listed_is_there() -> None:
    class Mine(torch.Tensor):
        pass

    absent = next(n for n in dir(torch.Tensor) if not hasattr(torch.Tensor, n))
    setattr(Mine, absent, 5)
    assert absent in dir(Mine([1.0]))
    x = torch.ones(1, 1, dtype=torch.complex64)
    assert {"add_", "shape", "grad_fn"} < set(dir(x)) and all(hasattr(x, name) for name in dir(x))


def test_an_import_of_a_missing_name() -> None:
    for statement in ("from rushlight.nn import {}", "from rushlight.nn.functional import {}"):
        place = statement.split()[1].removeprefix("rushlight.")
        absent = next(
            name.rpartition(".")[2] for name in sorted(pytorch_names())
            if name.rpartition(".")[0] == place
            and not hasattr(PLACES[place], name.rpartition(".")[2])
        )  # fmt: skip
        with pytest.raises(ImportError, match=f"PyTorch has {place}.{absent}; Rushlight not yet"):
            exec(statement.format(absent), {})
        with pytest.raises(ImportError, match="cannot import name 'flimflam'"):
            exec(statement.format("flimflam"), {})


def test_an_import_reads_no_more_than_it_must() -> None:
    code = "import sys, rushlight; print('difflib' in sys.modules)"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
