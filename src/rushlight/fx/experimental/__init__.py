"""Passes that change networks: `optimization`."""

from . import optimization

__all__ = ["optimization"]
