"""ImageNet, 1,000 classes: Russakovsky et al., arXiv:1409.0575."""

from __future__ import annotations

import os
import shutil
from typing import Any

from ..errors import DataError
from .archives import extract
from .folder import ImageFolder
from .matlab import read_mat
from .vision import one_of

_ARCHIVES = {
    "train": "ILSVRC2012_img_train.tar",
    "val": "ILSVRC2012_img_val.tar",
    "devkit": "ILSVRC2012_devkit_t12.tar.gz",
}
_DEVKIT = "ILSVRC2012_devkit_t12"


class ImageNet(ImageFolder):
    """1,281,167 + 50,000 images in root/train and root/val, a folder for each class.

    Where a folder is not there yet it is made of the archives, which have to lie in `root` (they
    are given to people alone, by https://image-net.org); the names of the classes are read by SciPy
    from ILSVRC2012_devkit_t12.tar.gz. `wnids` are the folders' names, `classes` tuples of words.
    """

    def __init__(self, root: str | os.PathLike[str], split: str = "train", **options: Any) -> None:
        self.split = one_of(split, "split", ("train", "val"))
        base = os.path.expanduser(os.fspath(root))
        names, truth = _read_devkit(base)
        folder = os.path.join(base, split)
        if not os.path.isdir(folder):
            _unpack_train(base) if split == "train" else _unpack_val(base, truth)
        super().__init__(folder, **options)
        self.root = base
        self.wnids = self.classes
        self.wnid_to_idx = self.class_to_idx
        for wnid in self.wnids:
            if wnid not in names:
                raise DataError(f"{folder}: {wnid} is no class of ImageNet's")
        words: list[Any] = [names[wnid] for wnid in self.wnids]
        self.classes = words
        self.class_to_idx = {word: i for i, several in enumerate(words) for word in several}

    @property
    def split_folder(self) -> str:
        return os.path.join(self.root, self.split)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"


def _archive(root: str, kind: str) -> str:
    path = os.path.join(root, _ARCHIVES[kind])
    if not os.path.isfile(path):
        raise DataError(
            f"The archive {_ARCHIVES[kind]} is not present in the root directory. You need to "
            f"download it externally and place it in {root}."
        )
    return path


def _read_devkit(root: str) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """The words of each class, and the classes of the validation images in order."""
    data = os.path.join(root, _DEVKIT, "data")
    if not os.path.isdir(data):
        extract(_archive(root, "devkit"), root)
    (synsets,) = read_mat(os.path.join(data, "meta.mat"), "synsets")
    # Number, folder's name, words, gloss, children: classes are those that have none.
    rows = [row for row in synsets if row[4] == 0]
    names = {str(row[1]): tuple(str(row[2]).split(", ")) for row in rows}
    numbered = {int(row[0]): str(row[1]) for row in rows}
    truth = os.path.join(data, "ILSVRC2012_validation_ground_truth.txt")
    try:
        with open(truth, encoding="utf-8") as file:
            return names, [numbered[int(line)] for line in file if line.strip()]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{truth}: no list of classes ({error})") from None


def _empty(root: str, name: str) -> str:
    """The path of a folder in which nothing is left of an interrupted run."""
    place = os.path.join(root, name)
    shutil.rmtree(place, ignore_errors=True)
    return place


def _unpack_train(root: str) -> None:
    """An archive of archives, one for each class."""
    place = _empty(root, "train.unpacking")
    extract(_archive(root, "train"), place)
    for name in sorted(os.listdir(place)):
        if name.endswith(".tar"):
            path = os.path.join(place, name)
            extract(path, path.removesuffix(".tar"))
            os.remove(path)
    os.replace(place, os.path.join(root, "train"))


def _unpack_val(root: str, truth: list[str]) -> None:
    """Images in one folder, sorted into those of their classes."""
    place = _empty(root, "val.unpacking")
    extract(_archive(root, "val"), place)
    images = sorted(os.listdir(place))
    if len(images) != len(truth):
        shutil.rmtree(place)
        raise DataError(f"{_ARCHIVES['val']}: {len(images)} images, but {len(truth)} classes")
    for image, wnid in zip(images, truth, strict=True):
        os.makedirs(os.path.join(place, wnid), exist_ok=True)
        os.replace(os.path.join(place, image), os.path.join(place, wnid, image))
    os.replace(place, os.path.join(root, "val"))
