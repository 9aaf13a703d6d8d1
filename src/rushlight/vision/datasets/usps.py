"""Digits of envelopes: Hull, IEEE Trans. PAMI 16, 1994, in the form of LIBSVM's datasets."""

from __future__ import annotations

import os

import numpy as np

from ...errors import DataError
from .archives import Resource, fetch, open_packed
from .vision import ImageArrays, Transform

_URL = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/"
_MD5 = {
    "usps.bz2": "ec16c51db3855ca6c91edd34d0e9b197",
    "usps.t.bz2": "8ea070ee2aca1ac39742fdd1ef5ed118",
}


class USPS(ImageArrays):
    """7,291 + 2,007 grey images of 16x16 pixels, digits 0 to 9.

    `data` is the uint8 array (N, 16, 16), `targets` a list. The files are root/usps.bz2 and
    root/usps.t.bz2; `download=True` fetches them.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        train: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        name = "usps.bz2" if train else "usps.t.bz2"
        path = os.path.join(self.root, name)
        if download:
            fetch(Resource([_URL + name], name, _MD5[name]), self.root)
        self.require(path)
        try:
            with open_packed(path) as file:
                rows = [line.split() for line in file]
            # Each row is a label from 1 on, and 256 times "place:value" with values of -1 to 1.
            values = np.array([[part.split(b":")[1] for part in row[1:]] for row in rows], float)
            self.data = ((values.astype(np.float32) + 1) / 2 * 255).astype(np.uint8)
            self.data = self.data.reshape(-1, 16, 16)
            self.targets = [int(float(row[0])) - 1 for row in rows]
        except (OSError, EOFError, ValueError, IndexError) as error:
            raise DataError(f"{path}: no rows of images that can be read ({error})") from None
