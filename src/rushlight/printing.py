"""How tensors are printed: the texts of `repr(tensor)`, character by character PyTorch's.

All elements of a tensor are written in one format, which the non-zero finite ones among those shown
decide: whole numbers ("2."), a fixed number of digits ("0.2500"), or powers of ten ("2.5000e-05").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .dtype import (
    COMPLEX,
    FLOATING,
    category_of,
    complex64,
    complex128,
    float64,
    get_default_dtype,
    int64,
)
from .dtype import bool as bool_dtype
from .kernels import launch
from .kernels.quiet import quietly
from .tensor import Tensor, wrap


@dataclass
class _Options:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_options = _Options()
_profiles: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Sets how tensors are printed; what is not given stays, but for `sci_mode`.

    `precision` digits after the point; tensors of more than `threshold` elements show `edgeitems`
    at both ends of each dimension; lines break at `linewidth` characters. `profile` is "default",
    "short" or "full" (never shortened). `sci_mode` forces powers of ten or forbids them; None lets
    the values decide.

    >>> import rushlight as torch
    >>> torch.set_printoptions(precision=2)
    >>> torch.tensor([1.12345])
    tensor([1.12])
    >>> torch.set_printoptions(profile="default")
    """
    if profile is not None:
        if profile not in _profiles:
            raise ValueError(f"profile must be one of {', '.join(_profiles)}, not {profile!r}")
        for name, value in _profiles[profile].items():
            setattr(_options, name, value)
    given = {
        "precision": precision, "threshold": threshold, "edgeitems": edgeitems,
        "linewidth": linewidth,
    }  # fmt: skip
    for name, value in given.items():
        if value is not None:
            setattr(_options, name, value)
    _options.sci_mode = sci_mode


def tensor_repr(tensor: Tensor, *, tensor_contents: Any = None) -> str:
    """`tensor([1., 2.], grad_fn=<AddBackward0>)`."""
    from .nn.parameter import Buffer, Parameter

    array = tensor.array
    if launch.batching is not None and launch.batching.is_batched(array):
        value = tensor_repr(wrap(array.value)).replace("\n", "\n    ")
        number = array.level.number
        return f"BatchedTensor(lvl={number}, bdim={array.dim}, value=\n    {value}\n)"
    plain = type(tensor) in (Tensor, Parameter, Buffer)
    prefix = "tensor(" if plain else f"{type(tensor).__name__}("
    if tensor.is_meta:
        contents = "..."
    else:
        contents = "[]" if tensor.array.size == 0 else quietly(_contents, tensor, len(prefix))
    text = _with_suffixes(prefix + contents, _suffixes(tensor), len(prefix))
    return f"Parameter({text})" if isinstance(tensor, Parameter) and not plain else text


def parts_repr(tensor: Tensor, parts: dict[str, Tensor], facts: list[str], layout: Any) -> str:
    """The text of a tensor that is told by parts of it: `tensor(indices=tensor(...), ...)`.

    `facts` are said before its dtype, its `layout` after it. Coordinates stand on a line of their
    own, compressed rows before what fits beside them.
    """
    lines = []
    for name, part in parts.items():
        prefix = f"{name}=tensor("
        contents = "[]" if part.array.size == 0 else quietly(_contents, part, 7 + len(prefix))
        size = f", size={tuple(part.array.shape)}" if part.array.size == 0 else ""
        lines.append(f"{prefix}{contents}{size})")
    suffixes = list(facts)
    if tensor.device.type != "cpu":
        suffixes.insert(0, f"device='{tensor.device}'")
    default = get_default_dtype()
    complex_default = complex128 if default is float64 else complex64
    if tensor.dtype not in (default, complex_default, int64, bool_dtype):
        suffixes.append(f"dtype={tensor.dtype}")
    suffixes.append(f"layout={layout}")
    if tensor.grad_fn is not None:
        suffixes.append(f"grad_fn=<{type(tensor.grad_fn).__name__}>")
    elif tensor.requires_grad:
        suffixes.append("requires_grad=True")
    text = "tensor(" + ",\n       ".join(lines)
    if len(parts) == 2:
        text, suffixes = text + ",\n       " + suffixes[0], suffixes[1:]
    return _with_suffixes(text, suffixes, 7)


setattr(Tensor, "__repr__", tensor_repr)  # noqa: B010


def _suffixes(tensor: Tensor) -> list[str]:
    suffixes = []
    if tensor.device.type != "cpu":
        suffixes.append(f"device='{tensor.device}'")
    default = get_default_dtype()
    if tensor.array.size == 0 or tensor.is_meta:
        # No element shows the dtype, so only the default one goes unsaid.
        unsaid: tuple[Any, ...] = (default,)
        show_size = tensor.array.ndim != 1 or tensor.is_meta
    else:
        complex_default = complex128 if default is float64 else complex64
        unsaid = (default, complex_default, int64, bool_dtype)
        show_size = _options.edgeitems == 0
    if show_size:
        suffixes.append(f"size={tuple(tensor.array.shape)}")
    if tensor.dtype not in unsaid:
        suffixes.append(f"dtype={tensor.dtype}")
    if tensor.grad_fn is not None:
        suffixes.append(f"grad_fn=<{type(tensor.grad_fn).__name__}>")
    elif tensor.requires_grad:
        suffixes.append("requires_grad=True")
    return suffixes


def _with_suffixes(text: str, suffixes: list[str], indent: int) -> str:
    # PyTorch counts the last line one character too long for one line, two for several.
    position = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if position + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + suffix
            position = indent + len(suffix)
        else:
            text += ", " + suffix
            position += len(suffix) + 2
    return text + ")"


def _contents(tensor: Tensor, indent: int) -> str:
    array = tensor.host_array()
    summarize = array.size > _options.threshold
    shown = _edges(array) if summarize else array
    element: _Element | _ComplexElement
    if category_of(array.dtype) == COMPLEX:
        element = _ComplexElement(_Element(shown.real), _Element(shown.imag))
    else:
        element = _Element(shown)
    return _nested(array, indent, summarize, element)


def _edges(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The elements of a summary: the first and the last few along each dimension."""
    count = _options.edgeitems
    for axis, size in enumerate(array.shape):
        if size > 2 * count:
            kept = [*range(count), *range(size - count, size)]
            array = array[(slice(None),) * axis + (kept,)]  # take() copies first what is expanded
    return array


class _Element:
    """Writes one element, right-aligned to the width that all of them need."""

    def __init__(self, shown: np.ndarray[Any, Any]) -> None:
        self.floating = category_of(shown.dtype) == FLOATING
        self.scientific = False
        self.whole = True
        self.width = 1
        if not self.floating:
            self.width = max((len(str(v)) for v in shown.ravel().tolist()), default=1)
            return
        values = shown[np.isfinite(shown) & (shown != 0)].astype(np.float64)
        if values.size == 0:
            return
        self.whole = bool((values == np.ceil(values)).all())
        self.scientific = self._needs_powers(np.abs(values))
        self.width = max(len(self._digits(v)) for v in values.tolist())

    @staticmethod
    def _needs_powers(magnitudes: np.ndarray[Any, Any]) -> bool:
        if _options.sci_mode is not None:
            return _options.sci_mode
        low, high = magnitudes.min(), magnitudes.max()
        return bool(high / low > 1000.0 or high > 1e8 or low < 1e-4)

    def _digits(self, value: Any) -> str:
        if not self.floating:
            return str(value)
        if self.scientific:
            return f"{value:.{_options.precision}e}"
        if self.whole:
            return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"
        return f"{value:.{_options.precision}f}"

    def write(self, value: Any) -> str:
        return self._digits(value).rjust(self.width)


class _ComplexElement:
    def __init__(self, real: _Element, imaginary: _Element) -> None:
        self.real = real
        self.imaginary = imaginary
        self.width = real.width + imaginary.width + 1

    def write(self, value: Any) -> str:
        imaginary = self.imaginary.write(value.imag).lstrip() + "j"
        sign = "" if imaginary[0] in "+-" else "+"
        return self.real.write(value.real) + sign + imaginary


def _nested(array: np.ndarray[Any, Any], indent: int, summarize: bool, element: Any) -> str:
    if array.ndim == 0:
        return element.write(array.item())
    if array.ndim == 1:
        return _vector(array, indent, summarize, element)
    count = _options.edgeitems
    size = array.shape[0]
    rows: list[str]
    if summarize and size > 2 * count:
        numbers = [*range(count), *range(size - count, size)]
        rows = [_nested(array[i], indent + 1, summarize, element) for i in numbers]
        rows.insert(count, "...")
    else:
        rows = [_nested(row, indent + 1, summarize, element) for row in array]
    separator = "," + "\n" * (array.ndim - 1) + " " * (indent + 1)
    return "[" + separator.join(rows) + "]"


def _vector(array: np.ndarray[Any, Any], indent: int, summarize: bool, element: Any) -> str:
    count = _options.edgeitems
    if summarize and count == 0:
        words = ["..."]
    elif summarize and array.size > 2 * count:
        words = [element.write(v) for v in array[:count].tolist()]
        words.append(" ...")
        words += [element.write(v) for v in array[-count:].tolist()]
    else:
        words = [element.write(v) for v in array.tolist()]
    per_line = max(1, (_options.linewidth - indent) // (element.width + 2))
    lines = [", ".join(words[i : i + per_line]) for i in range(0, len(words), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
