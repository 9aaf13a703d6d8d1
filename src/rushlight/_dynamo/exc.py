"""Errors that programs catch from PyTorch's compiler."""

from __future__ import annotations

from ..graph.errors import CaptureError, InvalidBackend

TorchDynamoException = RuntimeError
Unsupported = CaptureError

__all__ = ["InvalidBackend", "TorchDynamoException", "Unsupported"]
