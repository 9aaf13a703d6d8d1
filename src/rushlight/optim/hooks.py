"""What runs before and after the steps of optimizers."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..hooks import RemovableHandle
from ..kernels import launch

Hooks = OrderedDict[int, Any]

# What runs before and after the steps of all optimizers.
_global_optimizer_pre_hooks: Hooks = OrderedDict()
_global_optimizer_post_hooks: Hooks = OrderedDict()


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls `hook(optimizer, args, kwargs)` before each step of every optimizer.

    >>> import rushlight as torch
    >>> from rushlight.optim.optimizer import register_optimizer_step_pre_hook
    >>> with register_optimizer_step_pre_hook(lambda *_: print("before")):
    ...     torch.optim.SGD([torch.ones(1, requires_grad=True)]).step()
    before
    """
    return RemovableHandle.add(_global_optimizer_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls `hook(optimizer, args, kwargs)` after each step of every optimizer.

    >>> import rushlight as torch
    >>> from rushlight.optim.optimizer import register_optimizer_step_post_hook
    >>> with register_optimizer_step_post_hook(lambda *_: print("after")):
    ...     torch.optim.SGD([torch.ones(1, requires_grad=True)]).step()
    after
    """
    return RemovableHandle.add(_global_optimizer_post_hooks, hook)


def with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(step)
    def hooked(*args: Any, **kwargs: Any) -> Any:
        self = args[0]
        for hook in (
            *_global_optimizer_pre_hooks.values(), *self._optimizer_step_pre_hooks.values()
        ):  # fmt: skip
            changed = hook(self, args, kwargs)
            if changed is not None:
                if not isinstance(changed, tuple) or len(changed) != 2:
                    raise RuntimeError(
                        f"{step} must return None or a tuple of (new_args, new_kwargs), but got "
                        f"{changed}."
                    )
                args, kwargs = changed
        phase = launch.phase
        try:
            launch.phase = "update"
            if launch.recorder is not None:
                launch.recorder.see_optimizer(self)
            result = step(*args, **kwargs)
        finally:
            launch.phase = phase
        self._opt_called = True
        for hook in (
            *self._optimizer_step_post_hooks.values(), *_global_optimizer_post_hooks.values()
        ):  # fmt: skip
            hook(self, args, kwargs)
        return result

    return hooked


def added(hooks: Hooks, hook: Callable[..., Any], prepend: bool) -> RemovableHandle:
    handle = RemovableHandle.add(hooks, hook)
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle
