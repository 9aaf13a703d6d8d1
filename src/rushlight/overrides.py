"""Who else may answer a call: modes, and arguments with a `__torch_function__` of their own.

Every function that `ops/declare.py` makes looks at `modes` and, when it fails, for arguments that
are no tensors. That is all it costs where nobody overrides anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from .tensor import Tensor

# Every mode that is entered, of all threads, in order; a thread's innermost one answers its calls.
modes: list[TorchFunctionMode] = []


class TorchFunctionMode:
    """A context in which `__torch_function__(func, types, args, kwargs)` answers every call.

    While it runs the mode is left, so that the function can be called from it.

    >>> import rushlight as torch
    >>> class Names(torch.overrides.TorchFunctionMode):
    ...     def __torch_function__(self, func, types, args=(), kwargs=None):
    ...         print(func.__name__)
    ...         return func(*args, **(kwargs or {}))
    >>> with Names():
    ...     _ = torch.exp(torch.zeros(2))
    zeros
    exp
    """

    thread: int | None = None

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no __torch_function__")

    def __enter__(self) -> TorchFunctionMode:
        self.thread = threading.get_ident()
        modes.append(self)
        return self

    def __exit__(self, *exception: Any) -> None:
        modes.remove(self)


def mode_of_thread() -> TorchFunctionMode | None:
    """The innermost mode that this thread is in."""
    here = threading.get_ident()
    return next((mode for mode in reversed(modes) if mode.thread == here), None)


def call_mode(mode: TorchFunctionMode, function: Any, args: Any, kwargs: Any) -> Any:
    """The mode's answer, the mode being left meanwhile."""
    types = tuple({type(value): None for value in overloaded(args, kwargs)})
    position = modes.index(mode)
    del modes[position]
    try:
        return mode.__torch_function__(function, types, args, kwargs)
    finally:
        modes.insert(position, mode)


def overloaded(args: Iterable[Any], kwargs: dict[str, Any]) -> list[Any]:
    """The arguments that override functions, one of each type, subclasses before their bases."""
    found: list[Any] = []
    for value in leaves((*args, *kwargs.values())):
        kind = type(value)
        if not hasattr(kind, "__torch_function__") or isinstance(value, Tensor):
            continue
        if any(type(other) is kind for other in found):
            continue
        at = next((i for i, other in enumerate(found) if issubclass(kind, type(other))), len(found))
        found.insert(at, value)
    return found


def leaves(values: Iterable[Any]) -> Iterable[Any]:
    """Arguments, and what tuples and lists among them hold."""
    for value in values:
        if isinstance(value, (tuple, list)):
            yield from leaves(value)
        else:
            yield value


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """The first answer other than NotImplemented that an argument gives; TypeError if none does."""
    candidates = overloaded(relevant_args, {})
    types = tuple(type(value) for value in candidates)
    for value in candidates:
        result = type(value).__torch_function__(public_api, types, args, kwargs)
        if result is not NotImplemented:
            return result
    raise TypeError(
        f"no implementation found for '{public_api.__module__}.{public_api.__name__}' on types "
        f"that implement __torch_function__: {list(types)}"
    )


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether an argument has an answer of its own, or a mode is entered."""
    return bool(modes) or bool(overloaded(relevant_args, {}))


def is_tensor_like(value: Any) -> bool:
    """Whether a value is a tensor or has a `__torch_function__`."""
    return isinstance(value, Tensor) or hasattr(type(value), "__torch_function__")
