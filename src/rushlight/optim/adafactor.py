"""Adafactor (Shazeer and Stern, arXiv 1804.04235)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..errors import OperationError
from ..tensor import Tensor
from ..type_info import finfo
from .options import Check, at_least
from .rule import RuleOptimizer, number_tensor, option

__all__ = ["Adafactor"]


def _check_eps(eps: Any) -> None:
    for number, value in enumerate(eps, 1):
        if value is not None and not 0.0 <= value:
            raise ValueError(f"epsilon{number} should be >= 0 but is: {value}")


def _check_decay(decay: Any) -> None:
    if not decay <= 0.0:
        raise ValueError(f"beta2_decay should be <= 0 but is: {decay}")


class Adafactor(RuleOptimizer):
    """Steps scaled as Adam's, which remember of a matrix its rows and columns alone.

    At step t, with c = t^beta2_decay: r and k are running means of the rows' and of the columns'
    mean squared gradient, r = (1 - c) r + c mean(g^2), and v = r k / mean(r), or of a vector
    v = (1 - c) v + c g^2; u = g / max(sqrt(v), eps[0]), at most `d` in the mean;
    w = w - u * max(eps[1], root mean square of w) * min(lr, 1 / sqrt(t)). `weight_decay` shrinks
    the parameters by themselves; `maximize` goes up instead of down.

    >>> import rushlight as torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.Adafactor([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.9000])
    """

    rule = "adafactor"
    takes = ("lr", "beta2_decay", ("eps", 0), ("eps", 1), "d", "weight_decay", "maximize")
    checks: ClassVar[Mapping[str, Check]] = {
        "lr": at_least(0, "Learning rate should be >= 0 but is: {}"),
        "beta2_decay": _check_decay,
        "eps": _check_eps,
        "d": at_least(1, "Clipping threshold d should be >= 1 but is: {}"),
        "weight_decay": at_least(0, "weight_decay should be >= 0 but is: {}"),
    }

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        super().__init__(locals())

    def _begin(self, parameter: Tensor, group: dict[str, Any]) -> dict[str, Tensor]:
        if parameter.is_complex():
            raise OperationError("Adafactor does not support complex parameters")
        state = {"step": number_tensor(0)}
        if parameter.dim() > 1:
            *outer, rows, columns = parameter.shape
            state["row_var"] = parameter.new_zeros((*outer, rows, 1))
            state["col_var"] = parameter.new_zeros((*outer, 1, columns))
        else:
            state["variance"] = parameter.new_zeros(parameter.shape)
        self.state[parameter] = state
        return state

    def _update(self, group: dict[str, Any]) -> None:
        def state_of(parameter: Tensor) -> dict[str, Tensor]:
            return self.state[parameter] or self._begin(parameter, group)

        for parameters, gradients, states in self._batches(group, state_of):
            kept = [
                [state[name] for state in states] if name in states[0] else None
                for name in ("row_var", "col_var", "variance", "step")
            ]
            eps1 = group["eps"][0]
            options: list[Any] = [
                finfo(parameters[0].dtype).eps if o == ("eps", 0) and eps1 is None
                else option(group, *((o,) if isinstance(o, str) else o))
                for o in self.takes
            ]  # fmt: skip
            self._run_kernel("adafactor", parameters, gradients, kept, *options)
