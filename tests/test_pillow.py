"""Resizing of PIL images: the extension's, which must be Pillow's, byte by byte."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.vision.pillow import resized

Image = pytest.importorskip("PIL.Image")

SIZES = [
    ((7, 9), (7, 9)), ((1, 1), (5, 3)), ((5, 3), (1, 1)), ((40, 60), (13, 17)),
    ((13, 17), (40, 60)), ((300, 250), (224, 224)), ((10, 200), (50, 3)), ((64, 64), (63, 65)),
    ((375, 500), (256, 341)),
]  # fmt: skip


def picture(kind, mode, height, width):
    shape = (height, width, 3) if mode == "RGB" else (height, width)
    random = np.random.default_rng(height * 1000 + width)
    if kind == "noise":
        pixels = random.integers(0, 256, shape)
    else:  # where the cubic filter leaves the range of bytes
        pixels = random.integers(0, 2, shape) * 255
    return Image.fromarray(pixels.astype(np.uint8))


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("kind", ["noise", "edges"])
@pytest.mark.parametrize(("size", "target"), SIZES)
@pytest.mark.parametrize("resample", [0, 2, 3], ids=["nearest", "bilinear", "bicubic"])
def test_the_bytes_are_pillows(mode, kind, size, target, resample):
    image = picture(kind, mode, *size)
    expected = np.asarray(image.resize(target[::-1], resample))
    made = resized(image, *target, resample)
    assert made.mode == mode and made.size == target[::-1]
    assert np.asarray(made).tolist() == expected.tolist()


def test_sizes_at_random():
    random = np.random.default_rng(0)
    for _ in range(100):
        image = picture("noise", "RGB", *random.integers(1, 60, 2))
        height, width = map(int, random.integers(1, 60, 2))
        for resample in (2, 3):
            expected = np.asarray(image.resize((width, height), resample))
            assert (np.asarray(resized(image, height, width, resample)) == expected).all()


@pytest.mark.parametrize("mode", ["1", "P", "RGBA", "CMYK", "I", "F", "LA"])
def test_other_modes_are_left_to_pillow(mode):
    image = picture("noise", "L", 9, 8).convert(mode)
    assert resized(image, 4, 5, 0).tobytes() == image.resize((5, 4), 0).tobytes()


def test_what_is_known_of_an_image_stays():
    image = picture("noise", "RGB", 9, 8)
    image.info["dpi"] = (72, 72)
    assert resized(image, 4, 4, 2).info == {"dpi": (72, 72)}


def test_a_size_of_nothing_is_refused():
    with pytest.raises(ValueError, match="must be > 0"):
        resized(picture("noise", "RGB", 9, 8), 0, 4, 2)
