"""Food-101: Bossard et al., ECCV 2014."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from ...errors import DataError
from .archives import Resource, fetch_and_extract
from .folder import default_loader
from .vision import ImageFiles, Transform, one_of


class Food101(ImageFiles):
    """75,750 + 25,250 images in 101 classes, in root/food-101; `download=True` fetches them."""

    resource = Resource(
        ["http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz"],
        "food-101.tar.gz", "85eeb15f3717b99a5da872d97d918f87",
    )  # fmt: skip

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
        loader: Callable[[str], Any] = default_loader,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = one_of(split, "split", ("train", "test"))
        self.loader = loader
        base = os.path.join(self.root, "food-101")
        if download and not os.path.isdir(base):
            fetch_and_extract(self.resource, self.root)
        listing = os.path.join(base, "meta", f"{split}.json")
        try:
            with open(listing, encoding="utf-8") as file:
                listed = json.load(file)
        except FileNotFoundError:
            raise DataError(
                f"Dataset not found: Food101 needs {listing}. You can use download=True to "
                "download it"
            ) from None
        except ValueError as error:
            raise DataError(f"{listing}: no list of images ({error})") from None
        self.classes = sorted(listed)
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}
        self.files = [
            os.path.join(base, "images", *f"{name}.jpg".split("/"))
            for names in listed.values() for name in names
        ]  # fmt: skip
        self.labels = [self.class_to_idx[name] for name, names in listed.items() for _ in names]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.transformed(self.loader(self.files[index]), self.labels[index])

    def extra_repr(self) -> str:
        return f"split={self.split}"
