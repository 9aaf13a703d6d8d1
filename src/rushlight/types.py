"""What arguments may be."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import IO

import numpy as np

from .device import device
from .dtype import dtype
from .layout import layout
from .size import Size
from .storage import UntypedStorage as Storage
from .tensor import Tensor

__all__ = ["AnyDevice", "Device", "Dims", "FileLike", "Number", "Size", "Storage"]

Number = bool | int | float | complex | np.generic
AnyDevice = device | str | int | None
Dims = int | Sequence[int] | None

# PyTorch's names, which programs annotate with.
_bool, _bytes, _complex, _float, _int, _str = bool, bytes, complex, float, int, str
_device, _dtype, _layout = device, dtype, layout
Device = device | str | int | None
FileLike = str | os.PathLike[str] | IO[bytes]
_size = Size | list[int] | tuple[int, ...]
_TensorOrTensors = Tensor | Sequence[Tensor]
_TensorOrOptionalTensors = Tensor | Sequence[Tensor | None]
