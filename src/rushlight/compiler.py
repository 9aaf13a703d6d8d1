"""What programs say to `torch.compile` about their functions: `torch.compiler`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .graph.compile import BACKENDS, compile, forget_records
from .kernels.launch import refuse_record
from .nn.module import Module

__all__ = [
    "allow_in_graph", "assume_constant_result", "compile", "cudagraph_mark_step_begin", "disable",
    "is_compiling", "is_dynamo_compiling", "is_exporting", "list_backends",
    "nested_compile_region", "reset", "substitute_in_graph", "wrap_numpy",
]  # fmt: skip


def is_compiling() -> bool:
    """False: functions are recorded as they run, and never run in another way for it.

    >>> import rushlight as torch
    >>> torch.compiler.is_compiling()
    False
    """
    return False


def is_dynamo_compiling() -> bool:
    """False, as `is_compiling`.

    >>> import rushlight as torch
    >>> torch.compiler.is_dynamo_compiling()
    False
    """
    return False


def is_exporting() -> bool:
    """False: there is no `torch.export`.

    >>> import rushlight as torch
    >>> torch.compiler.is_exporting()
    False
    """
    return False


def reset() -> None:
    """Lets every compiled function forget its records, and what it has warned of.

    >>> import rushlight as torch
    >>> torch.compiler.reset()
    """
    forget_records()


def list_backends(exclude_tags: Any = ("debug", "experimental")) -> list[str]:
    """The names that `torch.compile(backend=...)` takes, of which none chooses anything.

    >>> import rushlight as torch
    >>> "inductor" in torch.compiler.list_backends()
    True
    """
    return list(BACKENDS)


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """A function or module that is never recorded: what calls it runs without a record.

    Unlike PyTorch's, which records what comes before and after the call, a function that is
    compiled and calls it runs as it is.

    >>> import rushlight as torch
    >>> @torch.compiler.disable
    ... def debugged(x):
    ...     return x + 1
    >>> torch.compile(debugged) is debugged
    True
    """
    if fn is None:
        return functools.partial(disable, recursive=recursive, reason=reason)
    if not callable(fn):
        raise TypeError(f"disable: expected a function or a Module, not {type(fn).__name__}")
    call = fn.forward if isinstance(fn, Module) else fn
    name = type(fn).__name__ if isinstance(fn, Module) else getattr(fn, "__name__", "a function")

    @functools.wraps(call)
    def disabled(*args: Any, **kwargs: Any) -> Any:
        refuse_record(f"calls {name}, which torch.compiler.disable keeps out of records")
        return call(*args, **kwargs)

    disabled._torchdynamo_disable = True  # type: ignore[attr-defined]
    if isinstance(fn, Module):
        fn.__dict__["forward"] = disabled
        fn.__dict__["_torchdynamo_disable"] = True
        return fn
    return disabled


def allow_in_graph(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself: all that runs kernels is recorded.

    >>> import rushlight as torch
    >>> torch.compiler.allow_in_graph(torch.relu) is torch.relu
    True
    """
    return fn


def assume_constant_result(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself, which is called as it is when something is recorded.

    >>> import rushlight as torch
    >>> @torch.compiler.assume_constant_result
    ... def size():
    ...     return 3
    """
    return fn


def substitute_in_graph(original_fn: Callable[..., Any], **options: Any) -> Any:
    """A decorator that changes nothing: what runs is recorded, in whatever language it is written.

    >>> import rushlight as torch
    >>> @torch.compiler.substitute_in_graph(max)
    ... def largest(values):
    ...     return sorted(values)[-1]
    """
    return lambda function: function


def nested_compile_region(fn: Any = None, **options: Any) -> Any:
    """The function itself: a part of what is compiled is recorded along.

    >>> import rushlight as torch
    >>> @torch.compiler.nested_compile_region
    ... def block(x):
    ...     return x + 1
    """
    return fn if fn is not None else lambda function: function


def wrap_numpy(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy arrays as one of tensors.

    >>> import numpy as np, rushlight as torch
    >>> torch.compiler.wrap_numpy(np.square)(torch.tensor([1.0, 2.0]))
    tensor([1., 4.])
    """
    from .ops.interchange import as_tensor
    from .tensor import Tensor
    from .utils._pytree import tree_map

    @functools.wraps(fn)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = tree_map(
            lambda value: value.numpy() if isinstance(value, Tensor) else value, (args, kwargs)
        )
        return tree_map(as_tensor, fn(*args, **kwargs))

    return wrapped


def cudagraph_mark_step_begin() -> None:
    """Does nothing: records are no CUDA graphs.

    >>> import rushlight as torch
    >>> torch.compiler.cudagraph_mark_step_begin()
    """
