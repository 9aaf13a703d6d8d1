"""Operations that users define: `torch.autograd.Function`."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..dtype import FLOATING
from ..grad_mode import enable_grad, no_grad, state
from ..kernels import launch
from ..tensor import Tensor
from .inplace import check_inplace, rebase_history
from .mirror import written
from .node import Node, edge_to, next_sequence
from .operation import Operation


class Function(Node):
    """A differentiable function written by its forward and its backward, both on tensors.

    `forward(ctx, *inputs)` saves what `backward(ctx, *grads)` needs with `ctx.save_for_backward`;
    or `forward(*inputs)` stands beside `setup_context(ctx, inputs, output)`. Call it by `apply`.

    >>> import rushlight as torch
    >>> class Square(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         (x,) = ctx.saved_tensors
    ...         return 2 * x * grad
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> Square.apply(x).backward()
    >>> x.grad
    tensor(6.)
    """

    def __init_subclass__(cls) -> None:
        cls.operation_name = cls.__name__
        backward = cls.__dict__.get("backward")
        if isinstance(backward, staticmethod):
            cls.backward = _checked(backward.__func__)  # type: ignore[method-assign]  # it gets its self
        elif "jvp" in cls.__dict__ and cls.backward is Function.backward:
            cls.backward = _checked(Function.backward)  # type: ignore[method-assign]

    generate_vmap_rule = False  # `forward` and `backward` run on batched tensors in any case
    makes_gradients = False
    materialize_grads = True
    _to_save: tuple[Any, ...] = ()
    _non_differentiable: tuple[Any, ...] = ()
    _dirty: tuple[Any, ...] = ()
    _for_forward: tuple[Any, ...] = ()
    _input_shapes: Any
    _is_forward = False  # whether its `jvp` runs

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        raise NotImplementedError("setup_context is not implemented.")

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    "save_for_backward can only save variables, but an argument is of type "
                    f"{type(tensor).__name__}; keep it as an attribute of ctx"
                )
        self._to_save = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        self._non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        self.materialize_grads = value

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keeps tensors for `jvp`, whose `ctx.saved_tensors` they are."""
        self._for_forward = tensors

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use "
            "new-style autograd function with static forward method: call MyFunction.apply(...)."
        )

    @classmethod
    def apply(cls, *inputs: Any, **named: Any) -> Any:
        if named or cls.setup_context is not Function.setup_context:
            inputs = cls._all_inputs(inputs, named)
        if launch.batching is not None and hasattr(cls, "vmap"):
            level = launch.batching.level_of_tensors(inputs)
            if level is not None:
                if cls.generate_vmap_rule:
                    raise RuntimeError(
                        f"You tried to vmap over {cls.__name__}, but it has both "
                        "generate_vmap_rule=True and an overridden vmap staticmethod. Please set "
                        "generate_vmap_rule=False or delete the overridden vmap staticmethod to "
                        "avoid ambiguity."
                    )
                return launch.batching.call_vmap(cls, level, inputs)
        node = cls._node_class()()
        node._saved = ()
        recording = state.enabled and any(
            isinstance(value, Tensor) and value.requires_grad for value in inputs
        )
        node._edges = tuple([edge_to(v) for v in inputs]) if recording else (None,) * len(inputs)
        if hasattr(cls, "jvp"):
            node._input_shapes = [v.array.shape if isinstance(v, Tensor) else None for v in inputs]
        node._sequence = next_sequence()  # after those of views that `edge_to` brings up to date
        combined = cls.setup_context is Function.setup_context
        with no_grad():
            if combined:
                result = cls.forward(node, *inputs)
            else:
                result = cls.forward(*inputs)
                cls.setup_context(node, inputs, result)
        if not recording:
            return cls._unrecorded(node, inputs, result)
        single = not isinstance(result, tuple)
        outputs = (result,) if single else result
        arrays = [getattr(out, "array", None) for out in outputs]  # None for what is no tensor
        shapes = tuple([getattr(a, "shape", ()) for a in arrays])
        dtypes = tuple([getattr(a, "dtype", np.dtype("float32")) for a in arrays])
        node._outputs = len(outputs)
        node._shape = shapes[0] if len(outputs) == 1 else shapes
        node._dtype = dtypes[0] if len(outputs) == 1 else dtypes
        shown = tuple([node._connect(i, out, inputs) for i, out in enumerate(outputs)])
        node._keep(outputs)
        return shown[0] if single else shown

    @classmethod
    def _all_inputs(cls, inputs: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """The inputs in their order, those that were given by name or left away among them."""
        combined = cls.setup_context is Function.setup_context
        first = (None,) if combined else ()  # the place of ctx
        bound = inspect.signature(cls.forward).bind(*first, *inputs, **named)
        bound.apply_defaults()
        if bound.kwargs:
            raise TypeError(f"{cls.__name__}.apply() takes no keyword-only arguments")
        return bound.args[combined:]

    @staticmethod
    def _unrecorded(node: Function, inputs: tuple[Any, ...], result: Any) -> Any:
        """A forward's results where no gradient is asked for: an input comes back as an alias."""
        for tensor in node._dirty:
            written(tensor)
        outputs = result if isinstance(result, tuple) else (result,)
        outputs = tuple([
            t.alias() if _in(t, inputs) and not _in(t, node._dirty) and isinstance(t, Tensor) else t
            for t in outputs
        ])  # fmt: skip
        return outputs if isinstance(result, tuple) else outputs[0]

    def _connect(self, number: int, output: Any, inputs: tuple[Any, ...]) -> Any:
        """Hangs this node onto an output of `forward`."""
        if not isinstance(output, Tensor):
            return output
        if _in(output, self._non_differentiable) or output.dtype.category < FLOATING:
            return output.alias() if _in(output, inputs) else output
        if _in(output, self._dirty):
            with enable_grad():
                check_inplace(output)
            if output._view is not None and self._outputs > 1:
                raise RuntimeError(
                    "If your Function modifies inplace an input that is a view of another Tensor, "
                    "your Function cannot return more than one Tensor. Clone the input before the "
                    "call, or split the Function into two."
                )
            output.bump_version()
            rebase_history(output, self, number)
            return output
        if _in(output, inputs):
            output = output.alias()
        output.rebase(self, number)
        return output

    def _keep(self, outputs: tuple[Any, ...]) -> None:
        """Saves what forward asked for; own outputs without their history, to make no cycle."""
        self._own = _places(self._to_save, outputs)
        self._own_for_forward = _places(self._for_forward, outputs)
        self.save(*_cut(self._to_save, self._own))
        self._for_forward = _cut(self._for_forward, self._own_for_forward)
        self._to_save = self._dirty = self._non_differentiable = ()

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        if self._is_forward and self._for_forward:
            return self._joined(self._for_forward, self._own_for_forward)
        return self._joined(super().saved_tensors, self._own)

    @property
    def saved_variables(self) -> tuple[Any, ...]:
        """`saved_tensors`, by the name of PyTorch 0.3."""
        warnings.warn(
            "'saved_variables' is deprecated; use 'saved_tensors'", DeprecationWarning, stacklevel=2
        )
        return self.saved_tensors

    def _joined(self, saved: tuple[Any, ...], own: dict[int, int]) -> tuple[Any, ...]:
        """Saved tensors, outputs among them with the history that they have."""
        found = list(saved)
        for position, number in own.items():
            output = found[position] = found[position].alias()
            output._grad_fn, output._requires_grad = self, True
            output._output_number = number
        return tuple(found)

    def _tangents(self, given: tuple[Any, ...]) -> list[Any]:
        """The outputs' tangents for those of the inputs, by the user's `jvp`."""
        self._is_forward = True
        try:
            found = self.jvp(self, *given)  # type: ignore[attr-defined]  # asked for before
        finally:
            self._is_forward = False
        tangents = list(found) if isinstance(found, tuple) else [found]
        if len(tangents) != self._outputs:
            raise RuntimeError(
                "Function's jvp returned an invalid number of forward gradients (expected "
                f"{self._outputs} but got {len(tangents)})"
            )
        shapes = [self._shape] if self._outputs == 1 else self._shape
        for tangent, shape in zip(tangents, shapes, strict=True):
            if tangent is not None and tangent.array.shape != shape:
                raise RuntimeError(
                    "Trying to set a forward gradient that has a different size than that of the "
                    f"original Tensor, this is not supported. Tensor is of size {list(shape)} "
                    f"while the given forward gradient is of size {list(tangent.shape)}."
                )
        return tangents

    @classmethod
    def _node_class(cls) -> Any:
        """The class of the graph's nodes, which has a name of its own."""
        if "_own_node_class" not in cls.__dict__:
            cls._own_node_class = type(f"{cls.__name__}Backward", (cls,), {})
        return cls._own_node_class

    _own_node_class: Any

    @staticmethod
    def backward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )


FunctionCtx = Function  # what forward and backward call `ctx` is the node


def _in(tensor: Any, tensors: tuple[Any, ...]) -> bool:
    return any(tensor is t for t in tensors)


def _checked(backward: Callable[..., Any]) -> Callable[..., Any]:
    """A user's backward as a method, called alike by the engine and as `cls.backward(ctx, grad)`,
    whose results are checked."""

    @functools.wraps(backward)
    def checked(ctx: Function, *gradients: Any) -> Any:
        if state.linearizing and hasattr(ctx, "jvp"):
            return transposed(ctx, gradients)
        results = backward(ctx, *gradients)
        given = results if isinstance(results, tuple) else (results,)
        name, expected = type(ctx).__name__, len(ctx._edges)
        if len(given) < expected or any(g is not None for g in given[expected:]):
            raise RuntimeError(
                f"function {name} returned an incorrect number of gradients (expected {expected}, "
                f"got {len(given)})"
            )
        for number, (gradient, edge) in enumerate(zip(given, ctx._edges, strict=False)):
            if gradient is not None and not isinstance(gradient, Tensor):
                raise RuntimeError(
                    f"function {name} returned a {type(gradient).__name__} as gradient {number}: "
                    "expected Variable or None"
                )
            if edge and gradient is not None:
                _check_shape(name, number, gradient.array.shape, _shape_at(edge))
        return given[:expected]

    return checked


class _Transposed(Operation):
    """A `Function`'s backward where only its own derivative is asked for, which is the `jvp`: what
    it gives are zeros of the inputs' shapes."""

    function: Any
    places: Any  # of the outputs whose gradients are given
    shapes: Any

    @staticmethod
    def forward(kernels: Any, *inputs: Any) -> Any:
        like, shapes = inputs[0], inputs[-1]
        return tuple([kernels.full(shape, 0, like.dtype, like) for shape in shapes])

    def backward(self, *tangents: Tensor) -> Any:
        values = iter(tangents)
        function = self.function
        given = [next(values) if edge else None for edge in function._edges]
        if function.materialize_grads:
            given = [
                tangents[0].new_zeros(shape) if tangent is None and shape is not None else tangent
                for tangent, shape in zip(given, function._input_shapes, strict=True)
            ]
        found = function._tangents(tuple(given))
        return (*[found[place] for place in self.places], None, None, None)


def transposed(function: Function, gradients: tuple[Any, ...]) -> Any:
    """Gradients of a function's inputs, through which a second backward leads to its `jvp`."""
    places = [i for i, gradient in enumerate(gradients) if gradient is not None]
    shapes = tuple([_shape_at(edge) for edge in function._edges if edge])
    found = _Transposed.apply(*[gradients[i] for i in places], function, places, shapes)
    values = iter(found if isinstance(found, tuple) else (found,))
    return tuple([next(values) if edge else None for edge in function._edges])


def _places(tensors: tuple[Any, ...], outputs: tuple[Any, ...]) -> dict[int, int]:
    """Which of the tensors are outputs, and which ones."""
    found = {}
    for place, tensor in enumerate(tensors):
        for number, output in enumerate(outputs):
            if tensor is output and tensor is not None:
                found[place] = number
    return found


def _cut(tensors: tuple[Any, ...], own: dict[int, int]) -> tuple[Any, ...]:
    return tuple([t.alias() if i in own else t for i, t in enumerate(tensors)])


def _shape_at(edge: tuple[Any, int]) -> tuple[int, ...]:
    target, number = edge
    if isinstance(target, Tensor):
        return target.array.shape
    return target._shape if target._outputs == 1 else target._shape[number]


def _check_shape(name: str, number: int, got: Any, expected: Any) -> None:
    """A gradient may have the shape that its input was broadcast to."""
    extra = len(got) - len(expected)
    if extra < 0 or any(n not in (1, m) for n, m in zip(expected, got[extra:], strict=True)):
        raise RuntimeError(
            f"Function {name} returned an invalid gradient at index {number} - got {list(got)} but "
            f"expected shape compatible with {list(expected)}"
        )


class InplaceFunction(Function):
    """PyTorch's older base of functions that change an input; `Function` does as well.

    >>> import rushlight as torch
    >>> issubclass(torch.autograd.function.InplaceFunction, torch.autograd.Function)
    True
    """


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a `backward` whose result cannot be differentiated again, as it leaves PyTorch.

    It runs without recording, and a second backward through it raises.

    >>> import rushlight as torch
    >>> class Double(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return 2 * x
    ...
    ...     @staticmethod
    ...     @torch.autograd.function.once_differentiable
    ...     def backward(ctx, grad):
    ...         return 2 * grad
    """

    @functools.wraps(fn)
    def once(ctx: Any, *gradients: Any) -> Any:
        with no_grad():
            results = fn(ctx, *gradients)
        if not state.enabled or not any(
            isinstance(g, Tensor) and g.requires_grad for g in gradients
        ):
            return results
        if isinstance(results, tuple):
            return tuple([_final(result) for result in results])
        return _final(results)

    return once


def _final(result: Any) -> Any:
    """A gradient through which no second backward leads."""
    if not isinstance(result, Tensor) or result.dtype.category < FLOATING:
        return result
    return _Once.apply(result.detach().requires_grad_())


class _Once(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )
