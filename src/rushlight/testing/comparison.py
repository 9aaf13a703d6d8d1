"""`assert_close`: whether two results are the same but for rounding, and where they are not."""

from __future__ import annotations

import cmath
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from ..dtype import (
    bfloat16,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int64,
    promote_types,
    uint16,
    uint32,
    uint64,
)
from ..dtype import dtype as DType
from ..layout import layout as Layout
from ..layout import sparse_coo, sparse_csc, sparse_csr, strided
from ..ops.compare_all import isclose
from ..ops.interchange import as_tensor
from ..tensor import Tensor

# Of what a dtype rounds to: relative, absolute. Whole numbers must be equal.
_TOLERANCES = {
    float16: (1e-3, 1e-5), bfloat16: (1.6e-2, 1e-5), float32: (1.3e-6, 1e-5), float64: (1e-7, 1e-7),
    complex64: (1.3e-6, 1e-5), complex128: (1e-7, 1e-7),
}  # fmt: skip
_LOOSER = {float16: (1e-3, 1e-3), float32: (1e-4, 1e-5), float64: (1e-5, 1e-8)}
_DTYPES = {int: int64, float: float64, complex: complex128}
# Which indices a compressed tensor has: those that are compressed, then the plain ones.
_COMPRESSED: dict[Layout, tuple[str, str, str]] = {
    sparse_csr: ("CSR", "crow_indices", "col_indices"),
    sparse_csc: ("CSC", "ccol_indices", "row_indices"),
}


class _Difference(Exception):
    """What differs, and where, to be raised as an error of type `kind`."""

    def __init__(self, kind: type[Exception], message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message
        self.place: tuple[Any, ...] = ()

    def __str__(self) -> str:
        item = "".join(f"[{part!r}]" for part in self.place)
        return f"{self.message}\n\nThe failure occurred for item {item}" if item else self.message


def _fail(message: str, kind: type[Exception] = AssertionError) -> NoReturn:
    raise _Difference(kind, message)


@dataclass(frozen=True)
class _Options:
    allow_subclasses: bool
    rtol: float | None
    atol: float | None
    equal_nan: bool
    check_device: bool
    check_dtype: bool
    check_layout: bool
    check_stride: bool

    def tolerances(self, *dtypes: DType) -> tuple[float, float]:
        if (self.rtol is None) != (self.atol is None):
            missing = "rtol" if self.rtol is None else "atol"
            _fail(
                "Both 'rtol' and 'atol' must be either specified or omitted, but got no "
                f"{missing}.", ValueError,
            )  # fmt: skip
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        defaults = [_TOLERANCES.get(dtype, (0.0, 0.0)) for dtype in dtypes]
        return max(rtol for rtol, _ in defaults), max(atol for _, atol in defaults)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raises an AssertionError that says where, unless two results are close.

    Tensors, numbers, NumPy arrays, and sequences and mappings of such are compared. Elements are
    close where `|actual - expected| <= atol + rtol * |expected|`. Without `rtol` and `atol` these
    follow from the dtype: 1.3e-6 and 1e-5 for float32, 1e-7 both for float64, 1e-3 and 1e-5 for
    float16, 1.6e-2 and 1e-5 for bfloat16; whole numbers and masks must be equal. `msg` takes the
    place of the message, or makes one of it. Of sparse tensors indices must be equal, and values
    close; of tensors without memory only what they are is compared.

    Raises TypeError where things cannot be compared, such as a tensor and a list, and ValueError
    where one of `rtol` and `atol` is given alone.

    >>> import rushlight as torch
    >>> torch.testing.assert_close(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.000001]))
    >>> torch.testing.assert_close(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0]))
    Traceback (most recent call last):
    ...
    AssertionError: Tensor-likes are not close!
    <BLANKLINE>
    Mismatched elements: 1 / 2 (50.0%)
    Greatest absolute difference: 1.0 at index (1,) (up to 1e-05 allowed)
    Greatest relative difference: 0.3333333432674408 at index (1,) (up to 1.3e-06 allowed)
    """
    __tracebackhide__ = True  # pytest then shows the caller's line
    options = _Options(
        allow_subclasses, rtol, atol, equal_nan, check_device, check_dtype, check_layout,
        check_stride,
    )  # fmt: skip
    try:
        # All structure is compared before any value.
        for compare in list(_comparisons(actual, expected, (), options)):
            compare()
    except _Difference as difference:
        text, kind = str(difference), difference.kind
    else:
        return
    raise kind(msg if isinstance(msg, str) else msg(text) if msg is not None else text)


def _comparisons(
    actual: Any, expected: Any, place: tuple[Any, ...], options: _Options
) -> Iterator[Callable[[], None]]:
    """What compares each pair of values that hold no others."""
    with _at(place):
        keys = _keys(actual, expected)
        if keys is None:
            compare = _comparison(actual, expected, options)

            def compare_there() -> None:
                with _at(place):
                    compare()

            yield compare_there
    for key in keys or ():
        yield from _comparisons(actual[key], expected[key], (*place, key), options)


@contextmanager
def _at(place: tuple[Any, ...]) -> Iterator[None]:
    """Tells a difference that is found inside where it is."""
    try:
        yield
    except _Difference as difference:
        difference.place = place
        raise


def _keys(actual: Any, expected: Any) -> list[Any] | None:
    """The indices or keys of two sequences or mappings; None if they are none."""
    both = actual, expected
    if all(isinstance(value, Sequence) and not isinstance(value, str) for value in both):
        if len(actual) != len(expected):
            _fail(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}")
        return list(range(len(actual)))
    if not all(isinstance(value, Mapping) for value in both):
        return None
    if set(actual) != set(expected):
        _fail(
            "The keys of the mappings do not match:\n"
            f"Missing keys in the actual mapping: {sorted(set(expected) - set(actual))}\n"
            f"Additional keys in the actual mapping: {sorted(set(actual) - set(expected))}"
        )
    try:
        return sorted(actual)
    except TypeError:  # keys without an order
        return list(actual)


def _comparison(actual: Any, expected: Any, options: _Options) -> Callable[[], None]:
    """What compares two values that hold no others."""
    both = actual, expected
    if actual is None or expected is None:
        return lambda: _compare_same(actual, expected, "None")
    if all(isinstance(value, (bool, np.bool_)) for value in both):
        return lambda: _compare_same(bool(actual), bool(expected), "Booleans")
    if all(isinstance(value, (int, float, complex, np.number)) for value in both):
        numbers = [value.item() if isinstance(value, np.number) else value for value in both]
        tolerances = options.tolerances(*[_DTYPES[_number_type(value)] for value in numbers])
        return lambda: _compare_numbers(numbers[0], numbers[1], tolerances, options)
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    if related and (options.allow_subclasses or type(actual) is type(expected)):
        tensors = [tensor for tensor in map(_as_tensor, both) if tensor is not None]
        if len(tensors) == 2:
            tolerances = options.tolerances(*[tensor.dtype for tensor in tensors])
            return lambda: _compare_tensors(tensors[0], tensors[1], tolerances, options)
    _fail(
        f"No comparison pair was able to handle inputs of type {type(actual)} and "
        f"{type(expected)}.", TypeError,
    )  # fmt: skip


def _number_type(value: Any) -> type:
    return next(kind for kind in (int, float, complex) if isinstance(value, kind))


def _as_tensor(value: Any) -> Tensor | None:
    if isinstance(value, Tensor):
        return value
    try:
        return as_tensor(value)
    except Exception:  # whatever an object raises that is asked for its elements
        return None


def _compare_same(actual: Any, expected: Any, name: str) -> None:
    if actual is not expected:
        _fail(f"{name} mismatch: {actual} is not {expected}")


def _compare_numbers(
    actual: Any, expected: Any, tolerances: tuple[float, float], options: _Options
) -> None:
    if options.check_dtype and type(actual) is not type(expected):
        _fail(f"The (d)types do not match: {type(actual)} != {type(expected)}.")
    if actual == expected:
        return
    if options.equal_nan and cmath.isnan(actual) and cmath.isnan(expected):
        return
    rtol, atol = tolerances
    difference = abs(actual - expected)
    if not cmath.isfinite(difference) or difference > atol + rtol * abs(expected):
        _fail(_told_of_numbers(actual, expected, tolerances, "Scalars"))


# ---- tensors


def _compare_tensors(
    actual: Tensor, expected: Tensor, tolerances: tuple[float, float], options: _Options
) -> None:
    for name, is_checked, of in (
        ("shape", True, lambda x: x.shape),
        ("layout", options.check_layout, lambda x: x.layout),
        ("stride()", options.check_stride and actual.layout is expected.layout is strided,
         lambda x: x.stride()),
        ("device", options.check_device, lambda x: x.device),
        ("dtype", options.check_dtype, lambda x: x.dtype),
    ):  # fmt: skip
        if is_checked and of(actual) != of(expected):
            _fail(
                f"The values for attribute '{name}' do not match: {of(actual)} != {of(expected)}."
            )
    if actual.is_meta or expected.is_meta:
        return
    actual, expected = _alike(actual.detach(), expected.detach())
    for name, one, other, is_index in _parts(actual, expected):
        _compare_elements(one, other, (0, 0) if is_index else tolerances, name, options.equal_nan)


def _alike(actual: Tensor, expected: Tensor) -> tuple[Tensor, Tensor]:
    """Both on one device, of one dtype and one layout."""
    if actual.device != expected.device:
        actual, expected = actual.cpu(), expected.cpu()
    if actual.dtype is not expected.dtype:
        # No other dtype is wide enough for these; int64 is for nearly all of their numbers.
        dtypes = [
            int64 if x.dtype in (uint16, uint32, uint64) else x.dtype for x in (actual, expected)
        ]
        dtype = promote_types(*dtypes)
        actual, expected = actual.to(dtype), expected.to(dtype)
    if actual.layout is not expected.layout:
        actual, expected = actual.to_dense(), expected.to_dense()
    return actual, expected


def _parts(actual: Any, expected: Any) -> list[tuple[str, Tensor, Tensor, bool]]:
    """What there is to compare: names, tensors, and whether they are indices."""
    if actual.layout is strided:
        return [("Tensor-likes" if actual.ndim else "Scalars", actual, expected, False)]
    kind = "COO" if actual.layout is sparse_coo else _COMPRESSED[actual.layout][0]
    pairs = [("specified values", actual._nnz(), expected._nnz())]
    if kind == "COO":
        pairs.insert(0, ("sparse dimensions", actual.sparse_dim(), expected.sparse_dim()))
    for name, one, other in pairs:
        if one != other:
            _fail(f"The number of {name} in sparse {kind} tensors does not match: {one} != {other}")
    if kind == "COO":
        return [
            ("Sparse COO indices", actual._indices(), expected._indices(), True),
            ("Sparse COO values", actual._values(), expected._values(), False),
        ]
    parts = []
    for name in _COMPRESSED[actual.layout][1:]:
        one, other = getattr(actual, name)(), getattr(expected, name)()
        parts.append((f"Sparse {kind} {name}", one.to(int64), other.to(int64), True))
    return [*parts, (f"Sparse {kind} values", actual.values(), expected.values(), False)]


def _compare_elements(
    actual: Tensor, expected: Tensor, tolerances: tuple[float, float], name: str, equal_nan: bool
) -> None:
    rtol, atol = tolerances
    matches = isclose(actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan)
    if matches.all():
        return
    if actual.ndim == 0:
        _fail(_told_of_numbers(actual.item(), expected.item(), tolerances, name))
    if not actual.dtype.is_floating_point and not actual.dtype.is_complex:
        actual, expected = actual.to(int64), expected.to(int64)  # whose differences fit
    absolute = (actual - expected).abs().masked_fill(matches, 0)
    relative = (absolute / expected.abs()).masked_fill(matches, 0)
    total = matches.numel()
    wrong = total - int(matches.sum())
    lines = [f"Mismatched elements: {wrong} / {total} ({wrong / total:.1%})"]
    for kind, differences, allowed in (
        ("absolute", absolute, atol), ("relative", relative, rtol)
    ):  # fmt: skip
        greatest, index = differences.flatten().max(dim=0)
        place = tuple(int(i) for i in np.unravel_index(int(index), tuple(matches.shape)))
        lines.append(f"Greatest {kind} difference: {greatest.item()} at index {place}"
                     + _allowed(allowed, tolerances))  # fmt: skip
    _fail(_headed(name, tolerances, lines))


def _told_of_numbers(
    actual: Any, expected: Any, tolerances: tuple[float, float], name: str
) -> str:
    rtol, atol = tolerances
    absolute = abs(actual - expected)
    relative = float("inf") if expected == 0 else absolute / abs(expected)
    return _headed(name, tolerances, [
        f"Expected {expected} but got {actual}.",
        f"Absolute difference: {absolute}{_allowed(atol, tolerances)}",
        f"Relative difference: {relative}{_allowed(rtol, tolerances)}",
    ])  # fmt: skip


def _headed(name: str, tolerances: tuple[float, float], lines: list[str]) -> str:
    word = "close" if any(tolerances) else "equal"
    return "\n".join([f"{name} are not {word}!", "", *lines])


def _allowed(tolerance: float, tolerances: tuple[float, float]) -> str:
    return f" (up to {tolerance} allowed)" if any(tolerances) else ""


def assert_allclose(
    actual: Any, expected: Any, rtol: float | None = None, atol: float | None = None,
    equal_nan: bool = True, msg: str = "",
) -> None:  # fmt: skip
    """The old form of `assert_close`, which is looser and takes no notice of dtypes.

    >>> import rushlight as torch
    >>> torch.testing.assert_allclose(torch.ones(2), [1, 1])
    """
    warnings.warn(
        "`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed in a "
        "future release. Please use `torch.testing.assert_close()` instead.",
        FutureWarning, stacklevel=2,
    )  # fmt: skip
    if not isinstance(actual, Tensor):
        actual = as_tensor(actual)
    if not isinstance(expected, Tensor):
        expected = as_tensor(expected, dtype=actual.dtype)
    if rtol is None and atol is None:
        found = [_LOOSER.get(x.dtype, (0.0, 0.0)) for x in (actual, expected)]
        rtol, atol = max(r for r, _ in found), max(a for _, a in found)
    assert_close(
        actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False,
        msg=msg or None,
    )  # fmt: skip
