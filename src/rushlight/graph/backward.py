"""The backward of a recorded function whose results are differentiated outside of it.

`torch.compile(net)` records a forward; the loss and its `backward()` stay outside. So the backward
from the results to the function's arguments and parameters is recorded along, once, and becomes one
node of the autograd graph: `CompiledBackward`.
"""

from __future__ import annotations

from typing import Any

from ..autograd import engine
from ..autograd.function import Function
from ..autograd.node import Node, edge_to, next_sequence, nodes_from
from ..errors import NotSupportedError
from ..grad_mode import state
from ..kernels.launch import kernels as kernel_tables
from ..tensor import Tensor, wrap
from .capture import Recorder
from .errors import LeakError, RefusedError
from .replay import program


class BackwardPart:
    """The calls of a backward, and between which slots it goes.

    Where a function has several results, `singles` are the backwards from each alone: of those that
    get no gradient, none must flow, not even zeros (0 times infinity is NaN).
    """

    def __init__(self, recorder: Recorder, results: list[Tensor], arguments: list[Tensor]) -> None:
        graph = _InnerGraph(results, arguments, recorder.first_sequence)
        numbers = recorder.arguments  # a tensor that is given twice has the first one's
        self.arguments = [
            i for i, t in enumerate(arguments) if t.requires_grad and numbers[id(t)] == i
        ]
        self.leaves = [t for t in graph.leaves if id(t) not in numbers]
        wanted = [arguments[i] for i in self.arguments] + self.leaves
        graph.check_hooks(wanted)
        self.results = [recorder.slot_of(t.array).number for t in results]
        self.shapes = [t.array.shape for t in results]
        self.dtypes = [t.array.dtype for t in results]
        self.whole = _Recorded(recorder, results, wanted)
        singles = [_Recorded(recorder, [t], wanted) for t in results if len(results) > 1]
        self.singles = singles or [self.whole]
        recorder.check_claims()
        self.needed = sorted(set(self.whole.needed).union(*[s.needed for s in self.singles]))
        # What the eager call has computed, for the backward of this first call.
        self.first_slots: list[Any] = [None] * len(recorder.record.slots)
        arrays = {slot.number: reference() for reference, slot in recorder.slots.values()}
        for slot in self.needed:
            self.first_slots[slot] = arrays[slot]
            if arrays[slot] is None:
                raise LeakError("an array that its backward needs did not outlive the forward")
        # Whose memory the backward needs, also by a view of it, must not change until then.
        places = recorder.record.slots
        memory = {places[slot].base for slot in self.needed}
        inputs = [
            source for slot, source in recorder.record.inputs.items()
            if not source.is_grad and places[slot].base in memory
        ]  # fmt: skip
        self.checked = [source.tensor for source in inputs if source.tensor is not None]
        self.checked_arguments = [s.argument for s in inputs if s.argument is not None]
        self.checked_results = [
            number for number, slot in enumerate(self.results) if places[slot].base in memory
        ]

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


class _Recorded:
    """The recorded backward from some results to all that wants a gradient."""

    def __init__(self, recorder: Recorder, results: list[Tensor], wanted: list[Tensor]) -> None:
        record = recorder.record
        first = len(record.slots)
        forward, record.calls = record.calls, []
        ones = [_ones(t) for t in results]
        self.gradients = [recorder.new_slot(t.array).number for t in ones]
        try:
            with recorder.active():
                found = engine.run(
                    results, ones, True, False, wanted, False, first=recorder.first_sequence
                )
        except RuntimeError as error:
            raise RefusedError(f"its backward cannot be recorded: {error}") from error
        finally:
            self.calls, record.calls = record.calls, forward
        self.found = [None if g is None else recorder.slot_of(g.array).number for g in found]
        used = {s for c in self.calls for s in (*c.reads, *c.writes)} | set(self.found)
        self.needed = {s for s in used if s is not None and (s < first or s in record.inputs)}
        self.program: Any = None

    def run(self, slots: list[Any], gradients: list[Any]) -> list[Tensor | None]:
        if self.program is None:
            self.program = program(self.calls, {s for s in self.found if s is not None})
        slots = list(slots)
        for slot, gradient in zip(self.gradients, gradients, strict=True):
            slots[slot] = gradient.array
        self.program.run(slots)
        return [None if s is None else wrap(slots[s]) for s in self.found]


class CompiledBackward(Node):
    """A call of a compiled function, as the autograd graph sees it."""

    materialize_grads = False  # a gradient that no result leads to stays None

    def __init__(
        self, part: BackwardPart, slots: list[Any], arguments: list[Tensor], checked: list[Tensor]
    ) -> None:
        self._edges = tuple([edge_to(t) for t in (*arguments, *part.leaves)])
        self._sequence = next_sequence()  # after those of views that `edge_to` brings up to date
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
        slots = self.saved_tensors[0]
        if None not in gradients:
            return tuple(self.part.whole.run(slots, list(gradients)))
        total: list[Any] = [None] * len(self._edges)
        for single, gradient in zip(self.part.singles, gradients, strict=True):
            if gradient is not None:
                found = single.run(slots, [gradient])
                total = [_sum(a, b) for a, b in zip(total, found, strict=True)]
        return tuple(total)


class _InnerGraph:
    """The part of results' graph that a call has made, up to its arguments."""

    def __init__(self, results: list[Tensor], arguments: list[Tensor], first: int) -> None:
        ends = {(t._grad_fn, t._output_number) for t in arguments if t._grad_fn is not None}
        self.nodes = [node for node in nodes_from(results) if node._sequence >= first]
        self.leaves: list[Tensor] = []
        for edge in (edge for node in self.nodes for edge in node._edges if edge):
            if isinstance(edge[0], Tensor):
                if not any(edge[0] is leaf for leaf in self.leaves):
                    self.leaves.append(edge[0])
            elif edge[0]._sequence < first and edge not in ends:
                raise RefusedError("it needs the graph of a tensor that was computed outside of it")

    def check_hooks(self, wanted: list[Tensor]) -> None:
        """RefusedError for what each backward must call, with gradients that are not there yet."""
        if any(isinstance(node, Function) for node in self.nodes):
            raise RefusedError("the backward of an autograd.Function may do anything")
        if any(node._hooks or node._post_hooks for node in self.nodes):
            raise RefusedError("a hook on what it computes waits for the backward")
        for tensor in wanted:
            if tensor._hooks or tensor._grad_fn is not None and tensor._grad_fn._hooks:
                raise RefusedError("a hook on a parameter or an argument waits for the backward")


def differentiable(results: list[Tensor], first: int) -> list[Tensor]:
    """Those of the results whose graph is still there: the function has not run it backwards."""
    return [
        t for t in results
        if t._grad_fn is not None and t._grad_fn._saved is not None
        and all(n._saved is not None for n in nodes_from([t]) if n._sequence >= first)
    ]  # fmt: skip


def _sum(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    if a is None or b is None:
        return b if a is None else a
    return a + b


def _ones(tensor: Tensor) -> Tensor:
    array = tensor.array
    return wrap(kernel_tables[type(array)].full(array.shape, 1, array.dtype, array))
