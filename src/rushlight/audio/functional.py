"""Spectra, scales and augmentation of sounds, as functions that gradients flow through.

A sound is (..., frames). The scales and filters are librosa's: with the same options the values are
its values to float rounding.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

import rushlight

from ..tensor import Tensor, wrap
from .checks import (
    check_counts,
    check_mask,
    check_momentum,
    check_normalized,
    check_power,
    check_rates,
    check_sound,
    check_tensor,
    check_windows,
)

# Slaney's scale is linear up to 1,000 Hz, 15 mels there, and logarithmic above.
_SLANEY_STEP, _SLANEY_EDGE = 200.0 / 3, 1000.0
_SLANEY_LOG = math.log(6.4) / 27.0


def spectrogram(
    waveform: Tensor,
    pad: int,
    window: Tensor,
    n_fft: int,
    hop_length: int,
    win_length: int,
    power: float | None,
    normalized: bool | str = False,
    center: bool = True,
    pad_mode: str = "reflect",
    onesided: bool = True,
) -> Tensor:
    """|STFT|**power of a sound, or with `power` None the STFT itself: (..., frequencies, windows).

    `pad` zeros are put on both sides first. `normalized` divides by the root of the window's sum of
    squares ("window" or True), or of `n_fft` ("frame_length").

    >>> import rushlight as torch
    >>> from rushlight.audio import functional as F
    >>> F.spectrogram(torch.zeros(100), 0, torch.hann_window(16), 16, 8, 16, 2.0).shape
    torch.Size([9, 13])
    """
    check_sound("spectrogram", waveform)
    check_windows("spectrogram", n_fft, hop_length, win_length)
    check_counts("spectrogram", 0, pad=pad)
    check_normalized(normalized)
    if pad:
        waveform = rushlight.nn.functional.pad(waveform, (pad, pad))
    lead = waveform.shape[:-1]
    found = rushlight.stft(
        waveform.reshape(lead.numel(), waveform.shape[-1]), n_fft, hop_length, win_length, window,
        center, pad_mode, normalized == "frame_length", onesided, return_complex=True,
    )  # fmt: skip
    found = found.reshape(*lead, *found.shape[-2:])
    if normalized is True or normalized == "window":
        found = found / window.square().sum().sqrt()
    if power is None:
        return found
    if power == 2.0:
        return found.real.square() + found.imag.square()
    return found.abs() if power == 1.0 else found.abs() ** power


def hz_to_mel(frequencies: Any, mel_scale: str = "htk") -> Any:
    """Frequencies in hertz on the mel scale: "htk" (O'Shaughnessy, 1987) or "slaney".

    >>> from rushlight.audio import functional as F
    >>> round(float(F.hz_to_mel(1000.0, "slaney")), 6)
    15.0
    """
    _check_scale(mel_scale)
    frequencies = np.asarray(frequencies, float)
    if mel_scale == "htk":
        return 2595.0 * np.log10(1.0 + frequencies / 700.0)
    above = np.log(np.maximum(frequencies, _SLANEY_EDGE) / _SLANEY_EDGE) / _SLANEY_LOG
    edge = _SLANEY_EDGE / _SLANEY_STEP
    return np.where(frequencies >= _SLANEY_EDGE, edge + above, frequencies / _SLANEY_STEP)


def mel_to_hz(mels: Any, mel_scale: str = "htk") -> Any:
    """What undoes `hz_to_mel`.

    >>> from rushlight.audio import functional as F
    >>> round(float(F.mel_to_hz(15.0, "slaney")), 6)
    1000.0
    """
    _check_scale(mel_scale)
    mels = np.asarray(mels, float)
    if mel_scale == "htk":
        return 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    edge = _SLANEY_EDGE / _SLANEY_STEP
    above = _SLANEY_EDGE * np.exp(_SLANEY_LOG * (np.maximum(mels, edge) - edge))
    return np.where(mels >= edge, above, mels * _SLANEY_STEP)


def _check_scale(mel_scale: str) -> None:
    if mel_scale not in ("htk", "slaney"):
        raise ValueError(f'mel_scale should be one of "htk" or "slaney", not {mel_scale!r}')


def melscale_fbanks(
    n_freqs: int,
    f_min: float,
    f_max: float,
    n_mels: int,
    sample_rate: int,
    norm: str | None = None,
    mel_scale: str = "htk",
) -> Tensor:
    """Triangles that are evenly apart on the mel scale: (n_freqs, n_mels), float32.

    With `norm` "slaney" each has the area 1 (its height is 2 over its width in hertz). A warning
    says that a triangle lies between two frequencies, and is 0 everywhere.

    >>> from rushlight.audio import functional as F
    >>> F.melscale_fbanks(9, 0.0, 4000.0, 4, 8000).shape
    torch.Size([9, 4])
    """
    check_counts("melscale_fbanks", n_freqs=n_freqs, sample_rate=sample_rate)
    check_counts("melscale_fbanks", 0, n_mels=n_mels)
    if norm not in (None, "slaney"):
        raise ValueError('norm must be one of None or "slaney"')
    if not 0 <= f_min < f_max or n_mels < 1:
        raise ValueError(
            f"melscale_fbanks: {n_mels} mels from {f_min} to {f_max} hertz; required "
            "are one at least and 0 <= f_min < f_max"
        )
    frequencies = np.linspace(0, sample_rate // 2, n_freqs)
    low, high = hz_to_mel([f_min, f_max], mel_scale)
    corners = mel_to_hz(np.linspace(low, high, n_mels + 2), mel_scale)
    widths = np.diff(corners)
    slopes = corners[None] - frequencies[:, None]
    rising, falling = -slopes[:, :-2] / widths[:-1], slopes[:, 2:] / widths[1:]
    banks = np.maximum(0.0, np.minimum(rising, falling))
    if not banks.any(axis=0).all():
        warnings.warn(
            f"At least one of {n_mels} mel filterbanks has all zero values: n_mels may be too high "
            f"for {n_freqs} frequencies, or n_freqs too low.",
            stacklevel=2,
        )
    if norm == "slaney":
        banks *= 2.0 / (corners[2:] - corners[:-2])
    return rushlight.tensor(banks.astype("float32"))


def create_dct(n_mfcc: int, n_mels: int, norm: str | None) -> Tensor:
    """The discrete cosine transform, type 2, as a matrix (n_mels, n_mfcc), float32.

    `norm` is "ortho" for an orthogonal one, or None.

    >>> from rushlight.audio import functional as F
    >>> F.create_dct(2, 2, "ortho")
    tensor([[ 0.7071,  0.7071],
            [ 0.7071, -0.7071]])
    """
    if norm not in (None, "ortho"):
        raise ValueError('norm must be either "ortho" or None')
    if n_mfcc < 1:
        raise ValueError(f"n_mfcc is to be positive, not {n_mfcc}")
    places = np.arange(n_mels)
    numbers = np.arange(n_mfcc)[:, None]
    matrix = np.cos(math.pi / n_mels * (places + 0.5) * numbers)
    if norm is None:
        matrix *= 2.0
    else:
        matrix[0] *= 1.0 / math.sqrt(2.0)
        matrix *= math.sqrt(2.0 / n_mels)
    return rushlight.tensor(matrix.T.astype("float32"))


def amplitude_to_DB(
    x: Tensor, multiplier: float, amin: float, db_multiplier: float, top_db: float | None = None
) -> Tensor:
    """multiplier * log10(max(x, amin)) - multiplier * db_multiplier, in decibels.

    The multiplier is 10 for powers and 20 for amplitudes. With `top_db` nothing is lower than the
    greatest value less that; of (..., channels, frequencies, windows) each example by itself.

    >>> import rushlight as torch
    >>> from rushlight.audio import functional as F
    >>> F.amplitude_to_DB(torch.tensor([[1.0, 1e-9]]), 10.0, 1e-10, 0.0, top_db=80.0)
    tensor([[  0., -80.]])
    """
    check_tensor("amplitude_to_DB", x)
    decibels = multiplier * x.clamp(min=amin).log10() - multiplier * db_multiplier
    if top_db is None:
        return decibels
    axes = tuple(range(-min(x.ndim, 3), 0))
    return rushlight.maximum(decibels, decibels.amax(dim=axes, keepdim=True) - top_db)


def griffinlim(
    specgram: Tensor,
    window: Tensor,
    n_fft: int,
    hop_length: int,
    win_length: int,
    power: float,
    n_iter: int,
    momentum: float,
    length: int | None,
    rand_init: bool,
) -> Tensor:
    """A sound (..., frames) whose spectrogram is near one: Griffin and Lim, 1984.

    The phases begin at random or at 0; `momentum` from 0 to 1 is that of Perraudin et al., 2013.

    >>> import rushlight as torch
    >>> from rushlight.audio import functional as F
    >>> window = torch.hann_window(16)
    >>> F.griffinlim(torch.ones(9, 5), window, 16, 8, 16, 2.0, 4, 0.99, None, False).shape
    torch.Size([32])
    """
    check_tensor("griffinlim", specgram)
    check_windows("griffinlim", n_fft, hop_length, win_length)
    check_counts("griffinlim", 0, n_iter=n_iter)
    check_power("griffinlim", power)
    check_momentum(momentum)
    momentum = momentum / (1 + momentum)
    lead = specgram.shape[:-2]
    specgram = specgram.reshape(-1, *specgram.shape[-2:]) ** (1 / power)
    if rand_init:
        phases = rushlight.rand(specgram.shape, device=specgram.device) * (2 * math.pi)
        angles = rushlight.polar(rushlight.ones_like(phases), phases)
    else:
        angles = rushlight.full(specgram.shape, 1, dtype=rushlight.cfloat, device=specgram.device)
    before = rushlight.zeros((), dtype=angles.dtype, device=specgram.device)
    for _ in range(n_iter):
        sound = rushlight.istft(
            specgram * angles, n_fft, hop_length, win_length, window, length=length
        )
        rebuilt = rushlight.stft(
            sound, n_fft, hop_length, win_length, window, True, "reflect", False, True,
            return_complex=True,
        )  # fmt: skip
        angles = rebuilt - before * momentum if momentum else rebuilt
        angles = angles / (angles.abs() + 1e-16)
        before = rebuilt
    sound = rushlight.istft(specgram * angles, n_fft, hop_length, win_length, window, length=length)
    return sound.reshape(*lead, sound.shape[-1])


def resample(
    waveform: Tensor,
    orig_freq: int,
    new_freq: int,
    lowpass_filter_width: int = 6,
    rolloff: float = 0.99,
) -> Tensor:
    """A sound at another number of samples per second: (..., frames) to (..., new frames).

    Each new sample is the sum of old ones by a windowed sinc, cut off at `rolloff` times the lower
    of the two Nyquist frequencies; `lowpass_filter_width` is how many of its zeros are kept (Smith,
    "Digital audio resampling", 2020).

    >>> import rushlight as torch
    >>> from rushlight.audio import functional as F
    >>> F.resample(torch.ones(100), 8000, 16000).shape
    torch.Size([200])
    """
    check_rates(orig_freq, new_freq, lowpass_filter_width, rolloff)
    check_sound("resample", waveform)
    if not waveform.is_floating_point():
        raise TypeError(
            f"Expected floating point type for waveform tensor, but received {waveform.dtype}."
        )
    if orig_freq == new_freq:
        return waveform
    divisor = math.gcd(int(orig_freq), int(new_freq))
    sinc = _Sinc(int(orig_freq) // divisor, int(new_freq) // divisor, lowpass_filter_width, rolloff)
    lead, length = waveform.shape[:-1], waveform.shape[-1]
    flat = waveform.reshape(lead.numel(), length)
    # Rates without a common divisor (8000 and 8001) have as many filters as samples per second.
    many = sinc.new * (2 * sinc.width + sinc.old) > _MOST_COEFFICIENTS
    found = sinc.one_by_one(flat) if many else sinc.in_blocks(flat)
    return found.reshape(*lead, found.shape[-1])


_MOST_COEFFICIENTS = 1 << 20


class _Sinc:
    """Windowed sincs between `old` samples, of which `new` ones are made.

    `scale` is how many zeros of the sinc lie in the time of `old` samples, and `width` over how
    many samples it reaches to each side.
    """

    def __init__(self, old: int, new: int, zeros: int, rolloff: float) -> None:
        self.old, self.new, self.zeros = old, new, zeros
        self.scale = min(old, new) * rolloff
        self.width = math.ceil(zeros * old / self.scale)

    def values(self, times: np.ndarray[Any, Any], like: Tensor) -> Tensor:
        """The filter at times in units of `old` samples."""
        times = (times * self.scale).clip(-self.zeros, self.zeros)
        window = np.cos(times * math.pi / self.zeros / 2) ** 2
        values = np.sinc(times) * window * (self.scale / self.old)
        return wrap(values.astype(like.dtype.numpy)).to(like.device)

    def length(self, frames: int) -> int:
        return -(-self.new * frames // self.old)

    def in_blocks(self, flat: Tensor) -> Tensor:
        """A convolution with `new` filters, one step for `old` samples."""
        places = np.arange(-self.width, self.width + self.old)[None, None] / self.old
        kernel = self.values(np.arange(0, -self.new, -1)[:, None, None] / self.new + places, flat)
        padded = rushlight.nn.functional.pad(flat, (self.width, self.width + self.old))
        found = rushlight.nn.functional.conv1d(padded[:, None], kernel, stride=self.old)
        return found.transpose(1, 2).flatten(1)[:, : self.length(flat.shape[1])]

    def one_by_one(self, flat: Tensor) -> Tensor:
        """The samples that a filter reaches from each place, one after the other."""
        width = min(self.width, flat.shape[1])  # beyond the sound there is nothing
        centres = np.arange(self.length(flat.shape[1])) * self.old
        first, rest = centres // self.new, centres % self.new
        padded = rushlight.nn.functional.pad(flat, (width, width + 1))
        found = rushlight.zeros_like(flat[:, :1])
        for step in range(-width, width + 2):
            filters = self.values(step / self.old - rest / (self.new * self.old), flat)
            found = found + filters * padded[:, wrap(first + (step + width))]
        return found


def mask_along_axis(
    specgram: Tensor, mask_param: int, mask_value: float, axis: int, p: float = 1.0
) -> Tensor:
    """A band of random width up to `mask_param`, and at most a part p of the axis, filled.

    `axis` counts from behind or from the front; it is the last or the one before it: Park et al.,
    arXiv:1904.08779.

    >>> import rushlight as torch
    >>> from rushlight.audio import functional as F
    >>> F.mask_along_axis(torch.ones(4, 6), 0, 0.0, 1).sum()
    tensor(24.)
    """
    return _masked(specgram, mask_param, mask_value, axis, p, ())


def mask_along_axis_iid(
    specgram: Tensor, mask_param: int, mask_value: float, axis: int, p: float = 1.0
) -> Tensor:
    """`mask_along_axis` with a band of its own for each example and channel.

    >>> import rushlight as torch
    >>> from rushlight.audio import functional as F
    >>> F.mask_along_axis_iid(torch.ones(2, 1, 4, 6), 0, 0.0, 3).sum()
    tensor(48.)
    """
    check_tensor("mask_along_axis_iid", specgram)
    return _masked(specgram, mask_param, mask_value, axis, p, specgram.shape[:-2])


def _masked(
    specgram: Tensor, mask_param: int, mask_value: float, axis: int, p: float, bands: Any
) -> Tensor:
    check_tensor("mask_along_axis", specgram)
    check_mask(mask_param, p)
    from_behind = axis - specgram.ndim if axis >= 0 else axis
    if from_behind not in (-2, -1) or specgram.ndim < 2:
        raise ValueError("Only Frequency and Time masking are supported.")
    size = specgram.shape[axis]
    most = mask_param if p == 1.0 else min(mask_param, int(size * p))
    if most < 1:
        return specgram
    width = rushlight.rand((*bands, 1), device=specgram.device) * most
    start = (rushlight.rand((*bands, 1), device=specgram.device) * (size - width)).long()
    places = rushlight.arange(size, device=specgram.device)
    masked = (places >= start) & (places < start + width.long())
    masked = masked.unsqueeze(-1) if from_behind == -2 else masked.unsqueeze(-2)
    return specgram.masked_fill(masked, mask_value)
