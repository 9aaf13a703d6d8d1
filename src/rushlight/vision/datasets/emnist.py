"""MNIST's relatives: letters beside digits (EMNIST), and where each digit came from (QMNIST)."""

from __future__ import annotations

import functools
import os
import string
from typing import Any

import numpy as np

from ...download import download
from ...tensor import Tensor
from .archives import Resource, fetch_and_extract
from .mnist import MNIST
from .vision import one_of

_LETTERS = set(string.digits + string.ascii_letters)
_MERGED = set("cijklmopsuvwxyz")  # whose capitals look the same


class EMNIST(MNIST):
    """Handwritten digits and letters, grey, 28x28: Cohen et al., arXiv:1702.05373.

    `split` is "byclass" (62 classes), "bymerge" and "balanced" (47), "letters" (26, from 1 on),
    "digits" or "mnist" (10). The images lie on their side, as published. The files are looked for
    in root/EMNIST/raw, root/emnist and root, and in gzip below each; `download=True` fetches them.
    """

    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    classes_split_dict = {
        "byclass": sorted(_LETTERS),
        "bymerge": sorted(_LETTERS - _MERGED),
        "balanced": sorted(_LETTERS - _MERGED),
        "letters": ["N/A", *string.ascii_lowercase],
        "digits": list(string.digits),
        "mnist": list(string.digits),
    }
    resource = Resource(
        ["https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"],
        "gzip.zip", "58c8d27c78d21e728a6bc7b3cc06412e",
    )  # fmt: skip
    folder = "emnist"
    resources: dict[str, str] = {}

    def __init__(self, root: str | os.PathLike[str], split: str, **options: Any) -> None:
        self.split = one_of(split, "split", self.splits)
        self.classes = self.classes_split_dict[split]
        super().__init__(root, **options)

    def _names(self) -> list[str]:
        start = f"emnist-{self.split}-{'train' if self.train else 'test'}"
        return [f"{start}-images-idx3-ubyte", f"{start}-labels-idx1-ubyte"]

    def _folders(self) -> list[str]:
        folders = super()._folders()
        return folders + [os.path.join(folder, "gzip") for folder in folders]

    def _download(self) -> None:
        if any(self._find(name) is None for name in self._names()):
            fetch_and_extract(self.resource, self.raw_folder)


_QMNIST = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"


class QMNIST(MNIST):
    """MNIST with its lost test images, and their origin: Yadav and Bottou, arXiv:1905.10498.

    `what` is "train" (60,000), "test" (60,000), "test10k", "test50k" or "nist" (402,953); where it
    is None, `train` chooses. `compat` leaves the class alone of eight whole numbers of each image:
    class, series, writer, class of NIST's, index, and three more. Files in root/QMNIST/raw.
    """

    subsets = {"train": "train", "test": "test", "test10k": "test", "test50k": "test",
               "nist": "nist"}  # fmt: skip
    folder = "qmnist"
    packed = True
    resources = {
        "qmnist-train-images-idx3-ubyte": "ed72d4157d28c017586c42bc6afe6370",
        "qmnist-train-labels-idx2-int": "0058f8dd561b90ffdd0f734c6a30e5e4",
        "qmnist-test-images-idx3-ubyte": "1394631089c404de565df7b7aeaf9412",
        "qmnist-test-labels-idx2-int": "5b5b05890a5e13444e108efe57b788aa",
        "xnist-images-idx3-ubyte": "7f124b3b8ab81486c9d8c2749c17f834",
        "xnist-labels-idx2-int": "5ed0e788978e45d4a8bd4b7caec3d79d",
    }

    def __init__(
        self,
        root: str | os.PathLike[str],
        what: str | None = None,
        compat: bool = True,
        train: bool = True,
        **options: Any,
    ) -> None:
        if what is None:
            what = "train" if train else "test"
        self.what = one_of(what, "what", tuple(self.subsets))
        self.compat = compat
        super().__init__(root, train, **options)

    def _names(self) -> list[str]:
        subset = self.subsets[self.what]
        start = "xnist" if subset == "nist" else f"qmnist-{subset}"
        return [name for name in self.resources if name.startswith(start)]

    def _form(self, is_labels: bool) -> tuple[int, ...]:
        return (2, 12) if is_labels else (3,)

    def _check_labels(self, path: str, values: np.ndarray[Any, Any]) -> None:
        super()._check_labels(path, values[:, 0])

    def _download(self) -> None:
        for name in self._names():
            if self._find(name) is None:
                ending = ".xz" if name.startswith("xnist") else ".gz"
                path = os.path.join(self.raw_folder, name + ending)
                check = functools.partial(self._read, name, fetched=True)
                download([_QMNIST + name + ending], path, check)

    def _load(self) -> tuple[Tensor, Tensor]:
        data, targets = super()._load()
        if self.what == "test10k":
            return data[:10000].clone(), targets[:10000].clone()
        if self.what == "test50k":
            return data[10000:].clone(), targets[10000:].clone()
        return data, targets

    def _target(self, index: int) -> Any:
        target = self.targets[index]
        return int(target[0]) if self.compat else target

    def extra_repr(self) -> str:
        return f"Split: {self.what}"
