"""Networks for images, small ones for grey 28x28 images today."""

from .convnet import ConvNet
from .lenet import LeNet
from .mlp import MLP

__all__ = ["ConvNet", "LeNet", "MLP"]
