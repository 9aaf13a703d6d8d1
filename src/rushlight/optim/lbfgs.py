"""L-BFGS (Liu and Nocedal 1989), with or without a line search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.inplace import check_memory
from ..grad_mode import enable_grad, no_grad
from ..kernels.launch import kernels
from ..layout import strided
from ..ops.joining import cat
from ..ops.linalg_norms import vector_norm
from ..tensor import Tensor, wrap
from .line_search import Point, strong_wolfe
from .optimizer import Optimizer
from .options import checked
from .rule import as_number, as_real

__all__ = ["LBFGS"]

Matrix = np.ndarray[Any, Any]


def inner_products(vectors: list[Tensor], others: list[Tensor]) -> Matrix:
    """The inner products of each of the vectors with each of the others, in double."""
    table = kernels[type(vectors[0].array)]
    arrays = ([vector.array for vector in vectors], [other.array for other in others])
    return table.to_numpy(table.inner_products(*arrays))


def weighted_sum(vectors: list[Tensor], weights: list[float]) -> Tensor:
    """The vectors, each times its weight, added up in their dtype."""
    table = kernels[type(vectors[0].array)]
    return wrap(table.weighted_sum([vector.array for vector in vectors], weights))


@dataclass(frozen=True, eq=False)
class History:
    """Inner products of the vectors that L-BFGS keeps, changes of the gradient and moves.

    The two loops that give its direction (Nocedal 1980) add vectors and multiply them with one
    another. With all their inner products known, they can go over what each vector counts in the
    result instead (Chen, Wang and Zhou 2014): a step then reads the history twice, once for its
    inner products with what is new and once for the sum, where the loops read and write the
    direction with every vector.
    """

    changes: list[Tensor]
    moves: list[Tensor]
    between_changes: Matrix
    with_moves: Matrix  # row i: of move i with every change

    def moved_on(
        self, changes: list[Tensor], moves: list[Tensor], gradient: Tensor
    ) -> tuple[History, Matrix]:
        """The same of these vectors, and all their inner products with the gradient.

        What is known of vectors is kept where the oldest alone have gone and new ones have come.
        """
        count = len(changes)
        gone = self._gone(changes, moves)
        known = len(self.changes) - gone
        new = [gradient, *changes[known:], *moves[known:]]
        products = inner_products([*changes, *moves], new)
        of_changes, of_moves = products[:, 1 : 1 + count - known], products[:, 1 + count - known :]
        between, with_moves = np.empty((count, count)), np.empty((count, count))
        between[:known, :known] = self.between_changes[gone:, gone:]
        between[:, known:] = of_changes[:count]
        between[known:] = between[:, known:].T
        with_moves[:known, :known] = self.with_moves[gone:, gone:]
        with_moves[:, known:] = of_changes[count:]
        with_moves[known:] = of_moves[:count].T
        return History(list(changes), list(moves), between, with_moves), products[:, 0]

    def _gone(self, changes: list[Tensor], moves: list[Tensor]) -> int:
        """How many of the oldest are not among these, which else begin as the history goes on; all
        of it where they do not, as after `load_state_dict`."""
        all_of_it = len(self.changes)
        gone = next((i for i, c in enumerate(self.changes) if c is changes[0]), all_of_it)
        kept = list(zip(self.changes[gone:], self.moves[gone:], strict=True))
        new = list(zip(changes, moves, strict=True))[: len(kept)]
        is_same = len(new) == len(kept) and all(
            a is c and b is d for (a, b), (c, d) in zip(kept, new, strict=True)
        )
        return gone if is_same else all_of_it

    def two_loops(self, products: Matrix, factors: Matrix, scale: float) -> tuple[Matrix, Matrix]:
        """The direction's coefficients: of each change (to be multiplied by -scale, which is the
        gradient's own) and of each move.

        `products` are those with the gradient, `factors` one by those of changes and their moves,
        and `scale` is the first Hessian's inverse.
        """
        count = len(factors)
        of_changes, of_moves = products[:count], products[count:]
        parts, steps = np.zeros(count), np.zeros(count)
        for i in reversed(range(count)):
            later = self.with_moves[i, i + 1 :] @ parts[i + 1 :]
            parts[i] = -factors[i] * (of_moves[i] + later)
        after = -scale * (of_changes + self.between_changes @ parts)
        for i in range(count):
            steps[i] = parts[i] - factors[i] * (after[i] + self.with_moves[:i, i] @ steps[:i])
        return parts, steps


class LBFGS(Optimizer):
    """Newton's method with a Hessian that the last gradients tell.

    A `step` takes up to `max_iter` iterations and `max_eval` evaluations (by default 1.25 times as
    many) of its `closure`, and ends sooner where no gradient is above `tolerance_grad`, or where
    neither parameters nor loss change by more than `tolerance_change`. `history_size` differences
    of parameters and gradients are kept, each of the size of all parameters. An iteration goes
    `lr` times the direction, or where `line_search_fn` is "strong_wolfe" as far as a line search
    finds best. There is one parameter group.

    >>> import rushlight as torch
    >>> w = torch.nn.Parameter(torch.tensor([3.0, -2.0]))
    >>> optimizer = torch.optim.LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (w**2 * torch.tensor([1.0, 10.0])).sum()
    ...     loss.backward()
    ...     return loss
    >>> _ = optimizer.step(closure)
    >>> w.data.abs().max() < 1e-3
    tensor(True)
    """

    _history = History([], [], np.zeros((0, 0)), np.zeros((0, 0)))

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        if max_eval is None:
            max_eval = max_iter * 5 // 4
        super().__init__(params, checked(locals(), {}))

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        if self.param_groups:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        super().add_param_group(param_group)

    @property
    def _params(self) -> list[Tensor]:
        parameters: list[Tensor] = self.param_groups[0]["params"]
        return parameters

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        closure = enable_grad()(closure)
        group = self.param_groups[0]
        state = self.state[self._params[0]]  # that of all of them
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first_loss = closure()
        loss, evaluations = float(first_loss), 1
        state["func_evals"] += 1
        gradient = self._gradient()
        iteration = 0
        while iteration < group["max_iter"]:
            if vector_norm(gradient, float("inf")) <= group["tolerance_grad"]:
                break
            iteration += 1
            self._remember(group, state, gradient, loss)
            slope = gradient.dot(state["d"])
            if slope > -group["tolerance_change"]:
                break
            before = loss
            is_last = iteration == group["max_iter"]
            most = group["max_eval"] - evaluations
            loss, gradient, count = self._move(
                closure, group, state, Point(0, loss, gradient, slope), most, is_last
            )
            evaluations += count
            state["func_evals"] += count
            if evaluations >= group["max_eval"]:
                break
            farthest = vector_norm(state["d"], float("inf")) * abs(state["t"])
            moved = farthest <= group["tolerance_change"]
            if moved or abs(loss - before) < group["tolerance_change"]:
                break
        return first_loss

    def _remember(
        self, group: dict[str, Any], state: dict[str, Any], gradient: Tensor, loss: float
    ) -> None:
        """The direction `d` and the first step `t` from what is known of the Hessian."""
        state["n_iter"] += 1
        lr = as_number(group["lr"])
        if state["n_iter"] == 1:
            state.update(d=-gradient, old_dirs=[], old_stps=[], ro=[], H_diag=1)
            state["t"] = (1.0 / gradient.abs().sum()).clamp(max=1.0) * lr
        else:
            change, moved = gradient - state["prev_flat_grad"], state["d"] * state["t"]
            curvature = change.dot(moved)
            if curvature > 1e-10:
                if len(state["old_dirs"]) == group["history_size"]:
                    for kept in (state["old_dirs"], state["old_stps"], state["ro"]):
                        kept.pop(0)
                state["old_dirs"].append(change)
                state["old_stps"].append(moved)
                state["ro"].append(1.0 / curvature)
                state["H_diag"] = curvature / change.dot(change)
            state["d"] = self._direction(group, state, gradient)
            state["t"] = lr
        state["prev_flat_grad"] = gradient
        state["prev_loss"] = loss

    def _direction(self, group: dict[str, Any], state: dict[str, Any], gradient: Tensor) -> Tensor:
        """Minus the inverse Hessian times the gradient."""
        changes, moves = state["old_dirs"], state["old_stps"]
        if not changes:
            return gradient * -as_number(state["H_diag"])
        self._history, products = self._history.moved_on(changes, moves, gradient)
        factors, scale = np.array([float(f) for f in state["ro"]]), float(state["H_diag"])
        parts, steps = self._history.two_loops(products, factors, scale)
        # Nobody reads these; they are what PyTorch's `state_dict` has.
        state.setdefault("al", [None] * group["history_size"])[: len(parts)] = [
            gradient.new_tensor(part) for part in parts.tolist()
        ]
        weights = [-scale, *(-scale * parts).tolist(), *steps.tolist()]
        return weighted_sum([gradient, *changes, *moves], weights)

    def _move(
        self, closure: Callable[[], Any], group: dict[str, Any], state: dict[str, Any],
        start: Point, most: int, is_last: bool,
    ) -> tuple[float, Tensor, int]:  # fmt: skip
        """Goes along the direction. The loss there, the gradient, and the evaluations that took."""
        direction = state["d"]
        if group["line_search_fn"] is None:
            self._add(state["t"], direction)
            if is_last:  # nobody asks for what it leads to
                return start.value, start.gradient, 0
            loss = float(closure())
            return loss, self._gradient(), 1
        if group["line_search_fn"] != "strong_wolfe":
            raise RuntimeError("only 'strong_wolfe' is supported")
        places = [parameter.clone() for parameter in self._params]

        def evaluate(step: Any) -> Point:
            self._add(step, direction)
            loss = float(closure())
            gradient = self._gradient()
            for parameter, place in zip(self._params, places, strict=True):
                parameter.copy_(place)
            return Point(step, loss, gradient, gradient.dot(direction))

        farthest = vector_norm(direction, float("inf"))
        found, count = strong_wolfe(evaluate, start, state["t"], farthest, most)
        state["t"] = found.step
        self._add(found.step, direction)
        return found.value, found.gradient, count

    def _gradient(self) -> Tensor:
        """All gradients in a row; zeros where there is none."""
        parts = []
        for parameter in self._params:
            gradient = parameter.grad
            if gradient is None:
                gradient = parameter.new_zeros(parameter.shape)
            elif gradient.layout is not strided:
                gradient = gradient.to_dense()
            parts.append(as_real(gradient).reshape(-1))
        return cat(parts, 0)

    def _add(self, step: Any, direction: Tensor) -> None:
        """Moves all parameters by so many times the direction: those of a dtype in one call, as a
        step of plain gradient descent against it."""
        values = [as_real(parameter) for parameter in self._params]
        parts = direction.split([value.numel() for value in values])
        batches: dict[Any, list[tuple[Tensor, Any, Any]]] = {}
        for parameter, value, part in zip(self._params, values, parts, strict=True):
            check_memory(value)
            moved = part.view(value.shape).to(value.dtype)
            batches.setdefault(value.dtype, []).append((parameter, value.array, moved.array))
        momentum = dampening = weight_decay = 0.0
        nesterov = maximize = False
        options = (-as_number(step), momentum, dampening, weight_decay, nesterov, maximize)
        for batch in batches.values():
            parameters, arrays, moves = map(list, zip(*batch, strict=True))
            self._call_kernel("sgd", parameters, arrays, (moves, None, True, *options))
