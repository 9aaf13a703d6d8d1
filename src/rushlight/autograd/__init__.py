"""Automatic differentiation of what was recorded: `backward`, `grad`, and their graph."""

from __future__ import annotations

import warnings
from typing import Any

from ..grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from ..kernels import launch
from ..kernels.launch import kernels
from ..tensor import Tensor, wrap
from ..torch_function import handle_torch_function, has_torch_function
from . import anomaly_mode, engine, forward_ad, function, functional, grad_mode, graph, variable
from .anomaly_mode import detect_anomaly, set_detect_anomaly
from .function import Function
from .grad_mode import set_multithreading_enabled
from .gradcheck import gradcheck, gradgradcheck
from .node import AccumulateGrad, Node
from .variable import Variable

__all__ = [
    "Function", "Node", "Variable", "anomaly_mode", "backward", "detect_anomaly", "enable_grad",
    "forward_ad", "function", "functional", "grad", "grad_mode", "gradcheck", "gradgradcheck",
    "graph", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad",
    "set_detect_anomaly", "set_grad_enabled", "set_multithreading_enabled", "variable",
]  # fmt: skip


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Adds to the `grad` of every leaf the sum of the gradients of `tensors` with respect to it.

    Each tensor's gradient is weighted by its entry of `grad_tensors`, which a tensor of one element
    does not need. What the graph saved is freed, unless `retain_graph` (or `create_graph`, which
    also records the backward for a second one). `inputs` restricts the leaves that are added to:
    a tensor, several, or a dictionary of them. `grad_variables` is an old name of `grad_tensors`.

    >>> import rushlight as torch
    >>> w = torch.tensor([2.0, 3.0], requires_grad=True)
    >>> torch.autograd.backward((w * w).sum())
    >>> w.grad
    tensor([4., 6.])
    """
    if grad_variables is not None:
        warnings.warn(
            "`grad_variables` is deprecated. Use `grad_tensors` instead.",
            FutureWarning,
            stacklevel=2,
        )
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to "
                "`backward()`. Please only use `grad_tensors`."
            )
        grad_tensors = grad_variables
    if isinstance(tensors, Tensor) and not isinstance(grad_tensors, (list, tuple)):
        roots, gradients = [tensors], [_root_gradient(tensors, grad_tensors)]
    else:
        roots = _as_list(tensors)
        gradients = _root_gradients(roots, _as_list(grad_tensors, len(roots)))
    if inputs is not None:
        inputs = _as_list(list(inputs.values()) if type(inputs) is dict else inputs)
        if not inputs:
            raise RuntimeError("'inputs' argument to backward() cannot be empty.")
        _check_differentiable(inputs)
        for tensor in inputs:
            tensor.retain_grad()  # also a tensor that is no leaf gets a `grad`
    retain = create_graph if retain_graph is None else retain_graph
    engine.run(roots, gradients, retain, create_graph, inputs, accumulate=True)


def _tensor_backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Adds the gradient of this tensor to the `grad` of every leaf it was computed from.

    Without `gradient` the tensor must have one element. See `torch.autograd.backward`.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """
    backward(self, gradient, retain_graph, create_graph, inputs=inputs)


_tensor_backward.__name__ = "backward"
setattr(Tensor, "backward", _tensor_backward)  # noqa: B010


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """The sum of the gradients of `outputs` with respect to each of `inputs`, returned, not stored.

    They are a tuple, or a dictionary with the keys of `inputs` where these are one.
    `only_inputs` is not used any more.

    >>> import rushlight as torch
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> (dx,) = torch.autograd.grad(x**3, x, create_graph=True)
    >>> torch.autograd.grad(dx, x)
    (tensor(18.),)
    """
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To "
            "accumulate gradient for other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    if type(inputs) is dict:
        gradients = grad(
            outputs, list(inputs.values()), grad_outputs, retain_graph, create_graph, True,
            allow_unused, is_grads_batched, materialize_grads,
        )  # fmt: skip
        return dict(zip(inputs, gradients, strict=True))
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    roots = _as_list(outputs)
    wanted: list[Any] = [inputs] if isinstance(inputs, graph.GradientEdge) else _as_list(inputs)
    if not wanted:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    if has_torch_function((*roots, *wanted)):
        return handle_torch_function(
            grad, (*roots, *wanted), outputs, inputs, grad_outputs=grad_outputs,
            retain_graph=retain_graph, create_graph=create_graph, allow_unused=allow_unused,
            is_grads_batched=is_grads_batched, materialize_grads=materialize_grads,
        )  # fmt: skip
    wanted = [_at_edge(v) if isinstance(v, graph.GradientEdge) else v for v in wanted]
    given = _as_list(grad_outputs, len(roots))
    retain = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        _check_differentiable(wanted)
        found = _batched_grad(roots, given, retain, create_graph, wanted)
    else:
        gradients = _root_gradients(roots, given)
        _check_differentiable(wanted)
        found = engine.run(roots, gradients, retain, create_graph, wanted, accumulate=False)
    if materialize_grads:
        pairs = zip(wanted, found, strict=True)
        return tuple(t.new_zeros(t.shape) if g is None else g for t, g in pairs)
    if not allow_unused and any(g is None for g in found):
        raise RuntimeError(
            "One of the differentiated Tensors appears to not have been used in the graph. "
            "Set allow_unused=True if this is the desired behavior."
        )
    return tuple(found)


def _batched_grad(
    roots: list[Tensor], given: list[Any], retain: bool, create_graph: bool, wanted: list[Any]
) -> list[Any]:
    """The gradients for many weights of the roots at once, which the first dimension counts."""
    from ..func.batching import vmap

    for number, (root, gradient) in enumerate(zip(roots, given, strict=True)):
        if isinstance(gradient, Tensor) and gradient.array.shape[1:] != root.array.shape:
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output "
                "as the batch dimension. The sizes of the remaining dimensions are expected to "
                "match the shape of corresponding output, but a mismatch was detected: "
                f"grad_output[{number}] has a shape of {gradient.shape} and output[{number}] has a "
                f"shape of {root.shape}."
            )
    batches = [gradient for gradient in given if gradient is not None]
    found: list[Any] = [None] * len(wanted)
    used: list[int] = []

    def call(*examples: Tensor) -> tuple[Any, ...]:
        values = iter(examples)
        weights = [None if gradient is None else next(values) for gradient in given]
        gradients = _root_gradients(roots, weights)
        results = engine.run(roots, gradients, retain, create_graph, wanted, accumulate=False)
        used.extend([place for place, result in enumerate(results) if result is not None])
        return tuple([results[place] for place in used])

    for place, result in zip(used, vmap(call)(*batches), strict=True):
        found[place] = result
    return found


def _at_edge(edge: graph.GradientEdge) -> Any:
    """What stands for the tensor at an edge: all that the engine asks it for is its place."""
    if isinstance(edge.node, AccumulateGrad):
        return edge.node.variable
    stand_in = wrap(None)
    stand_in._grad_fn, stand_in._requires_grad = edge.node, True
    stand_in._output_number = edge.output_nr
    return stand_in


def _check_differentiable(tensors: list[Tensor]) -> None:
    if not all(tensor.requires_grad for tensor in tensors):
        raise RuntimeError("One of the differentiated Tensors does not require grad")


def _as_list(value: Any, length: int = 1) -> list[Any]:
    if value is None:
        return [None] * length
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _root_gradients(roots: list[Tensor], gradients: list[Any]) -> list[Tensor]:
    if len(roots) != len(gradients):
        raise RuntimeError(f"got {len(roots)} tensors and {len(gradients)} gradients")
    return [_root_gradient(t, g) for t, g in zip(roots, gradients, strict=True)]


def _root_gradient(root: Tensor, gradient: Tensor | None) -> Tensor:
    if not root.requires_grad:
        raise RuntimeError(
            "element 0 of tensors does not require grad and does not have a grad_fn. It was "
            "computed from tensors without requires_grad, from detached ones, or under no_grad()."
        )
    if gradient is None:
        if root.array.size != 1:
            raise RuntimeError(
                "grad can be implicitly created only for scalar outputs (this one has shape "
                f"{tuple(root.shape)}); reduce it first, or pass gradient="
            )
        if root.is_complex():
            raise RuntimeError(
                f"grad can be implicitly created only for real scalar outputs but got {root.dtype}"
            )
        array = root.array
        phase = launch.phase
        try:
            launch.phase = "backward"
            return wrap(kernels[type(array)].full(array.shape, 1, array.dtype, array))
        finally:
            launch.phase = phase
    if not isinstance(gradient, Tensor):
        raise TypeError(
            f"gradients can be either Tensors or None, but got {type(gradient).__name__}"
        )
    if gradient.device != root.device:
        raise RuntimeError(
            f"invalid gradient: expected device {root.device} but got {gradient.device}; move it "
            "with .to(device)"
        )
    if gradient.array.shape != root.array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[0] has a shape of {gradient.shape} and output[0] has "
            f"a shape of {root.shape}."
        )
    return gradient
