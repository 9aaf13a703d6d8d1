"""Whole numbers: shifts of their bits, common divisors and multiples."""

from __future__ import annotations

from .declare import Binary


class Shift(Binary):
    """A shift of whole numbers' bits."""

    differentiable = False
    takes_number_first = True


class BitwiseLeftShift(Shift):
    """`input` with its bits moved `other` places to the left: times 2 ** other.

    >>> import rushlight as torch
    >>> torch.tensor([1, -2]) << 3
    tensor([  8, -16])
    """


class BitwiseRightShift(Shift):
    """`input` with its bits moved `other` places to the right, the sign kept.

    >>> import rushlight as torch
    >>> torch.tensor([9, -9]) >> 1
    tensor([ 4, -5])
    """


class Gcd(Binary):
    """The greatest common divisor; |a| of a and 0.

    >>> import rushlight as torch
    >>> torch.gcd(torch.tensor([12, 0]), torch.tensor([-18, 5]))
    tensor([6, 5])
    """

    differentiable = takes_numbers = False


class Lcm(Binary):
    """The least common multiple; 0 if either is 0.

    >>> import rushlight as torch
    >>> torch.lcm(torch.tensor([4, 6]), torch.tensor([6, 0]))
    tensor([12,  0])
    """

    differentiable = takes_numbers = False


bitwise_left_shift = BitwiseLeftShift.define(operator="lshift")
bitwise_right_shift = BitwiseRightShift.define(operator="rshift")
gcd, lcm = Gcd.define(), Lcm.define()
