"""Transforms of places: turned, sheared, mirrored, seen from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import geometry as v1
from ..functional import InterpolationMode
from ..functional.geometry import perspective_coefficients
from . import functional as F
from .functional.dispatch import treated
from .transform import (
    RandomlyApplied,
    Transform,
    checked_fill,
    fill_for,
    query_size,
    two_floats,
)

Range = float | Sequence[float]
Mode = InterpolationMode | str | int


class RandomHorizontalFlip(RandomlyApplied):
    """With probability p the sample mirrored, left and right exchanged.

    >>> from rushlight.vision import tv_tensors
    >>> from rushlight.vision.transforms import v2
    >>> boxes = tv_tensors.BoundingBoxes([0, 1, 2, 3], format="XYXY", canvas_size=(4, 10))
    >>> v2.RandomHorizontalFlip(p=1.0)(boxes).tolist()
    [[8, 1, 10, 3]]
    """

    function = F.horizontal_flip


class RandomVerticalFlip(RandomlyApplied):
    """With probability p the sample upside down.

    >>> from rushlight.vision import tv_tensors
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomVerticalFlip(p=1.0)(tv_tensors.Mask([[1], [2]])).tolist()
    [[2], [1]]
    """

    function = F.vertical_flip


class Filling(Transform):
    """With a fill for what comes from outside of an image, which may differ from kind to kind."""

    fill: Any

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        options = {name: getattr(self, name) for name in self.arguments}
        fill = fill_for(self.fill, inpt)
        return treated(type(self).function, inpt, **params, **options, fill=fill)


class RandomRotation(Filling):
    """The sample turned by a random angle, in degrees, up to `degrees`, or between two bounds.

    `fill` is a number, one for each channel, or a dictionary of them by kind, with "others".

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomRotation((90, 90))(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    tensor([[[2., 4.],
             [1., 3.]]])
    """

    _v1_transform_cls = v1.RandomRotation
    function = F.rotate
    arguments = ("interpolation", "expand", "center")

    def __init__(
        self,
        degrees: Range,
        interpolation: Mode = "nearest",
        expand: bool = False,
        center: Sequence[float] | None = None,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.degrees = v1.angles_of(degrees, "degrees")
        self.interpolation = interpolation
        self.expand = expand
        self.fill = checked_fill(fill)
        if center is not None:
            v1.check_length(center, "center")
        self.center = center

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"angle": v1.RandomRotation.get_params(self.degrees)}


class RandomAffine(Filling):
    """The sample turned, moved, scaled and sheared at random.

    `translate` are the greatest parts of width and height, `scale` two bounds, `shear` degrees: a
    bound, two bounds along x, or two and two along x and y.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomAffine(0, translate=(0.1, 0.1))(torch.ones(1, 8, 8)).shape
    torch.Size([1, 8, 8])
    """

    _v1_transform_cls = v1.RandomAffine
    function = F.affine
    arguments = ("interpolation", "center")

    def __init__(
        self,
        degrees: Range,
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: Range | None = None,
        interpolation: Mode = "nearest",
        fill: Any = 0,
        center: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        checked = v1.RandomAffine(degrees, translate, scale, shear, center=center)
        self.degrees = checked.degrees
        self.translate = translate
        self.scale = scale
        self.shear = checked.shear
        self.interpolation = interpolation
        self.fill = checked_fill(fill)
        self.center = center

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        drawn = v1.RandomAffine.get_params(
            self.degrees, self.translate, self.scale, self.shear, (width, height)
        )
        return dict(zip(("angle", "translate", "scale", "shear"), drawn, strict=True))


class RandomPerspective(RandomlyApplied, Filling):
    """With probability p the sample with its corners moved inwards, up to a part of its half size.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.RandomPerspective(p=1.0)(torch.ones(1, 8, 8)).shape
    torch.Size([1, 8, 8])
    """

    _v1_transform_cls = v1.RandomPerspective
    function = F.perspective
    arguments = ("interpolation",)

    def __init__(
        self,
        distortion_scale: float = 0.5,
        p: float = 0.5,
        interpolation: Mode = "bilinear",
        fill: Any = 0,
    ) -> None:
        super().__init__(p=p)
        if not 0 <= distortion_scale <= 1:
            raise ValueError("Argument distortion_scale value should be between 0 and 1")
        self.distortion_scale = distortion_scale
        self.interpolation = interpolation
        self.fill = checked_fill(fill)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        points = v1.RandomPerspective.get_params(width, height, self.distortion_scale)
        coefficients = perspective_coefficients(*points)
        return {"startpoints": None, "endpoints": None, "coefficients": coefficients}


class ElasticTransform(Filling):
    """Each pixel moved at random, its neighbours with it: Simard et al., ICDAR 2003.

    `alpha` says how far, `sigma` over how many pixels, each one number or (x, y).

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.ElasticTransform(10.0, 2.0)(torch.ones(1, 32, 32)).shape
    torch.Size([1, 32, 32])
    """

    _v1_transform_cls = v1.ElasticTransform
    function = F.elastic
    arguments = ("interpolation",)

    def __init__(
        self,
        alpha: Range = 50.0,
        sigma: Range = 5.0,
        interpolation: Mode = "bilinear",
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.alpha = two_floats(alpha, "alpha")
        self.sigma = two_floats(sigma, "sigma")
        self.interpolation = interpolation
        self.fill = checked_fill(fill)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        size = query_size(flat_inputs)
        return {"displacement": v1.ElasticTransform.get_params(self.alpha, self.sigma, size)}
