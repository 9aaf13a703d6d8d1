"""torchvision 0.28 beside the CPU build of PyTorch, installed without its dependencies."""

from __future__ import annotations

import functools
from typing import Any

import torch


@functools.cache
def load() -> Any:
    """The package; it asks for two compiled operators, which only have to be declared."""
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision

    torchvision.declared = library  # which forgets them when it goes
    return torchvision
