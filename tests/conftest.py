"""What every test starts from: the same random numbers, and a fresh process's settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rushlight as torch
from rushlight.autograd.grad_mode import state as grad_mode
from rushlight.kernels.launch import tables_by_device
from rushlight.testing import register_strict_device

register_strict_device()
if torch.cuda.is_available():
    torch.cuda.init()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--parity", action="store_true", help="also collect tests/parity, which needs PyTorch"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if collection_path.name == "parity" and not config.getoption("--parity"):
        return True
    return None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `device` runs on every kind of device that is present."""
    if "device" in metafunc.fixturenames:
        kinds = [name for name in tables_by_device if ":" not in name]
        metafunc.parametrize("device", kinds)


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_printoptions(profile="default")
    grad_mode.enabled, grad_mode.inference = True, False


@pytest.fixture
def no_leak() -> Iterator[Any]:
    """Collects garbage by reference counts alone: what a cycle holds shows as a leak."""
    import gc

    gc.collect()
    gc.disable()
    yield
    gc.enable()
