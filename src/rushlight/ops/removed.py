"""Functions that PyTorch has taken away, and still tells where to go from."""

from __future__ import annotations

from typing import Any, NoReturn

from ..errors import OperationError
from .common import methods
from .declare import places

# By name: what has taken a function's place, and in what it differs.
_SUCCESSORS = {
    "eig": "torch.linalg.eig, which returns complex tensors (torch.linalg.eigvals: values alone)",
    "lstsq": "torch.linalg.lstsq, whose arguments are the other way round",
    "solve": "torch.linalg.solve, whose arguments are the other way round",
    "symeig": "torch.linalg.eigh(A, UPLO='U'), or torch.linalg.eigvalsh for values alone",
}


def _removed(name: str, successor: str) -> Any:
    def function(*args: Any, **kwargs: Any) -> NoReturn:
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
