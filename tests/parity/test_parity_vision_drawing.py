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


POINTS = np.array([[[5, 6], [30.6, 20], [58, 39]], [[20, 30], [1, 1], [40, 10]]])
SEEN = np.array([[True, False, True], [True, True, True]])
KEYPOINTS = {
    "nothing chosen": {},
    "large": {"radius": 5, "colors": "blue"},
    "joined": {"connectivity": [(0, 1), (1, 2)], "colors": (255, 0, 9), "width": 2},
    "some seen": {"connectivity": [(0, 1), (0, 2)], "colors": "red", "visibility": SEEN},
    "some seen, by column": {"colors": "red", "visibility": SEEN[..., None]},
}  # fmt: skip


@pytest.mark.parametrize("kind", ["bytes", "floats"])
@pytest.mark.parametrize("name", KEYPOINTS)
def test_keypoints(name: str, kind: str) -> None:
    pixels = PIXELS if kind == "bytes" else (PIXELS / 255).astype("float32")
    drawn = []
    for library, package in ((rushlight, utils), (torch, torchvision.utils)):
        options: Any = dict(KEYPOINTS[name])
        if "visibility" in options:
            options["visibility"] = library.from_numpy(options["visibility"])
        images = map(library.from_numpy, (pixels, POINTS))
        drawn.append(package.draw_keypoints(*images, **options).numpy())
    np.testing.assert_allclose(*drawn, atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 30, 40), (3, 2, 7, 9), (2, 1, 1)])
def test_flow(shape: tuple[int, ...]) -> None:
    flow = np.random.default_rng(2).normal(size=shape).astype("float32")
    found = utils.flow_to_image(rushlight.from_numpy(flow)).numpy()
    expected = torchvision.utils.flow_to_image(torch.from_numpy(flow)).numpy()
    assert found.shape == expected.shape and found.dtype == expected.dtype
    # Rounding down tells numbers apart that differ in their last bit.
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert (found != expected).mean() < 0.01


WRONG = {
    "points of no instance": lambda u, t: u.draw_keypoints(t(PIXELS), t(POINTS[0])),
    "points of a batch": lambda u, t: u.draw_keypoints(t(PIXELS[None]), t(POINTS)),
    "points on grey": lambda u, t: u.draw_keypoints(t(PIXELS[:1]), t(POINTS)),
    "other visibility": lambda u, t: u.draw_keypoints(
        t(PIXELS), t(POINTS), visibility=t(SEEN[:, :2])
    ),
    "flow of doubles": lambda u, t: u.flow_to_image(t(POINTS)),
    "flow of a shape": lambda u, t: u.flow_to_image(t(POINTS[0].astype("float32"))),
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
