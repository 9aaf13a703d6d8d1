"""Short-time Fourier transforms: spectra of overlapping pieces of a signal, and the way back."""

from __future__ import annotations

import warnings

from ..autograd.operation import Operation
from ..dtype import FLOATING
from ..errors import NotSupportedError, OperationError
from ..tensor import Tensor
from .common import check
from .complex import view_as_real
from .creation import ones
from .declare import operation
from .fft import FftC2C, FftC2R, FftR2C
from .padding import ConstantPad, pad
from .views import Unfold


class Frames(Unfold):
    """Windows of `size` elements of the last dimension, one every `step`, before it: a view.

    Its gradient is that of `unfold`, added up without looking for places that are seen twice.
    """

    kernel, node_name = "unfold", "UnfoldBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        return OverlapAdd.apply(grad, self.input_shape[-1], self.step)


class OverlapAdd(Operation):
    """The sum of windows, one every `step` elements of a last dimension of `length`."""

    keeps_shape = True
    length: int
    step: int

    def backward(self, grad: Tensor) -> Tensor:
        frames = Frames.apply(grad, grad.array.ndim - 1, self.input_shape[-1], self.step)
        return frames.narrow(-2, 0, self.input_shape[-2])


def _lengths(
    name: str, input: Tensor, n_fft: int, hop_length: int | None, win_length: int | None,
    window: Tensor | None,
) -> tuple[int, int, str]:  # fmt: skip
    """The step and the window's length, and the call in words for messages."""
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    shown = None if window is None else list(window.shape)
    call = (
        f"{name}(a {input.type()} of sizes {list(input.shape)}, n_fft={n_fft}, hop_length={hop}, "
        f"win_length={width}, window={shown})"
    )
    if window is not None and window.device != input.device:
        raise OperationError(
            f"{name} input and window must be on the same device but got self on {input.device} "
            f"and window on {window.device}"
        )
    return hop, width, call


def _centred(window: Tensor, n_fft: int) -> Tensor:
    """The window with zeros on both sides, `n_fft` elements in all."""
    width = window.array.shape[0]
    if width == n_fft:
        return window
    left = (n_fft - width) // 2
    return ConstantPad.apply(window, ((left, n_fft - width - left),), 0)


@operation(autocast="float32")
def stft(
    input: Tensor, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
    window: Tensor | None = None, center: bool = True, pad_mode: str = "reflect",
    normalized: bool = False, onesided: bool | None = None, return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:  # fmt: skip
    """The Fourier transforms of windows of `n_fft` elements of a signal, one every `hop_length`.

    `input` is (length) or (batch, length); the result (batch, frequencies, windows): n_fft // 2 + 1
    frequencies of a real signal, unless `onesided` is False. With `center` the signal is padded, by
    `pad_mode`, so that the t-th window is centred at t * hop_length. `window`, of `win_length`
    elements, is what each piece is multiplied by. `normalized` divides by sqrt(n_fft).

    >>> import rushlight as torch
    >>> x = torch.sin(torch.arange(64) * (2 * torch.pi / 8))
    >>> spectrum = torch.stft(x, 16, window=torch.hann_window(16), return_complex=True)
    >>> spectrum.shape, spectrum[:, 8].abs().argmax()
    (torch.Size([9, 17]), tensor(2))
    """
    hop, width, call = _lengths("stft", input, n_fft, hop_length, win_length, window)
    if center and align_to_window is not None:
        raise OperationError("stft align_to_window should only be set when center = false.")
    window_is_complex = window is not None and window.is_complex()
    if return_complex is None and not input.is_complex() and not window_is_complex:
        raise OperationError(
            "stft requires the return_complex parameter be given for real inputs, and will further "
            "require that return_complex=True in a future PyTorch release."
        )
    if input.dtype.category < FLOATING:
        raise NotSupportedError(f"{call}: expected a tensor of floating point or complex values")
    if input.array.ndim not in (1, 2):
        raise NotSupportedError(f"{call}: expected a 1D or 2D tensor")
    signal = input if input.array.ndim == 2 else input.unsqueeze(0)
    if center:
        signal = pad(signal.unsqueeze(0), (n_fft // 2, n_fft // 2), mode=pad_mode).squeeze(0)
    length = signal.array.shape[-1]
    if not 0 < n_fft <= length:
        raise NotSupportedError(f"{call}: expected 0 < n_fft <= {length}, but got n_fft={n_fft}")
    if hop <= 0:
        raise NotSupportedError(f"{call}: expected hop_length > 0, but got hop_length={hop}")
    if not 0 < width <= n_fft:
        raise OperationError(
            f"{call}: expected 0 < win_length <= n_fft, but got win_length={width}"
        )
    if window is not None and window.array.shape != (width,):
        raise OperationError(
            f"{call}: expected a 1D window tensor of size equal to win_length={width}, but got "
            f"window with size {list(window.shape)}"
        )
    if align_to_window:  # the first and the last window reach over the ends where they are zero
        beside = (n_fft - width) // 2
        signal = ConstantPad.apply(signal, ((0, 0), (beside, n_fft - width - beside)), 0)
    pieces = Frames.apply(signal, 1, n_fft, hop)
    if window is None:
        warnings.warn(
            "A window was not provided. A rectangular window will be applied, which is known to "
            "cause spectral leakage. torch.hann_window and torch.hamming_window reduce it; give "
            "torch.ones(n_fft) to mean a rectangular one.",
            stacklevel=3,
        )
    if window is None and width < n_fft:
        window = ones(width, dtype=input.dtype, device=input.device)
    if window is not None:
        pieces = pieces * _centred(window, n_fft)
    spectrum = _spectrum(pieces, normalized, onesided).transpose(1, 2)
    spectrum = spectrum if input.array.ndim == 2 else spectrum.squeeze(0)
    return view_as_real(spectrum) if return_complex is False else spectrum


def _spectrum(pieces: Tensor, normalized: bool, onesided: bool | None) -> Tensor:
    norm, dims = "ortho" if normalized else "backward", (pieces.array.ndim - 1,)
    if not pieces.is_complex() and onesided is not False:
        return FftR2C.apply(pieces, dims, norm, 1.0)
    if onesided:
        raise OperationError("Cannot have onesided output if window or input is complex")
    return FftC2C.apply(pieces, dims, norm, True)


@operation
def istft(
    input: Tensor, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
    window: Tensor | None = None, center: bool = True, normalized: bool = False,
    onesided: bool | None = None, length: int | None = None, return_complex: bool = False,
) -> Tensor:  # fmt: skip
    """The signal of short-time Fourier transforms: the inverse of `stft`.

    Where windows overlap their signals are added, and the sum is divided by that of the squares of
    `window`, which therefore must be nowhere 0. `length` cuts the signal off, or fills it up.

    >>> import rushlight as torch
    >>> x, window = torch.arange(8.0), torch.hann_window(4)
    >>> spectrum = torch.stft(x, 4, window=window, return_complex=True)
    >>> torch.istft(spectrum, 4, window=window, length=8)
    tensor([0., 1., 2., 3., 4., 5., 6., 7.])
    """
    hop, width, call = _lengths("istft", input, n_fft, hop_length, win_length, window)
    if not input.is_complex():
        raise OperationError(
            "istft requires a complex-valued input tensor matching the output from stft with "
            "return_complex=True."
        )
    _check_spectrum(call, input, n_fft, onesided)
    if not 0 < hop <= width:
        raise NotSupportedError(f"{call}: expected 0 < hop_length <= win_length")
    if not 0 < width <= n_fft:
        raise NotSupportedError(f"{call}: expected 0 < win_length <= n_fft")
    if window is None:
        warnings.warn(
            "A window was not provided. A rectangular window will be applied. Please provide the "
            "same window used by stft to make the inversion lossless, or torch.ones(n_fft).",
            stacklevel=3,
        )
        window = ones(width, dtype=input.real.dtype, device=input.device)
    elif window.array.shape != (width,):
        raise OperationError(
            f"{call}: Invalid window shape. window has to be 1D and length of `win_length`, not "
            f"{list(window.shape)}"
        )
    window = _centred(window, n_fft)
    spectrum = (input if input.array.ndim == 3 else input.unsqueeze(0)).transpose(1, 2)
    pieces = _pieces(spectrum, n_fft, normalized, onesided, return_complex, window) * window
    whole = n_fft + hop * (pieces.array.shape[1] - 1)
    squares = (window * window).expand(1, pieces.array.shape[1], n_fft)
    start = n_fft // 2 if center else 0
    end = whole - start if length is None else start + length
    kept = max(min(end, whole) - start, 0)
    signal = OverlapAdd.apply(pieces, whole, hop).narrow(1, start, kept)
    envelope = OverlapAdd.apply(squares, whole, hop).narrow(1, start, kept)
    check(envelope.abs() > 1e-11, OperationError,
          f"{call}: window overlap add min: 1; the windows leave gaps in the signal")  # fmt: skip
    signal = signal / envelope
    if end > whole:
        warnings.warn(
            "The length of signal is shorter than the length parameter. Result is being padded "
            "with zeros in the tail. Please check your center and hop_length settings.",
            stacklevel=3,
        )
        signal = ConstantPad.apply(signal, ((0, 0), (0, end - whole)), 0)
    return signal if input.array.ndim == 3 else signal.squeeze(0)


def _check_spectrum(call: str, input: Tensor, n_fft: int, onesided: bool | None) -> None:
    if input.array.size == 0:
        raise OperationError(f"{call}: input tensor cannot be empty.")
    if input.array.ndim < 2:
        raise IndexError(
            f"{call}: Dimension out of range: expected frequencies and windows as the last two "
            f"dimensions, but got a tensor of {input.array.ndim}"
        )
    if input.array.ndim > 3:  # PyTorch counts the two parts of complex numbers
        raise OperationError(
            f"{call}: expected a tensor with 3 or 4 dimensions, but got {input.array.ndim + 1}; "
            "complex numbers count as one of them"
        )
    lines = input.array.shape[-2]
    half = lines != n_fft if onesided is None else onesided
    if lines != (n_fft // 2 + 1 if half else n_fft):
        raise OperationError(
            f"{call}: expected the frequency dimension (3rd to the last) of the input tensor to "
            f"match {'n_fft / 2 + 1' if half else 'n_fft'} when onesided={half}, but got {lines}"
        )


def _pieces(
    spectrum: Tensor, n_fft: int, normalized: bool, onesided: bool | None, return_complex: bool,
    window: Tensor,
) -> Tensor:  # fmt: skip
    """The signal of each window by itself, (batch, windows, n_fft)."""
    norm, dims = "ortho" if normalized else "backward", (2,)
    half = spectrum.array.shape[2] != n_fft if onesided is None else onesided
    if return_complex:
        if half:
            raise OperationError("Cannot have onesided output if window or input is complex")
        return FftC2C.apply(spectrum, dims, norm, False)
    if window.is_complex():
        raise OperationError("Complex windows are incompatible with return_complex=False")
    if not half:
        spectrum = spectrum.narrow(2, 0, n_fft // 2 + 1)
    return FftC2R.apply(spectrum, dims, norm, 1.0, n_fft)
