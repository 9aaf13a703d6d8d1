"""House numbers seen from the street: Netzer et al., http://ufldl.stanford.edu/housenumbers."""

from __future__ import annotations

import os

import numpy as np

from ..errors import DataError
from .archives import Resource, fetch, md5_of
from .matlab import read_mat
from .vision import ImageArrays, Transform, one_of, tell_of_checksum

_MD5 = {
    "train": "e26dedcc434d2e4c54c9b2d4a06d8373",
    "test": "eb5a983be6a315427106f1b164d9cef3",
    "extra": "a93ce644f1a588dc4d68dda5feec44a7",
}


class SVHN(ImageArrays):
    """73,257 + 26,032 + 531,131 colour images of 32x32 pixels, digits 0 to 9.

    `data` is the uint8 array (N, 3, 32, 32), `labels` the int64 array (N). SciPy reads them from
    root/train_32x32.mat and the like; `download=True` fetches the files.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = one_of(split, "split", tuple(_MD5))
        name = f"{split}_32x32.mat"
        url = f"http://ufldl.stanford.edu/housenumbers/{name}"
        path = os.path.join(self.root, name)
        if download:
            fetch(Resource([url], name, _MD5[split]), self.root)
        if not os.path.isfile(path):
            raise DataError(
                f"Dataset not found: SVHN needs {path}. You can use download=True to download it"
            )
        images, labels = read_mat(path, "X", "y")
        if images.dtype != np.uint8 or images.shape[:3] != (32, 32, 3):
            raise DataError(f"{path}: images of shape {images.shape} and dtype {images.dtype}")
        if labels.shape != images.shape[3:]:
            raise DataError(f"{path}: {images.shape[3]} images, but labels of {labels.shape}")
        found = md5_of(path)
        if found != _MD5[split]:
            tell_of_checksum(path, found, _MD5[split])
        self.labels = np.where(labels == 10, 0, labels).astype(np.int64)  # 0 is 10 there
        self.data = images.transpose(3, 2, 0, 1)

    def __getitem__(self, index: int) -> tuple[object, object]:
        from ..pillow import require_pillow

        pixels = np.ascontiguousarray(self.data[index].transpose(1, 2, 0))
        image = require_pillow("an image of SVHN").fromarray(pixels)
        return self.transformed(image, int(self.labels[index]))

    def extra_repr(self) -> str:
        return f"Split: {self.split}"
