"""What arguments may be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .device import device

Number = bool | int | float | complex | np.generic
AnyDevice = device | str | int | None
Dims = int | Sequence[int] | None
