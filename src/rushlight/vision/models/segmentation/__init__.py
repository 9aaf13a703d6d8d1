"""Networks that say of each pixel what it shows: torchvision's, which return a dictionary.

"out" is (N, num_classes, H, W); with an auxiliary classifier there is "aux", of the same shape.
"""

from ..weights import find_weights as __getattr__  # noqa: F401 - FCN_ResNet50_Weights and the like
from .deeplabv3 import (
    DeepLabV3,
    deeplabv3_mobilenet_v3_large,
    deeplabv3_resnet50,
    deeplabv3_resnet101,
)
from .fcn import FCN, fcn_resnet50, fcn_resnet101
from .lraspp import LRASPP, lraspp_mobilenet_v3_large

__all__ = [
    "FCN", "LRASPP", "DeepLabV3", "deeplabv3_mobilenet_v3_large", "deeplabv3_resnet50",
    "deeplabv3_resnet101", "fcn_resnet50", "fcn_resnet101", "lraspp_mobilenet_v3_large",
]  # fmt: skip
