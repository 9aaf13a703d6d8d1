"""Optimizer steps: in place, on lists of arrays, one call for many parameters."""

from __future__ import annotations

from typing import Any

from ..declaration import kernel


class Optim:
    xp: Any

    @kernel("update", ("params", "buffers"))
    def sgd(
        self,
        params: list[Any],
        grads: list[Any],
        buffers: list[Any] | None,
        initialized: bool,
        lr: float,
        momentum: float,
        dampening: float,
        weight_decay: float,
        nesterov: bool,
        maximize: bool,
    ) -> None:
        """param -= lr * (momentum * buffer + gradient), as torch.optim.SGD orders it.

        `buffers` is None without momentum; they are filled with the gradient unless `initialized`.
        """
        for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
            if maximize:
                grad = -grad
            if weight_decay != 0:
                grad = grad + weight_decay * param
            if buffers is not None:
                buffer = buffers[i]
                if initialized:
                    buffer *= momentum
                    buffer += (1 - dampening) * grad
                else:
                    buffer[...] = grad
                grad = grad + momentum * buffer if nesterov else buffer
            param -= lr * grad

    @kernel("update", ("params", "exp_avgs", "exp_avg_sqs", "max_exp_avg_sqs", "steps"))
    def adam(
        self,
        params: list[Any],
        grads: list[Any],
        exp_avgs: list[Any],
        exp_avg_sqs: list[Any],
        max_exp_avg_sqs: list[Any] | None,
        steps: list[Any],
        lr: float,
        beta1: float,
        beta2: float,
        eps: float,
        weight_decay: float,
        decoupled: bool,
        maximize: bool,
    ) -> None:
        """param -= lr * m / (sqrt(v) + eps) with m and v free of bias (arXiv 1412.6980).

        m and v are running means of the gradient and of its square; with `max_exp_avg_sqs` the
        largest v so far takes v's place (AMSGrad). `decoupled` weight decay (AdamW, arXiv
        1711.05101) shrinks the parameter instead of adding to the gradient.
        """
        xp = self.xp
        for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
            exp_avg, exp_avg_sq, step = exp_avgs[i], exp_avg_sqs[i], steps[i]
            step += 1
            count = float(step)
            if maximize:
                grad = -grad
            if weight_decay != 0 and decoupled:
                param *= 1 - lr * weight_decay
            elif weight_decay != 0:
                grad = grad + weight_decay * param
            exp_avg += (1 - beta1) * (grad - exp_avg)
            exp_avg_sq *= beta2
            exp_avg_sq += (1 - beta2) * (grad * grad)
            if max_exp_avg_sqs is not None:
                xp.maximum(max_exp_avg_sqs[i], exp_avg_sq, out=max_exp_avg_sqs[i])
                exp_avg_sq = max_exp_avg_sqs[i]
            correction1, correction2 = 1 - beta1**count, 1 - beta2**count
            scale = xp.sqrt(exp_avg_sq) / correction2**0.5 + eps
            param -= lr / correction1 * (exp_avg / scale)
