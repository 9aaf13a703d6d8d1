"""Rows of a table by their numbers, one by one or summed up in bags."""

from __future__ import annotations

import warnings
from typing import Any

from ..autograd.inplace import check_memory
from ..autograd.mirror import written
from ..autograd.operation import Operation
from ..categories import FLOATS, check_taken
from ..dtype import HALVES, int32, int64
from ..errors import (
    InvalidValueError,
    NotSupportedError,
    OperationError,
    OutOfRangeError,
    UnmetError,
)
from ..kernels import launch
from ..tensor import Tensor
from .common import check_same_device, table_of
from .creation import arange
from .declare import operation
from .index import PlaceIndex
from .indexing import IndexAdd


class Embedding(Operation):
    """The rows of a matrix that whole numbers name."""

    keeps_shape = True
    saves = (1,)
    padding_idx: int
    scale_grad_by_freq: bool
    sparse: bool

    @staticmethod
    def forward(
        kernels: Any, weight: Any, indices: Any, padding_idx: int, scale_grad_by_freq: bool,
        sparse: bool,
    ) -> Any:  # fmt: skip
        if indices.ndim == 1:
            return kernels.index_select(weight, 0, indices)
        rows = kernels.index_select(weight, 0, kernels.view(indices, (indices.size,)))
        return kernels.view(rows, (*indices.shape, *weight.shape[1:]))

    def backward(self, grad: Tensor) -> Tensor:
        indices = self.saved_tensors[0]
        if self.sparse:
            return self._sparse_gradient(grad, indices.reshape(-1))
        if self.padding_idx >= 0:
            grad = grad.masked_fill((indices == self.padding_idx).unsqueeze(-1), 0)
        if self.scale_grad_by_freq:
            grad = grad / _frequencies(indices, self.input_shape[0], grad).unsqueeze(-1)
        return PlaceIndex.apply(grad, self.input_shape, indices)

    def _sparse_gradient(self, grad: Tensor, indices: Tensor) -> Tensor:
        """The gradients of the rows that were named, as often as they were, and of no other."""
        from ..sparse.parts import make

        if self.scale_grad_by_freq:
            raise OperationError(
                "embedding_backward: scale_grad_by_freq not supported with sparse gradients"
            )
        rows = grad.reshape(-1, self.input_shape[1])
        if self.padding_idx >= 0:
            kept = (indices != self.padding_idx).nonzero().squeeze(1)
            rows, indices = rows.index_select(0, kept), indices.index_select(0, kept)
        return make(rows, indices.unsqueeze(0), self.input_shape)


def _frequencies(indices: Tensor, count: int, like: Tensor) -> Tensor:
    """For each index how often it is there."""
    flat = indices.flatten()
    counts = summed(like.new_ones(flat.array.shape), flat, count)
    return counts.index_select(0, flat).reshape(indices.array.shape)


def summed(rows: Tensor, numbers: Tensor, count: int) -> Tensor:
    """For each of `count` numbers the sum of the rows that bear it."""
    zeros = rows.new_zeros(count, *rows.array.shape[1:])
    return IndexAdd.apply(zeros, rows, 0, numbers)


@operation("nn.functional")
def embedding(
    input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None,
    norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Tensor:  # fmt: skip
    """The rows of `weight` (V, D) that the whole numbers of `input` name: (*, D).

    The row `padding_idx` gets no gradient. With `max_norm` rows that are named and longer, by their
    `norm_type`-norm, are shortened to it in `weight` itself first. With `scale_grad_by_freq` the
    gradient of a row is divided by how often it is named. With `sparse` the gradient of `weight` is
    a sparse tensor (`torch.sparse_coo`) that holds the named rows alone.

    >>> import rushlight as torch
    >>> weight = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    >>> torch.nn.functional.embedding(torch.tensor([1, 0, 1]), weight)
    tensor([[2., 3.],
            [0., 1.],
            [2., 3.]])
    """
    if padding_idx is not None:
        padding_idx = _checked_padding(padding_idx, weight)
    if weight.array.ndim != 2:
        raise OperationError(
            f"embedding: 'weight' must be 2-D, but got shape {tuple(weight.array.shape)}"
        )
    check_indices("embedding", input)
    if max_norm is not None:
        shorten(weight, input, max_norm, norm_type)
    return _rows("embedding", weight, input, padding_idx, scale_grad_by_freq, sparse)


def _rows(
    name: str, weight: Tensor, indices: Tensor, padding_idx: int | None, scale_grad_by_freq: bool,
    sparse: bool,
) -> Tensor:  # fmt: skip
    padding = -1 if padding_idx is None else padding_idx
    try:
        return Embedding.apply(
            weight, indices.long(), padding, bool(scale_grad_by_freq), bool(sparse)
        )
    except IndexError as error:
        raise OutOfRangeError(
            f"{name}: index out of range in self: {error} of weight {tuple(weight.array.shape)}"
        ) from error


def _checked_padding(padding_idx: int, weight: Tensor) -> int:
    count = weight.array.shape[0]
    if not -count <= padding_idx < count:
        raise UnmetError(
            f"Padding_idx must be within num_embeddings: got {padding_idx} for weight "
            f"{tuple(weight.array.shape)}"
        )
    return padding_idx % count


def check_indices(name: str, indices: Tensor) -> None:
    if indices.dtype not in (int32, int64):
        raise OperationError(
            f"{name}: Expected tensor for argument #1 'indices' to have one of the following "
            f"scalar types: Long, Int; but got {indices.type()} instead"
        )


def shorten(weight: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> None:
    check_same_device("embedding", weight, indices)
    if launch.batching is not None and launch.batching.is_batched(indices.array):
        raise OperationError(
            "vmap: max_norm would change the weight, which is not being vmapped over, by indices "
            "that are; shorten its rows before with torch.embedding_renorm_"
        )
    check_memory(weight)
    flat = table_of(indices).view(indices.array, (indices.array.size,))
    rows = table_of(weight).index_select(weight.array, 0, flat)  # which looks at the indices
    del rows
    table_of(weight).embedding_renorm(weight.array, flat, float(max_norm), float(norm_type))
    written(weight)


# ---- bags


class BagNumbers(Operation):
    """The bag of each index, by where the bags start."""

    differentiable = False


class BagArgmax(Operation):
    """Where the maxima of bags stand."""

    differentiable = False


@operation("nn.functional")
def embedding_bag(
    input: Tensor, weight: Tensor, offsets: Tensor | None = None, max_norm: float | None = None,
    norm_type: float = 2, scale_grad_by_freq: bool = False, mode: str = "mean",
    sparse: bool = False, per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False, padding_idx: int | None = None,
) -> Tensor:  # fmt: skip
    """Sums, means or maxima (`mode`) of rows of `weight` (V, D), for each bag of indices: (B, D).

    `input` (B, L) holds bags of one size; one of one dimension is divided into bags that start at
    `offsets` (B), or at all of these but the last, with `include_last_offset`. Sums may be weighted
    by `per_sample_weights` of input's shape. The index `padding_idx` counts as not there. For the
    rest see `embedding`.

    >>> import rushlight as torch
    >>> weight = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    >>> torch.nn.functional.embedding_bag(torch.tensor([[1, 0], [1, 1]]), weight)
    tensor([[1., 2.],
            [2., 3.]])
    """
    if weight.dtype is int64 and input.is_floating_point():  # as before PyTorch 0.4.1
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage "
            "`embedding_bag(weight, input, ...)` is deprecated, and should now be "
            "`embedding_bag(input, weight, ...)`.",
            stacklevel=2,
        )
        input, weight = weight, input
    _check_bags(input, weight, offsets, mode, scale_grad_by_freq, per_sample_weights)
    if sparse and mode == "max":
        raise InvalidValueError("max mode does not support sparse weights")
    if padding_idx is not None:
        padding_idx = _checked_padding(padding_idx, weight)
    if input.array.ndim == 2:
        bags, size = input.array.shape
        numbers = arange(bags, device=input.device).unsqueeze(-1).expand(bags, size).reshape(-1)
    else:
        assert offsets is not None  # it has been checked
        bags = offsets.array.shape[0] - bool(include_last_offset)
        numbers = BagNumbers.apply(offsets, input.array.size).clamp(max=bags - 1)
    indices = input.reshape(-1)
    if max_norm is not None:
        shorten(weight, indices, max_norm, norm_type)
    rows = _rows("embedding_bag", weight, indices, padding_idx, scale_grad_by_freq, sparse)
    is_narrow = weight.array.dtype in HALVES
    rows = rows.float() if is_narrow else rows
    counted = indices != padding_idx if padding_idx is not None else None
    if mode == "max":
        result = _maxima(rows, numbers, bags, counted)
    else:
        result = _sums(rows, numbers, bags, counted, per_sample_weights, mode == "mean")
    return result.to(weight.dtype) if is_narrow else result


def _sums(
    rows: Tensor, numbers: Tensor, bags: int, counted: Tensor | None, weights: Tensor | None,
    as_means: bool,
) -> Tensor:  # fmt: skip
    if weights is not None:
        rows = rows * weights.reshape(-1, 1).to(rows.dtype)
    if counted is not None:
        rows = rows.masked_fill(~counted.unsqueeze(-1), 0)
    sums = summed(rows, numbers, bags)
    if not as_means:
        return sums
    ones = rows.new_ones(numbers.array.shape) if counted is None else counted.to(rows.dtype)
    counts = summed(ones, numbers, bags)
    return sums / counts.clamp(min=1).unsqueeze(-1)


def _maxima(rows: Tensor, numbers: Tensor, bags: int, counted: Tensor | None) -> Tensor:
    if counted is not None:
        numbers = numbers.masked_fill(~counted, bags)
    if not rows.array.shape[0]:
        return rows.sum(0, keepdim=True).expand(bags, rows.array.shape[1])
    places = BagArgmax.apply(rows.detach(), numbers, bags)
    return rows.gather(0, places.clamp(min=0)).masked_fill(places < 0, 0)


def _check_bags(
    input: Tensor, weight: Tensor, offsets: Tensor | None, mode: str, scale_grad_by_freq: bool,
    weights: Tensor | None,
) -> None:  # fmt: skip
    if input.array.ndim not in (1, 2) or weight.array.ndim != 2:
        raise InvalidValueError(
            "embedding_bag: input has to be 1D or 2D Tensor and weight 2D, but got shapes "
            f"{tuple(input.array.shape)} and {tuple(weight.array.shape)}"
        )
    if (input.array.ndim == 2) != (offsets is None):
        raise InvalidValueError(
            "embedding_bag: if input is 2D, then offsets has to be None, as input is treated as a "
            "mini-batch of fixed length sequences; if it is 1D, offsets has to be a 1D Tensor"
        )
    if offsets is not None and offsets.array.ndim != 1:
        raise InvalidValueError(
            f"embedding_bag: offsets has to be a 1D Tensor, got shape {tuple(offsets.array.shape)}"
        )
    for indices in (input,) if offsets is None else (input, offsets):
        check_indices("embedding_bag", indices)
    if mode not in ("sum", "mean", "max"):
        raise InvalidValueError(
            f"embedding_bag: mode has to be one of sum, mean or max, got {mode!r}"
        )
    if mode == "max" and scale_grad_by_freq:
        raise InvalidValueError("max mode does not support scaling the gradient by the frequency")
    check_taken("embedding_bag", weight, FLOATS)
    if weights is None:
        return
    if mode != "sum":
        raise NotSupportedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported "
            f"for mode='sum' (got mode={mode!r})"
        )
    if weights.array.shape != input.array.shape:
        raise InvalidValueError(
            "embedding_bag: If per_sample_weights is not None, then it must have the same shape as "
            f"the input ({list(input.array.shape)}), but it has {list(weights.array.shape)}"
        )
