"""Transforms of functions by directional derivatives: `jvp`, `linearize`, `jacfwd`.

There is no second set of formulas: the backward is linear in the cotangents, and its own backward
takes tangents of the inputs to those of the outputs. A tangent costs about one forward and two
backwards; tangents of one point after the first cost a backward each.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..grad_mode import enable_grad, state
from ..tensor import Tensor
from ..utils._pytree import tree_flatten, tree_unflatten
from .gradients import (
    Inputs,
    check_outputs,
    chosen,
    derivatives,
    or_zeros,
    refuse_complex,
    replaced,
    unit_vectors,
)


class Linearization:
    """How outputs change with inputs: the backward, as a function of its cotangents."""

    def __init__(self, outputs: list[Tensor], inputs: list[Tensor]) -> None:
        self.outputs = outputs
        with enable_grad():
            self.cotangents: list[Any] = [
                t.detach().new_zeros(t.shape).requires_grad_() if t.requires_grad else None
                for t in outputs
            ]
            previous, state.linearizing = state.linearizing, True
            try:
                self.gradients = derivatives(outputs, inputs, self.cotangents, create_graph=True)
            finally:
                state.linearizing = previous

    def tangents(self, given: list[Any], create_graph: bool) -> list[Tensor | None]:
        """The outputs' tangents for those of the inputs; None where nothing depends on them."""
        wanted = [cotangent for cotangent in self.cotangents if cotangent is not None]
        pairs = [(g, t) for g, t in zip(self.gradients, given, strict=True) if g is not None]
        found = iter(derivatives([g for g, _ in pairs], wanted, [t for _, t in pairs],
                                 create_graph))  # fmt: skip
        return [None if cotangent is None else next(found) for cotangent in self.cotangents]


def jvp(
    func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False,
    has_aux: bool = False,
) -> Any:  # fmt: skip
    """`func(*primals)`, and how it changes in the direction of `tangents`.

    >>> import rushlight as torch
    >>> torch.func.jvp(torch.square, (torch.tensor(3.0),), (torch.tensor(1.0),))
    (tensor(9.), tensor(6.))
    """
    for name, values in (("primals", primals), ("tangents", tangents)):
        if not isinstance(values, tuple):
            raise RuntimeError(
                f"jvp(f, primals, tangents): Expected {name} to be a tuple of Tensors, got "
                f"{type(values)}"
            )
    leaves, form = tree_flatten(primals)
    given, given_form = tree_flatten(tangents)
    if form != given_form:
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals and tangents to have the same python "
            f"structure. For example, if primals is a tuple of 3 tensors, tangents also must be. "
            f"Got primals with structure {form} and tangents with structure {given_form}"
        )
    _check_like("jvp(f, primals, tangents)", leaves, given)
    inputs, outputs, output_form, aux = _run("jvp", func, leaves, form, has_aux)
    found = Linearization(outputs, inputs.tensors).tangents(
        given, _keeps(inputs, outputs, given)
    )
    if strict and any(tangent is None for tangent in found):
        raise RuntimeError(
            "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. "
            "This is not allowed with strict=True."
        )
    result = inputs.release(tree_unflatten(outputs, output_form))
    tangent = tree_unflatten(or_zeros(found, outputs), output_form)
    return (result, tangent, inputs.release(aux)) if has_aux else (result, tangent)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """`func(*primals)`, and the function that takes tangents of primals to those of the outputs.

    The function is run once; each call of the result costs a backward.

    >>> import rushlight as torch
    >>> y, jvp_fn = torch.func.linearize(torch.square, torch.tensor(3.0))
    >>> jvp_fn(torch.tensor(2.0))
    tensor(12.)
    """
    leaves, form = tree_flatten(primals)
    inputs, outputs, output_form, _ = _run("linearize", func, leaves, form, False)
    line = Linearization(outputs, inputs.tensors)

    def jvp_fn(*tangents: Any) -> Any:
        given, given_form = tree_flatten(tangents)
        if given_form != form:
            raise RuntimeError(
                "Expected the tangents to have the same structure as the primals of linearize. Got "
                f"{given_form}, expected {form}"
            )
        _check_like("linearize(f, *primals)", leaves, given)
        found = line.tangents(given, _keeps(inputs, outputs, given))
        return tree_unflatten(or_zeros(found, outputs), output_form)

    return inputs.release(tree_unflatten(outputs, output_form)), jvp_fn


def _run(api: str, func: Any, leaves: list[Any], form: Any, has_aux: bool) -> Any:
    inputs = Inputs(api, leaves)
    with enable_grad():
        output = func(*tree_unflatten(inputs.tensors, form))
    aux = None
    if has_aux:
        if not (isinstance(output, tuple) and len(output) == 2):
            raise RuntimeError(
                f"{api}(f, primals, tangents): output of function f should be a tuple: (output, "
                "aux) if has_aux is True"
            )
        output, aux = output
    outputs, output_form = tree_flatten(output)
    check_outputs(f"{api}(f, primals, tangents)", outputs)
    return inputs, outputs, output_form, aux


def _keeps(inputs: Inputs, outputs: list[Tensor], given: list[Tensor]) -> bool:
    """Whether a tangent is to be differentiable in turn."""
    return state.enabled and (
        not inputs.is_all(outputs) or any(tangent.requires_grad for tangent in given)
    )


def _check_like(api: str, primals: list[Any], tangents: list[Any]) -> None:
    for primal, tangent in zip(primals, tangents, strict=True):
        for value in (primal, tangent):
            if not isinstance(value, Tensor):
                raise RuntimeError(f"{api}: Expected a tuple of Tensors, got {type(value)} in it")
        if primal.shape != tangent.shape:
            raise RuntimeError(
                f"{api}: Expected a tangent of the primal's shape {list(primal.shape)}, but got "
                f"{list(tangent.shape)}"
            )


def jacfwd(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False, *,
    randomness: str = "error",
) -> Callable[..., Any]:  # fmt: skip
    """A function that gives the Jacobian of `func` by `jvp`, a column per element of the argument.

    The result has the output's dimensions, then the argument's, as that of `jacrev`.

    >>> import rushlight as torch
    >>> torch.func.jacfwd(torch.square)(torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    @functools.wraps(func)
    def transformed(*args: Any, **kwargs: Any) -> Any:
        from .batching import vmap

        leaves, form = tree_flatten(chosen(args, argnums))
        refuse_complex("jacfwd", leaves, "inputs")

        def of_leaves(*values: Any) -> Any:
            return func(*replaced(args, argnums, tree_unflatten(values, form)), **kwargs)

        _, leaf_form = tree_flatten(tuple(leaves))
        inputs, outputs, output_form, aux = _run("jacfwd", of_leaves, leaves, leaf_form, has_aux)
        refuse_complex("jacfwd", outputs, "outputs")
        line = Linearization(outputs, inputs.tensors)
        keeps = _keeps(inputs, outputs, [])

        def column(*basis: Any) -> tuple[Tensor, ...]:
            return tuple(or_zeros(line.tangents(list(basis), keeps), outputs))

        columns = vmap(column, randomness=randomness)(*unit_vectors(leaves))
        blocks = []
        for tensor, all_columns in zip(outputs, columns, strict=True):
            parts, first = [], 0
            for leaf in leaves:
                part = all_columns.narrow(0, first, leaf.numel())
                part = part.movedim(0, -1).reshape(*tensor.shape, *leaf.shape)
                parts.append(part)
                first += leaf.numel()
            blocks.append(tree_unflatten(parts, form))
        result = tree_unflatten(blocks, output_form)
        return (result, inputs.release(aux)) if has_aux else result

    return transformed
