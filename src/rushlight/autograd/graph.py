"""`torch.autograd.graph`: the recorded graph, its edges, and hooks for what it saves."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..grad_mode import state
from ..tensor import Tensor
from .mirror import written
from .node import AccumulateGrad, Node
from .saved import disable_saved_tensors_hooks, save_on_cpu, saved_tensors_hooks

__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks",
    "get_gradient_edge", "increment_version", "register_multi_grad_hook", "save_on_cpu",
    "saved_tensors_hooks",
]  # fmt: skip


class GradientEdge(NamedTuple):
    """A place in the graph: a node, and the number of one of its outputs.

    `autograd.grad` takes one among its `inputs`, in the place of the tensor.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0], requires_grad=True)
    >>> y = x * 2
    >>> edge = torch.autograd.graph.get_gradient_edge(y)
    >>> torch.autograd.grad((y * 3).sum(), edge)
    (tensor([3.]),)
    """

    node: Any
    output_nr: int
    ownership_token: Any = None


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The place where the gradient of a tensor arrives, which does not hold the tensor's memory.

    >>> import rushlight as torch
    >>> x = torch.tensor(2.0, requires_grad=True)
    >>> y = x * x
    >>> edge = torch.autograd.graph.get_gradient_edge(y)
    >>> torch.autograd.grad(y * 3, edge)
    (tensor(3.),)
    """
    if not tensor.requires_grad:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require "
            "gradients"
        )
    node = tensor.grad_fn
    return GradientEdge(AccumulateGrad(tensor) if node is None else node, tensor.output_nr)


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Says that the memory of a tensor, or of several, has changed in a way that nobody saw.

    >>> import rushlight as torch
    >>> x = torch.ones(2)
    >>> torch.autograd.graph.increment_version(x)
    >>> x._version
    1
    """
    for changed in (tensor,) if isinstance(tensor, Tensor) else tensor:
        written(changed)


class _Handles:
    def __init__(self, handles: list[Any]) -> None:
        self.handles = tuple(handles)

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()

    def __enter__(self) -> _Handles:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.remove()


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[..., None], *, mode: str = "all"
) -> Any:
    """Calls `fn` in each backward when the gradients of all `tensors` are known, or of one.

    With `mode="all"` it gets a list of them, None for those that the backward does not reach; with
    "any" the first gradient.

    >>> import rushlight as torch
    >>> a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    >>> handle = torch.autograd.graph.register_multi_grad_hook([a, b], print)
    >>> (a * 2 + b).sum().backward()
    [tensor([2., 2.]), tensor([1., 1.])]
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    arrived: Any = weakref.WeakKeyDictionary()  # by backward: gradients by their tensors' numbers
    lock = threading.Lock()

    def see(number: int, gradient: Tensor) -> None:
        task = state.task
        with lock:
            found = arrived.setdefault(task, {})
            found[number] = gradient
            count = len(found)
        if mode == "any":
            if count == 1:
                fn(gradient)
        elif count == sum(map(task.reaches, tensors)):
            fn([found.get(place) for place in range(len(tensors))])

    def hook_of(number: int) -> Callable[[Tensor], None]:
        return lambda gradient: see(number, gradient)

    return _Handles([t.register_hook(hook_of(number)) for number, t in enumerate(tensors)])


class _Copies:
    """What `allow_mutation_on_saved_tensors` gives: it holds nothing itself, the graph does."""

    def clear(self) -> None:
        """Nothing: what is saved goes with the graph."""


_local = threading.local()


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[_Copies]:
    """Inside, what operations save may be changed in place: the graph keeps copies.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> with torch.autograd.graph.allow_mutation_on_saved_tensors():
    ...     y = x.clone()
    ...     out = (y**2).sum()
    ...     _ = y.mul_(10)
    ...     out.backward()
    >>> x.grad
    tensor([2., 4.])
    """
    if getattr(_local, "is_entered", False):
        raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
    _local.is_entered = True
    try:
        with saved_tensors_hooks(lambda tensor: tensor.clone(), lambda copied: copied):
            yield _Copies()
    finally:
        _local.is_entered = False
