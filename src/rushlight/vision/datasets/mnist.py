"""MNIST, Fashion-MNIST and the part of MNIST that comes with the package."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ...download import download
from ...errors import DataError
from ...tensor import Tensor, wrap
from ..pillow import require_pillow
from ..transforms.transforms import takes_arrays, transform_batch
from .archives import md5_of
from .idx import FETCH_AGAIN, read_idx
from .vision import VisionDataset, tell_of_checksum


class MNIST(VisionDataset):
    """60,000 + 10,000 handwritten digits, grey, 28x28 (http://yann.lecun.com/exdb/mnist/).

    `data` is the uint8 tensor (N, 28, 28), `targets` the int64 tensor (N). Sample i is (image,
    target): a PIL image in mode "L", or what `transform` makes of it, and an int, or what
    `target_transform` makes of it.

    The IDX files, packed with gzip or not, are looked for in root/MNIST/raw, root/mnist and root.
    `download=True` fetches the missing ones into the first. RuntimeError (a `DataError`) where
    files are missing or damaged; that one is not the published file, by its md5, is said once.
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
    # File name and md5: of the unpacked bytes, or, where `packed`, of the packed ones.
    packed = False
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
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self._download()
        self.data, self.targets = self._load()

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
        image = self.data.array[index]
        target = self._target(index)
        # ToTensor makes the same of an array as of the image made of it, in a third of the time.
        if not takes_arrays(self.transform):
            image = require_pillow(f"an image of {type(self).__name__}").fromarray(image)
        return self.transformed(image, target)

    def _target(self, index: int) -> Any:
        targets = self.targets
        return int(targets.array[index] if isinstance(targets, Tensor) else targets[index])

    def _get_batch(self, indices: list[int]) -> list[Tensor] | None:
        if self.target_transform is not None or not isinstance(self.targets, Tensor):
            return None
        images = transform_batch(self.transform, self.data.array[indices])
        return None if images is None else [images, self.targets[indices]]

    # ---- the files

    def _names(self) -> list[str]:
        """Of the images, and of the labels."""
        split = "train" if self.train else "t10k"
        return [name for name in self.resources if name.startswith(split)]

    def _folders(self) -> list[str]:
        return [self.raw_folder, os.path.join(self.root, self.folder), self.root]

    def _find(self, name: str) -> str | None:
        for folder in self._folders():
            for file_name in (name, name + ".gz", name + ".xz"):
                path = os.path.join(folder, file_name)
                if os.path.isfile(path):
                    return path
        return None

    def _download(self) -> None:
        for name in self.resources:
            if self._find(name) is None:
                urls = [f"{mirror}{name}.gz" for mirror in self.mirrors]
                path = os.path.join(self.raw_folder, name + ".gz")
                download(urls, path, functools.partial(self._read, name, fetched=True))

    def _load(self) -> tuple[Tensor, Tensor]:
        values, paths = [], []
        for name in self._names():
            path = self._find(name)
            if path is None:
                raise DataError(
                    f"Dataset not found: {type(self).__name__} needs {name}.gz (or unpacked) in "
                    f"one of {', '.join(self._folders())}. You can use download=True (--download) "
                    "to download it."
                )
            values.append(self._read(name, path))
            paths.append(path)
        images, labels = values
        if len(images) != len(labels):
            raise DataError(
                f"{paths[1]}: there are {len(images)} images, but {len(labels)} labels", FETCH_AGAIN
            )
        return wrap(images), wrap(labels.astype(np.int64))

    def _read(self, name: str, path: str, fetched: bool = False) -> np.ndarray[Any, Any]:
        """The values of a file, checked from the plainest complaint to the most general."""
        is_labels = "labels" in name
        values, md5 = read_idx(path, *self._form(is_labels))
        if is_labels:
            self._check_labels(path, values)
        published = self.resources.get(name)
        if self.packed:
            md5 = md5_of(path) if fetched or path.endswith((".gz", ".xz")) else published or ""
        if published is not None and md5 != published:
            if fetched:
                raise DataError(
                    f"{path}: this is not {type(self).__name__}'s {name}: its md5 is {md5}, "
                    f"expected {published}",
                    FETCH_AGAIN,
                )
            tell_of_checksum(path, md5, published)
        return values

    def _form(self, is_labels: bool) -> tuple[int, ...]:
        """The dimensions of a file, and the type of its values where they are no bytes."""
        return (1,) if is_labels else (3,)

    def _check_labels(self, path: str, values: np.ndarray[Any, Any]) -> None:
        if values.size and values.max() >= len(self.classes):
            item = int(np.argmax(values >= len(self.classes)))
            raise DataError(
                f"{path}: item {item} has the label {values[item]}, but labels go from 0 to "
                f"{len(self.classes) - 1}",
                FETCH_AGAIN,
            )


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


class KMNIST(MNIST):
    """60,000 + 10,000 cursive Japanese characters, grey, 28x28 (Clanuwat et al., arXiv:1812.01718).

    Used as `MNIST`; the files are looked for in root/KMNIST/raw, root/kmnist and root.
    """

    classes = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]
    mirrors = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    folder = "kmnist"
    packed = True
    resources = {
        "train-images-idx3-ubyte": "bdb82020997e1d708af4cf47b453dcf7",
        "train-labels-idx1-ubyte": "e144d726b3acfaa3e44228e80efcd344",
        "t10k-images-idx3-ubyte": "5c965bf0a639b31b8f53240b1b52f4d7",
        "t10k-labels-idx1-ubyte": "7320c461ea6c1c855c0b718fb2a4b134",
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
