"""Layers that learn the size of their input from the first one that they are given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...dtype import int64
from ...errors import InvalidValueError, OperationError, UnmetError
from ...ops.from_data import tensor
from ...tensor import Tensor
from ..module import Module
from ..parameter import Parameter, UninitializedBuffer, UninitializedParameter, is_lazy
from .batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d, _NormBase
from .convolution import (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
    _ConvNd,
    _ConvTransposeNd,
)
from .linear import Linear
from .normalization import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, _InstanceNorm


class LazyModuleMixin(Module):
    """What makes a module lazy: `initialize_parameters` runs before the first call, once.

    A class derives from it and from what it is otherwise, registers `UninitializedParameter`s, and
    defines `initialize_parameters(*args)`, which materializes them by the input. `cls_to_become` is
    the class that a module has then. It should be moved and converted before its first call, and
    the optimizer be made after it.

    >>> import rushlight as torch
    >>> layer = torch.nn.LazyLinear(3)
    >>> layer
    LazyLinear(in_features=0, out_features=3, bias=True)
    >>> layer(torch.ones(2, 5)).shape, layer
    (torch.Size([2, 3]), Linear(in_features=5, out_features=3, bias=True))
    """

    cls_to_become: type[Module] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self.register_load_state_dict_pre_hook(_materialize_for)
        self._initialize_hook = self.register_forward_pre_hook(
            _initialize_before, with_kwargs=True
        )

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Materializes the parameters by what `forward` is about to get; for classes to define."""
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer has no size yet."""
        return any(is_lazy(member) for _, member in self._own_members())

    def _own_members(self) -> Iterator[tuple[str, Any]]:
        yield from self._parameters.items()
        yield from self._buffers.items()

    def _infer_parameters(self, module: Any, args: Any, kwargs: Any = None) -> None:
        """Initialises `module`, and makes it what it is from then on."""
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise OperationError(f"module {self._get_name()} has not been fully initialized")
        module._initialize_hook.remove()
        module._load_hook.remove()
        del module._initialize_hook, module._load_hook
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become

    # ---- state

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        for name, value in self._own_state().items():
            # What has no size has nothing to be detached from.
            is_kept = keep_vars or is_lazy(value)
            destination[prefix + name] = value if is_kept else value.detach()

    def _load_tensor(
        self, name: str, key: str, tensor: Tensor, value: Any, assign: bool
    ) -> str | None:
        if is_lazy(tensor) and is_lazy(value):
            return None
        return super()._load_tensor(name, key, tensor, value, assign)


# Hooks are functions, and no bound methods, so that a copied module's hooks are its own.


def _initialize_before(module: Any, args: Any, kwargs: Any) -> None:
    module._infer_parameters(module, args, kwargs)


def _materialize_for(module: Any, state_dict: Any, prefix: str, *_: Any) -> None:
    """Gives what has no size that of the value which is about to be loaded."""
    for name, value in module._own_members():
        given = state_dict.get(prefix + name)
        if is_lazy(value) and given is not None and not is_lazy(given):
            value.materialize(given.shape)


class LazyLinear(LazyModuleMixin, Linear):
    """`Linear` that takes `in_features` from the last dimension of its first input.

    >>> import rushlight as torch
    >>> layer = torch.nn.LazyLinear(4)
    >>> layer(torch.ones(2, 3)).shape, layer.in_features
    (torch.Size([2, 4]), 3)
    """

    cls_to_become = Linear

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(0, 0, False)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        if not self.has_uninitialized_params() and self.in_features:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        if self.has_uninitialized_params():
            self.in_features = input.shape[-1]
            _materialize(self.weight, self.out_features, self.in_features)
            _materialize(self.bias, self.out_features)
            self.reset_parameters()
        elif not self.in_features:  # the parameters were loaded
            self.in_features = self.weight.shape[-1]
            if input.shape[-1] != self.in_features:
                raise UnmetError(
                    f"The in_features inferred from input: {input.shape[-1]} is not equal to "
                    f"in_features from self.weight: {self.in_features}"
                )


class _LazyConvXdMixin(LazyModuleMixin, _ConvNd):
    """A convolution that takes `in_channels` from its first input."""

    def __init__(
        self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        dilation: Any = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros",
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode, device,
            dtype,
        )  # fmt: skip
        self._leave_open(out_channels, bias, device, dtype)

    def _leave_open(self, out_channels: int, bias: bool, device: Any, dtype: Any) -> None:
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_channels = out_channels
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        if not self.has_uninitialized_params() and self.in_channels:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        if not self.has_uninitialized_params():
            return
        self.in_channels = self._channels(input)
        if self.in_channels % self.groups != 0:
            raise InvalidValueError("in_channels must be divisible by groups")
        channels = (self.out_channels, self.in_channels // self.groups)
        if self.transposed:
            channels = (self.in_channels, self.out_channels // self.groups)
        _materialize(self.weight, *channels, *self.kernel_size)
        _materialize(self.bias, self.out_channels)
        self.reset_parameters()

    def _channels(self, input: Tensor) -> int:
        unbatched = self.dimensions + 1
        if input.ndim not in (unbatched, unbatched + 1):
            raise OperationError(
                f"Expected {unbatched}D (unbatched) or {unbatched + 1}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {input.shape}"
            )
        return input.shape[input.ndim - unbatched]


class LazyConv1d(_LazyConvXdMixin, Conv1d):
    """`Conv1d` that takes `in_channels` from its first input.

    >>> import rushlight as torch
    >>> layer = torch.nn.LazyConv1d(4, 3)
    >>> layer(torch.ones(2, 3, 8)).shape, layer.in_channels
    (torch.Size([2, 4, 6]), 3)
    """

    cls_to_become = Conv1d


class LazyConv2d(_LazyConvXdMixin, Conv2d):
    """`Conv2d` that takes `in_channels` from its first input.

    >>> import rushlight as torch
    >>> layer = torch.nn.LazyConv2d(6, 5)
    >>> layer(torch.ones(1, 3, 8, 8)).shape, layer.in_channels
    (torch.Size([1, 6, 4, 4]), 3)
    """

    cls_to_become = Conv2d


class LazyConv3d(_LazyConvXdMixin, Conv3d):
    """`Conv3d` that takes `in_channels` from its first input.

    >>> import rushlight as torch
    >>> layer = torch.nn.LazyConv3d(4, 2)
    >>> layer(torch.ones(1, 3, 4, 4, 4)).shape, layer.in_channels
    (torch.Size([1, 4, 3, 3, 3]), 3)
    """

    cls_to_become = Conv3d


class _LazyConvTranspose(_LazyConvXdMixin, _ConvTransposeNd):
    """A transposed convolution that takes `in_channels` from its first input."""

    def __init__(
        self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        output_padding: Any = 0, groups: int = 1, bias: bool = True, dilation: int = 1,
        padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        LazyModuleMixin.__init__(
            self, 0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation,
            padding_mode, device, dtype,
        )  # fmt: skip
        self._leave_open(out_channels, bias, device, dtype)


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """`ConvTranspose1d` that takes `in_channels` from its first input.

    >>> import rushlight as torch
    >>> layer = torch.nn.LazyConvTranspose1d(4, 3)
    >>> layer(torch.ones(2, 3, 8)).shape, layer.in_channels
    (torch.Size([2, 4, 10]), 3)
    """

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """`ConvTranspose2d` that takes `in_channels` from its first input.

    >>> import rushlight as torch
    >>> layer = torch.nn.LazyConvTranspose2d(4, 3)
    >>> layer(torch.ones(1, 3, 4, 4)).shape, layer.in_channels
    (torch.Size([1, 4, 6, 6]), 3)
    """

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """`ConvTranspose3d` that takes `in_channels` from its first input.

    >>> import rushlight as torch
    >>> layer = torch.nn.LazyConvTranspose3d(4, 2)
    >>> layer(torch.ones(1, 3, 2, 2, 2)).shape, layer.in_channels
    (torch.Size([1, 4, 3, 3, 3]), 3)
    """

    cls_to_become = ConvTranspose3d


class _LazyNormBase(LazyModuleMixin, _NormBase):
    """A normalisation that takes `num_features` from its first input."""

    def __init__(
        self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, device: Any = None, dtype: Any = None, *,
        bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            if bias:
                self.bias = UninitializedParameter(device=device, dtype=dtype)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = tensor(0, dtype=int64, device=device)

    def reset_parameters(self) -> None:
        if not self.has_uninitialized_params() and self.num_features:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        if not self.num_features:
            self._check_input_dim(input)
            self.num_features = self._channels(input)
            for value in (self.weight, self.bias, self.running_mean, self.running_var):
                _materialize(value, self.num_features)
            self.reset_parameters()

    def _channels(self, input: Tensor) -> int:
        return input.shape[1]


class LazyBatchNorm1d(_LazyNormBase, BatchNorm1d):
    """`BatchNorm1d` that takes `num_features` from its first input.

    >>> import rushlight as torch
    >>> layer = torch.nn.LazyBatchNorm1d()
    >>> layer(torch.ones(2, 3)).shape, layer.num_features
    (torch.Size([2, 3]), 3)
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNormBase, BatchNorm2d):
    """`BatchNorm2d` that takes `num_features` from its first input.

    >>> import rushlight as torch
    >>> layer = torch.nn.LazyBatchNorm2d()
    >>> layer(torch.ones(2, 3, 4, 4)).shape, layer.num_features
    (torch.Size([2, 3, 4, 4]), 3)
    """

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNormBase, BatchNorm3d):
    """`BatchNorm3d` that takes `num_features` from its first input.

    >>> import rushlight as torch
    >>> layer = torch.nn.LazyBatchNorm3d()
    >>> layer(torch.ones(2, 3, 4, 4, 4)).shape, layer.num_features
    (torch.Size([2, 3, 4, 4, 4]), 3)
    """

    cls_to_become = BatchNorm3d


class _LazyInstanceNorm(_LazyNormBase, _InstanceNorm):
    """An instance normalisation that takes `num_features` from its first input."""

    def _channels(self, input: Tensor) -> int:
        return input.shape[input.ndim - self._spatial - 1]


class LazyInstanceNorm1d(_LazyInstanceNorm, InstanceNorm1d):
    """`InstanceNorm1d` that takes `num_features` from its first input; affine by default.

    >>> import rushlight as torch
    >>> layer = torch.nn.LazyInstanceNorm1d()
    >>> layer(torch.ones(2, 3, 8)).shape, layer.num_features
    (torch.Size([2, 3, 8]), 3)
    """

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyInstanceNorm, InstanceNorm2d):
    """`InstanceNorm2d` that takes `num_features` from its first input; affine by default.

    >>> import rushlight as torch
    >>> layer = torch.nn.LazyInstanceNorm2d()
    >>> layer(torch.ones(2, 3, 4, 4)).shape, layer.num_features
    (torch.Size([2, 3, 4, 4]), 3)
    """

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyInstanceNorm, InstanceNorm3d):
    """`InstanceNorm3d` that takes `num_features` from its first input; affine by default.

    >>> import rushlight as torch
    >>> layer = torch.nn.LazyInstanceNorm3d()
    >>> layer(torch.ones(2, 3, 4, 4, 4)).shape, layer.num_features
    (torch.Size([2, 3, 4, 4, 4]), 3)
    """

    cls_to_become = InstanceNorm3d


def _materialize(value: Parameter | Tensor | None, *shape: int) -> None:
    if isinstance(value, (UninitializedParameter, UninitializedBuffer)):
        value.materialize(shape)
