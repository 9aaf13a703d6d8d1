"""Names that programs take from PyTorch's extension."""

from __future__ import annotations

from .tensor import Tensor
from .torch_function import (
    DisableTorchFunction,
    DisableTorchFunctionSubclass,
)
from .torch_function import (
    disabled_torch_function as _disabled_torch_function_impl,
)

TensorBase = _TensorBase = Tensor

__all__ = [
    "DisableTorchFunction", "DisableTorchFunctionSubclass", "TensorBase", "_TensorBase",
    "_disabled_torch_function_impl", "_log_api_usage_once",
]  # fmt: skip


def _log_api_usage_once(event: str) -> None:
    """Nothing: nobody counts what programs use."""
