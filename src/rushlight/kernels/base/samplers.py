"""Variates by rejection (gamma, Poisson, binomial), and how a gamma or beta variate moves with its
parameters.

A rejection takes as many uniforms as it needs, so elements are drawn one after the other, on the
host, in the order of PyTorch's CPU kernels and in their arithmetic: same seed, same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...categories import FLOATS
from ..declaration import kernel
from ..launch import plain_tables
from .library import Library
from .random import HAS_NORMAL, NORMAL

Array = np.ndarray[Any, Any]
BLOCK = 256


class Samplers(Library):
    """Kernels that draw by rejection."""

    random_uniform: Any
    digamma: Any

    @kernel("random", ("state",), takes=FLOATS)
    def random_gamma(self, state: Array, concentration: Any) -> Any:
        """Gamma variates of rate 1, at least the dtype's smallest normal number."""
        return self._drawn(_gamma, state, concentration)

    @kernel("random", ("state",), takes=FLOATS)
    def random_dirichlet(self, state: Array, concentration: Any) -> Any:
        """Gamma variates in float64 over the sum of their row, inside of (0, 1)."""
        dtype = concentration.dtype
        # The device's own variates, where it has some.
        table = plain_tables[type(concentration)]
        wide = table.random_gamma(state, concentration.astype("float64"))
        shares = (wide / wide.sum(-1, keepdims=True)).astype(dtype)
        most = np.nextafter(dtype.type(1), dtype.type(0))
        return self.xp.clip(shares, _tiny(dtype), most)

    @kernel("random", ("state",), takes=FLOATS)
    def random_poisson(self, state: Array, rate: Any) -> Any:
        return self._drawn(_poisson, state, rate)

    @kernel("random", ("state",), takes=FLOATS)
    def random_binomial(self, state: Array, count: Any, probability: Any) -> Any:
        return self._drawn(_binomial, state, count, probability)

    def _drawn(self, draw: Callable[..., Any], state: Array, first: Any, second: Any = None) -> Any:
        """What `draw` makes of each element, and of that of `second` where there is one."""
        dtype = first.dtype
        work: Any = dtype.type if dtype.itemsize >= 4 else np.float32
        columns = [first]
        if second is not None:
            columns.append(second)
        lists = [self.to_numpy(c).ravel().astype(work).tolist() for c in columns]
        out = np.empty(len(lists[0]), dtype)
        source = Source(lambda n: self._host_uniforms(state, n), state)
        single = work is np.float32
        for place, parameters in enumerate(zip(*lists, strict=True)):
            out[place] = draw(source, single, *parameters)
        source.finish()
        if draw is _gamma:
            np.maximum(out, _tiny(dtype), out=out)
        return self.from_numpy(out.reshape(first.shape))

    def _host_uniforms(self, state: Array, count: int) -> list[float]:
        draws = self.random_uniform(state, (count,), 0.0, 1.0, np.dtype(np.float64))
        return self.to_numpy(draws).tolist()

    @kernel("fused")
    def keep_sample(self, parameter: Any, sample: Any) -> Any:
        """A copy of what was drawn with a parameter, through which a gradient goes to that."""
        return self.xp.array(sample)

    @kernel("fused")
    def gamma_gradient(self, concentration: Any, sample: Any) -> Any:
        """How a gamma variate moves with its concentration a: -(dF/da) / f, F and f the
        distribution's function and density.

        The quotient is the integral of (log t - digamma(a)) f(t) / f(x) over t on one side of x:
        here t = x exp(-v) below the mean and t = x exp(v) above, where the integrand is
        smooth and falls off fast.
        """
        xp = self.xp
        a, x = concentration.astype("float64"), sample.astype("float64")
        below = x <= a
        rate = xp.abs(a - x) + xp.where(below, xp.minimum(a, xp.sqrt(a)), xp.sqrt(x))
        log_x, psi = xp.log(x), self.digamma(a)
        total = xp.zeros(x.shape)
        for node, weight in _QUADRATURE:
            v = node / rate
            signed = xp.where(below, -v, v)
            exponent = a * signed - x * xp.expm1(xp.minimum(signed, 700.0))
            total += weight * xp.exp(exponent) * (log_x + signed - psi)
        result = xp.where(below, -total, total) * x / rate
        return self.xp.asarray(result).astype(concentration.dtype)

    @kernel("fused")
    def dirichlet_gradient(self, sample: Any, concentration: Any, total: Any) -> Any:
        """How a beta variate moves with its first concentration a, over 1 - x, by such an integral;
        `total` is the sum of both concentrations."""
        xp = self.xp
        x, a = sample.astype("float64"), concentration.astype("float64")
        whole = total.astype("float64") + xp.zeros(x.shape)
        b = whole - a
        below = x <= a / whole
        near, far = xp.where(below, x, 1 - x), xp.where(below, 1 - x, x)
        power, other = xp.where(below, a, b), xp.where(below, b, a) - 1
        slope = power - other * near / far
        rate = xp.maximum(slope, 0) + xp.minimum(power, xp.sqrt(power + xp.abs(other) * near / far))
        log_x, mean = xp.log(x), self.digamma(a) - self.digamma(whole)
        result = xp.zeros(x.shape)
        for node, weight in _QUADRATURE:
            v = node / rate
            moved = near * -xp.expm1(-v)  # how far t has gone from x
            # log t, as exact where t is x times something as where it is 1 less something
            log_t = xp.where(below, log_x - v, log_x + xp.log1p(moved / far))
            density = xp.exp(-power * v + other * xp.log1p(moved / far))
            result += weight * density * (log_t - mean)
        result = xp.where(below, -result, result) * near / rate / (1 - x)
        return self.xp.asarray(result).astype(concentration.dtype)


def _quadrature() -> list[tuple[float, float]]:
    """Nodes and weights on (0, inf) for integrands that fall off exponentially: the trapezoidal
    rule after v = exp(u - exp(-u)) (Takahasi and Mori 1974)."""
    step = 0.08
    places = [step * k for k in range(-44, 72)]
    nodes = [math.exp(u - math.exp(-u)) for u in places]
    return [(v, step * v * (1 + math.exp(-u))) for u, v in zip(places, nodes, strict=True)]


_QUADRATURE = _quadrature()


def _tiny(dtype: Any) -> Any:
    return np.finfo(dtype).tiny if dtype.itemsize >= 4 else dtype.type(1e-7)


class Source:
    """Uniforms and normals of float64 from a state, one at a time.

    Blocks are drawn ahead; `finish` leaves the state behind the last number that was used.
    """

    def __init__(self, draw: Callable[[int], list[float]], state: Array) -> None:
        self.draw, self.state = draw, state
        self.block: list[float] = []
        self.used = 0
        self.before = state
        self.waiting: float | None = None
        self.keeps_normals = state.size > HAS_NORMAL
        if self.keeps_normals and state[HAS_NORMAL]:
            self.waiting = float(state[NORMAL].view(np.float64)[0])

    def uniform(self) -> float:
        if self.used == len(self.block):
            self.before = self.state.copy()
            self.block, self.used = self.draw(BLOCK), 0
        self.used += 1
        return self.block[self.used - 1]

    def normal(self) -> float:
        """Box and Muller's, in pairs of which the second waits."""
        if self.waiting is not None:
            value, self.waiting = self.waiting, None
            return value
        u1, u2 = self.uniform(), self.uniform()
        radius = math.sqrt(-2.0 * math.log1p(-u2))
        angle = 2.0 * math.pi * u1
        self.waiting = radius * math.sin(angle)
        return radius * math.cos(angle)

    def finish(self) -> None:
        if self.block:
            self.state[...] = self.before
            self.draw(self.used)
        if self.keeps_normals:
            self.state[HAS_NORMAL] = self.waiting is not None
            self.state[NORMAL].view(np.float64)[0] = self.waiting or 0.0


# ---- one variate each. `single` tells that parameters are float32: some steps of PyTorch's C++ are
# then of that precision, and the last bits of results depend on it.


def _gamma(source: Source, single: bool, alpha: float) -> float:
    """Marsaglia and Tsang 2000."""
    scale = 1.0
    if alpha < 1:
        if alpha == 0:
            return 0.0
        exponent = float(np.float32(1) / np.float32(alpha)) if single else 1.0 / alpha
        scale = (1 - source.uniform()) ** exponent
        alpha += 1
        if single:
            alpha = float(np.float32(alpha))
    d = alpha - _THIRD
    if single:
        d = float(np.float32(d))
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        y = 0.0
        while y <= 0:
            x = source.normal()
            y = 1.0 + c * x
        v = y * y * y
        u = 1 - source.uniform()
        square = x * x
        if u < 1.0 - _SQUEEZE * square * square:
            return scale * d * v
        if math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
            return scale * d * v


_THIRD, _SQUEEZE = float(np.float32(1) / np.float32(3)), float(np.float32(0.0331))


def _poisson(source: Source, single: bool, rate: float) -> float:
    """Hormann 1993 from a rate of 10 on, the product of uniforms (Knuth) below."""
    if not rate >= 0:
        raise RuntimeError(f"invalid Poisson rate, expected rate to be non-negative, got {rate}")
    if rate < 10:
        least, product, count = math.exp(-rate), 1.0, 0
        while rate > 0:
            product *= source.uniform()
            if product <= least:
                break
            count += 1
        return count
    root, logarithm = math.sqrt(rate), math.log(rate)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    ratio = 0.9277 - 3.6224 / (b - 2)
    while True:
        u = source.uniform() - 0.5
        v = source.uniform()
        distance = 0.5 - abs(u)
        k = math.floor((2 * a / distance + b) * u + rate + 0.43)
        if distance >= 0.07 and v <= ratio:
            return k
        if k < 0 or (distance < 0.013 and v > distance):
            continue
        left = _log(v) + math.log(inverse_alpha) - math.log(a / (distance * distance) + b)
        if left <= -rate + k * logarithm - math.lgamma(k + 1):
            return k


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


def _binomial(source: Source, single: bool, count: float, probability: float) -> float:
    """Hormann 1993 (BTRS) where 10 and more are expected, else the inversion of waiting times."""
    if math.isnan(probability) or math.isnan(count):
        return math.nan
    if count <= 0 or probability <= 0:
        return 0.0
    if probability >= 1:
        return count
    scalar: Any = np.float32 if single else np.float64
    n, p = scalar(count), scalar(probability)
    if probability > 0.5:
        return float(n - _binomial_below_half(source, scalar, n, scalar(1.0 - p)))
    return float(_binomial_below_half(source, scalar, n, p))


def _binomial_below_half(source: Source, scalar: Any, n: Any, p: Any) -> Any:
    if n * p >= 10:
        return _btrs(source, scalar, n, p)
    total, found = scalar(0), 0
    with np.errstate(divide="ignore"):
        log_failure = np.log1p(-p)
        while True:
            total += np.ceil(np.log(scalar(source.uniform())) / log_failure)
            if total > n:
                return scalar(found)
            found += 1


def _btrs(source: Source, scalar: Any, n: Any, p: Any) -> Any:
    deviation = scalar(math.sqrt(n * p * (1 - p)))
    b = scalar(1.15 + 2.53 * float(deviation))
    a = scalar(-0.0873 + 0.0248 * float(b) + 0.01 * float(p))
    c = scalar(float(n * p) + 0.5)
    ratio = scalar(0.92 - 4.2 / float(b))
    odds = p / (1 - p)
    alpha = scalar((2.83 + 5.1 / float(b)) * float(deviation))
    m = np.floor((n + 1) * p)
    while True:
        u = scalar(source.uniform() - 0.5)
        v = scalar(source.uniform())
        distance = scalar(0.5 - abs(float(u)))
        k = np.floor((2 * a / distance + b) * u + c)
        if k < 0 or k > n:
            continue
        if distance >= 0.07 and v <= ratio:
            return k
        with np.errstate(divide="ignore"):
            v = np.log(v * alpha / (a / (distance * distance) + b))
        bound = (
            (float(m) + 0.5) * float(np.log((m + 1) / (odds * (n - m + 1))))
            + float((n + 1) * np.log((n - m + 1) / (n - k + 1)))
            + (float(k) + 0.5) * float(np.log(odds * (n - k + 1) / (k + 1)))
            + float(_stirling(m)) + float(_stirling(n - m)) - float(_stirling(k))
            - float(_stirling(n - k))
        )  # fmt: skip
        if v <= bound:
            return k


def _stirling(k: Any) -> Any:
    """log k! less Stirling's (k + 1/2) log(k + 1) - (k + 1) + log(2 pi) / 2."""
    x = float(k) + 1
    if k <= 9:
        rest = math.lgamma(x) - (x - 0.5) * math.log(x) + x - 0.5 * math.log(2 * math.pi)
        return type(k)(rest)
    square = float((k + 1) * (k + 1))
    return type(k)((1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / float(k + 1))
