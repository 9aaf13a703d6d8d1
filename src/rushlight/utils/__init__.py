"""What stands around training; today the data loader."""

from . import data

__all__ = ["data"]
