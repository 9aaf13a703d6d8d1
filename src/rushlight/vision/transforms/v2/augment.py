"""Parts of images erased, batches of them mixed."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import rushlight

from ....distributions import Beta
from ....nn.functional import one_hot
from ....tensor import Tensor
from ....utils._pytree import tree_flatten, tree_unflatten
from ... import tv_tensors
from ...pillow import is_pillow_image
from ...tv_tensors import BoundingBoxes, KeyPoints, Mask, Video, plain
from .. import geometry as v1
from . import functional as F
from .functional.dispatch import kernel_for, treated
from .meta import LabelsGetter, labels_getter_of
from .transform import (
    RandomlyApplied,
    Transform,
    check_floats,
    has_any,
    query_chw,
    query_size,
)


class RandomErasing(RandomlyApplied):
    """With probability p a random rectangle of an image erased: Zhong et al., arXiv:1708.04896.

    `scale` bounds its area (the image's is 1), `ratio` its height over its width. `value` is one
    number, one for each channel, or "random". Boxes and masks stay as they are, with a warning.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomErasing(p=1.0, scale=(0.2, 0.2))(torch.ones(1, 10, 10)).min()
    tensor(0.)
    """

    _v1_transform_cls = v1.RandomErasing

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: Any = 0.0,
        inplace: bool = False,
    ) -> None:
        super().__init__(p=p)
        checked = v1.RandomErasing(p, scale, ratio, value, inplace)
        check_floats("ratio", ratio)
        self.scale = scale
        self.ratio = ratio
        if isinstance(value, (int, float)):
            value = [float(value)]
        self.value = None if isinstance(value, str) else [float(part) for part in value]
        self.inplace = checked.inplace

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        size = query_chw(flat_inputs)
        if self.value is not None and len(self.value) not in (1, size[0]):
            raise ValueError(
                "If value is a sequence, it should have either a single value or "
                f"{size[0]} (number of inpt channels)"
            )
        return {"rectangle": v1.random_rectangle(size, self.scale, self.ratio, self.value)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if kernel_for("erase", inpt) is None:
            warnings.warn(
                f"{type(self).__name__}() is currently passing through inputs of type "
                f"{type(inpt).__name__}. This will likely change in the future.",
                stacklevel=2,
            )
        if params["rectangle"] is None:
            return inpt
        return treated(F.erase, inpt, *params["rectangle"], self.inplace)


class _Mixing(Transform):
    """A batch mixed with itself, each with the one before it, images and labels alike."""

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        num_classes: int | None = None,
        labels_getter: LabelsGetter = "default",
    ) -> None:
        super().__init__()
        self.alpha = float(alpha)
        self._dist = Beta(rushlight.tensor([self.alpha]), rushlight.tensor([self.alpha]))
        self.num_classes = num_classes
        self._labels_getter = labels_getter_of(labels_getter)

    def forward(self, *inputs: Any) -> Any:
        sample = inputs if len(inputs) > 1 else inputs[0]
        flat_inputs, structure = tree_flatten(sample)
        if has_any(flat_inputs, is_pillow_image, BoundingBoxes, Mask, KeyPoints):
            raise ValueError(
                f"{type(self).__name__}() does not support PIL images, bounding boxes, keypoints "
                "and masks."
            )
        labels = self._labels_getter(sample)
        self._check_labels(labels)
        chosen = self.chosen(flat_inputs)
        pairs = list(zip(flat_inputs, chosen, strict=True))
        params = self.make_params([value for value, is_chosen in pairs if is_chosen])
        outputs = []
        for value, is_chosen in pairs:
            if value is labels:
                value = self._mixed_labels(value, params["share"])
            elif is_chosen:
                self._check_batch(value, len(labels))
                value = self.transform(value, params)
            outputs.append(value)
        return tree_unflatten(outputs, structure)

    def _check_labels(self, labels: Any) -> None:
        if not isinstance(labels, Tensor):
            raise ValueError(f"The labels must be a tensor, but got {type(labels)} instead.")
        if labels.ndim not in (1, 2):
            raise ValueError(
                "labels should be index based with shape (batch_size,) or probability based with "
                f"shape (batch_size, num_classes), but got a tensor of shape {labels.shape} "
                "instead."
            )
        if labels.ndim == 2 and self.num_classes not in (None, labels.shape[-1]):
            raise ValueError(
                f"When passing 2D labels, the number of elements in last dimension must match "
                f"num_classes: {labels.shape[-1]} != {self.num_classes}. You can Leave num_classes "
                "to None."
            )
        if labels.ndim == 1 and self.num_classes is None:
            raise ValueError("num_classes must be passed if the labels are index-based (1D)")

    def _check_batch(self, images: Tensor, batch_size: int) -> None:
        dims = 5 if isinstance(images, Video) else 4
        if images.ndim != dims:
            raise ValueError(
                f"Expected a batched input with {dims} dims, but got {images.ndim} dimensions."
            )
        if images.shape[0] != batch_size:
            raise ValueError(
                "The batch size of the image or video does not match the batch size of the "
                f"labels: {images.shape[0]} != {batch_size}."
            )

    def _mixed_labels(self, labels: Tensor, share: float) -> Tensor:
        if labels.ndim == 1:
            labels = one_hot(labels, num_classes=self.num_classes or -1)
        if not labels.is_floating_point():
            labels = labels.float()
        return labels.roll(1, 0) * (1.0 - share) + labels * share


class MixUp(_Mixing):
    """A batch of images and its labels, each mixed with the one before it: Zhang et al.,
    arXiv:1710.09412.

    The share of an image is drawn from Beta(alpha, alpha), once for a batch. Labels are class
    numbers, with `num_classes`, or rows of probabilities; they come out as such rows.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> images, labels = torch.rand(2, 3, 4, 4), torch.tensor([0, 1])
    >>> v2.MixUp(num_classes=2)(images, labels)[1].sum(1)
    tensor([1., 1.])
    """

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"share": float(self._dist.sample(()))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        share = params["share"]
        images = plain(inpt)
        mixed = images.roll(1, 0).mul_(1.0 - share).add_(images.mul(share))
        return tv_tensors.wrap(mixed, like=inpt)


class CutMix(_Mixing):
    """A batch of images with a rectangle of each from the one before it: Yun et al.,
    arXiv:1905.04899.

    Its area's share is drawn from Beta(alpha, alpha), once for a batch, and that of labels follows
    from it. Labels are class numbers, with `num_classes`, or rows of probabilities.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> images, labels = torch.rand(2, 3, 4, 4), torch.tensor([0, 1])
    >>> v2.CutMix(num_classes=2)(images, labels)[1].sum(1)
    tensor([1., 1.])
    """

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        share = float(self._dist.sample(()))
        height, width = query_size(flat_inputs)
        x, y = int(rushlight.randint(width, (1,))), int(rushlight.randint(height, (1,)))
        half = 0.5 * math.sqrt(1.0 - share)
        across, down = int(half * width), int(half * height)
        left, right = max(x - across, 0), min(x + across, width)
        top, bottom = max(y - down, 0), min(y + down, height)
        share = float(1.0 - (right - left) * (bottom - top) / (width * height))
        return {"share": share, "part": (..., slice(top, bottom), slice(left, right))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        images = plain(inpt)
        mixed = images.clone()
        mixed[params["part"]] = images.roll(1, 0)[params["part"]]
        return tv_tensors.wrap(mixed, like=inpt)
