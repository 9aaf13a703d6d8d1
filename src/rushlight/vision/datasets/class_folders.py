"""Datasets that are archives with a folder of images for each class.

EuroSAT: Helber et al., arXiv:1709.00029. Country211 and Rendered SST2: Radford et al.,
arXiv:2103.00020. Imagenette: https://github.com/fastai/imagenette. SUN397: Xiao et al., CVPR 2010.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from glob import glob
from typing import Any

from .archives import Resource, fetch_and_extract
from .folder import ImageFolder, LoadedImages, default_loader
from .vision import Transform, one_of

Path = str | os.PathLike[str]


class _ClassFolders(ImageFolder):
    """The images of one folder of an archive, which is unpacked in `base`."""

    def __init__(
        self, root: Path, resource: Resource, base: str, folder: str, transform: Transform | None,
        target_transform: Transform | None, download: bool, loader: Callable[[str], Any],
    ) -> None:  # fmt: skip
        own = os.path.expanduser(os.fspath(root))
        place = os.path.join(own, base)
        images = os.path.join(place, folder)
        if download and not os.path.isdir(images):
            fetch_and_extract(resource, place)
        self.require(images)
        super().__init__(images, transform, target_transform, loader)
        self.root = own


class EuroSAT(_ClassFolders):
    """27,000 images of 64x64 from satellites in 10 classes, in root/eurosat."""

    resource = Resource(
        ["https://huggingface.co/datasets/torchgeo/eurosat/resolve/"
         "c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip"],
        "EuroSAT.zip", "c8fa014336c82ac7804f0398fcb19387",
    )  # fmt: skip

    def __init__(
        self,
        root: Path,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
        loader: Callable[[str], Any] = default_loader,
    ) -> None:
        super().__init__(
            root, self.resource, "eurosat", "2750", transform, target_transform, download, loader
        )


class Country211(_ClassFolders):
    """Images of 211 countries, in root/country211; `split` is "train", "valid" or "test"."""

    resource = Resource(
        ["https://openaipublic.azureedge.net/clip/data/country211.tgz"],
        "country211.tgz", "84988d7644798601126c29e9877aab6a",
    )  # fmt: skip

    def __init__(
        self,
        root: Path,
        split: str = "train",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
        loader: Callable[[str], Any] = default_loader,
    ) -> None:
        self._split = one_of(split, "split", ("train", "valid", "test"))
        super().__init__(
            root, self.resource, "", os.path.join("country211", split), transform,
            target_transform, download, loader,
        )  # fmt: skip


class RenderedSST2(_ClassFolders):
    """Sentences of reviews as images, negative or positive, in root/rendered-sst2.

    `split` is "train" (6,920), "val" (872) or "test" (1,821).
    """

    resource = Resource(
        ["https://openaipublic.azureedge.net/clip/data/rendered-sst2.tgz"],
        "rendered-sst2.tgz", "2384d08e9dcfa4bd55b324e610496ee5",
    )  # fmt: skip

    def __init__(
        self,
        root: Path,
        split: str = "train",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
        loader: Callable[[str], Any] = default_loader,
    ) -> None:
        self._split = one_of(split, "split", ("train", "val", "test"))
        folder = os.path.join("rendered-sst2", "valid" if split == "val" else split)
        super().__init__(
            root, self.resource, "", folder, transform, target_transform, download, loader
        )

    def extra_repr(self) -> str:
        return f"split={self._split}"


# The folders' names, and the words for what is in them.
_IMAGENETTE = {
    "n01440764": ("tench", "Tinca tinca"),
    "n02102040": ("English springer", "English springer spaniel"),
    "n02979186": ("cassette player",),
    "n03000684": ("chain saw", "chainsaw"),
    "n03028079": ("church", "church building"),
    "n03394916": ("French horn", "horn"),
    "n03417042": ("garbage truck", "dustcart"),
    "n03425413": ("gas pump", "gasoline pump", "petrol pump", "island dispenser"),
    "n03445777": ("golf ball",),
    "n03888257": ("parachute", "chute"),
}


class Imagenette(_ClassFolders):
    """10 easy classes of ImageNet, in root/imagenette2; `split` is "train" or "val".

    `size` is "full", "320px" or "160px", of the shorter side.
    """

    resources = {
        size: Resource(
            [f"https://s3.amazonaws.com/fast-ai-imageclas/{name}.tgz"], f"{name}.tgz", md5
        )
        for size, name, md5 in (
            ("full", "imagenette2", "fe2fc210e6bb7c5664d602c3cd71e612"),
            ("320px", "imagenette2-320", "3df6f0d01a2c9592104656642f5e78a3"),
            ("160px", "imagenette2-160", "e793b78cc4c9e9a4ccc0c1155377a412"),
        )
    }

    def __init__(
        self,
        root: Path,
        split: str = "train",
        size: str = "full",
        download: bool = False,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        loader: Callable[[str], Any] = default_loader,
    ) -> None:
        self._split = one_of(split, "split", ("train", "val"))
        self._size = one_of(size, "size", tuple(self.resources))
        resource = self.resources[size]
        folder = os.path.join(resource.name.removesuffix(".tgz"), split)
        super().__init__(root, resource, "", folder, transform, target_transform, download, loader)
        self.wnids = self.classes
        self.wnid_to_idx = {wnid: number for number, wnid in enumerate(self.wnids)}
        self.classes = [_IMAGENETTE[wnid] for wnid in self.wnids]  # type: ignore[misc]  # several words each
        self.class_to_idx = {
            word: number for number, words in enumerate(self.classes) for word in words
        }


class SUN397(LoadedImages):
    """108,754 images of 397 kinds of places, in root/SUN397."""

    resource = Resource(
        ["http://vision.princeton.edu/projects/2010/SUN/SUN397.tar.gz"],
        "SUN397.tar.gz", "8ca2778205c41d23104230ba66911c7a",
    )  # fmt: skip

    def __init__(
        self,
        root: Path,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
        loader: Callable[[str], Any] = default_loader,
    ) -> None:
        super().__init__(root, transform, target_transform, loader)
        base = os.path.join(self.root, "SUN397")
        if download and not os.path.isdir(base):
            fetch_and_extract(self.resource, self.root)
        listing = os.path.join(base, "ClassName.txt")
        self.require(listing)
        with open(listing, encoding="utf-8") as file:
            self.name_classes([line[3:].strip() for line in file if line.strip()])  # "/a/abbey"
        self.files = sorted(glob(os.path.join(base, "**", "sun_*.jpg"), recursive=True))
        folders = [os.path.relpath(os.path.dirname(path), base) for path in self.files]
        self.labels = [self.class_to_idx["/".join(f.split(os.sep)[1:])] for f in folders]
