"""Processing of signals: `torch.signal.windows`."""

from . import windows

__all__ = ["windows"]
