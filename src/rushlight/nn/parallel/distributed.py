"""One module in several processes, which is not there."""

from __future__ import annotations

from typing import Any, NoReturn

from ...errors import NotSupportedError
from ..module import Module


class DistributedDataParallel(Module):
    """PyTorch's module in several processes, so that programs can name it: making one raises.

    >>> from rushlight import nn
    >>> isinstance(nn.Linear(2, 1), nn.parallel.DistributedDataParallel)
    False
    """

    def __init__(self, module: Module, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotSupportedError(
            "DistributedDataParallel: there is no torch.distributed yet, and so no process group; "
            f"in one process call the {type(module).__name__} itself"
        )
