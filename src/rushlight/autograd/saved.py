"""Hooks for what the graph saves: they may store it elsewhere, or in another form.

`Node.save` looks at `contexts` alone while no thread has such hooks: a thread-local attribute would
cost six times as much.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..tensor import Tensor

contexts = 0  # how many `saved_tensors_hooks` are entered, in all threads
_counting = threading.Lock()


class _Local(threading.local):
    def __init__(self) -> None:
        self.stack: list[tuple[Callable[..., Any], Callable[..., Any]]] = []
        self.disabled: str | None = None


_local = _Local()


def current_hooks() -> tuple[Callable[..., Any], Callable[..., Any]] | None:
    """This thread's innermost pack and unpack hooks."""
    return _local.stack[-1] if _local.stack else None


class saved_tensors_hooks:
    """Inside, what operations save for their backward is `pack_hook(tensor)`, whatever that is.

    The backward gets it back as `unpack_hook(packed)`, which must be a tensor of the same values.
    The innermost of several such contexts holds. A pack hook must not change its argument.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> with torch.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), torch.tensor):
    ...     y = x.exp().sum()
    >>> y.backward()
    >>> x.grad
    tensor([2.7183, 7.3891])
    """

    def __init__(
        self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]
    ) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        if _local.disabled is not None:
            raise RuntimeError(_local.disabled)
        if not callable(self.pack_hook) or not callable(self.unpack_hook):
            raise TypeError(
                "saved_tensors_hooks: pack_hook and unpack_hook must be callable, but got "
                f"{type(self.pack_hook).__name__} and {type(self.unpack_hook).__name__}"
            )
        _count(1)
        _local.stack.append((self.pack_hook, self.unpack_hook))  # last: nothing undoes half of it

    def __exit__(self, *exception: Any) -> None:
        _local.stack.pop()
        _count(-1)


def _count(change: int) -> None:
    global contexts
    with _counting:
        contexts += change


class save_on_cpu(saved_tensors_hooks):
    """Inside, what operations save for their backward waits in the host's memory.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> with torch.autograd.graph.save_on_cpu():
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 4.])
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        def pack(tensor: Tensor) -> Any:
            host = tensor.cpu()
            return tensor.device, host.pin_memory() if pin_memory else host

        def unpack(packed: Any) -> Tensor:
            device, tensor = packed
            return tensor.to(device)

        super().__init__(pack, unpack)


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Inside, `saved_tensors_hooks` raises a RuntimeError of this message.

    So does this context itself where such hooks hold already.

    >>> import rushlight as torch
    >>> with torch.autograd.graph.disable_saved_tensors_hooks("not in here"):
    ...     with torch.autograd.graph.save_on_cpu():
    ...         pass
    Traceback (most recent call last):
    RuntimeError: not in here
    """
    if _local.stack:
        raise RuntimeError(error_message)
    previous = _local.disabled
    try:
        _local.disabled = error_message
        yield
    finally:
        _local.disabled = previous
