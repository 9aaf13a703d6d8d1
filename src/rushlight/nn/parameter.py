"""Tensors that a module registers when they are assigned to it."""

from __future__ import annotations

from typing import Any

from ..kernels.launch import kernels as kernel_tables
from ..kernels.launch import structure_changed
from ..tensor import Tensor, wrap
from ..torch_function import disabled_torch_function, is_overriding, plain_classes


class _Kind(type):
    """The class of `Parameter` and `Buffer`: what was made of a tensor whose class overrides
    functions is an instance of both. It keeps its own class, and the mark says what it is, too."""

    mark: str

    def __instancecheck__(cls, instance: Any) -> bool:
        if type.__instancecheck__(cls, instance):
            return True
        # No other class is asked: a proxy of a tracer would have an answer.
        is_marked = isinstance(instance, Tensor) and "mark" in cls.__dict__
        return is_marked and getattr(instance, cls.mark, False)


class Parameter(Tensor, metaclass=_Kind):
    """A tensor that is trained: assigned to a module, it becomes one of its parameters.

    It shares the memory of `data` and, unlike a result of operations, requires a gradient even
    when it is made under `no_grad`.

    >>> import rushlight as torch
    >>> torch.nn.Parameter(torch.ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    __slots__ = ()

    mark = "_is_param"
    __torch_function__ = staticmethod(disabled_torch_function)  # type: ignore[assignment]

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        return _made_of(cls, data, requires_grad, Parameter)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        """A parameter of the same values; the gradient is not copied."""
        if id(self) not in memo:
            memo[id(self)] = type(self)(_copied(self), self.requires_grad)
        return memo[id(self)]

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor, metaclass=_Kind):
    """A tensor that assignment to a module registers as a buffer: state that is not trained.

    >>> import rushlight as torch
    >>> module = torch.nn.Module()
    >>> module.mean = torch.nn.Buffer(torch.zeros(1))
    >>> list(module.named_buffers())
    [('mean', tensor([0.]))]
    """

    __slots__ = ()

    mark = "_is_buffer"
    persistent: bool = True
    __torch_function__ = staticmethod(disabled_torch_function)  # type: ignore[assignment]

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Buffer:
        buffer = _made_of(cls, data, False, Buffer)
        buffer.persistent = persistent
        return buffer

    def __deepcopy__(self, memo: dict[int, Any]) -> Buffer:
        if id(self) not in memo:
            memo[id(self)] = type(self)(_copied(self), persistent=self.persistent)
        return memo[id(self)]


plain_classes.update((Parameter, Buffer))


class UninitializedTensorMixin:
    """What has no size yet: the parameters and buffers of a lazy module before its first call.

    It has a dtype and a device, which `to` changes; other operations raise ValueError, as they
    would compute with nothing.

    >>> from rushlight import nn
    >>> isinstance(nn.LazyLinear(3).weight, nn.parameter.UninitializedTensorMixin)
    True
    """

    __slots__ = ()

    cls_to_become: type[Tensor]
    _allowed_methods = (
        "__hash__", "size", "copy_", "is_complex", "is_floating_point", "half", "float", "double",
        "char", "short", "int", "long", "cuda", "cpu", "to", "get_device",
    )  # fmt: skip

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Gives it memory of this shape, which holds whatever stood there, and its true class."""
        from ..ops.creation import empty

        tensor: Any = self
        made = empty(
            shape,
            device=tensor.device if device is None else device,
            dtype=tensor.dtype if dtype is None else dtype,
        )
        tensor.__class__ = self.cls_to_become
        tensor.data = made
        structure_changed()

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually "
            "happens in `load_state_dict` when trying to load an uninitialized parameter into an "
            "initialized one. Call `forward` to initialize the parameters before accessing their "
            "attributes."
        )

    def share_memory_(self) -> Any:
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to "
            "initialize the parameters before calling `module.share_memory()`."
        )

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self: Any, protocol: Any) -> Any:
        return type(self), (self.requires_grad,)

    def __deepcopy__(self: Any, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, self.device, self.dtype)
        return memo[id(self)]

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        is_property = type(func).__name__ == "method-wrapper"
        if is_property or (
            name in cls._allowed_methods and func is getattr(Tensor, name, None)
        ):
            return disabled_torch_function(func, types, args, kwargs)
        raise ValueError(
            f"Attempted to use an uninitialized parameter in {func}. This error happens when you "
            "are using a `LazyModule` or explicitly manipulating "
            f"`torch.nn.parameter.{cls.__name__}` objects. When using LazyModules Call `forward` "
            "with a dummy batch to initialize the parameters before calling torch functions"
        )


class UninitializedParameter(UninitializedTensorMixin, Parameter):  # type: ignore[misc]
    """A parameter whose size the first call of its module says; `materialize` makes it one.

    >>> import rushlight as torch
    >>> weight = torch.nn.UninitializedParameter()
    >>> weight
    <UninitializedParameter>
    >>> weight.materialize((2, 3))
    >>> type(weight).__name__, weight.shape
    ('Parameter', torch.Size([2, 3]))
    """

    __slots__ = ()

    cls_to_become = Parameter

    def __new__(
        cls, requires_grad: bool = True, device: Any = None, dtype: Any = None
    ) -> UninitializedParameter:
        return _without_size(cls, requires_grad, device, dtype)


class UninitializedBuffer(UninitializedTensorMixin, Tensor):
    """A buffer whose size the first call of its module says; `materialize` makes it a tensor.

    >>> from rushlight import nn
    >>> mean = nn.UninitializedBuffer()
    >>> mean.materialize((3,))
    >>> type(mean).__name__, mean.shape
    ('Tensor', torch.Size([3]))
    """

    __slots__ = ()

    cls_to_become = Tensor

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None,
        persistent: bool = True,
    ) -> UninitializedBuffer:  # fmt: skip
        buffer = _without_size(cls, requires_grad, device, dtype)
        buffer.persistent = persistent
        setattr(buffer, Buffer.mark, True)
        return buffer


def is_lazy(param: Any) -> bool:
    """Whether a parameter or buffer has no size yet.

    >>> from rushlight import nn
    >>> nn.parameter.is_lazy(nn.LazyLinear(3).weight), nn.parameter.is_lazy(nn.Linear(2, 3).weight)
    (True, False)
    """
    return isinstance(param, UninitializedTensorMixin)


def _without_size(cls: type[Tensor], requires_grad: bool, device: Any, dtype: Any) -> Any:
    from ..ops.creation import empty

    made = wrap(empty(0, device=device, dtype=dtype).array, cls)
    made.requires_grad = requires_grad
    return made


def _made_of(cls: type[Tensor], data: Tensor | None, requires_grad: bool, kind: Any) -> Any:
    """A leaf that shares the memory of `data`: of `cls`, or of the class of `data` if that
    overrides functions, and then marked as one of `kind`."""
    if data is None:
        from ..ops.creation import empty

        data = empty(0)
    if not isinstance(data, Tensor):
        raise TypeError(f"{cls.__name__}: expected a Tensor as data, got {type(data).__name__}")
    if not is_overriding(type(data)):
        made = wrap(data.array, cls)
        if data._requires_grad is None:
            made._requires_grad = None
        made.requires_grad = requires_grad
        return made
    made = data.detach().requires_grad_(requires_grad)
    if type(made) is not type(data):
        raise RuntimeError(
            f"Creating a {kind.__name__} from an instance of type {type(data).__name__} requires "
            "that detach() returns an instance of the same type, but return type "
            f"{type(made).__name__} was found instead. To use the type as a {kind.__name__}, "
            "please correct the detach() semantics defined by its __torch_function__() "
            "implementation."
        )
    setattr(made, kind.mark, True)
    return made


def _copied(tensor: Tensor) -> Tensor:
    return wrap(kernel_tables[type(tensor.array)].clone(tensor.array, "K"))
