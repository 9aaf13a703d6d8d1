"""The networks of `models.segmentation` beside torchvision's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torchvision_oracle

import rushlight
from rushlight.vision import models

torchvision = torchvision_oracle.load()
NAMES = models.list_models(module=models.segmentation)
BOTH = ((rushlight, models), (torch, torchvision.models))


def test_all_are_there() -> None:
    assert NAMES == torchvision.models.list_models(module=torchvision.models.segmentation)
    assert set(models.list_models()) >= set(NAMES)


@pytest.mark.parametrize("auxiliary", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_parameters_and_text(name: str, auxiliary: bool) -> None:
    options: Any = {"weights_backbone": None, "num_classes": 5}
    if not name.startswith("lraspp"):
        options["aux_loss"] = auxiliary
    found = []
    for library, package in BOTH:
        with library.device("meta"):
            network = package.get_model(name, **options)
        shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
        found.append((repr(network), list(shapes.items())))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["lraspp_mobilenet_v3_large", "deeplabv3_mobilenet_v3_large",
                                  "fcn_resnet50"])  # fmt: skip
def test_same_seed_same_network(name: str) -> None:
    image = np.random.default_rng(0).normal(size=(2, 3, 64, 48)).astype("float32")
    options: Any = {"weights_backbone": None, "num_classes": 5}
    if not name.startswith("lraspp"):
        options["aux_loss"] = True
    results = []
    for library, package in BOTH:
        library.manual_seed(0)
        network = package.get_model(name, **options).eval()
        values = [value.numpy() for value in network.state_dict().values()]
        x = library.from_numpy(image.copy()).requires_grad_()
        result = network(x)
        sum(value.square().sum() for value in result.values()).backward()
        maps = [value.detach().numpy() for value in result.values()]
        results.append((list(result), values, [*maps, x.grad.numpy()]))
    (names, ours, found), (their_names, theirs, expected) = results
    assert names == their_names
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
    for a, b in zip(found, expected, strict=True):
        scale = np.abs(b).max()
        np.testing.assert_allclose(a / scale, b / scale, rtol=0, atol=2e-4)


def test_weights_are_torchvisions() -> None:
    for name in NAMES:
        ours, theirs = models.get_model_weights(name), torchvision.models.get_model_weights(name)
        assert ours.__name__ == theirs.__name__
        assert list(ours.__members__) == list(theirs.__members__)
        for found, expected in zip(ours, theirs, strict=True):
            assert found.url == expected.url and repr(found) == repr(expected)
            assert repr(found.transforms()) == repr(expected.transforms())
            for key, value in found.meta.items():
                np.testing.assert_equal(value, expected.meta[key])


def test_transforms_of_weights() -> None:
    image = np.random.default_rng(0).integers(0, 256, (2, 3, 80, 60)).astype("uint8")
    found, expected = (
        package.segmentation.FCN_ResNet50_Weights.DEFAULT.transforms(resize_size=32)(
            library.from_numpy(image)
        )
        for library, package in BOTH
    )
    np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1.01 / 255 / 0.224)
