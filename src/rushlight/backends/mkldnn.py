"""oneDNN, once called MKL-DNN: convolutions, products of matrices, pools and normalisations."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from ..kernels.native import native
from . import _flags

enabled = native is not None
deterministic = False
allow_tf32 = False
fp32_precision = "none"


def is_available() -> bool:
    """Whether the C++ kernels are there, which call it."""
    return native is not None


def is_acl_available() -> bool:
    """Whether oneDNN uses Arm's library: False."""
    return False


def set_flags(
    _enabled: bool | None = None, _deterministic: bool | None = None,
    _allow_tf32: bool | None = None, _fp32_precision: str | None = None,
) -> tuple[Any, ...]:  # fmt: skip
    """Sets those flags that are given, which choose nothing; returns what all were."""
    return _flags.set_flags(
        __name__, enabled=_enabled, deterministic=_deterministic, allow_tf32=_allow_tf32,
        fp32_precision=_fp32_precision,
    )  # fmt: skip


def flags(
    enabled: bool = False, deterministic: bool = False, allow_tf32: bool = True,
    fp32_precision: str = "none",
) -> AbstractContextManager[None]:  # fmt: skip
    """Sets the flags for the time of a `with`."""
    return _flags.flags_of(
        __name__, enabled=enabled, deterministic=deterministic, allow_tf32=allow_tf32,
        fp32_precision=fp32_precision,
    )  # fmt: skip
