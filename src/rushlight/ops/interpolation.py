"""Images, signals and volumes in another size."""

from __future__ import annotations

import math
import operator
import warnings
from typing import Any

from ..categories import FLOATS, refused
from ..dtype import FLOATING, float64, uint8
from ..errors import InvalidValueError, NotSupportedError, OperationError, batch_of_one
from ..tensor import Tensor
from .adaptive_pooling import adaptive_avg_pool
from .declare import operation
from .resampling import Resample, Taps, check_room, interpolation_taps, resampling

# For each mode the kind of its taps and the numbers of dimensions that an input may have.
MODES = {
    "nearest": ("nearest", (3, 4, 5)),
    "nearest-exact": ("nearest-exact", (3, 4, 5)),
    "linear": ("linear", (3,)),
    "bilinear": ("linear", (4,)),
    "trilinear": ("linear", (5,)),
    "bicubic": ("cubic", (4,)),
    "lanczos": ("lanczos", (4,)),
    "area": ("area", (3, 4, 5)),
}
_SMOOTH = ("linear", "cubic", "lanczos")


@operation("nn.functional")
def interpolate(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:  # fmt: skip
    """The input (N, C, L), (N, C, H, W) or (N, C, D, H, W) in another size.

    The size is `size`, or the input's times `scale_factor`, rounded down. `mode` is "nearest" (as
    OpenCV has it), "nearest-exact" (as Pillow has it), "linear" of signals, "bilinear", "bicubic"
    and, with `antialias`, "lanczos" of images, "trilinear" of volumes, or "area": means of parts.
    With `align_corners` the first and the last elements of input and result meet, else the outer
    edges of them do. With `recompute_scale_factor` the scale follows from the sizes. With
    `antialias` (of images) a smaller result is filtered over as wide a window as the scale needs.

    >>> import rushlight as torch
    >>> torch.nn.functional.interpolate(torch.tensor([[[0.0, 4.0]]]), size=4, mode="linear")
    tensor([[[0., 1., 3., 4.]]])
    """
    _check_mode(input, mode, align_corners, antialias)
    sizes, factors = _sizes(input, size, scale_factor, bool(recompute_scale_factor))
    if mode == "area":
        return adaptive_avg_pool("interpolate", input, sizes)
    _check_input(input, mode, sizes)
    kind = MODES[mode][0]
    is_wide = input.dtype is float64 or input.dtype is uint8 and kind in _SMOOTH
    precision = "float64" if is_wide else "float32"
    check_room(input, sizes)
    taps = [
        interpolation_taps(kind, given, wanted, factor, bool(align_corners), antialias, precision)
        for given, wanted, factor in zip(input.array.shape[2:], sizes, factors, strict=True)
    ]
    if input.dtype is uint8 and kind in _SMOOTH:
        return _of_bytes(input, taps)
    return Resample.apply(input, resampling(tuple(taps)))


def _of_bytes(input: Tensor, taps: list[Taps]) -> Tensor:
    """In fixed point, rounded after each axis, as PyTorch does it: exact in float64."""
    for axis, one in ((-1, taps[-1]), (-2, taps[-2])):
        last = input.transpose(axis, -1).double()
        total = Resample.apply(last, resampling((one.in_fixed_point(),)))
        input = (total + 0.5).floor().clamp(0, 255).to(uint8).transpose(axis, -1)
    return input


def _check_mode(input: Tensor, mode: str, align_corners: bool | None, antialias: bool) -> None:
    if mode not in MODES:
        raise NotSupportedError(
            "interpolate: Input Error: Only 3D, 4D and 5D input Tensors supported (got "
            f"{input.array.ndim}D) for the modes: {' | '.join(MODES)} (got {mode})"
        )
    kind, dimensions = MODES[mode]
    if align_corners is not None and kind not in _SMOOTH:
        raise InvalidValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear "
            f"| bicubic | trilinear (got mode {mode})"
        )
    if mode == "lanczos" and (align_corners or not antialias):
        needs = "does not support align_corners=True" if antialias else "requires antialias=True"
        raise InvalidValueError(f"interpolate: Lanczos mode {needs}")
    if antialias and not (mode in ("bilinear", "bicubic", "lanczos") and input.array.ndim == 4):
        raise InvalidValueError(
            "Anti-alias option is restricted to bilinear, bicubic and lanczos modes and requires a "
            f"4-D tensor as input (got mode {mode} and shape {tuple(input.array.shape)})"
        )
    if input.array.ndim not in dimensions:
        needs = "D, ".join(map(str, dimensions))
        raise NotSupportedError(
            f"interpolate: Got {input.array.ndim}D input, but {mode} mode needs {needs}D input "
            f"(shape {tuple(input.array.shape)}){batch_of_one(input.array.ndim, dimensions[0])}"
        )


def _sizes(
    input: Tensor, size: Any, scale_factor: Any, recompute: bool
) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    """The sizes of the result, and the scales where these do not follow from the sizes."""
    given = input.array.shape[2:]
    if (size is None) == (scale_factor is None):
        which = "either" if size is None else "only one of"
        raise InvalidValueError(f"interpolate: {which} size or scale_factor should be defined")
    told = _per_axis("size" if scale_factor is None else "scale_factor", given,
                     size if scale_factor is None else scale_factor)  # fmt: skip
    nothing = (None,) * len(given)
    if size is not None:
        if recompute:
            raise InvalidValueError(
                "recompute_scale_factor is not meaningful with an explicit size."
            )
        return tuple([_whole(n) for n in told]), nothing
    factors = tuple([float(factor) for factor in told])
    sizes = [math.floor(float(n) * f) for n, f in zip(given, factors, strict=True)]
    return tuple(sizes), nothing if recompute else factors


def _whole(size: Any) -> int:
    try:
        return operator.index(size)
    except TypeError:
        raise TypeError(
            "interpolate: expected size to be one of int or Tuple[int, ...], but got size with "
            f"type {type(size).__name__}"
        ) from None


def _per_axis(name: str, given: tuple[int, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        return (value,) * len(given)
    if len(value) != len(given):
        raise InvalidValueError(
            f"Input and {name} must have the same number of spatial dimensions, but got input with "
            f"spatial dimensions of {list(given)} and {name} of {list(value)}. Please provide "
            "input tensor in (N, C, d1, d2, ...,dK) format and output size in (o1, o2, ...,oK) "
            "format."
        )
    return tuple(value)


def _check_input(input: Tensor, mode: str, sizes: tuple[int, ...]) -> None:
    shape = input.array.shape
    takes_bytes = mode in ("nearest", "nearest-exact", "bilinear", "bicubic", "lanczos")
    if input.dtype.category != FLOATING and not (takes_bytes and input.dtype is uint8):
        raise refused(f"interpolate ({mode})", input.dtype, FLOATS)
    if min(*shape[2:], *sizes) <= 0:
        raise OperationError(
            f"interpolate: Input and output sizes should be greater than 0, but got input "
            f"{list(shape[2:])} and output {list(sizes)}"
        )
    if 0 in shape[1:]:
        raise OperationError(
            f"interpolate: Non-empty {len(shape)}D data tensor expected but got a tensor with "
            f"sizes {list(shape)}"
        )


@operation("nn.functional")
def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:  # fmt: skip
    """The old name of `interpolate`.

    >>> import rushlight as torch
    >>> torch.nn.functional.upsample(torch.tensor([[[1.0, 2.0]]]), scale_factor=2)
    tensor([[[1., 1., 2., 2.]]])
    """
    _warn("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


@operation("nn.functional")
def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` of mode "nearest", under an old name.

    >>> import rushlight as torch
    >>> torch.nn.functional.upsample_nearest(torch.tensor([[[1.0, 2.0]]]), scale_factor=2)
    tensor([[[1., 1., 2., 2.]]])
    """
    _warn("upsample_nearest")
    return interpolate(input, size, scale_factor, "nearest")


@operation("nn.functional")
def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` of mode "bilinear" with aligned corners, under an old name.

    >>> import rushlight as torch
    >>> torch.nn.functional.upsample_bilinear(torch.tensor([[[[0.0, 3.0]]]]), size=(1, 4))
    tensor([[[[0., 1., 2., 3.]]]])
    """
    _warn("upsample_bilinear")
    return interpolate(input, size, scale_factor, "bilinear", align_corners=True)


def _warn(name: str) -> None:
    warnings.warn(
        f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=3,
    )
