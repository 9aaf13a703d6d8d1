"""Nodes of the autograd graph: recorded calls, what they have saved, where gradients go.

The graph needs no object per leaf: an edge points to the node that made a tensor, or to the leaf
tensor itself. `AccumulateGrad` is only made when somebody looks at the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from ..errors import NotSupportedError
from ..tensor import Tensor

next_sequence = count().__next__


class Node:
    """A recorded call. Gradients flow from its outputs to `next_functions`.

    What the engine needs has names with an underscore: users' functions set attributes of theirs.
    """

    # What every node has; the first attribute of its own that an operation sets makes the dict.
    __slots__ = (
        "_sequence", "_edges", "_shape", "_dtype", "_saved", "_versions", "__dict__", "__weakref__",
    )  # fmt: skip

    _sequence: int  # increases with every recorded call; the engine goes from the latest down
    # Per input (node or leaf tensor, output number); None if no gradient is needed, () if it is no
    # tensor at all.
    _edges: tuple[Any, ...]
    _shape: Any  # of the output, for the engine's checks; a tuple of shapes if there are several
    _dtype: Any
    _saved: tuple[Any, ...] | None
    _versions: tuple[int, ...]

    _outputs = 1
    _hooks: dict[int, Any] | None = None  # output number -> functions of the gradient
    _post_hooks: dict[int, Any] | None = None
    materialize_grads = True  # zeros instead of None for outputs that no gradient came back to

    operation_name: str  # for messages

    def backward(self, *gradients: Any, **options: Any) -> Any:
        raise NotSupportedError(
            f"derivative for {type(self).__name__.removesuffix('Backward0')} is not implemented"
        )

    def needs(self, number: int) -> bool:
        """Whether the gradient of input `number` is asked for."""
        return bool(self._edges[number])

    @property
    def needs_input_grad(self) -> tuple[bool, ...]:
        return tuple(bool(edge) for edge in self._edges)

    def save(self, *values: Any) -> None:
        """Keeps inputs, arrays or plain values for the backward; freed after it."""
        self._saved = values
        self._versions = tuple([v._version if isinstance(v, Tensor) else 0 for v in values])

    def forget_written(self, target: Tensor) -> None:
        """Makes saved inputs stale that share the memory which this very call has overwritten."""
        first = 1 if self.saves_output else 0
        for i, value in enumerate(self._saved or ()):
            if i >= first and isinstance(value, Tensor) and value._counter is target._counter:
                self._versions = (*self._versions[:i], -1, *self._versions[i + 1 :])

    def save_output(self, output: Tensor, *values: Any) -> None:
        """Keeps the call's own output, without making a cycle of the tensor and its node."""
        self.save(output.alias(), *values)
        self.saves_output = True

    saves_output = False

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        saved = self._saved
        if saved is None:
            raise RuntimeError(
                "Trying to backward through the graph a second time (or directly access saved "
                "tensors after they have already been freed). Saved intermediate values of the "
                "graph are freed when you call .backward() or autograd.grad(). Specify "
                "retain_graph=True if you need to backward through the graph a second time or if "
                "you need to access saved tensors after calling backward."
            )
        for value, version in zip(saved, self._versions, strict=True):
            if isinstance(value, Tensor) and value._version != version:
                self._raise_modified(value, version)
        if self.saves_output:
            output = saved[0].alias()
            output._grad_fn, output._requires_grad = self, True
            return (output, *saved[1:])
        return saved

    def _raise_modified(self, value: Tensor, version: int) -> None:
        raise RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace "
            f"operation: [{value.type()} {list(value.shape)}], which is "
            f"{'output 0' if self.saves_output else 'an input'} of {type(self).__name__}, is at "
            f"version {value._version}; expected version {version} instead. Hint: use the "
            "out-of-place form of the operation that changed it, or clone() the tensor first."
        )

    def release(self) -> None:
        """Frees what was saved. A call that saved nothing can be run again."""
        if self._saved:
            self._saved = None

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """(node, output number) per input; `AccumulateGrad` for leaves, (None, 0) for others."""
        tensors = [edge for edge in self._edges if edge != ()]
        return tuple((_as_node(edge[0]), edge[1]) if edge else (None, 0) for edge in tensors)

    def name(self) -> str:
        return type(self).__name__

    def register_hook(self, hook: Callable[..., Any]) -> Any:
        """Calls hook(gradients of inputs, gradients of outputs) after this node has run."""
        from .hooks import RemovableHandle

        if self._post_hooks is None:
            self._post_hooks = {}
        return RemovableHandle.add(self._post_hooks, hook)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


class AccumulateGrad:
    """Stands in `next_functions` for a leaf: the sum of its gradients goes to `variable.grad`."""

    __slots__ = ("variable",)
    next_functions = ()

    def __init__(self, variable: Tensor) -> None:
        self.variable = variable

    def name(self) -> str:
        return "AccumulateGrad"

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, AccumulateGrad) and other.variable is self.variable

    def __hash__(self) -> int:
        return hash((AccumulateGrad, id(self.variable)))

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {id(self.variable):#x}>"


def _as_node(target: Any) -> Any:
    return AccumulateGrad(target) if isinstance(target, Tensor) else target


def nodes_from(tensors: list[Tensor]) -> list[Node]:
    """The nodes of the graphs that tensors were computed by, each once, without recursion."""
    found: dict[Node, None] = {}
    stack = [t._grad_fn for t in tensors if t._grad_fn is not None]
    while stack:
        node = stack.pop()
        if node not in found:
            found[node] = None
            stack += [e[0] for e in node._edges if e and not isinstance(e[0], Tensor)]
    return list(found)


def edge_to(value: Any) -> tuple[Any, ...] | None:
    """Where the gradient of an input goes."""
    if not isinstance(value, Tensor):
        return ()
    if value._view is not None:
        value._view.bring_up_to_date(value)
    if not value._requires_grad:
        return None
    node = value._grad_fn
    return (value, 0) if node is None else (node, value._output_number)
