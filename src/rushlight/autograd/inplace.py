"""Changes in place: what may be changed, and what becomes of the history of what was."""

from __future__ import annotations

from typing import Any

from ..errors import OperationError
from ..grad_mode import state
from ..kernels import launch
from ..kernels.launch import kernels as kernel_tables
from ..layout import contiguous_format
from ..tensor import Tensor, wrap
from .mirror import reach
from .node import Node, edge_to, next_sequence
from .view import View


def is_tracked(x: Tensor) -> bool:
    """Whether the graph has x, or what x is a view of."""
    return x.requires_grad or x._view is not None and x._view.base.requires_grad


def check_inplace(x: Tensor) -> None:
    """Raises PyTorch's errors for what may not be changed in place while recording."""
    for tensor, what in ((x, "leaf"), (x._base, "view of a leaf")):
        if tensor is not None and tensor.requires_grad and tensor._grad_fn is None:
            raise RuntimeError(
                f"a {what} Variable that requires grad is being used in an in-place operation."
            )
    if x._base is not None and x._base.requires_grad and not x.requires_grad:
        raise RuntimeError(
            "A view was created in no_grad mode and is being modified inplace with grad mode "
            "enabled. Either make the view inside of grad mode, or modify it under no_grad()."
        )


def check_memory(x: Tensor) -> None:
    """Raises PyTorch's errors for a change in place of elements that share their memory, and of
    what was made within `inference_mode`."""
    if x._requires_grad is None:
        check_inference(x)
    array = x.array
    if 0 in array.strides and array.size and any(
        s == 0 and n > 1 for s, n in zip(array.strides, array.shape, strict=True)
    ):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )


def check_inference(x: Tensor) -> None:
    """Raises PyTorch's error for a change in place of an inference tensor in normal mode."""
    if x._requires_grad is None and not state.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed. You can make "
            "a clone to get a normal tensor before doing inplace update."
        )


def check_overlap(x: Tensor, sources: Any) -> None:
    """Raises PyTorch's error for a change in place by tensors that share a part of x's memory.

    Tensors of one memory have one version counter. As in PyTorch, what has gaps is not looked at.
    """
    if x._counter is None:
        return
    for source in sources:
        if not isinstance(source, Tensor) or source._counter is not x._counter:
            continue
        if source.array is x.array or type(x.array) not in launch.plain_tables:
            continue
        ours, theirs = memory_of(x), memory_of(source)
        apart = ours[1] <= theirs[0] or theirs[1] <= ours[0]
        if apart or not _is_dense(x, ours) or not _is_dense(source, theirs):
            continue
        if ours != theirs or x.array.strides != source.array.strides:
            raise OperationError(
                "unsupported operation: some elements of the input tensor and the written-to "
                "tensor refer to a single memory location. Please clone() the tensor before "
                "performing the operation."
            )


def memory_of(tensor: Tensor) -> tuple[int, int]:
    """The addresses of a tensor's first byte and of that behind its last."""
    x = tensor.array
    start = launch.plain_tables[type(x)].data_pointer(x)
    moves = [(n - 1) * step for n, step in zip(x.shape, x.strides, strict=True)]
    low, high = (sum(m for m in moves if (m > 0) == up) for up in (False, True))
    return start + low, start + high + x.itemsize


def _is_dense(tensor: Tensor, memory: tuple[int, int]) -> bool:
    return memory[1] - memory[0] == tensor.array.nbytes


def rebase_history(x: Tensor, node: Node, number: int = 0) -> None:
    """Makes `node`, which changed x in place, the last entry of x's history; x is its output
    `number`. The version is x's new one already; what mirrors x's memory follows with its history.

    If x is a view, its base has changed too: the base's history gets a `CopySlices`, from which the
    view's own is derived anew.
    """
    if x._view is None:
        x.rebase(node, number)
    else:
        base = x._view.base
        x._view.shorten(x)
        base.rebase(CopySlices(base, x._view.steps, node))
        x._view.refresh(x)
    if len(x.counter()) > 1:
        reach(x)


class CopySlices(Node):
    """An in-place operation on a view, as seen from the view's base."""

    def __init__(self, base: Tensor, steps: tuple[Any, ...], node: Node) -> None:
        self._edges = (edge_to(base), *node._edges[1:])
        self._sequence = next_sequence()
        self._shape = base.array.shape
        self._dtype = base.array.dtype
        self._saved = ()
        self.steps = steps
        self.node = node
        # The base's dimensions in the order that they have in memory.
        self.order = tuple(sorted(range(base.ndim), key=lambda i: -base.array.strides[i]))

    def backward(self, grad: Tensor) -> Any:
        # In the base's memory order: in another one the steps need not lead to a view.
        back = sorted(range(grad.ndim), key=self.order.__getitem__)
        grad = grad.permute(self.order).clone(memory_format=contiguous_format).permute(back)
        part = View.replay(grad, self.steps)
        gradients = self.node.backward(part.clone())
        if not isinstance(gradients, tuple):
            gradients = (gradients,)
        if gradients[0] is None:
            part.zero_()
        else:
            part.copy_(gradients[0].expand(part.shape))
        return (grad, *gradients[1:])

    def release(self) -> None:
        self.node.release()


def snapshot(target: Tensor) -> Tensor:
    """The values and the history that a tensor has now."""
    requires_grad = target.requires_grad  # brings a view's history up to date
    if launch.recorder is not None:
        launch.recorder.see_tensor(target)
    copied = wrap(kernel_tables[type(target.array)].clone(target.array, "K"))
    copied._requires_grad = requires_grad
    copied._grad_fn = target._grad_fn
    copied._output_number = target._output_number
    return copied
