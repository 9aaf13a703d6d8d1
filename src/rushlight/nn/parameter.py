"""Tensors that a module registers when they are assigned to it."""

from __future__ import annotations

from typing import Any

from ..kernels.launch import kernels as kernel_tables
from ..tensor import Tensor, wrap


class Parameter(Tensor):
    """A tensor that is trained: assigned to a module, it becomes one of its parameters.

    It shares the memory of `data` and, unlike a result of operations, requires a gradient even
    when it is made under `no_grad`.

    >>> import rushlight as torch
    >>> torch.nn.Parameter(torch.ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    __slots__ = ()

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        parameter = _wrap_data(cls, data)
        parameter.requires_grad = requires_grad
        return parameter

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        """A parameter of the same values; the gradient is not copied."""
        if id(self) not in memo:
            memo[id(self)] = type(self)(_copied(self), self.requires_grad)
        return memo[id(self)]

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    """A tensor that assignment to a module registers as a buffer: state that is not trained.

    >>> import rushlight as torch
    >>> module = torch.nn.Module()
    >>> module.mean = torch.nn.Buffer(torch.zeros(1))
    >>> list(module.named_buffers())
    [('mean', tensor([0.]))]
    """

    __slots__ = ()

    persistent: bool = True

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Buffer:
        buffer = _wrap_data(cls, data)
        buffer.persistent = persistent
        return buffer

    def __deepcopy__(self, memo: dict[int, Any]) -> Buffer:
        if id(self) not in memo:
            memo[id(self)] = type(self)(_copied(self), persistent=self.persistent)
        return memo[id(self)]


def _wrap_data(cls: type[Tensor], data: Tensor | None) -> Any:
    if data is None:
        from ..ops.creation import empty

        data = empty(0)
    if not isinstance(data, Tensor):
        raise TypeError(f"{cls.__name__}: expected a Tensor as data, got {type(data).__name__}")
    return wrap(data.array, cls)


def _copied(tensor: Tensor) -> Tensor:
    return wrap(kernel_tables[type(tensor.array)].clone(tensor.array, "K"))
