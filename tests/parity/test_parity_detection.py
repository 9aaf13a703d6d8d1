"""The networks of `models.detection` beside torchvision's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torchvision_oracle

import rushlight
from rushlight.vision import models
from rushlight.vision.models.detection import _utils, anchor_utils, rpn, transform

torchvision = torchvision_oracle.load()
theirs = torchvision.models.detection
NAMES = models.list_models(module=models.detection)
BOTH = ((rushlight, models.detection), (torch, theirs))
rng = np.random.default_rng(0)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_and_text(name: str) -> None:
    found = []
    for library, package in BOTH:
        with library.device("meta"):
            network = getattr(package, name)(weights=None, weights_backbone=None, num_classes=5)
        shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
        learning = [key for key, value in network.named_parameters() if value.requires_grad]
        found.append((repr(network), list(shapes.items()), learning))
    assert found[0] == found[1]


def test_same_seed_same_parameters() -> None:
    values = []
    for library, package in BOTH:
        library.manual_seed(0)
        network = package.fasterrcnn_mobilenet_v3_large_320_fpn(
            weights=None, weights_backbone=None, num_classes=5
        )
        values.append([value.numpy() for value in network.state_dict().values()])
    for found, expected in zip(*values, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_maps_of_a_backbone() -> None:
    image = rng.normal(size=(1, 3, 64, 96)).astype("float32")
    results = []
    for library, package in BOTH:
        library.manual_seed(0)
        network = package.fasterrcnn_mobilenet_v3_large_320_fpn(
            weights=None, weights_backbone=None, num_classes=5
        ).eval()
        maps = network.backbone(library.from_numpy(image))
        found = network.rpn.head(list(maps.values()))
        flat = [value.detach().numpy() for part in (maps.values(), *found) for value in part]
        results.append((list(maps), flat))
    assert results[0][0] == results[1][0]
    for found, expected in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_anchors() -> None:
    boxes = []
    for library, package, images in (
        (rushlight, anchor_utils, anchor_utils.ImageList),
        (torch, theirs.anchor_utils, theirs.image_list.ImageList),
    ):
        generator = package.AnchorGenerator(((32, 64), (128,)), ((0.5, 1.0, 2.0),) * 2)
        batch = images(library.zeros(2, 3, 64, 96), [(64, 96), (50, 60)])
        maps = [library.zeros(2, 1, 8, 12), library.zeros(2, 1, 4, 6)]
        boxes.append([part.numpy() for part in generator(batch, maps)])
        assert generator.num_anchors_per_location() == [6, 3]
    for found, expected in zip(*boxes, strict=True):
        np.testing.assert_allclose(found, expected)


def _boxes(count: int, seed: int) -> Any:
    corners = np.random.default_rng(seed).uniform(0, 50, (count, 2, 2))
    return np.concatenate([corners.min(1), corners.max(1) + 1], 1).astype("float32")


def test_coder_and_matcher() -> None:
    results = []
    for library, package in ((rushlight, _utils), (torch, theirs._utils)):
        a, b, c, d = (library.from_numpy(_boxes(5, seed)) for seed in range(4))
        coder = package.BoxCoder((10.0, 10.0, 5.0, 5.0))
        codes = coder.encode([a, b], [c, d])
        library.manual_seed(1)
        quality = library.rand(4, 30)
        quality[2] = 0.1
        matched = [package.Matcher(0.7, 0.3, allow)(quality.clone()) for allow in (True, False)]
        decoded = coder.decode(library.cat([library.cat(codes)] * 3, 1), [c, d])
        results.append([*codes, decoded, *matched])
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("training", [False, True])
def test_images_into_a_batch(training: bool) -> None:
    images = [rng.uniform(size=(3, *size)).astype("float32") for size in ((40, 60), (70, 33))]
    results = []
    for library, package in ((rushlight, transform), (torch, theirs.transform)):
        library.manual_seed(0)
        prepare = package.GeneralizedRCNNTransform((48, 64, 80), 100, [0.5] * 3, [0.2] * 3)
        targets = [{"boxes": library.from_numpy(_boxes(3, seed))} for seed in (0, 1)]
        prepare.train(training)
        batch, changed = prepare([library.from_numpy(image) for image in images], targets)
        found = prepare.postprocess(changed, batch.image_sizes, [(40, 60), (70, 33)])
        results.append((batch.image_sizes, batch.tensors.numpy(),
                        [target["boxes"].numpy() for target in found], repr(prepare)))  # fmt: skip
    (sizes, batch, boxes, text), (their_sizes, their_batch, their_boxes, their_text) = results
    assert sizes == their_sizes and text == their_text
    np.testing.assert_allclose(batch, their_batch, atol=1e-4)
    for found, expected in zip(boxes, their_boxes, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_losses_of_proposals() -> None:
    objectness, differences = rng.normal(size=(80, 1)), rng.normal(size=(80, 4))
    labels, wanted = rng.integers(-1, 2, (2, 40)), rng.normal(size=(2, 40, 4))
    results = []
    for library, package in ((rushlight, rpn), (torch, theirs.rpn)):
        network = package.RegionProposalNetwork(
            library.nn.Identity(), library.nn.Identity(), 0.7, 0.3, 16, 0.5, {}, {}, 0.7
        )
        library.manual_seed(0)
        arrays = (objectness, differences)
        results.append(network.compute_loss(
            *(library.from_numpy(value) for value in arrays),
            [library.from_numpy(row.astype("float64")) for row in labels],
            [library.from_numpy(row) for row in wanted],
        ))  # fmt: skip
    np.testing.assert_allclose(*([float(value) for value in losses] for losses in results))


def test_weights_are_torchvisions() -> None:
    for name in NAMES:
        ours = models.get_model_weights(name)
        expected = torchvision.models.get_model_weights(name)
        assert list(ours.__members__) == list(expected.__members__)
        for found, wanted in zip(ours, expected, strict=True):
            assert found.url == wanted.url and repr(found) == repr(wanted)
            assert repr(found.transforms()) == repr(wanted.transforms())
            for key, value in found.meta.items():
                np.testing.assert_equal(value, wanted.meta[key])
