"""What a tensor is, as functions of torch's, and the kinds of tensors that none is here."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .common import methods
from .declare import operation


@operation(method=False)
def is_floating_point(input: Tensor) -> bool:
    """Whether the elements are real numbers with a fraction.

    >>> import rushlight as torch
    >>> torch.is_floating_point(torch.ones(2)), torch.is_floating_point(torch.arange(2))
    (True, False)
    """
    return input.is_floating_point()


@operation(method=False)
def is_complex(input: Tensor) -> bool:
    """Whether the elements are complex numbers.

    >>> import rushlight as torch
    >>> torch.is_complex(torch.ones(2)), torch.is_complex(torch.tensor(1j))
    (False, True)
    """
    return input.is_complex()


@operation(method=False)
def is_signed(input: Tensor) -> bool:
    """Whether the dtype has negative numbers.

    >>> import rushlight as torch
    >>> torch.is_signed(torch.ones(2)), torch.is_signed(torch.ones(2, dtype=torch.uint8))
    (True, False)
    """
    return input.is_signed()


@operation(method=False)
def get_device(input: Tensor) -> int:
    """The number of the device; -1 for the CPU.

    >>> import rushlight as torch
    >>> torch.get_device(torch.ones(2))
    -1
    """
    return input.get_device()


@operation
def is_nonzero(input: Tensor) -> bool:
    """Whether the only element is not zero.

    >>> import rushlight as torch
    >>> torch.is_nonzero(torch.tensor([0.0])), torch.is_nonzero(torch.tensor([2.0]))
    (False, True)
    """
    if input.array.size != 1:
        problem = "no values" if input.array.size == 0 else "more than one value"
        raise RuntimeError(f"Boolean value of Tensor with {problem} is ambiguous")
    return bool(input.item())


@operation
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape.

    >>> import rushlight as torch
    >>> torch.is_same_size(torch.ones(2, 3), torch.zeros(2, 3))
    True
    """
    return input.array.shape == other.array.shape


@operation
def is_conj(input: Tensor) -> bool:
    """False: conjugates are computed at once here.

    >>> import rushlight as torch
    >>> torch.tensor([1 + 2j]).is_conj()
    False
    """
    return False


@operation
def is_neg(input: Tensor) -> bool:
    """False: negatives are computed at once here.

    >>> import rushlight as torch
    >>> torch.tensor([1.0]).is_neg()
    False
    """
    return False


@operation
def is_distributed(input: Tensor) -> bool:
    """False: a tensor is on one device.

    >>> import rushlight as torch
    >>> torch.tensor([1.0]).is_distributed()
    False
    """
    return False


@operation(method=False)
def detach(input: Tensor) -> Tensor:
    """A tensor of the same memory, outside the graph.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0], requires_grad=True)
    >>> torch.detach(x * 2).requires_grad
    False
    """
    return input.detach()


@operation(method=False)
def detach_(input: Tensor) -> Tensor:
    """Takes the tensor itself out of the graph.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0], requires_grad=True) * 2
    >>> torch.detach_(x).requires_grad, x.is_leaf
    (False, True)
    """
    return input.detach_()


@operation
def is_inference(input: Tensor) -> bool:
    """Whether the tensor was made within `torch.inference_mode`.

    >>> import rushlight as torch
    >>> with torch.inference_mode():
    ...     x = torch.zeros(2)
    >>> torch.is_inference(x), torch.zeros(2).is_inference()
    (True, False)
    """
    return input._requires_grad is None or input._is_inference_leaf


def _is_pinned(self: Tensor, device: Any = None) -> bool:
    """False: transfers to a GPU copy from ordinary memory.

    >>> import rushlight as torch
    >>> torch.tensor([1.0]).is_pinned()
    False
    """
    return False


def _to_dense(self: Tensor, dtype: Any = None, *, masked_grad: bool = True) -> Tensor:
    """The tensor itself, which is dense, in another dtype if one is given.

    >>> import rushlight as torch
    >>> torch.tensor([1, 2]).to_dense()
    tensor([1, 2])
    """
    return self if dtype is None else self.to(dtype)


def _new(self: Tensor, *data: Any, device: Any = None) -> Tensor:
    """`torch.Tensor(...)` of this tensor's dtype and on its device: sizes, or data.

    >>> import rushlight as torch
    >>> x = torch.zeros(3, dtype=torch.float64)
    >>> x.new([1, 2]), x.new(2, 3).shape
    (tensor([1., 2.], dtype=torch.float64), torch.Size([2, 3]))
    """
    if len(data) == 1 and not isinstance(data[0], (int, Tensor)) and not hasattr(data[0], "numel"):
        return self.new_tensor(data[0], device=device)
    if len(data) == 1 and isinstance(data[0], Tensor):
        if data[0].dtype is not self.dtype:
            raise TypeError(
                f"expected {self.type()} (got {data[0].type()}); convert it with .to() first"
            )
        return data[0].alias()
    return self.new_empty(*(data or (0,)), device=device)


def _type_property(place: str) -> property:
    def is_there(self: Tensor) -> bool:
        return self.device.type == place

    is_there.__doc__ = f"Whether the tensor is on a device of type {place}."
    return property(is_there)


def _never(self: Tensor) -> bool:
    """False: dense tensors are none of these.

    >>> import rushlight as torch
    >>> torch.tensor([1.0]).is_nested
    False
    """
    return False


methods(
    is_pinned=_is_pinned, to_dense=_to_dense, new=_new,
    const_data_ptr=Tensor.data_ptr, is_sparse_csr=property(_never),
    is_nested=property(_never), is_mkldnn=property(_never),
    **{f"is_{place}": _type_property(place) for place in (
        "cpu", "meta", "mps", "mtia", "xla", "xpu", "ipu", "maia", "vulkan",
    )},
)  # fmt: skip
