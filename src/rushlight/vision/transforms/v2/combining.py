"""Transforms of transforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import rushlight

from .... import nn
from .transform import Transform

AnyTransform = Callable[..., Any]


def _each(transforms: Sequence[AnyTransform], inputs: tuple[Any, ...]) -> Any:
    """What a sample becomes after one transform after the other."""
    several = len(inputs) > 1
    for transform in transforms:
        outputs = transform(*inputs)
        inputs = outputs if several else (outputs,)
    return inputs if several else inputs[0]


class Compose(Transform):
    """Several transforms, one after the other.

    TypeError unless they are a sequence, ValueError for an empty one.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.Compose([v2.Pad(1), v2.CenterCrop(1)])(torch.ones(1, 1, 1))
    tensor([[[1.]]])
    """

    def __init__(self, transforms: Sequence[AnyTransform]) -> None:
        super().__init__()
        if not isinstance(transforms, Sequence):
            raise TypeError("Argument transforms should be a sequence of callables")
        if not transforms:
            raise ValueError("Pass at least one transform")
        self.transforms = transforms

    def forward(self, *inputs: Any) -> Any:
        return _each(self.transforms, inputs)

    def extra_repr(self) -> str:
        return "\n".join(f"    {transform}" for transform in self.transforms)


class RandomApply(Transform):
    """With probability p all of some transforms, else none.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomApply([v2.RandomInvert(p=1.0)], p=1.0)(torch.zeros(1, 1, 1))
    tensor([[[1.]]])
    """

    def __init__(self, transforms: Sequence[AnyTransform] | nn.ModuleList, p: float = 0.5) -> None:
        super().__init__()
        if not isinstance(transforms, (Sequence, nn.ModuleList)):
            raise TypeError(
                "Argument transforms should be a sequence of callables or a `nn.ModuleList`"
            )
        if not len(transforms):
            raise ValueError("Pass at least one transform")
        self.transforms: Any = transforms
        if not 0.0 <= p <= 1.0:
            raise ValueError("`p` should be a floating point value in the interval [0.0, 1.0].")
        self.p = p

    def forward(self, *inputs: Any) -> Any:
        if rushlight.rand(1).item() >= self.p:
            return inputs if len(inputs) > 1 else inputs[0]
        return _each(self.transforms, inputs)

    def extra_repr(self) -> str:
        return "\n".join(f"    {transform}" for transform in self.transforms)


class RandomChoice(Transform):
    """One of some transforms, with probabilities `p`, which need not add up to 1.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomChoice([v2.Identity(), v2.RandomInvert(p=1.0)], p=[0, 1])(torch.zeros(1, 1, 1))
    tensor([[[1.]]])
    """

    def __init__(
        self, transforms: Sequence[AnyTransform], p: Sequence[float] | None = None
    ) -> None:
        super().__init__()
        if not isinstance(transforms, Sequence):
            raise TypeError("Argument transforms should be a sequence of callables")
        if not transforms:
            raise ValueError("Pass at least one transform")
        weights = [1.0] * len(transforms) if p is None else p
        if len(weights) != len(transforms):
            raise ValueError(
                "Length of p doesn't match the number of transforms: "
                f"{len(weights)} != {len(transforms)}"
            )
        self.transforms = transforms
        total = sum(weights)
        self.p = [weight / total for weight in weights]

    def forward(self, *inputs: Any) -> Any:
        number = int(rushlight.multinomial(rushlight.tensor(self.p), 1))
        return self.transforms[number](*inputs)


class RandomOrder(Transform):
    """All of some transforms, in random order.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomOrder([v2.Pad(1), v2.Pad(2)])(torch.zeros(1, 1, 1)).shape
    torch.Size([1, 7, 7])
    """

    def __init__(self, transforms: Sequence[AnyTransform]) -> None:
        super().__init__()
        if not isinstance(transforms, Sequence):
            raise TypeError("Argument transforms should be a sequence of callables")
        if not transforms:
            raise ValueError("Pass at least one transform")
        self.transforms = transforms

    def forward(self, *inputs: Any) -> Any:
        order = rushlight.randperm(len(self.transforms)).tolist()
        return _each([self.transforms[number] for number in order], inputs)
