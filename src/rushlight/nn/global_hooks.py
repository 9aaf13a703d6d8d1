"""Hooks of all modules: called around every module's calls, or with what a module registers.

`torch.nn.modules.module` has the functions that register them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..hooks import RemovableHandle

Kept = OrderedDict[int, Callable[..., Any]]

forward_hooks: Kept = OrderedDict()
forward_hooks_with_kwargs: OrderedDict[int, bool] = OrderedDict()
forward_hooks_always_called: OrderedDict[int, bool] = OrderedDict()
forward_pre_hooks: Kept = OrderedDict()
backward_hooks: Kept = OrderedDict()
backward_pre_hooks: Kept = OrderedDict()
buffer_registration_hooks: Kept = OrderedDict()
module_registration_hooks: Kept = OrderedDict()
parameter_registration_hooks: Kept = OrderedDict()

# All hooks around calls by their numbers, so that a module's call asks one dictionary.
around_calls: OrderedDict[int, bool] = OrderedDict()
# Whether `backward_hooks` are full ones; None before there was one.
are_full: bool | None = None


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls `hook(module, args)` before the forward of every module.

    It comes before the module's own hooks. What it returns replaces the arguments.
    """
    return _add(forward_pre_hooks, hook, around_calls)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Calls `hook(module, args, output)` after the forward of every module.

    It comes before the module's own hooks. What it returns replaces the output. The options are
    those of `Module.register_forward_hook`.

    >>> import rushlight as torch
    >>> from rushlight.nn.modules.module import register_module_forward_hook
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    >>> with register_module_forward_hook(lambda module, args, output: print(module)):
    ...     y = net[1](net[0](torch.ones(1, 3)))
    Linear(in_features=3, out_features=2, bias=True)
    ReLU()
    """
    flags = [around_calls]
    if with_kwargs:
        flags.append(forward_hooks_with_kwargs)
    if always_call:
        flags.append(forward_hooks_always_called)
    return _add(forward_hooks, hook, *flags)


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls `hook(module, grad_output)` before the backward of every module."""
    return _add(backward_pre_hooks, hook, around_calls)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls `hook(module, grad_input, grad_output)` after the backward of every module."""
    return _add_backward(hook, full=True)


def register_module_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """`register_module_full_backward_hook` of old, see `Module.register_backward_hook`."""
    return _add_backward(hook, full=False)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls `hook(module, name, buffer)` whenever a module registers a buffer.

    What it returns, unless None, is registered instead.
    """
    return _add(buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls `hook(module, name, submodule)` whenever a module registers another.

    What it returns, unless None, is registered instead.
    """
    return _add(module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls `hook(module, name, parameter)` whenever a module registers a parameter.

    What it returns, unless None, is registered instead.
    """
    return _add(parameter_registration_hooks, hook)


def _add(
    hooks: Kept, hook: Callable[..., Any], *flags: OrderedDict[int, bool]
) -> RemovableHandle:
    handle = RemovableHandle(hooks, extra_dict=flags)
    hooks[handle.id] = hook
    for keys in flags:
        keys[handle.id] = True
    return handle


def _add_backward(hook: Callable[..., Any], full: bool) -> RemovableHandle:
    global are_full
    if are_full is (not full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module "
            "hook. Please use only one of them."
        )
    are_full = full
    return _add(backward_hooks, hook, around_calls)


def registered(hooks: Kept, module: Any, name: str, value: Any) -> Any:
    """What a module registers under a name, once the hooks have seen it."""
    for hook in list(hooks.values()):
        changed = hook(module, name, value)
        if changed is not None:
            value = changed
    return value


def hooks_of_all_modules() -> list[Callable[..., Any]]:
    """The hooks around the calls of every module."""
    kept = (forward_hooks, forward_pre_hooks, backward_hooks, backward_pre_hooks)
    return [hook for hooks in kept for hook in hooks.values()]
