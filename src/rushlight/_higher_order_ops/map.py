"""`map` from the module in which PyTorch has it."""

from ..control_scans import map

__all__ = ["map"]
