"""`vision.ops` beside torchvision's: values and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torchvision_oracle

import rushlight
from rushlight.vision import ops

torchvision = torchvision_oracle.load()
# The formula in Python; the function around it compiles it, which takes a minute.
REGIONS = torchvision.ops.roi_align.__globals__
REGIONS["_roi_align"] = REGIONS["_roi_align"].__wrapped__
rng = np.random.default_rng(0)


def _boxes(count: int, seed: int) -> Any:
    corners = np.random.default_rng(seed).uniform(0, 20, (count, 2, 2))
    return np.concatenate([corners.min(1), corners.max(1) + 0.5], 1).astype("float32")


A, B = _boxes(7, 0), _boxes(5, 1)
SCORES = rng.uniform(size=7).astype("float32")
MASKS = rng.uniform(size=(3, 8, 9)) > 0.8
MASKS[1] = False
MAPS = [rng.normal(size=(2, 3, size, size)).astype("float32") for size in (64, 32, 16)]


def _pyramid(ops: Any, tensor: Any, extra: str | None, channels: tuple[int, ...] = ()) -> Any:
    """All maps as one row, and the text of the network."""
    library = rushlight if ops is not torchvision.ops else torch
    library.manual_seed(0)
    block = extra and getattr(ops.feature_pyramid_network, extra)(*channels)
    network = ops.FeaturePyramidNetwork([3, 3, 3], 4, block)
    result = network({str(i): tensor(image[:1]) for i, image in enumerate(MAPS)})
    assert list(result) == ["0", "1", "2"] + {
        None: [], "LastLevelMaxPool": ["pool"], "LastLevelP6P7": ["p6", "p7"],
    }[extra]  # fmt: skip
    return library.cat([map_.detach().flatten() for map_ in result.values()])


CASES = {
    "maps in one pyramid": lambda o, t: _pyramid(o, t, None),
    "the greatest of it": lambda o, t: _pyramid(o, t, "LastLevelMaxPool", ()),
    "two maps more": lambda o, t: _pyramid(o, t, "LastLevelP6P7", (3, 4)),
    "two maps more, of the last": lambda o, t: _pyramid(o, t, "LastLevelP6P7", (4, 4)),
    "boxes on several maps": lambda o, t: o.MultiScaleRoIAlign(["0", "2"], (3, 4), 2)(
        {str(i): t(image) for i, image in enumerate(MAPS)}, [t(10 * A), t(10 * B)],
        [(256, 256), (250, 200)],
    ),
    "boxes on one map": lambda o, t: o.MultiScaleRoIAlign(["1"], 3, 2)(
        {str(i): t(image) for i, image in enumerate(MAPS)}, [t(10 * A), t(10 * B)],
        [(256, 256), (250, 200)],
    ),
    "box_iou": lambda o, t: o.box_iou(t(A), t(B)),
    "box_iou of numbers": lambda o, t: o.box_iou(t(A.astype("int16")), t(B.astype("int16"))),
    "box_iou of batches": lambda o, t: o.box_iou(t(A)[None], t(B)[None]),
    "box_iou of centres": lambda o, t: o.box_iou(t(A), t(B), fmt="cxcywh"),
    "generalized": lambda o, t: o.generalized_box_iou(t(A), t(B)),
    "distance": lambda o, t: o.distance_box_iou(t(A), t(B)),
    "complete": lambda o, t: o.complete_box_iou(t(A), t(B)),
    "area": lambda o, t: o.box_area(t(A)),
    "clip": lambda o, t: o.clip_boxes_to_image(t(A), (10, 12)),
    "small": lambda o, t: o.remove_small_boxes(t(A), 5),
    "masks": lambda o, t: o.masks_to_boxes(t(MASKS)),
    "no masks": lambda o, t: o.masks_to_boxes(t(MASKS[:0])),
    "generalized loss": lambda o, t: o.generalized_box_iou_loss(t(A[:5]), t(B), reduction="sum"),
    "distance loss": lambda o, t: o.distance_box_iou_loss(t(A[:5]), t(B), reduction="mean"),
    "complete loss": lambda o, t: o.complete_box_iou_loss(t(A[:5]), t(B)),
    "focal": lambda o, t: o.sigmoid_focal_loss(t(A), t(MASKS[0, :7, :4].astype("float32"))),
    "focal, unweighted": lambda o, t: o.sigmoid_focal_loss(
        t(A), t(MASKS[0, :7, :4].astype("float32")), alpha=-1, gamma=1.5, reduction="mean"
    ),
    **{
        f"{a} to {b}": lambda o, t, a=a, b=b: o.box_convert(t(A), a, b)
        for a in ("xyxy", "xywh", "cxcywh") for b in ("xyxy", "xywh", "cxcywh")
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients(name: str) -> None:
    found = []
    for library, package in ((rushlight, ops), (torch, torchvision.ops)):
        leaves: list[Any] = []

        def tensor(array: Any, library: Any = library, leaves: list[Any] = leaves) -> Any:
            leaf = library.from_numpy(array.copy())
            if array.dtype == np.float32:
                leaves.append(leaf.requires_grad_())
            return leaf

        result = CASES[name](package, tensor)
        gradients = []
        if result.requires_grad:
            result.sum().backward()
            gradients = [leaf.grad.numpy() for leaf in leaves if leaf.grad is not None]
        found.append([result.detach().numpy(), *gradients])
    for ours, theirs in zip(*found, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def _slow_nms(boxes: Any, scores: Any, threshold: float) -> list[int]:
    overlap = torchvision.ops.box_iou(torch.from_numpy(boxes), torch.from_numpy(boxes)).numpy()
    kept: list[int] = []
    for place in np.argsort(-scores, kind="stable"):
        if all(overlap[place, other] <= threshold for other in kept):
            kept.append(int(place))
    return kept


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 1.0])
def test_nms(threshold: float) -> None:
    boxes = _boxes(60, 3)
    scores = np.random.default_rng(4).integers(0, 9, 60).astype("float32")  # with equal ones
    found = ops.nms(rushlight.from_numpy(boxes), rushlight.from_numpy(scores), threshold)
    assert found.tolist() == _slow_nms(boxes, scores, threshold)
    assert ops.nms(rushlight.zeros(0, 4), rushlight.zeros(0), threshold).tolist() == []


def test_nms_of_classes() -> None:
    boxes, classes = _boxes(40, 5), np.arange(40) % 3
    scores = np.random.default_rng(6).uniform(size=40).astype("float32")
    found = ops.batched_nms(*map(rushlight.from_numpy, (boxes, scores, classes)), 0.3)
    kept = [
        int(np.flatnonzero(classes == c)[place]) for c in range(3)
        for place in _slow_nms(boxes[classes == c], scores[classes == c], 0.3)
    ]  # fmt: skip
    assert found.tolist() == sorted(kept, key=lambda place: -scores[place])


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("sampling_ratio", [2, -1])
@pytest.mark.parametrize("as_list", [True, False])
def test_roi_align(aligned: bool, sampling_ratio: int, as_list: bool) -> None:
    theirs = REGIONS["_roi_align"]
    image = rng.normal(size=(2, 3, 12, 10)).astype("float32")
    rows = np.concatenate([np.array([[0], [0], [1], [1], [1]]), B], 1).astype("float32")
    # A little beyond the image; far beyond it the compiled operator has zeros, the formula has not.
    rows[4, 1:] = [-1, -1, 20, 24]
    x, y = torch.from_numpy(image).requires_grad_(), rushlight.from_numpy(image).requires_grad_()
    expected = theirs(x, torch.from_numpy(rows), 0.5, 3, 4, sampling_ratio, aligned)
    boxes: Any = rushlight.from_numpy(rows)
    if as_list:
        boxes = [boxes[:2, 1:], boxes[2:, 1:]]
    found = ops.roi_align(y, boxes, (3, 4), 0.5, sampling_ratio, aligned)
    np.testing.assert_allclose(found.detach(), expected.detach(), rtol=1e-4, atol=1e-5)
    expected.square().sum().backward()
    found.square().sum().backward()
    np.testing.assert_allclose(y.grad, x.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["row", "batch"])
def test_what_is_left_out_at_random(kind: str) -> None:
    for library, package in ((rushlight, ops), (torch, torchvision.ops)):
        library.manual_seed(1)
        x = library.arange(48.0).reshape(2, 1, 4, 6)
        results = [
            package.stochastic_depth(x, 0.5, kind),
            package.drop_block2d(x, 0.3, 3),
            package.drop_block3d(x[None], 0.3, 1),
        ]
        if library is rushlight:
            ours = [result.numpy() for result in results]
    for found, expected in zip(ours, results, strict=True):
        np.testing.assert_allclose(found, expected.numpy(), rtol=1e-5)
