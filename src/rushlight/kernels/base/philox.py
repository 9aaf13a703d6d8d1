"""Random numbers made on the device: Philox 4x32-10 (Salmon et al., SC 2011).

The generator has no state but a position: block i of the stream of a seed is a function of (seed,
i), so every element is computed by itself, where it is needed. The explicit state is a uint64 array
on the host, [seed, next block, device index], of which a kernel reads the numbers and moves the
second; nothing is transferred. A block gives four words of 32 bits.

The streams are those of the paper; PyTorch's CUDA streams use the same generator in another order.
"""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np

from ...dtype import BOOL, FLOATING, category_of

SEED, BLOCK, DEVICE = 0, 1, 2

MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
KEY_STEPS = 0x9E3779B9, 0xBB67AE85
ROUNDS = 10
WORD = 0xFFFFFFFF


def philox(counter: tuple[Any, Any, Any, Any], key: tuple[int, int]) -> tuple[Any, Any, Any, Any]:
    """Four words for each counter of four words, in uint64 arrays; `key` is two words."""
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(ROUNDS):
        first, second = a * MULTIPLIERS[0], c * MULTIPLIERS[1]
        a, b, c, d = (
            (second >> 32) ^ b ^ k0, second & WORD, (first >> 32) ^ d ^ k1, first & WORD,
        )  # fmt: skip
        k0, k1 = (k0 + KEY_STEPS[0]) & WORD, (k1 + KEY_STEPS[1]) & WORD
    return a, b, c, d


class Philox:
    """The kernels of `base/random.py`, from Philox and in the array library's own arithmetic."""

    xp: Any

    def random_uniform(
        self, state: Any, shape: tuple[int, ...], low: float, high: float, dtype: Any
    ) -> Any:
        out = self._uniform(state, shape, np.dtype(dtype))
        if low == 0 and high == 1:
            return out
        out = (out * (high - low) + low).astype(dtype, copy=False)
        # Rounding may reach the upper end, which does not belong to the range.
        return self.xp.where(out >= high, low, out).astype(dtype, copy=False)

    def random_normal(
        self, state: Any, shape: tuple[int, ...], mean: float, std: float, dtype: Any,
        paired: bool = False,
    ) -> Any:  # fmt: skip
        """Box and Muller 1958: each two uniforms become two normals, `paired` or not."""
        xp = self.xp
        count = math.prod(shape)
        work = "float64" if np.dtype(dtype) == np.float64 else "float32"
        uniforms = self._uniform(state, (2, -(-count // 2)), np.dtype(work))
        radius = xp.sqrt(-2 * xp.log(1 - uniforms[0]))
        angle = 2 * math.pi * uniforms[1]
        normals = xp.concatenate([radius * xp.cos(angle), radius * xp.sin(angle)])[:count]
        return (normals * std + mean).reshape(shape).astype(dtype, copy=False)

    def random_exponential(
        self, state: Any, shape: tuple[int, ...], rate: float, dtype: Any
    ) -> Any:
        uniforms = self._uniform(state, shape, np.dtype(np.float64))
        return (self.xp.log1p(-uniforms) / -rate).astype(dtype)

    def random_cauchy(
        self, state: Any, shape: tuple[int, ...], median: float, sigma: float, dtype: Any
    ) -> Any:
        uniforms = self._uniform(state, shape, np.dtype(np.float64))
        return (median + sigma * self.xp.tan(math.pi * (uniforms - 0.5))).astype(dtype)

    def random_geometric(self, state: Any, shape: tuple[int, ...], p: float, dtype: Any) -> Any:
        uniforms = self._uniform(state, shape, np.dtype(np.float64))
        trials = self.xp.ceil(self.xp.log1p(-uniforms) / math.log1p(-p))
        return self.xp.maximum(trials, 1.0).astype(dtype)

    def random_log_normal(
        self, state: Any, shape: tuple[int, ...], mean: float, std: float, dtype: Any
    ) -> Any:
        normals = self.random_normal(state, shape, mean, std, np.dtype(np.float64))
        return self.xp.exp(normals).astype(dtype)

    def random_bernoulli(self, state: Any, shape: tuple[int, ...], p: Any) -> Any:
        if isinstance(p, (int, float)):
            return self._words(state, math.prod(shape)).reshape(shape) < math.ceil(p * 2**32)
        work = "float64" if p.dtype == np.float64 else "float32"
        return self._uniform(state, shape, np.dtype(work)) < p.astype(work, copy=False)

    def random_integers(
        self, state: Any, shape: tuple[int, ...], low: int, high: int, dtype: Any
    ) -> Any:
        span = high - low
        count = math.prod(shape)
        draws = self._words(state, count) if span <= 2**28 else self._long_words(state, count)
        if span < 2**64:
            draws = draws % span
        return (draws.astype("int64") + low).reshape(shape).astype(dtype, copy=False)

    def random_full_range(self, state: Any, shape: tuple[int, ...], dtype: Any) -> Any:
        dtype = np.dtype(dtype)
        if category_of(dtype) == FLOATING:
            most = 2 ** (ml_dtypes.finfo(dtype).nmant + 1) + 1
        else:
            most = 2 if category_of(dtype) == BOOL else int(np.iinfo(dtype).max) + 1
        return self.random_integers(state, shape, 0, most, dtype)

    def random_permutation(self, state: Any, n: int) -> Any:
        return self.xp.argsort(self._long_words(state, n), kind="stable")

    def random_multinomial(
        self, state: Any, probabilities: Any, num_samples: int, replacement: bool
    ) -> Any:
        xp = self.xp
        if num_samples == 1 or not replacement:
            variates = self.random_exponential(state, probabilities.shape, 1.0, "float64")
            order = xp.argsort(-(probabilities / variates), axis=-1, kind="stable")
            return xp.ascontiguousarray(order[..., :num_samples])
        rows = probabilities.reshape(-1, probabilities.shape[-1]).astype("float64")
        cumulative = xp.cumsum(rows, axis=1)
        draws = self._uniform(state, (len(rows), num_samples), np.dtype(np.float64))
        draws = draws * cumulative[:, -1:]
        places = [
            xp.searchsorted(cumulative[i], draws[i], side="right") for i in range(len(rows))
        ]
        found = xp.minimum(xp.stack(places), rows.shape[1] - 1).astype("int64", copy=False)
        return found.reshape(*probabilities.shape[:-1], num_samples)

    # ---- the stream

    def _words(self, state: Any, count: int) -> Any:
        """The next `count` words, in a uint64 array."""
        xp = self.xp
        seed, block = int(state[SEED]), int(state[BLOCK])
        blocks = -(-count // 4)
        state[BLOCK] += blocks
        places = xp.arange(blocks, dtype="uint64") + block
        zero = xp.zeros((), "uint64")
        words = philox((places & WORD, places >> 32, zero, zero), (seed & WORD, seed >> 32))
        return xp.stack(words, axis=-1).reshape(-1)[:count]

    def _long_words(self, state: Any, count: int) -> Any:
        """The next `count` words of 64 bits."""
        words = self._words(state, 2 * count)
        return (words[0::2] << 32) | words[1::2]

    def _uniform(self, state: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        """Uniform in [0, 1), of as many bits as the dtype holds exactly."""
        count = math.prod(shape)
        bits = ml_dtypes.finfo(dtype).nmant + 1
        if bits > 32:
            draws = self._long_words(state, count) >> (64 - bits)
        else:
            draws = self._words(state, count) >> (32 - bits)
        return (draws.astype(dtype) * 2.0**-bits).astype(dtype, copy=False).reshape(shape)
