"""The networks of `vision.models` beside torchvision's: parameters, text, seeds and results."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np
import pytest
import torch
import torchvision_oracle

import rushlight
from rushlight.vision import models

torchvision = torchvision_oracle.load()
NAMES = models.list_models(module=models)
# One small network of each family; the families without one are built small below.
SMALL = [
    "squeezenet1_1", "resnet18", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x0_5",
    "mnasnet0_5", "efficientnet_b0", "regnet_y_400mf", "densenet121", "googlenet",
]  # fmt: skip
OPTIONS: dict[str, dict[str, Any]] = {
    "googlenet": {"init_weights": True}, "inception_v3": {"init_weights": True},
}  # fmt: skip
OF_VALUES = ("regnet",)  # torchvision computes their widths by tensors, which `meta` has not


def test_all_of_torchvisions_networks_are_there() -> None:
    theirs = set(torchvision.models.list_models(module=torchvision.models))
    assert theirs - set(NAMES) == {"maxvit_t"}


@pytest.mark.parametrize("name", NAMES)
def test_parameters_and_text(name: str) -> None:
    options = {"init_weights": False} if name in OPTIONS else {}
    with rushlight.device("meta"):
        ours = models.get_model(name, **options)
    if name.startswith(OF_VALUES):
        if sum(p.numel() for p in ours.parameters()) > 2e7:
            figures = models.get_model_weights(name).DEFAULT.meta["num_params"]
            assert sum(p.numel() for p in ours.parameters()) == figures
            return
        theirs = torchvision.models.get_model(name, **options)
    else:
        with torch.device("meta"):
            theirs = torchvision.models.get_model(name, **options)
    shapes = {key: tuple(value.shape) for key, value in theirs.state_dict().items()}
    assert {key: tuple(value.shape) for key, value in ours.state_dict().items()} == shapes
    assert list(ours.state_dict()) == list(shapes)
    assert repr(ours) == repr(theirs)


def _compare(ours: Any, theirs: Any, size: int) -> None:
    for (key, a), b in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6, atol=1e-7, err_msg=key)
    image = np.random.default_rng(0).normal(size=(2, 3, size, size)).astype("float32")
    results = []
    for library, network in ((rushlight, ours), (torch, theirs)):
        network.eval()
        x = library.from_numpy(image).requires_grad_()
        y = network(x)
        y.square().sum().backward()
        results.append((y.detach().numpy(), x.grad.numpy()))
    for found, expected in zip(*results, strict=True):
        scale = max(np.abs(expected).max(), 1e-12)
        np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=2e-4)


@pytest.mark.parametrize("name", SMALL)
def test_same_seed_same_network(name: str) -> None:
    built = []
    for library, package in ((rushlight, models), (torch, torchvision.models)):
        library.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            built.append(package.get_model(name, num_classes=7, **OPTIONS.get(name, {})))
    _compare(*built, size=64)


def _vgg(package: Any) -> Any:
    layers = package.vgg.make_layers([64, "M", 128, "M", 256, "M", 512, "M", 512, "M"], True)
    return package.vgg.VGG(layers, 5)


def test_configurations_of_vgg() -> None:
    theirs = importlib.import_module("torchvision.models.vgg")
    assert models.vgg.cfgs == theirs.cfgs


BUILT = {
    "vit": lambda m: m.VisionTransformer(32, 16, 2, 2, 8, 16, num_classes=3),
    "vit with a stem": lambda m: m.VisionTransformer(
        32, 16, 1, 2, 8, 16, num_classes=3, representation_size=4,
        conv_stem_configs=[m.vision_transformer.ConvStemConfig(4, 3, 4),
                           m.vision_transformer.ConvStemConfig(8, 3, 4)],
    ),
    "swin": lambda m: m.SwinTransformer([4, 4], 8, [2, 2], [2, 4], [3, 3], num_classes=3),
    "swin v2": lambda m: m.SwinTransformer(
        [4, 4], 8, [2, 2], [2, 4], [3, 3], num_classes=3,
        block=m.swin_transformer.SwinTransformerBlockV2,
        downsample_layer=m.swin_transformer.PatchMergingV2,
    ),
    "convnext": lambda m: m.ConvNeXt(
        [m.convnext.CNBlockConfig(8, 16, 2), m.convnext.CNBlockConfig(16, None, 2)],
        layer_scale=0.5, num_classes=3,
    ),
    "efficientnet v2": lambda m: m.EfficientNet(
        [m.efficientnet.FusedMBConvConfig(1, 3, 1, 8, 8, 2),
         m.efficientnet.FusedMBConvConfig(4, 3, 2, 8, 16, 2),
         m.efficientnet.MBConvConfig(4, 3, 2, 16, 24, 2)], 0.1, num_classes=3,
    ),
    "resnet, dilated": lambda m: m.ResNet(
        m.resnet.Bottleneck, [1, 1, 1, 2], num_classes=3, zero_init_residual=True,
        replace_stride_with_dilation=[False, True, True],
    ),
    "mobilenet v3, dilated": lambda m: m.mobilenet_v3_large(
        num_classes=3, width_mult=0.5, reduced_tail=True, dilated=True
    ),
    "vgg": _vgg,
}  # fmt: skip


# Half of the time of all goes into the 120 million weights of VGG's linear layers.
@pytest.mark.parametrize("name", [
    pytest.param(name, marks=pytest.mark.slow if name == "vgg" else ()) for name in BUILT
])  # fmt: skip
def test_same_seed_same_built(name: str) -> None:
    built = []
    for library, package in ((rushlight, models), (torch, torchvision.models)):
        library.manual_seed(0)
        built.append(BUILT[name](package))
    _compare(*built, size=32)


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


@pytest.mark.parametrize("batch", [True, False])
def test_transforms_of_weights(batch: bool) -> None:
    image = np.random.default_rng(0).integers(0, 256, (2, 3, 80, 60)).astype("uint8")
    ours = models.ResNet50_Weights.DEFAULT.transforms(crop_size=24, resize_size=32)
    theirs = torchvision.models.ResNet50_Weights.DEFAULT.transforms(crop_size=24, resize_size=32)
    image = image if batch else image[0]
    found, expected = ours(rushlight.from_numpy(image)), theirs(torch.from_numpy(image))
    np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1.01 / 255 / 0.224)
