"""MNIST, Fashion-MNIST and the part of MNIST that comes with the package."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ...tensor import Tensor, wrap
from ..errors import DataError
from ..pillow import require_pillow
from ..transforms.transforms import takes_arrays, transform_batch
from .download import download
from .idx import FETCH_AGAIN, read_idx
from .vision import VisionDataset


class MNIST(VisionDataset):
    """60,000 + 10,000 handwritten digits, grey, 28x28 (http://yann.lecun.com/exdb/mnist/).

    `data` is the uint8 tensor (N, 28, 28), `targets` the int64 tensor (N). Sample i is (image,
    target): a PIL image in mode "L", or what `transform` makes of it, and an int, or what
    `target_transform` makes of it.

    The IDX files, packed with gzip or not, are looked for in root/MNIST/raw, root/mnist and root.
    `download=True` fetches the missing ones into the first, and takes none but the published ones.
    RuntimeError (a `DataError`) where files are missing or broken. Files that are there and whole,
    but not the published ones by the md5 of their unpacked bytes, are read with a warning.
    """

    classes = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four",
        "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip
    mirrors = [
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ]
    # The folder under root that is looked in after torchvision's <class name>/raw.
    folder = "mnist"
    # File name and md5 of the unpacked bytes.
    resources = {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    }

    data: Tensor
    targets: Tensor

    def __init__(
        self,
        root: str | os.PathLike[str],
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform, target_transform)
        self.train = train
        if download:
            self._download()
        self.data, self.targets = self._load("train" if train else "t10k")

    @property
    def raw_folder(self) -> str:
        return os.path.join(self.root, type(self).__name__, "raw")

    @property
    def class_to_idx(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image, targets = self.data.array[index], self.targets
        target = int(targets.array[index] if isinstance(targets, Tensor) else targets[index])
        # ToTensor makes the same of an array as of the image made of it, in a third of the time.
        if not takes_arrays(self.transform):
            image = require_pillow(f"an image of {type(self).__name__}").fromarray(image)
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def _get_batch(self, indices: list[int]) -> list[Tensor] | None:
        if self.target_transform is not None or not isinstance(self.targets, Tensor):
            return None
        images = transform_batch(self.transform, self.data.array[indices])
        return None if images is None else [images, self.targets[indices]]

    # ---- the files

    def _folders(self) -> list[str]:
        return [self.raw_folder, os.path.join(self.root, self.folder), self.root]

    def _find(self, name: str) -> str | None:
        for folder in self._folders():
            for file_name in (name, name + ".gz"):
                path = os.path.join(folder, file_name)
                if os.path.isfile(path):
                    return path
        return None

    def _download(self) -> None:
        for name in self.resources:
            if self._find(name) is None:
                urls = [f"{mirror}{name}.gz" for mirror in self.mirrors]
                path = os.path.join(self.raw_folder, name + ".gz")
                download(urls, path, functools.partial(self._read, name, published=True))

    def _load(self, split: str) -> tuple[Tensor, Tensor]:
        names = [name for name in self.resources if name.startswith(split)]
        paths = []
        for name in names:
            path = self._find(name)
            if path is None:
                raise DataError(
                    f"Dataset not found: {type(self).__name__} needs {name}.gz (or unpacked) in "
                    f"one of {', '.join(self._folders())}. You can use download=True (--download) "
                    "to download it."
                )
            paths.append(path)
        images, labels = (self._read(name, path) for name, path in zip(names, paths, strict=True))
        if len(images) != len(labels):
            raise DataError(
                f"{paths[1]}: there are {len(labels)} labels, but {len(images)} images in "
                f"{paths[0]}",
                FETCH_AGAIN,
            )
        return wrap(images), wrap(labels.astype(np.int64))

    def _read(self, name: str, path: str, published: bool = False) -> np.ndarray[Any, Any]:
        """The values of a file, checked from the plainest complaint to the most general."""
        is_labels = "labels" in name
        values, md5 = read_idx(path, ndim=1 if is_labels else 3)
        if is_labels and values.size and values.max() >= len(self.classes):
            item = int(np.argmax(values >= len(self.classes)))
            raise DataError(
                f"{path}: item {item} has the label {values[item]}, but labels go from 0 to "
                f"{len(self.classes) - 1}",
                FETCH_AGAIN,
            )
        if md5 != self.resources[name]:
            text = (
                f"{path}: this is not {type(self).__name__}'s {name}: the md5 of its unpacked "
                f"bytes is {md5}, expected {self.resources[name]}"
            )
            if published:
                raise DataError(text, FETCH_AGAIN)
            warnings.warn(text, stacklevel=5)
        return values


class FashionMNIST(MNIST):
    """60,000 + 10,000 articles of clothing, grey, 28x28 (Zalando Research, arXiv 1708.07747).

    Used as `MNIST`; the files are looked for in root/FashionMNIST/raw, root/fashion-mnist and root.
    """

    classes = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]  # fmt: skip
    mirrors = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]
    folder = "fashion-mnist"
    resources = {
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    }


class Digits(MNIST):
    """The first 1,000 + 200 images of each class of MNIST, which come with the package.

    Used as `MNIST`, without `root`; `download` has nothing to do.

    >>> from rushlight.vision.datasets import Digits
    >>> test = Digits(train=False)
    >>> len(test), test.data.shape, test.classes[test.targets[0]]
    (2000, torch.Size([2000, 28, 28]), '7 - seven')
    """

    resources = {
        "train-images-idx3-ubyte": "d2442bc08bd5ff7a07250f72c4d51549",
        "train-labels-idx1-ubyte": "2367398df9813ee76715953f5039d74b",
        "t10k-images-idx3-ubyte": "1f443774e7b4ecd912fe34f30bda774b",
        "t10k-labels-idx1-ubyte": "371e95c47744df5b9d47f13e64d2d7a9",
    }

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        bundled = os.path.join(os.path.dirname(__file__), "data", "digits")
        super().__init__(bundled, train, transform, target_transform)

    def _folders(self) -> list[str]:
        return [self.root]
