"""The categories of dtypes that operations and kernels take, and the refusal of others.

A kernel says what it takes in its declaration (`kernels/declaration.py`); a function that is no
single kernel's calls `check_taken`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtype import BOOL, COMPLEX, FLOATING, INTEGER, category_of
from .dtype import dtype as DType
from .errors import NotSupportedError

FLOATS = (FLOATING,)
INEXACT = (FLOATING, COMPLEX)
REALS = (INTEGER, FLOATING)
NUMBERS = (INTEGER, FLOATING, COMPLEX)
ORDERED = (BOOL, INTEGER, FLOATING)
INTEGERS = (INTEGER,)
DISCRETE = (BOOL, INTEGER)


def check_taken(name: str, x: Any, takes: tuple[int, ...]) -> Any:
    """The array or tensor itself; PyTorch's error for a category that is not taken."""
    kind = x.dtype if type(x) is np.ndarray else getattr(x, "array", x).dtype
    if category_of(kind) not in takes:
        raise refused(name, DType.from_numpy(kind), takes)
    return x


def refused(name: str, kind: DType, takes: tuple[int, ...]) -> NotSupportedError:
    """The error for a dtype, with what it may be converted to."""
    if kind.category == COMPLEX:
        fix = "take .abs() or .real"
    elif FLOATING in takes and INTEGER not in takes:
        fix = "convert with .float()"
    else:
        fix = f"convert with .{'long' if kind.category == FLOATING else 'int'}()"
    return NotSupportedError(f"{name}: not implemented for {kind}; {fix}")

# PyTorch's words where one operand of a subtraction is a mask, and where both are.
MASKS_SUBTRACTED = (
    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to "
    "invert a mask, use the `~` or `logical_not()` operator instead.",
    "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
    "`logical_xor()` operator instead.",
)
