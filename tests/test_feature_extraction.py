"""Networks that return what is inside them."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.vision import models
from rushlight.vision.models._utils import IntermediateLayerGetter
from rushlight.vision.models.feature_extraction import (
    create_feature_extractor,
    get_graph_node_names,
)


class Net(nn.Module):
    """A relu that is called twice, and a branch that is there in training alone."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        self.relu = nn.ReLU()
        self.more = nn.Linear(2, 2)

    def forward(self, x: Any) -> Any:
        x = self.relu(self.body(x))
        if self.training:
            x = self.more(x)
        return self.relu(x * 2)


def test_names() -> None:
    network = Net()
    network.body.eval()
    with pytest.warns(UserWarning, match="in training are others than those in evaluation"):
        train, evaluation = get_graph_node_names(network)
    assert evaluation == ["x", "body.0", "body.1", "relu", "mul", "relu_1"]
    assert train == ["x", "body.0", "body.1", "relu", "more", "mul", "relu_1"]
    assert network.training and not network.body.training  # as it was
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        get_graph_node_names(network, suppress_diff_warning=True)
    inside, _ = get_graph_node_names(
        nn.Sequential(Net(), nn.Tanh()), {"leaf_modules": (Net,)}, suppress_diff_warning=True
    )
    assert inside == ["input", "0", "1"]


def test_what_is_returned() -> None:
    network = Net().eval()
    extractor = create_feature_extractor(
        network, {"body": "first", "relu": "second"}, suppress_diff_warning=True
    )
    x = torch.randn(3, 2)
    found = extractor(x)
    assert list(found) == ["first", "second"]
    assert torch.equal(found["second"], network.body(x).relu())
    assert extractor.get_submodule("body.0").weight is network.body[0].weight
    assert not hasattr(extractor, "more")


def test_another_graph_in_training() -> None:
    network = Net()
    extractor = create_feature_extractor(
        network, train_return_nodes=["more"], eval_return_nodes={"mul": "last"}
    )
    x = torch.randn(3, 2)
    assert list(extractor(x)) == ["more"]
    assert list(extractor.eval()(x)) == ["last"] and not extractor.training
    assert list(extractor.train()(x)) == ["more"]
    assert "more" in dict(extractor.named_children())
    other = create_feature_extractor(network.eval(), ["relu"], suppress_diff_warning=True)
    assert not other.training and list(other(x)) == ["relu"]


def test_gradients_reach_the_network() -> None:
    network = models.resnet18().eval()
    extractor = create_feature_extractor(network, ["layer1"])
    extractor(torch.randn(1, 3, 32, 32))["layer1"].sum().backward()
    assert network.conv1.weight.grad is not None and network.fc.weight.grad is None
    assert list(copy.deepcopy(extractor)(torch.zeros(1, 3, 32, 32))) == ["layer1"]


@pytest.mark.parametrize("name", ["vit_b_32", "swin_t"])
def test_networks_that_look_at_sizes(name: str) -> None:
    is_vit = name == "vit_b_32"
    with torch.device("meta"):
        network = models.get_model(name, **({"image_size": 64} if is_vit else {})).eval()
        node = "encoder.layers.encoder_layer_3" if is_vit else "features.3"
        found = create_feature_extractor(network, [node])(torch.zeros(1, 3, 64, 64))
    assert tuple(found[node].shape) == ((1, 5, 768) if is_vit else (1, 8, 8, 192))


@pytest.mark.parametrize(("options", "said"), [
    ({}, "Either `return_nodes` or"),
    ({"train_return_nodes": ["relu"]}, "then both should be specified"),
    ({"return_nodes": ["relu"], "train_return_nodes": ["relu"], "eval_return_nodes": ["relu"]},
     "`return_nodes` should not be specified"),
    ({"return_nodes": ["rel"]}, "node: 'rel' is not present in model. Hint: use"),
    ({"return_nodes": ["more"]}, "node: 'more' is not present"),
])  # fmt: skip
def test_refusals(options: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        create_feature_extractor(Net(), **options, suppress_diff_warning=True)


def test_children_up_to_the_last() -> None:
    network = models.resnet18()
    layers = IntermediateLayerGetter(network, {"layer2": "middle", "relu": "first"})
    assert list(layers) == ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2"]
    assert list(layers(torch.zeros(1, 3, 32, 32))) == ["first", "middle"]
    with pytest.raises(ValueError, match="return_layers are not present in model"):
        IntermediateLayerGetter(network, {"layer9": "x"})
