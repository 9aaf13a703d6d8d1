"""The tensor: an array with a place in the autograd graph.

This file holds what a tensor is, and imports nothing that stands on it. What can be done with a
tensor is attached as methods by those who do it: `ops/`, one file per family, the constructor among
them (`ops/from_data.py`), `autograd/` (`backward`) and `printing.py` (`repr`).
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np

from .device import device as Device
from .dtype import COMPLEX, FLOATING, INTEGER, bfloat16, category_of
from .dtype import dtype as DType
from .grad_mode import state
from .hooks import RemovableHandle
from .kernels import launch
from .kernels.launch import kernels as kernel_tables
from .kernels.launch import watchers
from .layout import layout as Layout
from .layout import strided
from .size import Size

if TYPE_CHECKING:
    from .autograd.view import View
    from .methods import Methods
else:
    Methods = object  # the operations attach what the stub says


class Tensor(Methods):
    """An n-dimensional array of one dtype, on one device, that gradients can flow through.

    `torch.tensor(data)` and the other factory functions make tensors. `array` is the NumPy or CuPy
    array underneath; whoever writes into it directly calls `bump_version()` afterwards.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    # The slots are what every operation touches; the rest stands as defaults on the class, and
    # makes the instance's dictionary only where it is set. A wrap takes 0.2 us that way.
    __slots__ = ("array", "_requires_grad", "_grad_fn", "_view", "__dict__", "__weakref__")

    array: Any
    _grad: Tensor | None = None
    _requires_grad: bool | None  # None: made within `inference_mode`
    _grad_fn: Any
    _view: View | None
    _output_number = 0
    # [version], shared by the tensors that share memory; with a list of mirrors where there are any
    _counter: list[Any] | None = None
    _mirrored: Tensor | None = None
    _hooks: dict[int, Callable[..., Any]] | None = None  # of a leaf; a node holds the others'
    _post_accumulate_hooks: dict[int, Callable[..., Any]] | None = None
    _retains_grad = False
    _is_inference_leaf = False  # made within `inference_mode`, and requires a gradient

    if TYPE_CHECKING:  # attached, as the operations are

        def __new__(cls, *data: Any, device: Any = None) -> Self: ...

        @classmethod
        def __torch_function__(
            cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any: ...

    # ---- what it is

    @property
    def shape(self) -> Size:
        return Size(self.array.shape)

    @property
    def dtype(self) -> DType:
        return DType.from_numpy(self.array.dtype)

    @property
    def device(self) -> Device:
        return kernel_tables[type(self.array)].device_of(self.array)

    @property
    def layout(self) -> Layout:
        return strided

    @property
    def ndim(self) -> int:
        return self.array.ndim

    def dim(self) -> int:
        return self.array.ndim

    ndimension = dim

    @overload
    def size(self) -> Size: ...

    @overload
    def size(self, dim: int) -> int: ...

    def size(self, dim: int | None = None) -> Size | int:
        if dim is None:
            return Size(self.array.shape)
        return self.array.shape[wrap_dim(dim, self.array.ndim)]

    def numel(self) -> int:
        return self.array.size

    nelement = numel

    @overload
    def stride(self) -> tuple[int, ...]: ...

    @overload
    def stride(self, dim: int) -> int: ...

    def stride(self, dim: int | None = None) -> tuple[int, ...] | int:
        strides = tuple(s // self.array.itemsize for s in self.array.strides)
        return strides if dim is None else strides[wrap_dim(dim, self.array.ndim)]

    def storage_offset(self) -> int:
        return kernel_tables[type(self.array)].offset_of(self.array) // self.array.itemsize

    def data_ptr(self) -> int:
        # Without memory there is no address: 0, and the place from there. Such memories are as far
        # apart as addresses reach.
        return kernel_tables[type(self.array)].data_pointer(self.array) % 2**64

    def element_size(self) -> int:
        return self.array.itemsize

    @property
    def itemsize(self) -> int:
        return self.array.itemsize

    @property
    def nbytes(self) -> int:
        return self.array.nbytes

    def is_floating_point(self) -> bool:
        return category_of(self.array.dtype) == FLOATING

    def is_complex(self) -> bool:
        return category_of(self.array.dtype) == COMPLEX

    def is_signed(self) -> bool:
        return self.dtype.is_signed

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    @property
    def is_sparse(self) -> bool:
        return False

    @property
    def is_quantized(self) -> bool:
        return False

    def get_device(self) -> int:
        index = self.device.index
        return -1 if index is None else index

    # ---- its place in the graph

    @property
    def requires_grad(self) -> bool:
        if self._view is not None:
            self._view.bring_up_to_date(self)
        return self._requires_grad is True

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if self._grad_fn is not None:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a "
                "computed variable in a subgraph that doesn't require differentiation use "
                "var_no_grad = var.detach()."
            )
        if value and self.dtype.category < FLOATING:
            raise RuntimeError(
                "only Tensors of floating point and complex dtype can require gradients "
                f"(this one is {self.dtype}); convert it with .float() first"
            )
        if self._requires_grad is None:  # an inference tensor
            if not value:
                return
            if not state.inference:
                raise RuntimeError(
                    "Setting requires_grad=True on inference tensor outside InferenceMode is not "
                    "allowed."
                )
            self._is_inference_leaf = True
        self._requires_grad = bool(value)
        launch.structure_changed()

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        if self.grad_fn is None or not requires_grad:
            self.requires_grad = requires_grad
        return self

    @property
    def grad_fn(self) -> Any:
        return self._grad_fn if self.requires_grad else None

    @property
    def is_leaf(self) -> bool:
        return self.grad_fn is None

    @property
    def output_nr(self) -> int:
        return self._output_number

    @property
    def grad(self) -> Tensor | None:
        """The sum of the gradients that `backward` has brought to this leaf.

        >>> import rushlight as torch
        >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
        >>> x.sum().backward()
        >>> x.grad
        tensor([1., 1.])
        """
        if launch.recorder is not None:
            launch.recorder.see_gradient(self, self._grad)
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if launch.recorder is not None:
            launch.recorder.see_gradient_set(self)
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"assigned grad expected to be a Tensor or None but got grad of type "
                    f"{type(value).__name__}"
                )
            if value.device != self.device:
                raise RuntimeError(
                    f"assigned grad has data located on a different device: {value.device} for a "
                    f"tensor on {self.device}"
                )
            if value.array.shape != self.array.shape:
                raise RuntimeError(
                    f"attempting to assign a gradient of size '{list(value.shape)}' to a tensor "
                    f"of size '{list(self.shape)}'. Please ensure that the gradient and the tensor "
                    "are the same size"
                )
            if value.array.dtype != self.array.dtype:
                raise RuntimeError(
                    f"attempting to assign a gradient with dtype '{value.dtype}' to a tensor with "
                    f"dtype '{self.dtype}'. The gradient must match the tensor's dtype"
                )
        self._grad = value

    @property
    def _version(self) -> int:
        if self._requires_grad is None:
            raise RuntimeError("Inference tensors do not track version counter.")
        return 0 if self._counter is None else self._counter[0]

    def counter(self) -> list[Any]:
        """The version counter, made when the first view or change needs one."""
        if self._counter is None:
            self._counter = [0]
        return self._counter

    def bump_version(self) -> None:
        """Says that the memory has changed: saved tensors that share it are stale now."""
        counter = self.counter()
        counter[0] += 1
        if launch.recorder is not None:
            launch.recorder.see_change(counter)

    @property
    def _base(self) -> Tensor | None:
        return None if self._view is None else self._view.base

    def alias(self) -> Tensor:
        """A tensor of the same memory and version, outside the graph.

        >>> import rushlight as torch
        >>> x = torch.tensor([1.0], requires_grad=True)
        >>> (x * 2).detach()
        tensor([2.])
        """
        if launch.recorder is not None:
            launch.recorder.see_tensor(self)
        tensor = wrap(self.array)
        tensor._counter = self.counter()
        if self._requires_grad is None:
            tensor._requires_grad = None
        return tensor

    detach = alias

    def detach_(self) -> Tensor:
        if self._view is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        self._grad_fn = None
        self._requires_grad = self._requires_grad and False
        self._output_number = 0
        return self

    @property
    def data(self) -> Tensor:
        """The same memory, outside the graph and with a version of its own.

        >>> import rushlight as torch
        >>> x = torch.tensor([1.0], requires_grad=True)
        >>> x.data.mul_(5)
        tensor([5.])
        >>> x
        tensor([5.], requires_grad=True)
        """
        if launch.recorder is not None:
            launch.recorder.see_tensor(self)
        return wrap(self.array)

    @data.setter
    def data(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if value.array is not self.array:  # as after `p.data -= ...`
            launch.refuse_record("gives a tensor another array (data = ...)")
        self.array = value.array

    def register_hook(self, hook: Callable[[Tensor], Any]) -> Any:
        """Calls `hook(gradient)` when this tensor's gradient is known; it may return another.

        >>> import rushlight as torch
        >>> x = torch.tensor([1.0], requires_grad=True)
        >>> handle = x.register_hook(lambda grad: grad * 10)
        >>> x.sum().backward()
        >>> x.grad
        tensor([10.])
        """
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self._grad_fn is None:
            if self._hooks is None:
                self._hooks = {}
            return RemovableHandle.add(self._hooks, hook)
        node = self._grad_fn
        if node._hooks is None:
            node._hooks = {}
        return RemovableHandle.add(node._hooks.setdefault(self._output_number, {}), hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> Any:
        """Calls `hook(tensor)` after `backward` has added to this leaf's `grad`.

        >>> import rushlight as torch
        >>> x = torch.tensor([1.0], requires_grad=True)
        >>> handle = x.register_post_accumulate_grad_hook(lambda x: print(x.grad))
        >>> x.sum().backward()
        tensor([1.])
        """
        if not self.is_leaf or not self.requires_grad:
            raise RuntimeError(
                "post accumulate grad hooks cannot be registered on non-leaf tensors"
                if not self.is_leaf
                else "cannot register a hook on a tensor that doesn't require gradient"
            )
        if self._post_accumulate_hooks is None:
            self._post_accumulate_hooks = {}
        return RemovableHandle.add(self._post_accumulate_hooks, hook)

    def retain_grad(self) -> None:
        """Keeps the gradient of a tensor that is not a leaf in `grad`, too.

        >>> import rushlight as torch
        >>> x = torch.tensor([1.0], requires_grad=True)
        >>> y = x * 2
        >>> y.retain_grad()
        >>> (y * 3).sum().backward()
        >>> y.grad
        tensor([3.])
        """
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self.is_leaf or self._retains_grad:
            return
        self._retains_grad = True

        reference = weakref.ref(self)  # the graph must not hold the tensor that holds it

        def keep(gradient: Tensor) -> None:
            tensor = reference()
            if tensor is not None:
                known = tensor._grad
                tensor._grad = gradient.clone() if known is None else known + gradient

        self._last_hook(keep)

    def _last_hook(self, hook: Callable[[Tensor], None]) -> None:
        """Calls `hook` after all others of this result, whenever they are registered."""
        node = self._grad_fn
        node._hooks = node._hooks or {}
        node._hooks.setdefault(self._output_number, {})[math.inf] = hook

    def rebase(self, node: Any, number: int = 0) -> None:
        """Makes output `number` of `node` what this tensor is now, as after a change in place."""
        retained = None
        if self._retains_grad:  # the gradient that is kept is that of the values as they are last
            retained = self._grad_fn._hooks[self._output_number].pop(math.inf)
        self._grad_fn = node
        self._requires_grad = True
        self._output_number = number
        if retained is not None:
            self._last_hook(retained)

    @property
    def retains_grad(self) -> bool:
        return self._retains_grad

    # ---- its values, for Python

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The values as a NumPy array that shares this tensor's memory.

        >>> import rushlight as torch
        >>> x = torch.zeros(2)
        >>> x.numpy()[0] = 1
        >>> x
        tensor([1., 0.])
        """
        if force:
            return self.detach().cpu().numpy()
        if not isinstance(self.array, np.ndarray):
            if launch.batching is not None and launch.batching.is_batched(self.array):
                raise RuntimeError(
                    "vmap: a batched tensor has no array, as its values are those of all "
                    "examples; use operations of tensors, or numpy() outside of vmap"
                )
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to "
                "copy the tensor to host memory first."
            )
        if self.requires_grad:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
                "instead."
            )
        if self.array.dtype == bfloat16.numpy:
            raise TypeError("Got unsupported ScalarType BFloat16; convert with .float() first")
        return self.host_array().view()

    def host_array(self) -> np.ndarray[Any, Any]:
        """The values in a NumPy array, copied from the device if they are there."""
        return kernel_tables[type(self.array)].to_numpy(self.array)

    def item(self) -> Any:
        """The only element, as a Python number.

        >>> import rushlight as torch
        >>> torch.tensor([1.5]).item()
        1.5
        """
        if self.array.size != 1:
            raise RuntimeError(
                f"a Tensor with {self.array.size} elements cannot be converted to Scalar"
            )
        return kernel_tables[type(self.array)].scalar(self.array)

    def tolist(self) -> Any:
        return self.host_array().tolist()

    def __bool__(self) -> bool:
        if self.array.size != 1:
            problem = "no values" if self.array.size == 0 else "more than one value"
            raise RuntimeError(f"Boolean value of Tensor with {problem} is ambiguous")
        return bool(self.item())

    def _number(self) -> Any:
        if self.array.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return self.item()

    def __int__(self) -> int:
        return int(self._number())

    def __float__(self) -> float:
        return float(self._number())

    def __complex__(self) -> complex:
        return complex(self._number())

    def __index__(self) -> int:
        if self.dtype.category > INTEGER or self.array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __len__(self) -> int:
        if self.array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return self.array.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if self.array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    __hash__ = object.__hash__

    def __format__(self, specification: str) -> str:
        if self.array.ndim == 0 and type(self) is Tensor and not self.is_meta:
            return format(self.item(), specification)
        return object.__format__(self, specification)


_new = object.__new__


def wrap(array: Any, cls: type[Tensor] = Tensor) -> Any:
    """A tensor around an array: no copy, no record."""
    tensor = _new(cls)
    tensor.array = array
    tensor._requires_grad = False
    tensor._grad_fn = None
    tensor._view = None
    if watchers and state.inference:
        tensor._requires_grad = None
    return tensor


def version_of(tensor: Tensor) -> int:
    """How often the tensor's memory has changed in place."""
    return 0 if tensor._counter is None else tensor._counter[0]


def wrap_dim(dim: int, ndim: int) -> int:
    """A dimension counted from the end made non-negative; IndexError when there is none such."""
    try:
        if 0 <= dim < ndim:  # the usual case; max() alone would take as long as all else
            return dim
    except TypeError as error:
        raise TypeError(f"dim must be an int, not {dim!r}") from error
    limit = ndim or 1
    if not -limit <= dim < limit:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-limit}, {limit - 1}], "
            f"but got {dim})"
        )
    return dim % limit
