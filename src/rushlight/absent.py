"""Devices that are not used here, as PyTorch's CPU build has them: their questions have answers,
and what needs such a device raises PyTorch's error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def answers(value: Any, told: str) -> Callable[..., Any]:
    """A function of any arguments that returns a value."""

    def answer(*args: Any, **kwargs: Any) -> Any:
        return value() if callable(value) else value

    answer.__doc__ = told
    return answer


def refuses(error: type[Exception], message: str) -> Callable[..., Any]:
    """A function of any arguments that raises an error."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise error(message)

    refuse.__doc__ = f"Raises {error.__name__}: {message}"
    return refuse
