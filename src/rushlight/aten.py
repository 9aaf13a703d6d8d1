"""PyTorch's operators by the names that its dispatcher has: `torch.ops.aten.add.Tensor`.

Whichever overload is named, it is the one function, which takes the arguments of all. Most are
functions of `torch` or methods; what is neither stands in `_OTHERS`, in terms of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NoReturn

from .missing import TRACKED
from .operator_schema import parse
from .operators import OpOverload, OpOverloadPacket
from .ops.declare import places
from .tensor import Tensor, wrap_dim

# The beginning of a name, and the namespace whose functions have it.
_PREFIXES = {"linalg_": "linalg", "special_": "special", "fft_": "fft"}


class Aten:
    """`torch.ops.aten`.

    >>> import rushlight as torch
    >>> torch.ops.aten.add.Tensor(torch.ones(2), 1)
    tensor([2., 2.])
    >>> torch.ops.aten.relu.overloads()
    ['default', 'out']
    """

    def __getattr__(self, name: str) -> OpOverloadPacket:
        return _packet(name)

    def __dir__(self) -> list[str]:
        names = (name for name in overloads() if not name.startswith("__"))
        return [*super().__dir__(), *(name for name in names if _function(name) is not None)]


@cache
def _packet(name: str) -> OpOverloadPacket:
    known = {} if name.startswith("__") else overloads()
    if name not in known:
        raise AttributeError(f"'_OpNamespace' 'aten' object has no attribute '{name}'")
    function = _function(name)
    if function is None:
        raise AttributeError(f"PyTorch has torch.ops.aten.{name}; Rushlight not yet; {TRACKED}")
    made = {
        overload: OpOverload("aten", name, overload, function, partial(_no_schema, name))
        for overload in known[name]
    }
    return OpOverloadPacket("aten", name, made, function)


def _no_schema(name: str) -> NoReturn:
    raise AttributeError(
        f"PyTorch has torch.ops.aten.{name}._schema; Rushlight not yet: functions are declared by "
        f"their signatures, which inspect.signature gives; {TRACKED}"
    )


@cache
def overloads() -> dict[str, list[str]]:
    """The names of the overloads of each of PyTorch's operators."""
    lines = Path(__file__).with_name("aten_overloads.txt").read_text().splitlines()
    pairs = [line.split(": ") for line in lines]
    return {name: kinds.split() for kinds, names in pairs for name in names.split()}


def _function(name: str) -> Any:
    """The function of a name, or the method: `view`, `add_`."""
    if name in _OTHERS:
        return _OTHERS[name]
    for prefix, place in _PREFIXES.items():
        if name.startswith(prefix) and name.removeprefix(prefix) in places[place]:
            return places[place][name.removeprefix(prefix)]
    method = getattr(Tensor, name, None)
    found = places["torch"].get(name) or (method if callable(method) else None)
    return found or places["nn.functional"].get(name)


# ---- operators that are neither

_torch, _functional = places["torch"], places["nn.functional"]
_REDUCTIONS = ("none", "mean", "sum")


def _loss(name: str, *parameters: str) -> Callable[..., Any]:
    """A loss with PyTorch's order of the parameters behind the target, and numbers of reductions.
    """

    def call(input: Tensor, target: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        given = dict(zip(parameters, args, strict=False)) | kwargs
        reduction = _REDUCTIONS[given.pop("reduction", 1)]
        return _functional[name](input, target, **given, reduction=reduction)

    return call


def _index(self: Tensor, indices: Any) -> Tensor:
    return self[tuple(slice(None) if index is None else index for index in indices)]


def _slice(
    self: Tensor, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Tensor:
    if self.ndim == 0:
        raise IndexError("slice: a tensor without dimensions cannot be sliced")
    if step < 1:
        raise RuntimeError(f"slice: the step must be positive, got {step}")
    return self[(slice(None),) * wrap_dim(dim, self.ndim) + (slice(start, end, step),)]


def _padded(mode: str) -> Callable[..., Tensor]:
    return lambda self, padding: _functional["pad"](self, padding, mode)


def _in_place(name: str) -> Callable[..., Tensor]:
    return lambda self: _functional[name](self, inplace=True)


def _gelu_(self: Tensor, *, approximate: str = "none") -> Tensor:
    # Of a clone, since the gradient needs what is overwritten.
    return self.copy_(_functional["gelu"](self.clone(), approximate=approximate))


def _with_alpha(function: Callable[..., Any]) -> Callable[..., Any]:
    """Takes `alpha` by position, too, behind a number: as the overload `Scalar` does."""

    def call(self: Tensor, other: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not isinstance(other, Tensor):
            return function(self, other, alpha=args[0], **kwargs)
        return function(self, other, *args, **kwargs)

    return call


_SCALES = {1: ("scales",), 2: ("scales_h", "scales_w"), 3: ("scales_d", "scales_h", "scales_w")}


def _resized(name: str, mode: str, ndim: int) -> Callable[..., Tensor]:
    """By sizes or by factors; only those modes that interpolate ask for `align_corners`."""
    asks = "" if mode.startswith("nearest") else ", bool align_corners"
    scales = "".join(f", float? {scale}=None" for scale in _SCALES[ndim])
    by_sizes = parse(f"{name}(Tensor self, int[{ndim}] output_size{asks}{scales}) -> Tensor")
    by_factors = parse(
        f"{name}.vec(Tensor input, int[]? output_size{asks}, float[]? scale_factors) -> Tensor"
    )

    def call(*args: Any, **kwargs: Any) -> Tensor:
        factors: Any
        has_sizes = (args[1] if len(args) > 1 else kwargs.get("output_size")) is not None
        if has_sizes and not {"input", "scale_factors"} & {*kwargs}:
            input, size, *rest = by_sizes.taken(args, kwargs)
            align_corners, *factors = rest if asks else (None, *rest)
            if any(factors) and not align_corners:
                _check_scales(name, input, size, factors)
                size = None
            else:
                factors = None
        else:
            input, size, *rest = by_factors.taken(args, kwargs)
            align_corners, factors = rest if asks else (None, *rest)
        return _functional["interpolate"](
            input, size, factors, mode=mode, align_corners=align_corners
        )

    return call


def _check_scales(name: str, input: Tensor, size: list[int], factors: list[float | None]) -> None:
    """That factors beside sizes, by which PyTorch places the points, give those sizes."""
    found = [n * (f or 0) // 1 for n, f in zip(input.shape[2:], factors, strict=True)]
    if found != size:
        raise NotImplementedError(
            f"{name}: scales {factors} that do not give the output_size {size} of an input of the "
            f"shape {tuple(input.shape)}; leave them out, or give all of them"
        )


def _to_copy(self: Tensor, *, dtype: Any = None, device: Any = None, **ignored: Any) -> Tensor:
    return self.to(device=device or self.device, dtype=dtype or self.dtype, copy=True)


_OTHERS: dict[str, Any] = {
    "_softmax": lambda self, dim, half_to_float: _torch["softmax"](self, dim),
    "_log_softmax": lambda self, dim, half_to_float: _torch["log_softmax"](self, dim),
    "_to_copy": _to_copy,
    "_unsafe_view": lambda self, size: self.reshape(size),
    "_reshape_alias": lambda self, size, stride: self.reshape(size),
    "_unsafe_index": _index,
    "index": _index,
    "_unsafe_index_put": lambda self, indices, values, accumulate=False: self.index_put(
        indices, values, accumulate
    ),
    "slice": _slice,
    "copy": lambda self, src, non_blocking=False: self.clone().copy_(src),
    "lift_fresh": lambda self: self,
    "_conj": lambda self: self.conj(),
    "_local_scalar_dense": lambda self: self.item(),
    "_stack": lambda tensors, dim=0: _torch["stack"](tensors, dim),
    "mT": lambda self: self.mT, "mH": lambda self: self.mH, "numpy_T": lambda self: self.T,
    "tensordot": lambda self, other, dims_self, dims_other: _torch["tensordot"](
        self, other, (dims_self, dims_other)
    ),
    "_convolution": lambda *args: _torch["convolution"](*args[:9]),
    "_native_batch_norm_legit_no_training": lambda input, weight, bias, mean, var, momentum, eps:
        _torch["native_batch_norm"](input, weight, bias, mean, var, False, momentum, eps),
    "_adaptive_avg_pool2d": _functional["adaptive_avg_pool2d"],
    "_adaptive_avg_pool3d": _functional["adaptive_avg_pool3d"],
    "elu": lambda self, alpha=1, scale=1, input_scale=1: scale * _torch["where"](
        self > 0, self, _functional["elu"](self * input_scale, alpha)
    ),
    "im2col": _functional["unfold"],
    "col2im": _functional["fold"],
    "log_sigmoid": _functional["logsigmoid"],
    "mse_loss": _loss("mse_loss", "reduction"),
    "l1_loss": _loss("l1_loss", "reduction"),
    "smooth_l1_loss": _loss("smooth_l1_loss", "reduction", "beta"),
    "huber_loss": _loss("huber_loss", "reduction", "delta"),
    "soft_margin_loss": _loss("soft_margin_loss", "reduction"),
    "multilabel_margin_loss": _loss("multilabel_margin_loss", "reduction"),
    "multi_margin_loss": _loss("multi_margin_loss", "p", "margin", "weight", "reduction"),
    "binary_cross_entropy": _loss("binary_cross_entropy", "weight", "reduction"),
    "nll_loss": _loss("nll_loss", "weight", "reduction", "ignore_index"),
    "nll_loss_nd": _loss("nll_loss", "weight", "reduction", "ignore_index"),
    "nll_loss2d": _loss("nll_loss", "weight", "reduction", "ignore_index"),
    "gelu_": _gelu_,
}  # fmt: skip
for _name, _mode, _n in [
    ("upsample_linear1d", "linear", 1), ("upsample_bilinear2d", "bilinear", 2),
    ("upsample_bicubic2d", "bicubic", 2), ("upsample_trilinear3d", "trilinear", 3),
    *((f"upsample_nearest{n}d", "nearest", n) for n in (1, 2, 3)),
    *((f"_upsample_nearest_exact{n}d", "nearest-exact", n) for n in (1, 2, 3)),
]:  # fmt: skip
    _OTHERS[_name] = _resized(_name, _mode, _n)
for _n in (1, 2, 3):
    _OTHERS[f"reflection_pad{_n}d"] = _padded("reflect")
    _OTHERS[f"replication_pad{_n}d"] = _padded("replicate")
for _name in ("hardsigmoid", "hardswish", "mish", "relu6", "silu"):
    _OTHERS[f"{_name}_"] = _in_place(_name)
for _name in ("add", "sub", "subtract", "rsub"):
    _OTHERS[_name] = _with_alpha(_torch[_name])
for _name in ("add_", "sub_", "subtract_"):
    _OTHERS[_name] = _with_alpha(getattr(Tensor, _name))
