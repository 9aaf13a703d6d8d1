"""Discrete Fourier transforms: `torch.fft`.

The operations put them here by their declarations; `fft.pyi` says them to editors.
"""

from .ops.declare import places

globals().update(places["fft"])
