"""The kernels that devices other than the host have of their own, held against the generic ones."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from rushlight.kernels.accelerator import Accelerator
from rushlight.kernels.base import Base
from rushlight.kernels.base.philox import Philox
from rushlight.kernels.base.random import Random
from rushlight.kernels.declaration import kernels_of


def methods_of(cls: type) -> set[str]:
    """The methods that a class itself defines."""
    return {n for n, v in vars(cls).items() if inspect.isfunction(v) and not n.startswith("_")}


def parameters(function: Any) -> list[tuple[Any, ...]]:
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize("cls", [Accelerator, Philox])
def test_overrides_have_the_signatures_of_the_base(cls: type) -> None:
    """And override something: what the base has renamed would stay behind and never be called."""
    for name in methods_of(cls):
        assert parameters(getattr(cls, name)) == parameters(getattr(Base, name)), name


def test_philox_has_every_random_kernel() -> None:
    """Those of the base draw from another state."""
    assert methods_of(Philox) == kernels_of(Random).keys() & vars(Random).keys()
