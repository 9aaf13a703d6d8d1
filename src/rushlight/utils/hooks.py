"""Handles of hooks, where PyTorch has them."""

from __future__ import annotations

from ..hooks import RemovableHandle

__all__ = ["RemovableHandle"]
