"""Datasets beside torchvision's, on the same small files."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torchvision_oracle

from rushlight.vision import datasets

sys.path.insert(0, str(Path(__file__).parents[1]))
from dataset_samples import PAIRS, SAMPLES, Sample, films

torchvision = torchvision_oracle.load()


@pytest.fixture(autouse=True)
def in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """torchvision takes files as the system lists them."""
    listed = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path=".": sorted(listed(path)))


@pytest.fixture(autouse=True)
def no_checksums(monkeypatch: pytest.MonkeyPatch) -> None:
    """torchvision refuses what is not the published file."""
    for name in ("fer2013", "semeion", "lfw", "omniglot", "moving_mnist"):
        module = importlib.import_module(f"torchvision.datasets.{name}")
        if hasattr(module, "check_integrity"):
            monkeypatch.setattr(module, "check_integrity", _is_there)
    for name in ("Omniglot", "LFWPeople", "LFWPairs"):
        kind = getattr(torchvision.datasets, name)
        monkeypatch.setattr(kind, "_check_integrity", lambda self: True)


def _is_there(path: Any, md5: str | None = None) -> bool:
    return Path(path).exists()


def _target(sample: Any) -> str:
    return str(sample[-1])


def _equal(found: Any, expected: Any) -> None:
    assert repr(found) == repr(expected)
    assert len(found) == len(expected)
    pairs = [sorted(samples, key=_target) for samples in (found, expected)]
    for a, b in zip(*pairs, strict=True):
        for ours, theirs in zip(a, b, strict=True):
            if hasattr(ours, "getbands") or hasattr(ours, "shape"):
                np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
            else:
                assert ours == theirs
    for name in ("classes", "class_to_idx", "wnids", "wnid_to_idx"):
        if hasattr(expected, name):
            assert getattr(found, name) == getattr(expected, name)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_samples(sample: Sample, tmp_path: Path) -> None:
    if sample.name == "StanfordCars":
        pytest.importorskip("scipy.io")
    sample.write(tmp_path)
    both = [getattr(package, sample.name)(str(tmp_path), **sample.options)
            for package in (datasets, torchvision.datasets)]  # fmt: skip
    _equal(*both)


@pytest.mark.parametrize("split", ["test", "10fold"])
def test_pairs(split: str, tmp_path: Path) -> None:
    PAIRS(tmp_path)
    both = (datasets, torchvision.datasets)
    _equal(*(package.LFWPairs(str(tmp_path), split) for package in both))


@pytest.mark.parametrize("split", [None, "train", "test"])
def test_films(split: str | None, tmp_path: Path) -> None:
    films(tmp_path)
    both = [package.MovingMNIST(tmp_path, split, 7) for package in (datasets, torchvision.datasets)]
    for found, expected in zip(*both, strict=True):
        np.testing.assert_array_equal(found.numpy(), expected.numpy())
