"""Where programs find the table of `default_collate` under PyTorch."""

from . import collate

__all__ = ["collate"]
