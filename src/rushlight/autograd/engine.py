"""The engine: runs recorded calls backwards and brings gradients to the leaves.

A node's sequence number is higher than those of the nodes that made its inputs, so running the
nodes from the highest number down visits each one after everything that uses its outputs.
"""

from __future__ import annotations

import heapq
import sys
from typing import Any

from ..kernels import launch
from ..kernels.launch import kernels as kernel_tables
from ..tensor import Tensor, wrap
from .grad_mode import state
from .node import Node, nodes_from
from .operation import check_memory


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

    Adds to the leaves' `grad` if `accumulate`; returns the gradients of `inputs` in their order.
    With `inputs`, nodes of sequence numbers below `first` are not run.
    """
    if launch.recorder is not None and first == 0:
        launch.recorder.see_backward(roots)
    wanted = None
    if inputs is not None:
        wanted = _Wanted(inputs, roots, first)
    pending: dict[Any, Any] = {}  # node -> gradient, or list of them if it has several outputs
    leaves: dict[Tensor, Tensor] = {}
    ready: list[tuple[int, Node]] = []
    previous, phase = state.enabled, launch.phase
    state.enabled, launch.phase = create_graph, "backward"
    try:
        for root, gradient in zip(roots, gradients, strict=True):
            edge = (root._grad_fn or root, root._output_number)
            _send(edge, gradient, pending, leaves, ready)
        while ready:
            node = heapq.heappop(ready)[1]
            _run_node(node, pending, leaves, ready, retain_graph, wanted)
        for leaf in list(leaves):
            brought = _apply_hooks(leaf._hooks, leaves.pop(leaf))
            if wanted is None:
                _accumulate(leaf, brought, create_graph)
            else:
                wanted.found[leaf, 0] = brought
        if wanted is None:
            return []
        found = wanted.collect()
        if accumulate:
            for tensor, result in zip(wanted.inputs, found, strict=True):
                if result is not None:
                    _accumulate(tensor, result, create_graph)
        return found
    finally:
        state.enabled, launch.phase = previous, phase


def _run_node(
    node: Node, pending: Any, leaves: Any, ready: Any, retain_graph: bool, wanted: Any
) -> None:
    gradients = pending.pop(node)
    single = node._outputs == 1
    if node._hooks:
        if single:
            gradients = _apply_hooks(node._hooks.get(0), gradients)
        else:
            for number, hooks in node._hooks.items():
                if gradients[number] is not None:
                    gradients[number] = _apply_hooks(hooks, gradients[number])
    if wanted is not None:
        wanted.see(node, gradients)
        if node not in wanted.needed:
            return
    if single:
        results = node.backward(gradients)
    elif node.materialize_grads:
        results = node.backward(*_materialized(node, gradients))
    else:
        results = node.backward(*gradients)
    if type(results) is not tuple:
        results = (results,)
    if node._post_hooks:
        results = _apply_post_hooks(node, results, gradients)
    if not retain_graph:
        node.release()
    del gradients  # the last reference, so that a leaf may take an unshared array
    for edge, gradient in zip(node._edges, results, strict=False):
        if edge and gradient is not None and (wanted is None or wanted.leads_on(edge)):
            _send(edge, gradient, pending, leaves, ready)


def _send(edge: Any, gradient: Tensor, pending: Any, leaves: Any, ready: Any) -> None:
    """Adds a gradient to what an edge's target has got so far."""
    target, number = edge
    array = gradient.array
    if isinstance(target, Tensor):
        own = target.array
        if array.shape != own.shape or array.dtype is not own.dtype:
            gradient = _fit(gradient, own.shape, own.dtype)
        known = leaves.get(target)
        leaves[target] = gradient if known is None else known + gradient
        return
    if target._outputs == 1:
        if array.shape != target._shape or array.dtype is not target._dtype:
            gradient = _fit(gradient, target._shape, target._dtype)
        known = pending.get(target)
        if known is None:
            pending[target] = gradient
            heapq.heappush(ready, (-target._sequence, target))
        else:
            pending[target] = known + gradient
        return
    gradient = _fit(gradient, target._shape[number], target._dtype[number])
    slots = pending.get(target)
    if slots is None:
        slots = pending[target] = [None] * target._outputs
        heapq.heappush(ready, (-target._sequence, target))
    slots[number] = gradient if slots[number] is None else slots[number] + gradient


def _fit(gradient: Tensor, shape: tuple[int, ...], dtype: Any) -> Tensor:
    """Undoes broadcasting and promotion: the gradient in its input's own shape and dtype."""
    array = gradient.array
    if array.shape != shape:
        gradient = gradient.sum_to_size(shape)
    if array.dtype != dtype:
        from ..dtype import dtype as DType

        if dtype.kind != "c" and array.dtype.kind == "c":
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


def _apply_hooks(hooks: Any, gradient: Tensor) -> Tensor:
    for key in sorted(hooks) if hooks else ():
        changed = hooks[key](gradient)
        if changed is not None:
            gradient = changed
    return gradient


def _apply_post_hooks(node: Node, results: tuple[Any, ...], gradients: Any) -> tuple[Any, ...]:
    outputs = (gradients,) if node._outputs == 1 else tuple(gradients)
    hooks: Any = node._post_hooks
    for hook in list(hooks.values()):
        changed = hook(results, outputs)
        if changed is not None:
            results = changed if isinstance(changed, tuple) else (changed,)
    return results


def _accumulate(leaf: Tensor, gradient: Tensor, create_graph: bool) -> None:
    """leaf.grad += gradient."""
    known = leaf.grad
    if create_graph:
        leaf._grad = gradient.clone() if known is None else known + gradient
    elif known is None:
        # Nothing else may share a leaf's gradient: clipping and scaling change it in place. The
        # references to a fresh array are the tensor's slot and the argument of getrefcount; those
        # to its tensor are run's, this function's and getrefcount's.
        array = gradient.array
        unshared = sys.getrefcount(array) <= 3 and sys.getrefcount(gradient) <= 3
        if unshared and kernel_tables[type(array)].owns_memory(array):
            leaf._grad = gradient
        else:
            leaf._grad = gradient.clone()
    else:
        check_memory(known)
        table = kernel_tables[type(known.array)]
        table.add(known.array, gradient.array, known.array)
        known.bump_version()
    if leaf._post_accumulate_hooks:
        for hook in list(leaf._post_accumulate_hooks.values()):
            hook(leaf)


class _Wanted:
    """The inputs that gradients are asked for, and the nodes on the way to them."""

    def __init__(self, inputs: list[Tensor], roots: list[Tensor], first: int) -> None:
        self.inputs = inputs
        self.targets = {(t._grad_fn or t, t._output_number) for t in inputs}
        self.target_nodes = {target for target, _ in self.targets}
        self.found: dict[Any, Tensor] = {}  # (node or leaf, output number) -> gradient
        self.needed: set[Any] = set()  # nodes from which an input can be reached
        for node in sorted(nodes_from(roots), key=lambda n: n._sequence):
            leads_on = any(e and (e[0] in self.needed or e in self.targets) for e in node._edges)
            if leads_on and node._sequence >= first:
                self.needed.add(node)

    def leads_on(self, edge: Any) -> bool:
        return edge in self.targets or edge[0] in self.needed

    def see(self, node: Node, gradients: Any) -> None:
        """Takes note of the gradients of outputs that were asked for."""
        if node in self.target_nodes:
            for number in range(node._outputs):
                if (node, number) in self.targets:
                    gradient = gradients if node._outputs == 1 else gradients[number]
                    self.found[node, number] = gradient

    def collect(self) -> list[Tensor | None]:
        return [self.found.get((t._grad_fn or t, t._output_number)) for t in self.inputs]
