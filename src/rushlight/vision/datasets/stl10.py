"""STL-10, few images with labels and many without: Coates et al., AISTATS 2011."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ...errors import DataError
from ..pillow import require_pillow
from .archives import Resource, fetch_and_extract
from .vision import ImageArrays, Transform, one_of


class STL10(ImageArrays):
    """5,000 + 8,000 colour images of 96x96 pixels in 10 classes, and 100,000 without a class (-1).

    `split` is "train", "test", "unlabeled" or "train+unlabeled"; `folds` from 0 to 9 takes one of
    ten parts of the training images. Files in root/stl10_binary; `download=True` fetches them.
    """

    folder = "stl10_binary"
    resource = Resource(
        ["http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"],
        "stl10_binary.tar.gz", "91f7769df0f17e558f3565bffb0c7dfb",
    )  # fmt: skip
    splits = ("train", "train+unlabeled", "unlabeled", "test")

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        folds: int | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = one_of(split, "split", self.splits)
        if folds is not None and (not isinstance(folds, int) or not 0 <= folds < 10):
            raise ValueError(
                f"Value for argument folds should be in the range [0, 10), not {folds}"
            )
        self.folds = folds
        if download and not os.path.isdir(self._path("")):
            fetch_and_extract(self.resource, self.root)
        parts = [self._part(name, folds) for name in split.split("+")]
        self.data = np.concatenate([images for images, _ in parts])
        self.labels = np.concatenate([labels for _, labels in parts])
        names = self._path("class_names.txt")
        if os.path.isfile(names):
            with open(names, encoding="utf-8") as file:
                self.classes = file.read().splitlines()

    def _path(self, name: str) -> str:
        return os.path.join(self.root, self.folder, name)

    def _part(self, name: str, folds: int | None) -> tuple[Any, Any]:
        images = self._bytes(f"{name}_X.bin")
        if images.size % (3 * 96 * 96):
            raise DataError(f"{self._path(name)}_X.bin: {images.size} bytes are no whole images")
        images = images.reshape(-1, 3, 96, 96).transpose(0, 1, 3, 2)
        if name == "unlabeled":
            return images, np.full(len(images), -1)
        labels = self._bytes(f"{name}_y.bin").astype(np.int64) - 1
        if len(labels) != len(images):
            raise DataError(
                f"{self._path(name)}_y.bin: {len(labels)} labels of {len(images)} images"
            )
        if folds is not None and name == "train":
            with open(self._path("fold_indices.txt"), encoding="utf-8") as file:
                places = np.array(file.read().splitlines()[folds].split(), int)
            return images[places], labels[places]
        return images, labels

    def _bytes(self, name: str) -> Any:
        self.require(self._path(name))
        return np.fromfile(self._path(name), np.uint8)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        pixels = np.ascontiguousarray(self.data[index].transpose(1, 2, 0))
        image = require_pillow("an image of STL10").fromarray(pixels)
        return self.transformed(image, int(self.labels[index]))

    def extra_repr(self) -> str:
        return f"Split: {self.split}"
