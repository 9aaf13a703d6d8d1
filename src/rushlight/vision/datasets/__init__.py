"""Image datasets, with torchvision's names and arguments."""

from . import utils
from .caltech import Caltech101, Caltech256
from .celeba import CelebA
from .cifar import CIFAR10, CIFAR100
from .class_folders import SUN397, Country211, EuroSAT, Imagenette, RenderedSST2
from .coco import CocoCaptions, CocoDetection
from .emnist import EMNIST, QMNIST
from .fakedata import FakeData
from .flowers102 import Flowers102
from .folder import DatasetFolder, ImageFolder
from .food101 import Food101
from .imagenet import ImageNet
from .lfw import LFWPairs, LFWPeople
from .listed import DTD, GTSRB, FGVCAircraft, StanfordCars
from .mnist import KMNIST, MNIST, Digits, FashionMNIST
from .omniglot import Omniglot
from .oxford_iiit_pet import OxfordIIITPet
from .stl10 import STL10
from .streets import Cityscapes, Kitti
from .svhn import SVHN
from .tables import FER2013, SEMEION, MovingMNIST
from .usps import USPS
from .vision import VisionDataset
from .voc import VOCDetection, VOCSegmentation
from .wrapping import wrap_dataset_for_transforms_v2

__all__ = [
    "CIFAR10", "CIFAR100", "Caltech101", "Caltech256", "CelebA", "Cityscapes", "CocoCaptions",
    "CocoDetection", "Country211", "DTD", "DatasetFolder", "Digits", "EMNIST", "EuroSAT",
    "FER2013", "FGVCAircraft", "FakeData", "FashionMNIST", "Flowers102", "Food101", "GTSRB",
    "ImageFolder", "ImageNet", "Imagenette", "KMNIST", "Kitti", "LFWPairs", "LFWPeople",
    "MNIST", "MovingMNIST", "Omniglot", "OxfordIIITPet", "QMNIST", "RenderedSST2", "SEMEION",
    "STL10", "SUN397", "SVHN", "StanfordCars", "USPS", "VOCDetection", "VOCSegmentation",
    "VisionDataset", "utils", "wrap_dataset_for_transforms_v2",
]  # fmt: skip
