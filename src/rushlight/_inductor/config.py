"""Settings of PyTorch's compiler, which may be set and are read by nothing here."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

from ..settings import Patch

debug = False
freezing = False
fx_graph_cache = True
max_autotune = False
max_autotune_gemm = False
coordinate_descent_tuning = False
coordinate_descent_check_all_directions = False
epilogue_fusion = True
shape_padding = True
cpp_wrapper = False
force_fuse_int_mm_with_mul = False
use_mixed_mm = False
triton = SimpleNamespace(cudagraphs=False, unique_kernel_names=True)
cpp = SimpleNamespace(threads=-1, simdlen=None)


def patch(changes: Any = None, value: Any = None, **others: Any) -> Patch:
    """A context or decorator in which settings have other values.

    >>> import rushlight as torch
    >>> with torch._inductor.config.patch("max_autotune", True):
    ...     torch._inductor.config.max_autotune
    True
    """
    return Patch(sys.modules[__name__], changes, value, others)
