"""Functions that a module calls before and after its forward and its backward."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..autograd.function import Function
from ..hooks import RemovableHandle
from ..tensor import Tensor


class Hooks:
    """The part of `Module` that keeps hooks and calls `forward` between them."""

    def _init_hooks(self) -> None:
        self.__dict__.update(
            _forward_hooks=OrderedDict(),
            _forward_hooks_with_kwargs=OrderedDict(),
            _forward_hooks_always_called=OrderedDict(),
            _forward_pre_hooks=OrderedDict(),
            _forward_pre_hooks_with_kwargs=OrderedDict(),
            _backward_hooks=OrderedDict(),
            _backward_pre_hooks=OrderedDict(),
        )

    _forward_hooks: OrderedDict[int, Callable[..., Any]]
    _forward_hooks_with_kwargs: OrderedDict[int, bool]
    _forward_hooks_always_called: OrderedDict[int, bool]
    _forward_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _forward_pre_hooks_with_kwargs: OrderedDict[int, bool]
    _backward_hooks: OrderedDict[int, Callable[..., Any]]
    _backward_pre_hooks: OrderedDict[int, Callable[..., Any]]

    forward: Callable[..., Any]

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Calls `hook(module, args)` before `forward`; what it returns replaces the arguments.

        With `with_kwargs`: `hook(module, args, kwargs)`, which returns None or both.

        >>> import rushlight as torch
        >>> layer = torch.nn.ReLU()
        >>> handle = layer.register_forward_pre_hook(lambda module, args: (args[0] + 1,))
        >>> layer(torch.tensor([1.0, -3.0]))
        tensor([2., 0.])
        """
        flags = [self._forward_pre_hooks_with_kwargs] if with_kwargs else []
        return _add(self._forward_pre_hooks, hook, prepend, flags)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Calls `hook(module, args, output)` after `forward`; what it returns replaces the output.

        With `with_kwargs`: `hook(module, args, kwargs, output)`. With `always_call` the hook runs
        even if `forward` raises.

        >>> import rushlight as torch
        >>> layer = torch.nn.Linear(3, 2)
        >>> handle = layer.register_forward_hook(lambda module, args, output: print(output.shape))
        >>> y = layer(torch.ones(5, 3))
        torch.Size([5, 2])
        >>> handle.remove()
        """
        flags = [self._forward_hooks_with_kwargs] if with_kwargs else []
        if always_call:
            flags.append(self._forward_hooks_always_called)
        return _add(self._forward_hooks, hook, prepend, flags)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Calls `hook(module, grad_output)` before the module's backward.

        What the hook returns replaces the gradients of the outputs.

        >>> import rushlight as torch
        >>> layer, x = torch.nn.ReLU(), torch.ones(1, requires_grad=True)
        >>> handle = layer.register_full_backward_pre_hook(lambda module, grad: print(grad))
        >>> layer(x).backward()
        (tensor([1.]),)
        """
        return _add(self._backward_pre_hooks, hook, prepend, [])

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Calls `hook(module, grad_input, grad_output)` after the module's backward.

        Both are tuples, one entry per positional argument and per output, None for those without
        gradient. What the hook returns replaces the gradients of the inputs.

        >>> import rushlight as torch
        >>> layer, x = torch.nn.ReLU(), torch.ones(1, requires_grad=True)
        >>> handle = layer.register_full_backward_hook(lambda module, grad, _: print(grad))
        >>> layer(x).backward()
        (tensor([1.]),)
        """
        return _add(self._backward_hooks, hook, prepend, [])

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        called: set[int] = set()
        result = None
        try:
            args, kwargs = self._run_forward_pre_hooks(args, kwargs)
            boundary = None
            if self._backward_hooks or self._backward_pre_hooks:
                boundary = BackwardHooks(self)
                args = boundary.enter(args)
            result = self.forward(*args, **kwargs)
            for key, hook in list(self._forward_hooks.items()):
                called.add(key)
                result = self._run_forward_hook(key, hook, args, kwargs, result)
            return result if boundary is None else boundary.leave(result)
        except Exception:
            for key in self._forward_hooks_always_called.keys() - called:
                hook = self._forward_hooks[key]
                try:
                    result = self._run_forward_hook(key, hook, args, kwargs, result)
                except Exception as error:
                    warnings.warn(
                        "module forward hook with ``always_call=True`` raised an exception "
                        f"that was silenced as another error was raised in forward: {error}",
                        stacklevel=3,
                    )
            raise

    def _run_forward_pre_hooks(self, args: Any, kwargs: Any) -> tuple[Any, Any]:
        for key, hook in list(self._forward_pre_hooks.items()):
            if key not in self._forward_pre_hooks_with_kwargs:
                changed = hook(self, args)
                if changed is not None:
                    args = changed if isinstance(changed, tuple) else (changed,)
                continue
            changed = hook(self, args, kwargs)
            if changed is not None:
                if not isinstance(changed, tuple) or len(changed) != 2:
                    raise RuntimeError(
                        "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                        f"but got {changed}."
                    )
                args, kwargs = changed
        return args, kwargs

    def _run_forward_hook(
        self, key: int, hook: Callable[..., Any], args: Any, kwargs: Any, result: Any
    ) -> Any:
        if key in self._forward_hooks_with_kwargs:
            changed = hook(self, args, kwargs, result)
        else:
            changed = hook(self, args, result)
        return result if changed is None else changed


def _add(
    hooks: OrderedDict[int, Callable[..., Any]],
    hook: Callable[..., Any],
    prepend: bool,
    flags: list[OrderedDict[int, bool]],
) -> RemovableHandle:
    handle = RemovableHandle(hooks, extra_dict=flags)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    for keys in flags:
        keys[handle.id] = True
    return handle


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

    def __init__(self, module: Hooks) -> None:
        self.module = module
        self.hooks = list(module._backward_hooks.values())
        self.pre_hooks = list(module._backward_pre_hooks.values())
        self.grad_output: tuple[Any, ...] = ()
        self.arguments = 0
        self.entered = False  # whether an argument needs a gradient

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        args, node, positions = _identity(args)
        self.arguments = len(args)
        if node is not None:
            self.entered = True

            def after(grad_input: Any, _: Any) -> Any:
                return self._run_hooks(grad_input, positions)

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
                grad_output = _spread(gradients, positions, len(outputs))
                for hook in self.pre_hooks:
                    grad_output = _replaced(hook(self.module, grad_output), grad_output)
                self.grad_output = grad_output
                if not self.entered:
                    self._run_hooks((), ())
                return tuple(grad_output[i] for i in positions)

            node.register_hook(before)
        return outputs if isinstance(result, tuple) else outputs[0]

    def _run_hooks(self, gradients: Any, positions: Any) -> Any:
        grad_input = _spread(gradients, positions, self.arguments)
        for hook in self.hooks:
            grad_input = _replaced(hook(self.module, grad_input, self.grad_output), grad_input)
        return tuple(grad_input[i] for i in positions)


def _identity(values: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any, list[int]]:
    """The values with the tensors among them behind an identity, its node, their positions."""
    positions = [i for i, value in enumerate(values) if isinstance(value, Tensor)]
    if not any(values[i].requires_grad for i in positions):
        return values, None, positions
    outputs = BackwardHookFunction.apply(*[values[i] for i in positions])
    node = outputs[0]._grad_fn
    if node is None:  # under no_grad
        return values, None, positions
    result = list(values)
    for i, output in zip(positions, outputs, strict=True):
        result[i] = output
    return tuple(result), node, positions


def _spread(gradients: Any, positions: Any, count: int) -> tuple[Any, ...]:
    result = [None] * count
    for i, gradient in zip(positions, gradients, strict=True):
        result[i] = gradient
    return tuple(result)


def _replaced(changed: Any, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
    """The hook's own gradients, if it returned some."""
    if changed is None:
        return gradients
    changed = changed if isinstance(changed, tuple) else (changed,)
    if len(changed) != len(gradients):
        raise RuntimeError(
            "Backward hook returned an invalid number of grad_input, "
            f"got {len(changed)}, but expected {len(gradients)}"
        )
    return changed
