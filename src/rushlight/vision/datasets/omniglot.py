"""Characters of 50 alphabets: Lake et al., Science 350, 2015."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from .archives import Resource, fetch_and_extract
from .utils import list_dir, list_files
from .vision import ImageFiles, Transform, open_image

_URL = "https://raw.githubusercontent.com/brendenlake/omniglot/master/python/"


class Omniglot(ImageFiles):
    """964 characters of 30 alphabets (`background`), or 659 of 20 others, each drawn 20 times.

    They are in root/omniglot-py; `download=True` fetches them. A target is the character's number.
    """

    resources = {
        name: Resource([f"{_URL}{name}.zip"], f"{name}.zip", md5)
        for name, md5 in (
            ("images_background", "68d2efa1b9178cc56df9314c21c6e718"),
            ("images_evaluation", "6b91aef0f799c5bb55b94e3f2daec811"),
        )
    }

    def __init__(
        self,
        root: str | os.PathLike[str],
        background: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
        loader: Callable[[str], Any] | None = None,
    ) -> None:
        place = os.path.join(os.path.expanduser(os.fspath(root)), "omniglot-py")
        super().__init__(place, transform=transform, target_transform=target_transform)
        self.background = background
        self.loader = loader
        name = "images_background" if background else "images_evaluation"
        folder = os.path.join(place, name)
        if download and not os.path.isdir(folder):
            fetch_and_extract(self.resources[name], place)
        self.require(folder)
        characters = [
            os.path.join(alphabet, character)
            for alphabet in list_dir(folder, prefix=True) for character in list_dir(alphabet)
        ]  # fmt: skip
        drawn = [list_files(character, ".png", prefix=True) for character in characters]
        self.files = [path for paths in drawn for path in paths]
        self.labels = [number for number, paths in enumerate(drawn) for _ in paths]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path = self.files[index]
        image = self.loader(path) if self.loader else open_image(path, "L")
        return self.transformed(image, self.labels[index])
