"""Every public name of PyTorch's is there, or it is said why not."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import rushlight
from rushlight.left_out import why_left_out
from rushlight.missing import pytorch_modules, pytorch_names

# Whole modules that may come.
NOT_YET = {"onnx"}


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
        if place.partition(".")[0] in NOT_YET or name in NOT_YET or why_left_out(of_module):
            continue
        if why_left_out(f"{place}.{name}") is None and not is_there(place, name):
            unsaid.add(f"{place}.{name}")
    assert not unsaid, "build them, or say in left_out.py why not"


def test_what_is_missing_is_a_module_with_a_reason() -> None:
    for place in pytorch_modules():
        known = place if "." in place else f"torch.{place}"
        if place.partition(".")[0] not in NOT_YET and module_of(place) is None:
            assert why_left_out(known), place


@pytest.mark.parametrize("place", ["futures", "quasirandom", "library", "__future__", "func"])
def test_a_place_is_whole(place: str) -> None:
    module = module_of(place)
    missing = {name for name in pytorch_modules().get(place, ()) if not hasattr(module, name)}
    assert all(why_left_out(f"{place}.{name}") for name in missing)
