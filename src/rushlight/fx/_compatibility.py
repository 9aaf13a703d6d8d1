"""The decorator by which PyTorch and libraries beside it say what of `torch.fx` stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., object])


def compatibility(is_backward_compatible: bool) -> Callable[[AnyFunction], AnyFunction]:
    """A decorator that changes nothing.

    >>> from rushlight.fx._compatibility import compatibility
    >>> @compatibility(is_backward_compatible=True)
    ... def rewrite(graph):
    ...     return graph
    """
    return lambda function: function
