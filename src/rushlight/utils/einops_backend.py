"""What einops is told of tensors: `companions.py` does so when a program imports it."""

from __future__ import annotations

from typing import Any

from ..ops.creation import arange
from ..ops.einsum import einsum
from ..ops.interchange import from_numpy
from ..ops.joining import cat
from ..ops.stacking import stack
from ..tensor import Tensor


def make_backend(base: Any) -> Any:
    """The class by which einops, whose `AbstractBackend` is given, knows tensors."""

    class RushlightBackend(base):
        framework_name = "rushlight"

        def is_appropriate_type(self, tensor: Any) -> bool:
            return isinstance(tensor, Tensor)

        def from_numpy(self, x: Any) -> Tensor:
            tensor = from_numpy(x)
            return tensor.requires_grad_() if tensor.is_floating_point() else tensor

        def to_numpy(self, x: Tensor) -> Any:
            return x.numpy(force=True)

        def arange(self, start: int, stop: int) -> Tensor:
            return arange(start, stop)

        def transpose(self, x: Tensor, axes: Any) -> Tensor:
            return x.permute(axes)

        def reduce(self, x: Tensor, operation: str, axes: Any) -> Tensor:
            if operation in ("min", "max"):
                return x.amin(axes) if operation == "min" else x.amax(axes)
            if operation == "prod":
                for axis in sorted(axes, reverse=True):
                    x = x.prod(axis)
                return x
            return getattr(x, operation)(tuple(axes))

        def stack_on_zeroth_dimension(self, tensors: list[Tensor]) -> Tensor:
            return stack(tensors)

        def add_axis(self, x: Tensor, new_position: int) -> Tensor:
            return x.unsqueeze(new_position)

        def add_axes(self, x: Tensor, n_axes: int, pos2len: dict[int, int]) -> Tensor:
            sizes = [-1] * n_axes
            for position, length in pos2len.items():
                x = x.unsqueeze(position)
                sizes[position] = length
            return x.expand(sizes)

        def tile(self, x: Tensor, repeats: Any) -> Tensor:
            return x.repeat(repeats)

        def concat(self, tensors: list[Tensor], axis: int) -> Tensor:
            return cat(tensors, axis)

        def is_float_type(self, x: Tensor) -> bool:
            return x.is_floating_point()

        def layers(self) -> Any:
            from . import einops

            return einops

        def einsum(self, pattern: str, *x: Tensor) -> Tensor:
            return einsum(pattern, *x)

    return RushlightBackend
