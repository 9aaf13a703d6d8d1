"""Special functions: SciPy's, or on CUDA CuPy's, where NumPy has none.

What CuPy lacks is computed on the host.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...categories import FLOATS, ORDERED
from ...dtype import BOOL, INTEGER, category_of
from ...errors import NotSupportedError
from ..declaration import kernel
from ..launch import plain_tables
from .elementwise import floating, name_kernels
from .library import Library


def _special(library_name: str = "") -> Any:
    """A function of SciPy's of floats; `library_name` is its name there, if another."""

    @kernel("elementwise", takes=ORDERED)
    def run(self: Any, x: Any, out: Any = None) -> Any:
        if category_of(x.dtype) in (BOOL, INTEGER):  # as floats the device may know it by itself
            return getattr(plain_tables[type(x)], run.__name__)(floating(x), out)
        return self.special(library_name or run.__name__, x, out=out)

    return run


def _host_special(library_name: str, part: int | None = None) -> Any:
    """The same of what CuPy lacks; `part` tells which of several results it is."""

    @kernel("elementwise", takes=ORDERED)
    def run(self: Any, x: Any, out: Any = None) -> Any:
        x = floating(x)
        if not self.is_host:
            result = getattr(plain_tables[np.ndarray], run.__name__)(self.to_numpy(x))
            return self.store(self.from_numpy(result), out)
        result = self.special(library_name, x)
        if part is None:
            return self.store(result, out)
        return self.store(result[part], out, self.xp.positive(x))  # in x's memory order

    return run


def _special_2(library_name: str = "", whole: bool = True) -> Any:
    """The same of two operands; `whole` numbers become the default dtype, or are refused."""

    @kernel("elementwise", takes=ORDERED if whole else FLOATS)
    def run(self: Any, a: Any, b: Any, out: Any = None) -> Any:
        like = a if hasattr(a, "dtype") else b
        if category_of(like.dtype) in (BOOL, INTEGER):
            return _of_floats(run.__name__, a, b, out)
        # A number of Python's beside float32 makes some of SciPy's functions float64's.
        result = self.special(library_name or run.__name__, a, b).astype(like.dtype, copy=False)
        return result if out is None else self.store(result, out)

    return run


def _of_floats(name: str, a: Any, b: Any, out: Any) -> Any:
    """The device's kernel, of the default dtype."""
    b = floating(b) if hasattr(b, "dtype") else b
    return getattr(plain_tables[type(a)], name)(floating(a), b, out)


def _polynomial(
    second: Callable[[Any], Any], following: Callable[[Any, int, Any, Any], Any],
    most: float = math.inf, shifted: bool = False,
) -> Any:  # fmt: skip
    """A polynomial of x by the recurrence of its degrees, 0 where the degree is negative.

    Degree 0 is 1, degree 1 is `second(x)`, and `following(x, k, q, p)` makes degree k + 1 of those
    of k and k - 1. From degree `most` on it is nan. With `shifted` it is that of 2 x - 1.
    """

    @kernel("elementwise", takes=ORDERED)
    def run(self: Any, x: Any, n: Any, out: Any = None) -> Any:
        if not hasattr(x, "dtype"):
            x = self.xp.full((), x, n.dtype)
        if category_of(x.dtype) in (BOOL, INTEGER):
            return _of_floats(run.__name__, x, n, out)
        xp = self.xp
        wide = 2 * x.astype("float64") - 1 if shifted else x.astype("float64")
        degrees = xp.zeros(x.shape if not hasattr(n, "shape") else n.shape) + n
        known = (degrees < most) & (degrees > -math.inf)
        degrees = xp.where(known, degrees, -1.0)
        p, q = xp.ones_like(wide), second(wide)
        result = xp.where(degrees >= 1, q, xp.where(degrees > -1, p, 0.0))
        highest = int(self.scalar(degrees.max())) if degrees.size else 0
        for k in range(1, highest):
            p, q = q, following(wide, k, q, p)
            result = xp.where(degrees >= k + 1, q, result)
        result = xp.where(known, result, math.nan)
        like = xp.add(x, n)  # which has the operands' memory order
        return self.store(result.astype(x.dtype, copy=False), out, like)

    return run


def _chebyshev(second: Callable[[Any], Any]) -> Any:
    """The polynomial of one of the four kinds, and that of 2 x - 1."""

    def following(x: Any, k: int, q: Any, p: Any) -> Any:
        return 2 * x * q - p

    return _polynomial(second, following), _polynomial(second, following, shifted=True)


class Special(Library):
    def special(self, name: str, *arguments: Any, out: Any = None) -> Any:
        """A special function of the array library's companion."""
        try:
            functions = self.special_functions()
        except ModuleNotFoundError as error:
            raise NotSupportedError(
                f"{name} needs Rushlight's C++ extension, or SciPy, which is not installed here: "
                "pip install scipy"
            ) from error
        if out is None:
            return self.array(getattr(functions, name)(*arguments))
        return self.array(getattr(functions, name)(*arguments, out=out))

    def special_functions(self) -> Any:
        return importlib.import_module("scipy.special")

    # ---- of the error function

    erf, erfc, erfcx, erfinv = _special(), _special(), _special(), _special()
    ndtr, ndtri, log_ndtr = _special(), _special(), _special()

    # ---- of the logarithm

    entr, logit = _special(), _special()
    xlogy, xlog1py = _special_2(), _special_2()

    # ---- of the gamma function

    digamma = _special()
    zeta = _special_2()
    igamma, igammac = _special_2("gammainc", whole=False), _special_2("gammaincc", whole=False)

    @kernel("elementwise", takes=ORDERED)
    def lgamma(self, x: Any, out: Any = None) -> Any:
        if category_of(x.dtype) in (BOOL, INTEGER):
            return plain_tables[type(x)].lgamma(floating(x), out)
        upright = self.xp.where(x == -math.inf, math.inf, x).astype(x.dtype, copy=False)
        return self.special("gammaln", upright, out=out)  # SciPy's is -inf there

    @kernel("elementwise", takes=ORDERED)
    def polygamma(self, x: Any, n: int, out: Any = None) -> Any:
        x = floating(x)
        if n == 0:
            return self.special("digamma", x, out=out)
        factor = (-1) ** (n + 1) * math.exp(math.lgamma(n + 1))
        return self.store(factor * self.special("zeta", float(n + 1), x), out)

    # ---- Bessel functions

    i0, i0e, i1, i1e = _special(), _special(), _special(), _special()
    bessel_j0, bessel_j1 = _special("j0"), _special("j1")
    bessel_y0, bessel_y1 = _special("y0"), _special("y1")
    modified_bessel_k0, modified_bessel_k1 = _host_special("k0"), _host_special("k1")
    scaled_modified_bessel_k0 = _host_special("k0e")
    scaled_modified_bessel_k1 = _host_special("k1e")
    airy_ai = _host_special("airy", part=0)

    @kernel("elementwise", takes=ORDERED)
    def spherical_bessel_j0(self, x: Any, out: Any = None) -> Any:
        x = floating(x)
        angle = self.xp.where((x == 0) | self.xp.isinf(x), 1, x).astype(x.dtype, copy=False)
        quotient = self.xp.where(self.xp.isinf(x), 0, self.xp.sin(angle) / angle)
        result = self.xp.where(x == 0, 1, quotient)
        return self.store(result.astype(x.dtype, copy=False), out)

    # ---- orthogonal polynomials

    chebyshev_polynomial_t, shifted_chebyshev_polynomial_t = _chebyshev(lambda x: x)
    chebyshev_polynomial_u, shifted_chebyshev_polynomial_u = _chebyshev(lambda x: 2 * x)
    chebyshev_polynomial_v, shifted_chebyshev_polynomial_v = _chebyshev(lambda x: 2 * x - 1)
    chebyshev_polynomial_w, shifted_chebyshev_polynomial_w = _chebyshev(lambda x: 2 * x + 1)
    hermite_polynomial_h = _polynomial(
        lambda x: 2 * x, lambda x, k, q, p: 2 * (x * q - k * p), most=513
    )
    hermite_polynomial_he = _polynomial(lambda x: x, lambda x, k, q, p: x * q - k * p, most=513)
    laguerre_polynomial_l = _polynomial(
        lambda x: 1 - x, lambda x, k, q, p: ((2 * k + 1 - x) * q - k * p) / (k + 1)
    )
    legendre_polynomial_p = _polynomial(
        lambda x: x, lambda x, k, q, p: ((2 * k + 1) * x * q - k * p) / (k + 1)
    )


name_kernels(Special)
