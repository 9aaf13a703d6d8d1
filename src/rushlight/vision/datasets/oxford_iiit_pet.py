"""Cats and dogs of 37 breeds: Parkhi et al., CVPR 2012."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import DataError
from .archives import Resource, fetch_missing
from .vision import Transform, VisionDataset, one_of, open_image

_URL = "https://www.robots.ox.ac.uk/~vgg/data/pets/data/"
_TARGETS = ("category", "binary-category", "segmentation")


class OxfordIIITPet(VisionDataset):
    """3,680 + 3,669 images, in root/oxford-iiit-pet; `download=True` fetches them.

    `target_types` are one or several of "category" (the breed), "binary-category" (cat 0, dog 1)
    and "segmentation" (a PIL image: 1 the animal, 2 what is around, 3 the edge).
    """

    resources = (
        Resource([_URL + "images.tar.gz"], "images.tar.gz", "5c4f3ee8e5d25df40f4fd59a7f44e54c"),
        Resource(
            [_URL + "annotations.tar.gz"], "annotations.tar.gz", "95a8c909bbe2e81eed6a22bccdf3f68f"
        ),
    )

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "trainval",
        target_types: Sequence[str] | str = "category",
        transforms: Callable[[Any, Any], Any] | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transforms, transform, target_transform)
        self.split = one_of(split, "split", ("trainval", "test"))
        kinds = [target_types] if isinstance(target_types, str) else target_types
        self.target_types = [one_of(kind, "target_types", _TARGETS) for kind in kinds]
        base = os.path.join(self.root, "oxford-iiit-pet")
        if download:
            parts = (os.path.join(base, name) for name in ("images", "annotations"))
            fetch_missing(list(zip(self.resources, parts, strict=True)), base)
        listing = os.path.join(base, "annotations", f"{split}.txt")
        self.require(listing)
        self._read_list(base, listing)

    def _read_list(self, base: str, listing: str) -> None:
        with open(listing, encoding="utf-8") as file:
            rows = [line.split() for line in file if line.strip()]
        if any(len(row) != 4 for row in rows):
            raise DataError(f"{listing}: a line has not four words")
        names = [row[0] for row in rows]
        self._labels = [int(row[1]) - 1 for row in rows]
        self._bin_labels = [int(row[2]) - 1 for row in rows]
        breeds = {
            label: name.rpartition("_")[0] for name, label in zip(names, self._labels, strict=True)
        }
        self.classes = [breeds[label].replace("_", " ").title() for label in sorted(breeds)]
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}
        self.bin_classes = ["Cat", "Dog"]
        self.bin_class_to_idx = {"Cat": 0, "Dog": 1}
        self._images = [os.path.join(base, "images", f"{name}.jpg") for name in names]
        trimaps = os.path.join(base, "annotations", "trimaps")
        self._segs = [os.path.join(trimaps, f"{name}.png") for name in names]

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        found: list[Any] = []
        for kind in self.target_types:
            if kind == "category":
                found.append(self._labels[index])
            elif kind == "binary-category":
                found.append(self._bin_labels[index])
            else:
                found.append(open_image(self._segs[index], mode=None))
        target = None if not found else found[0] if len(found) == 1 else tuple(found)
        return self.transformed(open_image(self._images[index]), target)
