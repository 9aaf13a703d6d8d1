"""A record with all that a replay needs besides: whether it still holds, and what it must leave.

Eager code leaves more behind than results: gradients of leaves, versions of what was changed in
place. A replay leaves the same.
"""

from __future__ import annotations

import gc
from operator import is_, itemgetter
from typing import Any

from ..autograd.operation import nodes_from
from ..kernels import launch
from ..tensor import Tensor, wrap
from .backward import BackwardPart, differentiable
from .capture import LeakError, Recorder, contents
from .record import Record, Slot, find_last_uses
from .replay import program


class Entry:
    def __init__(self, recorder: Recorder, result: Any, arguments: list[Tensor]) -> None:
        self.record: Record = recorder.record
        recorder.find_owners()
        self.template = _result_template(result, recorder, arguments)
        self.gradients = self._final_gradients(recorder)
        forward_calls = list(self.record.calls)
        results = differentiable(tensors_in(result))
        self.backward = BackwardPart(recorder, results, arguments) if results else None
        self._check_leaks(recorder, result)
        self.changed_arguments = [
            number for number, tensor in enumerate(arguments) if _is_changed(tensor, recorder)
        ]
        told = {id(arguments[number]._counter) for number in self.changed_arguments}
        self.changed = [
            tensor for source in self.record.inputs.values()
            if (tensor := source.tensor) is not None and _is_changed(tensor, recorder)
            and id(tensor._counter) not in told
        ]  # fmt: skip
        kept = {slot for _, slot in self.gradients if slot is not None} | set(
            _template_slots(self.template)
        )
        if self.backward is not None:
            kept |= set(self.backward.needed)
            self.backward.finish(recorder)
        find_last_uses(forward_calls, kept)
        self.program = program(forward_calls)
        self._note_conditions(recorder)

    # ---- what a replay must leave

    def _final_gradients(self, recorder: Recorder) -> list[tuple[Tensor, int | None]]:
        """Leaves with the slot of the gradient that the call left them, None where it took it."""
        final: list[tuple[Tensor, int | None]] = []
        for leaf, had in recorder.gradients.items():
            gradient = leaf._grad
            if gradient is None:
                if had is not False:
                    final.append((leaf, None))
                continue
            slot = recorder.known_slot(gradient.array)
            if slot is None:
                raise LeakError(f"the gradient of a tensor of {tuple(leaf.shape)} comes from "
                                "outside the recorded kernels")  # fmt: skip
            if slot.number not in self.record.inputs:
                final.append((leaf, slot.number))
        return final

    def _check_leaks(self, recorder: Recorder, result: Any) -> None:
        """Raises where an array that a kernel made lives on elsewhere than in the results."""
        if not self._leaked(recorder, result):
            return
        gc.collect()
        leaked = self._leaked(recorder, result)
        if leaked:
            raise LeakError(
                f"{len(leaked)} results of its kernels (the first of shape "
                f"{tuple(leaked[0].shape)}) are kept by something else than what it returns: a "
                "list, an attribute, a state that is made anew at each call"
            )

    def _leaked(self, recorder: Recorder, result: Any) -> list[Any]:
        known = {id(leaf._grad.array) for leaf, _ in self.gradients if leaf._grad is not None}
        pending = tensors_in(result)
        known |= {id(t.array) for t in pending}
        known |= _saved_arrays(pending)
        if self.backward is not None:
            known |= {id(array) for array in self.backward.first_slots}
        alive = [a for reference in recorder.made if (a := reference()) is not None]
        for array in alive:
            if id(array) in known:
                base = array.base
                while base is not None:
                    known.add(id(base))
                    base = getattr(base, "base", None)
        return [array for array in alive if id(array) not in known]

    # ---- whether it still holds

    def _note_conditions(self, recorder: Recorder) -> None:
        self.structure = launch.structure
        self.hooks = launch.hooks
        self.globals, self.cells = recorder.globals, recorder.cells
        self.containers = recorder.containers
        for container, held in self.containers:
            if not _identical(contents(container), held):
                raise LeakError(
                    f"a {type(container).__name__} that the function uses changes with each call"
                )
        self.modules = list(recorder.modules.values())
        for module, values in self.modules:
            if not _identical(list(vars(module).values()), values):
                raise LeakError(
                    f"attributes of a module ({type(module).__name__}) change with each call"
                )
        self.optimizers = [
            (o, [_state_of(o, g) for g in o.param_groups]) for o in recorder.optimizers.values()
        ]
        live = {(id(v.options), v.key) for v in recorder.live_values}
        self.options = [
            _Options(g, [key for key in g if (id(g), key) not in live])
            for o in recorder.optimizers.values() for g in o.param_groups
        ]  # fmt: skip
        self.live_values = [(v, bool(v)) for v in recorder.live_values]
        self.had_gradient = [(leaf, had) for leaf, had in recorder.gradients.items()
                             if had is not None]  # fmt: skip
        self.sources = list(self.record.inputs.items())
        self.known: list[Any] = [None] * len(self.sources)  # the arrays of the last replay
        self.require_grad = [
            (s.tensor, s.tensor.requires_grad) for _, s in self.sources if s.tensor is not None
        ]

    def fetch(self, arguments: list[Tensor]) -> list[Any] | None:
        """The slots with the input arrays in their places; None where the record does not hold."""
        if self.structure != launch.structure and not self._structure_holds():
            return None
        if self.hooks != launch.hooks or not self._names_hold() or not self._states_hold():
            return None
        for leaf, had in self.had_gradient:
            if (leaf._grad is not None) is not had:
                return None
        for options in self.options:
            if not options.hold():
                return None
        for value, truth in self.live_values:
            if bool(value.read()) is not truth:
                return None
        slots: list[Any] = [None] * len(self.record.slots)
        known = self.known
        for number, (slot, source) in enumerate(self.sources):
            array = source.fetch(arguments)
            if array is not known[number]:
                noted = self.record.slots[slot]
                if (
                    array.shape != noted.shape
                    or array.dtype != noted.dtype
                    or type(array) is not noted.type
                ):
                    return None
                if source.argument is None:
                    known[number] = array
            slots[slot] = array
        return slots

    def _structure_holds(self) -> bool:
        for module, values in self.modules:
            if not _identical(list(vars(module).values()), values):
                return False
        if any(t.requires_grad is not flag for t, flag in self.require_grad):
            return False
        self.structure = launch.structure
        return True

    def _names_hold(self) -> bool:
        """Whether the names that the function uses still stand for the same objects."""
        for names, name, value in self.globals:
            if names.get(name) is not value:
                return False
        for container, held in self.containers:
            if not _identical(contents(container), held):
                return False
        return all([cell.cell_contents is value for cell, value in self.cells])

    def _states_hold(self) -> bool:
        """Whether the optimizers have the same parameters and states."""
        for optimizer, states in self.optimizers:
            if len(optimizer.param_groups) != len(states):
                return False
            for group, had in zip(optimizer.param_groups, states, strict=True):
                if not _identical(_state_of(optimizer, group), had):
                    return False
        return True

    # ---- a replay

    def run(self, slots: list[Any], arguments: list[Tensor]) -> Any:
        self.program.run(slots)
        for leaf, slot in self.gradients:
            leaf._grad = None if slot is None else wrap(slots[slot])
        for tensor in self.changed:
            tensor.bump_version()
        for number in self.changed_arguments:
            arguments[number].bump_version()
        result = _build(self.template, slots, arguments)
        if self.backward is not None:
            self.backward.attach(self._differentiable(result), slots, arguments)
        return result

    def first_result(self, result: Any, arguments: list[Tensor]) -> Any:
        """The recorded call's own result, differentiated as those of the replays are."""
        if self.backward is None:
            return result
        slots = self.backward.first_slots
        for tensor, slot in zip(tensors_in(result), _template_slots(self.template), strict=True):
            slots[slot] = tensor.array
        result = _build(self.template, slots, arguments)
        self.backward.attach(self._differentiable(result), slots, arguments)
        self.backward.first_slots = []
        return result

    def _differentiable(self, result: Any) -> list[Tensor]:
        """The tensors of a replay's result that the recorded call's backward began at."""
        tensors = dict(zip(_template_slots(self.template), tensors_in(result), strict=True))
        assert self.backward is not None
        return [tensors[slot] for slot in self.backward.results]


def _is_changed(tensor: Tensor, recorder: Recorder) -> bool:
    return tensor._counter is not None and id(tensor._counter) in recorder.changed


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


def _identical(now: list[Any], before: list[Any]) -> bool:
    return len(now) == len(before) and all(map(is_, now, before))


# ---- results


class _Argument:
    """A result that is an argument's own tensor."""

    def __init__(self, number: int) -> None:
        self.number = number


class _Same:
    """A result that is the same object each time: a number, a parameter."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _result_template(result: Any, recorder: Recorder, arguments: list[Tensor]) -> Any:
    if isinstance(result, Tensor):
        for number, argument in enumerate(arguments):
            if result is argument:
                return _Argument(number)
        slot = recorder.known_slot(result.array)
        if slot is None:
            return _Same(result)
        source = recorder.record.inputs.get(slot.number)
        return _Same(result) if source and source.tensor is result else slot
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        parts = [_result_template(part, recorder, arguments) for part in result]
        return (lambda *values: type(result)(*values), parts)
    if isinstance(result, (tuple, list)):
        parts = [_result_template(part, recorder, arguments) for part in result]
        return (lambda *values: type(result)(values), parts)
    if isinstance(result, dict):
        keys = list(result)
        parts = [_result_template(part, recorder, arguments) for part in result.values()]
        return (lambda *values: dict(zip(keys, values, strict=True)), parts)
    return _Same(result)


def _template_slots(template: Any) -> list[int]:
    if isinstance(template, Slot):
        return [template.number]
    if isinstance(template, tuple):
        return [slot for part in template[1] for slot in _template_slots(part)]
    return []


def _build(template: Any, slots: list[Any], arguments: list[Tensor]) -> Any:
    if isinstance(template, Slot):
        return wrap(slots[template.number])
    if isinstance(template, _Argument):
        return arguments[template.number]
    if isinstance(template, _Same):
        return template.value
    make, parts = template
    return make(*[_build(part, slots, arguments) for part in parts])


def tensors_in(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, (tuple, list)):
        return [t for part in value for t in tensors_in(part)]
    if isinstance(value, dict):
        return [t for part in value.values() for t in tensors_in(part)]
    return []


def _saved_arrays(tensors: list[Tensor]) -> set[int]:
    """The arrays that the graphs of these tensors hold for their backward."""
    saved = (value for node in nodes_from(tensors) for value in node._saved or ())
    return {id(value.array if isinstance(value, Tensor) else value) for value in saved}
