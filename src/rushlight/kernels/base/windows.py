"""Windows for the analysis of signals that take more than elementwise operations."""

from __future__ import annotations

from typing import Any

from ..declaration import kernel


class Windows:
    xp: Any

    @kernel("elementwise")
    def kaiser(self, n: Any, last: int, beta: float) -> Any:
        """Kaiser's window at the places n from 0 to `last`."""
        x = 2 * n / last - 1
        # A scalar of NumPy's and an array of CuPy's do not meet: the divisor is an array, too.
        return self.xp.i0(beta * self.xp.sqrt(1 - x * x)) / self.xp.i0(self.xp.full(1, beta))
