"""A record with all that a replay needs besides: where it holds, and what it must leave.

Eager code leaves more behind than results: gradients of leaves, versions of what was changed in
place. A replay leaves the same.
"""

from __future__ import annotations

import gc
from typing import Any

from ..autograd.explain import explain
from ..autograd.mirror import reach
from ..autograd.node import nodes_from
from ..tensor import Tensor, wrap
from .backward import BackwardPart, differentiable
from .capture import Recorder
from .errors import LeakError, RefusedError
from .guards import Guards
from .record import Record, tensor_at
from .replay import program
from .results import Known, Results, tensors_in


class Entry:
    """One of the records of a compiled function, for calls with the same signature.

    `fetch` finds the arrays that a replay reads, or says that the record does not hold any more;
    `run` replays it on them. LeakError where a replay would not leave what the recorded call left.
    """

    is_confirmed = False  # whether a second recording was like it

    def __init__(self, recorder: Recorder, result: Any, arguments: list[Tensor]) -> None:
        self.record: Record = recorder.record
        recorder.check_claims(tensors_in(result))
        recorder.forget_own_leaves()
        self.results = Results(result, recorder)
        # Leaves, or the numbers of the arguments that are leaves.
        places = [(leaf, recorder.arguments.get(id(leaf), leaf)) for leaf in recorder.gradients]
        self.gradients = self._final_gradients(recorder, places)
        self.changed = self._changed(recorder, arguments)
        self.guards = Guards(recorder)
        roots = differentiable(list(self.results.made.values()), recorder.first_sequence)
        self.backward = BackwardPart(recorder, roots, arguments) if roots else None
        self._check_leaks(recorder, result)
        self.record.results = (
            *self.results.slots, *[slot for _, slot in self.gradients if slot is not None],
        )  # fmt: skip
        if self.backward is not None:
            self.record.backward_calls = self.backward.whole.calls
        self.guards.watch_inputs(self.record)
        self.program: Any = None  # made by the first replay: many records are used only once

    def _finish(self) -> None:
        """Makes the record ready to run; what passes change, they change before."""
        kept = set(self.record.results)
        if self.backward is not None:
            kept |= set(self.backward.needed)
        self.program = program(self.record.calls, kept)

    # ---- what a replay must leave

    def _final_gradients(
        self, recorder: Recorder, places: list[tuple[Tensor, Tensor | int]]
    ) -> list[tuple[Tensor | int, int | None]]:
        """Leaves with the slot of the gradient that the call left them, None where it took it."""
        final: list[tuple[Tensor | int, int | None]] = []
        for leaf, place in places:
            if leaf._grad is None:
                if recorder.gradients[leaf] is not False:
                    final.append((place, None))
                continue
            slot = recorder.known_slot(leaf._grad.array)
            if slot is None:
                raise LeakError(f"the gradient of a tensor of {tuple(leaf.shape)} comes from "
                                "outside the recorded kernels")  # fmt: skip
            source = self.record.inputs.get(slot.number)
            if source is None or not source.is_grad or source.place() is not place:
                final.append((place, slot.number))  # and else it is there already
        return final

    def _changed(self, recorder: Recorder, arguments: list[Tensor]) -> list[tuple[Known, int]]:
        """Tensors from outside that the call changed in place, and how often.

        One of those that share their memory, and the count of changes, stands for all.
        """
        outside = [Known(number) for number in range(len(arguments))]
        outside += [
            Known(place, is_grad=source.is_grad)
            for source in self.record.inputs.values() if (place := source.place()) is not None
        ]  # fmt: skip
        changed: dict[int, tuple[Known, int]] = {}
        for known in outside:
            tensor = known.tensor(arguments)
            if tensor is None or id(tensor._counter) not in recorder.changed:
                continue
            if tensor._grad_fn is not None:
                raise RefusedError("it changes a tensor from outside in place, with a gradient")
            _, times = recorder.changed[id(tensor._counter)]
            changed.setdefault(id(tensor._counter), (known, times))
        return list(changed.values())

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
        gradients = [leaf._grad for leaf in recorder.gradients if leaf._grad is not None]
        pending = tensors_in(result)
        bases = [tensor._base for tensor in pending if tensor._base is not None]
        known = {id(tensor.array) for tensor in (*gradients, *pending, *bases)}
        alive = [a for reference in recorder.made if (a := reference()) is not None]
        if known.issuperset(map(id, alive)):
            return []
        known |= _saved_arrays(pending)
        if self.backward is not None:
            known |= {id(array) for array in self.backward.first_slots}
        for array in alive:
            if id(array) in known:
                base = array.base
                while base is not None:
                    known.add(id(base))
                    base = getattr(base, "base", None)
        return [array for array in alive if id(array) not in known]

    # ---- a replay

    def fetch(self, arguments: list[Tensor]) -> list[Any] | None:
        """The slots with the input arrays in their places; None where the record does not hold."""
        slots: list[Any] = [None] * len(self.record.slots)
        return slots if self.guards.changed(arguments, slots) is None else None

    def change(self, arguments: list[Tensor]) -> str | None:
        """Why the record does not hold; None if it does."""
        return self.guards.changed(arguments, [None] * len(self.record.slots))

    def run(self, slots: list[Any], arguments: list[Tensor]) -> Any:
        if self.program is None:
            self._finish()
        try:
            self.program.run(slots)
        except (ValueError, TypeError, OverflowError) as error:
            raise explain(self.program.failed, error, ()) from error
        finally:  # after an error, too, for some may have changed
            for known, times in self.changed:
                changed = known.tensor(arguments)
                for _ in range(times):
                    changed.bump_version()
                if len(changed._counter) > 1:  # the mirrors of today, not those of the record
                    reach(changed)
        for place, slot in self.gradients:
            leaf = tensor_at(place, arguments)
            leaf._grad = None if slot is None else wrap(slots[slot])
        return self._built(slots, arguments)

    def first_result(self, arguments: list[Tensor]) -> Any:
        """The recorded call's own result, differentiated as those of the replays are."""
        made, self.results.made = self.results.made, {}
        if self.backward is None:
            return self.results.build([], arguments, made)
        slots, self.backward.first_slots = self.backward.first_slots, []
        for slot, tensor in made.items():
            slots[slot] = tensor.array
        return self._built(slots, arguments)

    def _built(self, slots: list[Any], arguments: list[Tensor]) -> Any:
        made: dict[int, Tensor] = {}
        result = self.results.build(slots, arguments, made)
        if self.backward is not None:
            self.backward.attach([made[slot] for slot in self.backward.results], slots, arguments)
        return result


def _saved_arrays(tensors: list[Tensor]) -> set[int]:
    """The arrays that the graphs of these tensors hold for their backward: those of the saved
    tensors, and of what these are views of."""
    found = set()
    for value in (value for node in nodes_from(tensors) for value in node._saved or ()):
        if isinstance(value, Tensor):
            found.add(id(value.array))
            if value._view is not None:
                found.add(id(value._view.base.array))
        else:
            found.add(id(value))
    return found
