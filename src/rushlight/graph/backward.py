"""The backward of a recorded function whose results are differentiated outside of it.

`torch.compile(net)` records a forward; the loss and its `backward()` stay outside. So the backward
from the results to the function's arguments and parameters is recorded along, once, and becomes one
node of the autograd graph: `CompiledBackward`.
"""

from __future__ import annotations

from typing import Any

from ..autograd import engine
from ..autograd.function import Function
from ..autograd.grad_mode import state
from ..autograd.operation import Node, _next_sequence, edge_to, nodes_from
from ..errors import NotSupportedError
from ..kernels.launch import kernels as kernel_tables
from ..tensor import Tensor, wrap
from .capture import LeakError, Recorder
from .record import Call, find_last_uses, result_slots
from .replay import program


class BackwardPart:
    """The calls of a backward, and between which slots it goes."""

    def __init__(self, recorder: Recorder, results: list[Tensor], arguments: list[Tensor]) -> None:
        record = recorder.record
        self.first_call = len(record.calls)
        graph = _InnerGraph(results, arguments, recorder.first_sequence)
        self.arguments = [i for i, t in enumerate(arguments) if t.requires_grad]
        self.leaves = [t for t in graph.leaves if id(t) not in recorder.arguments]
        wanted = [arguments[i] for i in self.arguments] + self.leaves
        graph.check_hooks(wanted)
        # Of each gradient the results that it depends on: it is None where these have none.
        self.depends_on = [graph.results_before(t) for t in wanted]
        ones = [_ones(t) for t in results]
        self.results = [recorder.slot_of(t.array).number for t in results]
        self.gradients = [recorder.new_slot(t.array).number for t in ones]
        self.shapes = [t.array.shape for t in results]
        self.dtypes = [t.array.dtype for t in results]
        with recorder.active():
            found = engine.run(
                results, ones, True, False, wanted, False, first=recorder.first_sequence
            )
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
                raise LeakError("an array that its backward needs did not outlive the forward")
        inputs = [source for slot, source in record.inputs.items() if slot in self.needed]
        self.checked = [source.tensor for source in inputs if source.tensor is not None]
        self.checked_arguments = [s.argument for s in inputs if s.argument is not None]
        self.checked_results = [n for n, slot in enumerate(self.results) if slot in self.needed]

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
        checked = [*self.checked, *[arguments[i] for i in self.checked_arguments],
                   *[results[i].alias() for i in self.checked_results]]  # fmt: skip
        node = CompiledBackward(self, kept, [arguments[i] for i in self.arguments], checked)
        for number, tensor in enumerate(results):
            tensor._grad_fn = node
            tensor._requires_grad = True
            tensor._output_number = number


class CompiledBackward(Node):
    """A call of a compiled function, as the autograd graph sees it."""

    materialize_grads = False  # a gradient that no result leads to stays None

    def __init__(
        self, part: BackwardPart, slots: list[Any], arguments: list[Tensor], checked: list[Tensor]
    ) -> None:
        self._sequence = _next_sequence()
        self._edges = tuple([edge_to(t) for t in (*arguments, *part.leaves)])
        self._outputs = len(part.results)
        single = self._outputs == 1
        self._shape = part.shapes[0] if single else tuple(part.shapes)
        self._dtype = part.dtypes[0] if single else tuple(part.dtypes)
        self.part = part
        # The tensors are saved to notice if one was changed in place since.
        self.save(slots, *checked)

    def backward(self, *gradients: Tensor | None) -> Any:
        if state.enabled:
            raise NotSupportedError(
                "a compiled function cannot be differentiated twice (create_graph=True): call the "
                "function itself, without torch.compile"
            )
        part = self.part
        slots = list(self.saved_tensors[0])
        given = {number for number, gradient in enumerate(gradients) if gradient is not None}
        for number, gradient in enumerate(gradients):
            if gradient is None:
                some = next(g for g in gradients if g is not None)
                gradient = some.new_zeros(part.shapes[number]).to(some.dtype)
            slots[part.gradients[number]] = gradient.array
        part.program.run(slots)
        return tuple(
            None if slot is None or given.isdisjoint(results) else wrap(slots[slot])
            for slot, results in zip(part.found, part.depends_on, strict=True)
        )


class _InnerGraph:
    """The part of results' graph that a call has made, up to its arguments."""

    def __init__(self, results: list[Tensor], arguments: list[Tensor], first: int) -> None:
        self.results = results
        ends = {(t._grad_fn, t._output_number) for t in arguments if t._grad_fn is not None}
        self.nodes = [node for node in nodes_from(results) if node._sequence >= first]
        self.leaves: list[Tensor] = []
        for edge in (edge for node in self.nodes for edge in node._edges if edge):
            if isinstance(edge[0], Tensor):
                if not any(edge[0] is leaf for leaf in self.leaves):
                    self.leaves.append(edge[0])
            elif edge[0]._sequence < first and edge not in ends:
                raise LeakError("it needs the graph of a tensor that was computed outside of it")

    def check_hooks(self, wanted: list[Tensor]) -> None:
        """LeakError for what each backward must call, with gradients that are not there yet."""
        if any(isinstance(node, Function) for node in self.nodes):
            raise LeakError("the backward of an autograd.Function may do anything")
        if any(node._hooks or node._post_hooks for node in self.nodes):
            raise LeakError("a hook on what it computes waits for the backward")
        for tensor in wanted:
            if tensor._hooks or tensor._grad_fn is not None and tensor._grad_fn._hooks:
                raise LeakError("a hook on a parameter or an argument waits for the backward")

    def results_before(self, target: Tensor) -> set[int]:
        """The numbers of the results that a leaf or an argument goes into."""
        source, output = target._grad_fn or target, target._output_number
        return {
            number for number, result in enumerate(self.results)
            if any(
                edge and edge[0] is source and edge[1] == output
                for node in nodes_from([result]) for edge in node._edges
            )
        }  # fmt: skip


def differentiable(results: list[Tensor]) -> list[Tensor]:
    """Those of the results whose graph is still there: the function has not run it backwards."""
    return [
        t for t in results
        if t._grad_fn is not None and all(node._saved is not None for node in nodes_from([t]))
    ]  # fmt: skip


def _ones(tensor: Tensor) -> Tensor:
    array = tensor.array
    return wrap(kernel_tables[type(array)].full(array.shape, 1, array.dtype, array))
