"""Settings that have other values for a while."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


class Patch:
    """A context or decorator in which attributes of a module have other values.

    They come as keywords, as a dictionary, or as one name and its value; "triton.cudagraphs" is an
    attribute of an attribute.
    """

    def __init__(self, owner: Any, changes: Any, value: Any, others: dict[str, Any]) -> None:
        named = {changes: value} if isinstance(changes, str) else dict(changes or {})
        self.owner, self.changes = owner, named | others
        self.before: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> None:
        for path, value in self.changes.items():
            place, _, name = path.rpartition(".")
            owner = self.owner
            for part in filter(None, place.split(".")):
                owner = getattr(owner, part)
            self.before.append((owner, name, getattr(owner, name)))
            setattr(owner, name, value)

    def __exit__(self, *exception: Any) -> None:
        while self.before:
            setattr(*self.before.pop())

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def patched(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return patched
