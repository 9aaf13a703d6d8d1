"""GPUs of NVIDIA's: what their products may round, and which attention they may use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .. import cuda as _cuda


class _Matmul:
    """`torch.backends.cuda.matmul`: flags that choose nothing."""

    allow_tf32 = False
    allow_fp16_reduced_precision_reduction = True
    allow_bf16_reduced_precision_reduction = True
    allow_fp16_accumulation = False
    fp32_precision = "none"


class _PlanCache:
    """`torch.backends.cuda.cufft_plan_cache`: CuPy keeps plans of Fourier transforms by itself."""

    size = 0
    max_size = 4096

    def __getitem__(self, device: Any) -> _PlanCache:
        """Of any device."""
        return self

    def clear(self) -> None:
        """Does nothing."""


matmul = _Matmul()
cufft_plan_cache = _PlanCache()
_attention = {"flash": True, "mem_efficient": True, "math": True, "cudnn": True}


def is_built() -> bool:
    """Whether GPUs can be used, if there are some: whether CuPy is installed."""
    return _cuda.is_available()


def flash_sdp_enabled() -> bool:
    """What `enable_flash_sdp` has set. Attention is one kernel, by tiles, in any case."""
    return _attention["flash"]


def enable_flash_sdp(enabled: bool) -> None:
    """Keeps a switch that chooses nothing."""
    _attention["flash"] = bool(enabled)


def mem_efficient_sdp_enabled() -> bool:
    """What `enable_mem_efficient_sdp` has set."""
    return _attention["mem_efficient"]


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Keeps a switch that chooses nothing."""
    _attention["mem_efficient"] = bool(enabled)


def math_sdp_enabled() -> bool:
    """What `enable_math_sdp` has set."""
    return _attention["math"]


def enable_math_sdp(enabled: bool) -> None:
    """Keeps a switch that chooses nothing."""
    _attention["math"] = bool(enabled)


def cudnn_sdp_enabled() -> bool:
    """What `enable_cudnn_sdp` has set."""
    return _attention["cudnn"]


def enable_cudnn_sdp(enabled: bool) -> None:
    """Keeps a switch that chooses nothing."""
    _attention["cudnn"] = bool(enabled)


def is_flash_attention_available() -> bool:
    """False: there is one attention here."""
    return False


@contextmanager
def sdp_kernel(
    enable_flash: bool = True, enable_math: bool = True, enable_mem_efficient: bool = True,
    enable_cudnn: bool = True,
) -> Iterator[Any]:  # fmt: skip
    """Sets the switches of attention for the time of a `with`."""
    before = dict(_attention)
    _attention.update(
        flash=enable_flash, math=enable_math, mem_efficient=enable_mem_efficient,
        cudnn=enable_cudnn,
    )  # fmt: skip
    try:
        yield
    finally:
        _attention.update(before)


def allow_fp16_bf16_reduction_math_sdp(enabled: bool) -> None:
    """Keeps a switch that chooses nothing."""
    _attention["reduction"] = bool(enabled)


def fp16_bf16_reduction_math_sdp_allowed() -> bool:
    """What `allow_fp16_bf16_reduction_math_sdp` has set."""
    return _attention.get("reduction", False)


def is_ck_sdpa_available() -> bool:
    """False: there is one attention here."""
    return False


def preferred_linalg_library(backend: str | None = None) -> str:
    """Which library solves linear systems: CuPy decides. A wish is looked at, and ignored.

    >>> import rushlight as torch
    >>> torch.backends.cuda.preferred_linalg_library()
    'default'
    """
    return _preferred(backend, ("default", "cusolver", "magma"))


def preferred_blas_library(backend: str | None = None) -> str:
    """Which library multiplies matrices: CuPy decides. A wish is looked at, and ignored."""
    return _preferred(backend, ("default", "cublas", "cublaslt", "hipblaslt", "ck"))


def _preferred(backend: str | None, known: tuple[str, ...]) -> str:
    if backend is not None and backend not in known:
        raise RuntimeError(f"Unknown input value. Choose from: {', '.join(known)}.")
    return "default"
