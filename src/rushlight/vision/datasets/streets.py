"""Streets seen from cars.

KITTI: Geiger et al., CVPR 2012. Cityscapes: Cordts et al., arXiv:1604.01685.
"""

from __future__ import annotations

import json
import os
from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import DataError
from .archives import Resource, fetch_missing
from .utils import list_dir, list_files
from .vision import Transform, VisionDataset, one_of, open_image

Path = str | os.PathLike[str]


class Kitti(VisionDataset):
    """7,481 + 7,518 images, in root/Kitti/raw; `download=True` fetches them.

    A target is a list of dictionaries, one for each object, with "type", "truncated", "occluded",
    "alpha", "bbox" (left, upper, right, lower), "dimensions", "location" and "rotation_y"; those of
    the test images are None.
    """

    resources = tuple(
        Resource(["https://s3.eu-central-1.amazonaws.com/avg-kitti/" + name], name)
        for name in ("data_object_image_2.zip", "data_object_label_2.zip")
    )

    def __init__(
        self,
        root: Path,
        train: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        transforms: Callable[[Any, Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transforms, transform, target_transform)
        self.train = train
        raw = os.path.join(self.root, "Kitti", "raw")
        place = os.path.join(raw, "training" if train else "testing")
        images = os.path.join(place, "image_2")
        if download:
            labels = os.path.join(raw, "training", "label_2")
            fetch_missing(list(zip(self.resources, (images, labels), strict=True)), raw)
        self.require(images, *([os.path.join(place, "label_2")] if train else []))
        self.images = list_files(images, ".png", prefix=True)
        names = [os.path.splitext(os.path.basename(path))[0] for path in self.images]
        self.targets = [os.path.join(place, "label_2", f"{name}.txt") for name in names]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        target = _objects(self.targets[index]) if self.train else None
        return self.transformed(open_image(self.images[index]), target)


def _objects(path: str) -> list[dict[str, Any]]:
    try:
        with open(path, encoding="utf-8") as file:
            rows = [line.split() for line in file if line.strip()]
        return [
            {
                "type": row[0],
                "truncated": float(row[1]),
                "occluded": int(row[2]),
                "alpha": float(row[3]),
                "bbox": [float(value) for value in row[4:8]],
                "dimensions": [float(value) for value in row[8:11]],
                "location": [float(value) for value in row[11:14]],
                "rotation_y": float(row[14]),
            }
            for row in rows
        ]
    except (ValueError, IndexError) as error:
        raise DataError(f"{path}: no list of objects ({error})") from None


CityscapesClass = namedtuple(
    "CityscapesClass",
    "name id train_id category category_id has_instances ignore_in_eval color",
)
_CATEGORIES = ("void", "flat", "construction", "object", "nature", "sky", "human", "vehicle")
# Name, number in training (255: none), number of the category, has instances, colour.
_CLASSES = (
    ("unlabeled", 255, 0, False, (0, 0, 0)), ("ego vehicle", 255, 0, False, (0, 0, 0)),
    ("rectification border", 255, 0, False, (0, 0, 0)), ("out of roi", 255, 0, False, (0, 0, 0)),
    ("static", 255, 0, False, (0, 0, 0)), ("dynamic", 255, 0, False, (111, 74, 0)),
    ("ground", 255, 0, False, (81, 0, 81)), ("road", 0, 1, False, (128, 64, 128)),
    ("sidewalk", 1, 1, False, (244, 35, 232)), ("parking", 255, 1, False, (250, 170, 160)),
    ("rail track", 255, 1, False, (230, 150, 140)), ("building", 2, 2, False, (70, 70, 70)),
    ("wall", 3, 2, False, (102, 102, 156)), ("fence", 4, 2, False, (190, 153, 153)),
    ("guard rail", 255, 2, False, (180, 165, 180)), ("bridge", 255, 2, False, (150, 100, 100)),
    ("tunnel", 255, 2, False, (150, 120, 90)), ("pole", 5, 3, False, (153, 153, 153)),
    ("polegroup", 255, 3, False, (153, 153, 153)), ("traffic light", 6, 3, False, (250, 170, 30)),
    ("traffic sign", 7, 3, False, (220, 220, 0)), ("vegetation", 8, 4, False, (107, 142, 35)),
    ("terrain", 9, 4, False, (152, 251, 152)), ("sky", 10, 5, False, (70, 130, 180)),
    ("person", 11, 6, True, (220, 20, 60)), ("rider", 12, 6, True, (255, 0, 0)),
    ("car", 13, 7, True, (0, 0, 142)), ("truck", 14, 7, True, (0, 0, 70)),
    ("bus", 15, 7, True, (0, 60, 100)), ("caravan", 255, 7, True, (0, 0, 90)),
    ("trailer", 255, 7, True, (0, 0, 110)), ("train", 16, 7, True, (0, 80, 100)),
    ("motorcycle", 17, 7, True, (0, 0, 230)), ("bicycle", 18, 7, True, (119, 11, 32)),
    ("license plate", -1, 7, False, (0, 0, 142)),
)  # fmt: skip
_ENDINGS = {
    "instance": "instanceIds.png", "semantic": "labelIds.png", "color": "color.png",
    "polygon": "polygons.json",
}  # fmt: skip


class Cityscapes(VisionDataset):
    """5,000 images with fine outlines and 20,000 with coarse ones, of streets in 50 cities.

    They are given to people at https://www.cityscapes-dataset.com: root holds leftImg8bit and
    gtFine or gtCoarse. `split` is "train", "val" or "test" ("train_extra" of `mode` "coarse"),
    `target_type` one or several of "instance", "semantic", "color" (images) and "polygon".
    """

    classes = [
        CityscapesClass(
            name, -1 if name == "license plate" else number, train_id, _CATEGORIES[category],
            category, has_instances, not 0 <= train_id < 255, colour,
        )
        for number, (name, train_id, category, has_instances, colour) in enumerate(_CLASSES)
    ]  # fmt: skip

    def __init__(
        self,
        root: Path,
        split: str = "train",
        mode: str = "fine",
        target_type: Sequence[str] | str = "instance",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        transforms: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        super().__init__(root, transforms, transform, target_transform)
        self.mode = "gtFine" if one_of(mode, "mode", ("fine", "coarse")) == "fine" else "gtCoarse"
        known = ("train", "test", "val") if mode == "fine" else ("train", "train_extra", "val")
        self.split = one_of(split, "split", known)
        kinds = [target_type] if isinstance(target_type, str) else target_type
        self.target_type = [one_of(kind, "target_type", tuple(_ENDINGS)) for kind in kinds]
        self.images_dir = os.path.join(self.root, "leftImg8bit", split)
        self.targets_dir = os.path.join(self.root, self.mode, split)
        for path in (self.images_dir, self.targets_dir):
            if not os.path.isdir(path):
                raise DataError(f"Dataset not found: Cityscapes needs {path}")
        self.images: list[str] = []
        self.targets: list[list[str]] = []
        for city in list_dir(self.images_dir):
            for name in list_files(os.path.join(self.images_dir, city), ".png"):
                start = os.path.join(self.targets_dir, city, name.split("_leftImg8bit")[0])
                ends = [_ENDINGS[kind] for kind in self.target_type]
                self.images.append(os.path.join(self.images_dir, city, name))
                self.targets.append([f"{start}_{self.mode}_{end}" for end in ends])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        found: list[Any] = []
        for path in self.targets[index]:
            if path.endswith(".json"):
                with open(path, encoding="utf-8") as file:
                    found.append(json.load(file))
            else:
                found.append(open_image(path, mode=None))
        target = found[0] if len(found) == 1 else tuple(found)
        return self.transformed(open_image(self.images[index]), target)

    def extra_repr(self) -> str:
        return f"Split: {self.split}\nMode: {self.mode}\nType: {self.target_type}"
