"""Operations: what runs kernels on the arrays of tensors, and makes the nodes of the graph.

An operation is a class with `forward` (arrays to arrays, through the kernels of their device),
`setup_context` (what the backward needs, called only while recording) and `backward` (tensors to
tensors, so that it can be differentiated again). Its instance is the node of one call.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

from ..dtype import FLOATING
from ..errors import OperationError, shapes
from ..kernels.launch import kernels as kernel_tables
from ..tensor import Tensor, wrap
from .grad_mode import state
from .node import Node, edge_to, next_sequence
from .view import View

_new = object.__new__


def _snake_case(name: str) -> str:
    return "".join("_" + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(name))


class Operation(Node):
    """A differentiable operation of the framework. See `Function` for those of users."""

    keeps = 0  # how many of forward's last results are for the backward only, and stay arrays
    is_view = False  # the result shares its input's memory
    has_context = False  # whether there is anything to save
    saves_input = False  # the in-place form must copy its input before it is overwritten

    def __init_subclass__(cls) -> None:
        cls.operation_name = cls.__dict__.get("operation_name", _snake_case(cls.__name__))
        cls.__name__ += "Backward0"
        cls.has_context = cls.setup_context is not Operation.setup_context

    forward: Any  # static: (kernels, *arrays and parameters) -> array or tuple of arrays

    def setup_context(self, inputs: tuple[Any, ...], output: Any) -> None:
        """Says what is saved; `output` is what `forward` returned, tensors but for those kept."""

    @classmethod
    def apply(cls, *inputs: Any) -> Any:
        """Runs `forward` on the arrays of `inputs`, and records the call if a gradient needs it."""
        arrays = []
        array = None
        recording = False
        for value in inputs:
            if isinstance(value, Tensor):
                array = value.array
                arrays.append(array)
                if value._requires_grad or value._view is not None and value.requires_grad:
                    recording = True
            else:
                arrays.append(value)
        try:
            results = cls.forward(kernel_tables[type(array)], *arrays)
        except (ValueError, TypeError, OverflowError, KeyError) as error:
            raise explain(cls.operation_name, error, arrays) from error
        if type(results) is tuple:
            shown = len(results) - cls.keeps
            output = tuple([wrap(r) if i < shown else r for i, r in enumerate(results)])
        else:
            output = wrap(results)
        if cls.is_view:
            link_view(cls, inputs, output)  # type: ignore[arg-type]  # a view is a single result
        if recording and state.enabled:
            cls.record(inputs, output)
        if type(results) is tuple:
            return output[0] if shown == 1 else output[:shown]
        return output

    @classmethod
    def apply_binary(cls, a: Tensor, b: Any) -> Tensor:
        """`apply` for the elementwise operations of two, whose overhead counts the most."""
        x = a.array
        y = b.array if isinstance(b, Tensor) else b
        try:
            output = wrap(cls.forward(kernel_tables[type(x)], x, y))
        except (ValueError, TypeError, OverflowError) as error:
            raise explain(cls.operation_name, error, (x, y)) from error
        # A view's slot may not know yet that its base has come to require a gradient.
        recording = a._requires_grad or a._view is not None and a.requires_grad
        if not recording and y is not b:
            recording = b._requires_grad or b._view is not None and b.requires_grad
        if recording and state.enabled:
            node = cls.make_node((a, b), output, (edge_to(a), edge_to(b)))
            output._grad_fn = node
            output._requires_grad = True
        return output

    @classmethod
    def apply_inplace(cls, x: Tensor, *others: Any) -> Tensor:
        """Runs `forward` with x as its output, and puts the call into x's history."""
        recording = state.enabled and (
            x.requires_grad or any(isinstance(o, Tensor) and o.requires_grad for o in others)
        )
        original = x
        check_memory(x)
        if state.enabled:
            check_inplace(x)
        if recording and cls.saves_input:
            original = x.alias().clone()
        edges = tuple([edge_to(value) for value in (x, *others)]) if recording else ()
        arrays = [o.array if isinstance(o, Tensor) else o for o in others]
        try:
            cls.forward(kernel_tables[type(x.array)], x.array, *arrays, out=x.array)
        except (ValueError, TypeError, OverflowError) as error:
            raise explain(cls.operation_name, error, (x.array, *arrays)) from error
        x.bump_version()
        if recording:
            node = cls.make_node((original, *others), x, edges)
            node.forget_written(x)
            rebase_history(x, node)
        return x

    @classmethod
    def record(cls, inputs: tuple[Any, ...], output: Any) -> None:
        """Makes the node of a call and hangs it onto the call's floating-point outputs."""
        edges = tuple([edge_to(value) for value in inputs])
        node = cls.make_node(inputs, output, edges)
        if type(output) is not tuple:
            output._grad_fn = node
            output._requires_grad = True
            return
        for number, tensor in enumerate(output):
            if isinstance(tensor, Tensor) and tensor.dtype.category >= FLOATING:
                tensor._grad_fn = node
                tensor._requires_grad = True
                tensor._output_number = number

    @classmethod
    def make_node(cls, inputs: tuple[Any, ...], output: Any, edges: Any) -> Operation:
        node: Any = _new(cls)
        node._sequence = next_sequence()
        node._edges = edges
        node._saved = ()
        if type(output) is not tuple:
            array = output.array
            node._shape = array.shape
            node._dtype = array.dtype
        else:
            arrays = [o.array for o in output if isinstance(o, Tensor)]
            node._outputs = len(arrays)
            node._shape = tuple(a.shape for a in arrays) if len(arrays) > 1 else arrays[0].shape
            node._dtype = tuple(a.dtype for a in arrays) if len(arrays) > 1 else arrays[0].dtype
        if cls.has_context:
            node.setup_context(inputs, output)
        return node


class SavesInputs(Operation):
    """An operation whose backward needs its inputs."""

    saves_input = True

    def setup_context(self, inputs: tuple[Any, ...], output: Any) -> None:
        self.save(*inputs)


class SavesOutput(Operation):
    """An operation whose backward needs its result."""

    def setup_context(self, inputs: tuple[Any, ...], output: Any) -> None:
        self.save_output(output)


def explain(name: str, error: Exception, arrays: Any) -> Exception:
    """PyTorch's error for what an array library's kernel refused."""
    if isinstance(error, OperationError):
        return error
    if isinstance(error, KeyError):  # no table of kernels for what was given
        given = type(arrays[0]).__name__ if arrays else "nothing"
        return TypeError(f"{name}(): argument 'input' must be Tensor, not {given}")
    if isinstance(error, OverflowError):
        return OperationError(f"{name}: value cannot be converted without overflow ({error})")
    tensors = [a for a in arrays if type(a) in kernel_tables]
    devices = list(dict.fromkeys(str(kernel_tables[type(a)].device_of(a)) for a in tensors))
    if len(devices) > 1:
        devices.sort(key=lambda name: name == "cpu")  # PyTorch names the host last
        return OperationError(
            f"{name}: Expected all tensors to be on the same device, but found at least two "
            f"devices, {' and '.join(devices[:2])}! Move one with .to(device)."
        )
    mismatch = _broadcast_mismatch(tensors)
    if "broadcast" in str(error) and mismatch:
        return OperationError(f"{name}: {mismatch}")
    return OperationError(f"{name}: {error} (shapes {shapes(*tensors)})")


def link_view(cls: type[Operation], inputs: tuple[Any, ...], view: Tensor) -> None:
    """Ties a view to its base: one version counter, one history."""
    source = inputs[0]
    view._counter = source.counter()
    origin = source._view
    step = (cls, inputs[1:])
    if origin is None or source._requires_grad and source._grad_fn is None:
        view._view = View(source, (step,))  # a leaf is a base, even where it is a view itself
    else:
        view._view = View(origin.base, (*origin.steps, step))


def check_inplace(x: Tensor) -> None:
    """Raises PyTorch's errors for what may not be changed in place while recording."""
    for tensor, what in ((x, "leaf"), (x._base, "view of a leaf")):
        if tensor is not None and tensor.requires_grad and tensor._grad_fn is None:
            raise RuntimeError(
                f"a {what} Variable that requires grad is being used in an in-place operation."
            )
    if x._base is not None and x._base.requires_grad and not x.requires_grad:
        raise RuntimeError(
            "A view was created in no_grad mode and is being modified inplace with grad mode "
            "enabled. Either make the view inside of grad mode, or modify it under no_grad()."
        )


def check_memory(x: Tensor) -> None:
    """Raises PyTorch's error for a change in place of elements that share their memory."""
    array = x.array
    if 0 in array.strides and array.size and any(
        s == 0 and n > 1 for s, n in zip(array.strides, array.shape, strict=True)
    ):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )


def rebase_history(x: Tensor, node: Node) -> None:
    """Makes `node`, which changed x in place, the last entry of x's history.

    If x is a view, its base has changed too: the base's history gets a `CopySlices`, from which the
    view's own is derived anew.
    """
    if x._view is None:
        x._grad_fn = node
        x._requires_grad = True
        x._output_number = 0
        return
    base = x._view.base
    base._grad_fn = CopySlices(base, x._view.steps, node)
    base._requires_grad = True
    base._output_number = 0
    x._view.refresh(x)


class CopySlices(Node):
    """An in-place operation on a view, as seen from the view's base."""

    def __init__(self, base: Tensor, steps: tuple[Any, ...], node: Node) -> None:
        self._sequence = next_sequence()
        self._edges = (edge_to(base), *node._edges[1:])
        self._shape = base.array.shape
        self._dtype = base.array.dtype
        self._saved = ()
        self.steps = steps
        self.node = node

    def backward(self, grad: Tensor) -> Any:
        grad = grad.clone()
        part = View.replay(grad, self.steps)
        gradients = self.node.backward(part.clone())
        if not isinstance(gradients, tuple):
            gradients = (gradients,)
        if gradients[0] is None:
            part.zero_()
        else:
            part.copy_(gradients[0].expand(part.shape))
        return (grad, *gradients[1:])

    def release(self) -> None:
        self.node.release()


def _broadcast_mismatch(arrays: Any) -> str | None:
    """PyTorch's sentence for the first two shapes that do not broadcast."""
    for a, b in combinations([tuple(x.shape) for x in arrays], 2):
        rank = max(len(a), len(b))
        left, right = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
        for dim in reversed(range(rank)):
            if left[dim] != right[dim] and 1 not in (left[dim], right[dim]):
                return (
                    f"The size of tensor a ({left[dim]}) must match the size of tensor b "
                    f"({right[dim]}) at non-singleton dimension {dim} (shapes {a} and {b})"
                )
    return None
