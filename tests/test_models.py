"""The example networks: shapes, parameters, and that they learn."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.vision.models import MLP, ConvNet, LeNet

MODELS = {LeNet: 61_706, MLP: 669_706, ConvNet: 421_738}


@pytest.mark.parametrize("model_class", MODELS)
def test_shapes_and_number_of_parameters(model_class: type[nn.Module]) -> None:
    model = model_class()
    assert model(torch.randn(3, 1, 28, 28)).shape == (3, 10)
    assert sum(p.numel() for p in model.parameters()) == MODELS[model_class]
    assert model_class(num_classes=7)(torch.randn(2, 1, 28, 28)).shape == (2, 7)


@pytest.mark.parametrize("model_class", MODELS)
def test_every_parameter_gets_a_gradient(model_class: type[nn.Module]) -> None:
    model = model_class()
    nn.functional.cross_entropy(
        model(torch.randn(4, 1, 28, 28)), torch.tensor([1, 2, 3, 4])
    ).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("model_class", MODELS)
def test_learns_a_batch_by_heart(model_class: type[nn.Module]) -> None:
    model = model_class()
    images, labels = torch.randn(8, 1, 28, 28), torch.arange(8)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    for _ in range(25):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
    assert (model.eval()(images).argmax(1) == labels).float().mean() >= 0.9


def test_lenet_has_the_published_layers() -> None:
    shapes = {name: tuple(p.shape) for name, p in LeNet().named_parameters()}
    assert shapes == {
        "conv1.weight": (6, 1, 5, 5), "conv1.bias": (6,),
        "conv2.weight": (16, 6, 5, 5), "conv2.bias": (16,),
        "fc1.weight": (120, 400), "fc1.bias": (120,),
        "fc2.weight": (84, 120), "fc2.bias": (84,),
        "fc3.weight": (10, 84), "fc3.bias": (10,),
    }  # fmt: skip


def test_convnet_drops_and_normalises_only_while_training() -> None:
    model, images = ConvNet(), torch.randn(4, 1, 28, 28)
    assert not torch.equal(model(images), model(images))
    model.eval()
    assert torch.equal(model(images), model(images))
    assert torch.equal(model(images)[:1], model(images[:1])) or torch.allclose(
        model(images)[:1], model(images[:1]), atol=1e-5
    )


def test_wrong_channels_name_the_layer() -> None:
    with pytest.raises(RuntimeError, match=r"LeNet\.conv1"):
        LeNet()(torch.randn(1, 3, 28, 28))
