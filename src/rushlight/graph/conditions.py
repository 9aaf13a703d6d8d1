"""Under what conditions a record may be replayed.

Most of a program's state are tensors, whose arrays a replay looks up anew. The rest (attributes of
modules, options of optimizers, what names stand for, hooks) decides which kernels run, and a record
holds as long as it is what it was. Two counters (`kernels/launch.py`) say cheaply that nothing was
set anew in modules, optimizers and hooks.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from ..kernels import launch
from .capture import LeakError, Recorder
from .names import identical
from .record import Source


class Conditions:
    """What a recorded call depended on besides arrays."""

    def __init__(self, recorder: Recorder, inputs: Iterable[Source]) -> None:
        self._structure_version = launch.structure_version
        self._hook_version = launch.hook_version
        self._names = recorder.names
        self._modules = list(recorder.modules.values())
        self._optimizers = [
            (o, [_state_of(o, g) for g in o.param_groups]) for o in recorder.optimizers.values()
        ]
        live = {(id(v.options), v.key) for v in recorder.live_values}
        self._options = [
            _Options(g, [key for key in g if (id(g), key) not in live])
            for o in recorder.optimizers.values() for g in o.param_groups
        ]  # fmt: skip
        self._live_values = [(v, bool(v)) for v in recorder.live_values]
        self._tensors = [s.tensor for s in inputs if s.tensor is not None]
        self._require_grad = [t._requires_grad for t in self._tensors]
        self._sharing = recorder.sharing
        self._leaves = [leaf for leaf in recorder.gradients if id(leaf) not in recorder.arguments]
        self._hooks = self._present_hooks()
        self._check_what_the_call_changed()

    def _check_what_the_call_changed(self) -> None:
        change = self._names.change_by_call()
        if change is not None:
            raise LeakError(f"{change} with each call")
        for module, values in self._modules:
            if not identical(list(vars(module).values()), values):
                raise LeakError(
                    f"attributes of a module ({type(module).__name__}) change with each call"
                )

    def hold(self) -> bool:
        return (
            self._structure_holds()
            and self._hooks_hold()
            and self._names.change() is None
            and all([first.array is second.array for first, second in self._sharing])
            and self._optimizers_hold()
            and all([options.hold() for options in self._options])
            and all([bool(value.read()) is truth for value, truth in self._live_values])
        )

    def _structure_holds(self) -> bool:
        if self._structure_version == launch.structure_version:
            return True
        for module, values in self._modules:
            if not identical(list(vars(module).values()), values):
                return False
        if [t._requires_grad for t in self._tensors] != self._require_grad:
            return False
        self._structure_version = launch.structure_version
        return True

    def _hooks_hold(self) -> bool:
        if self._hook_version == launch.hook_version:
            return True
        if self._present_hooks() != self._hooks:
            return False
        self._hook_version = launch.hook_version
        return True

    def _present_hooks(self) -> list[int]:
        """The numbers of the hooks that take part in the call; each hook has one of its own."""
        if launch.hook_version == 0:
            return []
        holders = [module for module, _ in self._modules] + [o for o, _ in self._optimizers]
        kept: list[Any] = [
            value for holder in holders for name, value in vars(holder).items()
            if name.endswith("_hooks")
        ]  # fmt: skip
        for tensor in (*self._tensors, *self._leaves):
            kept += [tensor._hooks, tensor._post_accumulate_hooks]
        return [number for hooks in kept if hooks for number in hooks]

    def _optimizers_hold(self) -> bool:
        """Whether the optimizers have the same parameters and states."""
        for optimizer, states in self._optimizers:
            if len(optimizer.param_groups) != len(states):
                return False
            for group, had in zip(optimizer.param_groups, states, strict=True):
                if not identical(_state_of(optimizer, group), had):
                    return False
        return True


class _Options:
    """An optimizer group's options, but for those that are read at each replay."""

    # What no step depends on, or what is looked at elsewhere.
    OTHERS = {"params", "param_names", "initial_lr", "max_lr", "min_lr", "max_momentum",
              "base_momentum"}  # fmt: skip

    def __init__(self, group: dict[str, Any], keys: list[str]) -> None:
        self.group = group
        keys = [key for key in keys if key not in self.OTHERS]
        self.read = itemgetter(*keys) if keys else len
        self.values = self.read(group)

    def hold(self) -> bool:
        return self.read(self.group) == self.values


def _state_of(optimizer: Any, group: dict[str, Any]) -> list[Any]:
    """The parameters of a group and what the optimizer remembers of them."""
    found = list(group["params"])
    state = optimizer.state
    for parameter in group["params"]:
        if parameter in state:
            found += state[parameter].values()
    return found
