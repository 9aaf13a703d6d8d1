"""`torch.autograd.grad_mode`: PyTorch's path to the modes of recording."""

from __future__ import annotations

from contextlib import ContextDecorator
from typing import Any

from ..grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = [
    "enable_grad", "inference_mode", "no_grad", "set_grad_enabled", "set_multithreading_enabled",
]  # fmt: skip


class set_multithreading_enabled(ContextDecorator):
    """Chooses nothing: a backward runs in the thread that asks for it, whatever the device.

    >>> import rushlight as torch
    >>> with torch.autograd.set_multithreading_enabled(False):
    ...     torch.ones(1, requires_grad=True).sum().backward()
    """

    def __init__(self, mode: bool) -> None:
        self.mode = mode

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: Any) -> None:
        pass
