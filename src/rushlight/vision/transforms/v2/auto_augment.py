"""Augmentation by chains of transforms that are drawn at random: of the one image of a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rushlight

from ....tensor import Tensor
from ....utils._pytree import tree_flatten, tree_unflatten
from ... import tv_tensors
from ...pillow import is_pillow_image
from ...tv_tensors import BoundingBoxes, Image, KeyPoints, Mask, Video, plain
from .. import auto_augment as v1
from ..auto_augment import AutoAugmentPolicy
from ..functional.colour import bound
from . import functional as F
from .functional import is_pure_tensor
from .geometry import Mode
from .transform import Transform, check_type, checked_fill, fill_for

Fill = float | Sequence[float] | dict[Any, Any] | None


class _OfOneImage(Transform):
    """Changes the image, or the video, of a sample: TypeError for none, and for boxes and masks."""

    def __init__(self, interpolation: Mode, fill: Fill) -> None:
        super().__init__()
        self.interpolation = interpolation
        self.fill = checked_fill(fill)

    def forward(self, *inputs: Any) -> Any:
        flat_inputs, structure = tree_flatten(inputs if len(inputs) > 1 else inputs[0])
        pairs = list(zip(flat_inputs, self.chosen(flat_inputs), strict=True))
        places = [
            place
            for place, (value, is_chosen) in enumerate(pairs)
            if is_chosen and check_type(value, (Image, is_pure_tensor, is_pillow_image, Video))
        ]
        name = type(self).__name__
        for value in flat_inputs:
            if isinstance(value, (BoundingBoxes, Mask, KeyPoints)):
                raise TypeError(
                    f"Inputs of type {type(value).__name__} are not supported by {name}()"
                )
        if len(places) != 1:
            raise TypeError(f"{name}: it takes a sample with one image or video, not {len(places)}")
        flat_inputs[places[0]] = self.augmented(flat_inputs[places[0]])
        return tree_unflatten(flat_inputs, structure)

    def augmented(self, image: Any) -> Any:
        raise NotImplementedError

    def changed(self, image: Any, name: str, magnitude: float) -> Any:
        if name == "Solarize":
            magnitude *= bound(image) if isinstance(image, Tensor) else 255.0
        fill = fill_for(self.fill, image)
        return v1.changed(image, name, magnitude, self.interpolation, fill, F)


def _drawn(space: v1.Space) -> tuple[str, Tensor, bool]:
    """The name of a change, its magnitudes, and whether they have a sign."""
    name = list(space)[int(rushlight.randint(len(space), ()))]
    return (name, *space[name])


def _signed(magnitude: float, signed: bool) -> float:
    return -magnitude if signed and rushlight.rand(()).item() <= 0.5 else magnitude


def _parts(space: v1.Space, bins: int) -> v1.Space:
    """The space with thresholds of Solarize as parts of the greatest value."""
    return space | {"Solarize": (rushlight.linspace(1.0, 0.0, bins), False)}


class AutoAugment(_OfOneImage):
    """Two changes of a policy that was learnt: Cubuk et al., arXiv:1805.09501.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.AutoAugment()(torch.zeros(3, 8, 8, dtype=torch.uint8)).shape
    torch.Size([3, 8, 8])
    """

    _v1_transform_cls = v1.AutoAugment

    def __init__(
        self,
        policy: AutoAugmentPolicy = AutoAugmentPolicy.IMAGENET,
        interpolation: Mode = "nearest",
        fill: Fill = None,
    ) -> None:
        super().__init__(interpolation, fill)
        if not isinstance(policy, AutoAugmentPolicy):
            raise ValueError(f"The provided policy {policy} is not recognized.")
        self.policy = policy
        self._policies = v1.pairs_of(policy.value)

    def augmented(self, image: Any) -> Any:
        height, width = F.get_size(image)
        space = v1.space_of(10, 0.3, 150 / 331 * width, 150 / 331 * height, 30.0, 0.9, 4)
        space = _parts(space, 10)
        number = int(rushlight.randint(len(self._policies), ()))
        for name, chance, level in self._policies[number]:
            if rushlight.rand(()).item() <= chance:
                magnitudes, signed = space[name]
                magnitude = 0.0
                if level is not None:
                    magnitude = _signed(float(magnitudes[level]), signed)
                image = self.changed(image, name, magnitude)
        return image


class RandAugment(_OfOneImage):
    """`num_ops` changes drawn evenly, of one magnitude: Cubuk et al., arXiv:1909.13719.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandAugment(1)(torch.zeros(3, 8, 8, dtype=torch.uint8)).shape
    torch.Size([3, 8, 8])
    """

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: Mode = "nearest",
        fill: Fill = None,
    ) -> None:
        super().__init__(interpolation, fill)
        if not isinstance(num_ops, int) or num_ops < 0:
            raise ValueError(
                f"num_ops should be a non-negative integer, but got {num_ops} instead."
            )
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.num_magnitude_bins = num_magnitude_bins

    def augmented(self, image: Any) -> Any:
        height, width = F.get_size(image)
        bins = self.num_magnitude_bins
        space = v1.space_of(bins, 0.3, 150 / 331 * width, 150 / 331 * height, 30.0, 0.9, 4)
        space = _parts(space, bins)
        del space["Invert"]
        for _ in range(self.num_ops):
            name, magnitudes, signed = _drawn(space)
            magnitude = float(magnitudes[self.magnitude]) if magnitudes.ndim else 0.0
            image = self.changed(image, name, _signed(magnitude, signed))
        return image


class TrivialAugmentWide(_OfOneImage):
    """One change of a magnitude, both drawn evenly: Mueller and Hutter, arXiv:2103.10158.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.TrivialAugmentWide()(torch.zeros(3, 8, 8, dtype=torch.uint8)).shape
    torch.Size([3, 8, 8])
    """

    def __init__(
        self, num_magnitude_bins: int = 31, interpolation: Mode = "nearest", fill: Fill = None
    ) -> None:
        super().__init__(interpolation, fill)
        self.num_magnitude_bins = num_magnitude_bins

    def augmented(self, image: Any) -> Any:
        bins = self.num_magnitude_bins
        space = _parts(v1.space_of(bins, 0.99, 32.0, 32.0, 135.0, 0.99, 6), bins)
        del space["Invert"]
        name, magnitudes, signed = _drawn(space)
        magnitude = 0.0
        if magnitudes.ndim:
            magnitude = float(magnitudes[int(rushlight.randint(bins, ()))])
        return self.changed(image, name, _signed(magnitude, signed))


class AugMix(_OfOneImage):
    """The image mixed with chains of changes of it: Hendrycks et al., arXiv:1912.02781.

    `severity` from 1 to 10 bounds the magnitudes, `mixture_width` is the number of chains,
    `chain_depth` their length (drawn from 1 to 3 where it is not positive).

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.AugMix()(torch.zeros(3, 8, 8, dtype=torch.uint8)).shape
    torch.Size([3, 8, 8])
    """

    def __init__(
        self,
        severity: int = 3,
        mixture_width: int = 3,
        chain_depth: int = -1,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: Mode = "bilinear",
        fill: Fill = None,
    ) -> None:
        super().__init__(interpolation, fill)
        if not 1 <= severity <= 10:
            raise ValueError(f"The severity must be between [1, 10]. Got {severity} instead.")
        self.severity = severity
        self.mixture_width = mixture_width
        self.chain_depth = chain_depth
        self.alpha = alpha
        self.all_ops = all_ops

    def _chain(self, batch: Any, space: v1.Space) -> Any:
        depth = self.chain_depth if self.chain_depth > 0 else int(rushlight.randint(1, 4, ()))
        for _ in range(depth):
            name, magnitudes, signed = _drawn(space)
            magnitude = 0.0
            if magnitudes.ndim:
                magnitude = float(magnitudes[int(rushlight.randint(self.severity, ()))])
            batch = self.changed(batch, name, _signed(magnitude, signed))
        return batch

    def augmented(self, image: Any) -> Any:
        height, width = F.get_size(image)
        space = _parts(v1.mixed_space(height, width, self.all_ops), 10)
        values = F.pil_to_tensor(image) if is_pillow_image(image) else plain(image)
        mix = v1.mixed_chains(
            values,
            5 if isinstance(image, Video) else 4,
            self.mixture_width,
            self.alpha,
            lambda batch: self._chain(batch, space),
        )
        return F.to_pil_image(mix) if is_pillow_image(image) else tv_tensors.wrap(mix, like=image)
