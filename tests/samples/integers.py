"""Rows of rushlight/ops/integers.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Invalid, Op, Sample, Values

PAIRS = (((), ()), ((2, 3, 4, 5), (4, 1)), ((2, 3), (3,)), ((0, 3), (3,)))


def _whole(name: str, reference: Any, low: int, high: int, numbers: tuple[int, ...]) -> Op:
    def samples(v: Values) -> Iterator[Sample]:
        for left, right in PAIRS:
            yield Sample(v.integers(-50, 50, *left), v.integers(low, high, *right))
        for dtype in ("int8", "uint8", "int16"):
            yield Sample(v.integers(0, 50, 6).astype(dtype), v.integers(0, high, 6).astype(dtype))
        yield Sample(v.integers(-50, 50, 3), v.mask(3))
        for number in numbers:
            yield Sample(v.integers(-50, 50, 2, 3), number)
            yield Sample(v.integers(-50, 50, 6).astype("int8"), number)
            yield Sample(number, v.integers(0, 9, 2, 3))
        for pair in ((v.normal(3), v.normal(3)), (v.mask(3), v.mask(3))):
            yield Invalid(*pair, raises=NotImplementedError, match="not implemented for")
        yield Invalid(v.integers(0, 9, 3), "two", raises=TypeError, own_words=True)
        if not numbers:
            yield Invalid(v.integers(0, 9, 3), 2, raises=TypeError, match="must be Tensor, not int")

    return Op(name, samples, reference, differentiable=False, order="kept", inplace=name + "_")


ops = [
    _whole("bitwise_left_shift", np.left_shift, 0, 70, (3, 9, -1)),
    _whole("bitwise_right_shift", np.right_shift, 0, 70, (3, 9, -1)),
    _whole("gcd", np.gcd, -50, 50, ()),
    _whole("lcm", np.lcm, -50, 50, ()),
]
