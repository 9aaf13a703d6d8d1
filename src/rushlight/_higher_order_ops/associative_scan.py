"""`associative_scan` from the module in which PyTorch has it."""

from ..control_scans import associative_scan

__all__ = ["associative_scan"]
