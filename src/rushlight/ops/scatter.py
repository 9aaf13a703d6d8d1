"""Elements placed along a dimension by an index of their own shape."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import Operation
from ..dtype import FLOATING, HALVES
from ..errors import OperationError, OutOfRangeError
from ..scalars import number
from ..tensor import Tensor
from .choices import where
from .declare import operation
from .extremes import Max
from .indexing import Gather, IntoPlaces, ScatterAdd, along_index, check_same_dtype


class Scatter(IntoPlaces):
    """Elements, or a number, put where an index says along one dimension.

    >>> import rushlight as torch
    >>> torch.scatter(torch.zeros(3), 0, torch.tensor([2, 0]), torch.tensor([1.0, 5.0]))
    tensor([5., 0., 1.])
    """

    def backward(self, grad: Tensor) -> Any:
        index = self.saved_tensors[0]
        rest = Scatter.apply(grad, 0, self.dim, index) if self.needs(0) else None
        return rest, Gather.apply(grad, self.dim, index) if self.needs(1) else None


class ScatterReduce(IntoPlaces):
    """Elements multiplied to those where an index says, or the extremes of these."""

    saves_input = True
    reduce: str
    include_self: bool

    def setup_context(self, inputs: Any, output: Any) -> None:
        x, source, self.dim, index = inputs[:4]
        self.save_output(output, x, source, index)

    def backward(self, grad: Tensor) -> Any:
        y, x, source, index = self.saved_tensors
        of_kind = self.of_product if self.reduce == "prod" else self.of_extreme
        grad_x, grad_source = of_kind(grad, y, x, source, index)
        if self.reduce == "prod" and grad_x is not None and not self.include_self:
            grad_x = Scatter.apply(grad_x, 0, self.dim, index)
        return grad_x, grad_source

    def of_product(self, grad: Tensor, y: Tensor, x: Tensor, source: Tensor, index: Tensor) -> Any:
        """The product of the others: the whole by oneself, or, where one is 0, without that."""
        dim = self.dim

        def multiplied(x: Tensor, source: Tensor) -> Tensor:
            return ScatterReduce.apply(x, source, dim, index, "prod", self.include_self)

        grad_x = grad_source = None
        if self.needs(0):
            safe = where(x == 0, 1.0, x)
            grad_x = grad * multiplied(safe, source) / safe
        if self.needs(1):
            is_zero = source == 0
            zeros = ScatterAdd.apply(x.new_zeros(x.array.shape), is_zero.to(x.dtype), dim, index)
            alone = is_zero & (Gather.apply(zeros, dim, index) == 1)
            without = multiplied(x, where(alone, 1.0, source))
            rest = Gather.apply(grad * y, dim, index) / where(is_zero, 1.0, source)
            grad_source = where(alone, Gather.apply(grad * without, dim, index), rest)
        return grad_x, grad_source

    def of_extreme(self, grad: Tensor, y: Tensor, x: Tensor, source: Tensor, index: Tensor) -> Any:
        """The gradient shared by those that are the extreme."""
        dim = self.dim
        won = Max.hits(x, y).to(grad.dtype)
        if not self.include_self:
            won = Scatter.apply(won, 0, dim, index)
        source_won = Max.hits(source, Gather.apply(y, dim, index)).to(grad.dtype)
        count = ScatterAdd.apply(won, source_won, dim, index)
        share = grad / count
        shares = Gather.apply(share, dim, index)
        return where(won == 0, 0.0, share), where(source_won == 0, 0.0, shares)


def _placed(
    kind: type[Operation], name: str, inplace: bool, input: Tensor, dim: int, index: Tensor,
    source: Any, *parameters: Any,
) -> Tensor:  # fmt: skip
    """Runs an operation that places `source`, a tensor or a number, by `index`."""
    axis, places = along_index(name, input, dim, index)
    x = input if input.array.ndim else input.reshape(1)
    if isinstance(source, Tensor):
        check_same_dtype(name, input, source)
        source = _fitting(name, x, axis, places, source)
    elif not _is_within(places.array.shape, x.array.shape, axis):
        raise OperationError(
            f"Expected index {list(index.shape)} to be no larger than self {list(input.shape)} "
            f"apart from dimension {axis} ({name})"
        )
    try:
        run = kind.apply_inplace if inplace else kind.apply
        result = run(x, source, axis, places, *parameters)
    except IndexError as error:
        raise OperationError(f"{name}: {error}") from error
    if inplace:
        return input
    return result if input.array.ndim else result.reshape(())


def _is_within(shape: Any, sizes: Any, axis: int | None) -> bool:
    """Whether a shape is nowhere larger than other sizes, but for one axis."""
    pairs = enumerate(zip(shape, sizes, strict=True))
    return all(n <= size or i == axis for i, (n, size) in pairs)


def _fitting(name: str, x: Tensor, axis: int, index: Tensor, source: Tensor) -> Tensor:
    """The part of a source that goes with an index, which must be no larger."""
    if not source.array.ndim:
        source = source.reshape(1)
    shape, have = index.array.shape, source.array.shape
    if shape == have == x.array.shape:
        return source
    if not index.array.size:
        return source.reshape(-1)[:0].reshape(shape)
    if len(have) != len(shape):
        raise OutOfRangeError(
            f"Index tensor must have the same number of dimensions as src tensor ({name}: index "
            f"{shape}, src {have})"
        )
    if not _is_within(shape, x.array.shape, axis) or not _is_within(shape, have, None):
        raise OperationError(
            f"Expected index {list(shape)} to be no larger than self {list(x.shape)} apart from "
            f"dimension {axis} and to be no larger size than src {list(have)} ({name})"
        )
    return source if have == shape else source[tuple(slice(0, n) for n in shape)]


@operation(out="exact")
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy of `input` with the elements of `src` added where `index` says along `dim`.

    >>> import rushlight as torch
    >>> torch.zeros(3).scatter_add(0, torch.tensor([0, 0, 2]), torch.ones(3))
    tensor([2., 0., 1.])
    """
    return _placed(ScatterAdd, "scatter_add", False, input, dim, index, src)


@operation("Tensor")
def scatter_add_(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """`scatter_add`, with the result written to this tensor.

    >>> import rushlight as torch
    >>> torch.zeros(3).scatter_add_(0, torch.tensor([0, 2, 2]), torch.tensor([1.0, 2.0, 3.0]))
    tensor([1., 0., 5.])
    """
    return _placed(ScatterAdd, "scatter_add_", True, self, dim, index, src)


@operation(out="exact")
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None,
    reduce: str | None = None,
) -> Tensor:  # fmt: skip
    """A copy of `input` with elements of `src`, or a number, put where `index` says along `dim`.

    `reduce` "add" or "multiply" puts them together with what is there. Of places that are named
    twice one source stays, and it is not said which.

    >>> import rushlight as torch
    >>> torch.zeros(3).scatter(0, torch.tensor([0, 2]), torch.tensor([5.0, 6.0]))
    tensor([5., 0., 6.])
    """
    return _scattered("scatter", False, input, dim, index, src, value, reduce)


@operation("Tensor")
def scatter_(
    self: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None,
    reduce: str | None = None,
) -> Tensor:  # fmt: skip
    """`scatter`, with the result written to this tensor.

    >>> import rushlight as torch
    >>> torch.zeros(3).scatter_(0, torch.tensor([2, 0]), torch.tensor([1.0, 2.0]))
    tensor([2., 0., 1.])
    """
    return _scattered("scatter_", True, self, dim, index, src, value, reduce)


def _scattered(
    name: str, inplace: bool, input: Tensor, dim: int, index: Tensor, src: Any, value: Any,
    reduce: str | None,
) -> Tensor:  # fmt: skip
    if (src is None) == (value is None):
        raise TypeError(f"{name}(): exactly one of src and value must be given")
    source = src if value is None else value
    if not isinstance(source, Tensor):
        source = number(source)
        if not isinstance(source, (int, float, complex)):
            raise TypeError(
                f"{name}(): argument 'src' must be Tensor or Number, not {type(source).__name__}"
            )
    elif value is not None:
        source = source.to(input.dtype).expand(index.shape)
    if reduce is None:
        return _placed(Scatter, name, inplace, input, dim, index, source)
    if reduce not in ("add", "multiply"):
        raise OperationError(f"reduce argument must be either add or multiply, got {reduce}")
    if not isinstance(source, Tensor):
        source = input.new_full((1,) * index.array.ndim, source).expand(index.shape)
    if reduce == "add":
        return _placed(ScatterAdd, name, inplace, input, dim, index, source)
    return _placed(ScatterReduce, name, inplace, input, dim, index, source, "prod", True)


REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


@operation(inplace=True, out="exact")
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """A copy of `input` with the elements of `src` put together where `index` says along `dim`.

    `reduce` is "sum", "prod", "mean", "amax" or "amin". What stood there before is one of them,
    unless `include_self` is False.

    >>> import rushlight as torch
    >>> x, index = torch.tensor([1.0, 2.0]), torch.tensor([0, 0])
    >>> x.scatter_reduce(0, index, torch.tensor([3.0, 5.0]), reduce="mean")
    tensor([3., 2.])
    """
    reduce = {"max": "amax", "min": "amin"}.get(reduce, reduce)
    if reduce not in REDUCTIONS:
        raise OperationError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
        )
    return reduced("scatter_reduce", input, dim, index, src, reduce, include_self)


def reduced(
    name: str, input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, include_self: bool
) -> Tensor:
    if reduce in ("prod", "amax", "amin"):
        rest = (reduce, bool(include_self))
        return _placed(ScatterReduce, name, False, input, dim, index, src, *rest)
    if reduce == "mean" and input.array.dtype in HALVES and src.array.dtype == input.array.dtype:
        wide = reduced(name, input.float(), dim, index, src.float(), reduce, include_self)
        return wide.to(input.dtype)
    if not include_self:
        input = _placed(Scatter, name, False, input, dim, index, 0)
    total = _placed(ScatterAdd, name, False, input, dim, index, src)
    if reduce == "sum":
        return total
    first = input.new_full(input.array.shape, int(include_self))
    ones = src.new_ones(src.array.shape)
    count = _placed(ScatterAdd, name, False, first, dim, index, ones)
    count = where(count == 0, 1, count)
    return total / count if input.dtype.category >= FLOATING else total // count
