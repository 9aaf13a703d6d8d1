"""Maxima put back to where they stood."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import Operation
from ..categories import FLOATS, check_taken
from ..dtype import int64
from ..errors import InvalidValueError, OperationError
from ..tensor import Tensor
from .declare import operation
from .geometry import Sizes, per_dimension
from .signatures import signature_of


class MaxUnpool2d(Operation):
    """Zeros, with elements at flat places of their planes; of two at one place the last stays."""

    kernel = "max_unpool"
    node_name = "MaxUnpool2DBackward0"
    saves = (1,)
    sizes: Any

    def backward(self, grad: Tensor) -> Any:
        places = self.saved_tensors[0]
        rank = len(self.sizes)
        found = grad.flatten(-rank).gather(-1, places.flatten(-rank))
        return found.reshape(places.array.shape)


def _max_unpool(
    rank: int, /, input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None,
    padding: Any = 0, output_size: Any = None,
) -> Tensor:  # fmt: skip
    name, shape = f"max_unpool{rank}d", input.array.shape
    sizes = _unpooled_sizes(name, rank, shape, kernel_size, stride, padding, output_size)
    if indices.dtype is not int64:
        raise OperationError(
            f"{name}: elements in indices should be type int64 but got: {indices.dtype}"
        )
    if len(shape) not in (rank + 1, rank + 2):
        raise OperationError(
            f"{name}: Input should have {rank + 1} or {rank + 2} dimensions, got shape {shape}"
        )
    if shape != indices.array.shape:
        raise OperationError(
            f"{name}: Expected shape of indices to be same as that of the input tensor "
            f"({list(shape)}) but got indices tensor with shape: {list(indices.array.shape)}"
        )
    if 0 in shape[-rank - 1 :]:
        raise OperationError(
            f"{name}: Expected input to have non-zero size for non-batch dimensions, but got shape "
            f"{list(shape)}"
        )
    check_taken(name, input, FLOATS)
    return MaxUnpool2d.apply(input, indices, sizes)


@operation("nn.functional", autocast="float32")
@signature_of(_max_unpool)
def max_unpool1d(*arguments: Any) -> Tensor:
    """`max_unpool2d` of signals (N, C, L) or (C, L).

    >>> import rushlight as torch
    >>> torch.nn.functional.max_unpool1d(torch.tensor([[5.0, 7.0]]), torch.tensor([[1, 2]]), 2)
    tensor([[0., 5., 7., 0.]])
    """
    return _max_unpool(1, *arguments)


@operation("nn.functional", autocast="float32")
@signature_of(_max_unpool)
def max_unpool2d(*arguments: Any) -> Tensor:
    """Undoes `max_pool2d` as far as can be: maxima stand where they stood, among zeros.

    `indices` are those that `max_pool2d` returned. `output_size` is the size of what was pooled,
    (H - 1) stride - 2 padding + kernel_size unless told.

    >>> import rushlight as torch
    >>> F = torch.nn.functional
    >>> maxima, indices = F.max_pool2d(torch.arange(4.0).reshape(1, 2, 2), 2, return_indices=True)
    >>> F.max_unpool2d(maxima, indices, 2)
    tensor([[[0., 0.],
             [0., 3.]]])
    """
    return _max_unpool(2, *arguments)


@operation("nn.functional", autocast="float32")
@signature_of(_max_unpool)
def max_unpool3d(*arguments: Any) -> Tensor:
    """`max_unpool2d` of volumes (N, C, D, H, W) or (C, D, H, W).

    >>> import rushlight as torch
    >>> values, indices = torch.tensor([[[[5.0]]]]), torch.tensor([[[[3]]]])
    >>> torch.nn.functional.max_unpool3d(values, indices, (1, 2, 2))
    tensor([[[[0., 0.],
              [0., 5.]]]])
    """
    return _max_unpool(3, *arguments)


def _unpooled_sizes(
    name: str, rank: int, shape: Sizes, kernel_size: Any, stride: Any, padding: Any,
    output_size: Any,
) -> Sizes:  # fmt: skip
    """The size that was asked for, if pooling it would give the input's."""
    kernel = per_dimension(kernel_size, rank, f"{name}: kernel_size")
    steps = kernel if stride is None else per_dimension(stride, rank, f"{name}: stride")
    pads = per_dimension(padding, rank, f"{name}: padding")
    if min(steps) <= 0:
        raise OperationError(f"{name}: strides should be greater than zero, but got {list(steps)}")
    natural = [
        (n - 1) * s - 2 * p + k
        for n, s, p, k in zip(shape[-rank:], steps, pads, kernel, strict=False)
    ]
    if output_size is None:
        return tuple(natural)
    wanted = tuple(output_size)[-rank:]
    if len(output_size) not in (rank, rank + 2) or len(natural) != rank:
        raise InvalidValueError(
            f"{name}: output_size should be a sequence containing {rank} or {rank + 2} elements, "
            f"but it has a length of '{len(output_size)}'"
        )
    for dim, (want, have, step) in enumerate(zip(wanted, natural, steps, strict=True)):
        if not have - step < want < have + step:
            raise InvalidValueError(
                f'{name}: invalid output_size "{tuple(output_size)}" (dim {dim} must be between '
                f"{have - step} and {have + step})"
            )
    return wanted
