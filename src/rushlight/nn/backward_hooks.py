"""The hooks that a module calls around its backward."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from ..autograd.function import Function
from ..grad_mode import is_grad_enabled
from ..tensor import Tensor

Hook = Callable[..., Any]


class BackwardHookFunction(Function):
    """The identity around a module, whose nodes see the gradients of its inputs and outputs."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> Any:
        ctx.set_materialize_grads(False)
        return tensors

    def backward(self, *gradients: Tensor) -> Any:
        return gradients


class BackwardHooks:
    """One call of a module with backward hooks: its inputs and outputs pass an identity.

    The node after the outputs runs before the module's backward, the node before the inputs after.
    """

    def __init__(self, module: Any, hooks: list[Hook], pre_hooks: list[Hook]) -> None:
        self.module = module
        self.hooks = hooks
        self.pre_hooks = pre_hooks
        self.grad_output: tuple[Any, ...] | None = None  # None until a gradient has come
        self.arguments = 0
        self.entered = False  # whether an argument needs a gradient

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        args, node, positions = _identity(args)
        self.arguments = len(args)
        if node is not None:
            self.entered = True

            def after(gradients: Any, _: Any) -> Any:
                # Without, the gradient has come by another way than the module's outputs.
                if self.grad_output is None:
                    return None
                grad_input = self._run_hooks(_spread(gradients, positions, self.arguments))
                self.grad_output = None
                return tuple(grad_input[i] for i in positions)

            node.register_hook(after)
        return args

    def leave(self, result: Any) -> Any:
        if not isinstance(result, (Tensor, tuple)):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of "
                f"Tensors but received {type(result)}",
                stacklevel=4,
            )
            return result
        outputs, node, positions = _identity(result if isinstance(result, tuple) else (result,))
        if node is not None:

            def before(gradients: Any, _: Any) -> Any:
                grad_output = self._run_pre_hooks(_spread(gradients, positions, len(outputs)))
                self.grad_output = grad_output
                if not self.entered:
                    self._run_hooks_without_inputs()
                return tuple(grad_output[i] for i in positions)

            node.register_hook(before)
        return outputs if isinstance(result, tuple) else outputs[0]

    def _run_pre_hooks(self, grad_output: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self.pre_hooks:
            changed = _as_tuple(hook(self.module, grad_output))
            if changed is None:
                continue
            if len(changed) != len(grad_output):
                raise RuntimeError(
                    "Backward pre hook returned an invalid number of grad_output, "
                    f"got {len(changed)}, but expected {len(grad_output)}"
                )
            grad_output = changed
        return grad_output

    def _run_hooks(self, grad_input: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self.hooks:
            changed = _as_tuple(hook(self.module, grad_input, self.grad_output))
            if changed is None:
                continue
            if len(changed) != len(grad_input):
                raise RuntimeError(
                    "Backward hook returned an invalid number of grad_input, "
                    f"got {len(changed)}, but expected {len(grad_input)}"
                )
            grad_input = changed
        return grad_input

    def _run_hooks_without_inputs(self) -> None:
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module "
            "outputs since no inputs require gradients.",
            stacklevel=6,
        )
        for hook in self.hooks:
            changed = hook(self.module, (None,) * self.arguments, self.grad_output)
            if changed is not None and not (
                isinstance(changed, tuple) and all(gradient is None for gradient in changed)
            ):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always "
                    "return None or None for all gradients."
                )
        self.grad_output = None


def _identity(values: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any, list[int]]:
    """The values with the tensors among them behind an identity, its node, their positions."""
    positions = [i for i, value in enumerate(values) if isinstance(value, Tensor)]
    if not is_grad_enabled() or not any(values[i].requires_grad for i in positions):
        return values, None, positions
    outputs = BackwardHookFunction.apply(*[values[i] for i in positions])
    node = outputs[0]._grad_fn
    result = list(values)
    for i, output in zip(positions, outputs, strict=True):
        result[i] = output
    # A named tuple stays one.
    made = tuple(result) if type(values) is tuple else type(values)(*result)
    return made, node, positions


def _spread(gradients: Any, positions: Any, count: int) -> tuple[Any, ...]:
    result = [None] * count
    for i, gradient in zip(positions, gradients, strict=True):
        result[i] = gradient
    return tuple(result)


def _as_tuple(changed: Any) -> Any:
    return changed if changed is None or isinstance(changed, (tuple, list)) else (changed,)


def add_old_hooks(module: Any, hooks: list[Hook], args: tuple[Any, ...], result: Any) -> None:
    """Hangs hooks of old (`register_backward_hook`) onto the node of a module's result.

    They see that node's own gradients, which are the module's where it is a single operation.
    """
    first = result
    while not isinstance(first, Tensor):
        if isinstance(first, dict):
            first = next(value for value in first.values() if isinstance(value, Tensor))
        else:
            first = first[0]
    node: Any = first.grad_fn
    if node is None:
        return
    for hook in hooks:
        node.register_hook(partial(hook, module))
    told = _what_is_missed(args, result, node)
    if told is not None:
        what, which, instead = told
        warnings.warn(
            f"Using {what} is deprecated and will be removed in future versions. This hook will "
            f"be missing some {which}.{instead}",
            FutureWarning,
            stacklevel=4,
        )


_INSTEAD = " Please use register_full_backward_hook to get the documented behavior."


def _what_is_missed(args: Any, result: Any, node: Any) -> tuple[str, str, str] | None:
    """What hooks on one node do not see: the case, which gradients, and what else to use."""
    outputs = (result,) if isinstance(result, Tensor) else result
    if not isinstance(outputs, tuple) or not all(isinstance(r, Tensor) for r in outputs):
        return (
            "non-full backward hooks on a Module that does not return a single Tensor or a tuple "
            "of Tensors", "of the grad_output", _INSTEAD,
        )  # fmt: skip
    if not all(isinstance(value, Tensor) for value in args):
        return (
            "non-full backward hooks on a Module that does not take as input a single Tensor or a "
            "tuple of Tensors", "of the grad_input", _INSTEAD,
        )  # fmt: skip
    if len({r.grad_fn for r in outputs if r.grad_fn is not None}) > 1:
        return (
            "a non-full backward hook when outputs are generated by different autograd Nodes",
            "grad_output", _INSTEAD,
        )  # fmt: skip
    before = {value.grad_fn for value in args if value.grad_fn is not None}
    if before != {edge[0] for edge in node.next_functions}:
        return (
            "a non-full backward hook when the forward contains multiple autograd Nodes",
            "grad_input", _INSTEAD,
        )  # fmt: skip
    return None
