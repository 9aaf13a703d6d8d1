"""Boxes told relative to others, matched with the true ones, and chosen for training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import rushlight

from .... import nn
from ....tensor import Tensor


class BoxCoder:
    """Boxes as differences from others: of centres, by the sides, and of the sides' logarithms.

    `weights` scale the four; changes of sides are cut to `bbox_xform_clip` when decoded.
    """

    def __init__(
        self, weights: Sequence[float], bbox_xform_clip: float = math.log(1000.0 / 16)
    ) -> None:
        self.weights = tuple(weights)
        self.bbox_xform_clip = bbox_xform_clip

    def encode(self, reference: list[Tensor], proposals: list[Tensor]) -> list[Tensor]:
        """The differences of the boxes `reference` from `proposals`, for each image."""
        counts = [len(boxes) for boxes in reference]
        x, y, w, h = _centred(rushlight.cat(proposals))
        x2, y2, w2, h2 = _centred(rushlight.cat(reference))
        wx, wy, ww, wh = self.weights
        parts = [wx * (x2 - x) / w, wy * (y2 - y) / h, ww * (w2 / w).log(), wh * (h2 / h).log()]
        return list(rushlight.stack(parts, dim=1).split(counts, 0))

    def decode(self, rel_codes: Tensor, boxes: list[Tensor]) -> Tensor:
        """The boxes that differ so from others: (N, 4 C) and N in all to (N, C, 4)."""
        whole = rushlight.cat(boxes).to(rel_codes.dtype)
        x, y, w, h = (part[:, None] for part in _centred(whole))
        codes = rel_codes.reshape(len(whole), rel_codes.shape[1] // 4, 4)
        wx, wy, ww, wh = self.weights
        dx, dy = codes[..., 0] / wx, codes[..., 1] / wy
        dw = (codes[..., 2] / ww).clamp(max=self.bbox_xform_clip)
        dh = (codes[..., 3] / wh).clamp(max=self.bbox_xform_clip)
        x, y = dx * w + x, dy * h + y
        half_w, half_h = 0.5 * dw.exp() * w, 0.5 * dh.exp() * h
        return rushlight.stack([x - half_w, y - half_h, x + half_w, y + half_h], dim=2)


def _centred(boxes: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The centres of boxes, and their sides."""
    x1, y1, x2, y2 = boxes.unbind(1)
    width, height = x2 - x1, y2 - y1
    return x1 + 0.5 * width, y1 + 0.5 * height, width, height


class Matcher:
    """For each prediction the number of the true box that it overlaps most.

    -1 where that is less than `low_threshold`, -2 where it is between the thresholds. With
    `allow_low_quality_matches` a true box keeps the predictions that overlap it most of all.
    """

    BELOW_LOW_THRESHOLD = -1
    BETWEEN_THRESHOLDS = -2

    def __init__(
        self, high_threshold: float, low_threshold: float, allow_low_quality_matches: bool = False
    ) -> None:
        self.high_threshold = high_threshold
        self.low_threshold = low_threshold
        self.allow_low_quality_matches = allow_low_quality_matches

    def __call__(self, quality: Tensor) -> Tensor:
        """Of the overlap of each true box with each prediction, (M, N), a number for each of N."""
        if quality.numel() == 0:
            kind = "ground-truth boxes" if quality.shape[0] == 0 else "proposal boxes"
            raise ValueError(f"No {kind} available for one of the images during training")
        values, matches = quality.max(dim=0)
        best = matches.clone()
        matches[values < self.low_threshold] = self.BELOW_LOW_THRESHOLD
        between = (values >= self.low_threshold) & (values < self.high_threshold)
        matches[between] = self.BETWEEN_THRESHOLDS
        if self.allow_low_quality_matches:
            kept = rushlight.where(quality == quality.max(dim=1)[0][:, None])[1]
            matches[kept] = best[kept]
        return matches


class BalancedPositiveNegativeSampler:
    """Chooses so many predictions of an image at random, at most a part of them positive."""

    def __init__(self, batch_size_per_image: int, positive_fraction: float) -> None:
        self.batch_size_per_image = batch_size_per_image
        self.positive_fraction = positive_fraction

    def __call__(self, matched: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Of labels (positive from 1 on, negative 0) the places of those that are chosen."""
        positives, negatives = [], []
        for labels in matched:
            positive = rushlight.where(labels >= 1)[0]
            negative = rushlight.where(labels == 0)[0]
            wanted = int(self.batch_size_per_image * self.positive_fraction)
            count = min(len(positive), wanted)
            others = min(len(negative), self.batch_size_per_image - count)
            device = labels.device
            chosen = rushlight.randperm(len(positive), device=device)[:count]
            positives.append(positive[chosen].sort()[0])
            chosen = rushlight.randperm(len(negative), device=device)[:others]
            negatives.append(negative[chosen].sort()[0])
        return positives, negatives


def overwrite_eps(model: nn.Module, eps: float) -> None:
    """Sets that of frozen normalisations, for weights that were trained with another."""
    from ...ops.misc import FrozenBatchNorm2d

    for module in model.modules():
        if isinstance(module, FrozenBatchNorm2d):
            module.eps = eps


def smooth_loss(predicted: Tensor, target: Tensor, count: Any) -> Tensor:
    """The smooth L1 loss of differences of boxes, for each of `count` predictions."""
    loss = nn.functional.smooth_l1_loss(predicted, target, beta=1 / 9, reduction="sum")
    return loss / count
