"""Names that programs take from PyTorch's extension."""

from __future__ import annotations

from typing import Any

from .ops.declare import places
from .tensor import Tensor
from .torch_function import (
    DisableTorchFunction,
    DisableTorchFunctionSubclass,
)
from .torch_function import (
    disabled_torch_function as _disabled_torch_function_impl,
)

TensorBase = _TensorBase = Tensor

__all__ = [
    "DisableTorchFunction", "DisableTorchFunctionSubclass", "TensorBase", "_TensorBase",
    "_disabled_torch_function_impl",
]  # fmt: skip


class _Functions:
    """The functions of a place, under the names by which the code of graphs calls them."""

    def __init__(self, place: str, prefix: str = "", **others: str) -> None:
        self._place, self._prefix, self._others = place, prefix, others

    def __getattr__(self, name: str) -> Any:
        known = self._others.get(name, name.removeprefix(self._prefix))
        if name.startswith(self._prefix) and known in places[self._place]:
            return places[self._place][known]
        raise AttributeError(f"torch._C has no function {name} of {self._place}")


_nn = _Functions("nn.functional", log_sigmoid="logsigmoid")
_special = _Functions("special", "special_")
_linalg = _Functions("linalg", "linalg_")
_fft = _Functions("fft", "fft_")
