"""Transforms of functions, as `torch.func` has them; docs/func.md shows them together."""

from __future__ import annotations

from .batching import vmap
from .gradients import grad, grad_and_value, hessian, jacrev, vjp
from .models import functional_call, stack_module_state
from .tangents import jacfwd, jvp, linearize

__all__ = [
    "functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize",
    "stack_module_state", "vjp", "vmap",
]  # fmt: skip
