"""Faster R-CNN, which proposes boxes and then looks into them: Ren et al., arXiv:1506.01497."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from .... import nn
from ....nn import functional as F
from ....tensor import Tensor
from ...ops import misc as misc_nn_ops  # noqa: F401  # programs look here for it
from ...ops.misc import Conv2dNormActivation, FrozenBatchNorm2d
from ...ops.poolers import MultiScaleRoIAlign
from ..mobilenetv3 import mobilenet_v3_large
from ..registry import network
from ..resnet import resnet50
from ..weights import find_weights as __getattr__  # noqa: F401 - FasterRCNN_ResNet50_FPN_Weights...
from ._utils import overwrite_eps
from .anchor_utils import AnchorGenerator
from .backbone_utils import mobilenet_pyramid, resnet_pyramid, trainable
from .roi_heads import RoIHeads
from .rpn import RegionProposalNetwork, RPNHead
from .transform import GeneralizedRCNNTransform

_MEAN, _STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


class FasterRCNN(nn.Module):
    """Images, a list of (3, H, W) with values from 0 to 1, to what is found in each.

    That is a dictionary with "boxes" (N, 4), "labels" and "scores" (N,), the best first. In
    training it is called with targets, a list of dictionaries with "boxes" and "labels" (from 1 on,
    0 is the background), and returns a dictionary of losses. `backbone` returns a dictionary of
    maps of `out_channels` channels, or one map.

    >>> import rushlight as torch
    >>> from rushlight.vision.models.detection import fasterrcnn_mobilenet_v3_large_320_fpn
    >>> network = fasterrcnn_mobilenet_v3_large_320_fpn(num_classes=3, weights_backbone=None).eval()
    >>> found = network([torch.rand(3, 64, 96)])
    >>> sorted(found[0])
    ['boxes', 'labels', 'scores']
    """

    def __init__(
        self,
        backbone: nn.Module,
        num_classes: int | None = None,
        min_size: int | Sequence[int] = 800,
        max_size: int = 1333,
        image_mean: Sequence[float] | None = None,
        image_std: Sequence[float] | None = None,
        rpn_anchor_generator: nn.Module | None = None,
        rpn_head: nn.Module | None = None,
        rpn_pre_nms_top_n_train: int = 2000,
        rpn_pre_nms_top_n_test: int = 1000,
        rpn_post_nms_top_n_train: int = 2000,
        rpn_post_nms_top_n_test: int = 1000,
        rpn_nms_thresh: float = 0.7,
        rpn_fg_iou_thresh: float = 0.7,
        rpn_bg_iou_thresh: float = 0.3,
        rpn_batch_size_per_image: int = 256,
        rpn_positive_fraction: float = 0.5,
        rpn_score_thresh: float = 0.0,
        box_roi_pool: nn.Module | None = None,
        box_head: nn.Module | None = None,
        box_predictor: nn.Module | None = None,
        box_score_thresh: float = 0.05,
        box_nms_thresh: float = 0.5,
        box_detections_per_img: int = 100,
        box_fg_iou_thresh: float = 0.5,
        box_bg_iou_thresh: float = 0.5,
        box_batch_size_per_image: int = 512,
        box_positive_fraction: float = 0.25,
        bbox_reg_weights: Any = None,
    ) -> None:
        super().__init__()
        out_channels: Any = getattr(backbone, "out_channels", None)
        if out_channels is None:
            raise ValueError(
                "backbone should contain an attribute out_channels specifying the number of output "
                "channels (assumed to be the same for all the levels)"
            )
        if (num_classes is None) == (box_predictor is None):
            raise ValueError(
                "num_classes should be None when box_predictor is specified"
                if num_classes is not None
                else "num_classes should not be None when box_predictor is not specified"
            )
        generator: Any = rpn_anchor_generator or _default_anchors()
        head = rpn_head or RPNHead(out_channels, generator.num_anchors_per_location()[0])
        tops = (
            {"training": rpn_pre_nms_top_n_train, "testing": rpn_pre_nms_top_n_test},
            {"training": rpn_post_nms_top_n_train, "testing": rpn_post_nms_top_n_test},
        )
        rpn = RegionProposalNetwork(
            generator, head, rpn_fg_iou_thresh, rpn_bg_iou_thresh, rpn_batch_size_per_image,
            rpn_positive_fraction, *tops, rpn_nms_thresh, rpn_score_thresh,
        )  # fmt: skip
        pool: Any = box_roi_pool or MultiScaleRoIAlign(["0", "1", "2", "3"], 7, 2)
        box_head = box_head or TwoMLPHead(out_channels * pool.output_size[0] ** 2, 1024)
        if box_predictor is None:
            assert num_classes is not None
            box_predictor = FastRCNNPredictor(1024, num_classes)
        roi_heads = RoIHeads(
            pool, box_head, box_predictor, box_fg_iou_thresh, box_bg_iou_thresh,
            box_batch_size_per_image, box_positive_fraction, bbox_reg_weights, box_score_thresh,
            box_nms_thresh, box_detections_per_img,
        )  # fmt: skip
        self.transform = GeneralizedRCNNTransform(
            min_size, max_size, image_mean or _MEAN, image_std or _STD
        )
        self.backbone = backbone
        self.rpn = rpn
        self.roi_heads = roi_heads

    def forward(self, images: list[Tensor], targets: Any = None) -> Any:
        if self.training:
            _check_targets(targets)
        own_sizes = [image.shape[-2:] for image in images]
        batch, targets = self.transform(images, targets)
        for number, target in enumerate(targets or ()):
            _check_boxes(number, target["boxes"])
        features = self.backbone(batch.tensors)
        if isinstance(features, Tensor):
            features = OrderedDict([("0", features)])
        proposals, rpn_losses = self.rpn(batch, features, targets)
        found, losses = self.roi_heads(features, proposals, batch.image_sizes, targets)
        if self.training:
            return {**losses, **rpn_losses}
        return self.transform.postprocess(found, batch.image_sizes, own_sizes)


def _check_targets(targets: Any) -> None:
    if targets is None:
        raise AssertionError("targets should not be none when in training mode")
    for target in targets:
        boxes = target["boxes"]
        if not isinstance(boxes, Tensor):
            raise AssertionError(f"Expected target boxes to be of type Tensor, got {type(boxes)}.")
        if boxes.ndim != 2 or boxes.shape[-1] != 4:
            raise AssertionError(
                f"Expected target boxes to be a tensor of shape [N, 4], got {boxes.shape}."
            )


def _check_boxes(number: int, boxes: Tensor) -> None:
    wrong = (boxes[:, 2:] <= boxes[:, :2]).any(dim=1)
    if bool(wrong.any()):
        box = boxes[wrong.nonzero()[0, 0]].tolist()
        raise AssertionError(
            "All bounding boxes should have positive height and width. Found invalid box "
            f"{box} for target at index {number}."
        )


class TwoMLPHead(nn.Module):
    """Two linear layers of the elements of a box."""

    def __init__(self, in_channels: int, representation_size: int) -> None:
        super().__init__()
        self.fc6 = nn.Linear(in_channels, representation_size)
        self.fc7 = nn.Linear(representation_size, representation_size)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.fc7(F.relu(self.fc6(x.flatten(1)))))


class FastRCNNConvFCHead(nn.Sequential):
    """Convolutions of the elements of a box, then linear layers."""

    def __init__(
        self,
        input_size: tuple[int, int, int],
        conv_layers: Sequence[int],
        fc_layers: Sequence[int],
        norm_layer: Callable[..., nn.Module] | None = None,
    ) -> None:
        channels, height, width = input_size
        layers: list[nn.Module] = []
        for size in conv_layers:
            layers.append(Conv2dNormActivation(channels, size, norm_layer=norm_layer))
            channels = size
        layers.append(nn.Flatten())
        channels *= height * width
        for size in fc_layers:
            layers += [nn.Linear(channels, size), nn.ReLU(inplace=True)]
            channels = size
        super().__init__(*layers)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)


class FastRCNNPredictor(nn.Module):
    """The class of what is in a box, and for each class how it differs from the box."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.cls_score = nn.Linear(in_channels, num_classes)
        self.bbox_pred = nn.Linear(in_channels, num_classes * 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = x.flatten(1)
        return self.cls_score(x), self.bbox_pred(x)


def _default_anchors() -> AnchorGenerator:
    return AnchorGenerator(((32,), (64,), (128,), (256,), (512,)), ((0.5, 1.0, 2.0),) * 5)


def _trained(weights: Any, options: dict[str, Any]) -> Callable[[Any], None] | None:
    """Weights of the whole network leave none to be fetched for the backbone alone."""
    options["weights_backbone"] = None
    options["is_trained"] = True
    is_first = weights.name == "COCO_V1" and "ResNet50_FPN_Weights" in type(weights).__name__
    return partial(overwrite_eps, eps=0.0) if is_first else None


def _resnet50_fpn(
    num_classes: int | None = 91, weights_backbone: Any = "IMAGENET1K_V1",
    trainable_backbone_layers: int | None = None, is_trained: bool = False, **options: Any,
) -> FasterRCNN:  # fmt: skip
    is_trained = is_trained or weights_backbone is not None
    layers = trainable(is_trained, trainable_backbone_layers, 5, 3)
    norm = FrozenBatchNorm2d if is_trained else nn.BatchNorm2d
    backbone = resnet50(weights=weights_backbone, norm_layer=norm)
    classes = 91 if num_classes is None else num_classes
    return FasterRCNN(resnet_pyramid(backbone, layers), classes, **options)


def _resnet50_fpn_v2(
    num_classes: int | None = 91, weights_backbone: Any = "IMAGENET1K_V1",
    trainable_backbone_layers: int | None = None, is_trained: bool = False, **options: Any,
) -> FasterRCNN:  # fmt: skip
    is_trained = is_trained or weights_backbone is not None
    layers = trainable(is_trained, trainable_backbone_layers, 5, 3)
    resnet = resnet50(weights=weights_backbone)
    backbone = resnet_pyramid(resnet, layers, norm_layer=nn.BatchNorm2d)
    generator = _default_anchors()
    channels = backbone.out_channels
    options = {
        "rpn_anchor_generator": generator,
        "rpn_head": RPNHead(channels, generator.num_anchors_per_location()[0], conv_depth=2),
        "box_head": FastRCNNConvFCHead((channels, 7, 7), [256] * 4, [1024], nn.BatchNorm2d),
        **options,
    }
    return FasterRCNN(backbone, 91 if num_classes is None else num_classes, **options)


def _mobilenet_fpn(
    num_classes: int | None = 91, weights_backbone: Any = "IMAGENET1K_V1",
    trainable_backbone_layers: int | None = None, is_trained: bool = False, **options: Any,
) -> FasterRCNN:  # fmt: skip
    is_trained = is_trained or weights_backbone is not None
    layers = trainable(is_trained, trainable_backbone_layers, 6, 3)
    norm = FrozenBatchNorm2d if is_trained else nn.BatchNorm2d
    mobilenet = mobilenet_v3_large(weights=weights_backbone, norm_layer=norm)
    generator = AnchorGenerator(((32, 64, 128, 256, 512),) * 3, ((0.5, 1.0, 2.0),) * 3)
    options = {"rpn_anchor_generator": generator, "rpn_score_thresh": 0.05, **options}
    classes = 91 if num_classes is None else num_classes
    return FasterRCNN(mobilenet_pyramid(mobilenet, layers), classes, **options)


_declare = partial(network, paper="arXiv:1506.01497", prepare=_trained)

fasterrcnn_resnet50_fpn = _declare("fasterrcnn_resnet50_fpn", _resnet50_fpn)
fasterrcnn_resnet50_fpn_v2 = _declare("fasterrcnn_resnet50_fpn_v2", _resnet50_fpn_v2)
fasterrcnn_mobilenet_v3_large_fpn = _declare("fasterrcnn_mobilenet_v3_large_fpn", _mobilenet_fpn)
fasterrcnn_mobilenet_v3_large_320_fpn = _declare(
    "fasterrcnn_mobilenet_v3_large_320_fpn", _mobilenet_fpn,
    min_size=320, max_size=640, rpn_pre_nms_top_n_test=150, rpn_post_nms_top_n_test=150,
)  # fmt: skip
