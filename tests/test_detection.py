"""Faster R-CNN: what it returns, how it learns, what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.vision import models
from rushlight.vision.models.detection import FasterRCNN
from rushlight.vision.models.detection._utils import BoxCoder, Matcher
from rushlight.vision.models.detection.anchor_utils import AnchorGenerator
from rushlight.vision.ops import MultiScaleRoIAlign


class Backbone(nn.Sequential):
    """An eighth of the image's sides, and one map."""

    out_channels = 8

    def __init__(self) -> None:
        super().__init__(nn.Conv2d(3, 8, 8, stride=8), nn.ReLU())


def small(**options: Any) -> FasterRCNN:
    torch.manual_seed(0)
    return FasterRCNN(
        Backbone(), num_classes=3, min_size=64, max_size=96,
        rpn_anchor_generator=AnchorGenerator(((16, 32),), ((0.5, 1.0, 2.0),)),
        box_roi_pool=MultiScaleRoIAlign(["0"], 3, 2), **options,
    )  # fmt: skip


def square(top: int, left: int) -> torch.Tensor:
    image = torch.zeros(3, 64, 64)
    image[:, top : top + 24, left : left + 24] = 1
    return image


IMAGES = [square(8, 8), square(32, 16)]
TARGETS = [
    {"boxes": torch.tensor([[8.0, 8, 32, 32]]), "labels": torch.tensor([1])},
    {"boxes": torch.tensor([[16.0, 32, 40, 56]]), "labels": torch.tensor([1])},
]


def test_it_learns_where_things_are() -> None:
    network = small(rpn_post_nms_top_n_train=16, rpn_post_nms_top_n_test=16).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    for _ in range(50):
        losses = network(IMAGES, TARGETS)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
    assert sorted(losses) == [
        "loss_box_reg", "loss_classifier", "loss_objectness", "loss_rpn_box_reg"
    ]  # fmt: skip
    found = network.eval()(IMAGES)
    for result, target in zip(found, TARGETS, strict=True):
        assert result["labels"][0] == 1 and result["scores"][0] > 0.5
        assert (result["boxes"][0] - target["boxes"][0]).abs().max() < 8
        assert (result["scores"].diff() <= 0).all()


def test_images_of_their_own_sizes() -> None:
    network = small(box_score_thresh=0.0).eval()
    images = [torch.rand(3, 40, 90), torch.rand(3, 200, 100)]
    for found, image in zip(network(images), images, strict=True):
        height, width = image.shape[1:]
        assert found["boxes"].shape == (len(found["scores"]), 4) and len(found["labels"]) > 0
        assert (found["boxes"] >= 0).all() and (found["boxes"][:, 2] <= width + 0.01).all()
        assert (found["boxes"][:, 3] <= height + 0.01).all()


def test_images_in_which_there_is_nothing() -> None:
    nothing = [{"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)}] * 2
    losses = small().train()(IMAGES, nothing)
    assert losses["loss_box_reg"].item() == losses["loss_rpn_box_reg"].item() == 0
    sum(losses.values()).backward()


@pytest.mark.parametrize(("call", "kind", "said"), [
    (lambda n: n.train()(IMAGES), AssertionError, "targets should not be none"),
    (lambda n: n.train()(IMAGES, [{"boxes": torch.zeros(4), "labels": None}] * 2),
     AssertionError, r"a tensor of shape \[N, 4\]"),
    (lambda n: n.train()(IMAGES, [{**TARGETS[0], "boxes": torch.tensor([[9.0, 9, 9, 20]])}] * 2),
     AssertionError, "positive height and width. Found invalid box .* at index 0"),
    (lambda n: n([torch.zeros(1, 3, 8, 8)]), ValueError, "a list of 3d tensors"),
    (lambda n: n([torch.zeros(3, 8, 8, dtype=torch.uint8)]), TypeError, "of floating type"),
    (lambda n: FasterRCNN(nn.Identity(), 2), ValueError, "attribute out_channels"),
    (lambda n: FasterRCNN(Backbone()), ValueError, "num_classes should not be None"),
    (lambda n: Matcher(0.7, 0.3)(torch.zeros(0, 3)), ValueError, "No ground-truth boxes"),
])  # fmt: skip
def test_refusals(call: Any, kind: Any, said: str) -> None:
    with pytest.raises(kind, match=said):
        call(small().eval())


def test_coding_there_and_back() -> None:
    coder = BoxCoder((1.0, 1.0, 1.0, 1.0))
    boxes, others = torch.rand(4, 4), torch.rand(4, 4)
    boxes[:, 2:] += boxes[:, :2] + 0.1
    others[:, 2:] += others[:, :2] + 0.1
    (codes,) = coder.encode([boxes], [others])
    assert torch.allclose(coder.decode(codes, [others])[:, 0], boxes, atol=1e-5)


def test_what_learns_of_a_trained_backbone(monkeypatch: pytest.MonkeyPatch) -> None:
    with torch.device("meta"):
        state = models.resnet50().state_dict()
    monkeypatch.setattr(models.WeightsEnum, "get_state_dict", lambda self, **options: state)
    with torch.device("meta"):
        network = models.detection.fasterrcnn_resnet50_fpn(trainable_backbone_layers=1)
    body = dict(network.backbone.body.named_parameters())
    assert {name for name, value in body.items() if value.requires_grad} == {
        name for name in body if name.startswith("layer4")
    }
    assert "FrozenBatchNorm2d" in repr(network.backbone.body)
    with pytest.raises(ValueError, match=r"should be in the range \[0,5\], got 6"):
        models.detection.fasterrcnn_resnet50_fpn(trainable_backbone_layers=6)
    options: Any = {"weights_backbone": None, "trainable_backbone_layers": 1}
    with torch.device("meta"), pytest.warns(UserWarning, match="backbone_layers has no effect"):
        models.detection.fasterrcnn_resnet50_fpn(**options)


def test_no_proposal() -> None:
    """Where none is likely enough, there are no boxes, in whatever step they are lost."""
    (found,) = small(rpn_score_thresh=0.999999).eval()([torch.zeros(3, 64, 64)])
    assert found["boxes"].shape == (0, 4) and found["labels"].shape == found["scores"].shape == (0,)


def test_places_where_programs_look() -> None:
    from rushlight.vision.models.detection import anchor_utils, image_list, rpn

    assert rpn.AnchorGenerator is AnchorGenerator
    assert image_list.ImageList is anchor_utils.ImageList


def test_the_names_that_programs_look_for() -> None:
    from rushlight.vision import ops
    from rushlight.vision.models import detection, vgg

    assert detection.faster_rcnn.misc_nn_ops is detection.backbone_utils.misc_nn_ops is ops.misc
    assert detection.rpn.det_utils is detection.roi_heads.det_utils is detection._utils
    assert vgg.cfgs["A"][:5] == [64, "M", 128, "M", 256]
    assert len(vgg.make_layers(vgg.cfgs["D"], batch_norm=True)) == 3 * 13 + 5
