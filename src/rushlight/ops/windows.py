"""Windows for the analysis of signals: `torch.signal.windows`, and torch's own older five.

A window is made once of a few numbers: it is computed in double precision and rounded to its dtype.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import pi
from typing import Any

from ..dtype import FLOATING, float64, get_default_dtype, title_of
from ..dtype import dtype as DType
from ..errors import OperationError
from ..layout import strided
from ..tensor import Tensor
from ..types import AnyDevice
from .bessel import i0
from .creation import arange, full_like, ones_like
from .declare import operation
from .signatures import signature_of

Values = Callable[[Tensor, int], Tensor]


def _made(
    count: int, periodic: bool, values: Values, dtype: DType,
    device: AnyDevice, requires_grad: bool,
) -> Tensor:  # fmt: skip
    """`values(n, last)` at the places n = 0, 1, ..., where a symmetric window ends at `last`.

    A periodic window is a symmetric one with an element more, which is left away.
    """
    last = count if periodic and count > 1 else count - 1
    result = values(arange(count, dtype=float64, device=device), last).to(dtype)
    return result.requires_grad_() if requires_grad else result


def _unless_single(values: Values) -> Values:
    """A window of a single element is 1, whatever the formula says there."""
    return lambda n, last: ones_like(n) if last < 1 else values(n, last)


def _cosines(coefficients: Iterable[float]) -> Values:
    """a[0] - a[1] cos(2 pi n / last) + a[2] cos(4 pi n / last) - ..."""
    mean, *rest = coefficients
    factors = [a if i % 2 else -a for i, a in enumerate(rest)]

    def values(n: Tensor, last: int) -> Tensor:
        result = full_like(n, mean)
        for i, factor in enumerate(factors, 1):
            result = result + factor * (2 * pi * i / last * n).cos()
        return result

    return _unless_single(values)


def _triangle(n: Tensor, last: int) -> Tensor:
    return 1 - (2 * n / last - 1).abs()


def _bessel(beta: float) -> Values:
    def values(n: Tensor, last: int) -> Tensor:
        x = 2 * n / last - 1
        return i0(beta * (1 - x * x).sqrt()) / i0(full_like(n, beta))

    return _unless_single(values)


# ---- torch.signal.windows


def _window(
    name: str, M: int, values: Values, *, sym: bool = True, dtype: DType | None = None,
    layout: Any = strided, device: AnyDevice = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """One of `torch.signal.windows`; its errors for what makes no window."""
    kind = dtype or get_default_dtype()
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if layout is not strided:
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    if kind.numpy.name not in ("float32", "float64"):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {kind}")
    return _made(M, not sym, values, kind, device, requires_grad)


@operation("signal.windows")
@signature_of(_window)
def bartlett(M: int, **options: Any) -> Tensor:
    """A triangle from 0 to 1 and back to 0.

    >>> import rushlight as torch
    >>> torch.signal.windows.bartlett(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return _window("bartlett", M, _unless_single(_triangle), **options)


@operation("signal.windows")
@signature_of(_window)
def exponential(
    M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True, **options: Any
) -> Tensor:
    """A window that decays on both sides of its `center`: exp(-|n - center| / tau).

    `sym=False` makes a periodic window, as spectra want them; only there a `center` may be given.

    >>> import rushlight as torch
    >>> torch.signal.windows.exponential(3)  # exp(-1) is 0.3679
    tensor([0.3679, 1.0000, 0.3679])
    """
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")

    def values(n: Tensor, last: int) -> Tensor:
        return (-(n - (last / 2 if center is None else center)).abs() / tau).exp()

    return _window("exponential", M, values, sym=sym, **options)


@operation("signal.windows")
@signature_of(_window)
def cosine(M: int, **options: Any) -> Tensor:
    """Half a period of a sine: sin(pi (n + 1/2) / M).

    >>> import rushlight as torch
    >>> torch.signal.windows.cosine(3)
    tensor([0.5000, 1.0000, 0.5000])
    """
    return _window("cosine", M, lambda n, last: (pi * (n + 0.5) / (last + 1)).sin(), **options)


@operation("signal.windows")
@signature_of(_window)
def gaussian(M: int, *, std: float = 1.0, **options: Any) -> Tensor:
    """A bell of the standard deviation `std` around the middle c: exp(-((n - c) / std)**2 / 2).

    >>> import rushlight as torch
    >>> torch.signal.windows.gaussian(3)  # exp(-1 / 2) is 0.6065
    tensor([0.6065, 1.0000, 0.6065])
    """
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")

    def values(n: Tensor, last: int) -> Tensor:
        return (-(((n - last / 2) / std) ** 2) / 2).exp()

    return _window("gaussian", M, values, **options)


@operation("signal.windows")
@signature_of(_window)
def kaiser(M: int, *, beta: float = 12.0, **options: Any) -> Tensor:
    """Kaiser's window: i0(beta sqrt(1 - x * x)) / i0(beta), x from -1 to 1, i0 Bessel's function.

    >>> import rushlight as torch
    >>> torch.signal.windows.kaiser(5, beta=2.0)
    tensor([0.4387, 0.8348, 1.0000, 0.8348, 0.4387])
    """
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    return _window("kaiser", M, _bessel(beta), **options)


@operation("signal.windows")
@signature_of(_window)
def general_cosine(M: int, *, a: Iterable[float], **options: Any) -> Tensor:
    """A sum of cosines: a[0] - a[1] cos(2 pi n / (M - 1)) + a[2] cos(4 pi n / (M - 1)) - ...

    >>> import rushlight as torch
    >>> torch.signal.windows.general_cosine(5, a=[0.5, 0.5])
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return _sum_of_cosines("general_cosine", M, a, **options)


def _sum_of_cosines(name: str, M: int, a: Any, **options: Any) -> Tensor:
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    coefficients = [float(value) for value in a]
    if not coefficients:
        raise ValueError("Coefficients cannot be empty")
    return _window(name, M, _cosines(coefficients), **options)


@operation("signal.windows")
@signature_of(_window)
def general_hamming(M: int, *, alpha: float = 0.54, **options: Any) -> Tensor:
    """alpha - (1 - alpha) cos(2 pi n / (M - 1)).

    >>> import rushlight as torch
    >>> torch.signal.windows.general_hamming(5, alpha=0.75)
    tensor([0.5000, 0.7500, 1.0000, 0.7500, 0.5000])
    """
    return _sum_of_cosines("general_hamming", M, [alpha, 1 - alpha], **options)


@operation("signal.windows")
@signature_of(_window)
def hamming(M: int, **options: Any) -> Tensor:
    """Hamming's window: 0.54 - 0.46 cos(2 pi n / (M - 1)).

    >>> import rushlight as torch
    >>> torch.signal.windows.hamming(5)
    tensor([0.0800, 0.5400, 1.0000, 0.5400, 0.0800])
    """
    return _sum_of_cosines("hamming", M, [0.54, 0.46], **options)


@operation("signal.windows")
@signature_of(_window)
def hann(M: int, **options: Any) -> Tensor:
    """Hann's window: (1 - cos(2 pi n / (M - 1))) / 2.

    >>> import rushlight as torch
    >>> torch.signal.windows.hann(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return _sum_of_cosines("hann", M, [0.5, 0.5], **options)


@operation("signal.windows")
@signature_of(_window)
def blackman(M: int, **options: Any) -> Tensor:
    """Blackman's window: 0.42 - 0.5 cos(2 pi n / (M - 1)) + 0.08 cos(4 pi n / (M - 1)).

    >>> import rushlight as torch
    >>> torch.signal.windows.blackman(5)[1:-1]  # the ends are 0
    tensor([0.3400, 1.0000, 0.3400])
    """
    return _sum_of_cosines("blackman", M, [0.42, 0.5, 0.08], **options)


@operation("signal.windows")
@signature_of(_window)
def nuttall(M: int, **options: Any) -> Tensor:
    """Nuttall's window: the sum of cosines of 0.3635819, 0.4891775, 0.1365995 and 0.0106411.

    >>> import rushlight as torch
    >>> torch.signal.windows.nuttall(5)[1:-1]  # the ends are 0.0004
    tensor([0.2270, 1.0000, 0.2270])
    """
    a = [0.3635819, 0.4891775, 0.1365995, 0.0106411]
    return _sum_of_cosines("nuttall", M, a, **options)


# ---- torch.hann_window and its like


def _older(
    name: str, window_length: int, periodic: bool, values: Values, *, dtype: DType | None = None,
    layout: Any = None, device: AnyDevice = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    kind = dtype or get_default_dtype()
    if kind.category < FLOATING:
        raise OperationError(f"{name} expects floating point dtypes, got: {title_of(kind)}")
    if window_length < 0:
        raise OperationError(
            f"{name} requires non-negative window_length, got window_length={window_length}"
        )
    return _made(window_length, periodic, values, kind, device, requires_grad)


@operation(method=False, out="cast")
@signature_of(_older)
def hann_window(window_length: int, periodic: bool = True, **options: Any) -> Tensor:
    """Hann's window: (1 - cos(2 pi n / N)) / 2, with N = window_length, or one less for a window
    that is symmetric instead of periodic.

    >>> import rushlight as torch
    >>> torch.hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _older("hann_window", window_length, periodic, _cosines([0.5, 0.5]), **options)


@operation(method=False, out="cast")
@signature_of(_older)
def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46,
    **options: Any,
) -> Tensor:  # fmt: skip
    """Hamming's window: alpha - beta cos(2 pi n / N). See `hann_window`.

    >>> import rushlight as torch
    >>> torch.hamming_window(4)
    tensor([0.0800, 0.5400, 1.0000, 0.5400])
    """
    values = _cosines([alpha, beta])
    return _older("hamming_window", window_length, periodic, values, **options)


@operation(method=False, out="cast")
@signature_of(_older)
def blackman_window(window_length: int, periodic: bool = True, **options: Any) -> Tensor:
    """Blackman's window: 0.42 - 0.5 cos(2 pi n / N) + 0.08 cos(4 pi n / N). See `hann_window`.

    >>> import rushlight as torch
    >>> torch.blackman_window(4)[1:]  # the first is 0
    tensor([0.3400, 1.0000, 0.3400])
    """
    values = _cosines([0.42, 0.5, 0.08])
    return _older("blackman_window", window_length, periodic, values, **options)


@operation(method=False, out="cast")
@signature_of(_older)
def bartlett_window(window_length: int, periodic: bool = True, **options: Any) -> Tensor:
    """A triangle: 1 - |2 n / N - 1|. See `hann_window`.

    >>> import rushlight as torch
    >>> torch.bartlett_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    values = _unless_single(_triangle)
    return _older("bartlett_window", window_length, periodic, values, **options)


@operation(method=False, out="cast")
@signature_of(_older)
def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, **options: Any
) -> Tensor:
    """Kaiser's window: i0(beta sqrt(1 - (2 n / N - 1)**2)) / i0(beta). See `hann_window`.

    >>> import rushlight as torch
    >>> torch.kaiser_window(4, True, 2.0)
    tensor([0.4387, 0.8348, 1.0000, 0.8348])
    """
    return _older("kaiser_window", window_length, periodic, _bessel(beta), **options)
