"""Whether operations are recorded, per thread: `no_grad`, `enable_grad`, `set_grad_enabled`."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any, Self, TypeVar, cast, overload

from .kernels.launch import watchers

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])


class _State(threading.local):
    enabled = True
    inference = False
    anomaly: Any = None  # what looks at gradients, see `autograd/anomaly_mode.py`
    linearizing = False  # whether a backward is to be differentiated by its cotangents, for a jvp
    task: Any = None  # the backward that runs, see `Task` in `autograd/engine.py`
    destination: Any = None  # where a function's last operation may write, see `ops/writing.py`


state = _State()


def is_grad_enabled() -> bool:
    """Whether operations are recorded for gradients, in this thread.

    >>> import rushlight as torch
    >>> with torch.no_grad():
    ...     torch.is_grad_enabled()
    False
    """
    return state.enabled


def is_inference_mode_enabled() -> bool:
    """Whether this thread is within an `inference_mode`.

    >>> import rushlight as torch
    >>> with torch.inference_mode():
    ...     torch.is_inference_mode_enabled()
    True
    """
    return state.inference


class _Mode:
    """A context manager that also decorates functions."""

    enabled: bool

    def __enter__(self) -> None:
        self.previous = state.enabled
        state.enabled = self.enabled and not state.inference

    def __exit__(self, *exception: Any) -> None:
        state.enabled = self.previous

    def clone(self) -> _Mode:
        return type(self)()

    def __call__(self, function: AnyFunction) -> AnyFunction:
        if inspect.isgeneratorfunction(function):
            return self._decorate_generator(function)

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self.clone():  # an instance of its own, so that the function may recurse
                return function(*args, **kwargs)

        return cast(AnyFunction, decorated)

    def _decorate_generator(self, function: Callable[..., Any]) -> Any:
        """Each step of the generator runs in the mode, and none of its consumer's does."""

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                generator = function(*args, **kwargs)
            step = functools.partial(next, generator)
            while True:
                try:
                    with self.clone():
                        value = step()
                except StopIteration as end:
                    return end.value
                try:
                    step = functools.partial(generator.send, (yield value))
                except GeneratorExit:
                    with self.clone():
                        generator.close()
                    raise
                except BaseException as error:
                    step = functools.partial(generator.throw, error)

        return decorated


class no_grad(_Mode):
    """Operations inside are not recorded for `backward`.

    >>> import rushlight as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    enabled = False

    @overload
    def __new__(cls) -> Self: ...

    @overload
    def __new__(cls, orig_func: Callable[..., Any]) -> Any: ...

    def __new__(cls, orig_func: Callable[..., Any] | None = None) -> Any:
        mode = super().__new__(cls)
        return mode if orig_func is None else mode(orig_func)


class enable_grad(no_grad):
    """Operations inside are recorded, also within `no_grad`.

    >>> import rushlight as torch
    >>> with torch.no_grad(), torch.enable_grad():
    ...     torch.is_grad_enabled()
    True
    """

    enabled = True


class set_grad_enabled(_Mode):
    """Switches recording at once; as a context manager it switches back at the end.

    >>> import rushlight as torch
    >>> with torch.set_grad_enabled(False):
    ...     torch.is_grad_enabled()
    False
    >>> torch.is_grad_enabled()
    True
    """

    def __init__(self, mode: bool) -> None:
        self.previous = state.enabled
        self.enabled = mode
        state.enabled = mode and not state.inference

    def __enter__(self) -> None:
        state.enabled = self.enabled and not state.inference

    def clone(self) -> set_grad_enabled:
        return set_grad_enabled(self.enabled)

    def __call__(self, function: AnyFunction) -> AnyFunction:
        state.enabled = self.previous  # as a decorator it must not switch at decoration
        return super().__call__(function)


class inference_mode(_Mode):
    """`no_grad` for code that never needs gradients of what it computes.

    What is made inside cannot take part in what is recorded later: a later in-place change of it
    raises RuntimeError, as does an operation that would save it for a backward. A `clone()` made
    outside is a normal tensor. `inference_mode(False)` is normal again within another one.

    >>> import rushlight as torch
    >>> with torch.inference_mode():
    ...     x = torch.ones(2)
    >>> x.is_inference(), x.clone().is_inference()
    (True, False)
    """

    @overload
    def __new__(cls, mode: bool = True) -> Self: ...

    @overload
    def __new__(cls, mode: Callable[..., Any]) -> Any: ...

    def __new__(cls, mode: bool | Callable[..., Any] = True) -> Any:
        if callable(mode):
            return cls(True)(mode)
        return super().__new__(cls)

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode

    def __enter__(self) -> None:
        self.before = (state.enabled, state.inference)
        mode = self.mode
        # At once, so that no interrupt comes between.
        state.enabled, state.inference, watchers[len(watchers) :] = not mode, mode, [self]

    def __exit__(self, *exception: Any) -> None:
        state.enabled, state.inference = self.before
        watchers.remove(self)

    def clone(self) -> inference_mode:
        return inference_mode(self.mode)
