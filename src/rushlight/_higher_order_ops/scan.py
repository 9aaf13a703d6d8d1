"""`scan` from the module in which PyTorch has it."""

from ..control_scans import scan

__all__ = ["scan"]
