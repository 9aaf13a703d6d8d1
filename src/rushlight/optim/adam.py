"""Adam (Kingma and Ba, arXiv 1412.6980) and AdamW (Loshchilov and Hutter, arXiv 1711.05101)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import OperationError
from ..tensor import Tensor
from .rule import RuleOptimizer, State

__all__ = ["Adam", "AdamW"]


class Adam(RuleOptimizer):
    """Steps scaled by running means of the gradient and of its square.

    g = gradient + weight_decay * w, m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
    w = w - lr * m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) at step t. `amsgrad` uses the largest
    v so far; `decoupled_weight_decay` is AdamW's; `maximize` goes up instead of down.

    >>> import rushlight as torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.9000])
    """

    rule = "adam"
    states = (State("exp_avg"), State("exp_avg_sq"), State("max_exp_avg_sq", under="amsgrad"))
    takes = (
        "lr", ("betas", 0), ("betas", 1), "eps", "weight_decay", "decoupled_weight_decay",
        "maximize",
    )  # fmt: skip

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        self._begin_with(locals())

    def _begin_with(self, arguments: Mapping[str, Any]) -> None:
        one_by_one = arguments["foreach"] is not True or arguments["capturable"]
        betas = arguments["betas"]
        if isinstance(arguments["lr"], Tensor) and not one_by_one:
            raise ValueError(
                "lr as a Tensor is not supported for capturable=False and foreach=True"
            )
        if not any(all(isinstance(b, kind) for b in betas) for kind in (float, Tensor)):
            raise ValueError("betas must be either both floats or both Tensors")
        for index, beta in enumerate(betas):
            if isinstance(beta, Tensor):
                if not one_by_one:
                    raise ValueError(
                        f"betas[{index}] as a Tensor is not supported for capturable=False and "
                        "foreach=True"
                    )
                if beta.numel() != 1:
                    raise ValueError(f"Tensor betas[{index}] must be 1-element")
        super().__init__(arguments)

    def _update_sparse(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        raise OperationError(
            "Adam does not support sparse gradients, please consider SparseAdam instead"
        )


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters, w = w - lr * weight_decay * w, by itself.

    >>> import rushlight as torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.AdamW([w], lr=0.1, weight_decay=0.5)
    >>> w.sum().backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.8500])
    """

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        self._begin_with({**locals(), "decoupled_weight_decay": True})
