"""Special functions: of the error function, the gamma function and the logarithm; Bessel's."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.operation import SavesInputs, SavesOutput
from ..dtype import FLOATING, HALVES, get_default_dtype
from ..errors import OperationError
from ..tensor import Tensor
from .choices import clamp, where
from .common import not_implemented
from .declare import Binary, Unary, operation
from .elementwise import exp, log

# ---- of the error function


class Erf(SavesInputs, Unary):
    """The error function: 2 / sqrt(pi) times the integral of exp(-t * t) from 0 to x.

    >>> import rushlight as torch
    >>> torch.erf(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8427])
    """

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad * exp(-(x * x)) * (2 / math.sqrt(math.pi))


class Erfc(SavesInputs, Unary):
    """1 - erf(x), accurate where that is small.

    >>> import rushlight as torch
    >>> torch.erfc(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.1573])
    """

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad * exp(-(x * x)) * (-2 / math.sqrt(math.pi))


class Erfcx(SavesInputs, Unary):
    """exp(x * x) * erfc(x), which neither overflows nor vanishes where its factors do.

    >>> import rushlight as torch
    >>> torch.special.erfcx(torch.tensor([0.0, 30.0]))
    tensor([1.0000, 0.0188])
    """

    node_name = "SpecialErfcxBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad * (2 * x * erfcx(x) - 2 / math.sqrt(math.pi))


class Erfinv(SavesOutput, Unary):
    """The number whose error function is x, from -1 to 1.

    >>> import rushlight as torch
    >>> torch.erfinv(torch.tensor([0.0, 0.5, -1.0]))
    tensor([0.0000, 0.4769,   -inf])
    """

    def backward(self, grad: Tensor) -> Tensor:
        y = self.saved_tensors[0]
        return grad * exp(y * y) * (math.sqrt(math.pi) / 2)


class Ndtr(SavesInputs, Unary):
    """(1 + erf(x / sqrt(2))) / 2: the probability that a standard normal variable is below x.

    >>> import rushlight as torch
    >>> torch.special.ndtr(torch.tensor([-1.96, 0.0, 1.96]))
    tensor([0.0250, 0.5000, 0.9750])
    """

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad * exp(-0.5 * (x * x)) / math.sqrt(2 * math.pi)


class Ndtri(SavesOutput, Unary):
    """The inverse of `ndtr`: what a standard normal variable is below with probability x.

    nan outside of [0, 1].

    >>> import rushlight as torch
    >>> torch.special.ndtri(torch.tensor([0.0, 0.5, 0.975]))
    tensor([  -inf, 0.0000, 1.9600])
    """

    node_name = "SpecialNdtriBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        y = self.saved_tensors[0]
        return grad * exp(0.5 * (y * y)) * math.sqrt(2 * math.pi)


class LogNdtr(SavesInputs, Unary):
    """The logarithm of `ndtr`, accurate far below 0.

    >>> import rushlight as torch
    >>> torch.special.log_ndtr(torch.tensor([-20.0, 0.0]))  # log(0.5) is -0.6931
    tensor([-203.9172,   -0.6931])
    """

    node_name = "SpecialLogNdtrBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad / erfcx(x * -math.sqrt(0.5)) * math.sqrt(2 / math.pi)


erf, erfc = Erf.define("special.erf"), Erfc.define("special.erfc")
erfinv = Erfinv.define("special.erfinv")
erfcx = Erfcx.define(inplace=False, place="special")
ndtr = Ndtr.define(inplace=False, place="special")
ndtri = Ndtri.define(inplace=False, place="special")
log_ndtr = LogNdtr.define(inplace=False, place="special")


# ---- of the logarithm


class Entr(SavesInputs, Unary):
    """-x * log(x), 0 at 0 and -inf below: an entropy's terms.

    >>> import rushlight as torch
    >>> torch.special.entr(torch.tensor([-1.0, 0.0, 0.5]))
    tensor([  -inf, 0.0000, 0.3466])
    """

    node_name = "SpecialEntrBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        return grad * (-1 - log(self.saved_tensors[0]))


class Xlogy(SavesInputs, Binary):
    """input * log(other), broadcast; 0 where `input` is, unless `other` is nan.

    >>> import rushlight as torch
    >>> torch.xlogy(torch.tensor([0.0, 2.0]), torch.tensor([0.0, 1.0]))
    tensor([0., 0.])
    """

    floats = takes_number_first = True

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        flat = (a == 0) & (b <= 0)
        return (
            where(flat, 0.0, xlogy(grad, b)) if self.needs(0) else None,
            grad * a / b if self.needs(1) else None,
        )


class Xlog1py(SavesInputs, Binary):
    """input * log1p(other), broadcast; 0 where `input` is, unless `other` is nan.

    >>> import rushlight as torch
    >>> torch.special.xlog1py(torch.tensor([0.0, 2.0]), torch.tensor([-1.0, 1.0]))  # 2 log(2)
    tensor([0.0000, 1.3863])
    """

    node_name = "SpecialXlog1PyBackward0"
    floats = takes_number_first = True

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        flat = (a == 0) & (b <= -1)
        return (
            where(flat, 0.0, xlog1py(grad, b)) if self.needs(0) else None,
            grad * a / (b + 1) if self.needs(1) else None,
        )


class Logit(SavesInputs, Unary):
    """log(x / (1 - x)), the inverse of `sigmoid`."""

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return where((x < 0) | (x > 1), math.nan, grad / (x * (1 - x)))


entr = Entr.define(inplace=False, place="special")
xlogy = Xlogy.define("special.xlogy")
xlog1py = Xlog1py.define(inplace=False, place="special")
_logit = Logit.define(inplace=False, place="")


@operation("torch", "special.logit", inplace=True)
def logit(input: Tensor, eps: float | None = None, *, out: Tensor | None = None) -> Tensor:
    """log(x / (1 - x)), the inverse of `sigmoid`; of x within `eps` and 1 - `eps`, if it is given.

    >>> import rushlight as torch
    >>> torch.logit(torch.tensor([0.5, 1.0]), eps=1e-6)
    tensor([ 0.0000, 13.8023])
    """
    if eps is None or eps < 0:
        return _logit(input)
    if input.dtype.category < FLOATING:
        input = input.to(get_default_dtype())
    if input.array.dtype in HALVES:  # whose 1 - eps is 1
        return logit(input.float(), eps).to(input.dtype)
    return _logit(clamp(input, eps, 1 - eps))


# ---- of the gamma function


class Lgamma(SavesInputs, Unary):
    """The logarithm of the gamma function's absolute value.

    >>> import rushlight as torch
    >>> torch.lgamma(torch.tensor([1.0, 5.0, 0.5]))
    tensor([0.0000, 3.1781, 0.5724])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return grad * digamma(self.saved_tensors[0])


class Digamma(SavesInputs, Unary):
    """The derivative of `lgamma`: d/dx log(gamma(x)); nan at negative whole numbers, infinite at 0.

    >>> import rushlight as torch
    >>> torch.digamma(torch.tensor([1.0, 2.0]))  # minus Euler's constant, and 1 more
    tensor([-0.5772,  0.4228])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return grad * polygamma(1, self.saved_tensors[0])


class Polygamma(SavesInputs):
    """The n-th derivative of `digamma`."""

    n: int

    def backward(self, grad: Tensor) -> Tensor:
        return grad * polygamma(self.n + 1, self.saved_tensors[0])


class Incomplete(SavesInputs, Binary):
    """An incomplete gamma function, differentiable in its second argument."""

    takes_numbers = False

    def slope(self, grad: Tensor) -> Tensor:
        if self.needs(0):
            raise not_implemented(f"{self.operation_name}: input")
        a, x = self.saved_tensors
        return grad * exp((a - 1) * log(x) - x - lgamma(a))


class Igamma(Incomplete):
    """The regularized lower incomplete gamma function: the integral of
    t ** (input - 1) * exp(-t) from 0 to `other`, as a part of that to infinity.

    >>> import rushlight as torch
    >>> torch.igamma(torch.tensor([1.0]), torch.tensor([2.0]))  # 1 - exp(-2)
    tensor([0.8647])
    """

    def backward(self, grad: Tensor) -> Any:
        return None, self.slope(grad)


class Igammac(Incomplete):
    """The integral of t^(a - 1) exp(-t) from x on, over gamma(a): 1 - `igamma`, accurate where
    small.

    >>> import rushlight as torch
    >>> torch.special.gammaincc(torch.tensor([1.0]), torch.tensor([2.0]))  # exp(-2)
    tensor([0.1353])
    """

    def backward(self, grad: Tensor) -> Any:
        return None, -self.slope(grad)


class Zeta(SavesInputs, Binary):
    """Hurwitz' zeta function: the sum of (other + k) ** -input over k = 0, 1, ...

    >>> import rushlight as torch
    >>> torch.special.zeta(torch.tensor([2.0]), 1)  # pi ** 2 / 6
    tensor([1.6449])
    """

    node_name = "SpecialZetaBackward0"
    floats = takes_number_first = True

    def backward(self, grad: Tensor) -> Any:
        if self.needs(0):
            raise not_implemented("zeta")
        s, q = self.saved_tensors
        return None, grad * -s * zeta(s + 1, q)


lgamma = Lgamma.define("special.gammaln")
digamma = Digamma.define("special.digamma", "special.psi")
igamma, igammac = Igamma.define("special.gammainc"), Igammac.define("special.gammaincc")
zeta = Zeta.define(inplace=False, place="special")


def _polygamma(n: int, x: Tensor) -> Tensor:
    if not isinstance(n, int) or isinstance(n, bool):
        raise TypeError(
            f"polygamma(): argument 'n' (position 1) must be int, not {type(n).__name__}"
        )
    if n < 0:
        raise OperationError(f"polygamma(n, x) does not support negative n, but got n={n}")
    return Polygamma.apply(x, n)


@operation("torch", "special.polygamma", method=False)
def polygamma(n: int, input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The n-th derivative of `digamma`, n >= 0.

    >>> import rushlight as torch
    >>> torch.polygamma(1, torch.tensor([1.0]))  # pi ** 2 / 6
    tensor([1.6449])
    """
    return _polygamma(n, input)


def _polygamma_method(self: Tensor, n: int) -> Tensor:
    """The n-th derivative of `digamma`, n >= 0; RuntimeError for a negative n.

    >>> import rushlight as torch
    >>> torch.tensor([1.0]).polygamma(1)  # pi * pi / 6
    tensor([1.6449])
    """
    return _polygamma(n, self)


_polygamma_method.__name__ = "polygamma"  # whose arguments are the other way round
operation("Tensor", inplace=True)(_polygamma_method)


@operation("torch", "special.multigammaln", inplace=True)
def mvlgamma(input: Tensor, p: int, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension p, of x > (p - 1) / 2.

    >>> import rushlight as torch
    >>> torch.mvlgamma(torch.tensor([2.0]), 2)
    tensor([0.4516])
    """
    if p < 1:
        raise OperationError(f"mvlgamma: p has to be greater than or equal to 1, but got p={p}")
    if input.array.dtype in HALVES:
        return mvlgamma(input.float(), p).to(input.dtype)
    halves = [lgamma(input - k / 2) for k in range(p)]
    return sum(halves[1:], halves[0]) + p * (p - 1) / 4 * math.log(math.pi)


# ---- Bessel functions with gradients


class I0(SavesInputs, Unary):
    """The modified Bessel function of the first kind of order 0.

    >>> import rushlight as torch
    >>> torch.special.i0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return grad * i1(self.saved_tensors[0])


class I0e(SavesInputs, Unary):
    """exp(-|x|) * `i0`, which does not overflow.

    >>> import rushlight as torch
    >>> torch.special.i0e(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.4658])
    """

    node_name = "SpecialI0EBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad * (i1e(x) - x.sgn() * i0e(x))


class I1(SavesInputs, Unary):
    """(1 / pi) times the integral of exp(x cos t) cos t from 0 to pi: a modified Bessel function of
    the first kind, of order 1.

    >>> import rushlight as torch
    >>> torch.special.i1(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.5652])
    """

    node_name = "SpecialI1Backward0"

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad * (i0(x) - _over_x(i1, x))


class I1e(SavesInputs, Unary):
    """exp(-|x|) * `i1`, which does not overflow.

    >>> import rushlight as torch
    >>> torch.special.i1e(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.2079])
    """

    node_name = "SpecialI1EBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad * (i0e(x) - x.sgn() * i1e(x) - _over_x(i1e, x))


def _over_x(function: Any, x: Tensor) -> Tensor:
    """i1(x) / x, 1 / 2 at 0."""
    return where(x == 0, 0.5, function(x) / where(x == 0, 1.0, x))


i0 = I0.define("special.i0")
i0e = I0e.define(inplace=False, place="special")
i1 = I1.define(inplace=False, place="special")
i1e = I1e.define(inplace=False, place="special")


# ---- functions that PyTorch gives no gradients


class Flat(Unary):
    """A function whose gradient is not defined."""

    differentiable = False


class BesselJ0(Flat):
    """(1 / pi) times the integral of cos(x sin t) from 0 to pi: the Bessel function of the first
    kind of order 0.

    >>> import rushlight as torch
    >>> torch.special.bessel_j0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.7652])
    """


class BesselJ1(Flat):
    """(1 / pi) times the integral of cos(t - x sin t) from 0 to pi: the Bessel function of the
    first kind of order 1.

    >>> import rushlight as torch
    >>> torch.special.bessel_j1(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.4401])
    """


class BesselY0(Flat):
    """The Bessel function of the second kind of order 0: what beside `bessel_j0` solves x^2 y'' + x
    y' + x^2 y = 0. It is -inf at 0, nan below.

    >>> import rushlight as torch
    >>> torch.special.bessel_y0(torch.tensor([0.0, 1.0]))
    tensor([  -inf, 0.0883])
    """


class BesselY1(Flat):
    """The Bessel function of the second kind of order 1: what beside `bessel_j1` solves x^2 y'' + x
    y' + (x^2 - 1) y = 0. It is -inf at 0, nan below.

    >>> import rushlight as torch
    >>> torch.special.bessel_y1(torch.tensor([0.0, 1.0]))
    tensor([   -inf, -0.7812])
    """


class ModifiedBesselI0(Flat):
    """(1 / pi) times the integral of exp(x cos t) from 0 to pi: the modified Bessel function of the
    first kind of order 0.

    >>> import rushlight as torch
    >>> torch.special.modified_bessel_i0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """

    kernel = "i0"


class ModifiedBesselI1(Flat):
    """(1 / pi) times the integral of exp(x cos t) cos t from 0 to pi: the modified Bessel function
    of the first kind of order 1.

    >>> import rushlight as torch
    >>> torch.special.modified_bessel_i1(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.5652])
    """

    kernel = "i1"


class ModifiedBesselK0(Flat):
    """The integral of exp(-x cosh t) from 0 on: the modified Bessel function of the second kind of
    order 0; nan below 0.

    >>> import rushlight as torch
    >>> torch.special.modified_bessel_k0(torch.tensor([0.0, 1.0]))
    tensor([   inf, 0.4210])
    """


class ModifiedBesselK1(Flat):
    """The integral of exp(-x cosh t) cosh t from 0 on: the modified Bessel function of the second
    kind of order 1; nan below 0.

    >>> import rushlight as torch
    >>> torch.special.modified_bessel_k1(torch.tensor([0.0, 1.0]))
    tensor([   inf, 0.6019])
    """


class ScaledModifiedBesselK0(Flat):
    """exp(x) * `modified_bessel_k0`, which does not vanish.

    >>> import rushlight as torch
    >>> torch.special.scaled_modified_bessel_k0(torch.tensor([1.0, 500.0]))
    tensor([1.1445, 0.0560])
    """


class ScaledModifiedBesselK1(Flat):
    """exp(x) * `modified_bessel_k1`, which does not vanish.

    >>> import rushlight as torch
    >>> torch.special.scaled_modified_bessel_k1(torch.tensor([1.0, 500.0]))
    tensor([1.6362, 0.0561])
    """


class SphericalBesselJ0(Flat):
    """The spherical Bessel function of the first kind of order 0: sin(x) / x.

    >>> import rushlight as torch
    >>> torch.special.spherical_bessel_j0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.8415])
    """


class AiryAi(Flat):
    """Airy's function Ai.

    >>> import rushlight as torch
    >>> torch.special.airy_ai(torch.tensor([0.0, 1.0]))
    tensor([0.3550, 0.1353])
    """


for _class in Flat.__subclasses__():
    _class.define(inplace=False, place="special")


# ---- orthogonal polynomials


class Polynomial(Binary):
    """A polynomial of x whose degree is the second operand, cut off to a whole number."""

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
