"""Shifts of bits, common divisors and multiples of whole numbers."""

from __future__ import annotations

from typing import Any

from ...dtype import BOOL, COMPLEX, FLOATING
from .elementwise import _binary, name_kernels


def _of_integers(function: str) -> Any:
    return _binary(function, (BOOL, FLOATING, COMPLEX))


class Integers:
    # By as many places as there are, or by fewer than none, a shift leaves nothing but the sign.
    bitwise_left_shift = _of_integers("left_shift")
    bitwise_right_shift = _of_integers("right_shift")
    gcd, lcm = _of_integers("gcd"), _of_integers("lcm")


name_kernels(Integers)
