"""Adam (Kingma and Ba, arXiv 1412.6980) and AdamW (Loshchilov and Hutter, arXiv 1711.05101)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..dtype import float32
from ..errors import NotSupportedError, OperationError
from ..ops.creation import zeros_like
from ..ops.from_data import tensor
from ..tensor import Tensor
from .optimizer import Optimizer, batches, check_implementation, option

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
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

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
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
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not 0.0 <= lr:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        for index, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {index}: {beta}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        check_implementation(type(self).__name__, foreach, fused, differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("amsgrad", False)
            group.setdefault("maximize", False)
            group.setdefault("decoupled_weight_decay", isinstance(self, AdamW))
            for parameter in group["params"]:
                known = self.state.get(parameter)
                if known and not isinstance(known["step"], Tensor):  # PyTorch before 1.12
                    known["step"] = _count(known["step"])

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = self._evaluate(closure)
        for group in self.param_groups:
            self._update(group)
        return loss

    def _update(self, group: dict[str, Any]) -> None:
        def state_of(parameter: Tensor) -> dict[str, Tensor]:
            return self.state[parameter] or self._new_state(parameter, group)

        for parameters, gradients, states in batches(group, state_of, _refuse_sparse):
            largest = [s["max_exp_avg_sq"].array for s in states] if group["amsgrad"] else None
            self._run_kernel(
                "adam",
                parameters,
                gradients,
                [state["exp_avg"].array for state in states],
                [state["exp_avg_sq"].array for state in states],
                largest,
                [state["step"].array for state in states],
                option(group, "lr"),
                option(group, "betas", 0),
                option(group, "betas", 1),
                option(group, "eps"),
                option(group, "weight_decay"),
                group["decoupled_weight_decay"],
                group["maximize"],
            )

    def _new_state(self, parameter: Tensor, group: dict[str, Any]) -> dict[str, Tensor]:
        if parameter.is_complex():
            raise NotSupportedError(
                f"{type(self).__name__}: parameters of dtype {parameter.dtype} are not supported; "
                "keep real and imaginary parts as real parameters"
            )
        state = {
            "step": _count(0),
            "exp_avg": zeros_like(parameter),
            "exp_avg_sq": zeros_like(parameter),
        }
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = zeros_like(parameter)
        self.state[parameter] = state  # once it is whole: a step may be interrupted
        return state


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
        betas: tuple[float, float] = (0.9, 0.999),
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
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )


def _refuse_sparse(parameter: Tensor, gradient: Tensor) -> None:
    raise OperationError(
        "Adam does not support sparse gradients, please consider SparseAdam instead"
    )


def _count(steps: float) -> Tensor:
    """The number of steps so far as PyTorch saves it: a float32 tensor on the CPU."""
    return tensor(float(steps), dtype=float32)
