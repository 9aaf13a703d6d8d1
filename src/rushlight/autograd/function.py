"""Operations that users define: `torch.autograd.Function`."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .grad_mode import enable_grad, no_grad, state
from .operation import Node, _next_sequence, check_inplace, edge_to


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
            # As a plain function it is called alike by node.backward(grad) and by
            # cls.backward(ctx, grad).
            cls.backward = backward.__func__  # type: ignore[method-assign]

    materialize_grads = True
    _to_save: tuple[Any, ...] = ()
    _non_differentiable: tuple[Any, ...] = ()
    _dirty: tuple[Any, ...] = ()

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        raise NotImplementedError("setup_context is not implemented.")

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        self._to_save = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        self._non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        self.materialize_grads = value

    @classmethod
    def apply(cls, *inputs: Any) -> Any:
        node = cls.__new__(cls)
        node.sequence = _next_sequence()
        node._saved = ()
        recording = state.enabled and any(
            isinstance(value, Tensor) and value.requires_grad for value in inputs
        )
        node.edges = tuple([edge_to(v) for v in inputs]) if recording else (None,) * len(inputs)
        combined = cls.setup_context is Function.setup_context
        with no_grad():
            if combined:
                result = cls.forward(node, *inputs)
            else:
                result = cls.forward(*inputs)
                cls.setup_context(node, inputs, result)
        if not recording:
            return result
        single = not isinstance(result, tuple)
        outputs = (result,) if single else result
        shown = tuple(node._connect(i, out, inputs) for i, out in enumerate(outputs))
        arrays = [out.array for out in shown if isinstance(out, Tensor)]
        node.outputs = len(shown)
        node.shape = arrays[0].shape if single else tuple(a.shape for a in arrays)
        node.dtype = arrays[0].dtype if single else tuple(a.dtype for a in arrays)
        if len(shown) == 1 and not single:
            node.shape, node.dtype = node.shape[0], node.dtype[0]
        node._keep(outputs)
        return shown[0] if single else shown

    def _connect(self, number: int, output: Any, inputs: tuple[Any, ...]) -> Any:
        """Hangs this node onto an output of `forward`."""
        if not isinstance(output, Tensor):
            return output
        if _in(output, self._non_differentiable) or output.array.dtype.kind not in "fc":
            return output
        if _in(output, self._dirty):
            with enable_grad():
                check_inplace(output)
            output.bump_version()
        elif _in(output, inputs):
            output = output.alias()
        output._grad_fn = self
        output._requires_grad = True
        output._output_number = number
        return output

    def _keep(self, outputs: tuple[Any, ...]) -> None:
        """Saves what forward asked for; own outputs without their history, to make no cycle."""
        self._own = {i: outputs.index(t) for i, t in enumerate(self._to_save) if _in(t, outputs)}
        self.save(*[t.alias() if i in self._own else t for i, t in enumerate(self._to_save)])
        self._to_save = self._dirty = self._non_differentiable = ()

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        saved = list(super().saved_tensors)
        for position, number in self._own.items():
            output = saved[position] = saved[position].alias()
            output._grad_fn, output._requires_grad = self, True
            output._output_number = number
        return tuple(saved)

    def name(self) -> str:
        return type(self).__name__ + "Backward"


def _in(tensor: Any, tensors: tuple[Any, ...]) -> bool:
    return any(tensor is t for t in tensors)
