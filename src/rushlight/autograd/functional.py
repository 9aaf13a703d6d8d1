"""Derivatives of functions: `torch.autograd.functional`.

`func` takes tensors and returns a tensor or several; `inputs` is what it is called with. Results
are tuples where inputs or outputs are. `create_graph` lets results be differentiated again;
`strict` raises where an output does not depend on an input, instead of giving zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import NotSupportedError
from ..grad_mode import enable_grad, is_grad_enabled, set_grad_enabled
from ..tensor import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = tuple[Any, ...]


def vjp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """The outputs, and the product of `v` (of the outputs' shape) with the Jacobian.

    >>> import rushlight as torch
    >>> torch.autograd.functional.vjp(lambda x: x**2, torch.tensor([1.0, 2.0]), torch.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    with enable_grad():
        is_tuple, given = _as_tuple(inputs, "inputs", "vjp")
        given = _prepared(given, create_graph)
        several, outputs = _outputs_of(func, given, "vjp", strict)
        weights = _weights(v, outputs, several, create_graph, "vjp",
                           "user-provided function returns a single Tensor")  # fmt: skip
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = _grad(outputs, given, weights, create_graph)
        result = _filled(found, given, strict, create_graph, _INDEPENDENT, "jacobian")
    return (
        _as_given(_finished(outputs, create_graph), several),
        _as_given(_finished(result, create_graph), is_tuple),
    )


def jvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """The outputs, and the product of the Jacobian with `v` (of the inputs' shape).

    It takes two backward passes: the gradient is linear in the weights of the outputs, and the
    derivative by these is the product.

    >>> import rushlight as torch
    >>> torch.autograd.functional.jvp(lambda x: x**2, torch.tensor([1.0, 2.0]), torch.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    with enable_grad():
        is_tuple, given = _as_tuple(inputs, "inputs", "jvp")
        given = _prepared(given, create_graph)
        directions = _weights(v, given, is_tuple, create_graph, "jvp",
                              "input to the user-provided function is a single Tensor")  # fmt: skip
        several, outputs = _outputs_of(func, given, "jvp", strict)
        result = _forwards(outputs, given, directions, create_graph, strict)
    return (
        _as_given(_finished(outputs, create_graph), several),
        _as_given(_finished(result, create_graph), several),
    )


def _forwards(
    outputs: Tensors, inputs: Tensors, directions: Any, create_graph: bool, strict: bool
) -> Tensors:
    """The derivatives of outputs in directions of the inputs."""
    zeros = tuple([_zeros_like(out).requires_grad_() for out in outputs])
    gradients = _grad(outputs, inputs, zeros, True)
    if strict:
        for number, gradient in enumerate(gradients):
            if gradient is None:
                raise RuntimeError(_INDEPENDENT.format(number))
            if not gradient.requires_grad:
                raise RuntimeError(
                    f"The gradient with respect to input {number} is independent of the inputs of "
                    "the user-provided function. This is not allowed in strict mode."
                )
    found = _grad(gradients, zeros, directions, create_graph)
    message = (
        "The gradient with respect to the input is independent of entry {} in the grad_outputs "
        "when using the double backward trick to compute forward mode gradients. This is not "
        "allowed in strict mode."
    )
    return _filled(found, outputs, strict, create_graph, message, "jacobian")


def jacobian(
    func: Callable[..., Any], inputs: Any, create_graph: bool = False, strict: bool = False,
    vectorize: bool = False, strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The derivatives of all outputs by all inputs: shapes of an output and an input in a row.

    One backward pass for each element of the outputs, or with `strategy="forward-mode"` a product
    with each direction of the inputs; with `vectorize` all of them at once, by `vmap`.

    >>> import rushlight as torch
    >>> torch.autograd.functional.jacobian(lambda x: x**2, torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    _check_strategy(create_graph, strict, vectorize, strategy)
    with enable_grad():
        is_tuple, given = _as_tuple(inputs, "inputs", "jacobian")
        given = _prepared(given, create_graph)
        several, outputs = _outputs_of(func, given, "jacobian", strict)
        if strategy == "forward-mode":
            found = _by_columns(outputs, given)
        elif vectorize:
            found = _by_rows_at_once(outputs, given, create_graph)
        else:
            found = _by_rows(outputs, given, create_graph, strict)
    result = tuple([_finished(row, create_graph) for row in found])
    return _as_given(tuple([_as_given(row, is_tuple) for row in result]), several)


def _check_strategy(create_graph: bool, strict: bool, vectorize: bool, strategy: str) -> None:
    name = "torch.autograd.functional.jacobian"
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your '
            'function has more outputs than inputs, "forward-mode" tends to be more performant. '
            'Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        if create_graph:
            raise NotSupportedError(
                f'{name}: `create_graph=True` and `strategy="forward-mode"` are not supported '
                "together (yet). Please either set `create_graph=False` or "
                '`strategy="reverse-mode"`.'
            )
        if strict:
            raise RuntimeError(
                f'{name}: `strict=True` and `strategy="forward-mode"` are not supported together '
                '(yet). Please either set `strict=False` or `strategy="reverse-mode"`.'
            )
        if not vectorize:
            raise NotSupportedError(
                "Computing Jacobian using forward-AD or forward-over-reverse Hessian is only "
                "implemented for `vectorize=True`."
            )
    elif strict and vectorize:
        raise RuntimeError(
            f"{name}: `strict=True` and `vectorize=True` are not supported together. Please either "
            "set `strict=False` or `vectorize=False`."
        )


def _by_rows(
    outputs: Tensors, inputs: Tensors, create_graph: bool, strict: bool
) -> list[tuple[Tensor, ...]]:
    """For each output its Jacobian by each input: a backward pass for each of its elements."""
    jacobians = []
    for number, output in enumerate(outputs):
        elements = output.reshape(-1)
        rows = []
        for element in range(output.numel()):
            found = _grad((elements[element],), inputs, None, create_graph, retain_graph=True)
            message = f"Output {number} of the user-provided function is independent of input {{}}."
            message += " This is not allowed in strict mode."
            rows.append(_filled(found, inputs, strict, create_graph, message, "jacobian"))
        jacobians.append(tuple([
            _stacked([row[place] for row in rows], input).reshape(output.shape + input.shape)
            for place, input in enumerate(inputs)
        ]))  # fmt: skip
    return jacobians


def _by_rows_at_once(
    outputs: Tensors, inputs: Tensors, create_graph: bool
) -> list[tuple[Tensor, ...]]:
    """The same by one backward pass for all elements of all outputs."""
    from ..func.batching import vmap
    from ..func.gradients import unit_vectors

    def row(*basis: Tensor) -> Tensors:
        found = _grad(outputs, inputs, basis, create_graph, retain_graph=True)
        return _filled(found, inputs, False, create_graph, "", "jacobian")

    rows = vmap(row)(*unit_vectors(list(outputs)))
    jacobians, first = [], 0
    for output in outputs:
        own = [all_rows.narrow(0, first, output.numel()) for all_rows in rows]
        jacobians.append(tuple([
            part.reshape(output.shape + input.shape)
            for part, input in zip(own, inputs, strict=True)
        ]))  # fmt: skip
        first += output.numel()
    return jacobians


def _by_columns(outputs: Tensors, inputs: Tensors) -> list[tuple[Tensor, ...]]:
    """The same by one product for all elements of all inputs."""
    from ..func.batching import vmap
    from ..func.gradients import or_zeros, unit_vectors
    from ..func.tangents import Linearization

    line = Linearization(list(outputs), list(inputs))

    def column(*directions: Tensor) -> Tensors:
        return tuple(or_zeros(line.tangents(list(directions), False), list(outputs)))

    columns = vmap(column)(*unit_vectors(list(inputs)))
    jacobians = []
    for output, all_columns in zip(outputs, columns, strict=True):
        row, first = [], 0
        for input in inputs:
            part = all_columns.narrow(0, first, input.numel()).movedim(0, -1)
            row.append(part.reshape(output.shape + input.shape))
            first += input.numel()
        jacobians.append(tuple(row))
    return jacobians


def hessian(
    func: Callable[..., Any], inputs: Any, create_graph: bool = False, strict: bool = False,
    vectorize: bool = False, outer_jacobian_strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The second derivatives of a function of one number: for each pair of inputs, their shapes in
    a row.

    >>> import rushlight as torch
    >>> torch.autograd.functional.hessian(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    is_tuple, given = _as_tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode".'
        )

    def gradient(*inputs: Tensor) -> Any:
        found = jacobian(lambda *values: _number_of(func, values, "hessian", strict)[1], inputs,
                         create_graph=True)  # fmt: skip
        _check_depends(found, strict)
        return found

    result = jacobian(
        gradient, given, create_graph, strict, vectorize, outer_jacobian_strategy
    )
    return result if is_tuple else result[0][0]


def vhp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """The value of a function of one number, and the product of `v` with its Hessian.

    >>> import rushlight as torch
    >>> torch.autograd.functional.vhp(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]),
    ...                               torch.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    with enable_grad():
        is_tuple, given, output, gradients, weights = _gradient_of(
            func, inputs, v, create_graph, strict, "vhp"
        )
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = _grad(gradients, given, weights, create_graph)
        message = (
            "The jacobian of the user-provided function is independent of input {}. This is not "
            "allowed in strict mode."
        )
        result = _filled(found, given, strict, create_graph, message, "hessian")
    return (
        _finished((output,), create_graph)[0], _as_given(_finished(result, create_graph), is_tuple)
    )  # fmt: skip


def hvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """The value of a function of one number, and the product of its Hessian with `v`.

    `vhp` gives the same, as a Hessian is symmetric, with a backward pass less.

    >>> import rushlight as torch
    >>> x, v = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0])
    >>> torch.autograd.functional.hvp(lambda x: (x**3).sum(), x, v)[1]  # 6 x of the first
    tensor([6., 0.])
    """
    with enable_grad():
        is_tuple, given, output, gradients, weights = _gradient_of(
            func, inputs, v, create_graph, strict, "hvp"
        )
        zeros = tuple([_zeros_like(input).requires_grad_() for input in given])
        second = _grad(gradients, given, zeros, True)
        found = _grad(second, zeros, weights, create_graph)
        message = (
            "The hessian of the user-provided function is independent of entry {} in the "
            "grad_jacobian. This is not allowed in strict mode as it prevents from using the "
            "double backward trick to replace forward mode AD."
        )
        result = _filled(found, given, strict, create_graph, message, "hessian")
    return (
        _finished((output,), create_graph)[0], _as_given(_finished(result, create_graph), is_tuple)
    )  # fmt: skip


def _gradient_of(
    func: Callable[..., Any], inputs: Any, v: Any, create_graph: bool, strict: bool, name: str
) -> Any:
    """What `vhp` and `hvp` begin with: the function's value and its gradient, to be differentiated.
    """
    is_tuple, given = _as_tuple(inputs, "inputs", name)
    given = _prepared(given, create_graph)
    weights = _weights(v, given, is_tuple, create_graph, name,
                       "input to the user-provided function is a single Tensor")  # fmt: skip
    _, output = _number_of(func, given, name, strict)
    gradients = _grad((output,), given, None, True)
    gradients = _filled(gradients, given, strict, False, _INDEPENDENT, "jacobian")
    _check_depends(gradients, strict)
    return is_tuple, given, output, gradients, weights


# ---- what all of them do


_INDEPENDENT = (
    "The output of the user-provided function is independent of input {}. This is not allowed in "
    "strict mode."
)


def _as_tuple(value: Any, what: str, name: str) -> tuple[bool, Tensors]:
    """Tensors as a tuple, and whether they were one."""
    is_tuple = isinstance(value, tuple)
    values = value if is_tuple else (value,)
    for place, tensor in enumerate(values):
        if not isinstance(tensor, Tensor):
            if is_tuple:
                raise TypeError(
                    f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but "
                    f"the value at index {place} has type {type(tensor)}."
                )
            raise TypeError(
                f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but the "
                f"given {what} has type {type(tensor)}."
            )
    return is_tuple, values


def _as_given(values: Tensors, is_tuple: bool) -> Any:
    return values if is_tuple else values[0]


def _prepared(inputs: Tensors, create_graph: bool, needs_grad: bool = True) -> Tensors:
    """Inputs by tensors of their own, which the function cannot also reach in another way."""
    return tuple([
        t.view_as(t) if create_graph and t.requires_grad else t.detach().requires_grad_(needs_grad)
        for t in inputs
    ])  # fmt: skip


def _finished(results: Tensors, create_graph: bool) -> Tensors:
    return results if create_graph else tuple([t.detach() for t in results])


def _outputs_of(
    func: Callable[..., Any], inputs: Tensors, name: str, strict: bool
) -> tuple[bool, Tensors]:
    outputs = func(*inputs)
    several, found = _as_tuple(outputs, "outputs of the user-provided function", name)
    for number, output in enumerate(found if strict else ()):
        if not output.requires_grad:
            raise RuntimeError(
                f"Output {number} of the user-provided function does not require gradients. The "
                "outputs must be computed in a differentiable manner from the input when running "
                "in strict mode."
            )
    return several, found


def _number_of(
    func: Callable[..., Any], inputs: Tensors, name: str, strict: bool
) -> tuple[bool, Tensor]:
    """The only output of a function, of one element."""
    several, outputs = _outputs_of(func, inputs, name, strict)
    if several:
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {name} should contain a single element"
        )
    return several, outputs[0].reshape(())


def _weights(
    v: Any, like: Tensors, is_tuple: bool, create_graph: bool, name: str, condition: str
) -> Any:
    """The vector of a product, of the shapes of `like`."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(
                f"The vector v can only be None if the {condition} with a single element."
            )
        return (like[0].detach().new_ones(like[0].shape),)
    _, values = _as_tuple(v, "v", name)
    values = _prepared(values, create_graph, needs_grad=False)
    if len(values) != len(like):
        if is_tuple:
            raise RuntimeError(
                f"v is a tuple of invalid length: should be {len(like)} but got {len(values)}."
            )
        raise RuntimeError("The given v should contain a single Tensor.")
    for place, (value, other) in enumerate(zip(values, like, strict=True)):
        if value.shape != other.shape:
            start = f"Entry {place} in v" if is_tuple else "v"
            raise RuntimeError(
                f"{start} has invalid size: should be {other.shape} but got {value.shape}."
            )
    return values


def _grad(
    outputs: Tensors, inputs: Tensors, weights: Any, create_graph: bool, retain_graph: Any = None
) -> Tensors:
    """`autograd.grad` that leaves out outputs without a gradient."""
    from . import grad

    pairs = zip(outputs, weights or [None] * len(outputs), strict=True)
    kept = [(t, weight) for t, weight in pairs if t is not None and t.requires_grad]
    if not kept:
        return (None,) * len(inputs)
    roots, seeds = zip(*kept, strict=True)
    return grad(roots, inputs, seeds, retain_graph, create_graph, allow_unused=True)


def _filled(
    found: Tensors, like: Tensors, strict: bool, create_graph: bool, message: str, what: str
) -> Tensors:
    """Gradients with zeros for those that are missing, or with `strict` an error."""
    result = []
    for number, (gradient, other) in enumerate(zip(found, like, strict=True)):
        if gradient is None:
            if strict:
                raise RuntimeError(message.format(number))
            gradient = _zeros_like(other)
        elif strict and create_graph and not gradient.requires_grad:
            raise RuntimeError(
                f"The {what} of the user-provided function is independent of input {number}. This "
                "is not allowed in strict mode when create_graph=True."
            )
        result.append(gradient)
    return tuple(result)


def _check_depends(gradients: Tensors, strict: bool) -> None:
    for number, gradient in enumerate(gradients if strict else ()):
        if not gradient.requires_grad:
            raise RuntimeError(
                "While computing the hessian, found that the jacobian of the user-provided "
                f"function with respect to input {number} is independent of the input. This is not "
                "allowed in strict mode. You should ensure that your function is twice "
                "differentiable and that the jacobian depends on the inputs (this would be "
                "violated by a linear function for example)."
            )


def _zeros_like(tensor: Tensor) -> Tensor:
    return tensor.detach().new_zeros(tensor.shape)


def _stacked(rows: list[Tensor], like: Tensor) -> Tensor:
    if not rows:
        return like.new_zeros(0, *like.shape)
    from ..ops.joining import stack  # which is loaded after this module

    return stack(rows)
