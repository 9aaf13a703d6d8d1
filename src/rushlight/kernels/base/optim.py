"""Optimizers' rules: what one step makes of a parameter, its gradient and what is remembered of it.

A rule is a pure function of arithmetic that arrays and tensors have in common. It takes a library
`xp` (NumPy, CuPy, or Rushlight itself), the parameter, the gradient, the state, numbers such as the
count of steps, and the options; it returns all of them but the gradient and the options anew. The
kernel of its name runs it over lists of arrays in place; `optim/rule.py` runs it on tensors where
the step itself is to be differentiated. csrc/loops/optim.cpp has the same formulas for one pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...dtype import bfloat16, float32
from ..declaration import Declaration, kernel
from .library import Library


@dataclass(frozen=True)
class Rule:
    """A rule and how many states of a parameter's shape, and how many numbers, it goes by."""

    function: Callable[..., tuple[Any, ...]]
    states: int
    numbers: int


RULES: dict[str, Rule] = {}


def rule(states: int, numbers: int = 1) -> Callable[[Any], Any]:
    """Makes a kernel `name(params, grads, *states, *numbers, *options)` of a rule.

    All but the options are lists, one entry per parameter; numbers are arrays of no dimensions on
    the host. The list of a state that an option does without is None, as is the rule's argument.
    """

    def declare(function: Any) -> Any:
        name = function.__name__
        made = RULES[name] = Rule(function, states, numbers)

        def update(
            self: Any, params: list[Any], grads: list[Any], *states_numbers_and_options: Any
        ) -> None:
            _update(self.xp, made, params, grads, states_numbers_and_options)

        update.__name__, update.__doc__ = name, function.__doc__
        code = function.__code__
        remembered = code.co_varnames[3 : 3 + states + numbers]
        update.declaration = Declaration(  # type: ignore[attr-defined]
            "update", ("params", *remembered), (0, *range(2, 2 + len(remembered)))
        )
        setattr(Optim, name, update)
        return function

    return declare


def _update(xp: Any, made: Rule, params: list[Any], grads: list[Any], rest: Any) -> None:
    lists = rest[: made.states + made.numbers]
    states, numbers, options = lists[: made.states], lists[made.states :], rest[len(lists) :]
    check_shapes(params, grads, *states)
    for i, param in enumerate(params):
        before = [None if kept is None else kept[i] for kept in states]
        counted = [float(kept[i]) for kept in numbers]
        changed = made.function(xp, param, grads[i], *before, *counted, *options)
        targets = [param, *before, *[kept[i] for kept in numbers]]
        for target, value in zip(targets, changed, strict=True):
            if target is not None:
                target[...] = value


def check_shapes(params: list[Any], *lists: list[Any] | None) -> None:
    """Refuses what does not fit before anything is changed."""
    for kept in lists:
        if kept is not None and any(a.shape != p.shape for a, p in zip(kept, params, strict=True)):
            raise ValueError("could not broadcast: a parameter, its gradient and state differ")


class Optim(Library):
    """The kernels of the rules below, and of what is no rule of single elements."""

    wide_matmul: Any
    cast: Any

    @kernel("update", ("params", "row_vars", "col_vars", "variances", "steps"))
    def adafactor(
        self,
        params: list[Any],
        grads: list[Any],
        row_vars: list[Any] | None,
        col_vars: list[Any] | None,
        variances: list[Any] | None,
        steps: list[Any],
        lr: float,
        beta2_decay: float,
        eps1: float,
        eps2: float,
        d: float,
        weight_decay: float,
        maximize: bool,
    ) -> None:
        """Steps scaled by means of squared gradients, of a matrix those of its rows and columns
        alone (Adafactor, arXiv 1804.04235)."""
        xp = self.xp
        check_shapes(params, grads, variances)
        for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
            steps[i] += 1
            if not param.size:
                continue
            step = float(steps[i])
            weight, rate = step**beta2_decay, min(lr, step**-0.5)
            rate *= max(eps2, root_mean_square(xp, param))
            if weight_decay != 0:
                param *= 1 - lr * weight_decay
            squares = grad * grad
            if row_vars is not None and col_vars is not None:
                rows, columns = row_vars[i], col_vars[i]
                height, width = param.shape[-2:]
                rows[...] = lerp(rows, squares.sum(-1, keepdims=True) / width, weight)
                columns[...] = lerp(columns, squares.sum(-2, keepdims=True) / height, weight)
                mean = xp.maximum(rows.sum(-2, keepdims=True) / height, eps1)
                variance = (rows / mean) * columns
            else:
                assert variances is not None
                variance = variances[i]
                variance[...] = lerp(variance, squares, weight)
            scale = self.array(xp.maximum(variance, eps1 * eps1))
            xp.sqrt(scale, out=scale)
            update = xp.divide(grad, scale, out=scale)
            rate /= max(1.0, root_mean_square(xp, update) / d)
            update *= -rate if maximize else rate
            param -= update

    @kernel("update", ("params", "means", "squares"))
    def sparse_adam(
        self,
        params: list[Any],
        grads: list[Any],
        means: list[Any],
        squares: list[Any],
        places: list[Any],
        lr: float,
        first: float,
        second: float,
        eps: float,
    ) -> None:
        """Adam's step of the elements at some places, each of which is named once; `grads` are of
        these, and `lr` has the correction of both means in it."""
        for param, g, means_of_all, squares_of_all, place in zip(
            params, grads, means, squares, places, strict=True
        ):
            mean, square = means_of_all[place], squares_of_all[place]
            mean += (g - mean) * (1 - first)
            square += (g * g - square) * (1 - second)
            means_of_all[place], squares_of_all[place] = mean, square
            param[place] -= lr * (mean / (self.xp.sqrt(square) + eps))

    @kernel("update", ("params", "buffers"))
    def muon(
        self,
        params: list[Any],
        grads: list[Any],
        buffers: list[Any],
        lr: float,
        weight_decay: float,
        momentum: float,
        nesterov: bool,
        a: float,
        b: float,
        c: float,
        eps: float,
        steps: int,
        match_rms_adamw: bool,
    ) -> None:
        """Steps along momenta that are made orthogonal, those of matrices of one shape at once."""
        check_shapes(params, grads, buffers)
        alike: dict[Any, list[int]] = {}
        for i, param in enumerate(params):
            if param.size:
                alike.setdefault(param.shape, []).append(i)
        stacks = [
            (shape, places[begin : begin + count])
            for shape, places in alike.items()
            for count in [max(1, MUON_STACK // (shape[0] * shape[1]))]
            for begin in range(0, len(places), count)
        ]
        for (rows, columns), places in stacks:
            updates = []
            for i in places:
                buffers[i][...] = lerp(buffers[i], grads[i], 1 - momentum)
                ahead = lerp(grads[i], buffers[i], momentum) if nesterov else buffers[i]
                updates.append(ahead.T if rows > columns else ahead)  # products of the shorter side
            directions = self._orthogonal(self.xp.stack(updates), (a, b, c), eps, steps)
            scale = max(1, rows / columns) ** 0.5
            if match_rms_adamw:
                scale = 0.2 * max(rows, columns) ** 0.5
            for i, direction in zip(places, directions, strict=True):
                params[i] *= 1 - lr * weight_decay
                params[i] -= lr * scale * (direction.T if rows > columns else direction)

    def _orthogonal(
        self, x: Any, coefficients: tuple[float, float, float], eps: float, steps: int
    ) -> Any:
        """Matrices of nearly the same singular vectors, whose singular values are nearly 1.

        By the iteration of Newton and Schulz in bfloat16, rounded where PyTorch's operations round.
        """
        xp = self.xp
        a, b, c = coefficients
        x = self._wide(self._half(x))
        norm = self._wide(self._half(xp.sqrt((x * x).sum((-2, -1), keepdims=True))))
        x = self._half(x / xp.maximum(norm, eps))
        for _ in range(steps):
            square = self._half(self.wide_matmul(x, xp.swapaxes(x, -2, -1)))
            factor = self.wide_matmul(square, square)
            factor *= c
            factor += b * self._wide(square)
            moved = self.wide_matmul(self._half(factor), x)
            moved += a * self._wide(x)
            x = self._half(moved)
        return self._wide(x)

    def _half(self, x: Any) -> Any:
        return self.cast(x, bfloat16.numpy)

    def _wide(self, x: Any) -> Any:
        return self.cast(x, float32.numpy)


# Elements of matrices of one shape that are multiplied at once, and stay in a processor's cache.
MUON_STACK = 2**16


def root_mean_square(xp: Any, x: Any) -> float:
    return float(xp.vdot(x, x) / x.size) ** 0.5


def lerp(start: Any, end: Any, weight: Any) -> Any:
    """Between two values, exact at both ends, in the order of PyTorch's operations."""
    way = end - start
    return start + weight * way if abs(weight) < 0.5 else end - (1 - weight) * way


def descent(param: Any, grad: Any, weight_decay: Any, maximize: Any) -> Any:
    """The gradient of what is to be made small."""
    if maximize:
        grad = -grad
    return grad + weight_decay * param if weight_decay != 0 else grad


def decayed(param: Any, grad: Any, lr: Any, weight_decay: Any, decoupled: Any, up: Any) -> Any:
    """The parameter and the gradient after a weight decay that goes to the one or to the other."""
    if not decoupled:
        return param, descent(param, grad, weight_decay, up)
    return param * (1 - lr * weight_decay), descent(param, grad, 0, up)


@rule(states=1, numbers=0)
def sgd(
    xp: Any, param: Any, grad: Any, buffer: Any,
    initialized: Any, lr: Any, momentum: Any, dampening: Any, weight_decay: Any, nesterov: Any,
    maximize: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """param -= lr * (momentum * buffer + gradient), as torch.optim.SGD orders it.

    `buffer` is None without momentum; it is filled with the gradient unless `initialized`.
    """
    grad = descent(param, grad, weight_decay, maximize)
    if buffer is not None:
        buffer = momentum * buffer + (1 - dampening) * grad if initialized else grad
        grad = grad + momentum * buffer if nesterov else buffer
    return param - lr * grad, buffer


@rule(states=3)
def adam(
    xp: Any, param: Any, grad: Any, exp_avg: Any, exp_avg_sq: Any, max_exp_avg_sq: Any, step: Any,
    lr: Any, beta1: Any, beta2: Any, eps: Any, weight_decay: Any, decoupled: Any, maximize: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """param -= lr * m / (sqrt(v) + eps) with m and v free of bias (arXiv 1412.6980).

    m and v are running means of the gradient and of its square; with `max_exp_avg_sq` the largest v
    so far takes v's place (AMSGrad). `decoupled` weight decay (AdamW, arXiv 1711.05101) shrinks the
    parameter instead of adding to the gradient.
    """
    step = step + 1
    param, grad = decayed(param, grad, lr, weight_decay, decoupled, maximize)
    exp_avg = lerp(exp_avg, grad, 1 - beta1)
    exp_avg_sq = exp_avg_sq * beta2 + (1 - beta2) * (grad * grad)
    square = exp_avg_sq
    if max_exp_avg_sq is not None:
        square = max_exp_avg_sq = xp.maximum(max_exp_avg_sq, exp_avg_sq)
    scale = xp.sqrt(square) / (1 - beta2**step) ** 0.5 + eps
    param = param - lr / (1 - beta1**step) * (exp_avg / scale)
    return param, exp_avg, exp_avg_sq, max_exp_avg_sq, step


@rule(states=2)
def adamax(
    xp: Any, param: Any, grad: Any, exp_avg: Any, exp_inf: Any, step: Any,
    lr: Any, beta1: Any, beta2: Any, eps: Any, weight_decay: Any, maximize: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """param -= lr * m / u with m free of bias, and u = max(beta2 * u, |gradient| + eps)."""
    step = step + 1
    grad = descent(param, grad, weight_decay, maximize)
    exp_avg = lerp(exp_avg, grad, 1 - beta1)
    exp_inf = xp.maximum(exp_inf * beta2, abs(grad) + eps)
    return param - lr / (1 - beta1**step) * (exp_avg / exp_inf), exp_avg, exp_inf, step


@rule(states=2, numbers=2)
def nadam(
    xp: Any, param: Any, grad: Any, exp_avg: Any, exp_avg_sq: Any, step: Any, mu_product: Any,
    lr: Any, beta1: Any, beta2: Any, eps: Any, weight_decay: Any, momentum_decay: Any,
    decoupled: Any, maximize: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """Adam with Nesterov's momentum, whose part mu grows with the steps (Dozat 2016)."""
    step = step + 1
    param, grad = decayed(param, grad, lr, weight_decay, decoupled, maximize)
    mu = beta1 * (1 - 0.5 * 0.96 ** (step * momentum_decay))
    mu_next = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * momentum_decay))
    mu_product = mu_product * mu
    exp_avg = lerp(exp_avg, grad, 1 - beta1)
    exp_avg_sq = exp_avg_sq * beta2 + (1 - beta2) * (grad * grad)
    scale = xp.sqrt(exp_avg_sq / (1 - beta2**step)) + eps
    param = param - lr * (1 - mu) / (1 - mu_product) * (grad / scale)
    param = param - lr * mu_next / (1 - mu_product * mu_next) * (exp_avg / scale)
    return param, exp_avg, exp_avg_sq, step, mu_product


@rule(states=2)
def radam(
    xp: Any, param: Any, grad: Any, exp_avg: Any, exp_avg_sq: Any, step: Any,
    lr: Any, beta1: Any, beta2: Any, eps: Any, weight_decay: Any, decoupled: Any, maximize: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """Adam that goes by the mean alone until enough steps tell its variance (arXiv 1908.03265)."""
    step = step + 1
    param, grad = decayed(param, grad, lr, weight_decay, decoupled, maximize)
    exp_avg = lerp(exp_avg, grad, 1 - beta1)
    exp_avg_sq = exp_avg_sq * beta2 + (1 - beta2) * (grad * grad)
    correction2 = 1 - beta2**step
    change = exp_avg / (1 - beta1**step) * lr
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * step * beta2**step / correction2
    if length > 5.0:
        part = (length - 4) * (length - 2) * longest
        whole = (longest - 4) * (longest - 2) * length
        change = change * (correction2**0.5 / (xp.sqrt(exp_avg_sq) + eps)) * (part / whole) ** 0.5
    return param - change, exp_avg, exp_avg_sq, step


@rule(states=2)
def adadelta(
    xp: Any, param: Any, grad: Any, square_avg: Any, acc_delta: Any, step: Any,
    lr: Any, rho: Any, eps: Any, weight_decay: Any, maximize: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """param -= lr * d with d = sqrt(mean of d^2) / sqrt(mean of g^2) * g (arXiv 1212.5701)."""
    grad = descent(param, grad, weight_decay, maximize)
    square_avg = square_avg * rho + (1 - rho) * (grad * grad)
    delta = xp.sqrt(acc_delta + eps) / xp.sqrt(square_avg + eps) * grad
    acc_delta = acc_delta * rho + (1 - rho) * (delta * delta)
    return param - lr * delta, square_avg, acc_delta, step + 1


@rule(states=1)
def adagrad(
    xp: Any, param: Any, grad: Any, sum: Any, step: Any,
    lr: Any, lr_decay: Any, weight_decay: Any, eps: Any, maximize: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """param -= lr * g / (sqrt(sum of g^2) + eps) (Duchi et al. 2011)."""
    grad = descent(param, grad, weight_decay, maximize)
    sum = sum + grad * grad
    rate = lr / (1 + step * lr_decay)
    return param - rate * (grad / (xp.sqrt(sum) + eps)), sum, step + 1


@rule(states=3)
def rmsprop(
    xp: Any, param: Any, grad: Any, square_avg: Any, momentum_buffer: Any, grad_avg: Any, step: Any,
    lr: Any, alpha: Any, eps: Any, weight_decay: Any, momentum: Any, maximize: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """param -= lr * g / (sqrt(v) + eps), v the running mean of g^2, or with `grad_avg` (centered)
    the variance; with `momentum_buffer` these steps are what a velocity adds up."""
    grad = descent(param, grad, weight_decay, maximize)
    square_avg = variance = square_avg * alpha + (1 - alpha) * (grad * grad)
    if grad_avg is not None:
        grad_avg = lerp(grad_avg, grad, 1 - alpha)
        variance = square_avg - grad_avg * grad_avg
    change = grad / (xp.sqrt(variance) + eps)
    if momentum_buffer is not None:
        change = momentum_buffer = momentum_buffer * momentum + change
    return param - lr * change, square_avg, momentum_buffer, grad_avg, step + 1


@rule(states=2)
def rprop(
    xp: Any, param: Any, grad: Any, prev: Any, step_size: Any, step: Any,
    eta_minus: Any, eta_plus: Any, smallest: Any, largest: Any, maximize: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """param -= sign(g) * step_size, which grows while g keeps its sign, and shrinks where it does
    not: there the step is left out (Riedmiller and Braun 1993)."""
    grad = descent(param, grad, 0, maximize)
    turn = grad * prev
    step_size = xp.where(
        turn > 0, step_size * eta_plus, xp.where(turn < 0, step_size * eta_minus, step_size)
    )
    step_size = xp.clip(step_size, smallest, largest)
    grad = xp.where(turn < 0, 0, grad)
    # A nan has no sign, and its element stays where it is.
    moved = xp.where(grad > 0, param - step_size, xp.where(grad < 0, param + step_size, param))
    return moved, grad, step_size, step + 1


@rule(states=1, numbers=3)
def asgd(
    xp: Any, param: Any, grad: Any, ax: Any, step: Any, eta: Any, mu: Any,
    lr: Any, lambd: Any, alpha: Any, t0: Any, weight_decay: Any, maximize: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """param = (1 - lambd * eta) * param - eta * g with a falling eta; `ax` is the mean of the
    parameters from step t0 on (Polyak and Juditsky 1992)."""
    step = step + 1
    grad = descent(param, grad, weight_decay, maximize)
    param = param * (1 - lambd * eta) - eta * grad
    ax = param if mu == 1 else ax + (param - ax) * mu
    eta = lr / (1 + lambd * lr * step) ** alpha
    return param, ax, step, eta, 1 / max(1, step - t0)
