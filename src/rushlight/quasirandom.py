"""Points that fill a cube more evenly than random ones: `torch.quasirandom`."""

from __future__ import annotations

from operator import index
from typing import Any, Self

import numpy as np

from .dtype import dtype as DType
from .dtype import get_default_dtype
from .ops.interchange import as_tensor
from .ops.random import randint
from .random import Generator
from .tensor import Tensor

__all__ = ["SobolEngine"]


class SobolEngine:
    """Points of a Sobol sequence in the unit cube of `dimension` axes.

    With `scramble` the sequence's numbers are multiplied by random matrices of bits and shifted,
    by PyTorch's own random numbers for a `seed` (Matousek 1998, "On the L2-discrepancy for anchored
    boxes"). The numbers are those of Joe and Kuo 2008, "Constructing Sobol sequences with better
    two-dimensional projections", which SciPy holds: ModuleNotFoundError where it is not installed.
    ValueError unless 1 <= dimension <= 21201.

    >>> import rushlight as torch
    >>> torch.quasirandom.SobolEngine(2).draw(3)
    tensor([[0.0000, 0.0000],
            [0.5000, 0.5000],
            [0.7500, 0.2500]])
    """

    MAXBIT = 30
    MAXDIM = 21201

    def __init__(self, dimension: int, scramble: bool = False, seed: int | None = None) -> None:
        if not 1 <= index(dimension) <= self.MAXDIM:
            raise ValueError(
                f"Supported range of dimensionality for SobolEngine is [1, {self.MAXDIM}]"
            )
        self.dimension, self.scramble, self.seed = dimension, scramble, seed
        self.num_generated = 0
        self._directions = _directions(dimension, self.MAXBIT)
        self._shift = np.zeros(dimension, np.int64)
        if scramble:
            self._scramble()
        self._last = self._shift.copy()

    def _scramble(self) -> None:
        generator = None if self.seed is None else Generator().manual_seed(self.seed)
        bits = self.MAXBIT
        shift = randint(2, (self.dimension, bits), generator=generator).numpy()
        self._shift = shift @ (1 << np.arange(bits))
        matrices = np.tril(randint(2, (self.dimension, bits, bits), generator=generator).numpy())
        matrices[:, np.arange(bits), np.arange(bits)] = 1
        from_highest = np.arange(bits)[::-1]
        numbers = self._directions[:, :, None] >> from_highest & 1  # their bits, the highest first
        mixed = numbers @ matrices.transpose(0, 2, 1) % 2
        self._directions = mixed @ (1 << from_highest)

    def draw(self, n: int = 1, out: Tensor | None = None, dtype: DType | None = None) -> Tensor:
        """The next points of the sequence, n x dimension, from 0 up to 1.

        RuntimeError where n is negative, and for no points before the first one;
        NotImplementedError for a dtype of whole numbers.
        """
        n, dtype = index(n), dtype or get_default_dtype()
        if n < 0 or n == self.num_generated == 0:  # as PyTorch, which has the first point apart
            raise RuntimeError(
                f"SobolEngine.draw: n is to be positive, or 0 behind the first point, got {n}"
            )
        if not dtype.is_floating_point:
            raise NotImplementedError(
                f"SobolEngine.draw: points are of floating-point numbers, not of {dtype}"
            )
        points = np.empty((n, self.dimension), np.int64)
        for row in points:
            self._step()
            row[:] = self._last
        result = as_tensor(points / 2.0**self.MAXBIT, dtype=dtype)
        if out is None:
            return result
        return out.resize_(result.shape).copy_(result)

    def _step(self) -> None:
        if self.num_generated > 0:
            # In Gray's code, numbers that follow each other differ in one bit.
            changed = ~(self.num_generated - 1) & self.num_generated
            self._last = self._last ^ self._directions[:, changed.bit_length() - 1]
        self.num_generated += 1

    def draw_base2(self, m: int, out: Tensor | None = None, dtype: DType | None = None) -> Tensor:
        """The next 2 ** m points. ValueError where that leaves a number that is no power of two."""
        n = 2**m
        total = self.num_generated + n
        if total & (total - 1):
            raise ValueError(
                "The balance properties of Sobol' points require n to be a power of 2. "
                f"{self.num_generated} points have been previously generated, then: "
                f"n={self.num_generated}+2**{m}={total}."
            )
        return self.draw(n, out=out, dtype=dtype)

    def reset(self) -> Self:
        """Back to the first point."""
        self.num_generated, self._last = 0, self._shift.copy()
        return self

    def fast_forward(self, n: int) -> Self:
        """Leaves n points out."""
        for _ in range(n):
            self._step()
        return self

    def __repr__(self) -> str:
        parts = [f"dimension={self.dimension}"]
        parts += ["scramble=True"] if self.scramble else []
        parts += [] if self.seed is None else [f"seed={self.seed}"]
        return f"{type(self).__name__}({', '.join(parts)})"


def _directions(dimension: int, bits: int) -> Any:
    """The numbers of each axis by which a point differs from the next, dimension x bits."""
    try:
        from scipy.stats import qmc  # type: ignore[import-untyped]
    except ImportError as error:
        raise ModuleNotFoundError(
            "SobolEngine: the numbers of Sobol sequences are SciPy's, which is not installed: "
            "pip install scipy"
        ) from error
    return np.array(qmc.Sobol(dimension, scramble=False, bits=bits)._sv, np.int64)
