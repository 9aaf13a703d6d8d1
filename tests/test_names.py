"""Every public name of PyTorch's is there, or it is said why not."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import rushlight
from rushlight.left_out import why_left_out
from rushlight.missing import pytorch_modules, pytorch_names

# What may come.
NOT_YET = re.compile(
    r"(torch\.)?onnx.*|vision\.(datasets\.("
    r"clevr|CLEVR|flickr|Flickr|inaturalist|INaturalist|lsun|LSUN|pcam|PCAM|phototour|PhotoTour|"
    r"places365|Places365|sbd|SBD|sbu|SBU|widerface|WIDERFace|\w*Stereo|InStereo2k|Flying|HD1K|"
    r"KittiFlow|Sintel).*|io\.(image\.)?decode_heic|"
    r"models\.(detection\.|optical_flow|maxvit|MaxVit).*|"
    r"transforms\.v2\.functional\.\w+_(bounding_boxes|keypoints))"
)


def module_of(place: str) -> Any:
    """The module, or class, that has a place's names; None where there is none."""
    if place in ("torch", "Tensor"):
        return rushlight if place == "torch" else rushlight.Tensor
    try:
        return importlib.import_module(f"rushlight.{place}")
    except ModuleNotFoundError:
        return None


def names() -> Iterator[tuple[str, str]]:
    for name in pytorch_names():
        place, _, last = name.rpartition(".")
        yield place, last
    for place, found in pytorch_modules().items():
        yield from ((place, name) for name in found)


def is_there(place: str, name: str) -> bool:
    owner = module_of(place)
    if owner is None:
        return False
    return hasattr(owner, name) or isinstance(module_of(f"{place}.{name}"), ModuleType)


def test_what_is_missing_has_a_reason() -> None:
    unsaid = set()
    for place, name in names():
        of_module = place if "." in place or place == "torch" else f"torch.{place}"
        if NOT_YET.fullmatch(f"{place}.{name}") or why_left_out(of_module):
            continue
        if why_left_out(f"{place}.{name}") is None and not is_there(place, name):
            unsaid.add(f"{place}.{name}")
    assert not unsaid, "build them, or say in left_out.py why not"


def test_what_is_missing_is_a_module_with_a_reason() -> None:
    for place in pytorch_modules():
        known = place if "." in place else f"torch.{place}"
        if not NOT_YET.fullmatch(place) and module_of(place) is None:
            assert why_left_out(known), place


@pytest.mark.parametrize("place", ["futures", "quasirandom", "library", "__future__", "func"])
def test_a_place_is_whole(place: str) -> None:
    module = module_of(place)
    missing = {name for name in pytorch_modules().get(place, ()) if not hasattr(module, name)}
    assert all(why_left_out(f"{place}.{name}") for name in missing)
