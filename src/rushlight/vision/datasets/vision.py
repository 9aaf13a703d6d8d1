"""What image datasets have in common."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ...utils.data import Dataset


class VisionDataset(Dataset[Any]):
    """A folder, the transform of its images and that of its targets; prints as torchvision's.

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
        root: str | os.PathLike[str],
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        self.root = os.path.expanduser(os.fspath(root))
        self.transform = transform
        self.target_transform = target_transform

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} does not define __len__")

    def extra_repr(self) -> str:
        return ""

    def __repr__(self) -> str:
        body = [f"Number of datapoints: {len(self)}", f"Root location: {self.root}"]
        body += self.extra_repr().splitlines()
        lines = []
        if self.transform is not None or self.target_transform is not None:
            body.append("StandardTransform")
            lines += _headed("Transform: ", self.transform)
            lines += _headed("Target transform: ", self.target_transform)
        return "\n".join(
            [f"Dataset {type(self).__name__}", *(" " * 4 + line for line in body), *lines]
        )


def _headed(head: str, transform: Any) -> list[str]:
    if transform is None:
        return []
    return (head + repr(transform).replace("\n", "\n" + " " * len(head))).splitlines()
