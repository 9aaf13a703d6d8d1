"""Borders put around tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.operation import Operation
from ..errors import OperationError
from ..tensor import Tensor
from .declare import operation
from .joining import cat


class ConstantPad(Operation):
    """A border of one value around a tensor."""

    node_name = "ConstantPadNdBackward0"

    @staticmethod
    def forward(kernels: Any, x: Any, widths: Any, value: Any) -> Any:
        return kernels.pad(x, widths, "constant", value)

    def setup_context(self, inputs: Any, output: Any) -> None:
        x, self.widths, _ = inputs
        self.input_shape = x.array.shape

    def backward(self, grad: Tensor) -> Any:
        sizes = zip(self.widths, self.input_shape, strict=True)
        return grad[tuple(slice(before, before + n) for (before, _), n in sizes)]




@operation("nn.functional")
def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """A border around the last dimensions.

    `pad` holds the widths before and after the last dimension, then the one before it, and so on;
    negative ones cut off. `mode` is "constant" (with `value`), "reflect", "replicate", "circular".

    >>> import rushlight as torch
    >>> torch.nn.functional.pad(torch.ones(2), (1, 2))
    tensor([0., 1., 1., 0., 0.])
    """
    ndim = input.array.ndim
    if len(pad) % 2 or len(pad) > 2 * ndim:
        raise OperationError(
            "pad: Padding length must be divisible by 2 and at most twice the number of "
            f"dimensions (got {list(pad)} for shape {tuple(input.shape)})"
        )
    pairs = [(int(pad[2 * i]), int(pad[2 * i + 1])) for i in range(len(pad) // 2)]
    widths = [(0, 0)] * (ndim - len(pairs)) + pairs[::-1]
    if mode != "constant":
        return _pad_by_slices(input, widths, mode)
    for axis, (before, after) in enumerate(widths):
        if before < 0 or after < 0:
            size = input.array.shape[axis]
            start, stop = max(-before, 0), size - max(-after, 0)
            input = input.narrow(axis, start, max(stop - start, 0))
    grown = tuple((max(b, 0), max(a, 0)) for b, a in widths)
    return ConstantPad.apply(input, grown, value or 0)


def _pad_by_slices(x: Tensor, widths: list[tuple[int, int]], mode: str) -> Tensor:
    """Borders that repeat the tensor's own elements, as slices joined to it."""
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    for axis, (before, after) in enumerate(widths):
        size = x.array.shape[axis]
        limit = {"reflect": size - 1, "circular": size, "replicate": max(before, after)}[mode]
        if max(before, after) > limit:
            raise OperationError(
                f"pad: Padding size should be less than the corresponding input dimension, but got "
                f"padding ({before}, {after}) at dimension {axis} of input {tuple(x.shape)}"
            )
        if mode == "reflect":
            parts = [x.narrow(axis, 1, before).flip(axis), x,
                     x.narrow(axis, size - 1 - after, after).flip(axis)]  # fmt: skip
        elif mode == "circular":
            parts = [x.narrow(axis, size - before, before), x, x.narrow(axis, 0, after)]
        else:
            first, last = x.narrow(axis, 0, 1), x.narrow(axis, size - 1, 1)
            parts = [first] * before + [x] + [last] * after
        if before or after:
            x = cat(parts, axis)
    return x
