"""Arguments that transforms refuse when they are made: version, class, arguments, error."""

from __future__ import annotations

from typing import Any

Row = tuple[str, str, dict[str, Any], type[Exception]]


def _of(version: str, name: str, error: type[Exception], **options: list[Any]) -> list[Row]:
    """A row for each value of each argument, beside good ones that `_GOOD` has."""
    good = _GOOD.get(name, {})
    return [
        (version, name, {**good, key: value}, error)
        for key, values in options.items() for value in values
    ]  # fmt: skip


_GOOD: dict[str, dict[str, Any]] = {
    "Pad": {"padding": 1}, "RandomCrop": {"size": 3}, "RandomResizedCrop": {"size": 3},
    "GaussianBlur": {"kernel_size": 3}, "RandomAffine": {"degrees": 3},
    "RandomRotation": {"degrees": 3}, "RandomAdjustSharpness": {"sharpness_factor": 1.0},
    "RandomPosterize": {"bits": 3}, "RandomSolarize": {"threshold": 3}, "Resize": {"size": 3},
    "RandomShortestSize": {"min_size": 3}, "RandomResize": {"min_size": 3, "max_size": 5},
    "RandomApply": {"transforms": [abs]}, "RandomChoice": {"transforms": [abs]},
    "ScaleJitter": {"target_size": (3, 3)},
}  # fmt: skip
_PAIRS = [(), (1, 2, 3)]

ROWS: list[Row] = [
    *_of("v2", "Pad", ValueError, padding_mode=["foo", None, 1], padding=["a", (1, 2, 3), 1.5]),
    *_of("v2", "Pad", TypeError, fill=["a", [abs]]),
    *_of("v2", "Pad", ValueError, fill=[("a", "b")]),
    *_of("v2", "RandomZoomOut", TypeError, fill=[[abs]], side_range=[1.5]),
    *_of("v2", "RandomZoomOut", ValueError, side_range=[(0.5, 1.0), (2, 1)], fill=[("a",)]),
    *_of("v2", "RandomCrop", ValueError, padding=["a", (1, 2, 3)], size=_PAIRS),
    *_of("v2", "RandAugment", ValueError, num_ops=[-1, "a", 1.5, None]),
    *_of("v2", "RandomChoice", ValueError, transforms=[[]], p=[[0.5, 0.5]]),
    *_of("v2", "RandomChoice", TypeError, transforms=[abs]),
    *_of("v2", "RandomOrder", ValueError, transforms=[[]]),
    *_of("v2", "RandomOrder", TypeError, transforms=[abs]),
    *_of("v2", "RandomApply", ValueError, transforms=[[]], p=[1.5]),
    *_of("v2", "ColorJitter", TypeError, brightness=[(), "a", (1, 2, 3)], hue=[[]]),
    *_of("v2", "ColorJitter", ValueError, brightness=[-1], hue=[0.7, (-0.7, 0)], contrast=[(2, 1)]),
    *_of("v2", "GaussianBlur", ValueError, kernel_size=[0, 4, (3, 2)], sigma=[0.0, (2, 1), ()]),
    *_of("v2", "GaussianBlur", TypeError, sigma=[None, abs]),
    *_of("v2", "ElasticTransform", TypeError, alpha=[None, abs]),
    *_of("v2", "ElasticTransform", ValueError, alpha=[_PAIRS[0], ("a", "b")], sigma=_PAIRS),
    *_of("v2", "JPEG", TypeError, quality=[True, None, 1.5]),
    *_of("v2", "JPEG", ValueError, quality=[0, 101, (1,), (50, 20), (1.5, 2)]),
    *_of("v2", "ToDtype", TypeError, scale=[True]),  # a dtype is asked for
    *_of("v2", "ToDtype", ValueError, dtype=[None, "float32"]),
    *_of("v2", "RandomErasing", ValueError, ratio=[("a", "b")], value=["a"], scale=[(0.5, 2.0)]),
    *_of("v2", "RandomErasing", TypeError, ratio=[1.0], scale=[1.0], value=[abs]),
    *_of("v2", "RandomResizedCrop", ValueError, ratio=[("a", "b")]),
    *_of("v2", "RandomResizedCrop", TypeError, ratio=[1.0, (1, 2, 3)], scale=[(1,)]),
    *_of("v2", "RandomHorizontalFlip", ValueError, p=[-0.1, 1.1]),
    *_of("v2", "RandomAffine", ValueError, translate=[(2, 1)], scale=[(-1, 1)], degrees=[-1]),
    *_of("v2", "RandomAffine", TypeError, translate=[1.0], center=[1.0]),
    *_of("v1", "Pad", ValueError, padding_mode=["foo", None], padding=[(1, 2, 3)]),
    *_of("v1", "Pad", TypeError, fill=["a"], padding=[None]),
    *_of("v1", "CenterCrop", ValueError, size=_PAIRS),
    *_of("v1", "RandomCrop", ValueError, size=_PAIRS),
    *_of("v1", "Resize", ValueError, size=_PAIRS),
    *_of("v1", "Resize", TypeError, size=[1.5, None]),
    *_of("v1", "ColorJitter", TypeError, brightness=[(), "a"]),
    *_of("v1", "ColorJitter", ValueError, brightness=[-1], hue=[0.7]),
    *_of("v1", "GaussianBlur", ValueError, kernel_size=[0, 4], sigma=[-1, (2, 1), None]),
    *_of("v1", "RandomErasing", ValueError, p=[2], value=["a"], scale=[(0.5, 2.0)]),
    *_of("v1", "RandomErasing", TypeError, ratio=[1.0], scale=[1.0], value=[abs]),
    *_of("v1", "RandomChoice", TypeError, transforms=[None], p=[1]),
]  # fmt: skip
NAMES = [
    f"{version}.{name}({', '.join(f'{k}={v!r}' for k, v in options.items())})".replace(
        repr(abs), "abs"
    )
    for version, name, options, _ in ROWS
]
