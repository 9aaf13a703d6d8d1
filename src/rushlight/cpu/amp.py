"""`torch.amp` for the CPU under its old names."""

from __future__ import annotations

from .. import amp
from ..dtype import bfloat16
from ..dtype import dtype as DType

__all__ = ["GradScaler", "autocast"]


class autocast(amp.autocast):
    """The old spelling of `torch.amp.autocast("cpu", ...)`."""

    def __init__(
        self, enabled: bool = True, dtype: DType = bfloat16, cache_enabled: bool = True
    ) -> None:
        super().__init__("cpu", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """The old spelling of `torch.amp.GradScaler("cpu", ...)`."""

    def __init__(
        self, init_scale: float = 2.0**16, growth_factor: float = 2.0, backoff_factor: float = 0.5,
        growth_interval: int = 2000, enabled: bool = True,
    ) -> None:  # fmt: skip
        super().__init__("cpu", init_scale, growth_factor, backoff_factor, growth_interval, enabled)
