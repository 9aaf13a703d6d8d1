"""The kernel of dropout. Its random mask is drawn before, by `random_bernoulli`."""

from __future__ import annotations

from typing import Any

from ...categories import FLOATS
from ..declaration import kernel
from .library import Library


class Dropout(Library):
    @kernel("fused", takes=FLOATS)
    def dropout(self, x: Any, mask: Any, scale: float) -> Any:
        kept = self.xp.multiply(x, mask, out=self.xp.empty_like(x))
        return self.array(self.xp.multiply(kept, scale, out=kept))
