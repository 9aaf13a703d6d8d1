"""What stands around training; the data loader is imported when it is asked for."""

from typing import TYPE_CHECKING

from . import hooks
from .swapping import swap_tensors

if TYPE_CHECKING:
    from . import data

__all__ = ["data", "hooks", "swap_tensors"]
