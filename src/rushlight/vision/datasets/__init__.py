"""Image datasets, with torchvision's names and arguments."""

from .mnist import MNIST, Digits, FashionMNIST
from .vision import VisionDataset

__all__ = ["MNIST", "Digits", "FashionMNIST", "VisionDataset"]
