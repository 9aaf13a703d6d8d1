"""What all transforms of samples have in common.

A sample is whatever containers of Python hold: an image alone, a tuple of an image and a
dictionary, a list of them. A transform draws its random numbers once for a sample, then treats
every image, video, mask, box and key point in it; labels, strings and all else stay as they are.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import rushlight

from .... import nn
from ....tensor import Tensor
from ....utils._pytree import tree_flatten, tree_unflatten
from ...pillow import is_pillow_image
from ...tv_tensors import BoundingBoxes, Image, KeyPoints, Mask, Video
from . import functional as F
from .functional import is_pure_tensor
from .functional.dispatch import treated

Kind = type | Callable[[Any], bool]


def check_type(obj: Any, types_or_checks: Sequence[Kind]) -> bool:
    """Whether a value is of one of some classes, or answers one of some questions with yes.

    >>> from rushlight.vision.transforms import v2
    >>> v2.check_type(3, (str, lambda value: value == 3))
    True
    """
    return any(
        isinstance(obj, kind) if isinstance(kind, type) else kind(obj) for kind in types_or_checks
    )


def has_any(flat_inputs: list[Any], *types_or_checks: Kind) -> bool:
    """Whether one of the inputs is of one of the kinds.

    >>> from rushlight.vision.transforms import v2
    >>> v2.has_any([1, "a"], str, dict)
    True
    """
    return any(check_type(value, types_or_checks) for value in flat_inputs)


def has_all(flat_inputs: list[Any], *types_or_checks: Kind) -> bool:
    """Whether there is an input of each of the kinds.

    >>> from rushlight.vision.transforms import v2
    >>> v2.has_all([1, "a"], str, dict)
    False
    """
    return all(has_any(flat_inputs, kind) for kind in types_or_checks)


def _only_one(flat_inputs: list[Any], kind: type, name: str) -> Any:
    found = [value for value in flat_inputs if isinstance(value, kind)]
    if not found:
        raise ValueError(f"No {name} were found in the sample")
    if len(found) > 1:
        raise ValueError(f"Found {len(found)} {kind.__name__} in the sample, where one is wanted")
    return found[0]


def get_bounding_boxes(flat_inputs: list[Any]) -> BoundingBoxes:
    """The boxes of a sample: ValueError if it has none, or more than one tensor of them.

    >>> from rushlight.vision import tv_tensors
    >>> from rushlight.vision.transforms import v2
    >>> boxes = tv_tensors.BoundingBoxes([0, 0, 1, 1], format="XYXY", canvas_size=(2, 2))
    >>> v2.get_bounding_boxes([3, boxes]) is boxes
    True
    """
    found: BoundingBoxes = _only_one(flat_inputs, BoundingBoxes, "bounding boxes")
    return found


def get_keypoints(flat_inputs: list[Any]) -> KeyPoints:
    """The key points of a sample: ValueError if it has none, or more than one tensor of them.

    >>> from rushlight.vision import tv_tensors
    >>> from rushlight.vision.transforms import v2
    >>> points = tv_tensors.KeyPoints([[0, 0]], canvas_size=(2, 2))
    >>> v2.get_keypoints([3, points]) is points
    True
    """
    found: KeyPoints = _only_one(flat_inputs, KeyPoints, "keypoints")
    return found


def _the_same(sizes: set[tuple[int, ...]], wanted: str, named: str) -> tuple[int, ...]:
    if not sizes:
        raise TypeError(f"No {wanted} was found in the sample")
    if len(sizes) > 1:
        raise ValueError(f"Found multiple {named} dimensions in the sample: {sorted(sizes)}")
    return sizes.pop()


def query_chw(flat_inputs: list[Any]) -> tuple[int, int, int]:
    """(channels, height, width) of the images of a sample: ValueError if they differ.

    TypeError where there is none.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.query_chw([torch.zeros(3, 4, 5), "cat"])
    (3, 4, 5)
    """
    kinds = (is_pure_tensor, is_pillow_image, Image, Video)
    sizes = {tuple(F.get_dimensions(x)) for x in flat_inputs if check_type(x, kinds)}
    channels, height, width = _the_same(sizes, "image or video", "CxHxW")
    return channels, height, width


def query_size(flat_inputs: list[Any]) -> tuple[int, int]:
    """(height, width) of what a sample holds: ValueError if sizes differ.

    TypeError where there is neither image nor video, mask, box or key point.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.query_size([torch.zeros(3, 4, 5), "cat"])
    (4, 5)
    """
    kinds = (is_pure_tensor, is_pillow_image, Image, Video, Mask, BoundingBoxes, KeyPoints)
    sizes = {tuple(F.get_size(x)) for x in flat_inputs if check_type(x, kinds)}
    wanted = "image, video, mask, bounding box of keypoint"  # torchvision's words
    height, width = _the_same(sizes, wanted, "HxW")
    return height, width


class Transform(nn.Module):
    """A transform of samples. A subclass says `make_params` and `transform`, or `function`.

    `make_params(flat_inputs)` draws what is random from what a sample holds, `transform(inpt,
    params)` treats each part of it. `check_inputs` may refuse a sample. Where `transform` only
    calls a function of `v2.functional`, the class names it as `function`, and in `arguments` the
    attributes that are its arguments; the parameters are its keywords.

    A plain tensor is taken for the image only if it is the sample's first, and the sample has no
    other image.

    >>> import rushlight as torch
    >>> from rushlight.vision import tv_tensors
    >>> from rushlight.vision.transforms import v2
    >>> class Darker(v2.Transform):
    ...     def make_params(self, flat_inputs):
    ...         return {"factor": torch.rand(1).item()}
    ...     def transform(self, inpt, params):
    ...         return inpt * params["factor"] if isinstance(inpt, tv_tensors.Image) else inpt
    >>> sample = {"image": tv_tensors.Image(torch.ones(1, 1, 1)), "label": "cat"}
    >>> Darker()(sample)["label"]
    'cat'
    """

    _transformed_types: tuple[Kind, ...] = (Tensor, is_pillow_image)
    _v1_transform_cls: ClassVar[Any] = None
    function: ClassVar[Any] = None
    arguments: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if cls._v1_transform_cls is not None:
            cls.get_params = staticmethod(cls._v1_transform_cls.get_params)  # type: ignore[attr-defined]

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        """Raises where a sample is not one that the transform takes."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """What is the same for all parts of a sample."""
        return {}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """What becomes of one part of a sample."""
        if self.function is None:
            raise NotImplementedError(f"{type(self).__name__} does not define transform")
        options = [getattr(self, name) for name in self.arguments]
        return treated(type(self).function, inpt, *options, **params)

    def forward(self, *inputs: Any) -> Any:
        flat_inputs, structure = tree_flatten(inputs if len(inputs) > 1 else inputs[0])
        self.check_inputs(flat_inputs)
        if not self.is_applied():
            return inputs if len(inputs) > 1 else inputs[0]
        chosen = self.chosen(flat_inputs)
        pairs = list(zip(flat_inputs, chosen, strict=True))
        params = self.make_params([value for value, is_chosen in pairs if is_chosen])
        outputs = [
            self.transform(value, params) if is_chosen else value for value, is_chosen in pairs
        ]
        return tree_unflatten(outputs, structure)

    def is_applied(self) -> bool:
        """Whether this sample is transformed at all."""
        return True

    def chosen(self, flat_inputs: list[Any]) -> list[bool]:
        """Which parts of a sample are transformed."""
        takes_plain = not has_any(flat_inputs, Image, Video, is_pillow_image)
        chosen = []
        for value in flat_inputs:
            is_chosen = check_type(value, self._transformed_types)
            if is_chosen and is_pure_tensor(value):
                is_chosen, takes_plain = takes_plain, False
            chosen.append(is_chosen)
        return chosen

    def extra_repr(self) -> str:
        shown = (bool, int, float, str, tuple, list, enum.Enum)
        return ", ".join(
            f"{name}={value}"
            for name, value in vars(self).items()
            if not name.startswith("_") and name != "training" and isinstance(value, shown)
        )


class RandomlyApplied(Transform):
    """With probability p the transform, else the sample as it is."""

    def __init__(self, p: float = 0.5) -> None:
        if not 0.0 <= p <= 1.0:
            raise ValueError("`p` should be a floating point value in the interval [0.0, 1.0].")
        super().__init__()
        self.p = p

    def is_applied(self) -> bool:
        return rushlight.rand(1).item() < self.p


# ---- options


def checked_fill(fill: Any) -> Any:
    """A fill, or one for each kind in a dictionary: TypeError unless numbers or sequences.

    ValueError for a string among the numbers.
    """
    for value in fill.values() if isinstance(fill, dict) else [fill]:
        if value is not None and not isinstance(value, (int, float, list, tuple)):
            raise TypeError(f"fill: numbers, sequences of them, or a dictionary, not {value!r}")
        check_floats("fill", value if isinstance(value, (list, tuple)) else ())
    return fill


def check_floats(name: str, values: Sequence[Any]) -> None:
    """That values are numbers, or TypeError; a string that is none is a ValueError."""
    for value in values:
        try:
            float(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name} should be made of numbers, got {value!r}") from None


def two_floats(value: Any, name: str) -> list[float]:
    """A pair of numbers from one, or from a sequence of one or two."""
    if not isinstance(value, (int, float, Sequence)):
        raise TypeError(f"{name} should be a number or a sequence of numbers. Got {type(value)}")
    if isinstance(value, (int, float)):
        return [float(value)] * 2
    if len(value) not in (1, 2):
        raise ValueError(
            f"If {name} is a sequence its length should be 1 or 2. Got {len(value)}"
        )
    for part in value:
        if not isinstance(part, (int, float)):
            raise ValueError(f"{name} should be a sequence of numbers. Got {type(part)}")
    return [float(value[0]), float(value[-1])]


def fill_for(fill: Any, inpt: Any) -> Any:
    """The fill of a value's kind: None, which is 0, where none was given."""
    if not isinstance(fill, dict):
        return fill
    if type(inpt) in fill:
        return fill[type(inpt)]
    for kind, value in fill.items():
        if isinstance(kind, type) and isinstance(inpt, kind):
            return value
    return fill.get("others")


def size_of(size: Any) -> Sequence[int]:
    """(height, width) of one number, or as given."""
    if not isinstance(size, (int, Sequence)):
        raise TypeError(f"size should be an integer or a sequence of them, got {type(size)}")
    if isinstance(size, int):
        return (size, size)
    if len(size) == 1:
        return (size[0], size[0])
    if len(size) != 2:
        raise ValueError("Please provide only two dimensions (h, w) for size.")
    return size


def uniform(low: float, high: float, count: int = 1) -> Tensor:
    """Numbers of the default stream between the bounds; in float32, as torchvision goes on with."""
    return low + (high - low) * rushlight.rand(count)
