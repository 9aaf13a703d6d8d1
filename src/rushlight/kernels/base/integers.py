"""Shifts of bits, common divisors and multiples of whole numbers."""

from __future__ import annotations

from typing import Any

from ...categories import INTEGERS
from .elementwise import _binary


def _of_integers(function: str) -> Any:
    return _binary(function, INTEGERS)


class Integers:
    # By as many places as there are, or by fewer than none, a shift leaves nothing but the sign.
    bitwise_left_shift = _of_integers("left_shift")
    bitwise_right_shift = _of_integers("right_shift")
    gcd, lcm = _of_integers("gcd"), _of_integers("lcm")
