"""Initial values of parameters: each function fills its tensor in place and returns it.

The numbers come from the default generator in PyTorch's order of draws, so that the same seed gives
the same weights.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..dtype import bool as bool_
from ..grad_mode import no_grad
from ..ops.choices import where
from ..ops.common import table_of
from ..ops.creation import arange, empty_like, ones_like
from ..ops.random import randperm
from ..tensor import Tensor, wrap

__all__ = [
    "calculate_gain", "constant", "constant_", "dirac", "dirac_", "eye", "eye_", "kaiming_normal",
    "kaiming_normal_", "kaiming_uniform", "kaiming_uniform_", "normal", "normal_", "ones_",
    "orthogonal", "orthogonal_", "sparse", "sparse_", "trunc_normal_", "uniform", "uniform_",
    "xavier_normal", "xavier_normal_", "xavier_uniform", "xavier_uniform_", "zeros_",
]  # fmt: skip


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which a nonlinearity is usually made up for in the weights before it.

    >>> from rushlight import nn
    >>> nn.init.calculate_gain("leaky_relu", 1.0)
    1.0
    """
    dimensions = ("1d", "2d", "3d")
    linear = ["linear", "sigmoid"]
    linear += [kind + d for kind in ("conv", "conv_transpose") for d in dimensions]
    if nonlinearity in linear:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


# ---- one distribution or value


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform in [a, b).

    >>> import rushlight as torch
    >>> x = torch.nn.init.uniform_(torch.empty(3, 5), -1.0, 1.0)
    >>> (x.abs() <= 1).all()
    tensor(True)
    """
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Normal with a mean and a standard deviation.

    >>> import rushlight as torch
    >>> x = torch.nn.init.normal_(torch.empty(100, 100), std=0.5)
    >>> (x.std() - 0.5).abs() < 0.02
    tensor(True)
    """
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Tensor:
    """Normal, with what lies outside [a, b] drawn again.

    >>> import rushlight as torch
    >>> w = torch.nn.init.trunc_normal_(torch.empty(100), std=2.0, a=-1.0, b=1.0)
    >>> bool((w.abs() <= 1).all())
    True
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )
    if tensor.is_meta:  # on which there is nothing to look at
        return tensor
    inside = _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std)
    # Where normal numbers rarely fall into [a, b], uniform ones are thinned to the normal density.
    draw = _redraw_normal if inside > 0.3 else _thin_uniform
    with no_grad():
        draw(tensor, mean, std, a, b, generator)
    return tensor


def _normal_cdf(x: float) -> float:
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def _redraw_normal(
    tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Any
) -> None:
    tensor.normal_(mean, std, generator=generator)
    while (outside := (tensor < a) | (tensor > b)).any():
        # All are drawn, few are needed: that is how PyTorch uses its stream.
        fresh = empty_like(tensor).normal_(mean, std, generator=generator)
        tensor.copy_(where(outside, fresh, tensor))


def _thin_uniform(
    tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Any
) -> None:
    log_peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    pending = ones_like(tensor, dtype=bool_)
    while pending.any():
        fresh = empty_like(tensor).uniform_(a, b, generator=generator)
        tensor.copy_(where(pending, fresh, tensor))
        log_density = ((fresh - mean) / std) ** 2 * -0.5 - log_peak
        chance = empty_like(tensor).uniform_(0, 1, generator=generator)
        pending = pending & (chance.log() > log_density)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """`val` everywhere.

    >>> import rushlight as torch
    >>> torch.nn.init.constant_(torch.empty(3), 0.5)
    tensor([0.5000, 0.5000, 0.5000])
    """
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """1 everywhere.

    >>> import rushlight as torch
    >>> torch.nn.init.ones_(torch.empty(3))
    tensor([1., 1., 1.])
    """
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """0 everywhere.

    >>> import rushlight as torch
    >>> torch.nn.init.zeros_(torch.empty(3))
    tensor([0., 0., 0.])
    """
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix, or as much of it as a matrix of other sizes holds.

    >>> import rushlight as torch
    >>> torch.nn.init.eye_(torch.empty(2, 3))
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    zeros_(tensor)
    diagonal = arange(min(tensor.shape), device=tensor.device)
    with no_grad():
        tensor[diagonal, diagonal] = 1
    return tensor


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """The kernel of a convolution that passes its input channels on, as many as there are.

    >>> import rushlight as torch
    >>> weight = torch.nn.init.dirac_(torch.empty(1, 1, 3))
    >>> torch.nn.functional.conv1d(torch.tensor([[1.0, 2.0]]), weight, padding=1)
    tensor([[1., 2.]])
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if tensor.shape[0] % groups != 0:
        raise ValueError("dim 0 must be divisible by groups")
    zeros_(tensor)
    channels = tensor.shape[0] // groups
    center = tuple(size // 2 for size in tensor.shape[2:])
    with no_grad():
        for first in range(0, tensor.shape[0], channels):
            for channel in range(min(channels, tensor.shape[1])):
                tensor[(first + channel, channel, *center)] = 1
    return tensor


# ---- scaled by the sizes of the layer


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many values go into an output of the layer, and how many outputs a value goes into."""
    if tensor.ndim < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    receptive_field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * receptive_field, tensor.shape[0] * receptive_field


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    modes = ["fan_in", "fan_out"]
    if mode.lower() not in modes:
        raise ValueError(f"Mode {mode.lower()} not supported, please use one of {modes}")
    return _calculate_fan_in_and_fan_out(tensor)[modes.index(mode.lower())]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform with standard deviation gain * sqrt(2 / (fan_in + fan_out)) (Glorot, Bengio 2010).

    >>> import rushlight as torch
    >>> x = torch.nn.init.xavier_uniform_(torch.empty(3, 5))
    >>> (x.abs() <= (6 / (3 + 5)) ** 0.5).all()
    tensor(True)
    """
    std = gain * math.sqrt(2.0 / float(sum(_calculate_fan_in_and_fan_out(tensor))))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Normal with standard deviation gain * sqrt(2 / (fan_in + fan_out)) (Glorot, Bengio 2010).

    >>> import rushlight as torch
    >>> x = torch.nn.init.xavier_normal_(torch.empty(100, 300))
    >>> (x.std() - (2 / 400) ** 0.5).abs() < 0.002
    tensor(True)
    """
    std = gain * math.sqrt(2.0 / float(sum(_calculate_fan_in_and_fan_out(tensor))))
    return normal_(tensor, 0.0, std, generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Uniform with standard deviation gain / sqrt(fan), `a` the leaky slope (He et al. 2015).

    >>> import rushlight as torch
    >>> x = torch.nn.init.kaiming_uniform_(torch.empty(3, 6), nonlinearity="relu")
    >>> (x.abs() <= 1).all()  # sqrt(6 / fan_in)
    tensor(True)
    """
    if tensor.numel() == 0:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Normal with standard deviation gain / sqrt(fan), `a` the leaky slope (He et al. 2015).

    >>> import rushlight as torch
    >>> x = torch.nn.init.kaiming_normal_(torch.empty(100, 200), nonlinearity="relu")
    >>> (x.std() - 0.1).abs() < 0.003  # sqrt(2 / fan_in)
    tensor(True)
    """
    if tensor.numel() == 0:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    return normal_(tensor, 0, std, generator)


# ---- matrices


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """A matrix with orthonormal rows or columns, times `gain` (Saxe et al. 2013).

    Dimensions after the first count as one. The signs of R's diagonal go into Q, which makes the
    matrix uniformly distributed (Mezzadri, arXiv math-ph/0609050).

    >>> import rushlight as torch
    >>> w = torch.nn.init.orthogonal_(torch.empty(2, 3))
    >>> torch.allclose(w @ w.T, torch.tensor([[1.0, 0.0], [0.0, 1.0]]), atol=1e-6)
    True
    """
    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.shape[0]
    columns = tensor.numel() // rows
    with no_grad():
        matrix = tensor.new_empty(rows, columns).normal_(0, 1, generator=generator)
        tall = matrix.T if rows < columns else matrix
        q, r = map(wrap, table_of(tall).qr(tall.array, "reduced"))
        diagonal = arange(min(rows, columns), device=tensor.device)
        q = q * r[diagonal, diagonal].sign()
        tensor.copy_((q.T if rows < columns else q).reshape(tensor.shape) * gain)
    return tensor


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Normal, with the fraction `sparsity` of every column set to 0 (Martens 2010).

    >>> import rushlight as torch
    >>> x = torch.nn.init.sparse_(torch.empty(10, 3), sparsity=0.2)
    >>> (x == 0).sum(0)
    tensor([2, 2, 2])
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    normal_(tensor, 0, std, generator)
    with no_grad():
        for column in range(columns):
            tensor[randperm(rows)[:zeros].to(tensor.device), column] = 0
    return tensor


# ---- the names before PyTorch 0.4


def _old_name(function: Any) -> Any:
    name = function.__name__

    def deprecated(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(
            f"`nn.init.{name.removesuffix('_')}` is now deprecated in favor of `nn.init.{name}`.",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    deprecated.__name__ = deprecated.__qualname__ = name.removesuffix("_")
    deprecated.__doc__ = f"`{name}`, under its name before PyTorch 0.4: it warns."
    deprecated.__wrapped__ = function  # type: ignore[attr-defined]  # for its signature
    return deprecated


uniform, normal, constant = _old_name(uniform_), _old_name(normal_), _old_name(constant_)
eye, dirac, orthogonal, sparse = map(_old_name, (eye_, dirac_, orthogonal_, sparse_))
xavier_uniform, xavier_normal = _old_name(xavier_uniform_), _old_name(xavier_normal_)
kaiming_uniform, kaiming_normal = _old_name(kaiming_uniform_), _old_name(kaiming_normal_)
