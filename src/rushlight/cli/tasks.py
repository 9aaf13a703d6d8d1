"""The datasets and models that `rushlight train` knows by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..nn import Module
from ..tensor import Tensor
from ..utils.data import TensorDataset
from ..vision import datasets, models

MODELS: dict[str, Callable[[int], Module]] = {  # by the number of classes
    "lenet": models.LeNet,
    "mlp": models.MLP,
    "convnet": models.ConvNet,
}


@dataclass(frozen=True)
class DatasetInfo:
    """A dataset, the mean and standard deviation of its pixels, and how long it is trained on.

    `object_size` is the height or width, in pixels, that the greater of an object's two has in the
    images of 28x28; `drawn`, whether it consists of strokes.
    """

    dataset: type[datasets.MNIST]
    mean: float
    std: float
    epochs: int
    object_size: int
    drawn: bool


DATASETS = {
    "digits": DatasetInfo(
        datasets.Digits, 0.1307, 0.3081, epochs=10, object_size=20, drawn=True,
    ),
    "mnist": DatasetInfo(
        datasets.MNIST, 0.1307, 0.3081, epochs=5, object_size=20, drawn=True,
    ),
    "fashion-mnist": DatasetInfo(
        datasets.FashionMNIST, 0.2860, 0.3530, epochs=10, object_size=28, drawn=False,
    ),
}


@dataclass(frozen=True)
class Task:
    """A dataset in memory: images are normalised once, and batches are rows of one tensor."""

    name: str
    classes: list[str]
    train: TensorDataset
    test: TensorDataset
    test_images: Tensor  # as they are in the files: uint8 (N, 28, 28)

    @staticmethod
    def load(name: str, folder: str, download: bool) -> Task:
        """DataError where files are missing or damaged."""
        info = DATASETS[name]
        train = info.dataset(folder, train=True, download=download)
        test = info.dataset(folder, train=False)
        return Task(
            name,
            short_names(train.classes),
            TensorDataset(normalized(train.data, info), train.targets),
            TensorDataset(normalized(test.data, info), test.targets),
            test.data,
        )


def normalized(images: Tensor, info: DatasetInfo) -> Tensor:
    """Grey images (N, H, W) with values from 0 to 255 as a network takes them: (N, 1, H, W)."""
    return images.unsqueeze(1).float().div_(255).sub_(info.mean).div_(info.std)


def short_names(classes: list[str]) -> list[str]:
    """MNIST's "7 - seven" is just 7."""
    return [name.split(" - ")[0] for name in classes]
