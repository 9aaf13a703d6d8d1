"""What stands around training; today the data loader and handles of hooks."""

from . import data, hooks

__all__ = ["data", "hooks"]
