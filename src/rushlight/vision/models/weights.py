"""Weights that were trained elsewhere: where they are, and what they expect.

`weights.csv` has a row for each, with the figures that torchvision states.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from ... import hub
from ..transforms import InterpolationMode
from ..transforms.presets import ImageClassification

_HERE = Path(__file__).parent
_BASE = "https://download.pytorch.org/models/"
_SWAG = "https://github.com/facebookresearch/SWAG/blob/main/LICENSE"
# Mean and standard deviation of each channel; `vgg` are those of images of 0 to 255.
_NORMALIZATIONS: dict[str, dict[str, Any]] = {
    "imagenet": {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
    "half": {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)},
    "vgg": {"mean": (0.48235, 0.45882, 0.40784), "std": (1 / 255, 1 / 255, 1 / 255)},
}


@dataclass(eq=False)  # equal is what is the same: `transforms` are made anew
class Weights:
    """Where the weights are, the transforms that they expect, and what is known of them.

    >>> from rushlight.vision.models import AlexNet_Weights
    >>> AlexNet_Weights.DEFAULT.value.meta["min_size"]
    (63, 63)
    """

    url: str
    transforms: Callable[..., Any] = field(repr=False)
    meta: dict[str, Any] = field(repr=False)


class WeightsEnum(Enum):
    """The weights that there are of one network; `DEFAULT` is the best of them.

    >>> from rushlight.vision.models import ResNet50_Weights
    >>> ResNet50_Weights.DEFAULT
    ResNet50_Weights.IMAGENET1K_V2
    >>> ResNet50_Weights.DEFAULT.meta["categories"][0]
    'tench'
    """

    @classmethod
    def verify(cls, obj: Any) -> Any:
        """The member that `obj` is or names; None for None. Others are refused."""
        if isinstance(obj, str):
            return cls[obj.removeprefix(cls.__name__ + ".")]
        if obj is not None and not isinstance(obj, cls):
            raise TypeError(
                f"Invalid Weight class provided; expected {cls.__name__} but received "
                f"{type(obj).__name__}."
            )
        return obj

    @property
    def url(self) -> str:
        return self.value.url

    @property
    def transforms(self) -> Callable[..., Any]:
        """What makes the transforms that the network's images go through."""
        return self.value.transforms

    @property
    def meta(self) -> dict[str, Any]:
        return self.value.meta

    def get_state_dict(self, progress: bool = True, check_hash: bool = True) -> dict[str, Any]:
        """The weights, from the folder in which PyTorch keeps them, or fetched into it.

        See `torch.hub.load_state_dict_from_url`, which says where, and which errors it raises.
        """
        return hub.load_state_dict_from_url(
            self.url, map_location="cpu", progress=progress, check_hash=check_hash,
            weights_only=True,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"


@functools.cache
def _rows() -> dict[str, list[dict[str, str]]]:
    """The rows of each enumeration."""
    found: dict[str, list[dict[str, str]]] = {}
    with open(_HERE / "weights.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["enum"], []).append(row)
    return found


@functools.cache
def _categories() -> list[str]:
    return (_HERE / "imagenet_classes.txt").read_text(encoding="utf-8").splitlines()


def _weights(row: dict[str, str]) -> Weights:
    transforms = partial(
        ImageClassification,
        crop_size=int(row["crop_size"]),
        resize_size=int(row["resize_size"]),
        interpolation=InterpolationMode(row["interpolation"]),
        **_NORMALIZATIONS[row["normalization"]],
    )
    meta: dict[str, Any] = {
        "min_size": (int(row["min_size"]),) * 2,
        "num_params": int(row["num_params"]),
        "categories": None if row["normalization"] == "vgg" else _categories(),
        "_metrics": {"ImageNet-1K": {"acc@1": float(row["acc1"]), "acc@5": float(row["acc5"])}},
        "_ops": float(row["ops"]),
        "_file_size": float(row["file_size"]),
    }
    if row["license"]:
        meta["license"] = _SWAG
    return Weights(_BASE + row["file"], transforms, meta)


@functools.cache
def weights_of(name: str) -> Any:
    """The enumeration of that name."""
    rows = _rows()[name]
    members = {row["name"]: _weights(row) for row in rows}
    members["DEFAULT"] = members[next(row["name"] for row in rows if row["default"] == "1")]
    make: Any = WeightsEnum  # calling an enumeration without members makes one that has some
    return make(name, members, module="rushlight.vision.models")


def enum_of(model: str) -> Any:
    """The enumeration of a model's weights."""
    for name, rows in _rows().items():
        if rows[0]["model"] == model:
            return weights_of(name)
    raise ValueError(f"there are no weights for {model!r}")


def find_weights(name: str) -> Any:
    """An attribute of the modules of networks: the enumeration of that name."""
    if not name.endswith("_Weights") or name not in _rows():
        raise AttributeError(f"rushlight.vision.models has no attribute {name!r}")
    return weights_of(name)
