"""Ways in which a value can change between the calls of a compiled function.

A way is a generator function: it yields the function, then changes something each time that it is
resumed.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Way = Callable[[], Iterator[Any]]
ways: list[Any] = []


def way(function: Way) -> Way:
    ways.append(pytest.param(function, id=function.__name__))
    return function


def new_module(**values: Any) -> types.ModuleType:
    """A file of the user's that can be imported."""
    module = types.ModuleType(f"settings_{len(sys.modules)}_{id(values)}")
    vars(module).update(values)
    sys.modules[module.__name__] = module
    return module


class Box:
    def __init__(self, scale: Any = 2.0) -> None:
        self.scale = scale
