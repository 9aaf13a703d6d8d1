"""Rows of rushlight/ops/special.py, bessel.py and polynomials.py.

To the last digits and in the tails: tests/test_special.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values

inf, nan = math.inf, math.nan
SHAPES = ((), (2, 3, 4, 5), (0, 3))
PAIRS = (((), ()), ((2, 3, 4, 5), (4, 1)), ((3,), ()), ((0, 3), (3,)))


def scipy(name: str) -> Callable[..., Any]:
    """A function of SciPy's, which is imported when it is called."""

    def function(*arguments: Any) -> Any:
        import scipy.special

        return getattr(scipy.special, name)(*arguments)

    return function


def _erf(x: Array) -> Array:
    return np.vectorize(math.erf, otypes=[float])(x)


def special(
    name: str, reference: Any, values: str = "normal", edges: tuple[float, ...] = (),
    **options: Any,
) -> Op:  # fmt: skip
    """A row of a function of one real tensor; `edges` are numbers without a gradient."""

    def samples(v: Values) -> Iterator[Sample]:
        for shape in SHAPES:
            yield Sample(getattr(v, values)(*shape))
        yield Sample(np.array([*edges, nan]))
        yield Invalid([1.0, 2.0], raises=TypeError, match="must be Tensor, not list")
        yield Invalid(v.complex(3), raises=NotImplementedError, match="not implemented for",
                      own_words=True)

    options.setdefault("order", "kept")
    options.setdefault("integers", "float32")
    return Op(name, samples, reference, **options)


def flat(name: str, reference: Any, *more: Any, **options: Any) -> Op:
    """The same of a function without a gradient, which PyTorch does not have for halves.

    Beyond a few units PyTorch's own are wrong in the seventh digit: whole numbers are left out.
    """
    options.setdefault("integers", None)
    return special(name, reference, *more, differentiable=False, halves=False, **options)


def special_2(
    name: str, reference: Any, first: str, second: str, numbers: bool = True,
    edges: tuple[tuple[float, float], ...] = (), **options: Any,
) -> Op:  # fmt: skip
    """A row of a function of two real tensors, differentiable in the second."""

    def samples(v: Values) -> Iterator[Sample]:
        for left, right in PAIRS:
            yield Sample(Fixed(getattr(v, first)(*left)), getattr(v, second)(*right))
        if numbers:
            yield Sample(2.0, getattr(v, second)(2, 3))
            yield Sample(Fixed(getattr(v, first)(2, 3)), 1.5)
        first_edges, second_edges = zip(*edges, strict=True)
        yield Sample(Fixed([*first_edges, 1.0]), np.array([*second_edges, nan]))
        yield Invalid(getattr(v, first)(3), [1.0, 2.0], raises=TypeError, own_words=True)
        yield Invalid(v.complex(3), v.complex(3), raises=NotImplementedError,
                      match="not implemented for", own_words=True)
        yield Invalid(
            getattr(v, first)(2, 3), getattr(v, second)(4), raises=RuntimeError,
            match=r"The size of tensor a \(3\) must match the size of tensor b \(4\)",
        )  # fmt: skip

    options.setdefault("order", "kept")
    return Op(name, samples, reference, **options)


def _polynomial(name: str, reference: Any, shifted: bool = False) -> Op:
    def evaluated(x: Any, n: Any) -> Any:
        x, n = np.broadcast_arrays(x, n)
        of_degree = np.vectorize(reference, otypes=[float])
        values = of_degree(np.trunc(n), 2 * x - 1 if shifted else x) if x.size else x.copy()
        return np.where(n > -1, values, 0.0)

    def samples(v: Values) -> Iterator[Sample]:
        for left, right in PAIRS:
            yield Sample(v.between(-1.5, 1.5, *left), v.integers(-1, 9, *right).astype(float))
        yield Sample(v.fraction(2, 3), 3)
        yield Sample(2.0, v.integers(0, 9, 2, 3))
        yield Sample(np.array([1.0, -1.0, 0.0, 1.0]), np.array([7.0, 8.0, 9.7, -0.5]))
        yield Invalid(v.complex(3), 2, raises=NotImplementedError, match="not implemented for",
                      own_words=True)

    return Op(f"special.{name}", samples, evaluated, differentiable=False, halves=False,
              order="kept")  # fmt: skip


def _jumping(name: str) -> Callable[[Any, Any], Any]:
    """Chebyshev's third and fourth kind, of the second: U(n) -+ U(n - 1)."""
    sign = -1 if name == "v" else 1

    def value(n: Any, x: Any) -> Any:
        of_second = scipy("eval_chebyu")
        return 1.0 if n < 1 else of_second(int(n), x) + sign * of_second(int(n) - 1, x)

    return value


def _whole(name: str) -> Callable[[Any, Any], Any]:
    """SciPy's loops for degrees that are whole numbers."""
    return lambda n, x: scipy(name)(max(int(n), 0), x)


CHEBYSHEV = {
    "t": _whole("eval_chebyt"), "u": _whole("eval_chebyu"), "v": _jumping("v"), "w": _jumping("w"),
}  # fmt: skip


def _xlogy(name: str, reference: Any, at_zero: float) -> Op:
    def samples(v: Values) -> Iterator[Sample]:
        for left, right in PAIRS:
            yield Sample(v.normal(*left), v.positive(*right))
        yield Sample(v.normal(2, 3), 1.5)
        yield Sample(2.5, v.positive(2, 3))
        yield Sample(np.zeros(3), np.array([0.5, 1.0, 2.0]))
        yield Sample(np.array([0.0, 0.0, 0.0, 1.0, 0.0, nan]),
                     np.array([nan, at_zero, at_zero - 1, at_zero, inf, 0.0]))
        yield Invalid(v.complex(3), v.complex(3), raises=NotImplementedError,
                      match="not implemented for", own_words=True)
        yield Invalid(v.normal(2), "two", raises=TypeError, own_words=True)

    return Op(name, samples, reference, order="kept", integers="float32")


def _logit(v: Values) -> Iterator[Sample]:
    yield Sample(v.between(0.05, 0.95, 2, 3, 4, 5))
    yield Sample(v.between(0.05, 0.95))
    yield Sample(v.between(-0.5, 1.5, 20), 0.1)
    yield Sample(v.between(0.05, 0.95, 3), eps=1e-6)
    yield Sample(np.array([-1.0, 0.0, 1.0, 2.0, nan, 0.5, 0.5 + 1e-9]))
    yield Sample(np.array([-1.0, 0.0, nan, 2.0]), 0.25)
    yield Sample(v.integers(0, 2, 4), 0.25)
    yield Invalid(v.complex(3), raises=NotImplementedError, match="not implemented for",
                  own_words=True)


def _logit_of(x: Array, eps: float | None = None) -> Any:
    x = x.astype(np.float32) if x.dtype.kind == "i" else x
    return scipy("logit")(x if eps is None else np.clip(x, eps, 1 - eps))


def _polygamma(v: Values) -> Iterator[Sample]:
    for n in range(4):
        yield Sample(n, v.positive(2, 3))
    yield Sample(1, v.positive(2, 3, 4, 5))
    yield Sample(2, v.positive())
    yield Sample(2, v.positive(0, 3))
    yield Sample(1, np.array([-0.5, -1.5, 30.0, 0.0, nan]))
    yield Invalid(-1, v.positive(3), raises=RuntimeError, match="does not support negative n")
    yield Invalid(1.5, v.positive(3), raises=TypeError, match=r"argument 'n' \(position 1\) must")
    yield Invalid(1, v.complex(3), raises=NotImplementedError, match="not implemented for",
                  own_words=True)


def _mvlgamma(v: Values) -> Iterator[Sample]:
    for p in (1, 2, 5):
        yield Sample(v.positive(2, 3) + 2.0, p)
    yield Sample(v.positive() + 0.5, 2)
    yield Invalid(v.positive(3), 0, raises=RuntimeError, match="p has to be greater than or equal")


ops = [
    special("erf", _erf, edges=(inf, -inf)),
    special("erfc", lambda x: 1 - _erf(x), edges=(inf, -inf)),
    special("erfinv", scipy("erfinv"), "fraction", (1.0, -1.0, 1.5, 0.0), inplace="erfinv_"),
    special("special.erfcx", scipy("erfcx"), edges=(inf, -inf, 30.0, -30.0), halves=False),
    special("special.ndtr", scipy("ndtr"), edges=(inf, -inf, -10.0), composite=True),
    special("special.ndtri", scipy("ndtri"), "unit", (0.0, 1.0, 1.5, -0.5, 1e-30), halves=False),
    special("special.log_ndtr", scipy("log_ndtr"), edges=(inf, -inf, -30.0, 8.0), halves=False),
    special("special.entr", scipy("entr"), "positive", (0.0, -1.0, inf)),
    _xlogy("xlogy", scipy("xlogy"), 0.0),
    _xlogy("special.xlog1py", scipy("xlog1py"), -1.0),
    Op("logit", _logit, _logit_of, order="kept", inplace="logit_", integers="float32",
       composite=True),
    special("lgamma", scipy("gammaln"), "nonzero", (inf, 0.0, -1.0, 1.0, 2.0),
            inplace="lgamma_"),
    special("digamma", scipy("digamma"), "positive", (inf, -1.0, 0.0, -0.0, -0.5, 40.0),
            inplace="digamma_"),
    Op("polygamma", _polygamma, lambda n, x: scipy("polygamma")(n, x) if n else scipy("psi")(x),
       order="kept"),
    Op("Tensor.polygamma", lambda v: [Sample(v.positive(2, 3), 1), Sample(v.positive(), 2)],
       lambda x, n: scipy("polygamma")(n, x), order="kept", inplace="polygamma_"),
    Op("mvlgamma", _mvlgamma, lambda x, p: np.vectorize(
        lambda a: scipy("multigammaln")(a, p), otypes=[float])(x), composite=True),
    special_2("igamma", scipy("gammainc"), "positive", "positive", False,
              ((0.0, 0.0), (0.0, 1.0), (inf, 1.0), (1.0, inf), (-1.0, 1.0), (1.0, -1.0))),
    special_2("igammac", scipy("gammaincc"), "positive", "positive", False,
              ((0.0, 0.0), (0.0, 1.0), (inf, 1.0), (1.0, inf), (-1.0, 1.0), (1.0, -1.0))),
    special_2("special.zeta", scipy("zeta"), "above_one", "positive", True,
              ((1.0, 2.0), (0.5, 2.0), (2.0, 0.0), (2.0, -3.0), (2.5, -0.5), (3.0, -0.5)),
              halves=False),
    special("i0", scipy("i0"), "nonzero", (0.0, 20.0, -20.0), inplace="i0_"),
    special("special.i0e", scipy("i0e"), "nonzero", (0.0, inf, 50.0)),
    special("special.i1", scipy("i1"), "nonzero", (0.0, 20.0, -20.0), halves=False),
    special("special.i1e", scipy("i1e"), "nonzero", (0.0, inf, -50.0), halves=False),
    flat("special.bessel_j0", scipy("j0"), "normal", (0.0,)),
    flat("special.bessel_j1", scipy("j1"), "normal", (0.0,)),
    flat("special.bessel_y0", scipy("y0"), "positive", (0.0, -1.0)),
    flat("special.bessel_y1", scipy("y1"), "positive", (0.0, -1.0)),
    flat("special.modified_bessel_i0", scipy("i0"), "normal", (0.0, 20.0)),
    flat("special.modified_bessel_i1", scipy("i1"), "normal", (0.0, -20.0)),
    flat("special.modified_bessel_k0", scipy("k0"), "positive", (0.0, 20.0, inf, -1.0)),
    flat("special.modified_bessel_k1", scipy("k1"), "positive", (0.0, 20.0, inf, -1.0)),
    flat("special.scaled_modified_bessel_k0", scipy("k0e"), "positive", (0.0, 800.0, -1.0)),
    flat("special.scaled_modified_bessel_k1", scipy("k1e"), "positive", (0.0, 800.0, -1.0)),
    flat("special.spherical_bessel_j0", lambda x: np.sinc(np.where(np.isinf(x), 1.0, x / np.pi)),
         "normal", (0.0, inf, -inf, 1e-9)),
    flat("special.airy_ai", lambda x: scipy("airy")(x)[0], "fraction", (0.0,)),
    *(_polynomial(f"chebyshev_polynomial_{kind}", value) for kind, value in CHEBYSHEV.items()),
    *(_polynomial(f"shifted_chebyshev_polynomial_{kind}", value, shifted=True)
      for kind, value in CHEBYSHEV.items()),
    _polynomial("hermite_polynomial_h", _whole("eval_hermite")),
    _polynomial("hermite_polynomial_he", _whole("eval_hermitenorm")),
    _polynomial("laguerre_polynomial_l", _whole("eval_laguerre")),
    _polynomial("legendre_polynomial_p", _whole("eval_legendre")),
]
