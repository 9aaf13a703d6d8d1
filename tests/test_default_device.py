"""Where tensors are made for which no device is given."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.testing import register_strict_device

register_strict_device()
STRICT = torch.device("strict", 0)


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    torch.set_default_device(None)


FACTORIES: dict[str, Any] = {
    "tensor": lambda: torch.tensor([1.0]), "zeros": lambda: torch.zeros(2),
    "ones": lambda: torch.ones(2), "empty": lambda: torch.empty(2),
    "full": lambda: torch.full((2,), 1.0), "arange": lambda: torch.arange(3),
    "linspace": lambda: torch.linspace(0, 1, 3), "logspace": lambda: torch.logspace(0, 1, 3),
    "eye": lambda: torch.eye(2), "rand": lambda: torch.rand(2), "randn": lambda: torch.randn(2),
    "randint": lambda: torch.randint(3, (2,)), "randperm": lambda: torch.randperm(3),
    "normal": lambda: torch.normal(0.0, 1.0, (2,)), "as_tensor": lambda: torch.as_tensor([1]),
    "as_tensor of an array": lambda: torch.as_tensor(np.ones(2)),
    "as_tensor of a tensor": lambda: torch.as_tensor(torch.ones(2, device="cpu")),
    "asarray": lambda: torch.asarray([1]), "scalar_tensor": lambda: torch.scalar_tensor(1),
    "tensor of a tensor": lambda: torch.tensor(torch.ones(2, device="cpu")),
    "hann_window": lambda: torch.hann_window(3), "fftfreq": lambda: torch.fft.fftfreq(3),
    "tril_indices": lambda: torch.tril_indices(2, 2), "Linear": lambda: nn.Linear(2, 2).weight,
    "empty_strided": lambda: torch.empty_strided((2,), (1,)), "Parameter": lambda: nn.Parameter(),
    "BatchNorm1d": lambda: nn.BatchNorm1d(2).running_mean,
}  # fmt: skip


@pytest.mark.parametrize("name", FACTORIES)
def test_factories_go_by_it(name: str) -> None:
    with STRICT:
        assert FACTORIES[name]().device == STRICT
    torch.set_default_device("strict")
    assert FACTORIES[name]().device == STRICT
    torch.set_default_device(None)
    assert FACTORIES[name]().device.type == "cpu"


def test_who_knows_better() -> None:
    x = torch.ones(2)
    with STRICT:
        assert torch.zeros(1, device="cpu").device.type == "cpu"
        for made in (
            torch.Tensor(2), torch.Tensor([1.0]), torch.FloatTensor(2), x.new_zeros(2), x + 1,
            torch.zeros_like(x), torch.from_numpy(np.ones(2)), x.new_tensor([1]),
        ):  # fmt: skip
            assert made.device.type == "cpu"
        torch.manual_seed(0)
        x.normal_()


def test_contexts_nest() -> None:
    torch.set_default_device("cpu")
    assert torch.get_default_device() == torch.device("cpu")
    with STRICT as entered:
        with torch.device("cpu"):
            assert torch.zeros(1).device.type == "cpu" == torch.get_default_device().type
        with entered:
            pass
        assert torch.zeros(1).device == STRICT == torch.get_default_device()
        with pytest.raises(ZeroDivisionError), torch.device("cpu"):
            1 / 0  # noqa: B018
        assert torch.zeros(1).device == STRICT
    assert torch.zeros(1).device.type == "cpu"


def test_other_threads_have_their_own() -> None:
    found: list[Any] = []
    torch.set_default_device("strict")
    with STRICT:
        thread = threading.Thread(target=lambda: found.append(torch.zeros(1).device.type))
        thread.start()
        thread.join()
    assert found == ["cpu"]


def test_devices_that_are_not_there() -> None:
    with pytest.raises(RuntimeError, match="Expected one of cpu, cuda"):
        torch.set_default_device("nowhere")
    with pytest.raises(TypeError, match="expected a string, got 3.5"):
        torch.set_default_device(3.5)
    if torch.cuda.is_available():
        return
    torch.set_default_device("cuda")
    for ask in (lambda: torch.zeros(1), torch.get_default_device):
        with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
            ask()


def test_records_belong_to_it() -> None:
    compiled = torch.compile(lambda: torch.ones(2) * 2)
    compiled()
    assert compiled().device.type == "cpu"
    with STRICT:
        compiled()
        assert compiled().device == STRICT
    assert compiled().device.type == "cpu"
