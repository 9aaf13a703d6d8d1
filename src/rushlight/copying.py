"""Copies of tensors as Python's objects, and of the memory that several of them share: once."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from .dtype import with_own_dtype
from .kernels import launch
from .kernels.launch import kernels as kernel_tables
from .tensor import Tensor, wrap


def _deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    if id(self) in memo:
        return memo[id(self)]
    if self._grad_fn is not None:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
            "protocol at the moment. If you were attempting to deepcopy a module, this may be "
            "because of a tensor attribute that is not a leaf; detach() it first."
        )
    array = None if launch.recorder else copy_in_memory(self.array, memo)
    if array is None:
        array = kernel_tables[type(self.array)].clone(self.array, "K")
    result = wrap(array, type(self))
    memo[id(self)] = result
    if self._requires_grad:
        result.requires_grad = True
    if self._grad is not None:
        result._grad = copy.deepcopy(self._grad, memo)
    return result


def _reduce(self: Tensor, protocol: Any) -> Any:
    array = self.array if self.is_meta else self.host_array()
    # The class of tensors is "torch.Tensor" where Rushlight stands in for PyTorch.
    kind = None if type(self) is Tensor else type(self)
    return _rebuild, (kind, array, str(self.device), self._requires_grad is True)


def _rebuild(cls: type[Tensor] | None, array: Any, device: str, requires_grad: bool) -> Tensor:
    if isinstance(array, np.ndarray):
        array = with_own_dtype(array)
    tensor = wrap(wrap(array).to(device).array, cls or Tensor)
    if requires_grad:
        tensor.requires_grad = True
    return tensor


setattr(Tensor, "__deepcopy__", _deepcopy)  # noqa: B010
setattr(Tensor, "__reduce_ex__", _reduce)  # noqa: B010


def copy_in_memory(array: Any, memo: dict[int, Any]) -> Any:
    """A copy of a host array's whole memory, seen as the array sees it; None where it cannot be.

    `memo` is `copy.deepcopy`'s, so that two arrays of one memory share that of their copies.

    >>> import copy
    >>> import rushlight as torch
    >>> x = torch.zeros(3)
    >>> whole, part = copy.deepcopy([x, x[1:]])
    >>> part[0] = 7
    >>> whole
    tensor([0., 7., 0.])
    """
    if type(array) is not np.ndarray:
        return None
    owner = array
    while (below := _below(owner)) is not None:
        owner = below
    copied = copy.deepcopy(owner, memo)
    if copied.strides != owner.strides or owner.nbytes == 0:  # with gaps between its elements
        return None
    offset = _address(array) - _address(owner)
    memory = copied.ravel("K").view(np.uint8)
    return np.ndarray(array.shape, array.dtype, memory, offset, array.strides)


def _below(array: Any) -> Any:
    """The array whose memory another one sees. NumPy's `as_strided` puts an object in between."""
    base = array.base
    if type(base) is not np.ndarray:
        base = getattr(base, "base", None)
    return base if type(base) is np.ndarray else None


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])
