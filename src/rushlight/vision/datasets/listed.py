"""Datasets whose archives list their images and the classes of these in files.

DTD: Cimpoi et al., CVPR 2014. FGVC-Aircraft: Maji et al., arXiv:1306.5151. GTSRB: Stallkamp et al.,
2012. Stanford Cars: Krause et al., 2013.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from typing import Any

from ...errors import DataError
from .archives import Resource, fetch_and_extract, fetch_missing
from .folder import LoadedImages, default_loader, make_dataset
from .matlab import read_mat
from .vision import Transform, lines_of, one_of

Path = str | os.PathLike[str]


class DTD(LoadedImages):
    """5,640 textures in 47 classes, in root/dtd; `download=True` fetches them.

    `split` is "train", "val" or "test" of one of ten `partition`s.
    """

    resource = Resource(
        ["https://www.robots.ox.ac.uk/~vgg/data/dtd/download/dtd-r1.0.1.tar.gz"],
        "dtd-r1.0.1.tar.gz", "fff73e5086ae6bdbea199a49dfb8a4c1",
    )  # fmt: skip

    def __init__(
        self,
        root: Path,
        split: str = "train",
        partition: int = 1,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
        loader: Callable[[str], Any] = default_loader,
    ) -> None:
        self._split = one_of(split, "split", ("train", "val", "test"))
        if not isinstance(partition, int) or not 1 <= partition <= 10:
            raise ValueError(
                "Parameter 'partition' should be an integer with `1 <= partition <= 10`, but got "
                f"{partition} instead"
            )
        self._partition = partition
        super().__init__(root, transform, target_transform, loader)
        base = os.path.join(self.root, "dtd")
        if download and not os.path.isdir(os.path.join(base, "dtd")):
            fetch_and_extract(self.resource, base)
        listing = os.path.join(base, "dtd", "labels", f"{split}{partition}.txt")
        self.require(listing)
        names = [line.split("/") for line in lines_of(listing)]
        self.files = [os.path.join(base, "dtd", "images", *name) for name in names]
        self.name_classes(sorted({name[0] for name in names}))
        self.labels = [self.class_to_idx[name[0]] for name in names]

    def extra_repr(self) -> str:
        return f"split={self._split}, partition={self._partition}"


_KINDS = {"variant": "variants", "family": "families", "manufacturer": "manufacturers"}


class FGVCAircraft(LoadedImages):
    """10,000 images of aircraft, in root/fgvc-aircraft-2013b; `download=True` fetches them.

    `split` is "train", "val", "trainval" or "test"; `annotation_level` what they are told apart by:
    100 of "variant", 70 of "family" or 30 of "manufacturer".
    """

    resource = Resource(
        ["https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/archives/fgvc-aircraft-2013b.tar.gz"],
        "fgvc-aircraft-2013b.tar.gz",
    )  # fmt: skip

    def __init__(
        self,
        root: Path,
        split: str = "trainval",
        annotation_level: str = "variant",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
        loader: Callable[[str], Any] = default_loader,
    ) -> None:
        self._split = one_of(split, "split", ("train", "val", "trainval", "test"))
        self._annotation_level = one_of(annotation_level, "annotation_level", tuple(_KINDS))
        super().__init__(root, transform, target_transform, loader)
        base = os.path.join(self.root, "fgvc-aircraft-2013b")
        if download and not os.path.isdir(base):
            fetch_and_extract(self.resource, self.root)
        data = os.path.join(base, "data")
        listing = os.path.join(data, f"images_{annotation_level}_{split}.txt")
        names = os.path.join(data, f"{_KINDS[annotation_level]}.txt")
        self.require(names, listing)
        self.name_classes(lines_of(names))
        rows = [line.split(" ", 1) for line in lines_of(listing)]
        self.files = [os.path.join(data, "images", f"{name}.jpg") for name, _ in rows]
        self.labels = [self.class_to_idx[kind.strip()] for _, kind in rows]


class GTSRB(LoadedImages):
    """26,640 + 12,630 images of 43 traffic signs, in root/gtsrb; `download=True` fetches them.

    `split` is "train" or "test".
    """

    resources = tuple(
        Resource(
            ["https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370/" + name],
            name, md5,
        )
        for name, md5 in (
            ("GTSRB-Training_fixed.zip", "513f3c79a4c5141765e10e952eaa2478"),
            ("GTSRB_Final_Test_Images.zip", "c7e4e6327067d32654124b0fe9e82185"),
            ("GTSRB_Final_Test_GT.zip", "fe31e9c9270bbcd7b84b7f21a9d9d9e5"),
        )
    )  # fmt: skip

    def __init__(
        self,
        root: Path,
        split: str = "train",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        self._split = one_of(split, "split", ("train", "test"))
        super().__init__(root, transform, target_transform)
        base = os.path.join(self.root, "gtsrb")
        inner = "Training" if split == "train" else os.path.join("Final_Test", "Images")
        images = os.path.join(base, "GTSRB", inner)
        listing = os.path.join(base, "GT-final_test.csv")
        training, test_images, test_list = self.resources
        held = [(training, images)]
        if split == "test":
            held = [(test_images, images), (test_list, listing)]
        if download:
            fetch_missing(held, base)
        self.require(*(path for _, path in held))
        if split == "train":
            samples = make_dataset(images, extensions=(".ppm",))
        else:
            with open(listing, newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file, delimiter=";"))
            samples = [(os.path.join(images, r["Filename"]), int(r["ClassId"])) for r in rows]
        self.files = [path for path, _ in samples]
        self.labels = [label for _, label in samples]


class StanfordCars(LoadedImages):
    """8,144 + 8,041 images of 196 kinds of cars, in root/stanford_cars, which SciPy reads.

    `split` is "train" or "test". They cannot be fetched any more: NotImplementedError.
    """

    def __init__(
        self,
        root: Path,
        split: str = "train",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
        loader: Callable[[str], Any] = default_loader,
    ) -> None:
        self._split = one_of(split, "split", ("train", "test"))
        if download:
            raise NotImplementedError(
                "StanfordCars: the address of these files is gone; put them into "
                f"{os.path.join(os.fspath(root), 'stanford_cars')} yourself"
            )
        super().__init__(root, transform, target_transform, loader)
        base = os.path.join(self.root, "stanford_cars")
        annotations = os.path.join(base, "cars_test_annos_withlabels.mat")
        if split == "train":
            annotations = os.path.join(base, "devkit", "cars_train_annos.mat")
        meta = os.path.join(base, "devkit", "cars_meta.mat")
        for path in (meta, annotations):
            if not os.path.exists(path):
                raise DataError(f"Dataset not found: StanfordCars needs {path}")
        (names,) = read_mat(meta, "class_names")
        (rows,) = read_mat(annotations, "annotations")
        self.name_classes([str(name) for name in names])
        folder = os.path.join(base, f"cars_{split}")
        self.files = [os.path.join(folder, str(row["fname"])) for row in rows]
        self.labels = [int(row["class"]) - 1 for row in rows]
