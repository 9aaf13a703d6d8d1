"""Who else may answer a call: modes, and arguments with a `__torch_function__` of their own.

Every function that `ops/declare.py` makes looks at `modes` and, when it fails, for arguments that
answer for themselves. That is all it costs where nobody overrides anything. A call fails with an
argument whose class overrides functions, as the `array` of such a tensor is not to be had before
the tensor has been asked (`_GuardedArray`).
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from .kernels.launch import refuse_record
from .tensor import Tensor

# Every mode that is entered, in whatever thread. Empty, it says that there is none to look for.
modes: list[TorchFunctionMode] = []
entry_codes: set[Any] = set()  # the code of every entry
# The classes of tensors that nobody else answers for; `Parameter` is one more.
plain_classes: set[type] = {Tensor}


class _State(threading.local):
    """What a thread has entered."""

    def __init__(self) -> None:
        self.stack: list[TorchFunctionMode] = []  # the innermost mode is the last
        self.modes_answer = True
        self.arguments_answer = True


_state = _State()


class TorchFunctionMode:
    """A context in which `__torch_function__(func, types, args, kwargs)` answers every call.

    While it runs the mode is left, so that the function can be called from it: a mode outside of
    this one sees that call. Methods and properties are seen as `torch.Tensor` has them:
    `torch.Tensor.add` for `x + y`, `torch.Tensor.shape.__get__` for `x.shape`.

    >>> import rushlight as torch
    >>> class Names(torch.overrides.TorchFunctionMode):
    ...     def __torch_function__(self, func, types, args=(), kwargs=None):
    ...         print(torch.overrides.resolve_name(func))
    ...         return func(*args, **(kwargs or {}))
    >>> with Names():
    ...     _ = torch.exp(torch.zeros(2)).shape
    torch.zeros
    torch.exp
    torch.Tensor.shape.__get__
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no __torch_function__")

    def __enter__(self) -> Self:
        modes.append(self)
        _state.stack.append(self)
        return self

    def __exit__(self, *exception: Any) -> None:
        _state.stack.remove(self)
        modes.remove(self)

    @classmethod
    def push(cls, *args: Any, **kwargs: Any) -> Any:
        """The old spelling of `cls(...)`."""
        return cls(*args, **kwargs)


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that changes nothing: what others add to it is all they need to say.

    >>> import rushlight as torch
    >>> with torch.overrides.BaseTorchFunctionMode():
    ...     torch.add(torch.tensor(1), 2)
    tensor(3)
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return func(*args, **(kwargs or {}))


class DisableTorchFunctionSubclass:
    """A context in which no argument is asked, and subclasses of `Tensor` count as tensors.

    >>> import rushlight as torch
    >>> class Mine(torch.Tensor):
    ...     pass
    >>> x = torch.tensor([1.0]).as_subclass(Mine)
    >>> with torch.overrides.DisableTorchFunctionSubclass():
    ...     type(x + 1).__name__
    'Tensor'
    >>> type(x + 1).__name__
    'Mine'
    """

    def __enter__(self) -> None:
        self.before = (_state.arguments_answer, _state.modes_answer)
        _state.arguments_answer = False

    def __exit__(self, *exception: Any) -> None:
        _state.arguments_answer, _state.modes_answer = self.before


class DisableTorchFunction(DisableTorchFunctionSubclass):
    """A context in which neither arguments nor modes are asked.

    >>> import rushlight as torch
    >>> class Mine(torch.Tensor):
    ...     pass
    >>> x = torch.tensor([1.0]).as_subclass(Mine)
    >>> with torch.overrides.DisableTorchFunction():
    ...     type(x + 1).__name__
    'Tensor'
    """

    def __enter__(self) -> None:
        super().__enter__()
        _state.modes_answer = False


@contextmanager
def enable_reentrant_dispatch() -> Iterator[None]:
    """A context for handlers below autograd, of which there are none here: it changes nothing.

    >>> import rushlight as torch
    >>> with torch.overrides.enable_reentrant_dispatch():
    ...     torch.tensor(1) + 1
    tensor(2)
    """
    yield


# ---- who is asked


def disabled_torch_function(func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """As the `__torch_function__` of a class: its instances are not asked, as plain tensors."""
    with DisableTorchFunctionSubclass():
        return func(*args, **(kwargs or {}))


_PLAIN = {Tensor, int, float, bool, str, tuple, list, dict, type(None)}


def is_overriding(kind: type) -> bool:
    """Whether instances of a class answer for themselves."""
    if kind in _PLAIN:
        return False
    answer = getattr(kind, "__torch_function__", None)
    return answer is not None and answer is not disabled_torch_function


def overloaded(args: Iterable[Any], kwargs: dict[str, Any]) -> list[Any]:
    """The arguments to be asked, one of each type, subclasses before their bases."""
    found: list[Any] = []
    if not _state.arguments_answer:
        return found
    for value in leaves((*args, *kwargs.values())):
        kind = type(value)
        if not is_overriding(kind) or any(type(other) is kind for other in found):
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


def mode_of_thread() -> TorchFunctionMode | None:
    """The innermost mode that this thread is in."""
    return _state.stack[-1] if _state.stack and _state.modes_answer else None


def ask_mode(function: Any, args: Any, kwargs: Any) -> Any:
    """The innermost mode's answer, the mode being left meanwhile."""
    types = tuple(type(value) for value in overloaded(args, kwargs))
    mode = _state.stack.pop()
    try:
        answer = mode.__torch_function__(function, types, args, kwargs)
        if answer is NotImplemented:
            return handle_torch_function(function, (args, tuple(kwargs.values())), *args, **kwargs)
        return answer
    finally:
        _state.stack.append(mode)


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """The first answer other than NotImplemented of a mode or an argument; TypeError if none is.

    A function that calls this with itself first lets others answer for it:

    >>> import rushlight as torch
    >>> from rushlight.overrides import handle_torch_function, has_torch_function
    >>> def twice(x):
    ...     if has_torch_function((x,)):
    ...         return handle_torch_function(twice, (x,), x)
    ...     return 2 * x
    >>> twice(torch.ones(2))
    tensor([2., 2.])
    """
    if mode_of_thread() is not None:
        return ask_mode(public_api, args, kwargs)
    candidates = overloaded(relevant_args, {})
    if candidates:
        return ask(public_api, candidates, args, kwargs)
    with DisableTorchFunctionSubclass():  # nobody but plain tensors
        return public_api(*args, **kwargs)


def ask(function: Any, candidates: list[Any], args: Any, kwargs: Any) -> Any:
    """The first answer other than NotImplemented that an argument gives; TypeError if none does."""
    refuse_record("asks a class's __torch_function__")
    types = tuple(type(value) for value in candidates)
    for value in candidates:
        answer = value.__torch_function__(function, types, args, kwargs)
        if answer is not NotImplemented:
            return answer
    from .overrides import resolve_name

    raise TypeError(
        f"no implementation found for '{resolve_name(function) or function}' on types that "
        f"implement __torch_function__: {list(types)}"
    )


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether an argument has an answer of its own, or a mode is entered.

    >>> import rushlight as torch
    >>> torch.overrides.has_torch_function([torch.tensor(1)])
    False
    """
    return mode_of_thread() is not None or bool(overloaded(relevant_args, {}))


def has_torch_function_unary(input: Any) -> bool:
    """`has_torch_function` of one argument.

    >>> import rushlight as torch
    >>> torch.overrides.has_torch_function_unary(torch.tensor(1))
    False
    """
    return has_torch_function((input,))


def has_torch_function_variadic(*args: Any) -> bool:
    """`has_torch_function` of the arguments, one by one.

    >>> import rushlight as torch
    >>> torch.overrides.has_torch_function_variadic(torch.tensor(1), 2)
    False
    """
    return has_torch_function(args)


def _assert(condition: Any, message: str) -> None:
    """An `assert` that a tracer sees.

    >>> import rushlight as torch
    >>> torch._assert(1 < 2, "one is less than two")
    """
    if has_torch_function((condition,)):
        handle_torch_function(_assert, (condition,), condition, message)
        return
    assert condition, message


def wrap_torch_function(dispatcher: Callable[..., Iterable[Any]]) -> Callable[..., Any]:
    """Lets modes and arguments answer for a function; `dispatcher` says which of its arguments.

    >>> from rushlight.overrides import wrap_torch_function
    >>> @wrap_torch_function(lambda x: (x,))
    ... def twice(x):
    ...     return 2 * x
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            relevant_args = dispatcher(*args, **kwargs)
            if has_torch_function(relevant_args):
                return handle_torch_function(wrapped, relevant_args, *args, **kwargs)
            return function(*args, **kwargs)

        return wrapped

    return decorate


def is_tensor_like(inp: Any) -> bool:
    """Whether `inp` is a tensor or has a `__torch_function__`.

    >>> import rushlight as torch
    >>> torch.overrides.is_tensor_like(torch.tensor(1)), torch.overrides.is_tensor_like(1)
    (True, False)
    """
    return isinstance(inp, Tensor) or hasattr(inp, "__torch_function__")


# ---- subclasses of Tensor


class Overridden(Exception):
    """A tensor was to be read that answers for itself and has not been asked."""


class _GuardedArray:
    """The attribute `array` of a class that overrides functions.

    Within a call that was given the tensor it raises until the tensor has been asked, so that the
    call fails and its entry does that. Plain tensors need no test that way. Whoever reads an array
    from elsewhere, as an optimizer does, gets it.
    """

    def __get__(self, tensor: Any, kind: Any = None) -> Any:
        if tensor is None:
            return self
        if _state.arguments_answer and entry_to_ask([tensor], sys._getframe(1)):
            raise Overridden(f"{type(tensor).__name__} has a __torch_function__")
        return _read(tensor)

    def __set__(self, tensor: Any, array: Any) -> None:
        _write(tensor, array)


_slot: Any = Tensor.__dict__["array"]
_read, _write = _slot.__get__, _slot.__set__


def array_within(tensor: Tensor) -> Any:
    """A tensor's array, for what answers for the tensor: nobody is to be asked any more, and to
    find that out takes 2 us."""
    return _read(tensor)


def entry_to_ask(candidates: list[Any], frame: Any) -> bool:
    """Whether an entry, in this frame or outside of it, was given one of these and has not asked.

    What an entry calls to ask is no part of it any more.
    """
    while frame is not None and frame.f_code not in _asking:
        if frame.f_code in entry_codes:
            given = list(leaves(frame.f_locals.values()))
            if any(value is candidate for value in given for candidate in candidates):
                return True
        frame = frame.f_back
    return False


_asking = {ask.__code__, ask_mode.__code__}


def _guard(cls: type[Tensor], **keywords: Any) -> None:
    """For each subclass when it is made: its `array` is guarded if the class overrides functions.

    By default it does, as its results are to be of the class.
    """
    super(Tensor, cls).__init_subclass__(**keywords)
    if is_overriding(cls):
        cls.array = _GuardedArray()
    elif cls.array is not _slot:
        cls.array = _slot


def _answer_as_subclass(
    cls: type[Tensor], func: Any, types: Any, args: Any = (), kwargs: Any = None
) -> Any:
    """The function's own answer, with the tensors in it as instances of this class.

    A subclass that overrides this gets it by `super().__torch_function__(func, types, args,
    kwargs)`.
    """
    if not all(issubclass(cls, kind) for kind in types):
        return NotImplemented
    before = _state.arguments_answer
    _state.arguments_answer = False
    try:
        result = func(*args, **(kwargs or {}))
    finally:
        _state.arguments_answer = before
    return result if func in get_default_nowrap_functions() else _convert(result, cls)


def _convert(value: Any, cls: type[Tensor]) -> Any:
    if cls is Tensor:
        return value
    if isinstance(value, Tensor):
        return value if isinstance(value, cls) else value.as_subclass(cls)
    if isinstance(value, (tuple, list)):
        parts = [_convert(part, cls) for part in value]
        if hasattr(value, "_fields"):
            return type(value)(*parts)
        is_changed = any(a is not b for a, b in zip(parts, value, strict=True))
        return type(value)(parts) if is_changed else value
    return value


_answer_as_subclass.__name__ = "__torch_function__"
_answer_as_subclass.__qualname__ = "Tensor.__torch_function__"
setattr(Tensor, "__init_subclass__", classmethod(_guard))  # noqa: B010
setattr(Tensor, "__torch_function__", classmethod(_answer_as_subclass))  # noqa: B010


@functools.cache
def get_default_nowrap_functions() -> set[Any]:
    """Functions whose results the default `__torch_function__` leaves as they are.

    >>> import rushlight as torch
    >>> torch.Tensor.grad.__get__ in torch.overrides.get_default_nowrap_functions()
    True
    """
    members: Any = Tensor
    return {members._base.__get__, members.grad.__get__}
