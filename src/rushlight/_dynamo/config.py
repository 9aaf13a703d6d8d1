"""Settings of PyTorch's compiler, which may be set and are read by nothing here."""

from __future__ import annotations

import sys
from typing import Any

from ..settings import Patch

verbose = False
suppress_errors = False
cache_size_limit = recompile_limit = 8
accumulated_cache_size_limit = accumulated_recompile_limit = 256
assume_static_by_default = True
automatic_dynamic_shapes = True
dynamic_shapes = True
capture_scalar_outputs = False
capture_dynamic_output_shape_ops = False
specialize_int = False
force_parameter_static_shapes = True
optimize_ddp = True
guard_nn_modules = True
inline_inbuilt_nn_modules = True
error_on_recompile = False


def patch(changes: Any = None, value: Any = None, **others: Any) -> Patch:
    """A context or decorator in which settings have other values.

    >>> import rushlight as torch
    >>> with torch._dynamo.config.patch(suppress_errors=True):
    ...     torch._dynamo.config.suppress_errors
    True
    """
    return Patch(sys.modules[__name__], changes, value, others)
