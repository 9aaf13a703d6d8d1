"""Transforms of functions by the backward: `grad`, `vjp`, `jacrev`, `hessian`.

A transform hands its function tensors of its own for the inputs, and differentiates by those: what
else requires a gradient is left alone. Where an input has a history, or where something else that
the function uses requires a gradient, the results keep theirs, so that transforms nest; else they
require none.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from ..autograd import engine
from ..autograd.node import nodes_from
from ..autograd.operation import Operation
from ..grad_mode import enable_grad, state
from ..ops.creation import eye
from ..tensor import Tensor
from ..utils._pytree import tree_flatten, tree_map, tree_unflatten


class Own(Operation):
    """The same tensor, as an input of a transform's own."""

    @staticmethod
    def forward(kernels: Any, x: Any) -> Any:
        return x

    def backward(self, grad: Tensor) -> Tensor:
        return grad


class Inputs:
    """A transform's own tensors for its inputs, and what is known of the outer world by them."""

    def __init__(self, api: str, tensors: Iterable[Any]) -> None:
        self.is_recording = state.enabled  # else the outer world asks for no gradients
        self.tensors = [self._own(api, tensor) for tensor in tensors]

    def _own(self, api: str, tensor: Any) -> Tensor:
        if not isinstance(tensor, Tensor):
            raise ValueError(f"Thing passed to transform API must be Tensor, got {type(tensor)}")
        if self.is_recording and tensor.requires_grad:
            return Own.apply(tensor)
        return tensor.alias().requires_grad_()

    def is_all(self, tensors: list[Tensor]) -> bool:
        """Whether nothing but these inputs was differentiated by to make `tensors`."""
        if not self.is_recording:
            return True
        own = {id(tensor) for tensor in self.tensors if tensor._grad_fn is None}
        inner = [tensor for tensor in tensors if tensor.requires_grad]
        for node in nodes_from(inner):
            for edge in node._edges:
                if edge and isinstance(edge[0], Tensor) and id(edge[0]) not in own:
                    return False
        return all(tensor._grad_fn is not None or id(tensor) in own for tensor in inner)

    def release(self, tree: Any) -> Any:
        """Results without the history that only these inputs are in."""

        def released(value: Any) -> Any:
            if not isinstance(value, Tensor):
                return value
            return value.detach() if self.is_all([value]) else value

        return tree_map(released, tree)


def derivatives(
    outputs: list[Tensor], inputs: list[Tensor], gradients: list[Any], create_graph: bool,
    retain_graph: bool = True,
) -> list[Tensor | None]:  # fmt: skip
    """The gradients of `inputs`; None for those that no output was made from."""
    pairs = [
        (output, gradient) for output, gradient in zip(outputs, gradients, strict=True)
        if output.requires_grad and gradient is not None
    ]  # fmt: skip
    if not pairs:
        return [None] * len(inputs)
    roots, given = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return engine.run(roots, given, retain_graph, create_graph, inputs, accumulate=False)


def or_zeros(found: list[Tensor | None], like: list[Tensor]) -> list[Tensor]:
    pairs = zip(found, like, strict=True)
    return [tensor.detach().new_zeros(tensor.shape) if g is None else g for g, tensor in pairs]


# ---- grad


def grad(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that gives the gradient of `func`, which returns a scalar.

    It is that of the arguments `argnums`: a tree like the argument, or a tuple of them. With
    `has_aux` the function returns (scalar, other), and the other comes back as well.

    >>> import rushlight as torch
    >>> x = torch.tensor(2.0)
    >>> torch.func.grad(lambda x: x**3)(x)
    tensor(12.)
    >>> torch.func.grad(torch.func.grad(lambda x: x**3))(x)
    tensor(12.)
    """

    @functools.wraps(func)
    def transformed(*args: Any, **kwargs: Any) -> Any:
        found, value = _grad_and_value(func, argnums, has_aux, args, kwargs)
        return (found, value[1]) if has_aux else found

    return transformed


def grad_and_value(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """`grad`, whose function returns (gradient, value), or (gradient, (value, other)).

    >>> import rushlight as torch
    >>> torch.func.grad_and_value(lambda x: x**2)(torch.tensor(3.0))
    (tensor(6.), tensor(9.))
    """

    @functools.wraps(func)
    def transformed(*args: Any, **kwargs: Any) -> Any:
        return _grad_and_value(func, argnums, has_aux, args, kwargs)

    return transformed


def _grad_and_value(func: Any, argnums: Any, has_aux: bool, args: Any, kwargs: Any) -> Any:
    api = "grad_and_value(f)(*args)"
    leaves, form = tree_flatten(chosen(args, argnums))
    inputs = Inputs("grad", leaves)
    given = replaced(args, argnums, tree_unflatten(inputs.tensors, form))
    with enable_grad():
        output = func(*given, **kwargs)
        aux = None
        if has_aux:
            if not (isinstance(output, tuple) and len(output) == 2):
                raise RuntimeError(
                    f"{api}: output of function f should be a tuple: (output, aux) if has_aux is "
                    "True"
                )
            output, aux = output
        if not isinstance(output, Tensor):
            raise RuntimeError(
                f"{api}: Expected f(*args) to return a Tensor, got {type(output)}"
            )
        if output.array.ndim:
            raise RuntimeError(
                f"{api}: Expected f(*args) to return a scalar Tensor, got tensor with "
                f"{output.array.ndim} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
            )
        keeps = not inputs.is_all([output])
        ones = output.detach().new_ones(())
        found = derivatives([output], inputs.tensors, [ones], keeps, retain_graph=True)
    result = tree_unflatten(or_zeros(found, inputs.tensors), form)
    value = output if keeps else output.detach()
    return result, (value, inputs.release(aux)) if has_aux else value


# ---- arguments


def chosen(args: tuple[Any, ...], argnums: Any) -> Any:
    """The arguments that a function is differentiated by: one, or a tuple of them."""
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    if isinstance(argnums, int):
        return args[_place(argnums, args)]
    if not argnums:
        raise RuntimeError("argnums must be non-empty")
    places = [_place(number, args) for number in argnums]
    if len(set(places)) != len(places):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    return tuple([args[place] for place in places])


def replaced(args: tuple[Any, ...], argnums: Any, values: Any) -> list[Any]:
    given = list(args)
    numbers = (argnums,) if isinstance(argnums, int) else argnums
    for number, value in zip(numbers, (values,) if isinstance(argnums, int) else values,
                             strict=True):  # fmt: skip
        given[number] = value
    return given


def _place(number: Any, args: tuple[Any, ...]) -> int:
    if not isinstance(number, int):
        raise RuntimeError(f"argnum must be int, got: {type(number)}")
    if not -len(args) <= number < len(args):
        raise RuntimeError(f"Got argnum={number}, but only {len(args)} positional inputs")
    return number % len(args)


# ---- vjp


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """`func(*primals)`, and the function that takes cotangents of its outputs to those of primals.

    With `has_aux` the function returns (outputs, other), and the result has the other at its end.

    >>> import rushlight as torch
    >>> y, vjp_fn = torch.func.vjp(torch.sin, torch.zeros(2))
    >>> vjp_fn(torch.tensor([1.0, 2.0]))
    (tensor([1., 2.]),)
    """
    leaves, form = tree_flatten(primals)
    inputs = Inputs("vjp", leaves)
    with enable_grad():
        output = func(*tree_unflatten(inputs.tensors, form))
    aux = None
    if has_aux:
        if not (isinstance(output, tuple) and len(output) == 2):
            raise RuntimeError(
                "vjp(f, *primals): output of function f should be a tuple: (output, aux) if "
                "has_aux is True"
            )
        output, aux = output
    outputs, output_form = tree_flatten(output)
    check_outputs("vjp(f, *primals)", outputs)
    for tensor in outputs:
        if not (tensor.is_floating_point() or tensor.is_complex()):
            raise RuntimeError(
                "vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got "
                f"Tensor with dtype {tensor.dtype}"
            )
    keeps = not inputs.is_all(outputs)

    def vjp_fn(
        cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None
    ) -> tuple[Any, ...]:
        given, given_form = tree_flatten(cotangents)
        if given_form != output_form:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of "
                f"outputs to the function. cotangents: {given_form}, primal output: {output_form}"
            )
        for tensor, cotangent in zip(outputs, given, strict=True):
            if cotangent.shape != tensor.shape:
                raise RuntimeError(
                    f"vjp_fn: a cotangent has shape {list(cotangent.shape)}, but the output that "
                    f"it belongs to has shape {list(tensor.shape)}"
                )
        if create_graph is None:
            create_graph = state.enabled and (keeps or any(g.requires_grad for g in given))
        found = derivatives(outputs, inputs.tensors, given, create_graph, retain_graph)
        return tree_unflatten(or_zeros(found, inputs.tensors), form)

    result = tree_unflatten([t if keeps else t.detach() for t in outputs], output_form)
    return (result, vjp_fn, inputs.release(aux)) if has_aux else (result, vjp_fn)


def check_outputs(api: str, outputs: list[Any]) -> None:
    if not outputs or outputs == [None]:
        raise RuntimeError(
            f"{api}: Expected f to be a function that has non-empty output (got output = {outputs})"
        )
    for output in outputs:
        if not isinstance(output, Tensor):
            raise RuntimeError(
                f"{api}: expected f(*primals) to return only tensors, got unsupported type "
                f"{type(output)}"
            )


# ---- jacobians


def jacrev(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, has_aux: bool = False,
    chunk_size: int | None = None, _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:  # fmt: skip
    """A function that gives the Jacobian of `func` by the backward, a row per output element.

    The result has the output's dimensions, then the argument's. All rows are computed at once by
    `vmap`, or `chunk_size` at a time.

    >>> import rushlight as torch
    >>> torch.func.jacrev(torch.square)(torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if chunk_size is not None and chunk_size < 1:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def transformed(*args: Any, **kwargs: Any) -> Any:
        from .batching import vmap

        leaves, form = tree_flatten(chosen(args, argnums))
        refuse_complex("jacrev", leaves, "inputs")

        def of_leaves(*values: Any) -> Any:
            return func(*replaced(args, argnums, tree_unflatten(values, form)), **kwargs)

        output, vjp_fn, *aux = vjp(of_leaves, *leaves, has_aux=has_aux)
        outputs, output_form = tree_flatten(output)
        refuse_complex("jacrev", outputs, "outputs")
        sizes = [tensor.numel() for tensor in outputs]
        rows = vmap(lambda *basis: vjp_fn(tree_unflatten(basis, output_form)),
                    chunk_size=chunk_size)(*unit_vectors(outputs))  # fmt: skip
        blocks = []
        for number, tensor in enumerate(outputs):
            first = sum(sizes[:number])
            parts = [
                row.narrow(0, first, sizes[number]).reshape(*tensor.shape, *row.shape[1:])
                for row in rows
            ]
            blocks.append(tree_unflatten(parts, form))
        result = tree_unflatten(blocks, output_form)
        return (result, aux[0]) if has_aux else result

    return transformed


def unit_vectors(tensors: list[Tensor]) -> list[Tensor]:
    """For each tensor a batch of tensors like it: together, one for each element of them all, which
    is 1 there and 0 elsewhere."""
    total = sum(tensor.numel() for tensor in tensors)
    found = []
    first = 0
    for tensor in tensors:
        unit = eye(total, dtype=tensor.dtype, device=tensor.device)
        part = unit.narrow(1, first, tensor.numel())
        found.append(part.reshape(total, *tensor.shape))
        first += tensor.numel()
    return found


def refuse_complex(name: str, tensors: list[Any], what: str) -> None:
    for tensor in tensors:
        if isinstance(tensor, Tensor) and tensor.is_complex():
            raise RuntimeError(
                f"{name}: Expected all {what} to be real but received complex tensor"
            )


def hessian(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that gives the second derivatives of `func`: `jacfwd` of `jacrev`.

    >>> import rushlight as torch
    >>> torch.func.hessian(lambda x: (x**3).sum())(torch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    from .tangents import jacfwd

    return jacfwd(jacrev(func, argnums), argnums)
