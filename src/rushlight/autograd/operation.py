"""Operations: what runs kernels on the arrays of tensors, and makes the nodes of the graph.

An operation is a class whose kernel takes its inputs in order (or a `forward`, arrays to arrays
through the kernels of their device, where it does not), with `backward` (tensors to tensors, so
that it can be differentiated again) and what that needs: `parameters`, `SavesInputs`, `SavesOutput`
or a `setup_context`, which is called only while recording. Its instance is the node of one call.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from ..dtype import FLOATING
from ..dtype import dtype as DType
from ..grad_mode import state
from ..kernels import launch
from ..kernels.launch import kernels as kernel_tables
from ..kernels.launch import watchers
from ..tensor import Tensor, wrap
from .explain import explain
from .inplace import (
    check_inference,
    check_inplace,
    check_memory,
    check_overlap,
    is_tracked,
    rebase_history,
    snapshot,
)
from .mirror import written
from .node import Node, edge_to, next_sequence
from .view import View

_new = object.__new__


def _snake_case(name: str) -> str:
    """`LogSoftmax` as `log_softmax`; a digit belongs to the word before it."""
    return "".join("_" + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(name))


class Operation(Node):
    """A differentiable operation of the framework. See `Function` for those of users."""

    operation_name: str  # the class's name in snake case, unless said otherwise
    kernel: str  # the kernel's name: the operation's, unless said otherwise
    node_name: str  # how the graph shows it: the class's name and "Backward0", likewise
    # The last inputs, which are no tensors, are kept as attributes of the node: a class annotates
    # them in their order, without a value, and `parameters` are their names.
    parameters: tuple[str, ...] = ()
    input_shape: tuple[int, ...]
    saves: tuple[int, ...] = ()  # numbers of the inputs that are saved for the backward
    keeps_shape = False  # whether the first input's shape is kept as `input_shape`
    keeps = 0  # how many of the kernel's last results are for the backward only, and stay arrays
    differentiable = True
    floats = False  # whether whole numbers become floating-point ones first
    commutative = False
    takes_numbers = True  # whether the second operand may be a number
    takes_number_first = False  # whether the function takes a number and a tensor, too
    wide_scalar = False  # whether a 0-d operand beside halves keeps its range
    refuses_bool: tuple[str, ...] = ()  # PyTorch's words where a mask is an operand, and two are
    makes_bool = False  # a change in place then takes the truth values as its dtype has them
    has_context = False  # whether there is anything to save
    saves_input = False  # the in-place form must copy its input before it is overwritten
    writes_one_value = False  # everywhere, so that elements may share their memory

    def __init_subclass__(cls) -> None:
        own = cls.__dict__
        cls.operation_name = own.get("operation_name", _snake_case(cls.__name__))
        cls.kernel = own.get("kernel", cls.operation_name)
        cls.__name__ = own.get("node_name", cls.__name__ + "Backward0")
        annotated = own.get("__annotations__", ())
        cls.parameters += tuple([name for name in annotated if name not in own])
        cls.has_context = (
            bool(cls.parameters) or bool(cls.saves) or cls.keeps_shape
            or cls.setup_context is not Operation.setup_context
        )  # fmt: skip

    @classmethod
    def renamed(cls, name: str, operation_name: str = "") -> type[Any]:
        """The same operation under the name that PyTorch's graph has for one of its uses.

        Messages and traces have the new name, too, or `operation_name`; then pictures show what
        the operation does, not what PyTorch makes it of.
        """
        own = {"kernel": cls.kernel, "node_name": name + "Backward0", "__doc__": cls.__doc__}
        if operation_name:
            own.update(operation_name=operation_name, drawn_as=cls.__name__)
        return type(name, (cls,), own)

    # static: (kernels, *arrays and parameters) -> array or tuple of arrays. None where the kernel
    # takes the operation's inputs as they are.
    forward: Any = None

    def setup_context(self, inputs: tuple[Any, ...], output: Any) -> None:
        """Says what is saved; `output` is what the kernel gave, tensors but for those kept."""
        if self.saves:
            self.save(*[inputs[number] for number in self.saves])

    def given(self) -> tuple[Any, ...]:
        """The parameters of this call."""
        return tuple([getattr(self, name) for name in self.parameters])

    @classmethod
    def apply(cls, *inputs: Any) -> Any:
        """Runs the kernel on the inputs' arrays, and records the call if a gradient needs it."""
        arrays = []
        array = None
        recording = False
        for value in inputs:
            if isinstance(value, Tensor):
                array = value.array
                arrays.append(array)
                view = value._view
                if value._requires_grad or view is not None and view.requires_grad(value):
                    recording = True
            else:
                arrays.append(value)
        try:
            table = kernel_tables[type(array)]
            if launch.batching is not None:
                table = launch.batching.table_for(arrays) or table
            if cls.forward is None:
                results = getattr(table, cls.kernel)(*arrays)
            else:
                results = cls.forward(table, *arrays)
        except (ValueError, TypeError, OverflowError, KeyError, MemoryError) as error:
            raise explain(cls.operation_name, error, arrays) from error
        if type(results) is not tuple:
            output: Any = _new(Tensor)  # as `wrap` does, a call less
            output.array = results
            output._requires_grad = False
            output._grad_fn = output._view = None
            if watchers:
                watch(cls.operation_name, inputs, output)
            if recording and state.enabled and cls.differentiable:
                cls.record(inputs, output)
            return output
        if launch.recorder is not None:
            launch.recorder.see_call(cls.operation_name, inputs, results)
        shown = len(results) - cls.keeps
        recording = recording and state.enabled and cls.differentiable
        if shown == 1 and not recording:
            return wrap(results[0])
        outputs = tuple([wrap(r) if i < shown else r for i, r in enumerate(results)])
        if recording:
            cls.record(inputs, outputs)
        return outputs[0] if shown == 1 else outputs[:shown]

    @classmethod
    def finish(cls, *inputs: Any) -> Any:
        """`apply` as the last thing that a function does: its result goes straight where the
        function's in-place form or `out=` wants it, if the kernel can write there."""
        destination = state.destination
        if destination is not None and destination.takes(cls, inputs, sys._getframe(1).f_code):
            return destination.write(cls, inputs)
        return cls.apply(*inputs)

    @classmethod
    def apply_inplace(cls, x: Tensor, *others: Any) -> Tensor:
        """Runs the kernel with x as its output, and puts the call into x's history."""
        recording = False
        original = x
        # Of a plain tensor there is little to ask: each question takes 0.1 us.
        wants = x._requires_grad
        if wants is None or 0 in x.array.strides:
            (check_inference if cls.writes_one_value else check_memory)(x)
        if (wants or x._view is not None) and state.enabled and is_tracked(x):
            check_inplace(x)
            recording = cls.differentiable and x.requires_grad
        if x._counter is not None and others:
            check_overlap(x, others)
        arrays = []
        for other in others:
            if isinstance(other, Tensor):
                arrays.append(other.array)
                view = other._view
                wants = other._requires_grad or view is not None and view.requires_grad(other)
                if wants and state.enabled and cls.differentiable:
                    recording = True
            else:
                arrays.append(other)
        if recording and cls.saves_input:
            original = snapshot(x)
        edges = tuple([edge_to(value) for value in (x, *others)]) if recording else ()
        table = kernel_tables[type(x.array)]
        if launch.batching is not None:
            table = launch.batching.table_for(arrays) or table
        try:
            if cls.forward is None:
                getattr(table, cls.kernel)(x.array, *arrays, x.array)
            else:
                cls.forward(table, x.array, *arrays, out=x.array)
        except (ValueError, TypeError, OverflowError, MemoryError) as error:
            raise explain(cls.operation_name, error, (x.array, *arrays)) from error
        if launch.recorder is not None:
            launch.recorder.see_call(cls.operation_name, (x, *others), x.array)
        if not recording:
            written(x)
            return x
        x.bump_version()
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
            if not isinstance(tensor, Tensor):
                continue
            if DType.from_numpy(tensor.array.dtype).category >= FLOATING:
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
            for name, value in zip(reversed(cls.parameters), reversed(inputs), strict=False):
                setattr(node, name, value)
            if cls.keeps_shape:
                node.input_shape = inputs[0].array.shape
            node.setup_context(inputs, output)
        return node


class ViewOperation(Operation):
    """An operation of one tensor whose result shares its memory: one version, one history.

    Its node keeps `input_shape` and the parameters, as views are too small to do it generally.
    """

    @classmethod
    def apply(cls, source: Tensor, *parameters: Any) -> Any:
        array = source.array
        try:
            shared = getattr(kernel_tables[type(array)], cls.kernel)(array, *parameters)
        except (ValueError, TypeError, OverflowError, KeyError) as error:
            raise explain(cls.operation_name, error, (array, *parameters)) from error
        if launch.recorder is not None:
            launch.recorder.see_call(cls.operation_name, (source, *parameters), shared)
        view: Any = _new(Tensor)
        view.array = shared
        view._requires_grad = None if source._requires_grad is None else False
        view._grad_fn = None
        view._counter = source._counter or source.counter()
        origin = source._view
        way: Any = _new(View)  # its __init__ would be a tenth of the time
        # A leaf is a base, even where it is a view itself.
        if origin is None or source._requires_grad and source._grad_fn is None:
            way.base, way.steps = source, (None, cls, parameters)
        else:
            way.base, way.steps = origin.base, (origin.steps, cls, parameters)
        way.base_grad_fn = way.base._grad_fn
        view._view = way
        if (source._requires_grad or origin is not None and origin.requires_grad(source)) and (
            state.enabled and cls.differentiable
        ):
            node: Any = _new(cls)
            node._edges = (edge_to(source),)  # which may make nodes: they come before this one
            node._sequence = next_sequence()
            node._saved = ()
            node._shape, node._dtype = shared.shape, shared.dtype
            node.input_shape = array.shape
            for name, value in zip(cls.parameters, parameters, strict=True):
                setattr(node, name, value)
            view._grad_fn = node
            view._requires_grad = True
        return view


    @classmethod
    def apply_each(cls, source: Tensor, several: Sequence[tuple[Any, ...]]) -> tuple[Tensor, ...]:
        """`apply` with each of several parameters, at half of the time for a plain tensor."""
        if source._requires_grad is not False or source._view is not None or watchers:
            return tuple([cls.apply(source, *parameters) for parameters in several])
        array = source.array
        kernel = getattr(kernel_tables[type(array)], cls.kernel)
        counter = source._counter or source.counter()
        views = []
        for parameters in several:
            try:
                shared = kernel(array, *parameters)
            except (ValueError, TypeError, OverflowError, KeyError) as error:
                raise explain(cls.operation_name, error, (array, *parameters)) from error
            view: Any = _new(Tensor)
            view.array = shared
            view._requires_grad = False
            view._grad_fn = None
            view._counter = counter
            way: Any = _new(View)
            view._view = way
            way.base, way.steps, way.base_grad_fn = source, (None, cls, parameters), None
            views.append(view)
        return tuple(views)


def watch(name: str, inputs: tuple[Any, ...], output: Tensor) -> None:
    """Tells a recorder of a call, and marks what is made within `inference_mode`."""
    if launch.recorder is not None:
        launch.recorder.see_call(name, inputs, output.array)
    if state.inference:
        output._requires_grad = None


class SavesInputs(Operation):
    """An operation whose backward needs its inputs."""

    saves_input = True

    def setup_context(self, inputs: tuple[Any, ...], output: Any) -> None:
        self.save(*inputs[: len(inputs) - len(self.parameters)])


class SavesOutput(Operation):
    """An operation whose backward needs its result."""

    def setup_context(self, inputs: tuple[Any, ...], output: Any) -> None:
        self.save_output(output)


class SavesOutputAndInput(Operation):
    """An operation whose backward needs its result, and then its first input."""

    def setup_context(self, inputs: tuple[Any, ...], output: Any) -> None:
        self.save_output(output, inputs[0])
