"""cuDNN. CuPy decides which of its algorithms a GPU runs, so that the flags choose nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from . import _flags

enabled = True
benchmark = False
benchmark_limit: int | None = None
deterministic = False
allow_tf32 = True
fp32_precision = "none"


def is_available() -> bool:
    """False: GPUs are used through CuPy, whose kernels are no cuDNN's as PyTorch calls it."""
    return False


def version() -> int | None:
    """None, as it is not available."""
    return None


def is_acceptable(tensor: Any) -> bool:
    """Whether cuDNN would take a tensor: False."""
    return False


def set_flags(
    _enabled: bool | None = None, _benchmark: bool | None = None,
    _benchmark_limit: int | None = None, _deterministic: bool | None = None,
    _allow_tf32: bool | None = None, _fp32_precision: str | None = None,
) -> tuple[Any, ...]:  # fmt: skip
    """Sets those flags that are given; returns what all were."""
    return _flags.set_flags(
        __name__, enabled=_enabled, benchmark=_benchmark, benchmark_limit=_benchmark_limit,
        deterministic=_deterministic, allow_tf32=_allow_tf32, fp32_precision=_fp32_precision,
    )  # fmt: skip


def flags(
    enabled: bool = False, benchmark: bool = False, benchmark_limit: int = 10,
    deterministic: bool = False, allow_tf32: bool = True, fp32_precision: str = "none",
) -> AbstractContextManager[None]:  # fmt: skip
    """Sets the flags for the time of a `with`.

    >>> import rushlight as torch
    >>> with torch.backends.cudnn.flags(deterministic=True):
    ...     torch.backends.cudnn.deterministic
    True
    >>> torch.backends.cudnn.deterministic
    False
    """
    return _flags.flags_of(
        __name__, enabled=enabled, benchmark=benchmark, benchmark_limit=benchmark_limit,
        deterministic=deterministic, allow_tf32=allow_tf32, fp32_precision=fp32_precision,
    )  # fmt: skip
