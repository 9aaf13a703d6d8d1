"""Rows of rushlight/ops/stft.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values


def _stft(v: Values) -> Iterator[Sample]:
    for shape in ((11,), (2, 11)):
        yield Sample(v.normal(*shape), 4, return_complex=True)
    x = v.normal(2, 12)
    yield Sample(x, 6, 2, window=v.positive(6), center=False, return_complex=True)
    yield Sample(x, 6, 3, 4, window=v.positive(4), normalized=True, return_complex=True)
    yield Sample(x, 5, hop_length=6, win_length=3, pad_mode="constant", return_complex=True)
    yield Sample(x, 4, onesided=False, return_complex=True)
    yield Sample(x, 4, return_complex=False)
    yield Sample(v.complex(10), 4, window=v.positive(4))
    yield Sample(v.normal(10), 4, window=v.complex(4))
    yield Sample(x, 6, 2, 3, window=v.positive(3), center=False, align_to_window=False,
                 return_complex=True)
    for arguments, message in (
        ({"n_fft": 4}, "requires the return_complex parameter"),
        ({"n_fft": 4, "center": True, "align_to_window": True}, "align_to_window should only be"),
        ({"n_fft": 13, "center": False}, "expected 0 < n_fft <"),
        ({"n_fft": 0, "center": False}, "expected 0 < n_fft <"),
        ({"n_fft": 4, "hop_length": 0}, "expected hop_length > 0, but got hop_length=0"),
        ({"n_fft": 4, "win_length": 5}, "expected 0 < win_length <= n_fft, but got win_length=5"),
        ({"n_fft": 4, "window": v.positive(3)}, "expected a 1D window tensor of size equal to win"),
    ):
        if "n_fft" in arguments and len(arguments) > 1:
            arguments = {**arguments, "return_complex": True}
        yield Invalid(x, **arguments, raises=RuntimeError, match=message)
    yield Invalid(v.complex(12), 4, onesided=True, raises=RuntimeError, match="Cannot have oneside")
    yield Invalid(v.normal(1, 2, 12), 4, center=False, return_complex=True, raises=RuntimeError,
                  match="expected a 1D or 2D tensor")
    yield Invalid(v.integers(0, 5, 12), 4, center=False, return_complex=True, raises=RuntimeError,
                  match="expected a tensor of floating point or complex values")


def _stft_reference(
    x: Array, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
    window: Any = None, center: bool = True, pad_mode: str = "reflect", normalized: bool = False,
    onesided: bool | None = None, return_complex: bool = True, align_to_window: Any = None,
) -> Array:  # fmt: skip
    hop, width = hop_length or n_fft // 4, win_length or n_fft
    window = np.ones(width) if window is None else window
    left = (n_fft - width) // 2
    window = np.pad(window, (left, n_fft - width - left))
    if center:
        x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(n_fft // 2, n_fft // 2)], pad_mode)
    starts = range(0, x.shape[-1] - n_fft + 1, hop)
    pieces = np.stack([x[..., s : s + n_fft] * window for s in starts], -1)
    half = onesided is not False and pieces.dtype.kind != "c"
    result = (np.fft.rfft if half else np.fft.fft)(pieces, axis=-2) / n_fft ** (normalized / 2)
    return result if return_complex else np.stack([result.real, result.imag], -1)


def _istft(v: Values) -> Iterator[Sample]:
    yield Sample(v.complex(3, 5), 4)
    yield Sample(v.complex(2, 4, 5), 6, 2, window=v.integers(1, 4, 6) / 2)
    yield Sample(v.complex(2, 4, 5), 6, 2, 5, window=v.integers(1, 4, 5) / 2, normalized=True)
    yield Sample(v.complex(4, 5), 4, onesided=False)
    yield Sample(v.complex(4, 5), 4, return_complex=True, length=5)
    yield Sample(v.complex(4, 5), 4, window=v.complex(4), return_complex=True)
    yield Sample(v.complex(3, 5), 4, center=False, length=6)
    spectrum = v.complex(3, 5)
    for arguments, message in (
        ({"hop_length": 0}, "expected 0 < hop_length <= win_length"),
        ({"hop_length": 4, "win_length": 3}, "expected 0 < hop_length <= win_length"),
        ({"win_length": 5}, "expected 0 < win_length <= n_fft"),
        ({"window": v.positive(3)}, "Invalid window shape. window has to be 1D and length of"),
        ({"onesided": False}, "frequency dimension .* to match n_fft when onesided=False"),
        ({"return_complex": True}, "Cannot have onesided output if window or input is complex"),
        ({"window": v.complex(4)}, "Complex windows are incompatible with return_complex=False"),
    ):
        yield Invalid(spectrum, 4, **arguments, raises=RuntimeError, match=message)
    yield Invalid(spectrum, 4, window=0 * v.normal(4), raises=RuntimeError, reads_values=True,
                  match="window overlap add min: 1")
    yield Invalid(v.normal(3, 5, 2), 4, raises=RuntimeError, match="requires a complex-valued")
    yield Invalid(v.complex(3, 0), 4, raises=RuntimeError, match="input tensor cannot be empty")
    yield Invalid(v.complex(5), 4, raises=IndexError, match="Dimension out of range")
    yield Invalid(v.complex(1, 1, 3, 5), 4, raises=RuntimeError,
                  match="expected a tensor with 3 or 4 dimensions, but got 5")
    yield Invalid(v.complex(4, 5), 9, raises=RuntimeError, match="to match n_fft / 2 \\+ 1 when")


def _round_trip(v: Values) -> Iterator[Sample]:
    for n_fft, hop in ((8, 2), (8, 3), (7, 2), (8, 8)):
        yield Sample(v.normal(2, 32), n_fft, hop, v.positive(n_fft))


def _there_and_back(torch: Any) -> Any:
    def call(x: Any, n_fft: int, hop: int, window: Any) -> Any:
        spectrum = torch.stft(x, n_fft, hop, window=window, return_complex=True)
        return torch.istft(spectrum, n_fft, hop, window=window)

    return call


ops = [
    Op("stft", _stft, _stft_reference, composite=True, halves=False),
    Op("istft", _istft, composite=True, halves=False),
    Op("istft of stft", _round_trip,
       lambda x, n_fft, hop, window: x[:, : (32 - n_fft % 2) // hop * hop + n_fft % 2],
       call=_there_and_back, composite=True, halves=False),
]  # fmt: skip
