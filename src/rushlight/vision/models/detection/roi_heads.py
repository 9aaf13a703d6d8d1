"""What is in the boxes that were proposed: Girshick, arXiv:1504.08083."""

from __future__ import annotations

from typing import Any

import rushlight

from .... import nn
from ....nn import functional as F
from ....tensor import Tensor
from ...ops import boxes as box_ops
from . import _utils as det_utils  # noqa: F401  # programs look here for it
from ._utils import BalancedPositiveNegativeSampler, BoxCoder, Matcher, smooth_loss


def fastrcnn_loss(
    class_logits: Tensor, box_regression: Tensor, labels: list[Tensor],
    regression_targets: list[Tensor],
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """How wrong the classes are, and the boxes of what is in the background of none."""
    all_labels, targets = rushlight.cat(labels), rushlight.cat(regression_targets)
    classes = F.cross_entropy(class_logits, all_labels)
    positive = rushlight.where(all_labels > 0)[0]
    boxes = box_regression.reshape(*class_logits.shape, 4)[positive, all_labels[positive]]
    return classes, smooth_loss(boxes, targets[positive], all_labels.numel())


class RoIHeads(nn.Module):
    """The class and the exact place of what is in each proposed box."""

    def __init__(
        self,
        box_roi_pool: nn.Module,
        box_head: nn.Module,
        box_predictor: nn.Module,
        fg_iou_thresh: float,
        bg_iou_thresh: float,
        batch_size_per_image: int,
        positive_fraction: float,
        bbox_reg_weights: Any,
        score_thresh: float,
        nms_thresh: float,
        detections_per_img: int,
    ) -> None:
        super().__init__()
        self.box_similarity = box_ops.box_iou
        self.proposal_matcher = Matcher(fg_iou_thresh, bg_iou_thresh, False)
        self.fg_bg_sampler = BalancedPositiveNegativeSampler(
            batch_size_per_image, positive_fraction
        )
        self.box_coder = BoxCoder(bbox_reg_weights or (10.0, 10.0, 5.0, 5.0))
        self.box_roi_pool = box_roi_pool
        self.box_head = box_head
        self.box_predictor = box_predictor
        self.score_thresh = score_thresh
        self.nms_thresh = nms_thresh
        self.detections_per_img = detections_per_img

    def select_training_samples(
        self, proposals: list[Tensor], targets: Any
    ) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Some proposals of each image, with their classes and differences from the true boxes."""
        matched, chosen_labels, chosen = [], [], []
        labels, numbers, candidates = [], [], []
        for boxes, target in zip(proposals, targets, strict=True):
            true = target["boxes"].to(boxes.dtype)
            boxes = rushlight.cat([boxes, true])
            if len(true):
                number = self.proposal_matcher(self.box_similarity(true, boxes))
                label = target["labels"][number.clamp(min=0)].to(rushlight.int64)
                label[number == Matcher.BELOW_LOW_THRESHOLD] = 0
                label[number == Matcher.BETWEEN_THRESHOLDS] = -1
            else:
                number = rushlight.zeros(len(boxes), dtype=rushlight.int64, device=boxes.device)
                label = number
            labels.append(label)
            numbers.append(number.clamp(min=0))
            candidates.append(boxes)
        for image, places in enumerate(zip(*self.fg_bg_sampler(labels), strict=True)):
            kept = rushlight.cat(places).sort()[0]
            chosen.append(candidates[image][kept])
            chosen_labels.append(labels[image][kept])
            true = targets[image]["boxes"].to(chosen[image].dtype)
            if not len(true):
                true = true.new_zeros((1, 4))
            matched.append(true[numbers[image][kept]])
        return chosen, chosen_labels, self.box_coder.encode(matched, chosen)

    def postprocess_detections(
        self, class_logits: Tensor, box_regression: Tensor, proposals: list[Tensor],
        image_shapes: list[Any],
    ) -> list[dict[str, Tensor]]:  # fmt: skip
        """The best boxes of each image, each of a class, that do not cover each other."""
        counts = [len(boxes) for boxes in proposals]
        all_boxes = self.box_coder.decode(box_regression, proposals).split(counts, 0)
        all_scores = class_logits.softmax(-1).split(counts, 0)
        results = []
        for boxes, scores, size in zip(all_boxes, all_scores, image_shapes, strict=True):
            boxes = box_ops.clip_boxes_to_image(boxes, size)
            labels = rushlight.arange(scores.shape[1], device=scores.device).expand_as(scores)
            # Class 0 is the background.
            boxes, scores = boxes[:, 1:].reshape(-1, 4), scores[:, 1:].flatten()
            labels = labels[:, 1:].flatten()
            keep = rushlight.where(scores > self.score_thresh)[0]
            keep = keep[box_ops.remove_small_boxes(boxes[keep], 1e-2)]
            boxes, scores, labels = boxes[keep], scores[keep], labels[keep]
            keep = box_ops.batched_nms(boxes, scores, labels, self.nms_thresh)
            keep = keep[: self.detections_per_img]
            results.append({"boxes": boxes[keep], "labels": labels[keep], "scores": scores[keep]})
        return results

    def forward(
        self, features: dict[str, Tensor], proposals: list[Tensor], image_shapes: list[Any],
        targets: Any = None,
    ) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:  # fmt: skip
        labels: list[Tensor] = []
        regression: list[Tensor] = []
        if self.training:
            if targets is None:
                raise ValueError("targets should not be None")
            proposals, labels, regression = self.select_training_samples(proposals, targets)
        hidden = self.box_head(self.box_roi_pool(features, proposals, image_shapes))
        class_logits, box_regression = self.box_predictor(hidden)
        if self.training:
            classes, boxes = fastrcnn_loss(class_logits, box_regression, labels, regression)
            return [], {"loss_classifier": classes, "loss_box_reg": boxes}
        found = self.postprocess_detections(class_logits, box_regression, proposals, image_shapes)
        return found, {}
