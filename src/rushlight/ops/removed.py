"""What PyTorch has taken away and still tells where to go from, and what it warns of."""

from __future__ import annotations

import warnings
from typing import Any, NoReturn

from ..errors import OperationError
from ..tensor import Tensor
from .common import methods, sizes_from
from .declare import operation, places

# By name: what has taken a function's place, and in what it differs.
_SUCCESSORS = {
    "eig": "torch.linalg.eig, which returns complex tensors (torch.linalg.eigvals: values alone)",
    "lstsq": "torch.linalg.lstsq, whose arguments are the other way round",
    "solve": "torch.linalg.solve, whose arguments are the other way round",
    "symeig": "torch.linalg.eigh(A, UPLO='U'), or torch.linalg.eigvalsh for values alone",
}


def _removed(name: str, successor: str) -> Any:
    def function(input: Any = None, *args: Any, **kwargs: Any) -> NoReturn:
        raise OperationError(
            f"{name}: This function was deprecated since version 1.9 of PyTorch and is now "
            f"removed. Use {successor}."
        )

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Raises RuntimeError: its place has been taken by {successor}."
    return function


for _name, _successor in _SUCCESSORS.items():
    places["torch"][_name] = _removed(_name, _successor)
    methods(**{_name: places["torch"][_name]})


def _reinforce(self: Any, reward: Any) -> NoReturn:
    """Raises RuntimeError: `distributions` have taken its place."""
    raise OperationError(
        "reinforce() was removed. Use torch.distributions instead: "
        "m = Categorical(probs), action = m.sample(), loss = -m.log_prob(action) * reward"
    )


methods(reinforce=_reinforce)


@operation("Tensor")
def resize(input: Tensor, *sizes: Any) -> Tensor:
    """`reshape` to as many elements as there are; deprecated: it warns.

    >>> import rushlight as torch
    >>> torch.tensor([1, 2, 3, 4]).resize(2, 2)
    tensor([[1, 2],
            [3, 4]])
    """
    warnings.warn("non-inplace resize is deprecated", stacklevel=3)
    shape = sizes_from(sizes)
    count = 1
    for size in shape:
        count *= size
    if count != input.array.size:
        raise OperationError(
            f"requested resize to {'x'.join(map(str, shape))} ({count} elements in total), but the "
            f"given tensor has a size of {'x'.join(map(str, input.array.shape))} "
            f"({input.array.size} elements); use resize_() to change how many there are"
        )
    return input.reshape(shape)


@operation("Tensor")
def resize_as(input: Tensor, tensor: Tensor) -> Tensor:
    """`reshape` to the shape of another tensor with as many elements; deprecated: it warns.

    >>> import rushlight as torch
    >>> torch.tensor([1, 2, 3, 4]).resize_as(torch.zeros(2, 2))
    tensor([[1, 2],
            [3, 4]])
    """
    warnings.warn("non-inplace resize_as is deprecated", stacklevel=3)
    return input.reshape(tensor.array.shape)


def _no_name(self: Any) -> str | None:
    """None: tensors have no names.

    >>> import rushlight as torch
    >>> print(torch.tensor([1.0]).name)
    None
    """
    return None


methods(name=property(_no_name))
