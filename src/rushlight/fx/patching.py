"""What is changed while a function is traced, and changed back afterwards."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable
from typing import Any

from ..torch_function import leaves
from .proxy import Proxy

# What `wrap` has been told: the names of functions, by the module whose globals they are.
wrapped_functions: dict[tuple[int, str], dict[str, Any]] = {}
_absent = object()


class Patcher:
    """A context that puts back, in reverse order, what was changed in it."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], Any]] = []
        self._seen: set[int] = set()

    def __enter__(self) -> Patcher:
        return self

    def __exit__(self, *exception: Any) -> None:
        while self._undo:
            self._undo.pop()()

    def set_item(self, names: dict[str, Any], name: str, value: Any) -> None:
        if name in names:
            self._undo.append(functools.partial(names.__setitem__, name, names[name]))
        else:
            self._undo.append(functools.partial(names.__delitem__, name))
        names[name] = value

    def set_method(self, kind: type, name: str, value: Any) -> None:
        before = vars(kind).get(name, _absent)
        if before is _absent:
            self._undo.append(functools.partial(delattr, kind, name))
        else:
            self._undo.append(functools.partial(setattr, kind, name, before))
        setattr(kind, name, value)

    def wrap_functions(self) -> None:
        """Lets calls of the functions that `wrap` was told of become nodes."""
        for (_, name), names in list(wrapped_functions.items()):
            original = names.get(name, getattr(builtins, name, None))
            if original is not None and not hasattr(original, "_fx_already_patched"):
                self.set_item(names, name, as_leaf(original))

    def wrap_known(self, names: dict[str, Any], functions: set[int]) -> None:
        """Lets calls of some functions become nodes where a module's globals name them."""
        if id(names) in self._seen:
            return
        self._seen.add(id(names))
        for name, value in list(names.items()):
            if not name.startswith("_") and callable(value) and id(value) in functions:
                self.set_item(names, name, as_leaf(value))


def as_leaf(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose call with a proxy among the arguments becomes a node."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        proxy = find_proxy((*args, *kwargs.values()))
        if proxy is None:
            return function(*args, **kwargs)
        proxy._refuse_within_entry()
        answer = proxy.tracer.create_proxy("call_function", function, args, kwargs)
        answer.node.meta["is_wrapped"] = True
        return answer

    wrapped._fx_already_patched = True  # type: ignore[attr-defined]
    return wrapped


def find_proxy(values: Any) -> Proxy | None:
    for value in leaves(values):
        if isinstance(value, Proxy):
            return value
        if isinstance(value, dict):
            found = find_proxy(tuple(value.values()))
        elif isinstance(value, slice):
            found = find_proxy((value.start, value.stop, value.step))
        else:
            continue
        if found is not None:
            return found
    return None
