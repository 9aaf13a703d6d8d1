"""Transforms of boxes and key points by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ....tensor import Tensor
from ....utils._pytree import tree_flatten, tree_unflatten
from ... import tv_tensors
from ...tv_tensors import BoundingBoxes, BoundingBoxFormat, KeyPoints, Mask, plain
from . import functional as F
from .transform import Transform, get_bounding_boxes, get_keypoints

LabelsGetter = Callable[[Any], Any] | str | None


class ConvertBoundingBoxFormat(Transform):
    """Boxes in another format, a `BoundingBoxFormat` or its name.

    >>> from rushlight.vision import tv_tensors
    >>> from rushlight.vision.transforms import v2
    >>> boxes = tv_tensors.BoundingBoxes([1, 2, 3, 4], format="XYWH", canvas_size=(9, 9))
    >>> v2.ConvertBoundingBoxFormat("XYXY")(boxes).tolist()
    [[1, 2, 4, 6]]
    """

    _transformed_types = (BoundingBoxes,)

    def __init__(self, format: str | BoundingBoxFormat) -> None:
        super().__init__()
        self.format = format

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.convert_bounding_box_format(inpt, new_format=self.format)


class ClampBoundingBoxes(Transform):
    """Boxes cut at the edges of the image.

    `clamping_mode` is that of the boxes with "auto"; None leaves them as they are.

    >>> from rushlight.vision import tv_tensors
    >>> from rushlight.vision.transforms import v2
    >>> boxes = tv_tensors.BoundingBoxes([1, 2, 30, 4], format="XYXY", canvas_size=(9, 9))
    >>> v2.ClampBoundingBoxes()(boxes).tolist()
    [[1, 2, 9, 4]]
    """

    _transformed_types = (BoundingBoxes,)

    def __init__(self, clamping_mode: str | None = "auto") -> None:
        super().__init__()
        self.clamping_mode = clamping_mode

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.clamp_bounding_boxes(inpt, clamping_mode=self.clamping_mode)


class SetClampingMode(Transform):
    """Boxes that later transforms cut at the edges of the image, or leave as they are with None.

    >>> from rushlight.vision import tv_tensors
    >>> from rushlight.vision.transforms import v2
    >>> boxes = tv_tensors.BoundingBoxes([1, 2, 30, 4], format="XYXY", canvas_size=(9, 9))
    >>> v2.Compose([v2.SetClampingMode(None), v2.CenterCrop(5)])(boxes).tolist()
    [[-1, 0, 28, 2]]
    """

    _transformed_types = (BoundingBoxes,)

    def __init__(self, clamping_mode: str | None) -> None:
        super().__init__()
        if clamping_mode not in (None, "soft", "hard"):
            raise ValueError(f"clamping_mode must be soft, hard or None, got {clamping_mode}")
        self.clamping_mode = clamping_mode

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return tv_tensors.wrap(plain(inpt), like=inpt, clamping_mode=self.clamping_mode)


class ClampKeyPoints(Transform):
    """Key points outside of the image at the pixel of its edge that is nearest.

    >>> from rushlight.vision import tv_tensors
    >>> from rushlight.vision.transforms import v2
    >>> v2.ClampKeyPoints()(tv_tensors.KeyPoints([[1, 20]], canvas_size=(9, 9))).tolist()
    [[1, 8]]
    """

    _transformed_types = (KeyPoints,)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.clamp_keypoints(inpt)


# ---- without what is worth nothing


def labels_getter_of(labels_getter: LabelsGetter) -> Callable[[Any], Any]:
    """What finds the labels of a sample: ValueError unless callable, "default" or None."""
    if labels_getter == "default":
        return _likely_labels
    if callable(labels_getter):
        return labels_getter
    if labels_getter is None:
        return lambda inputs: None
    raise ValueError(
        f"labels_getter should either be 'default', a callable, or None, but got {labels_getter}."
    )


def _likely_labels(inputs: Any) -> Tensor:
    """Of a dictionary, which may be the second of two, what is called labels; or a tensor there."""
    if isinstance(inputs, (tuple, list)):
        inputs = inputs[1]
    if isinstance(inputs, Tensor):
        return inputs
    if not isinstance(inputs, Mapping):
        raise ValueError(
            "When using the default labels_getter, the input passed to forward must be a "
            "dictionary or a two-tuple whose second item is a dictionary or a tensor, but got "
            f"{inputs} instead."
        )
    named = {key.lower(): key for key in inputs if isinstance(key, str) and "label" in key.lower()}
    key = named.get("label") or named.get("labels") or next(iter(named.values()), None)
    if key is None:
        raise ValueError(
            "Could not infer where the labels are in the sample. Try passing a callable as the "
            "labels_getter parameter? If there are no labels in the sample by design, pass "
            "labels_getter=None."
        )
    labels: Tensor = inputs[key]
    return labels


class _Sanitizing(Transform):
    """Without some rows of boxes or key points, and of their labels."""

    _kinds: tuple[type[tv_tensors.TVTensor], ...]

    def __init__(self, labels_getter: LabelsGetter) -> None:
        super().__init__()
        self.labels_getter = labels_getter
        self._labels_getter = labels_getter_of(labels_getter)

    def valid(self, flat_inputs: list[Any]) -> Tensor:
        """Which rows stay."""
        raise NotImplementedError

    def forward(self, *inputs: Any) -> Any:
        sample = inputs if len(inputs) > 1 else inputs[0]
        labels = self._labels_of(sample)
        flat_inputs, structure = tree_flatten(sample)
        valid = self.valid(flat_inputs)
        for label in labels:
            if len(label) != len(valid):
                raise ValueError(
                    f"{type(self).__name__}: {len(label)} labels for {len(valid)} boxes or key "
                    "points; there is to be one for each"
                )
        outputs = []
        for value in flat_inputs:
            if any(value is label for label in labels):
                value = value[valid]
            elif isinstance(value, self._kinds):
                value = tv_tensors.wrap(plain(value)[valid], like=value)
            outputs.append(value)
        return tree_unflatten(outputs, structure)

    def _labels_of(self, sample: Any) -> list[Tensor]:
        labels = self._labels_getter(sample)
        if labels is None:
            return []
        several = list(labels) if isinstance(labels, (tuple, list)) else [labels]
        for label in several:
            if not isinstance(label, Tensor):
                raise ValueError(
                    "The labels in the input to forward() must be a tensor or None, got "
                    f"{type(label)} instead."
                )
        return several


class SanitizeBoundingBoxes(_Sanitizing):
    """Without boxes that are too small or reach out of the image, their labels and masks.

    `min_size` is of width and height, `min_area` of their product. `labels_getter` finds the labels
    in a sample, a tensor or several; "default" looks for a key with "label" in it, None leaves
    labels as they are.

    >>> import rushlight as torch
    >>> from rushlight.vision import tv_tensors
    >>> from rushlight.vision.transforms import v2
    >>> boxes = tv_tensors.BoundingBoxes(
    ...     [[0, 0, 2, 2], [1, 1, 1, 1]], format="XYXY", canvas_size=(4, 4)
    ... )
    >>> v2.SanitizeBoundingBoxes()({"boxes": boxes, "labels": torch.tensor([7, 8])})["labels"]
    tensor([7])
    """

    _kinds = (BoundingBoxes, Mask)

    def __init__(
        self, min_size: float = 1.0, min_area: float = 1.0, labels_getter: LabelsGetter = "default"
    ) -> None:
        for name, value in (("min_size", min_size), ("min_area", min_area)):
            if value < 1:
                raise ValueError(f"{name} must be >= 1, got {value}.")
        super().__init__(labels_getter)
        del self.labels_getter  # which is shown after the others
        self.min_size = min_size
        self.min_area = min_area
        self.labels_getter = labels_getter

    def valid(self, flat_inputs: list[Any]) -> Tensor:
        boxes = get_bounding_boxes(flat_inputs)
        _, valid = F.sanitize_bounding_boxes(boxes, min_size=self.min_size, min_area=self.min_area)
        return valid


class SanitizeKeyPoints(_Sanitizing):
    """Without key points outside of the image, and their labels, where `labels_getter` finds them.

    >>> from rushlight.vision import tv_tensors
    >>> from rushlight.vision.transforms import v2
    >>> points = tv_tensors.KeyPoints([[1, 2], [8, 9]], canvas_size=(4, 5))
    >>> v2.SanitizeKeyPoints()({"points": points})["points"].tolist()
    [[1, 2]]
    """

    _kinds = (KeyPoints,)

    def __init__(self, labels_getter: LabelsGetter = None) -> None:
        super().__init__(labels_getter)

    def valid(self, flat_inputs: list[Any]) -> Tensor:
        _, valid = F.sanitize_keypoints(get_keypoints(flat_inputs))
        return valid
