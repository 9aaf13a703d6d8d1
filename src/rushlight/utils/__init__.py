"""What stands around training; today the data loader and handles of hooks."""

from . import data, hooks
from .swapping import swap_tensors

__all__ = ["data", "hooks", "swap_tensors"]
