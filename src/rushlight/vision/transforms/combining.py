"""Transforms of transforms, and those that are neither of colours nor of places."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import rushlight

from ... import nn
from ...tensor import Tensor
from . import functional as F

Transform = Callable[[Any], Any]


class ToPILImage:
    """A tensor (C, H, W) or an array (H, W, C) as a PIL image.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.ToPILImage()(torch.ones(3, 4, 5)).mode
    'RGB'
    """

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        return F.to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        return f"ToPILImage({'' if self.mode is None else f'mode={self.mode}'})"


def _listed(name: str, transforms: Sequence[Transform], first: str = "") -> str:
    lines = [first] if first else []
    return "\n    ".join([f"{name}(", *lines, *map(str, transforms)]) + "\n)"


class RandomApply(nn.Module):
    """With probability p all of some transforms, else none.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.RandomApply([transforms.Lambda(lambda x: x + 1)], p=1.0)(torch.zeros(1))
    tensor([1.])
    """

    def __init__(self, transforms: Sequence[Transform], p: float = 0.5) -> None:
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, img: Any) -> Any:
        if self.p < rushlight.rand(1).item():
            return img
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return _listed("RandomApply", self.transforms, f"p={self.p}")


class _OfSeveral:
    def __init__(self, transforms: Sequence[Transform]) -> None:
        if not isinstance(transforms, Sequence):
            raise TypeError("Argument transforms should be a sequence")
        self.transforms = transforms

    def __repr__(self) -> str:
        return _listed(type(self).__name__, self.transforms)


class RandomOrder(_OfSeveral):
    """All of some transforms, in an order of Python's random numbers.

    >>> from rushlight.vision import transforms
    >>> add = transforms.Lambda(lambda x: x + 1)
    >>> transforms.RandomOrder([add, add])(0)
    2
    """

    def __call__(self, img: Any) -> Any:
        order = list(range(len(self.transforms)))
        random.shuffle(order)
        for number in order:
            img = self.transforms[number](img)
        return img


class RandomChoice(_OfSeveral):
    """One of some transforms, with probabilities `p`, chosen by Python's random numbers.

    >>> from rushlight.vision import transforms
    >>> add, double = transforms.Lambda(lambda x: x + 1), transforms.Lambda(lambda x: 2 * x)
    >>> transforms.RandomChoice([add, double], p=[0, 1])(5)
    10
    """

    def __init__(self, transforms: Sequence[Transform], p: Sequence[float] | None = None) -> None:
        super().__init__(transforms)
        if p is not None and not isinstance(p, Sequence):
            raise TypeError("Argument p should be a sequence")
        self.p = p

    def __call__(self, *args: Any) -> Any:
        return random.choices(self.transforms, weights=self.p)[0](*args)

    def __repr__(self) -> str:
        return f"{super().__repr__()}(p={self.p})"


class LinearTransformation(nn.Module):
    """(x - mean_vector) times a square matrix, of an image as one vector: whitening.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> whiten = transforms.LinearTransformation(2 * torch.eye(2), torch.ones(2))
    >>> whiten(torch.tensor([[[1.0, 2.0]]]))
    tensor([[[0., 2.]]])
    """

    def __init__(self, transformation_matrix: Tensor, mean_vector: Tensor) -> None:
        super().__init__()
        rows, columns = transformation_matrix.shape
        if rows != columns:
            raise ValueError(
                "transformation_matrix should be square. Got "
                f"{tuple(transformation_matrix.size())} rectangular matrix."
            )
        if len(mean_vector) != rows:
            raise ValueError(
                f"mean_vector should have the same length {len(mean_vector)} as any one of the "
                f"dimensions of the transformation_matrix [{tuple(transformation_matrix.size())}]"
            )
        for kind in ("device", "dtype"):
            one, other = getattr(transformation_matrix, kind), getattr(mean_vector, kind)
            if one != other:
                raise ValueError(
                    f"Input tensors should have the same {kind}. Got {one} and {other}"
                )
        self.transformation_matrix = transformation_matrix
        self.mean_vector = mean_vector

    def forward(self, tensor: Tensor) -> Tensor:
        channels, height, width = F.get_dimensions(tensor)
        rows = len(self.transformation_matrix)
        if channels * height * width != rows:
            raise ValueError(
                "Input tensor and transformation matrix have incompatible shape."
                f"[{channels} x {height} x {width}] != {rows}"
            )
        flat = tensor.reshape(-1, rows) - self.mean_vector
        return (flat @ self.transformation_matrix.to(flat.dtype)).reshape(tensor.shape)

    def __repr__(self) -> str:
        return (
            f"LinearTransformation(transformation_matrix={self.transformation_matrix.tolist()}, "
            f"mean_vector={self.mean_vector.tolist()})"
        )
