"""What arguments may be."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import IO

import numpy as np

from .device import device

Number = bool | int | float | complex | np.generic
AnyDevice = device | str | int | None
Dims = int | Sequence[int] | None
Device = AnyDevice
FileLike = str | os.PathLike[str] | IO[bytes]
