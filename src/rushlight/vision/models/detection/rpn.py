"""Where in an image there may be something: Ren et al., arXiv:1506.01497."""

from __future__ import annotations

from typing import Any

import rushlight

from .... import nn
from ....nn import functional as F
from ....tensor import Tensor
from ...ops import boxes as box_ops
from ...ops.misc import Conv2dNormActivation
from . import _utils as det_utils  # noqa: F401  # programs look here for it
from ._utils import BalancedPositiveNegativeSampler, BoxCoder, Matcher, smooth_loss
from .anchor_utils import AnchorGenerator, ImageList  # noqa: F401  # programs look here for them


class RPNHead(nn.Module):
    """Of each map the chance that there is something in each box, and how that differs from it."""

    _version = 2

    def __init__(self, in_channels: int, num_anchors: int, conv_depth: int = 1) -> None:
        super().__init__()
        self.conv = nn.Sequential(*(
            Conv2dNormActivation(in_channels, in_channels, kernel_size=3, norm_layer=None)
            for _ in range(conv_depth)
        ))  # fmt: skip
        self.cls_logits = nn.Conv2d(in_channels, num_anchors, kernel_size=1)
        self.bbox_pred = nn.Conv2d(in_channels, num_anchors * 4, kernel_size=1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=0.01)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any
    ) -> None:
        if local_metadata.get("version", 1) < 2:  # one convolution stood where a sequence stands
            for kind in ("weight", "bias"):
                old = f"{prefix}conv.{kind}"
                if old in state_dict:
                    state_dict[f"{prefix}conv.0.0.{kind}"] = state_dict.pop(old)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def forward(self, x: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        hidden = [self.conv(map_) for map_ in x]
        return [self.cls_logits(map_) for map_ in hidden], [self.bbox_pred(m) for m in hidden]


def _rows(maps: list[Tensor], size: int) -> Tensor:
    """Maps (N, A * size, H, W) as one row of `size` for each box: (N, boxes of all maps, size)."""
    parts = [
        map_.reshape(map_.shape[0], -1, size, *map_.shape[-2:]).permute(0, 3, 4, 1, 2)
        for map_ in maps
    ]
    return rushlight.cat([part.reshape(part.shape[0], -1, size) for part in parts], dim=1)


class RegionProposalNetwork(nn.Module):
    """The most promising boxes of each image, and in training how right they are."""

    def __init__(
        self,
        anchor_generator: nn.Module,
        head: nn.Module,
        fg_iou_thresh: float,
        bg_iou_thresh: float,
        batch_size_per_image: int,
        positive_fraction: float,
        pre_nms_top_n: dict[str, int],
        post_nms_top_n: dict[str, int],
        nms_thresh: float,
        score_thresh: float = 0.0,
    ) -> None:
        super().__init__()
        self.anchor_generator = anchor_generator
        self.head = head
        self.box_coder = BoxCoder((1.0, 1.0, 1.0, 1.0))
        self.box_similarity = box_ops.box_iou
        self.proposal_matcher = Matcher(fg_iou_thresh, bg_iou_thresh, True)
        self.fg_bg_sampler = BalancedPositiveNegativeSampler(
            batch_size_per_image, positive_fraction
        )
        self._pre_nms_top_n = pre_nms_top_n
        self._post_nms_top_n = post_nms_top_n
        self.nms_thresh = nms_thresh
        self.score_thresh = score_thresh
        self.min_size = 1e-3

    def pre_nms_top_n(self) -> int:
        return self._pre_nms_top_n["training" if self.training else "testing"]

    def post_nms_top_n(self) -> int:
        return self._post_nms_top_n["training" if self.training else "testing"]

    def forward(
        self, images: ImageList, features: dict[str, Tensor], targets: Any = None
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        maps = list(features.values())
        chances, deltas = self.head(maps)
        anchors = self.anchor_generator(images, maps)
        counts = [chance[0].numel() for chance in chances]
        objectness, differences = _rows(chances, 1).flatten(0, 1), _rows(deltas, 4).flatten(0, 1)
        proposals = self.box_coder.decode(differences.detach(), anchors)
        boxes = self.filter_proposals(
            proposals.reshape(len(anchors), -1, 4), objectness, images.image_sizes, counts
        )[0]
        if not self.training:
            return boxes, {}
        if targets is None:
            raise ValueError("targets should not be None")
        labels, matched = self.assign_targets_to_anchors(anchors, targets)
        regression = self.box_coder.encode(matched, anchors)
        found, box = self.compute_loss(objectness, differences, labels, regression)
        return boxes, {"loss_objectness": found, "loss_rpn_box_reg": box}

    def filter_proposals(
        self, proposals: Tensor, objectness: Tensor, image_shapes: list[Any], counts: list[int]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """The best boxes of each map that do not cover each other, and their scores."""
        scores = objectness.detach().reshape(len(proposals), -1)
        levels = rushlight.cat([
            rushlight.full((count,), number, dtype=rushlight.int64, device=proposals.device)
            for number, count in enumerate(counts)
        ])  # fmt: skip
        best, start = [], 0
        for part in scores.split(counts, 1):
            kept = min(part.shape[1], self.pre_nms_top_n())
            best.append(part.topk(kept, dim=1)[1] + start)
            start += part.shape[1]
        places = rushlight.cat(best, dim=1)
        final: tuple[list[Tensor], list[Tensor]] = ([], [])
        for image, (chosen, size) in enumerate(zip(places, image_shapes, strict=True)):
            boxes = box_ops.clip_boxes_to_image(proposals[image, chosen], size)
            chance, level = scores[image, chosen].sigmoid(), levels[chosen]
            keep = box_ops.remove_small_boxes(boxes, self.min_size)
            keep = keep[chance[keep] >= self.score_thresh]
            boxes, chance, level = boxes[keep], chance[keep], level[keep]
            keep = box_ops.batched_nms(boxes, chance, level, self.nms_thresh)
            keep = keep[: self.post_nms_top_n()]
            final[0].append(boxes[keep])
            final[1].append(chance[keep])
        return final

    def assign_targets_to_anchors(
        self, anchors: list[Tensor], targets: Any
    ) -> tuple[list[Tensor], list[Tensor]]:
        """For each box 1, 0 or -1 (neither), and the true box that it overlaps most."""
        labels, matched = [], []
        for own, target in zip(anchors, targets, strict=True):
            true = target["boxes"]
            if true.numel() == 0:
                matched.append(rushlight.zeros_like(own))
                labels.append(own.new_zeros(len(own)))
                continue
            numbers = self.proposal_matcher(self.box_similarity(true, own))
            matched.append(true[numbers.clamp(min=0)])
            label = (numbers >= 0).to(rushlight.float32)
            label[numbers == Matcher.BETWEEN_THRESHOLDS] = -1.0
            labels.append(label)
        return labels, matched

    def compute_loss(
        self, objectness: Tensor, differences: Tensor, labels: list[Tensor],
        regression: list[Tensor],
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        starts = [len(labels[0]) * image for image in range(len(labels))]
        positives, negatives = self.fg_bg_sampler(labels)
        positive = rushlight.cat([p + s for p, s in zip(positives, starts, strict=True)])
        negative = rushlight.cat([n + s for n, s in zip(negatives, starts, strict=True)])
        both = rushlight.cat([positive, negative])
        all_labels, targets = rushlight.cat(labels), rushlight.cat(regression)
        box = smooth_loss(differences[positive], targets[positive], len(both))
        found = F.binary_cross_entropy_with_logits(objectness.flatten()[both], all_labels[both])
        return found, box
