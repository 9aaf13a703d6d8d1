"""Weights that are named: found, checked, fitted; and the older ways to ask for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rushlight as torch
from rushlight.vision import models


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def _place(folder: Path, name: str) -> Any:
    """A file of the weights of that network, freshly drawn."""
    torch.manual_seed(1)
    network = models.get_model(name)
    file = models.get_model_weights(name).DEFAULT.url.rpartition("/")[2]
    torch.save(network.state_dict(), folder / file)
    return network


@pytest.mark.parametrize("given", ["DEFAULT", "SqueezeNet1_1_Weights.IMAGENET1K_V1", None])
def test_weights_are_found(given: str | None, folder: Path) -> None:
    expected = _place(folder, "squeezenet1_1")
    weights = models.SqueezeNet1_1_Weights.DEFAULT if given is None else given
    network = models.squeezenet1_1(weights=weights)
    for found, wanted in zip(network.parameters(), expected.parameters(), strict=True):
        assert torch.equal(found, wanted)


def test_the_old_ways_warn(folder: Path) -> None:
    _place(folder, "squeezenet1_1")
    with pytest.warns(UserWarning, match="squeezenet1_1: 'pretrained' is deprecated"):
        models.squeezenet1_1(pretrained=True)
    with pytest.warns(UserWarning, match="please use 'weights'"):
        models.squeezenet1_1(True)
    with pytest.warns(UserWarning, match="weights=None"):
        assert models.squeezenet1_1(pretrained=False, num_classes=2).num_classes == 2


def test_what_weights_decide() -> None:
    with pytest.raises(ValueError, match="'num_classes' expected value 1000 but got 10"):
        models.squeezenet1_1(weights="DEFAULT", num_classes=10)
    with pytest.raises(ValueError, match="'image_size' expected value 384"):
        models.vit_b_16(weights="IMAGENET1K_SWAG_E2E_V1", image_size=224)
    with pytest.raises(TypeError, match="expected ResNet18_Weights but received AlexNet_Weights"):
        models.resnet18(weights=models.AlexNet_Weights.DEFAULT)
    with pytest.raises(KeyError):
        models.resnet18(weights="IMAGENET1K_V9")
    with pytest.raises(AttributeError, match="ResNet19_Weights"):
        models.ResNet19_Weights  # noqa: B018
    with pytest.raises(KeyError, match="NONE"):
        models.get_weight("ResNet18_Weights.NONE")
    for name in ("ResNet18_Weights", "ResNet18_Weights.DEFAULT.url", "ResNet19_Weights.DEFAULT"):
        with pytest.raises(ValueError, match=f"Invalid weight name provided: '{name}'"):
            models.get_weight(name)
    with pytest.raises(ValueError, match="Unknown model lenet9"):
        models.get_model("lenet9")


def test_options_of_networks() -> None:
    with torch.device("meta"):
        network = models.efficientnet_b0(dropout=0.35)
        assert network.classifier[0].p == 0.35
        assert models.efficientnet_v2_s(dropout=0.35).classifier[0].p == 0.35
        last = models.convnext_tiny(stochastic_depth_prob=0.25).features[-1][-1]
        assert last.stochastic_depth.p == 0.25
        last = models.swin_t(stochastic_depth_prob=0.25).features[-1][-1]
        assert last.stochastic_depth.p == 0.25
    with pytest.raises(ValueError, match="'groups' expected value 32 but got 2"):
        models.resnext50_32x4d(groups=2)
    with pytest.raises(ValueError, match="'width_per_group' expected value 128 but got 64"):
        models.wide_resnet50_2(width_per_group=64)


def test_weights_of_segmentation(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    segmentation = models.segmentation
    expected = segmentation.lraspp_mobilenet_v3_large(weights_backbone=None)
    torch.save(expected.state_dict(), folder / "lraspp_mobilenet_v3_large-d234d4ea.pth")
    # Those of the backbone, which are not here, are not asked for.
    found = segmentation.lraspp_mobilenet_v3_large(weights="DEFAULT")
    assert torch.equal(found.classifier.cbr[0].weight, expected.classifier.cbr[0].weight)
    with pytest.raises(ValueError, match="'num_classes' expected value 21 but got 3"):
        segmentation.lraspp_mobilenet_v3_large(weights="DEFAULT", num_classes=3)
    with pytest.raises(ValueError, match="'aux_loss' expected value True but got False"):
        segmentation.fcn_resnet50(weights="DEFAULT", aux_loss=False)
    categories = segmentation.FCN_ResNet50_Weights.DEFAULT.meta["categories"]
    assert categories[15] == "person"
    asked: list[str] = []

    def fetched(self: Any, **options: Any) -> Any:
        asked.append(self.url.rpartition("/")[2])
        raise RuntimeError("no network")

    monkeypatch.setattr(models.WeightsEnum, "get_state_dict", fetched)
    with pytest.raises(RuntimeError, match="no network"):
        segmentation.fcn_resnet50()
    assert asked == ["resnet50-0676ba61.pth"]


def test_auxiliary_classifiers_come_and_go(folder: Path) -> None:
    torch.manual_seed(1)
    network = models.GoogLeNet(init_weights=False)
    torch.save(network.state_dict(), folder / "googlenet-1378be20.pth")
    plain = models.googlenet(weights="DEFAULT")
    assert plain.aux1 is None and not plain.aux_logits and plain.transform_input
    assert models.googlenet(weights="DEFAULT", aux_logits=True).aux1 is not None


def test_old_keys_of_densenet(folder: Path) -> None:
    network = models.DenseNet(4, (2,), num_init_features=4, num_classes=2)
    old = {
        key.replace("norm1", "norm.1").replace("conv2", "conv.2"): value
        for key, value in network.state_dict().items()
    }
    assert any("norm.1." in key for key in old)
    other = models.DenseNet(4, (2,), num_init_features=4, num_classes=2)
    other.load_state_dict(old)
    assert torch.equal(other.features.denseblock1.denselayer1.conv2.weight,
                       network.features.denseblock1.denselayer1.conv2.weight)  # fmt: skip
