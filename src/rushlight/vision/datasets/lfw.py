"""Labelled Faces in the Wild: Huang et al., 2007."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ...errors import DataError
from .folder import LoadedImages, default_loader
from .vision import Transform, lines_of, one_of

# The folder of each kind of alignment.
_IMAGES = {
    "original": "lfw", "funneled": "lfw_funneled", "deepfunneled": "lfw-deepfunneled",
}  # fmt: skip
_SPLITS = {"10fold": "", "train": "DevTrain", "test": "DevTest"}


class _LFW(LoadedImages):
    """What people and pairs have in common: the images, and a list in root/lfw-py."""

    view: str

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "10fold",
        image_set: str = "funneled",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
        loader: Callable[[str], Any] = default_loader,
    ) -> None:
        place = os.path.join(os.path.expanduser(os.fspath(root)), "lfw-py")
        super().__init__(place, transform, target_transform, loader)
        self.image_set = one_of(image_set.lower(), "image_set", tuple(_IMAGES))
        self.split = one_of(split.lower(), "split", tuple(_SPLITS))
        self.images_dir = os.path.join(place, _IMAGES[self.image_set])
        self.labels_file = f"{self.view}{_SPLITS[self.split]}.txt"
        if download:
            raise ValueError(f"LFW: the address of these files is gone; put them into {place}")
        listing = os.path.join(place, self.labels_file)
        self.require(self.images_dir, listing)
        try:
            self._take([line.split("\t") for line in lines_of(listing)])
        except (IndexError, ValueError, KeyError) as error:
            raise DataError(f"{listing}: no list of faces ({error!r})") from None

    def _take(self, rows: list[list[str]]) -> None:
        raise NotImplementedError

    def _path(self, name: str, number: str) -> str:
        return os.path.join(self.images_dir, name, f"{name}_{int(number):04d}.jpg")

    def _folds(self, rows: list[list[str]]) -> int:
        """How many parts a list has; its first line is taken away where there are several."""
        return int(rows.pop(0)[0]) if self.split == "10fold" and len(rows[0]) == 1 else 1

    def extra_repr(self) -> str:
        return f"Alignment: {self.image_set}\nSplit: {self.split}"


class LFWPeople(_LFW):
    """13,233 images of 5,749 people, in root/lfw-py; they cannot be fetched any more.

    `split` is "10fold" (all), "train" or "test"; `image_set` "original", "funneled" or
    "deepfunneled". A target is the person's number.
    """

    view = "people"

    def _take(self, rows: list[list[str]]) -> None:
        names = os.path.join(self.root, "lfw-names.txt")
        self.require(names)
        self.name_classes([line.split("\t")[0] for line in lines_of(names)])
        files, labels = [], []
        for _ in range(self._folds(rows)):
            for _ in range(int(rows.pop(0)[0])):
                name, count = rows.pop(0)
                files += [self._path(name, str(number + 1)) for number in range(int(count))]
                labels += [self.class_to_idx[name]] * int(count)
        self.files, self.labels = files, labels

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}\nClasses (identities): {len(self.class_to_idx)}"


class LFWPairs(_LFW):
    """6,000 pairs of images, in root/lfw-py: (image, image, 1 for the same person and 0 for two).

    The other arguments are those of LFWPeople.
    """

    view = "pairs"

    def _take(self, rows: list[list[str]]) -> None:
        pairs, labels = [], []
        folds = 1
        if self.split == "10fold":
            folds, count = (int(number) for number in rows.pop(0))
        else:
            count = int(rows.pop(0)[0])
        for _ in range(folds):
            for _ in range(count):
                name, first, second = rows.pop(0)
                pairs.append((self._path(name, first), self._path(name, second)))
                labels.append(1)
            for _ in range(count):
                name, first, other, second = rows.pop(0)
                pairs.append((self._path(name, first), self._path(other, second)))
                labels.append(0)
        self.pair_names, self.files, self.labels = pairs, [first for first, _ in pairs], labels

    def __getitem__(self, index: int) -> Any:
        first, second = (self.loader(path) for path in self.pair_names[index])
        if self.transform is not None:
            first, second = self.transform(first), self.transform(second)
        target = self.labels[index]
        if self.target_transform is not None:
            target = self.target_transform(target)
        return first, second, target
