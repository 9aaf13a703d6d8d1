"""x[...] and x[...] = value.

As in PyTorch, and unlike NumPy, whole numbers and slices select first, and tensors index what these
leave: of a tensor `x` of shape (2, 3, 4), `x[0, :, [1, 2]]` has the shape (3, 2).
"""

from __future__ import annotations

import operator
import re
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.operation import Operation
from ..dtype import INTEGER, int32, int64, title_of, uint8
from ..dtype import bool as bool_
from ..errors import OperationError
from ..grad_mode import state
from ..kernels import launch
from ..kernels.launch import kernels as kernel_tables
from ..scalars import checked
from ..tensor import Tensor, wrap
from . import creation
from .choices import fill_masked
from .common import methods, table_of
from .declare import operation
from .promotion import full_like_number


class Slice(Operation):
    """Indexing by whole numbers, slices, None and `...`: a view."""

    kernel = "getitem"
    is_view = True
    index: Any
    keeps_shape = True

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
                rest = grad.clone()
                IndexPut.apply_inplace(rest, grad.new_zeros(()), False, *indices)
        return rest, Index.apply(grad, *indices) if self.needs(1) else None


def _refuse_masks(indices: Any) -> None:
    """A record holds for one count of elements."""
    if launch.recorder is not None:
        if any(index is not None and index.dtype == _MASK for index in indices):
            launch.refuse_record("makes a result whose shape depends on the data (a mask as index)")


# ---- what stands between the brackets


_WHOLE = frozenset({int, type(None)})
_PLAIN = frozenset({int, type(None), type(Ellipsis)})
_FULL = slice(None)
_INDICES = _MASK, _NUMBERS = bool_.numpy, int64.numpy


def _is_plain(part: Any) -> bool:
    """Whether a part of an index needs no look at its values: the shortest way for most views."""
    kind = type(part)
    if kind is slice:
        return part.step is None and type(part.start) in _WHOLE and type(part.stop) in _WHOLE
    return kind in _PLAIN


def _parse(self: Tensor, index: Any) -> tuple[tuple[Any, ...], list[Tensor | None]]:
    """What makes a view, then the tensors that index the view; either may be empty.

    Of a 0-d mask the view has a dimension of length 1, and the mask says whether that is there.
    """
    if self.array.ndim == 0 and type(index) is int:
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
            "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
        )
    if type(index) is not tuple and _is_plain(index):
        return (index,), []
    if type(index) is tuple and all([_is_plain(part) for part in index]):
        # The library takes one ellipsis.
        if sum([part is Ellipsis for part in index]) < 2:
            return index, []
    if type(index) is Tensor and _fits(index.array, self.array):
        return (), [index]
    if type(index) is tuple:
        usual = _usual(index, self.array)
        if usual is not None:
            return (), usual
    return _split(self, [_checked_part(self, part) for part in _as_tuple(index)])


def _fits(index: Any, x: Any) -> bool:
    """Whether a single index is of the usual kind, which needs no further look: it takes 2 us."""
    if type(index) is not type(x) or not index.ndim:
        return False
    if index.dtype == _MASK:
        return index.shape == x.shape[: index.ndim]
    return index.dtype == _NUMBERS and x.ndim > 0


def _usual(index: tuple[Any, ...], x: Any) -> list[Tensor | None] | None:
    """x[i, j], x[:, i] and their like, which need no further look either."""
    if len(index) > x.ndim:
        return None
    tensors: list[Tensor | None] = []
    for part in index:
        if type(part) is Tensor:
            array = part.array
            if type(array) is not type(x) or array.dtype != _NUMBERS or not array.ndim:
                return None
            tensors.append(part)
        elif type(part) is slice and part == _FULL:
            tensors.append(None)
        else:
            return None
    while tensors[-1] is None:
        tensors.pop()
    return tensors


def _as_tuple(index: Any) -> Sequence[Any]:
    """The parts of an index. Lists of something else than numbers stand for tuples, too."""
    if isinstance(index, tuple):
        return index
    if isinstance(index, (list, range)) and len(index) < 32:
        nested = (Tensor, np.ndarray, list, tuple, range, slice, str, type(None), type(Ellipsis))
        if any(isinstance(part, nested) for part in index):
            warnings.warn(
                "Using a non-tuple sequence for multidimensional indexing is deprecated; use "
                "x[tuple(seq)] instead of x[seq].",
                UserWarning,
                stacklevel=4,
            )
            return index
    return (index,)


def _checked_part(self: Tensor, part: Any) -> Any:
    """A part as an int, a slice, None, Ellipsis, or a tensor: a mask or of int64."""
    if _is_plain(part):
        return part
    if type(part) is Tensor and type(part.array) is type(self.array) and part.array.ndim:
        if part.array.dtype in _INDICES:
            return part
    if isinstance(part, slice):
        return _checked_slice(part)
    if isinstance(part, (bool, np.bool_)):
        return wrap(np.asarray(part)).to(self.device)
    if isinstance(part, (int, np.integer)):
        return int(part)
    if isinstance(part, (list, tuple, range, np.ndarray)):
        part = _index_tensor(self, part)
    if not isinstance(part, Tensor):
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are "
            f"valid indices (got {type(part).__name__})"
        )
    if part.array.ndim == 0 and part.dtype.category == INTEGER and part.dtype is not uint8:
        return int(part.item())
    if part.dtype not in (bool_, uint8, int64, int32):
        raise IndexError(
            f"tensors used as indices must be long, int, byte or bool tensors, not {part.dtype}"
        )
    if type(part.array) is not type(self.array):
        part = _index_beside(self, part)
    if part.dtype is int32:
        return part.to(int64)
    return part.to(bool_) if part.dtype is uint8 else part  # PyTorch's masks of old


def _checked_slice(part: slice) -> slice:
    bounds = (part.start, part.stop, part.step)
    try:
        start, stop, step = (None if b is None else operator.index(b) for b in bounds)
    except TypeError:
        if any(isinstance(bound, Tensor) for bound in bounds):
            raise
        raise TypeError(
            "slice indices must be integers or None or have an __index__ method"
        ) from None
    if step is not None and step <= 0:
        raise ValueError("step must be greater than zero" if step else "slice step cannot be zero")
    return slice(start, stop, step)


def _index_tensor(self: Tensor, part: Any) -> Tensor:
    """The tensor that a sequence of numbers stands for."""
    try:
        array = np.asarray(part)
    except ValueError:  # lists of different lengths
        array = np.asarray(None)
    if array.dtype.kind == "O":
        return creation.tensor(part, device=self.device)
    if array.size == 0 or array.dtype.kind in "iu" and array.dtype != np.uint8:
        array = array.astype("int64")
    elif array.dtype.kind in "iu" and not isinstance(part, np.ndarray):
        array = array.astype("int64")
    return wrap(array).to(self.device)


def _index_beside(self: Tensor, index: Tensor) -> Tensor:
    """An index tensor of the CPU where the indexed one is; others must be there."""
    if not table_of(index).is_host:
        raise OperationError(
            "indices should be either on cpu or on the same device as the indexed tensor "
            f"({self.device}), not on {index.device}"
        )
    return index.to(self.device)


def _split(self: Tensor, parts: list[Any]) -> tuple[tuple[Any, ...], list[Tensor | None]]:
    """`_parse` for parts that are in order each."""
    shape = self.array.shape
    taken = [_taken(part) for part in parts]  # dimensions of the indexed tensor
    rest = len(shape) - sum(taken)  # what the first ellipsis stands for
    if rest < 0:
        raise IndexError(
            f"too many indices for tensor of dimension {len(shape)} (shape {tuple(shape)}, "
            f"{sum(taken)} indices)"
        )
    view: list[Any] = []
    tensors: list[Tensor | None] = []
    dim = 0
    for part, count in zip(parts, taken, strict=True):
        if part is Ellipsis:
            view += [_FULL] * rest
            tensors += [None] * rest
            dim += rest
            rest = 0
        elif isinstance(part, Tensor):
            if count != 1 or part.array.dtype == _MASK:
                _check_mask(part, shape, dim)
            view += [_FULL] * count or [None]
            tensors.append(part if part.array.ndim else part.reshape(1))
        else:
            view.append(part)
            if type(part) is not int:
                tensors.append(None)
        dim += count
    while tensors and tensors[-1] is None:
        tensors.pop()
    if tensors and all([part is _FULL or part == _FULL for part in view]):
        view = []
    return tuple(view), tensors


def _taken(part: Any) -> int:
    """How many dimensions of the indexed tensor a part speaks of."""
    if part is None or part is Ellipsis:
        return 0
    if isinstance(part, Tensor) and part.array.dtype == _MASK:
        return part.array.ndim
    return 1


def _check_mask(mask: Tensor, shape: tuple[int, ...], dim: int) -> None:
    for i, length in enumerate(mask.array.shape):
        if length != shape[dim + i]:
            raise IndexError(
                f"The shape of the mask {list(mask.array.shape)} at index {i} does not match the "
                f"shape of the indexed tensor {list(shape)} at index {dim + i}"
            )


# ---- reading and writing


def _getitem(self: Tensor, index: Any) -> Tensor:
    if type(index) is slice and _is_plain(index):  # the hottest of all
        return Slice.apply(self, (index,))
    view, tensors = _parse(self, index)
    part = self
    try:
        if view or not tensors:
            kind = Select if len(view) == 1 and type(view[0]) is int else Slice
            part = kind.apply(self, view)
        return Index.apply(part, *tensors) if tensors else part
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
    view, tensors = _parse(self, index)
    if not isinstance(value, (Tensor, int, float, complex)):
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
    """A value of NumPy's or a sequence; PyTorch's words for what makes no tensor."""
    if isinstance(value, (np.ndarray, np.generic, list, tuple)):
        return self.new_tensor(value)
    raise TypeError(f"can't assign a {type(value).__name__} to a {self.type()}")


def _write(self: Tensor, view: tuple[Any, ...], value: Any) -> bool:
    """Writes a view's elements without making a tensor of it; False where somebody watches.

    That takes half of the time: x[i] = 1.0 in 2.6 us.
    """
    if launch.recorder is not None:
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
        table.fill(place, checked(value, array.dtype))
    else:
        source = value.array
        if type(source) is not type(array) or source.ndim and source.shape != place.shape:
            return False
        table.copy(place, source)
    self.bump_version()
    return True


def _fill(part: Tensor, value: Any) -> None:
    if isinstance(value, Tensor):
        part.copy_(_without_leading_ones(value, part.array.ndim))
    else:
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
    if last is not None and last.array.dtype == _MASK and (not given or value.array.size == 1):
        if not any([index is not None for index in before]):
            _fill_masked(part, len(before), last, value)
            return
    if not given:
        value = full_like_number(checked(value, part.array.dtype), part.dtype, part)
    elif value.array.ndim > 1 and value.array.shape[0] == 1:
        ones = [n == 1 for n in value.array.shape]
        value = _without_leading_ones(value, len(ones) - (*ones, False).index(False))
    _index_put(part, tensors, value, False)


def _fill_masked(part: Tensor, dim: int, mask: Tensor, value: Any) -> None:
    """One value where a mask of the dimensions from `dim` on is true: no places need be found."""
    behind = part.array.ndim - dim - mask.array.ndim
    if behind:
        mask = mask.reshape(*mask.array.shape, *[1] * behind)
    if not isinstance(value, Tensor):
        value = checked(value, part.array.dtype)
    elif value.array.ndim:
        value = value.reshape(())
    fill_masked(part, mask, value)


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
    view, tensors = _split(self, [_checked_part(self, part) for part in parts])
    part = Slice.apply(self, view) if view else self
    try:
        _index_put(part, tensors, values, bool(accumulate))
    except IndexError as error:
        raise _index_error(part, error) from error
    return self


def _is_whole_number(index: Tensor) -> bool:
    return index.array.ndim == 0 and index.dtype.category == INTEGER


@operation
def index_put(
    input: Tensor, indices: Sequence[Tensor], values: Tensor, accumulate: bool = False
) -> Tensor:
    """A copy of `input` with `values` at the places that `indices` name; see `index_put_`."""
    return input.clone().index_put_(indices, values, accumulate)
