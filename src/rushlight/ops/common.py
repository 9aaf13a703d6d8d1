"""What the operations' families share: checks, dimensions, sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..dtype import COMPLEX, category_of
from ..errors import ArgumentError, OperationError
from ..grad_mode import enable_grad, state
from ..return_types import named
from ..tensor import Tensor, wrap_dim
from .promotion import table_of


def methods(**functions: Any) -> None:
    """Gives tensors methods that are no functions of the namespace, or under another name."""
    for name, function in functions.items():
        setattr(Tensor, name, function)


def check(conditions: Tensor, kind: type[Exception], message: str) -> None:
    """Raises `kind(message)` unless all hold; devices that would have to wait let it pass."""
    table_of(conditions).check(conditions.array, kind, message)


def check_same_device(name: str, *tensors: Tensor | None) -> None:
    """PyTorch's error for tensors of several devices, where no kernel sees all of them."""
    given = [tensor for tensor in tensors if tensor is not None]
    if all([type(tensor.array) is np.ndarray for tensor in given]):
        return  # as nearly always; a device costs more to ask
    devices = list(dict.fromkeys(str(tensor.device) for tensor in given))
    if len(devices) > 1:
        devices.sort(key=lambda device: device == "cpu")  # PyTorch names the host last
        raise OperationError(
            f"{name}: Expected all tensors to be on the same device, but found at least two "
            f"devices, {' and '.join(devices[:2])}! Move one with .to(device)."
        )


def not_implemented(what: str) -> NotImplementedError:
    """PyTorch's error in a backward that nobody has written."""
    return NotImplementedError(f"the derivative for '{what}' is not implemented.")


def conjugated(value: Any) -> Any:
    """The conjugate of an operand; real ones are their own, and cost one question."""
    if isinstance(value, Tensor):
        return value.conj() if category_of(value.array.dtype) == COMPLEX else value
    return value.conjugate() if type(value) is complex else value


def gradients_by_formula(function: Any, inputs: Sequence[Any], seeds: Sequence[Any]) -> Any:
    """What an operation's backward returns, by a function that computes the same in others.

    The gradients are differentiable themselves; those of what requires none are None.
    """
    from ..autograd import grad

    create_graph = state.enabled
    with enable_grad():
        # Views, so that the search ends here and not in what the inputs came from.
        here = [t if t is None else t.view_as(t) for t in inputs]
        wanted = [t for t in here if t is not None and t.requires_grad]
        pairs = [
            (result, seed) for result, seed in zip(function(*here), seeds, strict=True)
            if seed is not None and result is not None and result.requires_grad
        ]  # fmt: skip
        results, given = zip(*pairs, strict=True)
        found = iter(grad(results, wanted, given, create_graph=create_graph, allow_unused=True))
    return tuple([next(found) if t is not None and t.requires_grad else None for t in here])


def normalize_axes(dim: Any, ndim: int) -> tuple[int, ...] | None:
    """`dim` as a tuple of non-negative dimensions; None stands for all of them."""
    if dim is None:
        return None
    if isinstance(dim, (int, np.integer)):
        return (wrap_dim(int(dim), ndim),) if ndim else None
    try:
        axes = tuple(wrap_dim(d, ndim) for d in dim)
    except TypeError:
        raise TypeError(f"dim must be an int or a tuple of ints, not {dim!r}") from None
    if not axes or ndim == 0:
        return None
    if len(set(axes)) != len(axes):
        raise OperationError(f"dim {axes[0]} appears multiple times in the list of dims")
    return axes


class ValuesAndIndices(NamedTuple):
    """What `max`, `sort` and their like return."""

    values: Tensor
    indices: Tensor


def values_and_indices(name: str) -> Any:
    """A type of such results under the name of one function."""
    return named(name, ValuesAndIndices)


def new_shape(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes for a tensor that is made."""
    shape = sizes_from(sizes)
    if shape and min(shape) < 0:
        raise OperationError(
            f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}"
        )
    return shape


def sizes_from(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes given one by one or as one sequence."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    for size in sizes:
        if type(size) is not int:
            break
    else:
        return sizes
    for position, size in enumerate(sizes):
        if not isinstance(size, (int, np.integer, Tensor)) or isinstance(size, bool):
            raise ArgumentError(
                f"argument 'size' (position {position + 1}) must be tuple of ints, not "
                f"{type(size).__name__}"
            )
    return tuple(int(s) for s in sizes)
