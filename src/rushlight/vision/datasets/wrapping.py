"""Datasets whose samples say what they hold, as the transforms of `transforms.v2` ask for."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import rushlight

from ...tensor import Tensor
from .. import tv_tensors
from .caltech import Caltech101, Caltech256
from .celeba import CelebA
from .cifar import CIFAR10
from .coco import CocoCaptions, CocoDetection
from .folder import DatasetFolder
from .imagenet import ImageNet
from .mnist import MNIST
from .oxford_iiit_pet import OxfordIIITPet
from .vision import VisionDataset
from .voc import VOCDetection, VOCSegmentation

# (dataset, target keys) -> what makes (number, sample) into a sample that says what it holds.
Wrapping = Callable[[Any, int, Any, Any], Any]

_CLASSES_OF_VOC = (
    "__background__ aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse "
    "motorbike person pottedplant sheep sofa train tvmonitor"
).split()


def wrap_dataset_for_transforms_v2(
    dataset: VisionDataset, target_keys: Iterable[str] | str | None = None
) -> Any:
    """The dataset with boxes and masks in its samples as `BoundingBoxes` and `Mask`.

    Its transforms get these. Targets of CocoDetection and VOCDetection become dictionaries of
    tensors: `target_keys` says which keys they have, "all" for all there are (None: boxes and
    labels, and of COCO's the image's number). COCO's "masks" need pycocotools.

    TypeError for a dataset that is no `VisionDataset`, or of a class whose targets are not known;
    ValueError for keys that there are not.

    >>> import json, pathlib, tempfile
    >>> from PIL import Image
    >>> from rushlight.vision import datasets
    >>> root = pathlib.Path(tempfile.mkdtemp())
    >>> Image.new("RGB", (4, 4)).save(root / "1.png")
    >>> content = {"images": [{"id": 7, "file_name": "1.png"}],
    ...            "annotations": [{"image_id": 7, "bbox": [0, 0, 2, 3], "category_id": 5}]}
    >>> _ = (root / "a.json").write_text(json.dumps(content))
    >>> dataset = datasets.CocoDetection(root, root / "a.json")
    >>> datasets.wrap_dataset_for_transforms_v2(dataset)[0][1]["boxes"].tolist()
    [[0, 0, 2, 3]]
    """
    if not isinstance(dataset, VisionDataset):
        raise TypeError(
            "wrap_dataset_for_transforms_v2: a dataset of rushlight.vision.datasets, not of type "
            f"{type(dataset).__name__}; wrap its samples yourself"
        )
    kind = next((base for base in type(dataset).__mro__ if base in _WRAPPINGS), None)
    if kind is None:
        raise TypeError(
            f"No wrapper exists for dataset class {type(dataset).__name__}. Please wrap the output "
            "yourself."
        )
    if target_keys is not None and kind not in _KEYS:
        raise ValueError(
            "`target_keys` is only for `CocoDetection` and `VOCDetection`, but got "
            f"{type(dataset).__name__}."
        )
    _check(dataset, kind)
    if target_keys is not None and target_keys != "all":
        target_keys = list(target_keys)
    name = f"Wrapped{type(dataset).__name__}"
    wrapped: Any = object.__new__(type(name, (_Wrapped, type(dataset)), {}))
    vars(wrapped).update(vars(dataset))
    plain: Any = copy.copy(dataset)
    plain.transform = plain.target_transform = plain.transforms = None
    wrapped._plain, wrapped._kind, wrapped._target_keys = plain, kind, target_keys
    return wrapped


class _Wrapped:
    """Before the class of a dataset among the bases of a wrapped one."""

    _plain: Any
    _kind: type
    _target_keys: Any
    transforms: Any

    def __getitem__(self, index: int) -> Any:
        sample = _WRAPPINGS[self._kind](self._plain, index, self._plain[index], self._target_keys)
        return sample if self.transforms is None else self.transforms(*sample)

    def __reduce__(self) -> Any:
        dataset: Any = copy.copy(self._plain)
        vars(dataset).update(
            {name: getattr(self, name) for name in ("transform", "target_transform", "transforms")}
        )
        return wrap_dataset_for_transforms_v2, (dataset, self._target_keys)


def _size(image: Any) -> tuple[int, int]:
    """(height, width) of a PIL image."""
    return image.height, image.width


def _same(dataset: Any, index: int, sample: Any, keys: Any) -> Any:
    return sample


def _segmentation(dataset: Any, index: int, sample: Any, keys: Any) -> Any:
    image, mask = sample
    return image, tv_tensors.Mask(mask)


# The keys of targets: without `target_keys`, and all that are made here.
_KEYS = {
    CocoDetection: (("image_id", "boxes", "labels"), ("image_id", "boxes", "masks", "labels")),
    VOCDetection: (("boxes", "labels"), ("annotation", "boxes", "labels")),
}


def _chosen(kind: type, keys: Any, more: Iterable[str] = ()) -> list[str]:
    default, made = _KEYS[kind]
    available = [*made, *(key for key in more if key not in made)]
    if keys is None:
        return list(default)
    if keys == "all":
        return available
    unknown = sorted(set(keys) - set(available))
    if unknown:
        raise ValueError(f"Target keys {unknown} are not available")
    return [key for key in available if key in keys]


# What COCO's annotations may hold, whether or not those of an image do.
_FIELDS_OF_COCO = ("segmentation", "area", "iscrowd", "bbox", "category_id")


def _coco(dataset: Any, index: int, sample: Any, keys: Any) -> Any:
    image, annotations = sample
    present = dict.fromkeys(key for annotation in annotations for key in annotation)
    fields = [key for key in (*_FIELDS_OF_COCO, *present) if key not in ("id", "image_id")]
    chosen = _chosen(CocoDetection, keys, fields)
    makers: dict[str, Callable[[], Any]] = {
        "boxes": lambda: _boxes_of_coco(image, annotations),
        "masks": lambda: _masks_of_coco(image, annotations),
        "labels": lambda: rushlight.tensor([one["category_id"] for one in annotations]),
    }
    target: dict[str, Any] = {}
    for key in chosen:
        if key == "image_id":
            target[key] = dataset.ids[index]
        elif annotations:
            made = makers.get(key)
            target[key] = made() if made else [one.get(key) for one in annotations]
    return image, target


def _boxes_of_coco(image: Any, annotations: list[Any]) -> Tensor:
    from ..transforms.v2.functional import convert_bounding_box_format

    boxes = tv_tensors.BoundingBoxes(
        [one["bbox"] for one in annotations], format="XYWH", canvas_size=_size(image)
    )
    return convert_bounding_box_format(boxes, new_format="XYXY")


def _masks_of_coco(image: Any, annotations: list[Any]) -> Tensor:
    try:
        from pycocotools import mask as coco
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "masks of COCO's polygons need pycocotools: pip install pycocotools", name=error.name
        ) from None
    masks = []
    for one in annotations:
        shape = one["segmentation"]
        if isinstance(shape, list):
            shape = coco.merge(coco.frPyObjects(shape, *_size(image)))
        elif isinstance(shape["counts"], list):
            shape = coco.frPyObjects(shape, *_size(image))
        masks.append(rushlight.from_numpy(coco.decode(shape)))
    return tv_tensors.Mask(rushlight.stack(masks))


def _voc_detection(dataset: Any, index: int, sample: Any, keys: Any) -> Any:
    image, target = sample
    things = target["annotation"].get("object", [])
    sides = ("xmin", "ymin", "xmax", "ymax")
    boxes = [[int(float(thing["bndbox"][side])) for side in sides] for thing in things]
    made = {
        "annotation": target["annotation"],
        "boxes": tv_tensors.BoundingBoxes(
            rushlight.tensor(boxes, dtype=rushlight.int64).reshape(-1, 4),
            format="XYXY",
            canvas_size=_size(image),
        ),
        "labels": rushlight.tensor(
            [_CLASSES_OF_VOC.index(thing["name"]) for thing in things], dtype=rushlight.int64
        ),
    }
    return image, {key: made[key] for key in _chosen(VOCDetection, keys)}


def _celeba(dataset: Any, index: int, sample: Any, keys: Any) -> Any:
    image, target = sample
    kinds = dataset.target_type
    targets = target if len(kinds) > 1 else (target,) * len(kinds)
    made = tuple(
        _box_of_celeba(image, part) if kind == "bbox" else part
        for kind, part in zip(kinds, targets, strict=True)
    )
    return image, made[0] if len(made) == 1 else made


def _box_of_celeba(image: Any, box: Tensor) -> Tensor:
    from ..transforms.v2.functional import convert_bounding_box_format

    boxes = tv_tensors.BoundingBoxes(box, format="XYWH", canvas_size=_size(image))
    return convert_bounding_box_format(boxes, new_format="XYXY")


def _pet(dataset: Any, index: int, sample: Any, keys: Any) -> Any:
    image, target = sample
    kinds = dataset.target_types
    targets = target if len(kinds) > 1 else (target,)
    made = tuple(
        tv_tensors.Mask(part) if kind == "segmentation" else part
        for kind, part in zip(kinds, targets, strict=True)
    )
    return image, made[0] if len(made) == 1 else made


# Of each class of datasets; those of others are refused.
_WRAPPINGS: dict[type, Wrapping] = {
    **dict.fromkeys(
        (CIFAR10, Caltech101, Caltech256, CocoCaptions, DatasetFolder, ImageNet, MNIST), _same
    ),
    VOCSegmentation: _segmentation,
    VOCDetection: _voc_detection,
    CocoDetection: _coco,
    CelebA: _celeba,
    OxfordIIITPet: _pet,
}
# Targets that are neither classes nor boxes, which torchvision refuses, too.
_REFUSED: dict[type, tuple[str, ...]] = {
    CelebA: ("attr", "landmarks"), Caltech101: ("annotation",),
}  # fmt: skip


def _check(dataset: Any, kind: type) -> None:
    refused = [name for name in _REFUSED.get(kind, ()) if name in dataset.target_type]
    if refused:
        raise RuntimeError(
            f"{kind.__name__} with target_type={refused} is not wrapped; leave it away, or wrap "
            "the samples yourself"
        )
