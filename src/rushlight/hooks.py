"""Handles that take a hook away again."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any

from .kernels.launch import hooks_changed

_next_key = itertools.count().__next__


class RemovableHandle:
    """What `register_*_hook` returns: `remove()` takes the hook out; `with` does so at the end.

    >>> import rushlight as torch
    >>> layer = torch.nn.Identity()
    >>> with layer.register_forward_hook(lambda module, args, output: output + 1):
    ...     layer(1)
    2
    >>> layer(1)
    1
    """

    def __init__(self, hooks: dict[int, Any], *, extra_dict: Any = None) -> None:
        self.id = _next_key()
        while self.id in hooks:  # one that came with a pickled module
            self.id = _next_key()
        hooks_changed()
        self._hooks = _reference(hooks)
        self._extra = [_reference(d) for d in _as_list(extra_dict)]

    @classmethod
    def add(cls, hooks: dict[int, Any], hook: Callable[..., Any]) -> RemovableHandle:
        handle = cls(hooks)
        hooks[handle.id] = hook
        return handle

    def remove(self) -> None:
        hooks_changed()
        for reference in (self._hooks, *self._extra):
            hooks = reference()
            if hooks is not None:
                hooks.pop(self.id, None)

    # A copy, or what was pickled, belongs to the dictionaries of what was copied with it.

    def __getstate__(self) -> Any:
        return self.id, [reference() for reference in (self._hooks, *self._extra)]

    def __setstate__(self, state: Any) -> None:
        self.id, hooks = state
        self._hooks, *self._extra = (_reference({} if d is None else d) for d in hooks)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.remove()


def _reference(hooks: Any) -> Callable[[], Any]:
    """Weak where the dictionary's type allows it (an OrderedDict), so that modules can go."""
    try:
        return weakref.ref(hooks)
    except TypeError:
        return lambda: hooks


def _as_list(extra: Any) -> list[Any]:
    if extra is None:
        return []
    return list(extra) if isinstance(extra, (list, tuple)) else [extra]
