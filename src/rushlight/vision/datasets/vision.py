"""What image datasets have in common."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import DataError
from ...utils.data import Dataset
from ..pillow import require_pillow, unidentified

Transform = Callable[[Any], Any]


class StandardTransform:
    """A transform of the image and one of the target, either of which may be None.

    >>> from rushlight.vision.datasets.vision import StandardTransform
    >>> StandardTransform(abs, None)(-1, -2)
    (1, -2)
    """

    def __init__(
        self, transform: Transform | None = None, target_transform: Transform | None = None
    ) -> None:
        self.transform = transform
        self.target_transform = target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            input = self.transform(input)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return input, target

    def __repr__(self) -> str:
        lines = [type(self).__name__]
        lines += _headed("Transform: ", self.transform)
        lines += _headed("Target transform: ", self.target_transform)
        return "\n".join(lines)


class VisionDataset(Dataset[Any]):
    """A folder, and the transforms of its images and targets; prints as torchvision's.

    `transforms` takes both at once, in the place of `transform` and `target_transform`.

    >>> from rushlight.vision.datasets.vision import VisionDataset
    >>> class Empty(VisionDataset):
    ...     def __len__(self):
    ...         return 0
    >>> Empty("data")
    Dataset Empty
        Number of datapoints: 0
        Root location: data
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        transforms: Callable[[Any, Any], Any] | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
    ) -> None:
        self.root: Any = None if root is None else os.path.expanduser(os.fspath(root))
        separate = transform is not None or target_transform is not None
        if transforms is not None and separate:
            raise ValueError(
                "Only transforms or transform/target_transform can be passed as argument"
            )
        self.transform = transform
        self.target_transform = target_transform
        self.transforms: Any = transforms
        if separate:
            self.transforms = StandardTransform(transform, target_transform)

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} does not define __len__")

    def extra_repr(self) -> str:
        return ""

    def __repr__(self) -> str:
        body = [f"Number of datapoints: {len(self)}"]
        if self.root is not None:
            body.append(f"Root location: {self.root}")
        body += self.extra_repr().splitlines()
        if self.transforms is not None:
            body.append(repr(self.transforms))
        lines = [f"Dataset {type(self).__name__}", *(" " * 4 + line for line in body)]
        return "\n".join(lines)

    def require(self, *paths: str) -> None:
        """DataError for the first path that is not there."""
        for path in paths:
            if not os.path.exists(path):
                raise DataError(
                    f"Dataset not found: {type(self).__name__} needs {path}. You can use "
                    "download=True to download it"
                )

    def transformed(self, image: Any, target: Any) -> tuple[Any, Any]:
        """A sample as the user's transforms make it."""
        return (image, target) if self.transforms is None else self.transforms(image, target)


def _headed(head: str, transform: Any) -> list[str]:
    if transform is None:
        return []
    return (head + repr(transform).replace("\n", "\n" + " " * len(head))).splitlines()


class ImageArrays(VisionDataset):
    """Images in memory: `data` (N, H, W[, C]) of bytes, and a whole number for each."""

    data: Any
    targets: Any

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = require_pillow(f"an image of {type(self).__name__}").fromarray(self.data[index])
        return self.transformed(image, int(self.targets[index]))


class ImageFiles(VisionDataset):
    """Images in files, and a target for each."""

    files: Sequence[str]
    labels: Sequence[Any]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.transformed(open_image(self.files[index]), self.labels[index])


def open_image(path: str | os.PathLike[str], mode: str | None = "RGB") -> Any:
    """A PIL image of a file, in `mode` unless that is None.

    DataError, which names the file, where it is damaged, and is PIL's UnidentifiedImageError, too,
    where it is no image; what Python says where it cannot be opened.

    >>> from rushlight.vision.datasets.vision import open_image
    >>> open_image("nowhere.png")
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'nowhere.png'
    """
    pillow = require_pillow("reading images")
    try:
        with open(path, "rb") as file:
            image = pillow.open(file)
            if mode is None:
                image.load()
                return image
            return image.convert(mode)
    except pillow.DecompressionBombError as error:
        raise DataError(f"{os.fspath(path)}: {error}") from None
    except pillow.UnidentifiedImageError as error:
        raise unidentified(f"{os.fspath(path)}: no image that can be read ({error})") from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:  # Pillow's, of damaged images
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DataError(f"{os.fspath(path)}: no image that can be read ({error})") from None


def lines_of(path: str) -> list[str]:
    """The lines of a file that are not empty."""
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip()]


def one_of(value: Any, name: str, known: Sequence[str]) -> Any:
    """`value` if it is one of the strings that are known: ValueError otherwise.

    >>> from rushlight.vision.datasets.vision import one_of
    >>> one_of("test", "split", ["train", "test"])
    'test'
    """
    if not isinstance(value, str):
        raise ValueError(f"Expected type str for argument {name}, but got type {type(value)}.")
    if value not in known:
        listed = ", ".join(map(repr, known))
        raise ValueError(
            f"Unknown value '{value}' for argument {name}. Valid values are {{{listed}}}."
        )
    return value


_told: set[str] = set()


def tell_of_checksum(path: str, found: str, published: str) -> None:
    """Says once of a file that it is not the published one, which may be meant."""
    if path not in _told:
        _told.add(path)
        warnings.warn(
            f"{path} is not the published file: its md5 is {found}, expected {published}. It is "
            "used as it is.",
            stacklevel=3,
        )
