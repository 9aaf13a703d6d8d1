"""PyTorch's modules whose names stand in other files here.

>>> from rushlight.nn.modules.conv import Conv2d
>>> Conv2d.__module__
'rushlight.nn.modules.convolution'
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from .missing import watch

# A module of PyTorch's, and the modules beside it here that have its names.
_HOLDERS = {
    "nn.modules.activation": "attention rectifiers",
    "nn.modules.batchnorm": "lazy",
    "nn.modules.channelshuffle": "rearranging",
    "nn.modules.container": "parameter_container",
    "nn.modules.conv": "convolution lazy",
    "nn.modules.fold": "folding",
    "nn.modules.instancenorm": "normalization lazy",
    "nn.modules.linear": "attention distance lazy",
    "nn.modules.loss": "ctc margin_loss regression_loss",
    "nn.modules.pixelshuffle": "rearranging",
    "nn.modules.pooling": "fractional_pooling power_pooling unpooling",
    "nn.modules.rnn": "recurrent recurrent_cells",
    "nn.modules.sparse": "embedding",
    "nn.modules.upsampling": "interpolation",
    "optim.adamw": "adam",
}
# The same of torchvision's.
VISION = {
    "vision.datasets.cityscapes": "streets",
    "vision.datasets.country211": "class_folders",
    "vision.datasets.dtd": "listed",
    "vision.datasets.eurosat": "class_folders",
    "vision.datasets.fer2013": "tables",
    "vision.datasets.fgvc_aircraft": "listed",
    "vision.datasets.gtsrb": "listed",
    "vision.datasets.imagenette": "class_folders",
    "vision.datasets.kitti": "streets",
    "vision.datasets.mnist": "emnist",
    "vision.datasets.moving_mnist": "tables",
    "vision.datasets.rendered_sst2": "class_folders",
    "vision.datasets.semeion": "tables",
    "vision.datasets.stanford_cars": "listed",
    "vision.datasets.sun397": "class_folders",
    "vision.io.image": "files",
    "vision.models.detection.image_list": "anchor_utils",
    "vision.ops.ciou_loss": "losses",
    "vision.ops.diou_loss": "losses",
    "vision.ops.drop_block": "dropping",
    "vision.ops.focal_loss": "losses",
    "vision.ops.giou_loss": "losses",
    "vision.ops.ps_roi_align": "roi_align",
    "vision.ops.ps_roi_pool": "roi_pool",
    "vision.ops.stochastic_depth": "dropping",
    "vision.transforms.autoaugment": "auto_augment",
    "vision.transforms.transforms": "colour combining cropping geometry",
}


def publish(package: str, all_holders: Mapping[str, str] = _HOLDERS) -> None:
    """Makes the modules that are not there, and adds to those that are the names that they lack."""
    for place, holders in all_holders.items():
        name = f"{package}.{place}"
        parent = name.rpartition(".")[0]
        module = sys.modules.get(name) or _made(name, parent, holders)
        for holder in holders.split():
            source = importlib.import_module(f".{holder}", parent)
            for key, value in _own(source).items():
                vars(module).setdefault(key, value)
        watch(module)


def _made(name: str, parent: str, holders: str) -> ModuleType:
    module = ModuleType(name, f"The names that PyTorch has here; they stand in {holders}.")
    module.__spec__ = ModuleSpec(name, None)
    module.__package__ = parent
    sys.modules[name] = module
    vars(sys.modules[parent]).setdefault(name.rpartition(".")[2], module)  # a function may be there
    return module


def _own(source: ModuleType) -> dict[str, Any]:
    """The classes and functions of a module, and not what it has imported."""
    return {
        key: value for key, value in vars(source).items()
        if getattr(value, "__module__", None) == source.__name__
    }  # fmt: skip
