"""Special functions: of the error function, the gamma function and the logarithm."""

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
from .powers import exp, log

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


@operation("torch", "special.logit", inplace=True, out="cast")
def logit(input: Tensor, eps: float | None = None) -> Tensor:
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


@operation("torch", "special.polygamma", method=False, out="cast")
def polygamma(n: int, input: Tensor) -> Tensor:
    """The n-th derivative of `digamma`, n >= 0.

    >>> import rushlight as torch
    >>> torch.polygamma(1, torch.tensor([1.0]))  # pi ** 2 / 6
    tensor([1.6449])
    """
    if not isinstance(n, int) or isinstance(n, bool):
        raise TypeError(
            f"polygamma(): argument 'n' (position 1) must be int, not {type(n).__name__}"
        )
    if n < 0:
        raise OperationError(f"polygamma(n, x) does not support negative n, but got n={n}")
    return Polygamma.apply(input, n)


@operation("Tensor", name="polygamma", inplace=True)  # whose arguments are the other way round
def _polygamma_method(self: Tensor, n: int) -> Tensor:
    """The n-th derivative of `digamma`, n >= 0; RuntimeError for a negative n.

    >>> import rushlight as torch
    >>> torch.tensor([1.0]).polygamma(1)  # pi * pi / 6
    tensor([1.6449])
    """
    return polygamma(n, self)


@operation("torch", "special.multigammaln", inplace=True, out="cast")
def mvlgamma(input: Tensor, p: int) -> Tensor:
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
