"""Which modules run: `torch.utils.module_tracker`."""

from __future__ import annotations

from typing import Any, Self

from ..nn import global_hooks
from ..tensor import Tensor
from ._pytree import tree_leaves


class ModuleTracker:
    """Inside a `with`, the names of the modules that are running, forward or backward.

    `parents` holds them, the outermost by its class, and "Global" for the program; `is_bw` says
    whether a backward is on its way.

    >>> import rushlight as torch
    >>> from rushlight.utils.module_tracker import ModuleTracker
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 1))
    >>> tracker = ModuleTracker()
    >>> show = lambda *args: print(sorted(tracker.parents))
    >>> handle = net[0].register_forward_pre_hook(show)
    >>> with tracker:
    ...     _ = net(torch.ones(1, 2))
    ['Global', 'Sequential', 'Sequential.0']
    """

    def __init__(self) -> None:
        self.parents = {"Global"}
        self.is_bw = False
        self._names: dict[int, str] = {}  # by the modules' identities
        self._known: list[Any] = []  # which keeps these theirs
        self._handles: list[Any] = []

    def __enter__(self) -> Self:
        self._handles = [
            global_hooks.register_module_forward_pre_hook(self._enter),
            global_hooks.register_module_forward_hook(self._leave, always_call=True),
        ]
        return self

    def __exit__(self, *error: object) -> None:
        for handle in self._handles:
            handle.remove()
        self.parents = {"Global"}
        self.is_bw = False

    def _name(self, module: Any) -> str:
        if id(module) not in self._names:
            top = type(module).__name__
            for path, part in module.named_modules():
                self._names.setdefault(id(part), f"{top}.{path}" if path else top)
                self._known.append(part)
        return self._names[id(module)]

    def _enter(self, module: Any, args: Any) -> None:
        name = self._name(module)
        self.parents.add(name)
        self._at_gradients(args, lambda: self.parents.discard(name))

    def _leave(self, module: Any, args: Any, result: Any) -> None:
        name = self._name(module)
        self.parents.discard(name)
        self._at_gradients(result, lambda: self._enter_backward(name))

    def _enter_backward(self, name: str) -> None:
        self.is_bw = True
        self.parents.add(name)

    def _at_gradients(self, values: Any, act: Any) -> None:
        """Acts when the backward comes to the first of some tensors."""
        for value in tree_leaves(values):
            if isinstance(value, Tensor) and value.requires_grad:
                value.register_hook(lambda grad: act())
                return
