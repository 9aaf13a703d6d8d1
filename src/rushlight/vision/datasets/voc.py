"""Pascal's visual object classes: Everingham et al., IJCV 88, 2010."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from ...errors import DataError
from .archives import Resource, fetch_and_extract
from .vision import Transform, VisionDataset, one_of, open_image

_URL = "https://thor.robots.ox.ac.uk/pascal/VOC/"
# Of each year: the archive's address and md5, and where its images lie.
_YEARS = {
    "2012": ("voc2012/VOCtrainval_11-May-2012.tar", "6cd6e144f989b92b3379bac3b3de84fd",
             "VOCdevkit/VOC2012"),
    "2011": ("voc2011/VOCtrainval_25-May-2011.tar", "6c3384ef61512963050cb5d687e5bf1e",
             "TrainVal/VOCdevkit/VOC2011"),
    "2010": ("voc2010/VOCtrainval_03-May-2010.tar", "da459979d0c395079b5c75ee67908abb",
             "VOCdevkit/VOC2010"),
    "2009": ("voc2009/VOCtrainval_11-May-2009.tar", "a3e00b113cfcfebf17e343f59da3caa1",
             "VOCdevkit/VOC2009"),
    "2008": ("voc2008/VOCtrainval_14-Jul-2008.tar", "2629fa636546599198acfcfbfcf1904a",
             "VOCdevkit/VOC2008"),
    "2007": ("voc2007/VOCtrainval_06-Nov-2007.tar", "c52e279531787c972589f7e41ab4ae64",
             "VOCdevkit/VOC2007"),
    "2007-test": ("voc2007/VOCtest_06-Nov-2007.tar", "b6e924de25625d8de591ea690078ad9f",
                  "VOCdevkit/VOC2007"),
}  # fmt: skip


class _VOC(VisionDataset):
    """Images of a list, and a file of targets for each."""

    _lists: str
    _folder: str
    _ending: str

    def __init__(
        self,
        root: str | os.PathLike[str],
        year: str = "2012",
        image_set: str = "train",
        download: bool = False,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        transforms: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        super().__init__(root, transforms, transform, target_transform)
        self.year = one_of(year, "year", [str(number) for number in range(2007, 2013)])
        sets = ["train", "trainval", "val"] + ["test"] * (year == "2007")
        self.image_set = one_of(image_set, "image_set", sets)
        address, md5, place = _YEARS["2007-test" if image_set == "test" else year]
        base = os.path.join(self.root, *place.split("/"))
        listing = os.path.join(base, "ImageSets", self._lists, f"{image_set}.txt")
        if download and not os.path.isfile(listing):
            name = address.rpartition("/")[2]
            fetch_and_extract(Resource([_URL + address], name, md5), self.root)
        self.require(listing)
        with open(listing, encoding="utf-8") as file:
            names = [line.split()[0] for line in file if line.strip()]
        self.images = [os.path.join(base, "JPEGImages", f"{name}.jpg") for name in names]
        self.targets = [os.path.join(base, self._folder, name + self._ending) for name in names]

    def __len__(self) -> int:
        return len(self.images)


class VOCSegmentation(_VOC):
    """(image, mask) of VOC; `year` from "2007" to "2012", `image_set` "train", "val" or "trainval".

    The mask is a PIL image with a palette: 0 what is around, 1 to 20 the classes, 255 the edge.
    """

    _lists, _folder, _ending = "Segmentation", "SegmentationClass", ".png"

    @property
    def masks(self) -> list[str]:
        return self.targets

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        mask = open_image(self.masks[index], mode=None)
        return self.transformed(open_image(self.images[index]), mask)


class VOCDetection(_VOC):
    """(image, annotation) of VOC: dictionaries of strings, of which "object" is a list."""

    _lists, _folder, _ending = "Main", "Annotations", ".xml"

    @property
    def annotations(self) -> list[str]:
        return self.targets

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path = self.annotations[index]
        try:
            target = self.parse_voc_xml(ElementTree.parse(path).getroot())
        except ElementTree.ParseError as error:
            raise DataError(f"{path}: no XML that can be read ({error})") from None
        return self.transformed(open_image(self.images[index]), target)

    @staticmethod
    def parse_voc_xml(node: Any) -> dict[str, Any]:
        """An element as a dictionary: several of one name become a list."""
        children = list(node)
        if not children:
            return {node.tag: (node.text or "").strip()} if node.text else {}
        found: dict[str, list[Any]] = {}
        for child in children:
            for name, value in VOCDetection.parse_voc_xml(child).items():
                found.setdefault(name, []).append(value)
        if node.tag == "annotation":
            found["object"] = [found.get("object", [])]
        return {node.tag: {k: v[0] if len(v) == 1 else v for k, v in found.items()}}
