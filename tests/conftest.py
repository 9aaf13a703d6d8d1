"""What every test starts from: the same random numbers, and a fresh process's settings.

And fixtures that several files use.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rushlight as torch
from rushlight.grad_mode import state as grad_mode
from rushlight.kernels.base import Base
from rushlight.kernels.launch import tables_by_device
from rushlight.kernels.native import native
from rushlight.testing import register_strict_device

register_strict_device()
if torch.cuda.is_available():
    torch.cuda.init()
# A shell that starts a command in the background has it ignore interrupts, and so its processes.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--parity", action="store_true", help="also collect tests/parity, which needs PyTorch"
    )
    parser.addoption(
        "--fuzz-seconds", type=float, default=3.0, help="how long each fuzzer runs (default: 3)"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if collection_path.name == "parity" and not config.getoption("--parity"):
        return True
    return None


def pytest_collection_finish() -> None:
    """The garbage collector leaves the 50,000 tests alone: with them it took a second."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()  # or the extension reports what is still alive when the process ends


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `device` runs on every kind of device that is present.

    The strict device is left out where it shows nothing more: with the base kernels alone, which it
    has in both runs, and for a `real_device`, which formulas that are held elsewhere ask for.
    The device "meta", which has no values, has tests of its own.
    """
    kinds = [name for name in tables_by_device if ":" not in name and name != "meta"]
    real = [name for name in kinds if name != "strict"]
    for fixture, names in (("device", kinds if native else real), ("real_device", real)):
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, names)


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.set_default_dtype(torch.float32)
    torch.set_printoptions(profile="default")
    grad_mode.enabled, grad_mode.inference = True, False


@pytest.fixture
def fuzz_seconds(request: pytest.FixtureRequest) -> float:
    """How long a test marked `fuzz` goes on making up inputs."""
    return float(request.config.getoption("--fuzz-seconds"))


@pytest.fixture
def no_leak() -> Iterator[Any]:
    """Collects garbage by reference counts alone: what a cycle holds shows as a leak."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(params=native.available_instruction_sets() if native else [])
def instruction_set(request: pytest.FixtureRequest) -> Iterator[None]:
    """Runs a test on each build of the inner loops that this processor can run."""
    chosen = native.instruction_set()
    native.set_instruction_set(request.param)
    yield
    native.set_instruction_set(chosen)


@pytest.fixture
def refusing_base() -> Iterator[None]:
    """Whatever the extension leaves to the base returns the kernel's name, and no array."""

    class Refusing:
        def __getattr__(self, name: str) -> Any:
            return lambda *arguments: name

    native.set_base(Refusing())
    yield
    native.set_base(Base())
