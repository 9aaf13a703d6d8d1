"""Random numbers: the streams of PyTorch's CPU generator, bit for bit.

The generator is a Mersenne Twister (Matsumoto and Nishimura 1998, MT19937). Its whole state is one
uint32 array of 632 entries, changed in place by every method here:

    [0:624]    the twister's key
    [624]      how many of the key's 624 outputs are used; at 624 the next draw makes new ones
    [625]      1 where the second value of a normal pair waits in [626:628], a float64's bits
    [628:630]  the initial seed, a uint64's bits; two spare entries follow

A float32 takes one output of the twister, a float64 or a 64-bit integer two (the first is the high
half). Results are filled in C order; whoever fills other memory asks `filling_order` for the shape
that has its order (`memory_order.py`). Other devices draw from `base/philox.py`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from typing import Any

import ml_dtypes
import numpy as np

from ...dtype import BOOL, FLOATING, category_of
from ..declaration import kernel
from .library import Library
from .memory_order import filling_order

Array = np.ndarray[Any, Any]

STATE_SIZE = 632
KEY = slice(0, 624)
POSITION = 624
HAS_NORMAL = 625
NORMAL = slice(626, 628)
SEED = slice(628, 630)

# Outputs made and transformed at a time: temporaries stay in the cache. A multiple of the 32 that
# one block of 16 normal float64 takes.
CHUNK = 1 << 15

# From here on PyTorch's permutation changes its algorithm: one 32-bit draw would be visibly skewed.
LARGE_PERMUTATION = (2**32 - 1) // 20


class Random(Library):
    """Kernels that draw from a generator state."""

    tan: Any
    log: Any
    exp: Any
    ceil: Any

    @kernel("random", ("state",))
    def random_uniform(self, state: Array, shape: tuple[int, ...], low: float, high: float,
                       dtype: Any) -> Array:  # fmt: skip
        """low + u * (high - low), u uniform in [0, 1)."""
        out = np.empty(math.prod(shape), dtype)
        work = _work_dtype(out.dtype)
        low, high = work.type(low), work.type(high)
        for part, uniforms in _uniforms(state, out.size, work):
            if low != 0 or high != 1:
                uniforms = _multiply_add(uniforms, high - low, low)
            out[part] = uniforms
        if low != high:  # rounding may reach the upper end, which does not belong to the range
            np.putmask(out, out == out.dtype.type(high), out.dtype.type(low))
        return self.xp.asarray(out.reshape(shape))

    @kernel("random", ("state",))
    def random_normal(self, state: Array, shape: tuple[int, ...], mean: float, std: float,
                      dtype: Any, paired: bool = False) -> Array:  # fmt: skip
        """mean + std * z, z standard normal (Box and Muller 1958).

        Under 16, or if `paired`, values come in pairs, the second kept for the next call. From 16
        on, blocks of 16 uniforms become 16 normals, and a last incomplete block is drawn anew over
        the last 16.
        """
        out = np.empty(math.prod(shape), dtype)
        if out.size < 16 or paired:
            pairs = _normal_pairs(state, out.size)
            _store(out, _multiply_add(pairs, np.float64(std), np.float64(mean)))
            return self.xp.asarray(out.reshape(shape))
        work = _work_dtype(out.dtype)
        blocks = out.size // 16 * 16
        # PyTorch fills its result with uniforms first, unless it is a half: the incomplete block
        # costs the generator draws although its values are not used.
        drawn = blocks if out.itemsize == 2 else out.size
        for part, uniforms in _uniforms(state, drawn, work):
            whole = uniforms[: len(uniforms) // 16 * 16]
            out[part.start : part.start + whole.size] = _normal_blocks(whole, mean, std)
        if out.size > blocks:
            ((_, uniforms),) = _uniforms(state, 16, work)
            out[-16:] = _normal_blocks(uniforms, mean, std)
        return self.xp.asarray(out.reshape(shape))

    @kernel("random", ("state",))
    def random_exponential(self, state: Array, shape: tuple[int, ...], rate: float,
                           dtype: Any) -> Array:  # fmt: skip
        """-log(1 - u) / rate."""
        out = np.empty(math.prod(shape), dtype)
        for part, uniforms in _uniforms(state, out.size, np.dtype(np.float64)):
            logarithms = _log1p(-uniforms) if out.itemsize == 8 else np.log1p(-uniforms)
            _store(out[part], -1.0 / rate * logarithms)
        return self.xp.asarray(out.reshape(shape))

    # These three are float64 until they are rounded, and made of what other kernels draw, on every
    # device. tan, log and exp are kernels too: the extension's are the C library's, as PyTorch's.

    @kernel("random", ("state",))
    def random_cauchy(self, state: Array, shape: tuple[int, ...], median: float, sigma: float,
                      dtype: Any) -> Array:  # fmt: skip
        """median + sigma tan(pi (u - 1 / 2))."""
        uniforms = self.random_uniform(state, shape, 0.0, 1.0, np.dtype(np.float64))
        return _rounded(median + sigma * self.tan(np.pi * (uniforms - 0.5)), dtype)

    @kernel("random", ("state",))
    def random_geometric(self, state: Array, shape: tuple[int, ...], p: float,
                         dtype: Any) -> Array:  # fmt: skip
        """How many trials it takes to succeed, with probability p each: log(u) / log(1 - p)."""
        uniforms = self.random_uniform(state, shape, 0.0, 1.0, np.dtype(np.float64))
        return _rounded(self.ceil(self.log(uniforms) / math.log1p(-p)), dtype)

    @kernel("random", ("state",))
    def random_log_normal(self, state: Array, shape: tuple[int, ...], mean: float, std: float,
                          dtype: Any) -> Array:  # fmt: skip
        """exp of a normal variate."""
        normals = self.random_normal(state, shape, mean, std, np.dtype(np.float64), True)
        return _rounded(self.exp(normals), dtype)

    @kernel("random", ("state",))
    def random_bernoulli(self, state: Array, shape: tuple[int, ...], p: float | Array) -> Array:
        """True with probability p, a number (a float64 is drawn for each element) or an array
        that broadcasts to `shape` (float64 is drawn where p is float64, else float32)."""
        out = np.empty(math.prod(shape), np.bool_)
        if not isinstance(p, np.ndarray):
            for part, uniforms in _uniforms(state, out.size, np.dtype(np.float64)):
                np.less(uniforms, p, out=out[part])
            return self.xp.asarray(out.reshape(shape))
        work = _work_dtype(p.dtype)
        probabilities = np.broadcast_to(p, shape).ravel()
        for part, uniforms in _uniforms(state, out.size, work):
            np.less(uniforms, probabilities[part].astype(work, copy=False), out=out[part])
        return self.xp.asarray(out.reshape(shape))

    @kernel("random", ("state",))
    def random_integers(self, state: Array, shape: tuple[int, ...], low: int, high: int,
                        dtype: Any) -> Array:  # fmt: skip
        """Integers in [low, high), -2**63 <= low < high <= 2**63: a draw modulo the range.

        A range of 2**28 and more takes 64-bit draws.
        """
        out = _integers(state, shape, low, high - low, high - low >= 1 << 28, dtype)
        return self.xp.asarray(out)

    @kernel("random", ("state",))
    def random_full_range(self, state: Array, shape: tuple[int, ...], dtype: Any) -> Array:
        """Integers from 0 to an integer dtype's greatest, or to 2**mantissa bits of a float."""
        dtype = np.dtype(dtype)
        if category_of(dtype) == FLOATING:
            span = 2 ** (ml_dtypes.finfo(dtype).nmant + 1) + 1
        else:
            span = 2 if category_of(dtype) == BOOL else np.iinfo(dtype).max + 1
        out = _integers(state, shape, 0, span, dtype in (np.int64, np.float64), dtype)
        return self.xp.asarray(out)

    @kernel("random", ("state",))
    def random_permutation(self, state: Array, n: int) -> Array:
        """0 .. n-1 shuffled (Fisher and Yates), int64."""
        out = np.arange(n)
        swap = out.data  # a memoryview's items are Python integers: a third of an array's time
        if n < LARGE_PERMUTATION:
            here = 0
            for draws in _draws(state, n - 1):
                places = np.arange(here, here + draws.size)
                for there in (draws % (n - places).astype(np.uint32) + places).tolist():
                    swap[here], swap[there] = swap[there], swap[here]
                    here += 1
        else:
            here = 0
            for draws in _draws(state, 2 * n):
                counts = np.arange(here + 1, here + 1 + draws.size // 2).astype(np.uint64)
                for there in (_join(draws) % counts).tolist():
                    swap[here], swap[there] = swap[there], here
                    here += 1
        return self.xp.asarray(out)

    @kernel("random", ("state",))
    def random_multinomial(self, state: Array, probabilities: Array, num_samples: int,
                           replacement: bool) -> Array:  # fmt: skip
        """Indices drawn with the weights in each row of `probabilities` (n,) or (rows, n), int64.

        RuntimeError unless weights are finite, not negative, and no row sums to 0. One sample, or
        samples without replacement: the greatest of weight / exponential variate.
        """
        if not (np.isfinite(probabilities) & (probabilities >= 0)).all():
            raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
        if not (probabilities.sum(-1) > 0).all():
            raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
        if num_samples == 1 or not replacement:
            axes = filling_order(probabilities).axes or range(probabilities.ndim)
            shape = tuple([probabilities.shape[axis] for axis in axes])
            variates = self.random_exponential(state, shape, 1.0, probabilities.dtype)
            variates = variates.transpose(np.argsort(axes))
            keys = -(probabilities / variates)
            if num_samples == 1:
                return self.xp.asarray(np.argmin(keys, axis=-1, keepdims=True))
            out = np.argsort(keys, axis=-1, kind="stable")[..., :num_samples]
            return self.xp.asarray(np.ascontiguousarray(out))
        work = _work_dtype(probabilities.dtype)
        rows = probabilities.reshape(-1, probabilities.shape[-1]).astype(work)
        out = np.empty((len(rows), num_samples), np.int64)
        for row, samples in zip(rows, out, strict=True):
            cumulative = np.cumsum(row, dtype=work)
            cumulative /= cumulative[-1]
            cumulative[-1] = 1
            for part, uniforms in _uniforms(state, num_samples, np.dtype(np.float64)):
                samples[part] = np.searchsorted(cumulative.astype(np.float64), uniforms)
        return self.xp.asarray(out.reshape(*probabilities.shape[:-1], num_samples))


# ---- the engine


# NumPy's twister, one per thread: its state is set before each use and means nothing after.
_engine = threading.local()


def _twister() -> np.random.RandomState:
    try:
        return _engine.twister
    except AttributeError:  # made on demand: importing numpy.random takes 12 ms
        _engine.twister = np.random.RandomState(0)
        return _engine.twister


def _draws(state: Array, count: int) -> Iterator[Array]:
    """The next `count` outputs, as uint32 arrays of at most CHUNK."""
    position = int(state[POSITION])
    if position + count <= 624:  # setting NumPy's engine takes 70 us, this 5
        if count > 0:
            state[POSITION] += count
            yield _temper(state[position : position + count])
        return
    twister = _twister()
    twister.set_state(("MT19937", state[KEY], position, 0, 0.0))
    for start in range(0, count, CHUNK):
        yield twister.randint(0, 1 << 32, min(CHUNK, count - start), np.uint32)
    after = twister.get_state(legacy=False)["state"]
    state[KEY], state[POSITION] = after["key"], after["pos"]


def _temper(key: Array) -> Array:
    y = key ^ (key >> 11)
    y ^= (y << 7) & 0x9D2C5680
    y ^= (y << 15) & 0xEFC60000
    y ^= y >> 18
    return y


def _join(draws: Array) -> Array:
    """Pairs of 32-bit draws as uint64."""
    return draws[0::2].astype(np.uint64) << 32 | draws[1::2]


def _work_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


def _uniforms(state: Array, count: int, work: np.dtype[Any]) -> Iterator[tuple[slice, Array]]:
    """Uniform in [0, 1), in chunks: where the chunk belongs, and its values.

    A float32 keeps the low 24 bits of a draw, a float64 the low 53 of two.
    """
    start = 0
    for draws in _draws(state, count * (2 if work == np.float64 else 1)):
        if work == np.float64:
            values = (draws[0::2] & 0x1FFFFF) * 2.0**-21
            values += draws[1::2] * 2.0**-53
        else:
            values = (draws & 0xFFFFFF).astype(np.float32)
            values *= np.float32(2.0**-24)
        yield slice(start, start + values.size), values
        start += values.size


def _integers(state: Array, shape: tuple[int, ...], low: int, span: int, wide: bool,
              dtype: Any) -> Array:  # fmt: skip
    out = np.empty(math.prod(shape), dtype)
    start = 0
    for draws in _draws(state, out.size * (2 if wide else 1)):
        values = _join(draws) if wide else draws
        if span < 1 << 64:  # else the range is all of int64, and the draw's bits are the result
            values = (values % values.dtype.type(span)).astype(np.int64) + low
        out[start : start + values.size] = values.astype(np.int64, copy=False)
        start += values.size
    return out.reshape(shape)


def _store(out: Array, values: Array) -> None:
    # PyTorch rounds a float64 to a half by way of float32.
    out[...] = values.astype(np.float32) if out.itemsize == 2 else values


def _rounded(values: Any, dtype: Any) -> Any:
    """float64 in another dtype, where that is a half by way of float32, as in PyTorch."""
    return (values.astype("float32") if dtype.itemsize == 2 else values).astype(dtype, copy=False)


def _log1p(x: Array) -> Array:
    """By the C library, as in PyTorch: NumPy's own may differ in the last bit."""
    return np.array([math.log1p(v) for v in x.tolist()])


# ---- normal variates


def _normal_pairs(state: Array, count: int) -> Array:
    """Standard normals in float64; of an odd number of new ones the last waits in the state."""
    waiting = state[NORMAL].view(np.float64)[:1] if state[HAS_NORMAL] and count else np.empty(0)
    pairs = (count - waiting.size + 1) // 2
    uniforms = [values for _, values in _uniforms(state, 2 * pairs, np.dtype(np.float64))]
    u1, u2 = np.concatenate([np.empty(0), *uniforms]).reshape(pairs, 2).T
    radius = np.sqrt(-2.0 * _log1p(-u2))
    angles = (2.0 * np.pi * u1).tolist()
    cosines, sines = [math.cos(a) for a in angles], [math.sin(a) for a in angles]
    fresh = np.stack([radius * cosines, radius * sines], axis=1).ravel()
    values = np.concatenate([waiting, fresh])
    if count:
        state[HAS_NORMAL] = values.size > count
        state[NORMAL].view(np.float64)[0] = values[-1] if values.size > count else 0.0
    return values[:count]


def _normal_blocks(uniforms: Array, mean: float, std: float) -> Array:
    """Box-Muller on blocks of 16: 8 for the radius, 8 for the angle; 8 cosines, then 8 sines."""
    u1, u2 = uniforms.reshape(-1, 2, 8).transpose(1, 0, 2)
    one = uniforms.dtype.type(1)
    if uniforms.dtype == np.float32:
        radius = np.sqrt(np.float32(-2) * _log(one - u1))
        sine, cosine = _sine_cosine(np.float32(2 * np.pi) * u2)
    else:
        radius = np.sqrt(-2.0 * np.log(one - u1))
        sine, cosine = np.sin(2 * np.pi * u2), np.cos(2 * np.pi * u2)
    normals = np.stack([radius * cosine, radius * sine], axis=1).ravel()
    if mean == 0 and std == 1:
        return normals
    return _multiply_add(normals, uniforms.dtype.type(std), uniforms.dtype.type(mean))


# PyTorch's x86 builds take the logarithm, sine and cosine of float32 normals by the polynomials of
# the Cephes library (Moshier 1992; logf.c, sinf.c) with fused multiply-adds. The last bit of a
# result depends on that, so the same steps stand here.
_LOG = [np.float32(c) for c in (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
    -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)]  # fmt: skip
_LOG2_LOW, _LOG2_HIGH = np.float32(-2.12194440e-4), np.float32(0.693359375)
_SINE = [np.float32(c) for c in (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)]
_COSINE = [np.float32(c) for c in (2.443315711809948e-5, -1.388731625493765e-3,
                                   4.166664568298827e-2)]  # fmt: skip
_QUARTER_PI = [np.float32(c) for c in (0.78515625, 2.4187564849853515625e-4,
                                       3.77489497744594108e-8)]  # fmt: skip
_HALF, _ONE = np.float32(0.5), np.float32(1)


def _log(x: Array) -> Array:
    """The natural logarithm of m * 2**e, m in [sqrt(1/2), sqrt(2)), by a polynomial in m - 1."""
    mantissa, exponent = np.frexp(x)
    low = mantissa < np.float32(math.sqrt(0.5))
    exponent = (exponent - low).astype(np.float32)
    x = mantissa - _ONE + mantissa * low
    square = x * x
    y = _polynomial(x, _LOG) * x
    y = _multiply_add(y, square, exponent * _LOG2_LOW)
    y = _multiply_add(square, -_HALF, y)
    return _multiply_add(exponent, _LOG2_HIGH, x + y)


def _sine_cosine(x: Array) -> tuple[Array, Array]:
    """Sine and cosine of x >= 0, less the nearest multiple of pi/2, by one polynomial each."""
    eighth = (x * np.float32(4 / np.pi)).astype(np.int32) + 1 & ~1
    for part in _QUARTER_PI:  # pi/4 in three parts: the difference keeps its last bits
        x = _multiply_add(eighth.astype(np.float32), -part, x)
    square = x * x
    y = _polynomial(square, _COSINE) * square
    cosine = _multiply_add(y, square, square * -_HALF) + _ONE
    sine = _multiply_add(_polynomial(square, _SINE) * square, x, x)
    # Choices as products with 0, 1 and -1: a fifth of the time of np.where on random conditions.
    swap = (eighth & 2).astype(np.float32) * _HALF
    keep = _ONE - swap
    sine_sign = _ONE - (eighth & 4).astype(np.float32) * _HALF
    cosine_sign = (eighth - 2 & 4).astype(np.float32) * _HALF - _ONE
    return (
        (sine * keep + cosine * swap) * sine_sign,
        (cosine * keep + sine * swap) * cosine_sign,
    )


def _polynomial(x: Array, coefficients: list[np.float32]) -> Array:
    y: Any = coefficients[0]
    for coefficient in coefficients[1:]:
        y = _multiply_add(y, x, coefficient)
    return y


def _multiply_add(a: Any, b: Any, c: Any) -> Array:
    """a * b + c with one rounding, as a processor's fused multiply-add gives it."""
    if a.dtype == np.float32:  # the product is exact in float64
        return (np.multiply(a, b, dtype=np.float64) + c).astype(np.float32)
    # Dekker (1971): the product's rounding error from halves of 26 bits; Knuth: the sum's.
    product = a * b
    a_high, b_high = (v * 134217729.0 - (v * 134217729.0 - v) for v in (a, b))
    a_low, b_low = a - a_high, b - b_high
    error = a_high * b_high - product + a_high * b_low + a_low * b_high + a_low * b_low
    total = product + c
    rest = total - product
    return total + ((product - (total - rest)) + (c - rest) + error)
