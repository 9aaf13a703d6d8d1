"""CIFAR-10 and CIFAR-100: Krizhevsky, "Learning multiple layers of features from tiny images"."""

from __future__ import annotations

import os
import pickle
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError
from .archives import Resource, fetch_and_extract, md5_of
from .vision import ImageArrays, Transform, tell_of_checksum

_SIDE = 32


class _Array:
    """Stands in for NumPy's array while a batch is read: nothing of the file is executed."""

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, content = state
        if dtype != "u1" or fortran or not isinstance(content, (bytes, str)):
            raise pickle.UnpicklingError("an array of other than bytes")
        if isinstance(content, str):  # Python 2's bytes
            content = content.encode("latin1")
        self.values = np.frombuffer(content, np.uint8).reshape(shape)


class _Type(str):
    """Stands in for NumPy's dtype."""

    def __new__(cls, name: str, *rest: Any) -> _Type:
        return super().__new__(cls, name)

    def __setstate__(self, state: Any) -> None:
        pass


def _made(*arguments: Any) -> _Array:
    return _Array()


def _encoded(text: str, encoding: str) -> bytes:
    return text.encode(encoding)


_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): _made,
    ("numpy._core.multiarray", "_reconstruct"): _made,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _encoded,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def read_batch(path: str) -> dict[str, Any]:
    """The dictionary of a file of CIFAR's, in which nothing but arrays of bytes is made.

    DataError, which names the file, for others.
    """
    try:
        with open(path, "rb") as file:
            found = _Unpickler(file, encoding="latin1").load()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    except Exception as error:  # of a damaged pickle it may be any
        raise DataError(f"{path}: no batch of CIFAR's ({error})") from None
    if not isinstance(found, dict):
        raise DataError(f"{path}: no batch of CIFAR's (it holds a {type(found).__name__})")
    return {
        (key.decode("latin1") if isinstance(key, bytes) else key): value
        for key, value in found.items()
    }


class _File(NamedTuple):
    name: str
    md5: str


class CIFAR10(ImageArrays):
    """50,000 + 10,000 colour images of 32x32 pixels in 10 classes.

    `data` is the uint8 array (N, 32, 32, 3), `targets` a list. The files are looked for in
    root/cifar-10-batches-py; `download=True` fetches them. RuntimeError (a `DataError`) where they
    are missing or damaged.
    """

    base_folder = "cifar-10-batches-py"
    resource = Resource(
        ["https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"],
        "cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a",
    )  # fmt: skip
    train_files: tuple[_File, ...] = (
        _File("data_batch_1", "c99cafc152244af753f735de768cd75f"),
        _File("data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"),
        _File("data_batch_3", "54ebc095f3ab1f0389bbae665268c751"),
        _File("data_batch_4", "634d18415352ddfa80567beed471001a"),
        _File("data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"),
    )
    test_files = (_File("test_batch", "40351d587109b95175f43aff81a1287e"),)
    names_file = _File("batches.meta", "5ff9c542aee3614f3951f8cda6e48888")
    names_key, labels_key = "label_names", "labels"

    def __init__(
        self,
        root: str | os.PathLike[str],
        train: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download and not self._are_there():
            fetch_and_extract(self.resource, self.root)
        if not self._are_there():
            raise DataError(
                f"Dataset not found: {type(self).__name__} needs the files of "
                f"{os.path.join(self.root, self.base_folder)}. You can use download=True to "
                "download it"
            )
        self.classes = self._names()
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}
        parts = [self._images(file) for file in (self.train_files if train else self.test_files)]
        self.data = np.concatenate([images for images, _ in parts])
        self.targets = [label for _, labels in parts for label in labels]

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"

    def _path(self, file: _File) -> str:
        return os.path.join(self.root, self.base_folder, file.name)

    def _are_there(self) -> bool:
        files = (*self.train_files, *self.test_files, self.names_file)
        return all(os.path.isfile(self._path(file)) for file in files)

    def _read(self, file: _File) -> dict[str, Any]:
        path = self._path(file)
        found = md5_of(path)
        values = read_batch(path)
        if found != file.md5:
            tell_of_checksum(path, found, file.md5)
        return values

    def _names(self) -> list[str]:
        names = self._read(self.names_file).get(self.names_key)
        if not isinstance(names, list):
            raise DataError(f"{self._path(self.names_file)}: it has no '{self.names_key}'")
        return [str(name) for name in names]

    def _images(self, file: _File) -> tuple[np.ndarray[Any, Any], list[int]]:
        batch, path = self._read(file), self._path(file)
        images, labels = getattr(batch.get("data"), "values", None), batch.get(self.labels_key)
        if not isinstance(images, np.ndarray) or not isinstance(labels, list):
            raise DataError(f"{path}: it has no 'data' and '{self.labels_key}'")
        if images.ndim != 2 or images.shape[1] != 3 * _SIDE**2 or len(images) != len(labels):
            raise DataError(f"{path}: images of shape {images.shape} with {len(labels)} labels")
        for number, label in enumerate(labels):
            if not isinstance(label, int) or not 0 <= label < len(self.classes):
                raise DataError(
                    f"{path}: item {number} has the label {label!r}, but labels go from 0 to "
                    f"{len(self.classes) - 1}"
                )
        return images.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1), labels


class CIFAR100(CIFAR10):
    """50,000 + 10,000 colour images of 32x32 pixels in 100 classes; used as `CIFAR10`."""

    base_folder = "cifar-100-python"
    resource = Resource(
        ["https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"],
        "cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85",
    )  # fmt: skip
    train_files = (_File("train", "16019d7e3df5f24257cddd939b257f8d"),)
    test_files = (_File("test", "f0ef6b0ae62326f3e7ffdfab6717acfc"),)
    names_file = _File("meta", "7973b15100ade9c7d40fb424638fde48")
    names_key, labels_key = "fine_label_names", "fine_labels"
