"""The engine: runs recorded calls backwards and brings gradients to the leaves.

A node's sequence number is higher than those of the nodes that made its inputs, so running the
nodes from the highest number down visits each one after everything that uses its outputs. A leaf is
done with as soon as the last call that uses it has run: its hooks may send its gradient on, or
apply it, while the rest of the backward goes on.

Whose a gradient's memory is: `Node.makes_gradients` says that a backward's results are new, and
what the engine has summed is its own. Only these become a leaf's `grad` without a copy, and only
the engine's own sums are added to in place.
"""

from __future__ import annotations

from collections import Counter
from operator import attrgetter
from typing import Any

from ..autocast_state import casts, suspended
from ..dtype import COMPLEX, category_of
from ..dtype import dtype as DType
from ..grad_mode import state
from ..kernels import launch
from ..kernels.launch import kernels as kernel_tables
from ..layout import strided
from ..tensor import Tensor, wrap
from .inplace import check_memory
from .mirror import written
from .node import Node

_sequence_of = attrgetter("_sequence")


def run(
    roots: list[Tensor],
    gradients: list[Tensor],
    retain_graph: bool,
    create_graph: bool,
    inputs: list[Tensor] | None,
    accumulate: bool,
    first: int = 0,
) -> list[Tensor | None]:
    """Brings `gradients` of `roots` to the leaves, or to `inputs` alone where they are given.

    Adds to the leaves' `grad` if `accumulate`; returns the gradients of `inputs` in their order
    otherwise. With `inputs`, nodes of sequence numbers below `first` are not run.
    """
    if launch.recorder is not None and first == 0:
        launch.recorder.see_backward(roots)
    previous, phase, task_before = state.enabled, launch.phase, state.task
    try:
        state.enabled, launch.phase = create_graph, "backward"
        state.task = Task(roots, inputs)
        nodes, expected = _plan(roots)
        wanted = None
        if inputs is not None:
            wanted = _Wanted(inputs, nodes, first)
            expected = wanted.expected(roots)
            nodes = [n for n in nodes if n in wanted.needed or n in wanted.target_nodes]
        task = _Backward(expected, wanted, create_graph, accumulate)
        for root, gradient in zip(roots, gradients, strict=True):
            node = root._grad_fn
            if node is not None:
                task.to_node(node, root._output_number, gradient)
            elif root in expected:
                task.to_leaf(root, gradient, None, None, ())
        if casts:
            with suspended():
                task.run(nodes, retain_graph)
        else:
            task.run(nodes, retain_graph)
        return [] if wanted is None or accumulate else wanted.collect()
    finally:
        state.enabled, launch.phase, state.task = previous, phase, task_before


def _plan(roots: list[Tensor]) -> tuple[list[Node], dict[Tensor, int]]:
    """The nodes of the roots' graph, first to last, and how many contributions to its gradient
    each leaf gets from them."""
    nodes: list[Node] = []
    seen: set[Node] = set()
    expected: dict[Tensor, int] = {}
    for root in roots:
        node = root._grad_fn
        if node is None:
            expected[root] = expected.get(root, 0) + 1
        elif node not in seen:
            seen.add(node)
            nodes.append(node)
    for node in nodes:  # the list grows meanwhile
        for edge in node._edges:
            if edge:
                target = edge[0]
                if isinstance(target, Tensor):
                    expected[target] = expected.get(target, 0) + 1
                elif target not in seen:
                    seen.add(target)
                    nodes.append(target)
    nodes.sort(key=_sequence_of)
    return nodes, expected


class Task:
    """A backward that runs: its roots, and the inputs that it is restricted to, if it is."""

    __slots__ = ("roots", "inputs", "__weakref__")

    def __init__(self, roots: list[Tensor], inputs: list[Tensor] | None) -> None:
        self.roots = roots
        self.inputs = inputs

    def reaches(self, tensor: Tensor) -> bool:
        """Whether it brings a tensor its gradient."""
        nodes, expected = _plan(self.roots)
        if self.inputs is not None:
            wanted = _Wanted(self.inputs, nodes, 0)
            nodes = [n for n in nodes if n in wanted.needed or n in wanted.target_nodes]
            expected = wanted.expected(self.roots)
        node = tensor.grad_fn
        return tensor in expected if node is None else node in nodes


class _Backward:
    """The gradients on their way in one run of the engine."""

    __slots__ = ("pending", "expected", "sums", "wanted", "create_graph", "accumulate")

    def __init__(
        self, expected: dict[Tensor, int], wanted: _Wanted | None, create_graph: bool,
        accumulate: bool,
    ) -> None:  # fmt: skip
        # Node or leaf -> the gradient so far, or a list of them if a node has several outputs.
        self.pending: dict[Any, Any] = {}
        self.expected = expected  # leaf -> how many contributions are still to come
        self.sums: set[Any] = set()  # (node or leaf, output number): the engine's own gradients
        self.wanted = wanted
        self.create_graph = create_graph
        self.accumulate = accumulate

    def run(self, nodes: list[Node], retain_graph: bool) -> None:
        """Runs nodes from the last to the first; the list is empty afterwards."""
        wanted, pending, anomalies = self.wanted, self.pending, state.anomaly
        while nodes:
            node = nodes.pop()
            gradients = pending.pop(node, None)
            if gradients is not None:
                if node._hooks:
                    gradients = _apply_node_hooks(node, gradients)
                if wanted is not None:
                    wanted.see(node, gradients)
            if wanted is not None and node not in wanted.needed:
                continue
            if gradients is None:  # whatever uses its results has sent nothing back
                results: Any = (None,) * len(node._edges)
            elif anomalies is not None:
                results = _watched(anomalies, node, gradients)
            elif node._outputs == 1:
                results = node.backward(gradients)
            elif node.materialize_grads:
                results = node.backward(*_materialized(node, gradients))
            else:
                results = node.backward(*gradients)
            if type(results) is not tuple:
                results = (results,)
            if node._post_hooks and gradients is not None:
                results = _apply_post_hooks(node, results, gradients)
            if not retain_graph and gradients is not None:
                node.release()
            for edge, gradient in zip(node._edges, results, strict=False):
                if edge and (wanted is None or wanted.leads_on(edge)):
                    target = edge[0]
                    if isinstance(target, Tensor):
                        self.to_leaf(target, gradient, node, gradients, results)
                    elif gradient is not None:
                        self.to_node(target, edge[1], gradient)

    def to_node(self, target: Node, number: int, gradient: Tensor) -> None:
        """Adds a gradient to what an output of a node has got so far."""
        pending = self.pending
        if target._outputs == 1:
            array = gradient.array
            if array.shape != target._shape or array.dtype is not target._dtype:
                gradient = _fit(gradient, target._shape, target._dtype)
            known = pending.get(target)
            pending[target] = gradient if known is None else self.sum(target, 0, known, gradient)
            return
        gradient = _fit(gradient, target._shape[number], target._dtype[number])
        slots = pending.get(target)
        if slots is None:
            slots = pending[target] = [None] * target._outputs
        known = slots[number]
        slots[number] = gradient if known is None else self.sum(target, number, known, gradient)

    def to_leaf(
        self, leaf: Tensor, gradient: Tensor | None, node: Node | None, gradients: Any, results: Any
    ) -> None:
        """Adds a gradient to what a leaf has got so far, and finishes it after the last one.

        It is one of the `results` that `node` has made of `gradients`; of no node where the leaf is
        a root itself.
        """
        own = False  # whether the memory is known to be the engine's
        if gradient is not None:
            array, like = gradient.array, leaf.array
            if launch.batching is not None:
                gradient = launch.batching.settled(gradient, like)
                array = gradient.array
            if array.shape != like.shape or array.dtype is not like.dtype:
                gradient = _fit(gradient, like.shape, like.dtype)
                own = gradient.array is not array and _owns_memory(gradient)
        left = self.expected[leaf] = self.expected[leaf] - 1
        known = self.pending.pop(leaf, None) if self.pending else None
        if known is not None:
            if gradient is None:
                gradient, node, own = known, None, (leaf, 0) in self.sums
            else:
                gradient, own = self.sum(leaf, 0, known, gradient), True
        if left:
            if gradient is not None:
                self.pending[leaf] = gradient
            return
        if leaf._hooks:
            gradient, node, own = _apply_hooks(leaf._hooks, gradient), None, False
        if not self.accumulate:
            if gradient is not None:
                assert self.wanted is not None
                self.wanted.found[leaf, 0] = gradient
            return
        if gradient is not None:
            sum_so_far = leaf._grad if launch.recorder is None else leaf.grad
            if sum_so_far is not None:
                leaf._grad = self.added(sum_so_far, gradient)
            elif self.create_graph or not (own or _is_new(gradient, node, gradients, results)):
                # Nothing else may share it: clipping and scaling change it in place.
                leaf._grad = gradient.clone()
            else:
                leaf._grad = gradient
        if leaf._post_accumulate_hooks:
            for hook in list(leaf._post_accumulate_hooks.values()):
                hook(leaf)

    def sum(self, target: Any, number: int, known: Tensor, gradient: Tensor) -> Tensor:
        """The sum of two contributions, in place where the first is a sum of ours already."""
        if type(known.array) is not type(gradient.array):
            return _sum_of_kinds(known, gradient)
        if self.create_graph:
            return known + gradient
        key = (target, number)
        batching = launch.batching
        if key not in self.sums or batching is not None and (
            batching.is_batched(known.array) or batching.is_batched(gradient.array)
        ):
            self.sums.add(key)
            return known + gradient
        kernel_tables[type(known.array)].add(known.array, gradient.array, known.array)
        return known

    def added(self, grad: Tensor, gradient: Tensor) -> Tensor:
        """A leaf's `grad` after another backward; in place, which whoever holds it sees."""
        if type(grad.array) is not type(gradient.array):
            if self.create_graph or grad.layout is not strided:
                return _sum_of_kinds(grad, gradient)
            return grad.add_(gradient)
        if self.create_graph:
            return grad + gradient
        check_memory(grad)
        kernel_tables[type(grad.array)].add(grad.array, gradient.array, grad.array)
        written(grad)
        return grad


def _sum_of_kinds(a: Tensor, b: Tensor) -> Tensor:
    """The sum of a dense and a sparse gradient, which is added to the dense one."""
    return a + b if a.layout is strided else b + a


def _watched(anomalies: Any, node: Node, gradients: Any) -> Any:
    """What a node's backward makes, while anomalies are looked for."""
    try:
        if node._outputs == 1:
            results = node.backward(gradients)
        elif node.materialize_grads:
            results = node.backward(*_materialized(node, gradients))
        else:
            results = node.backward(*gradients)
        anomalies.check(node, results if type(results) is tuple else (results,))
    except Exception as error:
        anomalies.show(node, error)
        raise
    return results


def _is_new(gradient: Tensor, node: Node | None, gradients: Any, results: Any) -> bool:
    """Whether `node.backward` has made the memory of one of its results, and for it alone."""
    if node is None or node._post_hooks or not node.makes_gradients:
        return False
    array = gradient.array
    if node._outputs == 1:
        if gradients.array is array:
            return False
    elif any(g is not None and g.array is array for g in gradients):
        return False
    same = 0
    for result in results:
        if result is not None and result.array is array:
            same += 1
    return same == 1 and _owns_memory(gradient)


def _fit(gradient: Tensor, shape: tuple[int, ...], dtype: Any) -> Tensor:
    """Undoes broadcasting and promotion: the gradient in its input's own shape and dtype."""
    array = gradient.array
    if array.shape != shape:
        gradient = gradient.sum_to_size(shape)
    if array.dtype != dtype:
        if category_of(dtype) != COMPLEX and category_of(array.dtype) == COMPLEX:
            gradient = gradient.real
        gradient = gradient.to(DType.from_numpy(dtype))
    return gradient


def _materialized(node: Node, gradients: list[Tensor | None]) -> list[Tensor]:
    """Zeros for the outputs that nothing came back to."""
    like = next(g for g in gradients if g is not None).array
    table = kernel_tables[type(like)]
    return [
        wrap(table.full(node._shape[i], 0, node._dtype[i], like)) if g is None else g
        for i, g in enumerate(gradients)
    ]


def _apply_hooks(hooks: Any, gradient: Any) -> Any:
    for key in sorted(hooks) if hooks else ():
        hook = hooks[key]
        changed = hook(gradient)
        if changed is not None:
            _check_hooked(hook, gradient, changed)
            gradient = changed
    return gradient


def _check_hooked(hook: Any, gradient: Any, changed: Any) -> None:
    """Raises PyTorch's errors for what a hook may not make of a gradient."""
    if not isinstance(changed, Tensor):
        raise TypeError(f"expected Variable, but hook returned '{type(changed).__name__}'")
    if gradient is None:
        return
    name = getattr(hook, "__name__", type(hook).__name__)
    for what, before, now in (
        ("type", gradient.dtype, changed.dtype), ("device", gradient.device, changed.device),
        ("size", tuple(gradient.shape), tuple(changed.shape)),
    ):  # fmt: skip
        if before != now:
            raise RuntimeError(
                f"hook '{name}' has changed the {what} of value (was {before}, is {now})"
            )


def _apply_node_hooks(node: Node, gradients: Any) -> Any:
    hooks: Any = node._hooks
    if node._outputs == 1:
        gradients = _apply_hooks(hooks.get(0), gradients)
    for number, functions in hooks.items() if node._outputs > 1 else ():
        if number >= 0 and gradients[number] is not None:
            gradients[number] = _apply_hooks(functions, gradients[number])
    for hook in list(hooks.get(-1, {}).values()):  # those of the node itself, see register_prehook
        changed = hook((gradients,) if node._outputs == 1 else tuple(gradients))
        if changed is not None:
            changed = changed if isinstance(changed, tuple) else (changed,)
            gradients = changed[0] if node._outputs == 1 else list(changed)
    return gradients


def _apply_post_hooks(node: Node, results: tuple[Any, ...], gradients: Any) -> tuple[Any, ...]:
    outputs = (gradients,) if node._outputs == 1 else tuple(gradients)
    hooks: Any = node._post_hooks
    for hook in list(hooks.values()):
        changed = hook(results, outputs)
        if changed is not None:
            results = changed if isinstance(changed, tuple) else (changed,)
    return results


def _owns_memory(tensor: Tensor) -> bool:
    return kernel_tables[type(tensor.array)].owns_memory(tensor.array)


class _Wanted:
    """The inputs that gradients are asked for, and the nodes on the way to them."""

    def __init__(self, inputs: list[Tensor], nodes: list[Node], first: int) -> None:
        self.inputs = inputs
        self.targets = {(t._grad_fn or t, t._output_number) for t in inputs}
        self.arrays = {(t._grad_fn or t, t._output_number): t.array for t in inputs}
        self.target_nodes = {target for target, _ in self.targets}
        self.found: dict[Any, Tensor] = {}  # (node or leaf, output number) -> gradient
        self.needed: set[Any] = set()  # nodes from which an input can be reached
        for node in nodes:
            leads_on = any(e and (e[0] in self.needed or e in self.targets) for e in node._edges)
            if leads_on and node._sequence >= first:
                self.needed.add(node)

    def expected(self, roots: list[Tensor]) -> dict[Tensor, int]:
        """How many contributions each leaf among the inputs gets."""
        edges = [(root, 0) for root in roots if root._grad_fn is None]
        edges += [edge for node in self.needed for edge in node._edges if edge]
        return Counter(e[0] for e in edges if e in self.targets and isinstance(e[0], Tensor))

    def leads_on(self, edge: Any) -> bool:
        return edge in self.targets or edge[0] in self.needed

    def see(self, node: Node, gradients: Any) -> None:
        """Takes note of the gradients of outputs that were asked for."""
        if node in self.target_nodes:
            for number in range(node._outputs):
                if (node, number) in self.targets:
                    gradient = gradients if node._outputs == 1 else gradients[number]
                    if launch.batching is not None and gradient is not None:
                        gradient = launch.batching.settled(gradient, self.arrays[node, number])
                    self.found[node, number] = gradient

    def collect(self) -> list[Tensor | None]:
        return [self.found.get((t._grad_fn or t, t._output_number)) for t in self.inputs]
