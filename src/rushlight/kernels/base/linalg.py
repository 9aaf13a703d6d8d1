"""Decompositions of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..declaration import kernel


class Linalg:
    to_numpy: Any
    from_numpy: Any

    @kernel("fused")
    def qr(self, x: Any) -> tuple[Any, Any]:
        """Q with orthonormal columns and the upper triangular R of x = QR, as LAPACK gives them.

        On the host, wherever x lies: a matrix is decomposed when weights are made, once, and so the
        same matrix gives the same weights on every device.
        """
        q, r = np.linalg.qr(self.to_numpy(x))
        return self.from_numpy(q), self.from_numpy(r)
