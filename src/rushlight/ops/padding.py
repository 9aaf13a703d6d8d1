"""Borders put around tensors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ..autograd.operation import Operation
from ..errors import OperationError
from ..tensor import Tensor
from .declare import operation


class ConstantPad(Operation):
    """A border of one value; negative widths cut off."""

    node_name = "ConstantPadNdBackward0"
    widths: Any
    value: Any

    @staticmethod
    def forward(kernels: Any, x: Any, widths: Any, value: Any) -> Any:
        return kernels.pad(x, widths, "constant", value)

    def backward(self, grad: Tensor) -> Any:
        return ConstantPad.apply(grad, tuple((-b, -a) for b, a in self.widths), 0)


class Pad(Operation):
    """A border of the tensor's own elements."""

    widths: Any
    mode: str

    @staticmethod
    def forward(kernels: Any, x: Any, widths: Any, mode: str) -> Any:
        return kernels.pad(x, widths, mode, None)

    def backward(self, grad: Tensor) -> Any:
        return PadBackward.apply(grad, self.widths, self.mode)


class PadBackward(Operation):
    """The gradient of `Pad`: what the border repeated adds up."""

    widths: Any
    mode: str

    def backward(self, grad: Tensor) -> Any:
        return Pad.apply(grad, self.widths, self.mode)


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
    return _pad(input, pad, mode, value)


Widths = tuple[tuple[int, int], ...]  # before and after each dimension


def _pad(input: Tensor, pad: Sequence[int], mode: str, value: float | None) -> Tensor:
    cut, widths = _widths(input.array.shape, tuple([int(width) for width in pad]), mode)
    if mode == "constant":
        return ConstantPad.apply(input, widths, value or 0)
    if cut:
        input = ConstantPad.apply(input, cut, 0)
    if mode == "circular":
        return Pad.apply(input, widths, mode)
    return _repeated(input, widths, mode)


@lru_cache(4096)
def _widths(shape: tuple[int, ...], pad: tuple[int, ...], mode: str) -> tuple[Widths, Widths]:
    """Checked: what is cut off before there is a border, and the border."""
    ndim = len(shape)
    if len(pad) % 2 or len(pad) > 2 * ndim:
        raise OperationError(
            "pad: Padding length must be divisible by 2 and at most twice the number of "
            f"dimensions (got {list(pad)} for shape {shape})"
        )
    widths = [(pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)]
    widths = [(0, 0)] * (ndim - len(widths)) + widths
    for size, (before, after) in zip(shape, widths, strict=True):
        if size + min(before, 0) + min(after, 0) < 0:
            raise OperationError(
                f"pad: The input size {list(shape)}, plus negative padding {list(pad)}, resulted "
                "in a negative output size, which is invalid"
            )
    if mode == "constant":
        return (), tuple(widths)
    cut: Widths = ()
    if mode == "circular" and min(map(min, widths)) < 0:  # what is cut off does not come back
        cut = tuple([(min(a, 0), min(b, 0)) for a, b in widths])
        widths = [(max(a, 0), max(b, 0)) for a, b in widths]
        shape = tuple([n + a + b for n, (a, b) in zip(shape, cut, strict=True)])
    _check_borders(shape, widths, mode)
    return cut, tuple(widths)


@operation("", autocast="float32")
def _repeated(input: Tensor, widths: Widths, mode: str) -> Tensor:
    return Pad.apply(input, widths, mode)


@operation(method=False, out="cast")
def constant_pad_nd(input: Tensor, pad: Sequence[int], value: float = 0) -> Tensor:
    """A border of one value; see `torch.nn.functional.pad`.

    >>> import rushlight as torch
    >>> torch.constant_pad_nd(torch.tensor([[1, 2]]), (1, 2), 9)
    tensor([[9, 1, 2, 9, 9]])
    """
    return _pad(input, pad, "constant", value)


def _check_borders(shape: tuple[int, ...], widths: list[tuple[int, int]], mode: str) -> None:
    """A border is no wider than what it repeats."""
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    for axis, (before, after) in enumerate(widths):
        if min(before, after) < 0 and shape[axis] + before + after < 1:
            raise OperationError(
                f"pad: input size {list(shape)} is too small: padding ({before}, {after}) leaves "
                f"nothing of dimension {axis}"
            )
        if before <= 0 and after <= 0:
            continue
        size = shape[axis]
        if mode == "replicate":
            refused = size == 0
        else:
            refused = max(before, after) > (size - 1 if mode == "reflect" else size)
        if refused:
            raise OperationError(
                f"pad: Padding size should be less than the corresponding input dimension, but got "
                f"padding ({before}, {after}) at dimension {axis} of input {shape}"
            )
