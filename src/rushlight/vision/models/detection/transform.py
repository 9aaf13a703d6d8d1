"""Images brought to a size and into one batch, and what was found in them back to their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import rushlight

from .... import nn
from ....nn import functional as F
from ....tensor import Tensor
from ...transforms.functional import convert_image_dtype, pil_to_tensor
from .anchor_utils import ImageList

Target = dict[str, Tensor]


class GeneralizedRCNNTransform(nn.Module):
    """Normalises images (3, H, W), scales them and puts them into a batch.

    The shorter side becomes `min_size` (one of several at random in training), unless the longer
    one would exceed `max_size`. The batch's sides are multiples of `size_divisible`.
    """

    def __init__(
        self,
        min_size: int | Sequence[int],
        max_size: int,
        image_mean: Sequence[float],
        image_std: Sequence[float],
        size_divisible: int = 32,
        fixed_size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        self.min_size = tuple(min_size) if isinstance(min_size, (list, tuple)) else (min_size,)
        self.max_size = max_size
        self.image_mean = image_mean
        self.image_std = image_std
        self.size_divisible = size_divisible
        self.fixed_size = fixed_size

    def forward(
        self, images: list[Tensor], targets: list[Target] | None = None
    ) -> tuple[ImageList, list[Target] | None]:
        images = list(images)
        given: list[Any] = [None] * len(images) if targets is None else [dict(t) for t in targets]
        for number, image in enumerate(images):
            if image.ndim != 3:
                raise ValueError(
                    "images is expected to be a list of 3d tensors of shape [C, H, W], got "
                    f"{image.shape}"
                )
            images[number], given[number] = self.resize(self.normalize(image), given[number])
        sizes = [(image.shape[-2], image.shape[-1]) for image in images]
        batch = ImageList(self.batch_images(images, self.size_divisible), sizes)
        return batch, None if targets is None else given

    def normalize(self, image: Tensor) -> Tensor:
        if not image.is_floating_point():
            raise TypeError(
                "Expected input images to be of floating type (in range [0, 1]), but found type "
                f"{image.dtype} instead"
            )
        options: Any = {"dtype": image.dtype, "device": image.device}
        mean = rushlight.as_tensor(self.image_mean, **options)
        std = rushlight.as_tensor(self.image_std, **options)
        return (image - mean[:, None, None]) / std[:, None, None]

    def resize(self, image: Tensor, target: Target | None) -> tuple[Tensor, Target | None]:
        height, width = image.shape[-2:]
        shorter = self.min_size[-1]
        if self.training:
            place = rushlight.empty(1).uniform_(0.0, float(len(self.min_size))).item()
            shorter = self.min_size[int(place)]
        options: Any
        if self.fixed_size is not None:
            options = {"size": [self.fixed_size[1], self.fixed_size[0]]}
        else:
            scale = min(shorter / min(height, width), self.max_size / max(height, width))
            options = {"scale_factor": scale, "recompute_scale_factor": True}
        image = F.interpolate(image[None], mode="bilinear", align_corners=False, **options)[0]
        if target is not None:
            if "boxes" in target:
                target["boxes"] = resize_boxes(target["boxes"], (height, width), image.shape[-2:])
            if "masks" in target:
                masks = F.interpolate(target["masks"][:, None].float(), **options)[:, 0]
                target["masks"] = masks.byte()
        return image, target

    def batch_images(self, images: list[Tensor], size_divisible: int = 32) -> Tensor:
        """The images in the upper left corners of a batch of zeros."""
        sides = [
            math.ceil(max(image.shape[axis] for image in images) / size_divisible) * size_divisible
            for axis in (1, 2)
        ]
        batch = images[0].new_zeros((len(images), images[0].shape[0], *sides))
        for number, image in enumerate(images):
            batch[number, :, : image.shape[1], : image.shape[2]] = image
        return batch

    def postprocess(
        self, result: list[Target], image_shapes: list[Any], original_image_sizes: list[Any]
    ) -> list[Target]:
        """What was found, told in the images as they were given."""
        if not self.training:
            for found, size, own in zip(result, image_shapes, original_image_sizes, strict=True):
                found["boxes"] = resize_boxes(found["boxes"], size, own)
        return result

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(\n"
            f"    Normalize(mean={self.image_mean}, std={self.image_std})\n"
            f"    Resize(min_size={self.min_size}, max_size={self.max_size}, mode='bilinear')\n)"
        )


class ObjectDetection(nn.Module):
    """An image with values from 0 to 1: what the weights of detectors expect.

    >>> import rushlight as torch
    >>> from rushlight.vision.models.detection import FasterRCNN_ResNet50_FPN_Weights
    >>> prepare = FasterRCNN_ResNet50_FPN_Weights.DEFAULT.transforms()
    >>> prepare(torch.full((3, 1, 1), 255, dtype=torch.uint8)).flatten()
    tensor([1., 1., 1.])
    """

    def forward(self, img: Any) -> Tensor:
        if not isinstance(img, Tensor):
            img = pil_to_tensor(img)
        return convert_image_dtype(img, rushlight.float32)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def resize_boxes(boxes: Tensor, original_size: Any, new_size: Any) -> Tensor:
    """Boxes in an image of one size (height, width) as in one of another."""
    options: Any = {"dtype": rushlight.float32, "device": boxes.device}
    y, x = (
        rushlight.tensor(new, **options) / rushlight.tensor(old, **options)
        for new, old in zip(new_size, original_size, strict=True)
    )
    return boxes * rushlight.stack([x, y, x, y])
