"""Orthogonal polynomials: `torch.special.hermite_polynomial_h` and its like.

Their kernels stand among those of `special.py`.
"""

from __future__ import annotations

from .declare import Binary


class Polynomial(Binary):
    """A polynomial of x whose degree is the second operand, cut off to a whole number."""

    parameter_names = ("x", "n")

    differentiable = False
    floats = takes_number_first = True


class ChebyshevPolynomialT(Polynomial):
    """Chebyshev's polynomial of the first kind of degree n: cos(n * acos(x)) within -1 and 1.

    >>> import rushlight as torch
    >>> torch.special.chebyshev_polynomial_t(torch.tensor([0.5, 2.0]), 2)  # 2 * x ** 2 - 1
    tensor([-0.5000,  7.0000])
    """


class ChebyshevPolynomialU(Polynomial):
    """Chebyshev's polynomial of the second kind of degree n: sin((n + 1) t) / sin(t) for x =
    cos(t).

    >>> import rushlight as torch
    >>> torch.special.chebyshev_polynomial_u(torch.tensor([0.5, 2.0]), 2)  # 4 x * x - 1
    tensor([ 0., 15.])
    """


class ChebyshevPolynomialV(Polynomial):
    """Chebyshev's polynomial of the third kind of degree n: cos((n + 1/2) t) / cos(t / 2) for x =
    cos(t).

    >>> import rushlight as torch
    >>> torch.special.chebyshev_polynomial_v(torch.tensor([0.5, 2.0]), 1)  # 2 x - 1
    tensor([0., 3.])
    """


class ChebyshevPolynomialW(Polynomial):
    """Chebyshev's polynomial of the fourth kind of degree n: sin((n + 1/2) t) / sin(t / 2), x =
    cos(t).

    >>> import rushlight as torch
    >>> torch.special.chebyshev_polynomial_w(torch.tensor([0.5, 2.0]), 1)  # 2 x + 1
    tensor([2., 5.])
    """


class ShiftedChebyshevPolynomialT(Polynomial):
    """Chebyshev's polynomial of the first kind of degree n, of 2 * x - 1.

    >>> import rushlight as torch
    >>> torch.special.shifted_chebyshev_polynomial_t(torch.tensor([0.5, 2.0]), 1)  # 2 x - 1
    tensor([0., 3.])
    """


class ShiftedChebyshevPolynomialU(Polynomial):
    """Chebyshev's polynomial of the second kind of degree n, of 2 * x - 1.

    >>> import rushlight as torch
    >>> torch.special.shifted_chebyshev_polynomial_u(torch.tensor([0.5, 2.0]), 1)  # 4 x - 2
    tensor([0., 6.])
    """


class ShiftedChebyshevPolynomialV(Polynomial):
    """Chebyshev's polynomial of the third kind of degree n, of 2 * x - 1.

    >>> import rushlight as torch
    >>> torch.special.shifted_chebyshev_polynomial_v(torch.tensor([0.5, 2.0]), 1)  # 4 x - 3
    tensor([-1.,  5.])
    """


class ShiftedChebyshevPolynomialW(Polynomial):
    """Chebyshev's polynomial of the fourth kind of degree n, of 2 * x - 1.

    >>> import rushlight as torch
    >>> torch.special.shifted_chebyshev_polynomial_w(torch.tensor([0.5, 2.0]), 1)  # 4 x - 1
    tensor([1., 7.])
    """


class HermitePolynomialH(Polynomial):
    """Hermite's polynomial of degree n, the physicists': H[n + 1] = 2 x H[n] - 2 n H[n - 1] from 1,
    2 x.

    They are orthogonal under exp(-x^2).

    >>> import rushlight as torch
    >>> torch.special.hermite_polynomial_h(torch.tensor([0.5, 2.0]), 2)  # 4 x * x - 2
    tensor([-1., 14.])
    """


class HermitePolynomialHe(Polynomial):
    """Hermite's polynomial of degree n, the probabilists': He[n + 1] = x He[n] - n He[n - 1] from
    1, x.

    They are orthogonal under exp(-x^2 / 2).

    >>> import rushlight as torch
    >>> torch.special.hermite_polynomial_he(torch.tensor([0.5, 2.0]), 2)  # x * x - 1
    tensor([-0.7500,  3.0000])
    """


class LaguerrePolynomialL(Polynomial):
    """Laguerre's polynomial of degree n: (n + 1) L[n + 1] = (2 n + 1 - x) L[n] - n L[n - 1] from 1,
    1 - x.

    >>> import rushlight as torch
    >>> torch.special.laguerre_polynomial_l(torch.tensor([0.5, 2.0]), 1)  # 1 - x
    tensor([ 0.5000, -1.0000])
    """


class LegendrePolynomialP(Polynomial):
    """Legendre's polynomial of degree n: (n + 1) P[n + 1] = (2 n + 1) x P[n] - n P[n - 1] from 1,
    x.

    >>> import rushlight as torch
    >>> torch.special.legendre_polynomial_p(torch.tensor([0.5, 2.0]), 2)  # (3 x * x - 1) / 2
    tensor([-0.1250,  5.5000])
    """


for _polynomial in Polynomial.__subclasses__():
    _polynomial.define(inplace=False, place="special")
