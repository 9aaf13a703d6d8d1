"""Datasets that are one file of numbers.

FER2013: Goodfellow et al., arXiv:1307.0414. Semeion: Buscema, 1998. Moving MNIST: Srivastava et
al., arXiv:1502.04681.
"""

from __future__ import annotations

import csv
import os
from typing import Any

import numpy as np

from ...errors import DataError
from ...tensor import wrap
from ..pillow import require_pillow
from .archives import Resource, fetch
from .vision import ImageArrays, Transform, VisionDataset, one_of

Path = str | os.PathLike[str]


class FER2013(ImageArrays):
    """35,887 grey faces of 48x48 with 7 expressions, in root/fer2013; `split` "train" or "test".

    They are read from fer2013.csv or icml_face_data.csv, else from train.csv and test.csv (without
    labels: targets are None), of
    https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge
    """

    def __init__(
        self,
        root: Path,
        split: str = "train",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
    ) -> None:
        self._split = one_of(split, "split", ("train", "test"))
        super().__init__(root, transform=transform, target_transform=target_transform)
        base = os.path.join(self.root, "fer2013")
        names = ("fer2013.csv", "icml_face_data.csv", f"{split}.csv")
        paths = [os.path.join(base, name) for name in names]
        path = next(filter(os.path.exists, paths), None)
        if path is None:
            raise DataError(f"Dataset not found: FER2013 needs {' or '.join(paths)}")
        try:
            with open(path, newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file, skipinitialspace=True))
            if path != paths[-1]:
                rows = [row for row in rows if (row["Usage"] == "Training") == (split == "train")]
            pixels = [np.array(row["pixels"].split(), np.uint8) for row in rows]
            self.data = np.stack(pixels).reshape(-1, 48, 48)
            self.targets = [int(row["emotion"]) if "emotion" in row else None for row in rows]
        except (KeyError, ValueError) as error:
            raise DataError(f"{path}: no table of faces ({error!r})") from None

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = require_pillow("an image of FER2013").fromarray(self.data[index])
        return self.transformed(image, self.targets[index])

    def extra_repr(self) -> str:
        return f"split={self._split}"


class SEMEION(ImageArrays):
    """1,593 written digits of 16x16, in root/semeion.data; `download=False` does not fetch it."""

    resource = Resource(
        ["http://archive.ics.uci.edu/ml/machine-learning-databases/semeion/semeion.data"],
        "semeion.data", "cb545d371d2ce14ec121470795a77432",
    )  # fmt: skip

    def __init__(
        self,
        root: Path,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = True,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        if download:
            fetch(self.resource, self.root)
        path = os.path.join(self.root, self.resource.name)
        self.require(path)
        try:
            rows = np.loadtxt(path, ndmin=2)
            self.data = (rows[:, :256] * 255).astype(np.uint8).reshape(-1, 16, 16)
            self.labels = self.targets = rows[:, 256:266].argmax(1)
        except (ValueError, IndexError) as error:
            raise DataError(f"{path}: no rows of digits ({error})") from None


class MovingMNIST(VisionDataset):
    """10,000 films of two digits that move, in root/MovingMNIST: uint8 tensors (T, 1, 64, 64).

    Of their 20 images `split` takes the first `split_ratio` ("train"), the others ("test"), or all
    (None). `download=True` fetches them.
    """

    resource = Resource(
        ["http://www.cs.toronto.edu/~nitish/unsupervised_video/mnist_test_seq.npy"],
        "mnist_test_seq.npy", "be083ec986bfe91a449d63653c411eb2",
    )  # fmt: skip

    def __init__(
        self,
        root: Path,
        split: str | None = None,
        split_ratio: int = 10,
        download: bool = False,
        transform: Transform | None = None,
    ) -> None:
        super().__init__(root, transform=transform)
        self.split = split if split is None else one_of(split, "split", ("train", "test"))
        if not isinstance(split_ratio, int):
            raise TypeError(f"`split_ratio` should be an integer, but got {type(split_ratio)}")
        if not 1 <= split_ratio <= 19:
            raise ValueError(
                f"`split_ratio` should be `1 <= split_ratio <= 19`, but got {split_ratio} instead."
            )
        self.split_ratio = split_ratio
        base = os.path.join(self.root, "MovingMNIST")
        if download:
            fetch(self.resource, base)
        path = os.path.join(base, self.resource.name)
        self.require(path)
        try:
            films = np.load(path)
        except (ValueError, EOFError) as error:
            raise DataError(f"{path}: no array of NumPy's ({error})") from None
        if films.ndim != 4 or films.dtype != np.uint8:
            raise DataError(f"{path}: images of shape {films.shape} and dtype {films.dtype}")
        part = {"train": slice(split_ratio), "test": slice(split_ratio, None), None: slice(None)}
        self.data = wrap(films[part[split]]).transpose(0, 1).unsqueeze(2).contiguous()

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> Any:
        film = self.data[index]
        return film if self.transform is None else self.transform(film)
