"""Elements found among others: places in sorted ones, the distinct ones, membership."""

from __future__ import annotations

from typing import Any

from ..categories import ORDERED, REALS, check_taken, refused
from ..dtype import COMPLEX, int32, int64
from ..errors import OperationError
from ..scalars import checked
from ..tensor import Tensor, wrap, wrap_dim
from ..types import Number
from .common import check_same_device, table_of
from .declare import operation
from .promotion import full_like_number, of_one_dtype, result_type


@operation(method=False, out="exact")
def searchsorted(
    sorted_sequence: Tensor, input: Tensor | Number, *, out_int32: bool = False,
    right: bool = False, side: str | None = None, out: Tensor | None = None,
    sorter: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Where in a sorted line each element belongs, before those equal to it or, `right`, behind.

    The line is a vector, or the last dimension of a tensor whose others are those of `input`. With
    `sorter`, `sorted_sequence` may be in any order, which `sorter` puts right.

    >>> import rushlight as torch
    >>> torch.searchsorted(torch.tensor([1, 3, 5]), torch.tensor([0, 3, 9]))
    tensor([0, 1, 3])
    """
    if side not in (None, "left", "right"):
        raise OperationError(
            f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}"
        )
    if side == "left" and right:
        raise OperationError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left "
            "while right was True"
        )
    lines = sorted_sequence
    if not isinstance(input, Tensor):
        input = _number_among(lines, input)
    _check_lines(lines, input)
    if sorter is not None:
        check_same_device("searchsorted", lines, sorter)
        _check_sorter(lines, sorter)
        lines = lines.gather(-1, sorter) if lines.array.ndim else lines
    return _found(lines, input, right or side == "right", out_int32)


@operation(method=False, out="exact")
def bucketize(
    input: Tensor | Number, boundaries: Tensor, *, out_int32: bool = False, right: bool = False
) -> Tensor:
    """The number of the bucket that each element falls into, between sorted `boundaries`.

    >>> import rushlight as torch
    >>> torch.bucketize(torch.tensor([0, 3, 9]), torch.tensor([1, 3, 5]))
    tensor([0, 1, 3])
    """
    if boundaries.array.ndim != 1:
        raise OperationError(
            "bucketize(): boundaries tensor must be 1 dimension, but got dim("
            f"{boundaries.array.ndim})"
        )
    if not isinstance(input, Tensor):
        input = _number_among(boundaries, input)
    return _found(boundaries, input, right, out_int32)


def _number_among(lines: Tensor, value: Any) -> Tensor:
    return full_like_number(value, result_type(lines, value), lines)


def _found(lines: Tensor, input: Tensor, right: bool, narrow: bool) -> Tensor:
    check_same_device("searchsorted", lines, input)
    lines, input = lines.detach(), input.detach()
    if lines.array.dtype is not input.array.dtype or lines.array.dtype.kind != "f":
        lines, input = of_one_dtype(lines, input)
        check_taken("searchsorted", lines, REALS)
    found = wrap(table_of(input, lines.array).searchsorted(lines.array, input.array, bool(right)))
    return found.to(int32) if narrow else found


def _check_lines(lines: Tensor, input: Tensor) -> None:
    have, wanted = lines.array.shape, input.array.shape
    if not have:
        raise OperationError(
            "torch.searchsorted(): boundaries tensor should have positive dimension, but got 0 "
            "dimension"
        )
    if input.array.ndim == 0 and len(have) > 1:
        raise OperationError(
            "torch.searchsorted(): input value can be a scalar only when boundaries tensor "
            f"dimension is 1, but we got boundaries tensor dim({len(have)}) and input value's "
            f"dim({input.array.ndim}) numel({input.array.size})"
        )
    if len(have) > 1 and (len(have) != len(wanted) or have[:-1] != wanted[:-1]):
        raise OperationError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 "
            "dimensions of boundaries tensor and input value tensor must match, but we got "
            f"boundaries tensor {list(have)} and input value tensor {list(wanted)}"
        )


def _check_sorter(lines: Tensor, sorter: Tensor) -> None:
    if sorter.array.shape != lines.array.shape:
        raise OperationError(
            "torch.searchsorted(): boundary and sorter must have the same size, but got boundary "
            f"tensor {list(lines.shape)} and got sorter tensor {list(sorter.shape)}"
        )
    if sorter.dtype is not int64:
        raise OperationError(
            f"torch.searchsorted(): sorter must be a tensor of long dtype but got {sorter.dtype}"
        )


# ---- distinct elements


@operation
def unique(
    input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """The distinct elements in order; along `dim`, the distinct slices.

    On request with them, as a tuple: for each element the number of its equal, and how many there
    are of each. Each nan is one of its own.

    >>> import rushlight as torch
    >>> torch.unique(torch.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    return _distinct("unique", input, dim, return_inverse, return_counts)


@operation
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """The elements but for those equal to the one before; along `dim`, slices likewise.

    >>> import rushlight as torch
    >>> torch.unique_consecutive(torch.tensor([3, 3, 1, 3]))
    tensor([3, 1, 3])
    """
    return _distinct("unique_consecutive", input, dim, return_inverse, return_counts)


def _distinct(name: str, input: Tensor, dim: Any, inverse: bool, counts: bool) -> Any:
    if input.dtype.category == COMPLEX and (dim is None or name == "unique"):
        raise refused(name, input.dtype, ORDERED)
    axis = None if dim is None else wrap_dim(dim, input.array.ndim)
    shape = input.array.shape
    if axis is not None and shape and not shape[axis] and 0 in shape[:axis] + shape[axis + 1 :]:
        raise OperationError(
            f"{name}: There are {shape.count(0)} dimensions of size 0 in {list(shape)}, but only "
            f"dimension {axis}, along which slices are told apart, may have none"
        )
    if axis is not None and shape and shape[axis] and 0 in shape:
        raise OperationError(
            f"{name}: slices of {list(shape)} along dimension {axis} have no elements, so it "
            "cannot be applied"
        )
    found = table_of(input).unique(input.array, axis, name == "unique")
    results = [wrap(part) for part in found]
    chosen = [r for r, asked in zip(results, (True, inverse, counts), strict=True) if asked]
    return tuple(chosen) if len(chosen) > 1 else chosen[0]


@operation(method=False, out="exact")
def isin(
    elements: Tensor | Number | None = None, test_elements: Tensor | Number | None = None, *,
    assume_unique: bool = False, invert: bool = False, element: Number | None = None,
    test_element: Number | None = None,
) -> Tensor:  # fmt: skip
    """Whether each element is among `test_elements` (is not, with `invert`).

    A number may be given as `element` or `test_element`, too.

    >>> import rushlight as torch
    >>> torch.isin(torch.tensor([1, 2, 3]), torch.tensor([3, 1]))
    tensor([ True, False,  True])
    """
    elements = element if elements is None else elements
    test_elements = test_element if test_elements is None else test_elements
    if not isinstance(elements, Tensor):
        if not isinstance(test_elements, Tensor):
            raise TypeError("isin(): one of elements and test_elements must be Tensor")
        elements = full_like_number(elements, result_type(test_elements, elements), test_elements)
    if not isinstance(test_elements, Tensor):
        to = result_type(elements, test_elements)
        test_elements = full_like_number(checked(test_elements, to.numpy), to, elements)
    check_same_device("isin", elements, test_elements)
    for tensor in (elements, test_elements):
        check_taken("isin", tensor, REALS)
    x, y = of_one_dtype(elements.detach(), test_elements.detach())
    return wrap(table_of(x, y.array).isin(x.array, y.array, bool(invert)))
