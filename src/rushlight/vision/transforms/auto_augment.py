"""Augmentation by chains of transforms that are drawn at random."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

import rushlight

from ... import nn
from ...tensor import Tensor
from . import functional as F
from .functional import InterpolationMode
from .geometry import fill_of

# Of each change its magnitudes, and whether they have a sign.
Space = dict[str, tuple[Tensor, bool]]
_PLAIN = {"AutoContrast": "autocontrast", "Equalize": "equalize", "Invert": "invert"}
_FACTORS = {
    "Brightness": "adjust_brightness", "Color": "adjust_saturation",
    "Contrast": "adjust_contrast", "Sharpness": "adjust_sharpness",
}  # fmt: skip
_AFFINE = ("ShearX", "ShearY", "TranslateX", "TranslateY")


def changed(
    img: Any, name: str, magnitude: float, interpolation: Any, fill: Any, functions: Any = F
) -> Any:
    """The image after one change, made by functions of these names."""
    if name in _PLAIN:
        return getattr(functions, _PLAIN[name])(img)
    if name in _FACTORS:
        return getattr(functions, _FACTORS[name])(img, 1.0 + magnitude)
    if name in _AFFINE:
        along_x = name.endswith("X")
        if name.startswith("Shear"):  # by the tangent, about the corner
            angle = math.degrees(math.atan(magnitude))
            shear = (angle, 0.0) if along_x else (0.0, angle)
            return functions.affine(img, 0.0, (0, 0), 1.0, shear, interpolation, fill, (0, 0))
        moved = (int(magnitude), 0) if along_x else (0, int(magnitude))
        return functions.affine(img, 0.0, moved, 1.0, (0.0, 0.0), interpolation, fill)
    if name == "Rotate":
        return functions.rotate(img, magnitude, interpolation, fill=fill)
    if name == "Posterize":
        return functions.posterize(img, int(magnitude))
    if name == "Solarize":
        return functions.solarize(img, magnitude)
    if name == "Identity":
        return img
    raise ValueError(f"The provided operator {name} is not recognized.")


def space_of(
    bins: int, shear: float, across: float, down: float, angle: float, factor: float, bits: int,
    first_bits: int = 8,
) -> Space:  # fmt: skip
    """The magnitudes of each change, from 0 to the greatest."""

    def up_to(most: float) -> tuple[Tensor, bool]:
        return rushlight.linspace(0.0, most, bins), True

    lost = (rushlight.arange(bins) / ((bins - 1) / bits)).round().int()
    none = (rushlight.tensor(0.0), False)
    return {
        "Identity": none,
        "ShearX": up_to(shear), "ShearY": up_to(shear),
        "TranslateX": up_to(across), "TranslateY": up_to(down), "Rotate": up_to(angle),
        "Brightness": up_to(factor), "Color": up_to(factor), "Contrast": up_to(factor),
        "Sharpness": up_to(factor),
        "Posterize": (first_bits - lost, False),
        "Solarize": (rushlight.linspace(255.0, 0.0, bins), False),
        "AutoContrast": none, "Equalize": none, "Invert": none,
    }  # fmt: skip


def mixed_space(height: int, width: int, all_ops: bool) -> Space:
    """The changes that AugMix mixes."""
    space = space_of(10, 0.3, width / 3.0, height / 3.0, 30.0, 0.9, 4, first_bits=4)
    names = [name for name in space if name not in ("Identity", "Invert", *_FACTORS)]
    return {name: space[name] for name in names + list(_FACTORS) * all_ops}


def _one_of(number: int) -> int:
    return int(rushlight.randint(number, (1,)).item())


def _signed(magnitude: float, signed: bool) -> float:
    return -magnitude if signed and _one_of(2) else magnitude


class AutoAugmentPolicy(Enum):
    """Policies learnt on a dataset.

    >>> from rushlight.vision import transforms
    >>> transforms.AutoAugmentPolicy.CIFAR10.value
    'cifar10'
    """

    IMAGENET = "imagenet"
    CIFAR10 = "cifar10"
    SVHN = "svhn"


# 25 pairs of each policy: name, probability in tenths, magnitude ("-" where there is none).
_POLICIES = {
    "imagenet": """
        Posterize 4 8 Rotate 6 9; Solarize 6 5 AutoContrast 6 -; Equalize 8 - Equalize 6 -;
        Posterize 6 7 Posterize 6 6; Equalize 4 - Solarize 2 4; Equalize 4 - Rotate 8 8;
        Solarize 6 3 Equalize 6 -; Posterize 8 5 Equalize 10 -; Rotate 2 3 Solarize 6 8;
        Equalize 6 - Posterize 4 6; Rotate 8 8 Color 4 0; Rotate 4 9 Equalize 6 -;
        Equalize 0 - Equalize 8 -; Invert 6 - Equalize 10 -; Color 6 4 Contrast 10 8;
        Rotate 8 8 Color 10 2; Color 8 8 Solarize 8 7; Sharpness 4 7 Invert 6 -;
        ShearX 6 5 Equalize 10 -; Color 4 0 Equalize 6 -; Equalize 4 - Solarize 2 4;
        Solarize 6 5 AutoContrast 6 -; Invert 6 - Equalize 10 -; Color 6 4 Contrast 10 8;
        Equalize 8 - Equalize 6 -""",
    "cifar10": """
        Invert 1 - Contrast 2 6; Rotate 7 2 TranslateX 3 9; Sharpness 8 1 Sharpness 9 3;
        ShearY 5 8 TranslateY 7 9; AutoContrast 5 - Equalize 9 -; ShearY 2 7 Posterize 3 7;
        Color 4 3 Brightness 6 7; Sharpness 3 9 Brightness 7 9; Equalize 6 - Equalize 5 -;
        Contrast 6 7 Sharpness 6 5; Color 7 7 TranslateX 5 8; Equalize 3 - AutoContrast 4 -;
        TranslateY 4 3 Sharpness 2 6; Brightness 9 6 Color 2 8; Solarize 5 2 Invert 0 -;
        Equalize 2 - AutoContrast 6 -; Equalize 2 - Equalize 6 -; Color 9 9 Equalize 6 -;
        AutoContrast 8 - Solarize 2 8; Brightness 1 3 Color 7 0; Solarize 4 5 AutoContrast 9 -;
        TranslateY 9 9 TranslateY 7 9; AutoContrast 9 - Solarize 8 3; Equalize 8 - Invert 1 -;
        TranslateY 7 9 AutoContrast 9 -""",
    "svhn": """
        ShearX 9 4 Invert 2 -; ShearY 9 8 Invert 7 -; Equalize 6 - Solarize 6 6;
        Invert 9 - Equalize 6 -; Equalize 6 - Rotate 9 3; ShearX 9 4 AutoContrast 8 -;
        ShearY 9 8 Invert 4 -; ShearY 9 5 Solarize 2 6; Invert 9 - AutoContrast 8 -;
        Equalize 6 - Rotate 9 3; ShearX 9 4 Solarize 3 3; ShearY 8 8 Invert 7 -;
        Equalize 9 - TranslateY 6 6; Invert 9 - Equalize 6 -; Contrast 3 3 Rotate 8 4;
        Invert 8 - TranslateY 0 2; ShearY 7 6 Solarize 4 8; Invert 6 - Rotate 8 4;
        ShearY 3 7 TranslateX 9 3; ShearX 1 6 Invert 6 -; Solarize 7 2 TranslateY 6 7;
        ShearY 8 4 Invert 8 -; ShearX 7 9 TranslateY 8 3; ShearY 8 5 AutoContrast 7 -;
        ShearX 7 2 Invert 1 -""",
}


def pairs_of(policy: str) -> list[list[tuple[str, float, int | None]]]:
    found = []
    for line in _POLICIES[policy].split(";"):
        words = line.split()
        found.append([
            (name, int(chance) / 10, None if magnitude == "-" else int(magnitude))
            for name, chance, magnitude in (words[:3], words[3:])
        ])  # fmt: skip
    return found


class AutoAugment(nn.Module):
    """Two changes of a policy that was learnt: Cubuk et al., arXiv:1805.09501.

    Images of bytes: PIL's, or tensors.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.AutoAugment()(torch.zeros(3, 8, 8, dtype=torch.uint8)).shape
    torch.Size([3, 8, 8])
    """

    def __init__(
        self,
        policy: AutoAugmentPolicy = AutoAugmentPolicy.IMAGENET,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        if not isinstance(policy, AutoAugmentPolicy):
            raise ValueError(f"The provided policy {policy} is not recognized.")
        self.policy = policy
        self.interpolation = interpolation
        self.fill = fill
        self.policies = pairs_of(policy.value)

    @staticmethod
    def get_params(transform_num: int) -> tuple[int, Tensor, Tensor]:
        """Which pair, and a number and a sign for each of its changes.

        >>> from rushlight.vision import transforms
        >>> transforms.AutoAugment.get_params(1)[0]
        0
        """
        return _one_of(transform_num), rushlight.rand((2,)), rushlight.randint(2, (2,))

    def forward(self, img: Any) -> Any:
        _, height, width = F.get_dimensions(img)
        fill = fill_of(self.fill, img)
        number, chances, signs = self.get_params(len(self.policies))
        space = space_of(10, 0.3, 150 / 331 * width, 150 / 331 * height, 30.0, 0.9, 4)
        for place, (name, chance, level) in enumerate(self.policies[number]):
            if chances[place].item() <= chance:
                magnitudes, signed = space[name]
                magnitude = 0.0 if level is None else float(magnitudes[level].item())
                if signed and signs[place].item() == 0:
                    magnitude = -magnitude
                img = changed(img, name, magnitude, self.interpolation, fill)
        return img

    def __repr__(self) -> str:
        return f"AutoAugment(policy={self.policy}, fill={self.fill})"


class RandAugment(nn.Module):
    """`num_ops` changes drawn evenly, of one magnitude: Cubuk et al., arXiv:1909.13719.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.RandAugment(1)(torch.zeros(3, 8, 8, dtype=torch.uint8)).shape
    torch.Size([3, 8, 8])
    """

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation = interpolation
        self.fill = fill

    def forward(self, img: Any) -> Any:
        _, height, width = F.get_dimensions(img)
        fill = fill_of(self.fill, img)
        bins = self.num_magnitude_bins
        space = space_of(bins, 0.3, 150 / 331 * width, 150 / 331 * height, 30.0, 0.9, 4)
        del space["Invert"]
        for _ in range(self.num_ops):
            name = list(space)[_one_of(len(space))]
            magnitudes, signed = space[name]
            magnitude = float(magnitudes[self.magnitude].item()) if magnitudes.ndim else 0.0
            img = changed(img, name, _signed(magnitude, signed), self.interpolation, fill)
        return img

    def __repr__(self) -> str:
        return (
            f"RandAugment(num_ops={self.num_ops}, magnitude={self.magnitude}, "
            f"num_magnitude_bins={self.num_magnitude_bins}, interpolation={self.interpolation}, "
            f"fill={self.fill})"
        )


class TrivialAugmentWide(nn.Module):
    """One change of a magnitude, both drawn evenly: Mueller and Hutter, arXiv:2103.10158.

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.TrivialAugmentWide()(torch.zeros(3, 8, 8, dtype=torch.uint8)).shape
    torch.Size([3, 8, 8])
    """

    def __init__(
        self,
        num_magnitude_bins: int = 31,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation = interpolation
        self.fill = fill

    def forward(self, img: Any) -> Any:
        fill = fill_of(self.fill, img)
        space = space_of(self.num_magnitude_bins, 0.99, 32.0, 32.0, 135.0, 0.99, 6)
        del space["Invert"]
        name = list(space)[_one_of(len(space))]
        magnitudes, signed = space[name]
        magnitude = float(magnitudes[_one_of(len(magnitudes))].item()) if magnitudes.ndim else 0.0
        return changed(img, name, _signed(magnitude, signed), self.interpolation, fill)

    def __repr__(self) -> str:
        return (
            f"TrivialAugmentWide(num_magnitude_bins={self.num_magnitude_bins}, "
            f"interpolation={self.interpolation}, fill={self.fill})"
        )


def mixed_chains(
    img: Tensor, dims: int, width: int, alpha: float, chain: Callable[[Tensor], Tensor]
) -> Tensor:
    """An image, or a batch of so many dimensions, mixed with `width` chains of changes of it.

    The shares are drawn from Dirichlet distributions of concentration `alpha`, for each image.
    """
    batch = img.reshape((1,) * max(dims - img.ndim, 0) + tuple(img.shape))
    count, ones = len(batch), (-1,) + (1,) * (batch.ndim - 1)
    kept, mixed = rushlight._sample_dirichlet(rushlight.full((count, 2), float(alpha))).unbind(1)
    shares = rushlight._sample_dirichlet(rushlight.full((count, width), float(alpha)))
    mix = kept.reshape(ones) * batch
    for share in (shares * mixed[:, None]).unbind(1):
        mix += share.reshape(ones) * chain(batch)
    return mix.reshape(img.shape).to(img.dtype)


class AugMix(nn.Module):
    """The image mixed with chains of changes of it: Hendrycks et al., arXiv:1912.02781.

    `severity` from 1 to 10 bounds the magnitudes, `mixture_width` is the number of chains,
    `chain_depth` their length (drawn from 1 to 3 where it is not positive).

    >>> import rushlight as torch
    >>> from rushlight.vision import transforms
    >>> transforms.AugMix()(torch.zeros(3, 8, 8, dtype=torch.uint8)).shape
    torch.Size([3, 8, 8])
    """

    def __init__(
        self,
        severity: int = 3,
        mixture_width: int = 3,
        chain_depth: int = -1,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        fill: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        if not 1 <= severity <= 10:
            raise ValueError(f"The severity must be between [1, 10]. Got {severity} instead.")
        self.severity = severity
        self.mixture_width = mixture_width
        self.chain_depth = chain_depth
        self.alpha = alpha
        self.all_ops = all_ops
        self.interpolation = interpolation
        self.fill = fill

    def _chain(self, batch: Tensor, space: Space, fill: Any) -> Tensor:
        depth = self.chain_depth
        if depth <= 0:
            depth = int(rushlight.randint(1, 4, (1,)).item())
        for _ in range(depth):
            name = list(space)[_one_of(len(space))]
            magnitudes, signed = space[name]
            magnitude = float(magnitudes[_one_of(self.severity)].item()) if magnitudes.ndim else 0.0
            batch = changed(batch, name, _signed(magnitude, signed), self.interpolation, fill)
        return batch

    def forward(self, orig_img: Any) -> Any:
        _, height, width = F.get_dimensions(orig_img)
        fill = fill_of(self.fill, orig_img)
        img = orig_img if isinstance(orig_img, Tensor) else F.pil_to_tensor(orig_img)
        space = mixed_space(height, width, self.all_ops)
        mix = mixed_chains(
            img, 4, self.mixture_width, self.alpha, lambda batch: self._chain(batch, space, fill)
        )
        return mix if isinstance(orig_img, Tensor) else F.to_pil_image(mix)

    def __repr__(self) -> str:
        return (
            f"AugMix(severity={self.severity}, mixture_width={self.mixture_width}, "
            f"chain_depth={self.chain_depth}, alpha={self.alpha}, all_ops={self.all_ops}, "
            f"interpolation={self.interpolation}, fill={self.fill})"
        )
