"""Transforms of functions, as `torch.func` has them; docs/func.md shows them together."""

from __future__ import annotations

from .batching import vmap
from .gradients import grad, grad_and_value, hessian, jacrev, vjp
from .models import (
    debug_unwrap,
    functional_call,
    functionalize,
    replace_all_batch_norm_modules_,
    stack_module_state,
)
from .tangents import jacfwd, jvp, linearize

__all__ = [
    "debug_unwrap", "functional_call", "functionalize", "grad", "grad_and_value", "hessian",
    "jacfwd", "jacrev", "jvp", "linearize", "replace_all_batch_norm_modules_", "stack_module_state",
    "vjp", "vmap",
]  # fmt: skip
