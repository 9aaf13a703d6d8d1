"""Spectra, scales and augmentation of sounds as layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rushlight

from .. import nn
from ..tensor import Tensor
from . import functional as F
from .checks import (
    check_counts,
    check_mask,
    check_momentum,
    check_normalized,
    check_power,
    check_rates,
    check_tensor,
    check_windows,
)

Window = Callable[..., Tensor]


class Spectrogram(nn.Module):
    """|STFT|**power of a sound: (..., frames) to (..., n_fft // 2 + 1, windows).

    >>> import rushlight as torch
    >>> from rushlight.audio import transforms
    >>> transforms.Spectrogram(n_fft=64)(torch.zeros(2, 320)).shape
    torch.Size([2, 33, 11])
    """

    window: Tensor

    def __init__(
        self,
        n_fft: int = 400,
        win_length: int | None = None,
        hop_length: int | None = None,
        pad: int = 0,
        window_fn: Window = rushlight.hann_window,
        power: float | None = 2.0,
        normalized: bool | str = False,
        wkwargs: dict[str, Any] | None = None,
        center: bool = True,
        pad_mode: str = "reflect",
        onesided: bool = True,
    ) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.win_length = n_fft if win_length is None else win_length
        self.hop_length = self.win_length // 2 if hop_length is None else hop_length
        check_windows("Spectrogram", n_fft, self.hop_length, self.win_length)
        check_counts("Spectrogram", 0, pad=pad)
        check_normalized(normalized)
        if power is not None:
            check_power("Spectrogram", power)
        self.register_buffer("window", window_fn(self.win_length, **(wkwargs or {})))
        self.pad = pad
        self.power = power
        self.normalized = normalized
        self.center = center
        self.pad_mode = pad_mode
        self.onesided = onesided

    def forward(self, waveform: Tensor) -> Tensor:
        return F.spectrogram(
            waveform, self.pad, self.window, self.n_fft, self.hop_length, self.win_length,
            self.power, self.normalized, self.center, self.pad_mode, self.onesided,
        )  # fmt: skip


class MelScale(nn.Module):
    """A spectrogram's frequencies as mels: (..., n_stft, windows) to (..., n_mels, windows).

    >>> import rushlight as torch
    >>> from rushlight.audio import transforms
    >>> transforms.MelScale(8, 8000, n_stft=33)(torch.ones(33, 5)).shape
    torch.Size([8, 5])
    """

    fb: Tensor

    def __init__(
        self,
        n_mels: int = 128,
        sample_rate: int = 16000,
        f_min: float = 0.0,
        f_max: float | None = None,
        n_stft: int = 201,
        norm: str | None = None,
        mel_scale: str = "htk",
    ) -> None:
        super().__init__()
        check_counts("MelScale", n_stft=n_stft, sample_rate=sample_rate)
        f_max = float(sample_rate // 2) if f_max is None else f_max
        if f_min > f_max:
            raise ValueError(f"Require f_min: {f_min} <= f_max: {f_max}")
        self.n_mels = n_mels
        self.sample_rate = sample_rate
        self.f_min = f_min
        self.f_max = f_max
        self.norm = norm
        self.mel_scale = mel_scale
        self.register_buffer(
            "fb", F.melscale_fbanks(n_stft, f_min, f_max, n_mels, sample_rate, norm, mel_scale)
        )

    def forward(self, specgram: Tensor) -> Tensor:
        check_tensor("MelScale", specgram)
        return self.fb.t() @ specgram


class MelSpectrogram(nn.Module):
    """The mel spectrogram of a sound: (..., frames) to (..., n_mels, windows).

    >>> import rushlight as torch
    >>> from rushlight.audio import transforms
    >>> transforms.MelSpectrogram(8000, n_fft=64, n_mels=8)(torch.zeros(320)).shape
    torch.Size([8, 11])
    """

    def __init__(
        self,
        sample_rate: int = 16000,
        n_fft: int = 400,
        win_length: int | None = None,
        hop_length: int | None = None,
        f_min: float = 0.0,
        f_max: float | None = None,
        pad: int = 0,
        n_mels: int = 128,
        window_fn: Window = rushlight.hann_window,
        power: float = 2.0,
        normalized: bool = False,
        wkwargs: dict[str, Any] | None = None,
        center: bool = True,
        pad_mode: str = "reflect",
        norm: str | None = None,
        mel_scale: str = "htk",
    ) -> None:
        super().__init__()
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.spectrogram = Spectrogram(
            n_fft, win_length, hop_length, pad, window_fn, power, normalized, wkwargs, center,
            pad_mode,
        )  # fmt: skip
        self.hop_length = self.spectrogram.hop_length
        self.win_length = self.spectrogram.win_length
        self.mel_scale = MelScale(
            n_mels, sample_rate, f_min, f_max, n_fft // 2 + 1, norm, mel_scale
        )
        self.n_mels = n_mels

    def forward(self, waveform: Tensor) -> Tensor:
        return self.mel_scale(self.spectrogram(waveform))


class AmplitudeToDB(nn.Module):
    """Powers ("power") or amplitudes ("magnitude") in decibels, down to `top_db` below the top.

    >>> import rushlight as torch
    >>> from rushlight.audio import transforms
    >>> transforms.AmplitudeToDB()(torch.tensor([[1.0, 0.1]]))
    tensor([[  0., -10.]])
    """

    def __init__(self, stype: str = "power", top_db: float | None = None) -> None:
        super().__init__()
        if stype not in ("power", "magnitude"):
            raise ValueError(f'stype is to be "power" or "magnitude", not {stype!r}')
        if top_db is not None and top_db < 0:
            raise ValueError("top_db must be positive value")
        self.stype = stype
        self.top_db = top_db
        self.multiplier = 10.0 if stype == "power" else 20.0
        self.amin = 1e-10
        self.db_multiplier = 0.0  # the logarithm of the reference, which is 1

    def forward(self, x: Tensor) -> Tensor:
        return F.amplitude_to_DB(x, self.multiplier, self.amin, self.db_multiplier, self.top_db)


class MFCC(nn.Module):
    """Mel-frequency cepstral coefficients: (..., frames) to (..., n_mfcc, windows).

    The cosine transform of a mel spectrogram in decibels (down to 80 below the top), or, with
    `log_mels`, of log(x + 1e-6).

    >>> import rushlight as torch
    >>> from rushlight.audio import transforms
    >>> mfcc = transforms.MFCC(8000, 13, melkwargs={"n_fft": 64, "n_mels": 20})
    >>> mfcc(torch.rand(320)).shape
    torch.Size([13, 11])
    """

    dct_mat: Tensor

    def __init__(
        self,
        sample_rate: int = 16000,
        n_mfcc: int = 40,
        dct_type: int = 2,
        norm: str | None = "ortho",
        log_mels: bool = False,
        melkwargs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if dct_type != 2:
            raise ValueError(f"DCT type not supported: {dct_type}")
        self.sample_rate = sample_rate
        self.n_mfcc = n_mfcc
        self.log_mels = log_mels
        self.amplitude_to_DB = AmplitudeToDB("power", 80.0)
        self.MelSpectrogram = MelSpectrogram(sample_rate, **(melkwargs or {}))
        if n_mfcc > self.MelSpectrogram.n_mels:
            raise ValueError("Cannot select more MFCC coefficients than # mel bins")
        self.register_buffer("dct_mat", F.create_dct(n_mfcc, self.MelSpectrogram.n_mels, norm))

    def forward(self, waveform: Tensor) -> Tensor:
        mels = self.MelSpectrogram(waveform)
        mels = (mels + 1e-6).log() if self.log_mels else self.amplitude_to_DB(mels)
        return self.dct_mat.t() @ mels


class GriffinLim(nn.Module):
    """A sound whose spectrogram is near one: (..., n_fft // 2 + 1, windows) to (..., frames).

    >>> import rushlight as torch
    >>> from rushlight.audio import transforms
    >>> transforms.GriffinLim(n_fft=16, n_iter=2)(torch.ones(9, 5)).shape
    torch.Size([32])
    """

    window: Tensor

    def __init__(
        self,
        n_fft: int = 400,
        n_iter: int = 32,
        win_length: int | None = None,
        hop_length: int | None = None,
        window_fn: Window = rushlight.hann_window,
        power: float = 2.0,
        wkwargs: dict[str, Any] | None = None,
        momentum: float = 0.99,
        length: int | None = None,
        rand_init: bool = True,
    ) -> None:
        super().__init__()
        check_momentum(momentum)
        self.n_fft = n_fft
        self.n_iter = n_iter
        self.win_length = n_fft if win_length is None else win_length
        self.hop_length = self.win_length // 2 if hop_length is None else hop_length
        check_windows("GriffinLim", n_fft, self.hop_length, self.win_length)
        check_counts("GriffinLim", 0, n_iter=n_iter)
        check_power("GriffinLim", power)
        self.register_buffer("window", window_fn(self.win_length, **(wkwargs or {})))
        self.length = length
        self.power = power
        self.momentum = momentum
        self.rand_init = rand_init

    def forward(self, specgram: Tensor) -> Tensor:
        return F.griffinlim(
            specgram, self.window, self.n_fft, self.hop_length, self.win_length, self.power,
            self.n_iter, self.momentum, self.length, self.rand_init,
        )  # fmt: skip


class Resample(nn.Module):
    """A sound at another number of samples per second.

    >>> import rushlight as torch
    >>> from rushlight.audio import transforms
    >>> transforms.Resample(16000, 8000)(torch.ones(2, 100)).shape
    torch.Size([2, 50])
    """

    def __init__(
        self,
        orig_freq: int = 16000,
        new_freq: int = 16000,
        lowpass_filter_width: int = 6,
        rolloff: float = 0.99,
    ) -> None:
        super().__init__()
        check_rates(orig_freq, new_freq, lowpass_filter_width, rolloff)
        self.orig_freq = orig_freq
        self.new_freq = new_freq
        self.lowpass_filter_width = lowpass_filter_width
        self.rolloff = rolloff

    def forward(self, waveform: Tensor) -> Tensor:
        return F.resample(
            waveform, self.orig_freq, self.new_freq, self.lowpass_filter_width, self.rolloff
        )


class _Masking(nn.Module):
    axis: int

    def __init__(self, mask_param: int, iid_masks: bool, p: float = 1.0) -> None:
        super().__init__()
        check_mask(mask_param, p)
        self.mask_param = mask_param
        self.iid_masks = iid_masks
        self.p = p

    def forward(self, specgram: Tensor, mask_value: float = 0.0) -> Tensor:
        mask = F.mask_along_axis_iid if self.iid_masks else F.mask_along_axis
        return mask(specgram, self.mask_param, mask_value, self.axis, self.p)


class FrequencyMasking(_Masking):
    """A random band of up to `freq_mask_param` frequencies filled: arXiv:1904.08779.

    The same for all examples and channels, unless `iid_masks`.

    >>> import rushlight as torch
    >>> from rushlight.audio import transforms
    >>> transforms.FrequencyMasking(3)(torch.ones(8, 4)).shape
    torch.Size([8, 4])
    """

    axis = -2

    def __init__(self, freq_mask_param: int, iid_masks: bool = False) -> None:
        super().__init__(freq_mask_param, iid_masks)


class TimeMasking(_Masking):
    """A random span of up to `time_mask_param` windows, at most a part p, filled: arXiv:1904.08779.

    The same for all examples and channels, unless `iid_masks`.

    >>> import rushlight as torch
    >>> from rushlight.audio import transforms
    >>> transforms.TimeMasking(3)(torch.ones(8, 4)).shape
    torch.Size([8, 4])
    """

    axis = -1

    def __init__(self, time_mask_param: int, iid_masks: bool = False, p: float = 1.0) -> None:
        super().__init__(time_mask_param, iid_masks, p)
