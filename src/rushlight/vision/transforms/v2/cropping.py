"""Transforms of sizes: resized, cut out, padded."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import rushlight

from ... import tv_tensors
from ...ops import box_iou
from ...pillow import is_pillow_image
from ...tv_tensors import BoundingBoxes, BoundingBoxFormat, Image, Mask, Video, plain
from .. import cropping as v1
from ..functional.cropping import sides_of
from . import functional as F
from .functional import is_pure_tensor
from .functional.dispatch import treated
from .geometry import Filling, Mode
from .transform import (
    RandomlyApplied,
    Transform,
    check_floats,
    checked_fill,
    fill_for,
    get_bounding_boxes,
    has_all,
    has_any,
    query_size,
    size_of,
    uniform,
)

Size = int | Sequence[int]


class Resize(Transform):
    """The sample at another size: (height, width), or one number for the shorter edge.

    `max_size` bounds the longer edge then, and is its length where `size` is None. Boxes and key
    points move along; masks keep their classes, as their pixels are copied, not mixed.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.Resize(10)(torch.ones(1, 20, 40)).shape
    torch.Size([1, 10, 20])
    """

    function = F.resize
    arguments = ("size", "interpolation", "max_size", "antialias")

    def __init__(
        self,
        size: Size | None,
        interpolation: Mode = "bilinear",
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        if isinstance(size, int):
            size = [size]
        elif size is None:
            if not isinstance(max_size, int):
                raise ValueError(
                    f"max_size must be an integer when size is None, but got {max_size} instead."
                )
        elif not isinstance(size, Sequence) or len(size) not in (1, 2):
            raise ValueError(
                "size can be an integer, a sequence of one or two integers, or None, but got "
                f"{size} instead."
            )
        self.size = None if size is None else list(size)
        self.interpolation = interpolation
        self.max_size = max_size
        self.antialias = antialias


class _Resizing(Transform):
    """To a random size, which `make_params` gives."""

    function = F.resize
    arguments = ("interpolation", "antialias")
    interpolation: Mode
    antialias: bool | None

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        options = {name: getattr(self, name) for name in self.arguments}
        return treated(F.resize, inpt, **params, **options)


class RandomResize(_Resizing):
    """The shorter edge of a random length, from `min_size` to below `max_size`.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomResize(10, 11)(torch.ones(1, 20, 40)).shape
    torch.Size([1, 10, 20])
    """

    def __init__(
        self,
        min_size: int,
        max_size: int,
        interpolation: Mode = "bilinear",
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.min_size = min_size
        self.max_size = max_size
        self.interpolation = interpolation
        self.antialias = antialias

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"size": [int(rushlight.randint(self.min_size, self.max_size, ()))]}


class RandomShortestSize(_Resizing):
    """The shorter edge of one of some lengths, drawn evenly; `max_size` bounds the longer one.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomShortestSize([10], max_size=15)(torch.ones(1, 20, 40)).shape
    torch.Size([1, 7, 15])
    """

    def __init__(
        self,
        min_size: Size,
        max_size: int | None = None,
        interpolation: Mode = "bilinear",
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.min_size = [min_size] if isinstance(min_size, int) else list(min_size)
        self.max_size = max_size
        self.interpolation = interpolation
        self.antialias = antialias

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        shortest = self.min_size[int(rushlight.randint(len(self.min_size), ()))]
        scale = shortest / min(height, width)
        if self.max_size is not None:
            scale = min(scale, self.max_size / max(height, width))
        return {"size": (int(height * scale), int(width * scale))}


class ScaleJitter(_Resizing):
    """As large as fits into `target_size`, times a random scale: Ghiasi et al., arXiv:2012.07177.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.ScaleJitter((10, 10), scale_range=(2.0, 2.0))(torch.ones(1, 20, 40)).shape
    torch.Size([1, 10, 20])
    """

    def __init__(
        self,
        target_size: tuple[int, int],
        scale_range: tuple[float, float] = (0.1, 2.0),
        interpolation: Mode = "bilinear",
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.target_size = target_size
        self.scale_range = scale_range
        self.interpolation = interpolation
        self.antialias = antialias

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        fitting = min(self.target_size[1] / height, self.target_size[0] / width)
        scale = fitting * uniform(*self.scale_range)
        return {"size": (int(height * scale), int(width * scale))}


class CenterCrop(Transform):
    """The middle of the sample, (height, width) or a square; zeros where it is smaller.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.CenterCrop((1, 2))(torch.arange(12).reshape(1, 3, 4))
    tensor([[[5, 6]]])
    """

    function = F.center_crop
    arguments = ("size",)

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size_of(size)


class RandomResizedCrop(Transform):
    """A part of the sample of random area and shape at a random place, resized to `size`.

    `scale` bounds the part's area (the image's is 1), `ratio` its width over its height.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomResizedCrop(8)(torch.ones(3, 20, 30)).shape
    torch.Size([3, 8, 8])
    """

    _v1_transform_cls = v1.RandomResizedCrop
    function = F.resized_crop
    arguments = ("size", "interpolation", "antialias")

    def __init__(
        self,
        size: Size,
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        interpolation: Mode = "bilinear",
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        for name, bounds in (("Scale", scale), ("Ratio", ratio)):
            if not isinstance(bounds, Sequence) or len(bounds) != 2:
                raise TypeError(f"{name} should be a sequence of two floats.")
            check_floats(name, bounds)
        if scale[0] > scale[1] or ratio[0] > ratio[1]:
            warnings.warn("Scale and ratio should be of kind (min, max)", stacklevel=2)
        self.size = size_of(size)
        self.scale = scale
        self.ratio = ratio
        self.interpolation = interpolation
        self.antialias = antialias

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        part = v1.random_part(*query_size(flat_inputs), self.scale, self.ratio)
        return dict(zip(("top", "left", "height", "width"), part, strict=True))

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        options = {name: getattr(self, name) for name in self.arguments}
        return treated(F.resized_crop, inpt, **params, **options)


class _SeveralCrops(Transform):
    """Crops of one image: where boxes and masks would go is not told. Key points stay."""

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        if has_any(flat_inputs, BoundingBoxes, Mask):
            raise TypeError(
                f"BoundingBoxes'es and Mask's are not supported by {type(self).__name__}()"
            )


class FiveCrop(_SeveralCrops):
    """The four corners of an image and its centre: a tuple. TypeError for boxes and masks.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> len(v2.FiveCrop(2)(torch.ones(1, 3, 3)))
    5
    """

    function = F.five_crop
    arguments = ("size",)

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size_of(size)


class TenCrop(_SeveralCrops):
    """Those of an image and of its mirror image: a tuple. TypeError for boxes and masks.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> len(v2.TenCrop(2)(torch.ones(1, 3, 3)))
    10
    """

    function = F.ten_crop
    arguments = ("size", "vertical_flip")

    def __init__(self, size: Size, vertical_flip: bool = False) -> None:
        super().__init__()
        self.size = size_of(size)
        self.vertical_flip = vertical_flip


def _check_padding(padding: Any) -> None:
    fits = isinstance(padding, int) or (
        isinstance(padding, (tuple, list))
        and len(padding) in (1, 2, 4)
        and all(isinstance(side, int) for side in padding)
    )
    if not fits:
        raise ValueError(
            f"Padding must be an int or a 1, 2, or 4 element of tuple or list, got {padding}."
        )


class Pad(Filling):
    """The sample with more pixels on its sides: one number, (left-right, top-bottom) or four.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.Pad(1)(torch.ones(1, 1, 1)).shape
    torch.Size([1, 3, 3])
    """

    function = F.pad
    arguments = ("padding", "padding_mode")

    def __init__(self, padding: Size, fill: Any = 0, padding_mode: str = "constant") -> None:
        super().__init__()
        _check_padding(padding)
        if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
            raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
        self.padding = padding
        self.fill = checked_fill(fill)
        self.padding_mode = padding_mode


class RandomZoomOut(RandomlyApplied, Filling):
    """With probability p the sample somewhere in a larger one: Liu et al., arXiv:1512.02325.

    `side_range` bounds how many times as long its sides are.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomZoomOut(side_range=(2.0, 2.0), p=1.0)(torch.ones(1, 4, 4)).shape
    torch.Size([1, 8, 8])
    """

    function = F.pad

    def __init__(
        self, fill: Any = 0, side_range: Sequence[float] = (1.0, 4.0), p: float = 0.5
    ) -> None:
        super().__init__(p=p)
        self.fill = checked_fill(fill)
        if not isinstance(side_range, Sequence):
            raise TypeError("side_range should be a sequence of length 2.")
        if len(side_range) != 2 or side_range[0] < 1.0 or side_range[0] > side_range[1]:
            raise ValueError(f"Invalid side range provided {side_range}.")
        self.side_range = side_range

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        shortest, longest = self.side_range
        times = uniform(shortest, longest)
        new_height, new_width = int(height * times), int(width * times)
        across, down = rushlight.rand(2)
        left, top = int((new_width - width) * across), int((new_height - height) * down)
        return {"padding": [left, top, new_width - width - left, new_height - height - top]}


class RandomCrop(Filling):
    """A part of the sample at a random place, after padding it where that was asked for.

    ValueError for a sample that is smaller, unless `pad_if_needed`, which pads both sides.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomCrop(2, padding=1)(torch.ones(1, 4, 4)).shape
    torch.Size([1, 2, 2])
    """

    _v1_transform_cls = v1.RandomCrop

    def __init__(
        self,
        size: Size,
        padding: Size | None = None,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        self.size = size_of(size)
        if padding is not None:
            _check_padding(padding)
            padding = list(sides_of(padding))
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = checked_fill(fill)
        self.padding_mode = padding_mode

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        left, top, right, bottom = (0, 0, 0, 0) if self.padding is None else sides_of(self.padding)
        if self.pad_if_needed:
            missing_height = max(self.size[0] - (height + top + bottom), 0)
            missing_width = max(self.size[1] - (width + left + right), 0)
            left, right = left + missing_width, right + missing_width
            top, bottom = top + missing_height, bottom + missing_height
        places = (height + top + bottom - self.size[0], width + left + right - self.size[1])
        if min(places) < 0:
            padded = "" if self.padding is None else "padded "
            raise ValueError(
                f"Required crop size {tuple(self.size)} is larger than {padded}input image size "
                f"{(height + top + bottom, width + left + right)}."
            )
        # Nothing is drawn where there is but one place.
        place = [int(rushlight.randint(0, n + 1, ())) if n else 0 for n in places]
        return {"padding": [left, top, right, bottom], "place": place}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if any(params["padding"]):
            fill = fill_for(self.fill, inpt)
            inpt = treated(F.pad, inpt, params["padding"], fill, self.padding_mode)
        return treated(F.crop, inpt, *params["place"], *self.size)


class RandomIoUCrop(Transform):
    """A random part that overlaps boxes by a random share: Liu et al., arXiv:1512.02325.

    The part's sides are between `min_scale` and `max_scale` of the image's, their ratio between the
    aspect ratios; `sampler_options` are the least overlaps, one of them drawn, 1 or more for no
    change; `trials` parts are tried for each. Boxes whose centre is outside of the part become
    empty, so that SanitizeBoundingBoxes drops them and their labels.

    TypeError for a sample without boxes and image.

    >>> import rushlight as torch
    >>> from rushlight.vision import tv_tensors
    >>> from rushlight.vision.transforms import v2
    >>> boxes = tv_tensors.BoundingBoxes([2, 2, 8, 8], format="XYXY", canvas_size=(9, 9))
    >>> image, boxes = v2.RandomIoUCrop()(torch.ones(1, 9, 9), boxes)
    >>> tuple(image.shape[-2:]) == boxes.canvas_size
    True
    """

    def __init__(
        self,
        min_scale: float = 0.3,
        max_scale: float = 1.0,
        min_aspect_ratio: float = 0.5,
        max_aspect_ratio: float = 2.0,
        sampler_options: list[float] | None = None,
        trials: int = 40,
    ) -> None:
        super().__init__()
        self.min_scale = min_scale
        self.max_scale = max_scale
        self.min_aspect_ratio = min_aspect_ratio
        self.max_aspect_ratio = max_aspect_ratio
        self.options = sampler_options or [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0]
        self.trials = trials

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        has_image = has_any(flat_inputs, is_pillow_image, Image, Video, is_pure_tensor)
        if not (has_all(flat_inputs, BoundingBoxes) and has_image):
            raise TypeError(
                f"{type(self).__name__}() requires input sample to contain tensor or PIL images "
                "and bounding boxes. Sample can also contain masks."
            )

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        boxes = get_bounding_boxes(flat_inputs)
        edges = F.convert_bounding_box_format(plain(boxes), boxes.format, BoundingBoxFormat.XYXY)
        centers = (edges[..., :2] + edges[..., 2:]) * 0.5
        while True:
            least = self.options[int(rushlight.randint(0, len(self.options), ()))]
            if least >= 1.0:  # as it is
                return {}
            for _ in range(self.trials):
                left, top, right, bottom = self._part(height, width)
                if left >= right or top >= bottom:
                    continue
                x, y = centers.unbind(-1)
                within = (left < x) & (x < right) & (top < y) & (y < bottom)
                if not bool(within.any()):
                    continue
                part = rushlight.tensor([[left, top, right, bottom]], dtype=edges.dtype)
                if float(box_iou(edges[within], part.to(edges.device)).max()) < least:
                    continue
                place = (top, left, bottom - top, right - left)
                return {"place": place, "within": within}

    def _part(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Edges of a part that was drawn; empty where its ratio is not between the bounds."""
        across, down = uniform(self.min_scale, self.max_scale, 2)
        new_width, new_height = int(width * across), int(height * down)
        ratio = new_width / new_height if new_height else 0.0
        if not self.min_aspect_ratio <= ratio <= self.max_aspect_ratio:
            return 0, 0, 0, 0
        right, lower = rushlight.rand(2)
        left, top = int((width - new_width) * right), int((height - new_height) * lower)
        return left, top, left + new_width, top + new_height

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if not params:
            return inpt
        cropped = treated(F.crop, inpt, *params["place"])
        if isinstance(cropped, BoundingBoxes):
            kept = plain(cropped).masked_fill(~params["within"][:, None], 0)
            return tv_tensors.wrap(kept, like=cropped)
        return cropped
