"""Image datasets, with torchvision's names and arguments."""

from .caltech import Caltech101, Caltech256
from .celeba import CelebA
from .cifar import CIFAR10, CIFAR100
from .coco import CocoCaptions, CocoDetection
from .emnist import EMNIST, QMNIST
from .fakedata import FakeData
from .flowers102 import Flowers102
from .folder import DatasetFolder, ImageFolder
from .food101 import Food101
from .imagenet import ImageNet
from .mnist import KMNIST, MNIST, Digits, FashionMNIST
from .oxford_iiit_pet import OxfordIIITPet
from .stl10 import STL10
from .svhn import SVHN
from .usps import USPS
from .vision import VisionDataset
from .voc import VOCDetection, VOCSegmentation
from .wrapping import wrap_dataset_for_transforms_v2

__all__ = [
    "CIFAR10", "CIFAR100", "EMNIST", "KMNIST", "MNIST", "QMNIST", "STL10", "SVHN", "USPS",
    "Caltech101", "Caltech256", "CelebA", "CocoCaptions", "CocoDetection", "DatasetFolder",
    "Digits", "FakeData", "FashionMNIST", "Flowers102", "Food101", "ImageFolder", "ImageNet",
    "OxfordIIITPet", "VOCDetection", "VOCSegmentation", "VisionDataset",
    "wrap_dataset_for_transforms_v2",
]  # fmt: skip
