"""Adam for sparse gradients: rows that a gradient does not name stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ..autograd.mirror import all_written
from ..errors import OperationError
from ..grad_mode import no_grad
from ..layout import strided
from ..ops.creation import zeros_like
from ..tensor import Tensor
from ..torch_function import DisableTorchFunctionSubclass
from .optimizer import Optimizer, named_elements
from .options import Check, at_least, checked
from .rule import as_number

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    """Adam whose running means and steps are those of the elements that a gradient holds.

    m, v and w of these elements become, at step t, m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
    w = w - lr * sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + eps). For the gradients of
    `nn.Embedding(sparse=True)`; dense ones are a RuntimeError.

    >>> import rushlight as torch
    >>> table = torch.nn.Parameter(torch.zeros(3, 1))
    >>> optimizer = torch.optim.SparseAdam([table], lr=0.1)
    >>> torch.nn.functional.embedding(torch.tensor([1]), table, sparse=True).sum().backward()
    >>> optimizer.step()
    >>> table.data
    tensor([[ 0.0000],
            [-0.1000],
            [ 0.0000]])
    """

    checks: ClassVar[Mapping[str, Check]] = {
        "lr": at_least(0, "Invalid learning rate: {}", is_open=True),
        "eps": at_least(0, "Invalid epsilon value: {}", is_open=True),
    }

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, checked(locals(), self.checks))
        self._refuse("Sparse", "requires dense parameter tensors", _is_sparse)
        self._refuse("Complex", "does not support complex parameters", Tensor.is_complex)

    def _refuse(self, kind: str, reason: str, is_one: Callable[[Tensor], bool]) -> None:
        found = [
            [i, j]
            for i, group in enumerate(self.param_groups)
            for j, parameter in enumerate(group["params"])
            if is_one(parameter)
        ]
        if found:
            raise ValueError(f"{kind} params at indices {found}: SparseAdam {reason}")

    @no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = self._evaluate(closure)
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(group, parameter, parameter.grad)
        return loss

    def _update(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        with DisableTorchFunctionSubclass():  # to ask for its layout would take 4 us
            is_sparse = type(gradient.array) is not type(parameter.array)
        if not is_sparse:
            raise OperationError(
                "SparseAdam does not support dense gradients, please consider Adam instead"
            )
        state = self.state[parameter]
        if not state:
            state["step"] = 0
            state["exp_avg"] = zeros_like(parameter)
            state["exp_avg_sq"] = zeros_like(parameter)
        state["step"] += 1
        places, g = named_elements(gradient, group["maximize"])
        if not g.numel():
            return
        first, second = group["betas"]
        correction = (1 - second ** state["step"]) ** 0.5 / (1 - first ** state["step"])
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        arguments = (
            [g.array], [mean.array], [square.array], [tuple([i.array for i in places])],
            as_number(group["lr"]) * correction, first, second, group["eps"],
        )  # fmt: skip
        self._call_kernel("sparse_adam", [parameter], [parameter.array], arguments)
        all_written([mean, square])


def _is_sparse(tensor: Tensor) -> bool:
    return tensor.layout is not strided
