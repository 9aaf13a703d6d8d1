"""Random images, for programs that are tried without data."""

from __future__ import annotations

from typing import Any

import rushlight

from ..transforms.functional import to_pil_image
from .vision import Transform, VisionDataset


class FakeData(VisionDataset):
    """`size` random images and classes, the same at each access.

    >>> from rushlight.vision.datasets import FakeData
    >>> image, target = FakeData(3, image_size=(3, 8, 9))[0]
    >>> image.size, 0 <= target < 10
    ((9, 8), True)
    """

    def __init__(
        self,
        size: int = 1000,
        image_size: tuple[int, int, int] = (3, 224, 224),
        num_classes: int = 10,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        random_offset: int = 0,
    ) -> None:
        super().__init__(transform=transform, target_transform=target_transform)
        self.size = size
        self.num_classes = num_classes
        self.image_size = image_size
        self.random_offset = random_offset

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if index >= len(self):
            raise IndexError(f"{type(self).__name__} index out of range")
        with rushlight.random.fork_rng():
            rushlight.manual_seed(index + self.random_offset)
            image = to_pil_image(rushlight.randn(*self.image_size))
            target = rushlight.randint(0, self.num_classes, (1,))[0]
        image, target = self.transformed(image, target)
        return image, int(target)
