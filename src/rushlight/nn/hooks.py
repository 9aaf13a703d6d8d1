"""Functions that a module calls before and after its forward and its backward."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..hooks import RemovableHandle
from . import global_hooks
from .backward_hooks import BackwardHooks, Hook, add_old_hooks


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
            _is_full_backward_hook=None,
            _compiled_call_impl=None,
        )

    _forward_hooks: OrderedDict[int, Callable[..., Any]]
    _forward_hooks_with_kwargs: OrderedDict[int, bool]
    _forward_hooks_always_called: OrderedDict[int, bool]
    _forward_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _forward_pre_hooks_with_kwargs: OrderedDict[int, bool]
    _backward_hooks: OrderedDict[int, Callable[..., Any]]
    _backward_pre_hooks: OrderedDict[int, Callable[..., Any]]

    _is_full_backward_hook: bool | None = None
    _compiled_call_impl: Callable[..., Any] | None = None  # what `compile()` has made of the call

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
        return self._add_backward_hook(hook, True, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """The hook of old: `hook(module, grad_input, grad_output)` sees those of one operation.

        It is the last one of the module's forward, so that `grad_input` is that of the inputs only
        where the module is a single operation. Prefer `register_full_backward_hook`.
        """
        return self._add_backward_hook(hook, False, False)

    def _add_backward_hook(
        self, hook: Callable[..., Any], full: bool, prepend: bool
    ) -> RemovableHandle:
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single "
                "Module. Please use only one of them."
            )
        self._is_full_backward_hook = full
        return _add(self._backward_hooks, hook, prepend, [])

    def _get_backward_hooks(self) -> tuple[list[Hook], list[Hook]]:
        """The full backward hooks and those of old, first the ones of all modules."""
        kept: dict[bool, list[Hook]] = {True: [], False: []}
        for full, hooks in (
            (global_hooks.are_full, global_hooks.backward_hooks),
            (self._is_full_backward_hook, self._backward_hooks),
        ):
            if full is not None:
                kept[full] += hooks.values()
        return kept[True], kept[False]

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        """A call with its hooks, whatever `compile()` has made of it."""
        if self._has_hooks():
            return self._call_with_hooks(args, kwargs)
        return self.forward(*args, **kwargs)

    def _has_hooks(self) -> bool:
        return bool(
            self._forward_hooks or self._forward_pre_hooks or self._backward_hooks
            or self._backward_pre_hooks or global_hooks.around_calls
        )  # fmt: skip

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        called: set[int] = set()
        result = None
        full_hooks, old_hooks = self._get_backward_hooks()
        pre_hooks = [*global_hooks.backward_pre_hooks.values(), *self._backward_pre_hooks.values()]
        try:
            args, kwargs = self._run_forward_pre_hooks(args, kwargs)
            boundary = None
            if full_hooks or pre_hooks:
                boundary = BackwardHooks(self, full_hooks, pre_hooks)
                args = boundary.enter(args)
            result = self.forward(*args, **kwargs)
            for key, hook in {**global_hooks.forward_hooks, **self._forward_hooks}.items():
                called.add(key)
                result = self._run_forward_hook(key, hook, args, kwargs, result)
            if boundary is not None:
                result = boundary.leave(result)
            if old_hooks:
                add_old_hooks(self, old_hooks, args, result)
            return result
        except Exception:
            always = {**global_hooks.forward_hooks_always_called,
                      **self._forward_hooks_always_called}  # fmt: skip
            for key, hook in {**global_hooks.forward_hooks, **self._forward_hooks}.items():
                if key not in always or key in called:
                    continue
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
        for key, hook in {**global_hooks.forward_pre_hooks, **self._forward_pre_hooks}.items():
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
        if (
            key in self._forward_hooks_with_kwargs
            or key in global_hooks.forward_hooks_with_kwargs
        ):
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
