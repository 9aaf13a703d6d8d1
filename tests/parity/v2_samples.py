"""Samples of every kind for either library, and what is compared of results."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

SIZE = HEIGHT, WIDTH = 21, 18
PIXELS = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
PIXELS[4:12, 3:9] = PIXELS[4, 3]  # an even part
CLASSES = np.random.default_rng(1).integers(0, 5, SIZE)
SHAPES = np.random.default_rng(2).integers(0, 2, (4, *SIZE), dtype=np.uint8)
BOXES = np.array([[1, 2, 9, 8], [0, 0, 18, 21], [4, 5, 5, 20], [10.5, 11.25, 17, 13.75]])
POINTS = np.array([[1, 2], [0, 0], [17, 20], [4.5, 6.25]])
IMAGES = ("pil", "grey", "bytes", "image", "floats", "batch", "video")
# What makes a tensor of a Pillow image, and rounds what comes out of it.
BY_TENSORS = ("ElasticTransform", "elastic", "AugMix", "GaussianBlur", "gaussian_blur")
FORMATS = ("XYXY", "XYWH", "CXCYWH")
KINDS = (
    *IMAGES, "mask", "masks", "points", "whole points",
    *(f"{format} {dtype}" for format in FORMATS for dtype in ("float32", "int64")),
    "XYXY float32 unclamped", "XYWH int64 unclamped",
)  # fmt: skip


def boxes(format: str) -> Any:
    found = BOXES.copy()
    if format != "XYXY":
        found[:, 2:] -= found[:, :2]
    if format == "CXCYWH":
        found[:, :2] += found[:, 2:] / 2
    return found


def value(kind: str, library: Any, tv_tensors: Any) -> Any:
    """A thing of a kind, with the same numbers in either library."""
    tensor = library.from_numpy
    image = tensor(np.ascontiguousarray(PIXELS.transpose(2, 0, 1)))
    if kind in ("pil", "grey"):
        return Image.fromarray(PIXELS).convert("RGB" if kind == "pil" else "L")
    if kind == "bytes":
        return image
    if kind == "image":
        return tv_tensors.Image(image)
    if kind == "floats":
        return tv_tensors.Image(image / 255)
    if kind == "batch":
        return library.stack([image, image.flip(-1)]) / 255
    if kind == "video":
        return tv_tensors.Video(library.stack([image, image.flip(-1)]))
    if kind == "mask":
        return tv_tensors.Mask(tensor(CLASSES.copy()))
    if kind == "masks":
        return tv_tensors.Mask(tensor(SHAPES.copy()))
    if kind.endswith("points"):
        dtype = "int64" if kind.startswith("whole") else "float32"
        return tv_tensors.KeyPoints(tensor(POINTS.astype(dtype)), canvas_size=SIZE)
    format, dtype, *unclamped = kind.split()
    options = {"clamping_mode": None} if unclamped else {}
    numbers = tensor(boxes(format).astype(dtype))
    return tv_tensors.BoundingBoxes(numbers, format=format, canvas_size=SIZE, **options)


def sample(image: str, library: Any, tv_tensors: Any) -> Any:
    """An image and a target, as datasets for detection give them."""
    target = {
        "boxes": value("XYXY float32", library, tv_tensors),
        "masks": value("masks", library, tv_tensors),
        "points": value("points", library, tv_tensors),
        "labels": library.tensor([1, 2, 3, 4]),
        "name": "a.png",
    }
    return value(image, library, tv_tensors), target


def parts(result: Any) -> list[Any]:
    """The leaves of a result."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (tuple, list)):
        return [part for one in result for part in parts(one)]
    return [result]


def told(part: Any) -> tuple[Any, ...]:
    """All of a part but its numbers."""
    fields = (str(getattr(part, name, None)) for name in ("format", "canvas_size"))
    mode = part.mode if isinstance(part, Image.Image) else None
    return (type(part).__name__, mode, *fields)


def compare(found: Any, expected: Any, name: str) -> None:
    """The same kinds and numbers: Pillow's exactly, bytes to one, floats to their last digits."""
    for a, b in zip(parts(found), parts(expected), strict=True):
        assert told(a) == told(b), name
        if isinstance(a, str):
            assert a == b
            continue
        x, y = (part.numpy() if hasattr(part, "numpy") else np.asarray(part) for part in (a, b))
        assert x.dtype == y.dtype and x.shape == y.shape, name
        apart = np.abs(x.astype("float64") - y.astype("float64"))
        by_pillow = isinstance(a, Image.Image) and not name.startswith(BY_TENSORS)
        if by_pillow:
            assert apart.max(initial=0) == 0, name
        elif type(a).__name__ == "Mask" or "nearest" in name:
            # Places between two pixels, which the last bit decides.
            assert (apart > (1 if x.dtype == np.uint8 else 1e-4)).mean() < 0.01, name
        elif x.dtype == np.uint8:
            assert apart.max(initial=0) <= 1, name
        else:
            np.testing.assert_allclose(x, y, atol=5e-5, rtol=1e-4, err_msg=name)
