"""Objects of 101 and of 256 kinds: Fei-Fei et al., 2004; Griffin et al., 2007."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ..errors import DataError
from .archives import Resource, extract, fetch_and_extract
from .matlab import read_mat
from .vision import Transform, VisionDataset, one_of, open_image

# Folders of annotations that have another name than those of the images.
_ANNOTATIONS = {
    "Faces": "Faces_2", "Faces_easy": "Faces_3", "Motorbikes": "Motorbikes_16",
    "airplanes": "Airplanes_Side_2",
}  # fmt: skip


class _Caltech(VisionDataset):
    """Images in a folder for each category."""

    folder: str

    def _find(self) -> None:
        images = os.path.join(self.root, self.folder)
        if not os.path.isdir(images):
            raise DataError(
                f"Dataset not found: {type(self).__name__} needs {images}. You can use "
                "download=True to download it"
            )
        self.categories = sorted(entry.name for entry in os.scandir(images) if entry.is_dir())
        if "BACKGROUND_Google" in self.categories:
            self.categories.remove("BACKGROUND_Google")  # which is no category
        self.index: list[int] = []
        self.y: list[int] = []
        for number, name in enumerate(self.categories):
            found = os.listdir(os.path.join(images, name))
            count = sum(file.endswith(".jpg") for file in found)
            self.index += range(1, count + 1)
            self.y += [number] * count

    def __len__(self) -> int:
        return len(self.index)


class Caltech101(_Caltech):
    """About 9,000 images in 101 categories, in root/caltech101; `download=True` fetches them.

    `target_type` is "category", "annotation" (an outline, which SciPy reads), or a list of both.
    The images are as they are: a few are grey.
    """

    folder = "101_ObjectCategories"
    resource = Resource(
        ["https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip"],
        "caltech-101.zip", "3138e1922a9193bfa496528edbbc45d0",
    )  # fmt: skip

    def __init__(
        self,
        root: str | os.PathLike[str],
        target_type: Sequence[str] | str = "category",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        root = os.path.join(root, "caltech101")
        super().__init__(root, transform=transform, target_transform=target_transform)
        kinds = [target_type] if isinstance(target_type, str) else target_type
        self.target_type = [one_of(k, "target_type", ("category", "annotation")) for k in kinds]
        parts = [os.path.join(self.root, part) for part in (self.folder, "Annotations")]
        if download and not all(map(os.path.isdir, parts)):
            fetch_and_extract(self.resource, self.root)
            inner = os.path.join(self.root, "caltech-101")
            for name in sorted(os.listdir(inner)):
                if name.endswith((".tar", ".gz")):
                    extract(os.path.join(inner, name), self.root)
        self._find()

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        name, number = self.categories[self.y[index]], self.index[index]
        image = open_image(
            os.path.join(self.root, self.folder, name, f"image_{number:04d}.jpg"), mode=None
        )
        found: list[Any] = []
        for kind in self.target_type:
            if kind == "category":
                found.append(self.y[index])
            else:
                folder = os.path.join(self.root, "Annotations", _ANNOTATIONS.get(name, name))
                path = os.path.join(folder, f"annotation_{number:04d}.mat")
                found.append(read_mat(path, "obj_contour")[0])
        return self.transformed(image, tuple(found) if len(found) > 1 else found[0])

    def extra_repr(self) -> str:
        return f"Target type: {self.target_type}"


class Caltech256(_Caltech):
    """30,607 images in 257 categories, in root/caltech256; `download=True` fetches them.

    The images are as they are: a few are grey.
    """

    folder = "256_ObjectCategories"
    resource = Resource(
        ["https://data.caltech.edu/records/nyy15-4j048/files/256_ObjectCategories.tar"],
        "256_ObjectCategories.tar", "67b4f42ca05d46448c6bb8ecd2220f6d",
    )  # fmt: skip

    def __init__(
        self,
        root: str | os.PathLike[str],
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        root = os.path.join(root, "caltech256")
        super().__init__(root, transform=transform, target_transform=target_transform)
        if download and not os.path.isdir(os.path.join(self.root, self.folder)):
            fetch_and_extract(self.resource, self.root)
        self._find()

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        label = self.y[index]
        name = f"{label + 1:03d}_{self.index[index]:04d}.jpg"
        path = os.path.join(self.root, self.folder, self.categories[label], name)
        return self.transformed(open_image(path, mode=None), label)
