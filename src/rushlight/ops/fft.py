"""Discrete Fourier transforms: `torch.fft`.

There are three transforms: complex to complex, and between a real signal and the half of its
spectrum that determines it. All others are these with sizes, conjugates and norms arranged. Each is
linear, and so its gradient is its adjoint, which is again one of the three in the other direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.operation import Operation
from ..dtype import FLOATING, HALVES, get_default_dtype, title_of
from ..dtype import dtype as DType
from ..errors import OperationError
from ..tensor import Tensor, wrap_dim
from ..types import AnyDevice
from .common import conjugated
from .creation import arange
from .declare import operation
from .padding import ConstantPad
from .rearranging import roll

# The norm of the transform in the other direction that has the same factor.
_TURNED = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


class FftC2C(Operation):
    """The transform of complex numbers: sums with exp(-2 pi i k n / N), or + where not forward."""

    operation_name = kernel = "fft_c2c"
    dims: tuple[int, ...]
    norm: str
    is_forward: bool

    def backward(self, grad: Tensor) -> Tensor:
        return FftC2C.apply(grad, self.dims, _TURNED[self.norm], not self.is_forward)


class FftR2C(Operation):
    """The forward transform of real numbers, its redundant half left away.

    The lines that stand for themselves and their mirror images are multiplied by `interior`: the
    adjoint of summing over both counts them twice, that of leaving one away half.
    """

    operation_name = kernel = "fft_r2c"
    keeps_shape = True
    dims: tuple[int, ...]
    norm: str
    interior: float

    def backward(self, grad: Tensor) -> Tensor:
        size = self.input_shape[self.dims[-1]]
        return FftC2R.apply(grad, self.dims, _TURNED[self.norm], self.interior / 2, size)


class FftC2R(Operation):
    """The inverse transform of half a spectrum: `size` real numbers in the last dimension."""

    operation_name = kernel = "fft_c2r"
    dims: tuple[int, ...]
    norm: str
    interior: float
    size: int

    def backward(self, grad: Tensor) -> Tensor:
        return FftR2C.apply(grad, self.dims, _TURNED[self.norm], self.interior * 2)


# ---- arguments


def _floating(input: Tensor) -> Tensor:
    """The operand, whole numbers as floating-point ones; halves are refused, as on any CPU."""
    if input.array.dtype in HALVES:
        title = title_of(input.dtype)
        raise OperationError(f"Unsupported dtype {title}: convert with .float() first")
    return input if input.dtype.category >= FLOATING else input.to(get_default_dtype())


def _real(name: str, input: Tensor) -> Tensor:
    if input.is_complex():
        raise OperationError(
            f"{name} expects a real-valued input tensor, but got {title_of(input.dtype)}; "
            f"the transform of complex numbers is {name.replace('ih', 'i').replace('r', '')}"
        )
    return _floating(input)


def _checked_norm(norm: str | None) -> str:
    norm = norm or "backward"
    if norm not in _TURNED:
        raise OperationError(
            f'Invalid normalization mode: "{norm}"; there are "backward", "ortho" and "forward"'
        )
    return norm


def _dims_and_sizes(
    name: str, input: Tensor, s: Any, dim: Any, spectrum: bool = False
) -> tuple[tuple[int, ...], list[int]]:
    """The dimensions to transform and their sizes, the last one's that of the signal.

    With `spectrum` the input is half a spectrum, twice as long a signal by default. A single number
    for `dim` is a transform of one dimension.
    """
    shape = input.array.shape
    if isinstance(dim, int):
        dim, s = (dim,), None if s is None else (s,)
        if s is not None and s[0] < 1:
            raise _no_points(s[0])
    if dim and not shape:
        raise IndexError(f"{name}: Dimension specified as {dim[0]} but tensor has no dimensions")
    s = (s,) if isinstance(s, int) else s
    if dim is None:
        if s is not None and len(s) > len(shape):
            raise OperationError(
                f"{name}: Got shape with {len(s)} values but input tensor only has {len(shape)} "
                "dimensions."
            )
        dims = tuple(range(len(shape) - len(shape if s is None else s), len(shape)))
    else:
        dims = tuple([wrap_dim(d, len(shape)) for d in dim])
        if len(set(dims)) != len(dims):
            raise OperationError(f"{name}: FFT dims must be unique, but got {tuple(dim)}")
        if s is not None and len(s) != len(dims):
            raise OperationError(
                f"{name}: When given, dim and shape arguments must have the same length, but got "
                f"{tuple(dim)} and {tuple(s)}"
            )
    sizes = [shape[d] for d in dims]
    if spectrum and sizes:
        sizes[-1] = 2 * (sizes[-1] - 1)
    if s is not None:
        sizes = [known if n == -1 else n for n, known in zip(s, sizes, strict=True)]
    for size in sizes:
        if size < 1:
            raise _no_points(size)
    return dims, sizes


def _no_points(size: int) -> OperationError:
    return OperationError(f"Invalid number of data points ({size}) specified")


def _resized(x: Tensor, dims: Sequence[int], sizes: Sequence[int]) -> Tensor:
    """x with these sizes: cut off, or zeros appended."""
    shape = x.array.shape
    widths = [(0, 0)] * len(shape)
    for dim, size in zip(dims, sizes, strict=True):
        widths[dim] = (0, size - shape[dim])
    return ConstantPad.apply(x, tuple(widths), 0) if any(w != (0, 0) for w in widths) else x


# ---- the three forms that all transforms have


def _complex(name: str, input: Tensor, s: Any, dim: Any, norm: Any, forward: bool) -> Tensor:
    x, norm = _floating(input), _checked_norm(norm)
    dims, sizes = _dims_and_sizes(name, x, s, dim)
    x = _resized(x, dims, sizes)
    if not dims:
        return x * (1.0 + 0.0j) if not x.is_complex() else x.clone()
    return FftC2C.apply(x, dims, norm, forward)


def _to_half(name: str, input: Tensor, s: Any, dim: Any, norm: Any, forward: bool) -> Tensor:
    """The spectrum of a real signal, or with the other sign in the exponent its conjugate."""
    x, norm = _real(name, input), _checked_norm(norm)
    dims, sizes = _dims_and_sizes(name, x, s, dim)
    if not dims:
        raise OperationError(f"{name} must transform at least one axis")
    x = _resized(x, dims, sizes)
    if forward:
        return FftR2C.apply(x, dims, norm, 1.0)
    return FftR2C.apply(x, dims, _TURNED[norm], 1.0).conj()


def _to_real(name: str, input: Tensor, s: Any, dim: Any, norm: Any, forward: bool) -> Tensor:
    """The real signal of half a spectrum, or with the other sign in the exponent its conjugate."""
    x, norm = _floating(input), _checked_norm(norm)
    dims, sizes = _dims_and_sizes(name, x, s, dim, spectrum=True)
    if not dims:
        raise OperationError(f"{name} must transform at least one axis")
    x = _resized(x, dims, [*sizes[:-1], sizes[-1] // 2 + 1])
    if forward:
        return FftC2R.apply(conjugated(x), dims, _TURNED[norm], 1.0, sizes[-1])
    return FftC2R.apply(x, dims, norm, 1.0, sizes[-1])


# ---- transforms of one dimension


@operation("fft", out="cast", autocast="float32")
def fft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The discrete Fourier transform: X[k] = sum over j of x[j] exp(-2 pi i j k / n).

    The signal is cut off, or filled up with zeros, to `n` elements along `dim`. `norm` says which
    direction divides by n: "forward", or "backward" (the default) the inverse; with "ortho" both do
    by sqrt(n).

    >>> import rushlight as torch
    >>> torch.fft.fft(torch.tensor([0.0, 1.0, 2.0, 3.0]))
    tensor([ 6.+0.j, -2.+2.j, -2.+0.j, -2.-2.j])
    """
    return _complex("fft", input, n, dim, norm, True)


@operation("fft", out="cast", autocast="float32")
def ifft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `fft`: x[j] = 1/n times the sum over k of X[k] exp(2 pi i j k / n).

    >>> import rushlight as torch
    >>> torch.fft.ifft(torch.tensor([4.0, 0.0, 0.0, 0.0])).real
    tensor([1., 1., 1., 1.])
    """
    return _complex("ifft", input, n, dim, norm, False)


@operation("fft", out="cast", autocast="float32")
def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """`fft` of real numbers: the first n // 2 + 1 lines, of which the others are conjugates.

    >>> import rushlight as torch
    >>> torch.fft.rfft(torch.tensor([0.0, 1.0, 2.0, 3.0]))
    tensor([ 6.+0.j, -2.+2.j, -2.+0.j])
    """
    return _to_half("rfft", input, n, dim, norm, True)


@operation("fft", out="cast", autocast="float32")
def irfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `rfft`: `n` real numbers, without `n` an even number of them.

    >>> import rushlight as torch
    >>> x = torch.arange(5.0)
    >>> torch.fft.irfft(torch.fft.rfft(x), n=5)
    tensor([0., 1., 2., 3., 4.])
    """
    return _to_real("irfft", input, n, dim, norm, False)


@operation("fft", out="cast", autocast="float32")
def hfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The `fft` of a signal that is the conjugate of its mirror image, given by its first half:
    `n` real numbers.

    >>> import rushlight as torch
    >>> torch.fft.hfft(torch.tensor([1 + 0j, 2 + 0j, 3 + 0j]), n=4)  # of 1, 2, 3, 2
    tensor([ 8., -2.,  0., -2.])
    """
    return _to_real("hfft", input, n, dim, norm, True)


@operation("fft", out="cast", autocast="float32")
def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `hfft`: of `n` real numbers the first n // 2 + 1 complex ones.

    >>> import rushlight as torch
    >>> torch.fft.ihfft(torch.tensor([8.0, -2.0, 0.0, -2.0]))
    tensor([1.-0.j, 2.-0.j, 3.-0.j])
    """
    return _to_half("ihfft", input, n, dim, norm, False)


# ---- of several dimensions


@operation("fft", out="cast", autocast="float32")
def fftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """`fft` along each of the dimensions `dim` (all, or the last ones where `s` says how many).

    `s` are the sizes that the signal is cut off or filled up to; -1 keeps one.

    >>> import rushlight as torch
    >>> torch.fft.fftn(torch.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _complex("fftn", input, s, dim, norm, True)


@operation("fft", out="cast", autocast="float32")
def ifftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of `fftn`: the sum over k of X[k] exp(2 pi i j k / n), over n, in each dimension.

    >>> import rushlight as torch
    >>> x = torch.arange(4.0).reshape(2, 2)
    >>> torch.fft.ifftn(torch.fft.fftn(x)).real
    tensor([[0., 1.],
            [2., 3.]])
    """
    return _complex("ifftn", input, s, dim, norm, False)


@operation("fft", out="cast", autocast="float32")
def rfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """`fftn` of real numbers: along the last of the dimensions the first n // 2 + 1 lines.

    >>> import rushlight as torch
    >>> torch.fft.rfftn(torch.ones(2, 4))
    tensor([[8.+0.j, 0.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j, 0.+0.j]])
    """
    return _to_half("rfftn", input, s, dim, norm, True)


@operation("fft", out="cast", autocast="float32")
def irfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of `rfftn`: real numbers, of which the last dimension is 2 (n - 1) long unless
    `s` says.

    >>> import rushlight as torch
    >>> x = torch.arange(8.0).reshape(2, 4)
    >>> torch.fft.irfftn(torch.fft.rfftn(x))
    tensor([[0., 1., 2., 3.],
            [4., 5., 6., 7.]])
    """
    return _to_real("irfftn", input, s, dim, norm, False)


@operation("fft", out="cast")
def hfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """`hfft` of several dimensions: the signal is given by half of it along the last of them.

    >>> import rushlight as torch
    >>> x = torch.arange(8.0).reshape(2, 4)
    >>> torch.fft.hfftn(torch.fft.ihfftn(x))
    tensor([[0., 1., 2., 3.],
            [4., 5., 6., 7.]])
    """
    return _to_real("hfftn", input, s, dim, norm, True)


@operation("fft", out="cast")
def ihfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of `hfftn`.

    >>> import rushlight as torch
    >>> torch.fft.ihfftn(torch.ones(2, 4)).real
    tensor([[1., 0., 0.],
            [0., 0., 0.]])
    """
    return _to_half("ihfftn", input, s, dim, norm, False)


@operation("fft", out="cast", autocast="float32")
def fft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """`fftn` of the last two dimensions.

    >>> import rushlight as torch
    >>> torch.fft.fft2(torch.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _complex("fft2", input, s, dim, norm, True)


@operation("fft", out="cast", autocast="float32")
def ifft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """`ifftn` of the last two dimensions.

    >>> import rushlight as torch
    >>> torch.fft.ifft2(torch.tensor([[4.0, 0.0], [0.0, 0.0]]))
    tensor([[1.+0.j, 1.+0.j],
            [1.+0.j, 1.+0.j]])
    """
    return _complex("ifft2", input, s, dim, norm, False)


@operation("fft", out="cast", autocast="float32")
def rfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """`rfftn` of the last two dimensions.

    >>> import rushlight as torch
    >>> torch.fft.rfft2(torch.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _to_half("rfft2", input, s, dim, norm, True)


@operation("fft", out="cast", autocast="float32")
def irfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """`irfftn` of the last two dimensions.

    >>> import rushlight as torch
    >>> torch.fft.irfft2(torch.fft.rfft2(torch.tensor([[1.0, 2.0], [3.0, 4.0]])))
    tensor([[1., 2.],
            [3., 4.]])
    """
    return _to_real("irfft2", input, s, dim, norm, False)


@operation("fft", out="cast")
def hfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """`hfftn` of the last two dimensions.

    >>> import rushlight as torch
    >>> torch.fft.hfft2(torch.fft.ihfft2(torch.tensor([[1.0, 2.0], [3.0, 4.0]])))
    tensor([[1., 2.],
            [3., 4.]])
    """
    return _to_real("hfft2", input, s, dim, norm, True)


@operation("fft", out="cast")
def ihfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """`ihfftn` of the last two dimensions.

    >>> import rushlight as torch
    >>> torch.fft.ihfft2(torch.ones(2, 2)).real
    tensor([[1., 0.],
            [0., 0.]])
    """
    return _to_half("ihfft2", input, s, dim, norm, False)


# ---- frequencies, and their order


@operation("fft", out="cast")
def fftfreq(
    n: int, d: float = 1.0, *, dtype: DType | None = None, layout: Any = None,
    device: AnyDevice = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """The frequencies of the lines of `fft` for `n` points at a distance of `d`: 0 first, then the
    positive ones, then the negative.

    >>> import rushlight as torch
    >>> torch.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    kind = dtype or get_default_dtype()
    lines = arange(-(n // 2), (n + 1) // 2, dtype=kind, device=device)
    result = roll(lines, (n + 1) // 2, 0).mul_(1.0 / (n * d) if n else 1.0)
    return result.requires_grad_() if requires_grad else result


@operation("fft", out="cast")
def rfftfreq(
    n: int, d: float = 1.0, *, dtype: DType | None = None, layout: Any = None,
    device: AnyDevice = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """The frequencies of the lines of `rfft` for `n` points at a distance of `d`.

    >>> import rushlight as torch
    >>> torch.fft.rfftfreq(4, d=0.5)
    tensor([0.0000, 0.5000, 1.0000])
    """
    lines = arange(0, n // 2 + 1, dtype=dtype or get_default_dtype(), device=device)
    result = lines.mul_(1.0 / (n * d) if n else 1.0)
    return result.requires_grad_() if requires_grad else result


def _shifted(input: Tensor, dim: Any, extra: int) -> Tensor:
    """The input rolled by half of each dimension's size, rounded up where `extra` is 1."""
    shape = input.array.shape
    dims = range(len(shape)) if dim is None else (dim,) if isinstance(dim, int) else dim
    places = [wrap_dim(d, len(shape)) for d in dims]
    return roll(input, [(shape[place] + extra) // 2 for place in places], places)


@operation("fft")
def fftshift(input: Tensor, dim: Any = None) -> Tensor:
    """The lines of an `fftn` in the order of their frequencies, 0 in the middle.

    >>> import rushlight as torch
    >>> torch.fft.fftshift(torch.fft.fftfreq(4))
    tensor([-0.5000, -0.2500,  0.0000,  0.2500])
    """
    return _shifted(input, dim, 0)


@operation("fft")
def ifftshift(input: Tensor, dim: Any = None) -> Tensor:
    """The inverse of `fftshift`.

    >>> import rushlight as torch
    >>> torch.fft.ifftshift(torch.fft.fftshift(torch.arange(5)))
    tensor([0, 1, 2, 3, 4])
    """
    return _shifted(input, dim, 1)
