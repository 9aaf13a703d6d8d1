"""Common objects in context: Lin et al., arXiv:1405.0312."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from ...errors import DataError
from .vision import Transform, VisionDataset, open_image


class CocoDetection(VisionDataset):
    """Images of a folder, and the annotations of each by a file of COCO's: a list of dictionaries.

    `annFile` is the JSON file. The images are in the order of their numbers, `ids`.

    >>> import json, pathlib, tempfile
    >>> from PIL import Image
    >>> from rushlight.vision.datasets import CocoDetection
    >>> root = pathlib.Path(tempfile.mkdtemp())
    >>> Image.new("RGB", (4, 4)).save(root / "1.png")
    >>> content = {"images": [{"id": 7, "file_name": "1.png"}],
    ...            "annotations": [{"id": 1, "image_id": 7, "bbox": [0, 0, 2, 2]}]}
    >>> _ = (root / "a.json").write_text(json.dumps(content))
    >>> CocoDetection(root, root / "a.json")[0][1]
    [{'id': 1, 'image_id': 7, 'bbox': [0, 0, 2, 2]}]
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        annFile: str | os.PathLike[str],
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        transforms: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        super().__init__(root, transforms, transform, target_transform)
        path = os.fspath(annFile)
        try:
            with open(path, encoding="utf-8") as file:
                content = json.load(file)
            self._files = {image["id"]: image["file_name"] for image in content["images"]}
            self._annotations: dict[Any, list[Any]] = {number: [] for number in self._files}
            for annotation in content.get("annotations", []):
                self._annotations[annotation["image_id"]].append(annotation)
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror})") from None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError(f"{path}: no annotations of COCO's ({error!r})") from None
        self.ids = sorted(self._files)
        self.categories = content.get("categories", [])

    def _load_image(self, id: Any) -> Any:
        return open_image(os.path.join(self.root, self._files[id]))

    def _load_target(self, id: Any) -> list[Any]:
        return self._annotations[id]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if not isinstance(index, int):
            raise ValueError(f"Index must be of type integer, got {type(index)} instead.")
        id = self.ids[index]
        return self.transformed(self._load_image(id), self._load_target(id))


class CocoCaptions(CocoDetection):
    """The same with the captions of each image: a list of strings."""

    def _load_target(self, id: Any) -> list[str]:
        return [annotation["caption"] for annotation in super()._load_target(id)]
