"""The context in which operations choose the dtypes that they compute in."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar, cast, overload

from ..autocast_state import Settings, leave, restored, set_enabled, state
from ..cuda import is_available as is_cuda_available
from ..dtype import bfloat16, float16, float64
from ..dtype import dtype as DType
from ..errors import OperationError
from ..tensor import Tensor

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])

_HALVES = (bfloat16, float16)


def is_autocast_available(device_type: str) -> bool:
    """Whether there is an autocast for a kind of device.

    >>> import rushlight as torch
    >>> torch.amp.is_autocast_available("cpu"), torch.amp.is_autocast_available("meta")
    (True, False)
    """
    return device_type in state.enabled


class autocast:
    """A context, or a decorator, in which matrix products and convolutions run in 16 bits.

    `dtype` is bfloat16 on the CPU and float16 on CUDA where it is not given. Inside, matrix
    products, convolutions, attention and `prelu` take their arguments in that dtype; losses,
    Fourier transforms, decompositions and their like in float32; `cat`, `stack` and `index_copy` in
    the widest of their arguments' dtypes; everything else in the dtypes that it meets. Parameters
    are cast once for all calls within the outermost context unless `cache_enabled` is False, and
    their gradients arrive in their own dtype. float64 is left alone. The backward is called
    outside.

    >>> import rushlight as torch
    >>> net = torch.nn.Linear(3, 2)
    >>> with torch.autocast("cpu", dtype=torch.bfloat16):
    ...     y = net(torch.ones(1, 3))
    ...     loss = torch.nn.functional.mse_loss(y, torch.zeros(1, 2))
    >>> y.dtype, loss.dtype
    (torch.bfloat16, torch.float32)
    >>> loss.backward()
    >>> net.weight.grad.dtype
    torch.float32
    """

    def __init__(
        self, device_type: str, dtype: DType | None = None, enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:  # fmt: skip
        _check_kind(device_type, "autocast")
        self.device = device_type
        self.fast_dtype = state.dtypes[device_type] if dtype is None else dtype
        if not isinstance(self.fast_dtype, DType):
            raise TypeError(f"autocast: dtype must be a torch.dtype, not {type(dtype).__name__}")
        if enabled and device_type == "cuda" and not is_cuda_available():
            warnings.warn(
                "autocast: there is no CUDA device, so autocast('cuda') does nothing", stacklevel=2
            )
            enabled = False
        if enabled and self.fast_dtype not in _HALVES:
            warnings.warn(
                f"autocast: {self.fast_dtype} is not supported, torch.bfloat16 and torch.float16 "
                "are; autocast is disabled",
                stacklevel=2,
            )
            enabled = False
        self._enabled = enabled
        self._cache_enabled = state.cache_enabled if cache_enabled is None else cache_enabled
        self._before: list[Settings] = []

    def __enter__(self) -> Self:
        self._before.append(Settings())
        state.nesting += 1
        state.dtypes[self.device], state.cache_enabled = self.fast_dtype, self._cache_enabled
        state.is_suspended = False
        set_enabled(self.device, self._enabled)
        return self

    def __exit__(self, *exception: Any) -> None:
        leave(self._before.pop())

    def __call__(self, func: AnyFunction) -> AnyFunction:
        if not callable(func):
            raise TypeError(
                f"autocast()(func) requires a callable, but got {type(func).__name__}; write "
                "`with torch.autocast(...):` for a context"
            )

        @functools.wraps(func)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return cast(AnyFunction, decorated)


# ---- the parts, for those who switch by hand


def _check_kind(device_type: Any, name: str) -> None:
    if not isinstance(device_type, str):
        raise ValueError(
            f"{name}: device_type must be a str such as 'cpu', not {type(device_type).__name__}"
        )
    if device_type not in state.enabled:
        raise OperationError(
            f"{name}: unsupported autocast device_type '{device_type}'; there are "
            f"{', '.join(map(repr, state.enabled))}"
        )


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether autocast is on for a kind of device.

    >>> import rushlight as torch
    >>> with torch.autocast("cpu"):
    ...     torch.is_autocast_enabled("cpu")
    True
    >>> torch.is_autocast_enabled("cpu")
    False
    """
    _check_kind(device_type, "is_autocast_enabled")
    return state.enabled[device_type] and not state.is_suspended


@overload
def set_autocast_enabled(device_type: str, enabled: bool) -> None: ...
@overload
def set_autocast_enabled(device_type: bool) -> None: ...


def set_autocast_enabled(device_type: Any, enabled: Any = None) -> None:
    """Turns autocast on or off for a kind of device; for CUDA where only a bool is given.

    >>> import rushlight as torch
    >>> torch.set_autocast_enabled("cpu", True)
    >>> torch.is_autocast_enabled("cpu")
    True
    >>> torch.set_autocast_enabled("cpu", False)
    """
    kind, on = ("cuda", device_type) if enabled is None else (device_type, enabled)
    _check_kind(kind, "set_autocast_enabled")
    set_enabled(kind, bool(on))


def get_autocast_dtype(device_type: str) -> DType:
    """The dtype that autocast computes in on a kind of device.

    >>> import rushlight as torch
    >>> torch.get_autocast_dtype("cpu")
    torch.bfloat16
    """
    _check_kind(device_type, "get_autocast_dtype")
    return state.dtypes[device_type]


def set_autocast_dtype(device_type: str, dtype: DType) -> None:
    """Sets the dtype that autocast computes in on a kind of device.

    >>> import rushlight as torch
    >>> torch.set_autocast_dtype("cpu", torch.float16)
    >>> torch.get_autocast_dtype("cpu")
    torch.float16
    >>> torch.set_autocast_dtype("cpu", torch.bfloat16)
    """
    _check_kind(device_type, "set_autocast_dtype")
    state.dtypes[device_type] = dtype


def is_autocast_cpu_enabled() -> bool:
    """The old spelling of `is_autocast_enabled("cpu")`.

    >>> import rushlight as torch
    >>> torch.is_autocast_cpu_enabled()
    False
    """
    return is_autocast_enabled("cpu")


def set_autocast_cpu_enabled(enabled: bool) -> None:
    """The old spelling of `set_autocast_enabled("cpu", enabled)`.

    >>> import rushlight as torch
    >>> torch.set_autocast_cpu_enabled(True)
    >>> torch.is_autocast_enabled("cpu")
    True
    >>> torch.set_autocast_cpu_enabled(False)
    """
    set_autocast_enabled("cpu", enabled)


def get_autocast_cpu_dtype() -> DType:
    """The old spelling of `get_autocast_dtype("cpu")`.

    >>> import rushlight as torch
    >>> torch.get_autocast_cpu_dtype()
    torch.bfloat16
    """
    return get_autocast_dtype("cpu")


def set_autocast_cpu_dtype(dtype: DType) -> None:
    """The old spelling of `set_autocast_dtype("cpu", dtype)`.

    >>> import rushlight as torch
    >>> torch.set_autocast_cpu_dtype(torch.float16)
    >>> torch.get_autocast_dtype("cpu")
    torch.float16
    >>> torch.set_autocast_cpu_dtype(torch.bfloat16)
    """
    set_autocast_dtype("cpu", dtype)


def get_autocast_gpu_dtype() -> DType:
    """The old spelling of `get_autocast_dtype("cuda")`.

    >>> import rushlight as torch
    >>> torch.get_autocast_gpu_dtype()
    torch.float16
    """
    return get_autocast_dtype("cuda")


def set_autocast_gpu_dtype(dtype: DType) -> None:
    """The old spelling of `set_autocast_dtype("cuda", dtype)`.

    >>> import rushlight as torch
    >>> torch.set_autocast_gpu_dtype(torch.bfloat16)
    >>> torch.get_autocast_dtype("cuda")
    torch.bfloat16
    >>> torch.set_autocast_gpu_dtype(torch.float16)
    """
    set_autocast_dtype("cuda", dtype)


def is_autocast_cache_enabled() -> bool:
    """Whether parameters are cast once in a context.

    >>> import rushlight as torch
    >>> torch.is_autocast_cache_enabled()
    True
    """
    return state.cache_enabled


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Says whether parameters are cast once in a context.

    >>> import rushlight as torch
    >>> torch.set_autocast_cache_enabled(False)
    >>> torch.is_autocast_cache_enabled()
    False
    >>> torch.set_autocast_cache_enabled(True)
    """
    state.cache_enabled = enabled


def clear_autocast_cache() -> None:
    """Forgets the casts of parameters, as the end of the outermost context does.

    >>> import rushlight as torch
    >>> torch.clear_autocast_cache()
    """
    state.cache.clear()


def autocast_increment_nesting() -> int:
    """Enters a level of contexts; the number of levels.

    >>> import rushlight as torch
    >>> torch.autocast_increment_nesting(), torch.autocast_decrement_nesting()
    (1, 0)
    """
    state.nesting += 1
    return state.nesting


def autocast_decrement_nesting() -> int:
    """Leaves a level of contexts; the number of those that are left.

    >>> import rushlight as torch
    >>> torch.autocast_increment_nesting(), torch.autocast_decrement_nesting()
    (1, 0)
    """
    state.nesting -= 1
    return state.nesting


# ---- functions of users with a backward of their own


def custom_fwd(fwd: Any = None, *, device_type: str, cast_inputs: DType | None = None) -> Any:
    """Decorates the `forward` of an `autograd.Function` that is used within `autocast`.

    With `cast_inputs` it gets its floating-point tensors in that dtype, and runs without autocast;
    `custom_bwd` gives its `backward` the autocast that the forward had.

    >>> import rushlight as torch
    >>> class Product(torch.autograd.Function):
    ...     @staticmethod
    ...     @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    ...     def forward(ctx, a, b):
    ...         ctx.save_for_backward(a, b)
    ...         return a @ b
    ...     @staticmethod
    ...     @torch.amp.custom_bwd(device_type="cpu")
    ...     def backward(ctx, grad):
    ...         a, b = ctx.saved_tensors
    ...         return grad @ b.mT, a.mT @ grad
    >>> with torch.autocast("cpu"):
    ...     print(Product.apply(torch.ones(2, 2), torch.ones(2, 2)).dtype)
    torch.float32
    """
    _check_kind(device_type, "custom_fwd")
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def decorated(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        is_on = is_autocast_enabled(device_type)
        if cast_inputs is None:
            ctx._autocast = Settings()
            return fwd(ctx, *args, **kwargs)
        with autocast(device_type, enabled=False):
            ctx._autocast = Settings()
            if is_on:
                args, kwargs = (_cast(given, device_type, cast_inputs) for given in (args, kwargs))
            return fwd(ctx, *args, **kwargs)

    return decorated


def custom_bwd(bwd: Any = None, *, device_type: str) -> Any:
    """Decorates the `backward` beside a `custom_fwd`: it runs with the autocast of its forward.

    >>> import rushlight as torch
    >>> class Double(torch.autograd.Function):
    ...     @staticmethod
    ...     @torch.amp.custom_fwd(device_type="cpu")
    ...     def forward(ctx, x):
    ...         return 2 * x
    ...     @staticmethod
    ...     @torch.amp.custom_bwd(device_type="cpu")
    ...     def backward(ctx, grad):
    ...         return 2 * grad
    >>> x = torch.ones(1, requires_grad=True)
    >>> Double.apply(x).backward()
    >>> x.grad
    tensor([2.])
    """
    _check_kind(device_type, "custom_bwd")
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def decorated(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with restored(ctx._autocast):
            return bwd(ctx, *args, **kwargs)

    return decorated


def _cast(value: Any, kind: str, dtype: DType) -> Any:
    """A value with the floating-point tensors in it, but for float64, in another dtype."""
    if isinstance(value, Tensor):
        fits = value.is_floating_point() and value.device.type == kind
        return value.to(dtype) if fits and value.dtype is not float64 else value
    if isinstance(value, Mapping):
        return {_cast(k, kind, dtype): _cast(v, kind, dtype) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_cast(part, kind, dtype) for part in value])
    return value
