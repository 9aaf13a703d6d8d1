"""Rows of rushlight/ops/views.py and rushlight/ops/derived_views.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import shape
from .core import Array, Fixed, Invalid, Named, Op, Sample, Values


def _as_strided(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 4), (2, 2), (1, 4))
    yield Sample(v.normal(3, 4), (2, 3), (4, 1), 1)
    yield Sample(v.normal(6), (4, 3), (1, 1))  # windows that overlap
    yield Sample(v.normal(6), (4, 2), (0, 2))  # elements repeated
    yield Sample(v.normal(6), (), (), 5)
    yield Sample(v.normal(6), (0, 3), (3, 1))
    yield Invalid(v.normal(6), (2, 3), (3,), raises=RuntimeError,
                  match="mismatch in length of strides and shape")
    yield Invalid(v.normal(6), (2,), (-1,), raises=RuntimeError,
                  match="Negative strides are not supported at the moment")
    yield Invalid(v.normal(6), (4,), (2,), raises=RuntimeError, match=(
        r"setStorage: sizes \[4\], strides \[2\], storage offset 0, and itemsize \d requiring a "
        "storage size of .* are out of bounds for storage of size"))
    yield Invalid(v.normal(6), (2**62, 2**62), (1, 1), raises=RuntimeError, own_words=True)
    yield Invalid(v.normal(6), (2,), (1,), -1, raises=RuntimeError, match="storage offset")
    yield Invalid(v.normal(6), (-2,), (1,), raises=RuntimeError, match="negative dimension -2",
                  own_words=True)


def _strided(x: Array, size: Any, stride: Any, offset: int = 0) -> Array:
    steps = [step * x.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(x.reshape(-1)[offset:], size, steps)


def _diagonal(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 4))
    yield Sample(v.normal(3, 4), 2)
    yield Sample(v.normal(3, 4), -1)
    yield Sample(v.normal(3, 4), 7)
    yield Sample(v.normal(2, 3, 4), 1, 2, 0)
    yield Sample(v.normal(2, 3, 4), offset=-1, dim1=-2, dim2=-1)
    yield Sample(v.normal(0, 3))
    yield Invalid(v.normal(3, 3), 0, 1, -1, raises=RuntimeError,
                  match="diagonal dimensions cannot be identical 1, -1")
    yield Invalid(v.normal(3, 3), 0, 0, 2, raises=IndexError, match="Dimension out of range")
    yield Invalid(v.normal(3), raises=IndexError, match="Dimension out of range")


def _diagonal_reference(x: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    return np.diagonal(x, offset, dim1, dim2)


def _matrices(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3, 4))
    yield Sample(v.normal(2, 3, 4), offset=1)
    yield Sample(v.normal(2, 3, 4), offset=-1, dim1=0, dim2=2)


def _unfold(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(5), 0, 2, 1)
    yield Sample(v.normal(2, 7, 3), 1, 3, 2)
    yield Sample(v.normal(2, 5), -1, 2, 3)
    yield Sample(v.normal(2, 5), 0, 0, 1)
    yield Sample(v.normal(), 0, 1, 1)
    yield Invalid(v.normal(5), 0, 6, 1, raises=RuntimeError,
                  match="maximum size for tensor at dimension 0 is 5 but size is 6")
    yield Invalid(v.normal(5), 0, -1, 1, raises=RuntimeError, match="size is -1 but must be >= 0")
    yield Invalid(v.normal(5), 0, 2, 0, raises=RuntimeError, match="step is 0 but must be > 0")
    yield Invalid(v.normal(5), 1, 2, 1, raises=IndexError, match="Dimension out of range")


def _unfold_reference(x: Array, dim: int, size: int, step: int) -> Array:
    if x.ndim == 0:
        return x.reshape(1)
    windows = range(0, x.shape[dim] - size + 1, step)
    parts = [np.moveaxis(np.take(x, np.arange(i, i + size), dim), dim, -1) for i in windows]
    return np.stack(parts, dim % x.ndim)


def _scattered(view: Callable[..., Array]) -> Callable[..., Array]:
    def reference(x: Array, source: Array, *args: Any, **kwargs: Any) -> Array:
        result = x.copy()
        part = view(result, *args, **kwargs)
        if not part.flags.writeable:  # np.diagonal's
            part = part.view()
            part.flags.writeable = True
        part[...] = source
        return result

    return reference


def _select_scatter(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), v.normal(2), 1, 2)
    yield Sample(v.normal(2, 3, 4), v.normal(2, 3), -1, -2)
    yield Sample(v.normal(3), v.normal(), 0, 0)
    yield Invalid(v.normal(2, 3), v.normal(3), 1, 2, raises=RuntimeError,
                  match="expected src to have a size equal to the slice of self")
    yield Invalid(v.normal(2, 3), v.normal(2), 1, 3, raises=IndexError, match=(
        r"\(\): index 3 out of range for tensor of size \[2, 3\] at dimension 1"))
    yield Invalid(v.normal(), v.normal(), 0, 0, raises=IndexError,
                  match="cannot be applied to a 0-dim tensor")


def _selected(x: Array, dim: int, index: int) -> Array:
    return x[(*[slice(None)] * (dim % x.ndim), index, ...)]


def _slice_scatter(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 5), v.normal(2, 2), 1, 1, 3)
    yield Sample(v.normal(5, 2), v.normal(3, 2), 0, None, None, 2)
    yield Sample(v.normal(5), v.normal(2), start=-2)
    yield Sample(v.normal(5), v.normal(0), 0, 7)
    yield Invalid(v.normal(5), v.normal(3), 0, 0, 2, raises=RuntimeError,
                  match="expected src to have a size equal to the slice of self")
    yield Invalid(v.normal(5), v.normal(5), 0, 0, 5, 0, raises=RuntimeError,
                  match="slice step must be positive")


def _sliced(
    x: Array, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Array:
    return x[(*[slice(None)] * (dim % x.ndim), slice(start, end, step))]


def _slice(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 5), 1, 1, 3)
    yield Sample(v.normal(5, 2), 0, None, None, 2)
    yield Sample(v.normal(5), start=-2)
    yield Invalid(v.normal(5), 0, 0, 5, 0, raises=RuntimeError, match="slice step must be positive")


def _diagonal_scatter(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 3), v.normal(3))
    yield Sample(v.normal(3, 4), v.normal(2), -1)
    yield Sample(v.normal(2, 3, 4), v.normal(3, 2), offset=1, dim1=0, dim2=-1)
    yield Invalid(v.normal(3, 3), v.normal(2), raises=RuntimeError,
                  match="expected src to have a size equal to the slice of self")


def _as_strided_scatter(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 4), v.normal(2, 2), (2, 2), (1, 4))
    yield Sample(v.normal(6), v.normal(2), (2,), (2,), 1)
    yield Invalid(v.normal(6), v.normal(3), (2,), (2,), raises=RuntimeError,
                  match="expected src to have a size equal to the slice of self")


def _diag_embed(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3))
    yield Sample(v.normal(3), 1)
    yield Sample(v.normal(2, 3), -2)
    yield Sample(v.normal(2, 3), offset=1, dim1=0, dim2=2)
    yield Sample(v.normal(2, 3), dim1=2, dim2=1)
    yield Sample(v.normal(0))
    yield Invalid(v.normal(3), 0, 1, -1, raises=RuntimeError,
                  match="diagonal dimensions cannot be identical 1, -1")
    yield Invalid(v.normal(3), 0, 0, 2, raises=IndexError, match="Dimension out of range")


def _diag_embed_reference(x: Array, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Array:
    count = x.shape[-1] + abs(offset)
    rows = np.arange(x.shape[-1]) + max(-offset, 0)
    result = np.zeros((*x.shape[:-1], count, count), x.dtype)
    result[..., rows, rows + offset] = x
    return np.moveaxis(result, (-2, -1), (dim1, dim2))


def _diag(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3))
    yield Sample(v.normal(3), -1)
    yield Sample(v.normal(3, 4))
    yield Sample(v.normal(3, 4), diagonal=1)
    yield Invalid(v.normal(2, 2, 2), raises=RuntimeError, match="Supports 1D or 2D tensors. Got 3D")
    yield Invalid(v.normal(), raises=RuntimeError, match="Supports 1D or 2D tensors. Got 0D")


def _diagflat(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3))
    yield Sample(v.normal(2, 2), -1)
    yield Sample(v.normal(), 1)


def _alone(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3))
    yield Sample(v.normal())


def _complex(v: Values) -> Iterator[Sample]:
    yield Sample(v.complex(2, 3))
    yield Invalid(v.normal(3), raises=RuntimeError, own_words=True)


def _parts(v: Values) -> Iterator[Sample]:
    yield Sample(Fixed(v.normal(3, 2)))  # without a gradient: PyTorch has none
    yield Invalid(Fixed(v.normal(3)), raises=RuntimeError, match="last dimension of size 2")


def _split(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(5, 2), 2)
    yield Sample(v.normal(4, 6), 3, 1)
    yield Sample(v.normal(0, 2), 2)
    yield Invalid(v.normal(4, 6), 0, raises=RuntimeError, own_words=True)


def _with_sizes(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(4, 6), [1, 2, 3], -1)
    yield Sample(v.normal(3), (0, 3))
    yield Invalid(v.normal(4, 6), [1, 2], 1, raises=RuntimeError,
                  match="split_with_sizes expects split_sizes to sum exactly to 6")


def _dtype(v: Values) -> Iterator[Sample]:
    yield Sample(v.integers(0, 9, 2, 2), Named("float64"))


def _on_a_copy(name: str) -> Callable[[Any], Callable[..., Any]]:
    """The view in place, of a copy: the tensor itself keeps its shape for the checks."""
    return lambda torch: lambda x, *args: getattr(x.clone(), name)(*args)


COPIES: dict[str, tuple[Any, ...]] = {
    "alias": (_alone, np.array), "as_strided": (_as_strided, _strided),
    "diagonal": (_diagonal, _diagonal_reference),
    "expand": (lambda v: [s for s in shape._expand(v) if not isinstance(s.args[1], int)],
               shape._expand_reference),
    "permute": (shape._permute, np.transpose),
    "select": (shape._select, lambda x, dim, index: np.take(x, index, dim)),
    "slice": (_slice, _sliced), "split": (_split, shape._split_reference),
    "split_with_sizes": (_with_sizes, shape._split_reference),
    "squeeze": (shape._squeeze, shape._squeeze_reference), "t": (shape._t, np.transpose),
    "transpose": (shape._transpose, lambda x, a, b: np.swapaxes(x, a, b) if x.ndim else x),
    "unbind": (shape._unbind, lambda x, dim=0: list(np.moveaxis(x, dim, 0))),
    "unfold": (_unfold, _unfold_reference), "unsqueeze": (shape._unsqueeze, np.expand_dims),
    "view": (shape._reshape, lambda x, size: x.reshape(size)),
    "view_as_real": (_complex, lambda x: np.stack([x.real, x.imag], -1)),
    "view_as_complex": (_parts, lambda x: x[..., 0] + 1j * x[..., 1]),
    "narrow": (shape._narrow, shape._narrow_reference),
}  # fmt: skip
LAID = ("as_strided", "view", "view_as_complex")  # what they show depends on the order of memory
NO_PEER = ("narrow",)  # PyTorch's backward fails
NO_HALVES = ("view_as_complex", "view_as_real")
IN_PLACE: dict[str, tuple[Any, ...]] = {
    "squeeze_": COPIES["squeeze"], "unsqueeze_": COPIES["unsqueeze"], "t_": COPIES["t"],
    "transpose_": COPIES["transpose"], "swapaxes_": COPIES["transpose"],
    "swapdims_": COPIES["transpose"], "as_strided_": COPIES["as_strided"],
}  # fmt: skip

ops = [
    Op("as_strided", _as_strided, _strided, view=True, layouts=False),
    Op("diagonal", _diagonal, _diagonal_reference, view=True),
    Op("linalg.diagonal", _matrices, lambda A, offset=0, dim1=-2, dim2=-1: np.diagonal(
        A, offset, dim1, dim2), view=True),
    Op("Tensor.unfold", _unfold, _unfold_reference, view=True),
    Op("select_scatter", _select_scatter, _scattered(_selected)),
    Op("slice_scatter", _slice_scatter, _scattered(_sliced)),
    Op("diagonal_scatter", _diagonal_scatter, _scattered(_diagonal_reference)),
    # PyTorch gives the elements that were overwritten a gradient, and the others none.
    Op("as_strided_scatter", _as_strided_scatter, _scattered(_strided), layouts=False,
       peer_gradient=False),
    Op("diag_embed", _diag_embed, _diag_embed_reference),
    Op("diag", _diag, lambda x, diagonal=0: np.diag(x, diagonal), composite=True),
    Op("diagflat", _diagflat, np.diagflat, composite=True),
    *[Op(f"{name}_copy", make, reference, composite=True, layouts=name not in LAID,
         halves=name not in NO_HALVES, peer_gradient=name not in NO_PEER)
      for name, (make, reference) in COPIES.items()],
    Op("view_copy as a dtype", _dtype, lambda x, dtype: x.view(dtype), differentiable=False,
       call=lambda torch: torch.view_copy),
    Op("detach_copy", _alone, np.array, differentiable=False),
    *[Op(f"Tensor.{name}", make, reference, composite=True, layouts=name != "as_strided_",
         unrecorded="another shape in place", call=_on_a_copy(name))
      for name, (make, reference) in IN_PLACE.items()],
]  # fmt: skip
