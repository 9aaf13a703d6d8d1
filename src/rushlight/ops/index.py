"""x[...] and x[...] = value.

As in PyTorch, and unlike NumPy, whole numbers and slices select first, and tensors index what these
leave: of a tensor `x` of shape (2, 3, 4), `x[0, :, [1, 2]]` has the shape (3, 2).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.inplace import check_memory
from ..autograd.mirror import written
from ..autograd.operation import Operation, ViewOperation
from ..dtype import INTEGER, title_of
from ..errors import OperationError, OutOfMemoryError
from ..grad_mode import state
from ..kernels import launch
from ..kernels.launch import kernels as kernel_tables
from ..scalars import assigned
from ..tensor import Tensor
from .choices import MaskedFillInto, fill_masked
from .common import methods
from .declare import operation
from .promotion import full_like_number
from .subscripts import MASK, checked_part, is_plain, parse, split

# As in NumPy: an index that inserts a dimension.
newaxis = None


class Slice(ViewOperation):
    """Indexing by whole numbers, slices, None and `...`: a view."""

    kernel = "getitem"
    index: Any

    def backward(self, grad: Tensor) -> Any:
        return PlaceSlice.apply(grad, self.index, self.input_shape)


Select = Slice.renamed("Select")


class PlaceSlice(Operation):
    """Zeros, with a tensor in the place of a slice: the gradient of `Slice`."""

    index: Any
    shape: Any

    @staticmethod
    def forward(kernels: Any, x: Any, index: Any, shape: Any) -> Any:
        out = kernels.full(shape, 0, x.dtype, x)
        return kernels.setitem(out, x, index)

    def backward(self, grad: Tensor) -> Any:
        return Slice.apply(grad, self.index)


class Index(Operation):
    """The elements that tensors of whole numbers and masks name, None being a whole dimension."""

    keeps_shape = True

    @staticmethod
    def forward(kernels: Any, x: Any, *indices: Any) -> Any:
        _refuse_masks(indices)
        return kernels.index_get(x, indices)

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(*inputs[1:])

    def backward(self, grad: Tensor) -> Any:
        return PlaceIndex.apply(grad, self.input_shape, *self.saved_tensors)


class PlaceIndex(Operation):
    """Zeros, with a tensor added at indices: the gradient of `Index`."""

    @staticmethod
    def forward(kernels: Any, x: Any, shape: Any, *indices: Any) -> Any:
        _refuse_masks(indices)
        return kernels.index_put_add(kernels.full(shape, 0, x.dtype, x), x, indices)

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(*inputs[2:])

    def backward(self, grad: Tensor) -> Any:
        return Index.apply(grad, *self.saved_tensors)


class IndexPut(Operation):
    """x[indices] = value, in place, or x[indices] += value."""

    operation_name = "index_put_"

    @staticmethod
    def forward(
        kernels: Any, x: Any, value: Any, accumulate: bool, *indices: Any, out: Any = None
    ) -> Any:
        _refuse_masks(indices)
        put = kernels.index_put_add if accumulate else kernels.index_put
        return put(x, value, indices)

    def setup_context(self, inputs: Any, output: Any) -> None:
        _, _, self.accumulate, *indices = inputs
        self.save(*indices)

    def backward(self, grad: Tensor) -> Any:
        indices = self.saved_tensors
        rest = None
        if self.needs(0):
            rest = grad
            if not self.accumulate:
                rest = copy_beside(grad, *indices)
                IndexPut.apply_inplace(rest, grad.new_zeros(()), False, *indices)
        return rest, Index.apply(grad, *indices) if self.needs(1) else None


IndexPutMasked = MaskedFillInto.renamed("IndexPut")


def _refuse_masks(indices: Any) -> None:
    """A record holds for one count of elements."""
    if launch.recorder is not None:
        if any(index is not None and index.dtype == MASK for index in indices):
            launch.refuse_record("makes a result whose shape depends on the data (a mask as index)")


def _getitem(self: Tensor, index: Any) -> Tensor:
    if type(index) is slice and is_plain(index):  # the hottest of all
        return Slice.apply(self, (index,))
    part = self
    try:
        if type(index) is int and self.array.ndim:
            return Select.apply(self, (index,))
        view, tensors = parse(self, index)
        if view or not tensors:
            kind = Select if len(view) == 1 and type(view[0]) is int else Slice
            part = kind.apply(self, view)
        return Index.apply(part, *tensors) if tensors else part
    except OutOfMemoryError:
        raise
    except (IndexError, OperationError) as error:
        raise _index_error(part, error) from error


def _index_error(indexed: Tensor, error: Exception) -> Exception:
    """PyTorch's words for what the array library says of an index."""
    if isinstance(error, OperationError):
        return error
    shape = tuple(indexed.array.shape)
    text = str(error).split("\n")[0].replace("for axis", "for dimension")
    text = text.replace("Index", "index", 1)  # CuPy's words differ a little from NumPy's
    if "too many indices" in text:
        return IndexError(f"too many indices for tensor of dimension {len(shape)} (shape {shape})")
    if "shape mismatch" in text:
        found = re.findall(r"\(([\d, ]*?),?\)", text)
        return IndexError(
            "shape mismatch: indexing tensors could not be broadcast together with shapes "
            + ", ".join(f"[{one}]" for one in found)
        )
    if "index-sized integer" in text or "numpy.newaxis" in text:  # what it calls a number so large
        return ValueError(f"an index overflows 64 bits (indexing a tensor of shape {shape})")
    return IndexError(f"{text} (indexing a tensor of shape {shape})")


def _setitem(self: Tensor, index: Any, value: Any) -> None:
    view, tensors = parse(self, index)
    if isinstance(value, (int, float, complex)):
        value = assigned(value, self.array.dtype)
    elif not isinstance(value, Tensor):
        value = _converted(self, value)
    part = self
    try:
        if not tensors:
            if not _write(self, view, value):
                _fill(Slice.apply(self, view), value)
            return
        if view:
            part = Slice.apply(self, view)
        _put(part, tensors, value)
    except IndexError as error:
        raise _index_error(part, error) from error


def _converted(self: Tensor, value: Any) -> Tensor:
    """A number of NumPy's; PyTorch's words for what is none."""
    if isinstance(value, np.generic):
        return self.new_tensor(value)
    raise TypeError(f"can't assign a {type(value).__name__} to a {self.type()}")


def _write(self: Tensor, view: tuple[Any, ...], value: Any) -> bool:
    """Writes a view's elements without making a tensor of it; False where somebody watches.

    That takes half of the time: x[i] = 1.0 in 2.6 us.
    """
    if launch.recorder is not None or self._requires_grad is None:
        return False
    given = isinstance(value, Tensor)
    if state.enabled and (self.requires_grad or given and value.requires_grad):
        return False
    array = self.array
    table = kernel_tables[type(array)]
    place = table.getitem(array, view)
    if place.strides.count(0) and place.size > 1:
        return False  # elements that share their memory
    if not given:
        table.fill(place, value)
    else:
        source = value.array
        if type(source) is not type(array) or source.ndim and source.shape != place.shape:
            return False
        if value._counter is self._counter is not None:
            return False  # of one memory: `copy_` looks whether they overlap
        table.copy(place, source)
    written(self)
    return True


def _fill(part: Tensor, value: Any) -> None:
    if isinstance(value, Tensor):
        part.copy_(_without_leading_ones(value, part.array.ndim))
    else:
        check_memory(part)  # a fill takes elements that share their memory
        part.fill_(value)


def _without_leading_ones(value: Tensor, ndim: int) -> Tensor:
    """A value of more dimensions than its place may have ones in front."""
    extra = value.array.ndim - ndim
    if extra > 0 and all(n == 1 for n in value.array.shape[:extra]):
        return value.reshape(value.array.shape[extra:])
    return value


def _put(part: Tensor, tensors: list[Tensor | None], value: Any) -> None:
    *before, last = tensors
    given = isinstance(value, Tensor)
    if last is not None and last.array.dtype == MASK and (not given or value.array.size == 1):
        if not any([index is not None for index in before]):
            _fill_masked(part, len(before), last, value)
            return
    if not given:
        value = full_like_number(value, part.dtype, part)
    elif value.array.ndim > 1 and value.array.shape[0] == 1:
        ones = [n == 1 for n in value.array.shape]
        value = _without_leading_ones(value, len(ones) - (*ones, False).index(False))
    _index_put(part, tensors, value, False)


def _fill_masked(part: Tensor, dim: int, mask: Tensor, value: Any) -> None:
    """One value where a mask of the dimensions from `dim` on is true: no places need be found."""
    behind = part.array.ndim - dim - mask.array.ndim
    if behind:
        mask = mask.reshape(*mask.array.shape, *[1] * behind)
    if isinstance(value, Tensor) and value.array.ndim:
        value = value.reshape(())
    fill_masked(part, mask, value, IndexPutMasked)


def _index_put(
    self: Tensor, tensors: Sequence[Tensor | None], values: Tensor, accumulate: bool
) -> None:
    if type(values.array) is not type(self.array):
        values = values.to(self.device)
    if values.array.dtype != self.array.dtype:
        raise OperationError(
            "Index put requires the source and destination dtypes match, got "
            f"{title_of(self.dtype)} for the destination and {title_of(values.dtype)} for the "
            "source."
        )
    IndexPut.apply_inplace(self, values, accumulate, *tensors)


methods(__getitem__=_getitem, __setitem__=_setitem)


@operation("Tensor")
def index_put_(
    self: Tensor, indices: Sequence[Tensor], values: Tensor, accumulate: bool = False
) -> Tensor:
    """Overwrites the elements that `indices` name together by `values`, or adds these to them.

    >>> import rushlight as torch
    >>> x = torch.zeros(3)
    >>> x.index_put_((torch.tensor([0, 0, 2]),), torch.ones(()), accumulate=True)
    tensor([2., 0., 1.])
    """
    if isinstance(indices, Tensor):
        raise TypeError(
            "index_put_(): argument 'indices' (position 1) must be tuple of Tensors, not Tensor"
        )
    # Here a 0-d tensor is an index like any other, and no view.
    parts = [index.reshape(1) if _is_whole_number(index) else index for index in indices]
    view, tensors = split(self, [checked_part(self, part) for part in parts])
    part = Slice.apply(self, view) if view else self
    try:
        _index_put(part, tensors, values, bool(accumulate))
    except IndexError as error:
        raise _index_error(part, error) from error
    return self


def _is_whole_number(index: Tensor) -> bool:
    return index.array.ndim == 0 and index.dtype.category == INTEGER


def copy_beside(x: Tensor, *others: Any) -> Tensor:
    """A copy that the others can be written into: within `vmap` one per example, if need be."""
    return x.clone() if launch.batching is None else launch.batching.copy_beside(x, others)


@operation
def index_put(
    input: Tensor, indices: Sequence[Tensor], values: Tensor, accumulate: bool = False
) -> Tensor:
    """A copy of `input` with `values` at the places that `indices` name; see `index_put_`.

    >>> import rushlight as torch
    >>> x = torch.zeros(2, 3)
    >>> x.index_put((torch.tensor([0, 1]), torch.tensor([2, 0])), torch.tensor([5.0, 6.0]))
    tensor([[0., 0., 5.],
            [6., 0., 0.]])
    """
    return copy_beside(input, values, *indices).index_put_(indices, values, accumulate)
