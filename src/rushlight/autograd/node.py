"""Nodes of the autograd graph: recorded calls, what they have saved, where gradients go.

The graph needs no object per leaf: an edge points to the node that made a tensor, or to the leaf
tensor itself. `AccumulateGrad` is only made when somebody looks at the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from ..errors import NotSupportedError
from ..grad_mode import no_grad
from ..hooks import RemovableHandle
from ..kernels import launch
from ..tensor import Tensor, version_of, wrap
from . import saved

next_sequence = count().__next__


class Node:
    """A recorded call. Gradients flow from its outputs to `next_functions`.

    What the engine needs has names with an underscore: users' functions set attributes of theirs.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0], requires_grad=True)
    >>> node = (x * 2).sum().grad_fn
    >>> node.name(), node.next_functions[0][0].name()
    ('SumBackward0', 'MulBackward0')
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
    # Whether the arrays that backward returns are its own, but for the gradients it got and views:
    # a leaf may then take one for its `grad` without a copy. A user's Function may return anything.
    makes_gradients = True
    materialize_grads = True  # zeros instead of None for outputs that no gradient came back to

    operation_name: str  # for messages

    def backward(self, *gradients: Any, **options: Any) -> Any:
        raise NotSupportedError(
            f"derivative for aten::{self.operation_name} is not implemented"
        )

    def needs(self, number: int) -> bool:
        """Whether the gradient of input `number` is asked for."""
        return bool(self._edges[number])

    @property
    def needs_input_grad(self) -> tuple[bool, ...]:
        return tuple(bool(edge) for edge in self._edges)

    def save(self, *values: Any) -> None:
        """Keeps inputs, arrays or plain values for the backward; freed after it."""
        if saved.contexts:
            values = _pack(values)
        self._saved = values
        self._versions = tuple([saved_version(v) if isinstance(v, Tensor) else 0 for v in values])

    def forget_written(self, target: Tensor) -> None:
        """Makes saved inputs stale that share the memory which this very call has overwritten."""
        for i, value in enumerate(self._saved or ()):
            is_given = i >= self.saves_output and isinstance(value, Tensor)
            if is_given and value._counter is target._counter:
                self._versions = (*self._versions[:i], -1, *self._versions[i + 1 :])

    def save_output(self, output: Tensor, *values: Any) -> None:
        """Keeps the call's own output, without making a cycle of the tensor and its node."""
        self.save(output.alias(), *values)
        self.saves_output = 1

    def save_outputs(self, outputs: tuple[Tensor, ...], *values: Any) -> None:
        """The same for the first of several outputs, in their order."""
        self.save(*[output.alias() for output in outputs], *values)
        self.saves_output = len(outputs)

    saves_output = 0  # how many of the saved values are the call's own outputs

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        values = self._saved
        if values is None:
            raise RuntimeError(
                "Trying to backward through the graph a second time (or directly access saved "
                "tensors after they have already been freed). Saved intermediate values of the "
                "graph are freed when you call .backward() or autograd.grad(). Specify "
                "retain_graph=True if you need to backward through the graph a second time or if "
                "you need to access saved tensors after calling backward."
            )
        for value, version in zip(values, self._versions, strict=True):
            if isinstance(value, Tensor) and version_of(value) != version:
                self._raise_modified(value, version)
        if type(values) is not tuple:
            values = tuple([v.unpacked() if type(v) is _Packed else v for v in values])
        if self.saves_output:
            count = self.saves_output
            return (*map(self._as_output, values[:count], range(count)), *values[count:])
        return values

    def _as_output(self, saved: Tensor, number: int) -> Tensor:
        """A saved output as what it was: a result of this call."""
        output = saved.alias()
        output._grad_fn, output._requires_grad, output._output_number = self, True, number
        return output

    def _raise_modified(self, value: Tensor, version: int) -> None:
        raise RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace "
            f"operation: [{value.type()} {list(value.shape)}], which is "
            f"{'output 0' if self.saves_output else 'an input'} of {type(self).__name__}, is at "
            f"version {version_of(value)}; expected version {version} instead. Hint: use the "
            "out-of-place form of the operation that changed it, or clone() the tensor first."
        )

    def release(self) -> None:
        """Frees what was saved. A call that saved nothing can be run again."""
        if self._saved:
            self._saved = None

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """(node, output number) per input; `AccumulateGrad` for leaves, (None, 0) for others.

        >>> import rushlight as torch
        >>> x = torch.ones(1, requires_grad=True)
        >>> [(node.name(), number) for node, number in (x.exp() + 1).grad_fn.next_functions if node]
        [('ExpBackward0', 0)]
        """
        tensors = [edge for edge in self._edges if edge != ()]
        return tuple((_as_node(edge[0]), edge[1]) if edge else (None, 0) for edge in tensors)

    def name(self) -> str:
        return type(self).__name__

    def register_hook(self, fn: Callable[..., Any]) -> Any:
        """Calls fn(gradients of inputs, gradients of outputs) after this node has run.

        >>> import rushlight as torch
        >>> y = torch.ones(1, requires_grad=True) * 2
        >>> handle = y.grad_fn.register_hook(lambda inputs, outputs: print(inputs[0], outputs[0]))
        >>> y.backward()
        tensor([2.]) tensor([1.])
        """
        if self._post_hooks is None:
            self._post_hooks = {}
        return RemovableHandle.add(self._post_hooks, fn)

    def register_prehook(self, fn: Callable[..., Any]) -> Any:
        """Calls fn(gradients of outputs) before this node runs; it may return others.

        >>> import rushlight as torch
        >>> y = torch.ones(1, requires_grad=True) * 2
        >>> handle = y.grad_fn.register_prehook(lambda gradients: print(gradients[0]))
        >>> y.backward()
        tensor([1.])
        """
        if self._hooks is None:
            self._hooks = {}
        return RemovableHandle.add(self._hooks.setdefault(-1, {}), fn)

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dictionary for whatever users want to say of this call.

        >>> import rushlight as torch
        >>> node = torch.ones(1, requires_grad=True).exp().grad_fn
        >>> node.metadata["layer"] = 3
        >>> node.metadata
        {'layer': 3}
        """
        found: dict[Any, Any] = self.__dict__.setdefault("_metadata", {})
        return found

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


class AccumulateGrad:
    """Stands in `next_functions` for a leaf: the sum of its gradients goes to `variable.grad`.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0], requires_grad=True)
    >>> (x * 2).grad_fn.next_functions[0][0].variable is x
    True
    """

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


# ---- what is saved under `saved_tensors_hooks`


class _PackedValues(tuple[Any, ...]):
    """Saved values, some of them packed by a user's hook."""


class _Packed:
    """What a pack hook made of a saved tensor, and the tensor's place in the graph."""

    __slots__ = ("content", "unpack", "edge", "was_array")

    def __init__(self, value: Any, hooks: tuple[Callable[..., Any], Callable[..., Any]]) -> None:
        pack, self.unpack = hooks
        self.was_array = not isinstance(value, Tensor)
        tensor = wrap(value) if self.was_array else value
        self.edge = edge_to(tensor)
        version = version_of(tensor)
        with no_grad():
            self.content = pack(tensor)
        if version_of(tensor) != version:
            raise RuntimeError(
                "A saved tensor pack hook is modifying its input in place. Tensors provided as "
                "input to pack hook cannot be modified by in-place operations, as this can lead to "
                "unexpected side-effects; clone() the tensor first."
            )

    def unpacked(self) -> Any:
        tensor = self.unpack(self.content)
        if not isinstance(tensor, Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(tensor).__name__}"
            )
        if self.was_array:
            return tensor.array
        if not self.edge or tensor is self.edge[0]:
            return tensor
        tensor = tensor.alias()
        target, tensor._output_number = self.edge
        if isinstance(target, Tensor):  # another tensor stands for the leaf
            target = _Unpacked(self.edge, target)
        tensor._grad_fn, tensor._requires_grad = target, True
        return tensor


def _pack(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Saved values as the hooks of this thread, if it has any, want them kept."""
    hooks = saved.current_hooks()
    if hooks is None:
        return values
    launch.refuse_record("has hooks for saved tensors (saved_tensors_hooks)")
    return _PackedValues(
        _Packed(v, hooks) if isinstance(v, Tensor) or type(v) in launch.kernels else v
        for v in values
    )


class _Unpacked(Node):
    """Leads from an unpacked tensor to the leaf that was packed, for a second backward."""

    operation_name = "unpacked"

    def __init__(self, edge: tuple[Any, ...], leaf: Tensor) -> None:
        self._sequence = next_sequence()
        self._edges = (edge,)
        self._shape, self._dtype = leaf.array.shape, leaf.array.dtype
        self._saved = ()

    def backward(self, grad: Tensor) -> Any:
        return grad


def saved_version(tensor: Tensor) -> int:
    if tensor._requires_grad is None:
        raise RuntimeError(
            "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
            "inference mode in computation tracked by autograd. To work around this, you can make "
            "a clone to get a normal tensor and use it in autograd, or use `torch.no_grad()` "
            "instead of `torch.inference_mode()`."
        )
    return 0 if tensor._counter is None else tensor._counter[0]
