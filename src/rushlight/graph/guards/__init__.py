"""Under what conditions a record may be replayed: `Guards.changed`, and nothing else, says whether.

Most of a program's state are tensors, whose arrays a replay looks up anew. The rest (attributes of
modules, options of optimizers, what names stand for, hooks) decides which kernels run, and a record
holds as long as it is what it was. Two counters (`kernels/launch.py`) say cheaply that nothing was
set anew in modules, optimizers and hooks. What the arguments of calls must have in common is the
key that records are kept under (`signature`).
"""

from __future__ import annotations

import weakref
from operator import is_, itemgetter
from typing import TYPE_CHECKING, Any

from ...kernels import launch
from ...nn.global_hooks import around_calls
from ...optim.hooks import _global_optimizer_post_hooks, _global_optimizer_pre_hooks
from ...tensor import Tensor
from ..errors import LeakError
from ..record import Record, tensor_at
from .kinds import is_users_class
from .names import own_attributes
from .watched import identical

if TYPE_CHECKING:
    from ..capture import Recorder


class Guards:
    """What a recorded call depended on. LeakError for what the call itself has changed."""

    def __init__(self, recorder: Recorder) -> None:
        self._had_gradient = [
            (recorder.arguments.get(id(leaf), leaf), had)
            for leaf, had in recorder.gradients.items() if had is not None
        ]  # fmt: skip
        self._structure_version = recorder.structure_version
        self._hook_version = launch.hook_version
        self._names = recorder.names
        self._modules = list(recorder.modules.values())
        self._optimizers = list(recorder.optimizers.values())
        self._groups = [list(o.param_groups) for o, _ in self._optimizers]
        live = self._live_options(recorder)
        self._options = [
            _Options(g, [key for key in g if (id(g), key) not in live])
            for groups in self._groups for g in groups
        ]  # fmt: skip
        self._live_values = [(v, bool(v)) for v in recorder.live_values]
        self._sharing = recorder.sharing
        sources = recorder.record.inputs.values()
        read = {id(source.tensor): source.tensor for source in sources if source.tensor is not None}
        lasting = {id(tensor): tensor for tensor, _, _ in recorder.lasting}
        self._tensors = list((read | lasting).values())
        self._require_grad = [t._requires_grad for t in self._tensors]
        # Of the arrays that kernels read, each replay looks at the shapes anyway.
        self._unread = [(t, shape) for t, _, shape in recorder.lasting if id(t) not in read]
        self._leaves = [leaf for leaf in recorder.gradients if id(leaf) not in recorder.arguments]
        self._hooks = self._present_hooks()
        # What the call itself has changed since these values were noted, each call will change.
        recorder.check_flags()
        change = self._names.change_by_call() or self._change()
        if change is not None:
            raise LeakError(f"{change} with each call")

    def _live_options(self, recorder: Recorder) -> set[tuple[int, str]]:
        """What replays read anew; none where code of the user's may read them as well."""
        if self._names.reads_options or any(is_users_class(o) for o, _ in self._optimizers):
            return set()
        return {(id(v.options), v.key) for v in recorder.live_values}

    def watch_inputs(self, record: Record) -> None:
        """Takes note of all arrays that replays read, once the record is complete."""
        self._slots = record.slots
        self._inputs = list(record.inputs.items())
        # Weak references to the arrays that were found fitting.
        self._last_arrays: list[Any] = [lambda: None] * len(self._inputs)

    def changed(self, arguments: list[Tensor], found: list[Any]) -> str | None:
        """What is not as it was; None if the record holds, and `found` has the input arrays then.

        `found` has a place for each slot of the record.
        """
        for place, had in self._had_gradient:
            if (tensor_at(place, arguments)._grad is not None) is not had:
                return "whether a tensor has a gradient changes"
        if self._names.looks_at_all and any(map(own_attributes, arguments)):
            return "a tensor that is given has attributes of its own"
        return self._change() or self._change_of_inputs(arguments, found)

    def _change_of_inputs(self, arguments: list[Tensor], found: list[Any]) -> str | None:
        last_arrays = self._last_arrays
        for number, (slot, source) in enumerate(self._inputs):
            array = source.fetch(arguments)
            if array is not last_arrays[number]():
                noted = self._slots[slot]
                if (
                    array.shape != noted.shape
                    or array.dtype != noted.dtype
                    or array.strides != noted.strides
                    or type(array) is not noted.type
                ):
                    return "the shape, dtype, device or memory order of a tensor changes"
                if source.argument is None:
                    last_arrays[number] = weakref.ref(array)
            found[slot] = array
        return None

    def _change(self) -> str | None:
        """What has changed besides the arrays that kernels read."""
        change = self._names.change()
        if change is not None:
            return change
        if self._structure_version != launch.structure_version:
            for module, names, values in self._modules:
                if not _attributes_hold(module, names, values):
                    return f"an attribute of a module ({type(module).__name__}) changes"
            self._structure_version = launch.structure_version
        if [t._requires_grad for t in self._tensors] != self._require_grad:
            return "requires_grad of a tensor changes"
        if self._hook_version != launch.hook_version:
            if self._present_hooks() != self._hooks:
                return "a hook comes or goes"
            self._hook_version = launch.hook_version
        for first, second in self._sharing:
            if first.array is not second.array:
                return "two tensors no longer share an array"
        for tensor, shape in self._unread:
            if tensor.array.shape != shape:
                return "the shape of a tensor changes"
        return self._change_of_optimizers()

    def _change_of_optimizers(self) -> str | None:
        for (optimizer, states), groups in zip(self._optimizers, self._groups, strict=True):
            found = [state_of(optimizer, group) for group in groups]
            if not identical(optimizer.param_groups, groups) or not all(
                map(identical, found, states)
            ):
                return f"parameters or states of an optimizer ({type(optimizer).__name__}) change"
        for options in self._options:
            now = options.read(options.group)
            if not all(map(is_, now, options.values)) and not identical(now, options.values):
                return "an option of an optimizer changes"
        for value, truth in self._live_values:
            if bool(value.read()) is not truth:
                return "an option of an optimizer becomes zero, or is no longer"
        return None

    def _present_hooks(self) -> list[int]:
        """The numbers of the hooks that take part in the call; each hook has one of its own."""
        if launch.hook_version == 0:
            return []
        holders = [module for module, _, _ in self._modules] + [o for o, _ in self._optimizers]
        kept: list[Any] = [
            value for holder in holders for name, value in vars(holder).items()
            if name.endswith("_hooks")
        ]  # fmt: skip
        if self._optimizers:
            kept += [_global_optimizer_pre_hooks, _global_optimizer_post_hooks]
        for tensor in (*self._tensors, *self._leaves):
            kept += [tensor._hooks, tensor._post_accumulate_hooks]
        kept.append(around_calls)
        return [number for hooks in kept if hooks for number in hooks]


def state_of(optimizer: Any, group: dict[str, Any]) -> list[Any]:
    """The parameters of a group and what the optimizer remembers of them."""
    found = list(group["params"])
    state = optimizer.state
    for parameter in group["params"]:
        kept = state.get(parameter)
        if kept:
            found += kept.values()
    return found


def _attributes_hold(module: Any, names: list[str] | None, values: list[Any]) -> bool:
    attributes = vars(module)
    if names is None:
        return identical(list(attributes.values()), values)
    return identical([attributes.get(name) for name in names], values)


class _Options:
    """An optimizer group's options, but for those that are read at each replay."""

    # What no step depends on, or what is looked at elsewhere.
    OTHERS = {"params", "param_names", "initial_lr", "max_lr", "min_lr", "max_momentum",
              "base_momentum"}  # fmt: skip

    def __init__(self, group: dict[str, Any], keys: list[str]) -> None:
        self.group = group
        keys = [key for key in keys if key not in self.OTHERS]
        # Of one key an itemgetter would give the value alone.
        self.read = itemgetter(*keys, *keys[:1]) if keys else tuple
        self.values = self.read(group)
