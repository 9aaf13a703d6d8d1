"""Boxes and masks drawn into images beside torchvision's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torchvision_oracle

import rushlight
from rushlight.vision import utils

torchvision = torchvision_oracle.load()
PIXELS = np.random.default_rng(0).integers(0, 256, (3, 40, 60)).astype("uint8")
BOXES = np.array([[2, 3, 30, 20], [10.7, 8, 55, 38]])
MASKS = np.random.default_rng(1).uniform(size=(3, 40, 60)) > 0.7
DRAWN = {
    "plain": {},
    "wide": {"width": 3, "colors": "blue"},
    "filled": {"fill": True, "colors": [(255, 0, 9), "#00FF80"]},
    "labelled": {"labels": ["cat", "dog"], "colors": (9, 200, 30)},
    "labels of colours": {"labels": ["a", "b"], "label_colors": ["red", "blue"]},
    "filled labels": {"labels": ["a", "b"], "fill_labels": True, "label_background_colors": "red"},
}  # fmt: skip


@pytest.mark.parametrize("kind", ["bytes", "floats", "grey"])
@pytest.mark.parametrize("name", DRAWN)
def test_boxes(name: str, kind: str) -> None:
    pixels = PIXELS[:1] if kind == "grey" else PIXELS
    if kind == "floats":
        pixels = (pixels / 255).astype("float32")
    options: Any = DRAWN[name]
    found = utils.draw_bounding_boxes(*map(rushlight.from_numpy, (pixels, BOXES)), **options)
    expected = torchvision.utils.draw_bounding_boxes(
        *map(torch.from_numpy, (pixels, BOXES)), **options
    )
    np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-6)


@pytest.mark.parametrize("kind", ["bytes", "floats"])
@pytest.mark.parametrize("options", [{}, {"alpha": 0.3, "colors": ["red", "blue", (1, 2, 3)]}])
def test_masks(options: Any, kind: str) -> None:
    pixels = PIXELS if kind == "bytes" else (PIXELS / 255).astype("float32")
    found = utils.draw_segmentation_masks(*map(rushlight.from_numpy, (pixels, MASKS)), **options)
    expected = torchvision.utils.draw_segmentation_masks(
        *map(torch.from_numpy, (pixels, MASKS)), **options
    )
    np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-6)


WRONG = {
    "no tensor": lambda u, t: u.draw_bounding_boxes(PIXELS, t(BOXES)),
    "a batch": lambda u, t: u.draw_bounding_boxes(t(PIXELS[None]), t(BOXES)),
    "whole numbers": lambda u, t: u.draw_bounding_boxes(t(PIXELS.astype("int32")), t(BOXES)),
    "two channels": lambda u, t: u.draw_bounding_boxes(t(PIXELS[:2]), t(BOXES)),
    "boxes turned round": lambda u, t: u.draw_bounding_boxes(t(PIXELS), t(-BOXES)),
    "labels": lambda u, t: u.draw_bounding_boxes(t(PIXELS), t(BOXES), ["a"]),
    "few colours": lambda u, t: u.draw_bounding_boxes(t(PIXELS), t(BOXES), colors=["red"]),
    "masks of numbers": lambda u, t: u.draw_segmentation_masks(t(PIXELS), t(PIXELS)),
    "masks of a size": lambda u, t: u.draw_segmentation_masks(t(PIXELS), t(MASKS[:, 1:])),
    "a grey image": lambda u, t: u.draw_segmentation_masks(t(PIXELS[:1]), t(MASKS)),
}


@pytest.mark.parametrize("name", WRONG)
def test_refusals(name: str) -> None:
    with pytest.raises(Exception) as expected:
        WRONG[name](torchvision.utils, torch.from_numpy)
    with pytest.raises(expected.type):
        WRONG[name](utils, rushlight.from_numpy)


def test_nothing_to_draw() -> None:
    image = rushlight.from_numpy(PIXELS)
    with pytest.warns(UserWarning, match="No box was drawn"):
        assert utils.draw_bounding_boxes(image, rushlight.zeros(0, 4)) is image
    with pytest.warns(UserWarning, match="No mask was drawn"):
        assert utils.draw_segmentation_masks(image, rushlight.from_numpy(MASKS[:0])) is image
