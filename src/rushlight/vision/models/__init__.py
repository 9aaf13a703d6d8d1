"""Networks for images: small ones for grey 28x28 images, ResNet and VGG."""

from .convnet import ConvNet
from .lenet import LeNet
from .mlp import MLP
from .resnet import (
    ResNet,
    ResNet18_Weights,
    ResNet34_Weights,
    ResNet50_Weights,
    ResNet101_Weights,
    ResNet152_Weights,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
    resnext50_32x4d,
    resnext101_32x8d,
    resnext101_64x4d,
    wide_resnet50_2,
    wide_resnet101_2,
)
from .vgg import (
    VGG,
    VGG11_Weights,
    VGG13_Weights,
    VGG16_Weights,
    VGG19_Weights,
    vgg11,
    vgg11_bn,
    vgg13,
    vgg13_bn,
    vgg16,
    vgg16_bn,
    vgg19,
    vgg19_bn,
)

__all__ = [
    "ConvNet", "LeNet", "MLP", "ResNet", "ResNet101_Weights", "ResNet152_Weights",
    "ResNet18_Weights", "ResNet34_Weights", "ResNet50_Weights", "VGG", "VGG11_Weights",
    "VGG13_Weights", "VGG16_Weights", "VGG19_Weights", "resnet101", "resnet152", "resnet18",
    "resnet34", "resnet50", "resnext101_32x8d", "resnext101_64x4d", "resnext50_32x4d", "vgg11",
    "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn", "wide_resnet101_2",
    "wide_resnet50_2",
]  # fmt: skip
