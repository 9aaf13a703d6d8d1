"""Faces of celebrities with 40 attributes: Liu et al., ICCV 2015."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import DataError
from ...tensor import wrap
from .archives import md5_of
from .vision import Transform, VisionDataset, one_of, open_image, tell_of_checksum

_SPLITS = {"train": 0, "valid": 1, "test": 2, "all": None}
_FILES = {
    "list_attr_celeba.txt": "75e246fa4810816ffd6ee81facbd244c",
    "identity_CelebA.txt": "32bd1bd63d3c78cd57e08160ec5ed1e2",
    "list_bbox_celeba.txt": "00566efa6fedff7a56946cd1c10f1c16",
    "list_landmarks_align_celeba.txt": "cc24ecafdb5b50baae59b03474781f8c",
    "list_eval_partition.txt": "d32c9cbf5e040fd4025c592c306e6668",
}
_TARGETS = ("attr", "identity", "bbox", "landmarks")


class CelebA(VisionDataset):
    """202,599 images of 178x218 pixels in root/celeba/img_align_celeba, and lists beside them.

    `split` is "train", "valid", "test" or "all"; `target_type` one or several of "attr" (40 of 0 or
    1, named by `attr_names`), "identity", "bbox" (x, y, width, height) and "landmarks" (10).
    The files have to be fetched by hand from https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html:
    Google Drive, where they are, gives them to people alone.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        target_type: Sequence[str] | str = "attr",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = one_of(split.lower() if isinstance(split, str) else split, "split", [*_SPLITS])
        kinds = [target_type] if isinstance(target_type, str) else list(target_type)
        self.target_type = [one_of(kind, "target_type", _TARGETS) for kind in kinds]
        if not kinds and target_transform is not None:
            raise RuntimeError("target_transform is specified but target_type is empty")
        self._images = os.path.join(self.root, "celeba", "img_align_celeba")
        if not os.path.isdir(self._images):
            raise DataError(
                f"Dataset not found: CelebA needs {self._images}. It cannot be fetched by a "
                "program: unpack img_align_celeba.zip and the lists of "
                "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html there"
            )
        names, parts, _ = self._read("list_eval_partition.txt", headed=False)
        wanted = _SPLITS[self.split]
        chosen = np.arange(len(names)) if wanted is None else np.flatnonzero(parts[:, 0] == wanted)
        self.filename = [names[place] for place in chosen]
        tables = {}
        for kind, (name, headed) in {
            "attr": ("list_attr_celeba.txt", True),
            "identity": ("identity_CelebA.txt", False),
            "bbox": ("list_bbox_celeba.txt", True),
            "landmarks": ("list_landmarks_align_celeba.txt", True),
        }.items():
            _, values, header = self._read(name, headed)
            tables[kind] = values[chosen]
            if kind == "attr":
                self.attr_names = header
        self.attr = wrap((tables["attr"] + 1) // 2)  # -1 and 1 become 0 and 1
        self.identity = wrap(tables["identity"])
        self.bbox = wrap(tables["bbox"])
        self.landmarks_align = wrap(tables["landmarks"])

    def _read(self, name: str, headed: bool) -> tuple[list[str], Any, list[str]]:
        """The names of images, a row of whole numbers for each, and the names of the columns."""
        path = os.path.join(self.root, "celeba", name)
        try:
            with open(path, encoding="utf-8") as file:
                rows = [line.split() for line in file if line.strip()]
            header = rows[1] if headed else []
            rows = rows[2:] if headed else rows
            values = np.array([row[1:] for row in rows], np.int64)
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror})") from None
        except (ValueError, IndexError) as error:
            raise DataError(f"{path}: no list of CelebA's ({error})") from None
        found = md5_of(path)
        if found != _FILES[name]:
            tell_of_checksum(path, found, _FILES[name])
        return [row[0] for row in rows], values, header

    def __len__(self) -> int:
        return len(self.filename)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        found: list[Any] = []
        for kind in self.target_type:
            if kind == "identity":
                found.append(self.identity[index, 0])
            else:
                table = {"attr": self.attr, "bbox": self.bbox, "landmarks": self.landmarks_align}
                found.append(table[kind][index])
        image = open_image(os.path.join(self._images, self.filename[index]), mode=None)
        if not found:
            return (image if self.transform is None else self.transform(image)), None
        return self.transformed(image, tuple(found) if len(found) > 1 else found[0])

    def extra_repr(self) -> str:
        return f"Target type: {self.target_type}\nSplit: {self.split}"
