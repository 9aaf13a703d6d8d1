"""Names of nodes and what they give beside torchvision's."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
import torchvision_oracle

import rushlight
from rushlight.vision import models
from rushlight.vision.models import _utils, feature_extraction

torchvision = torchvision_oracle.load()
theirs = __import__("torchvision.models.feature_extraction", fromlist=["feature_extraction"])
BOTH = ((rushlight, models, feature_extraction), (torch, torchvision.models, theirs))
NAMES = [
    "alexnet", "squeezenet1_1", "resnet18", "mobilenet_v2", "mobilenet_v3_small", "mnasnet0_5",
    "efficientnet_b0", "regnet_y_400mf", "densenet121", "googlenet", "convnext_tiny", "vgg11_bn",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_nodes(name: str) -> None:
    found = []
    for _, package, extraction in BOTH:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            options = {"init_weights": False} if name == "googlenet" else {}
            network = package.get_model(name, **options)
            found.append(extraction.get_graph_node_names(network))
    assert found[0] == found[1]


@pytest.mark.parametrize(("name", "wanted"), [
    ("resnet18", ["layer1", "layer4.0.relu_1", "flatten"]),
    ("resnet18", {"layer2.1": "middle", "x": "image"}),
    ("mobilenet_v2", {"features.3": "low", "features.18": "high"}),
    ("densenet121", ["features.denseblock1"]),
])  # fmt: skip
def test_features(name: str, wanted: Any) -> None:
    image = np.random.default_rng(0).normal(size=(1, 3, 64, 64)).astype("float32")
    results = []
    for library, package, extraction in BOTH:
        library.manual_seed(0)
        network = package.get_model(name).eval()
        extractor = extraction.create_feature_extractor(network, wanted)
        features = extractor(library.from_numpy(image))
        parts = [value.detach().numpy() for value in features.values()]
        results.append((list(features), list(extractor.state_dict()), repr(extractor), parts))
    assert results[0][:3] == results[1][:3]
    for found, expected in zip(results[0][3], results[1][3], strict=True):
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found / scale, expected / scale, atol=1e-4)


def test_layers_between() -> None:
    both = []
    from torchvision.models._utils import IntermediateLayerGetter

    for getter, package in ((_utils.IntermediateLayerGetter, models),
                            (IntermediateLayerGetter, torchvision.models)):  # fmt: skip
        network = getter(package.resnet18(), {"layer1": "low", "layer3": "high"})
        both.append((repr(network), list(network.state_dict()), network.return_layers))
    assert both[0] == both[1]
