"""What stands between the brackets of x[...], in order: what makes a view, and index tensors."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dtype import INTEGER, int32, int64, uint8
from ..dtype import bool as bool_
from ..errors import OperationError
from ..kernels import launch
from ..kernels.devices import find_table
from ..tensor import Tensor, wrap
from . import from_data
from .common import table_of
from .indexing import nonzero

_WHOLE = frozenset({int, type(None)})
_PLAIN = frozenset({int, type(None), type(Ellipsis)})
_FULL = slice(None)
_INDICES = MASK, _NUMBERS = bool_.numpy, int64.numpy


def is_plain(part: Any) -> bool:
    """Whether a part of an index needs no look at its values: the shortest way for most views."""
    kind = type(part)
    if kind is slice:
        return part.step is None and type(part.start) in _WHOLE and type(part.stop) in _WHOLE
    return kind in _PLAIN


def parse(self: Tensor, index: Any) -> tuple[tuple[Any, ...], list[Tensor | None]]:
    """What makes a view, then the tensors that index the view; either may be empty.

    Of a 0-d mask the view has a dimension of length 1, and the mask says whether that is there.
    """
    if self.array.ndim == 0 and type(index) is int:
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
            "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
        )
    if type(index) is not tuple and is_plain(index):
        return (index,), []
    if type(index) is tuple and all([is_plain(part) for part in index]):
        # The library takes one ellipsis.
        if sum([part is Ellipsis for part in index]) < 2:
            return index, []
    if type(index) is Tensor and _fits(index.array, self.array):
        return (), [index]
    if type(index) is tuple:
        usual = _usual(index, self.array)
        if usual is not None:
            return (), usual
    return split(self, [checked_part(self, part) for part in _as_tuple(index)])


def _fits(index: Any, x: Any) -> bool:
    """Whether a single index is of the usual kind, which needs no further look: it takes 2 us."""
    if type(index) is not type(x) or not index.ndim:
        return False
    if index.dtype == MASK:
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
                stacklevel=5,  # of who writes the brackets
            )
            return index
    return (index,)


def checked_part(self: Tensor, part: Any) -> Any:
    """A part as an int, a slice, None, Ellipsis, or a tensor: a mask or of int64."""
    if is_plain(part):
        return part
    if type(part) is Tensor and type(part.array) is type(self.array) and part.array.ndim:
        if part.array.dtype in _INDICES:
            return part
    if isinstance(part, slice):
        return _checked_slice(part)
    if isinstance(part, (bool, np.bool_)):
        return _on_device_of(self, np.asarray(part))
    if isinstance(part, (int, np.integer)):
        return int(part)
    if isinstance(part, (list, tuple, range, np.ndarray)):
        part = _index_tensor(self, part)
    if not isinstance(part, Tensor):
        if isinstance(part, str):
            raise TypeError(
                "only integers, slices (`:`), ellipsis (`...`), None and tensors are valid "
                f"indices, and no strings (got {part!r})"
            )
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are "
            f"valid indices (got {type(part).__name__})"
        )
    is_number = part.array.ndim == 0 and part.dtype.category == INTEGER and part.dtype is not uint8
    if is_number and (launch.batching is None or not launch.batching.is_batched(part.array)):
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
        return from_data.tensor(part, device=self.device)
    if array.size == 0 or array.dtype.kind in "iu" and array.dtype != np.uint8:
        array = array.astype("int64")
    elif array.dtype.kind in "iu" and not isinstance(part, np.ndarray):
        array = array.astype("int64")
    return _on_device_of(self, array)


def _on_device_of(self: Tensor, array: Any) -> Tensor:
    """A host array's values where a tensor is; the table of a batch is no device's. A mask stays
    on the host, which knows how many elements it names (see `split`)."""
    if array.dtype == MASK:
        return wrap(array)
    table = table_of(self) if launch.batching is None else find_table(self.device)
    return wrap(table.from_numpy(array))


def _index_beside(self: Tensor, index: Tensor) -> Tensor:
    """An index tensor of the CPU where the indexed one is; others must be there. Masks stay."""
    if index.device == self.device:  # one of them is a batch's
        return index
    if not table_of(index).is_host:
        raise OperationError(
            "indices should be either on cpu or on the same device as the indexed tensor "
            f"({self.device}), not on {index.device}"
        )
    return index if index.dtype in (bool_, uint8) else index.to(self.device)


def split(self: Tensor, parts: list[Any]) -> tuple[tuple[Any, ...], list[Tensor | None]]:
    """`parse` for parts that are in order each."""
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
            if count != 1 or part.array.dtype == MASK:
                _check_mask(part, shape, dim)
            view += [_FULL] * count or [None]
            is_single_mask = part.array.ndim == 0 and part.array.dtype == MASK
            part = part.reshape(1) if is_single_mask else part
            if type(part.array) is type(self.array) or part.device == self.device:
                tensors.append(part)
            else:  # a mask on the host
                tensors += [numbers.to(self.device) for numbers in nonzero(part, as_tuple=True)]
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
    if isinstance(part, Tensor) and part.array.dtype == MASK:
        return part.array.ndim
    return 1


def _check_mask(mask: Tensor, shape: tuple[int, ...], dim: int) -> None:
    for i, length in enumerate(mask.array.shape):
        if length != shape[dim + i]:
            raise IndexError(
                f"The shape of the mask {list(mask.array.shape)} at index {i} does not match the "
                f"shape of the indexed tensor {list(shape)} at index {dim + i}"
            )
