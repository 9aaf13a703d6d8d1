"""Forward-mode differentiation with dual numbers: a tensor and its tangent side by side.

There is no second set of formulas: what is made from dual tensors is recorded, and `unpack_dual`
takes the tangent through the record, as `torch.func.jvp` does: for about two backwards. Recording
must be on, and a dual tensor requires a gradient.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..tensor import Tensor

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual",
           "unpack_dual"]  # fmt: skip

_levels: list[list[tuple[Tensor, Tensor]]] = []  # per level the dual tensors and their tangents


class UnpackedDualTensor(NamedTuple):
    """A dual tensor's two parts; without a tangent the second is None.

    >>> import rushlight as torch
    >>> import rushlight.autograd.forward_ad as fwAD
    >>> with fwAD.dual_level():
    ...     x = fwAD.make_dual(torch.tensor(3.0), torch.tensor(1.0))
    ...     fwAD.unpack_dual(x)
    UnpackedDualTensor(primal=tensor(3.), tangent=tensor(1.))
    """

    primal: Tensor
    tangent: Tensor | None


def enter_dual_level() -> int:
    """Begins a level, in which dual tensors can be made, and returns its number.

    >>> import rushlight.autograd.forward_ad as fwAD
    >>> level = fwAD.enter_dual_level()
    >>> level
    0
    >>> fwAD.exit_dual_level(level=level)
    """
    if _levels:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    _levels.append([])
    return len(_levels) - 1


def exit_dual_level(*, level: int | None = None) -> None:
    """Ends the level; its tangents are forgotten.

    >>> import rushlight as torch
    >>> import rushlight.autograd.forward_ad as fwAD
    >>> level = fwAD.enter_dual_level()
    >>> x = fwAD.make_dual(torch.tensor(3.0), torch.tensor(1.0))
    >>> fwAD.exit_dual_level(level=level)
    >>> fwAD.unpack_dual(x).tangent is None
    True
    """
    if not _levels:
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is "
            "not supported."
        )
    _levels.pop()


class dual_level:
    """A level for the time of a `with` block.

    >>> import rushlight as torch
    >>> import rushlight.autograd.forward_ad as fwAD
    >>> with fwAD.dual_level():
    ...     x = fwAD.make_dual(torch.tensor(3.0), torch.tensor(1.0))
    ...     fwAD.unpack_dual(x * x).tangent
    tensor(6.)
    """

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *exception: Any) -> None:
        exit_dual_level()


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Any:
    """A dual tensor of the values of `tensor`, which moves in the direction of `tangent`.

    >>> import rushlight as torch
    >>> import rushlight.autograd.forward_ad as fwAD
    >>> with fwAD.dual_level():
    ...     x = fwAD.make_dual(torch.tensor(3.0), torch.tensor(1.0))
    ...     fwAD.unpack_dual(x * x).tangent
    tensor(6.)
    """
    from ..func.gradients import Inputs

    if not _levels:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to "
            "enter_dual_level() first."
        )
    if not (tensor.is_floating_point() or tensor.is_complex()):
        raise ValueError(
            f"Expected primal to be floating point or complex, but got: {tensor.dtype}"
        )
    if not (tangent.is_floating_point() or tangent.is_complex()):
        raise ValueError(
            f"Expected tangent to be floating point or complex, but got: {tangent.dtype}"
        )
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original "
            f"Tensor, this is not supported. Tensor is of size {list(tensor.shape)} while the "
            f"given forward gradient is of size {list(tangent.shape)}."
        )
    (dual,) = Inputs("make_dual", [tensor]).tensors
    _levels[-1].append((dual, tangent))
    return dual


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """A tensor's values, and its tangent where it was made from dual tensors of this level.

    >>> import rushlight as torch
    >>> import rushlight.autograd.forward_ad as fwAD
    >>> with fwAD.dual_level():
    ...     fwAD.unpack_dual(torch.tensor(3.0)).tangent is None
    True
    """
    from ..func.tangents import Linearization

    if not _levels:
        return UnpackedDualTensor(tensor, None)
    duals = _levels[-1]
    for dual, tangent in duals:
        if dual is tensor:
            return UnpackedDualTensor(dual.detach(), tangent)
    if not tensor.requires_grad or not duals:
        return UnpackedDualTensor(tensor, None)
    line = Linearization([tensor], [dual for dual, _ in duals])
    if all(gradient is None for gradient in line.gradients):
        return UnpackedDualTensor(tensor, None)
    (tangent_of_it,) = line.tangents([tangent for _, tangent in duals], create_graph=True)
    own = {id(dual) for dual, _ in duals}
    if not _leads_elsewhere(tensor, own):
        tensor = tensor.detach()
        tangent_of_it = None if tangent_of_it is None else tangent_of_it.detach()
    if tangent_of_it is None:
        tangent_of_it = tensor.new_zeros(tensor.shape)
    return UnpackedDualTensor(tensor, tangent_of_it)


def _leads_elsewhere(tensor: Tensor, own: set[int]) -> bool:
    """Whether a tensor was made from others, too, that require a gradient."""
    from .node import nodes_from

    return any(
        edge and isinstance(edge[0], Tensor) and id(edge[0]) not in own
        for node in nodes_from([tensor]) for edge in node._edges
    )  # fmt: skip
