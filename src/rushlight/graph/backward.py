"""The backward of a recorded function whose results are differentiated outside of it.

`torch.compile(net)` records a forward; the loss and its `backward()` stay outside. So the backward
from the results to the function's arguments and parameters is recorded along, once, and becomes one
node of the autograd graph: `CompiledBackward`.
"""

from __future__ import annotations

from typing import Any

from ..autograd import engine
from ..autograd.grad_mode import state
from ..autograd.operation import Node, _next_sequence, edge_to, nodes_from
from ..errors import NotSupportedError
from ..kernels.launch import kernels as kernel_tables
from ..tensor import Tensor, wrap
from .capture import CaptureError, Recorder
from .record import Call, find_last_uses, result_slots
from .replay import program


class BackwardPart:
    """The calls of a backward, and between which slots it goes."""

    def __init__(self, recorder: Recorder, results: list[Tensor], arguments: list[Tensor]) -> None:
        record = recorder.record
        self.first_call = len(record.calls)
        self.arguments = [i for i, t in enumerate(arguments) if t.requires_grad]
        leaves = [t for t in _leaves(results) if not any(t is a for a in arguments)]
        wanted = [arguments[i] for i in self.arguments] + leaves
        self.leaves = leaves
        ones = [_ones(t) for t in results]
        self.results = [recorder.slot_of(t.array).number for t in results]
        self.gradients = [recorder.new_slot(t.array).number for t in ones]
        self.shapes = [t.array.shape for t in results]
        self.dtypes = [t.array.dtype for t in results]
        with recorder.active():
            found = engine.run(results, ones, True, False, wanted, accumulate=False)
        self.found = [None if g is None else recorder.slot_of(g.array).number for g in found]
        recorder.find_owners()
        needed = {s for call in self.calls(recorder) for s in call.reads}
        made = {s for call in self.calls(recorder) for s in result_slots(call.results)}
        self.needed = sorted(needed - made - set(self.gradients))
        # What the eager call has computed, for the backward of this first call.
        self.first_slots: list[Any] = [None] * len(record.slots)
        arrays = {slot.number: reference() for reference, slot in recorder.slots.values()}
        for slot in self.needed:
            self.first_slots[slot] = arrays[slot]
            if arrays[slot] is None:
                raise CaptureError("an array that the backward needs did not outlive the forward")
        self.checked = [
            source.tensor for slot, source in record.inputs.items()
            if slot in self.needed and source.tensor is not None
        ]  # fmt: skip

    def calls(self, recorder: Recorder) -> list[Call]:
        return recorder.record.calls[self.first_call :]

    def finish(self, recorder: Recorder) -> None:
        find_last_uses(self.calls(recorder), {s for s in self.found if s is not None})
        self.program = program(self.calls(recorder))

    def attach(self, results: list[Tensor], slots: list[Any], arguments: list[Tensor]) -> None:
        """Hangs a node for this call onto its results."""
        kept: list[Any] = [None] * len(slots)
        for slot in self.needed:
            kept[slot] = slots[slot]
        node = CompiledBackward(self, kept, [arguments[i] for i in self.arguments])
        for number, tensor in enumerate(results):
            tensor._grad_fn = node
            tensor._requires_grad = True
            tensor._output_number = number


class CompiledBackward(Node):
    """A call of a compiled function, as the autograd graph sees it."""

    def __init__(self, part: BackwardPart, slots: list[Any], arguments: list[Tensor]) -> None:
        self._sequence = _next_sequence()
        self._edges = tuple([edge_to(t) for t in (*arguments, *part.leaves)])
        self._outputs = len(part.results)
        single = self._outputs == 1
        self._shape = part.shapes[0] if single else tuple(part.shapes)
        self._dtype = part.dtypes[0] if single else tuple(part.dtypes)
        self.part = part
        # The tensors are saved to notice if one was changed in place since.
        self.save(slots, *part.checked)

    def backward(self, *gradients: Tensor) -> Any:
        if state.enabled:
            raise NotSupportedError(
                "a compiled function cannot be differentiated twice (create_graph=True): call the "
                "function itself, without torch.compile"
            )
        slots = list(self.saved_tensors[0])
        for slot, gradient in zip(self.part.gradients, gradients, strict=True):
            slots[slot] = gradient.array
        self.part.program.run(slots)
        return tuple(None if s is None else wrap(slots[s]) for s in self.part.found)


def differentiable(results: list[Tensor]) -> list[Tensor]:
    """Those of the results whose graph is still there: the function has not run it backwards."""
    return [
        t for t in results
        if t._grad_fn is not None and all(node._saved is not None for node in nodes_from([t]))
    ]  # fmt: skip


def _leaves(results: list[Tensor]) -> list[Tensor]:
    edges = (edge for node in nodes_from(results) for edge in node._edges)
    return list(dict.fromkeys(e[0] for e in edges if e and isinstance(e[0], Tensor)))


def _ones(tensor: Tensor) -> Tensor:
    array = tensor.array
    return wrap(kernel_tables[type(array)].full(array.shape, 1, array.dtype, array))
