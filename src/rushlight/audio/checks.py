"""What functions and layers of sounds are told, checked once: where a layer is made, too."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from ..tensor import Tensor


def check_tensor(name: str, value: Any) -> None:
    """TypeError for what is no tensor, as an array of NumPy's."""
    if not isinstance(value, Tensor):
        raise TypeError(
            f"{name}: expected a Tensor, got {type(value).__name__}; torch.as_tensor(x) makes one "
            "of an array"
        )


def check_sound(name: str, value: Any) -> None:
    """TypeError for what is no tensor, IndexError for one of no dimension."""
    check_tensor(name, value)
    if value.ndim == 0:
        raise IndexError(f"{name}: a number is no sound; expected a tensor (..., frames)")


def check_counts(name: str, least: int = 1, **counts: Any) -> None:
    """TypeError for what is no whole number, ValueError for one below `least`."""
    for parameter, count in counts.items():
        if not isinstance(count, Integral):
            raise TypeError(
                f"{name}: {parameter} is to be a whole number, got {type(count).__name__}"
            )
        if count < least:
            raise ValueError(f"{name}: {parameter} is to be at least {least}, got {count}")


def check_windows(name: str, n_fft: int, hop_length: int, win_length: int) -> None:
    """How a sound is cut into windows."""
    check_counts(name, n_fft=n_fft, hop_length=hop_length, win_length=win_length)
    if win_length > n_fft:
        raise ValueError(
            f"{name}: win_length is to be n_fft at most, got win_length {win_length} and n_fft "
            f"{n_fft}"
        )


def check_normalized(normalized: Any) -> None:
    if normalized not in (True, False, "window", "frame_length"):
        raise ValueError(
            f'normalized is to be a bool, "window" or "frame_length", not {normalized!r}'
        )


def check_power(name: str, power: float) -> None:
    if not power > 0:
        raise ValueError(f"{name}: power is to be positive, got {power}")


def check_momentum(momentum: float) -> None:
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must be in the range [0, 1). Found: {momentum}")


def check_rates(orig_freq: Any, new_freq: Any, lowpass_filter_width: int, rolloff: float) -> None:
    """Samples per second before and after, and the filter between."""
    for rate in (orig_freq, new_freq):
        if not isinstance(rate, (Integral, float)):
            raise TypeError(f"resample: rates are to be whole numbers, got {type(rate).__name__}")
    if not all(rate > 0 and rate % 1 == 0 for rate in (orig_freq, new_freq)):
        raise ValueError(
            "resample: Original frequency and desired frequency should be positive integers, got "
            f"{orig_freq} and {new_freq}"
        )
    if lowpass_filter_width <= 0:
        raise ValueError(
            f"resample: Low pass filter width should be positive, got {lowpass_filter_width}"
        )
    if not rolloff > 0:
        raise ValueError(f"resample: rolloff is to be positive, not {rolloff}")


def check_mask(mask_param: int, p: float) -> None:
    """How wide a mask may be."""
    check_counts("mask_along_axis", 0, mask_param=mask_param)
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"The value of p must be between 0.0 and 1.0 ({p} given).")
