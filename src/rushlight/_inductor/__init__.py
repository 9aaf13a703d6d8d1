"""Names that programs take from PyTorch's compiler, of which there is none here: its settings."""

from . import config

__all__ = ["config"]
