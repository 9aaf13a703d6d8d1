"""Discrete Fourier transforms: `torch.fft`.

The operations put them here by their declarations; `fft.pyi` says them to editors.
"""

from .ops import declare as _declare

globals().update(_declare.places["fft"])

__all__ = _declare.names_at("fft")  # which help() goes by
