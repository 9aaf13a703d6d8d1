"""The CPU."""

from __future__ import annotations

from ..kernels.native import native


def get_cpu_capability() -> str:
    """The widest vectors of the C++ kernels here, in PyTorch's words: AVX512, AVX2 or DEFAULT."""
    widths = {"avx512": "AVX512", "avx2": "AVX2"}
    return "DEFAULT" if native is None else widths.get(native.instruction_set(), "DEFAULT")
