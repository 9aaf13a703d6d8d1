"""`DataError` and its kinds: caught as what PyTorch and torchvision raise, and sent on whole."""

from __future__ import annotations

import copy
import hashlib
import pickle
import urllib.error
from pathlib import Path

import pytest

import rushlight as torch
from rushlight import hub
from rushlight.download import DownloadError
from rushlight.utils.data import DataLoader
from rushlight.vision import DataError, datasets, models
from rushlight.vision.datasets.idx import read_idx

REFUSED = "http://127.0.0.1:9/"


@pytest.mark.parametrize("error", [
    DataError("a.png: damaged"), DataError("a.png: damaged", "fetch it again"),
    DownloadError("nothing came", "run it again", "refused"),
])  # fmt: skip
def test_it_is_one_sentence_wherever_it_goes(error: DataError) -> None:
    assert isinstance(error, RuntimeError) and isinstance(error, OSError)
    assert error.errno is None and error.strerror is None and error.filename is None
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is type(error) and vars(other) == vars(error)
        assert str(other) == str(error) and other.args == error.args
    assert str(error).startswith(error.problem) and "Errno" not in str(error)


def images(folder: Path, content: bytes) -> datasets.ImageFolder:
    (folder / "cat").mkdir()
    (folder / "cat" / "1.jpg").write_bytes(content)
    return datasets.ImageFolder(folder)


@pytest.mark.parametrize("workers", [0, 1])
def test_what_is_no_image(tmp_path: Path, workers: int) -> None:
    pillow = pytest.importorskip("PIL")
    found = images(tmp_path, b"junk")
    with pytest.raises(pillow.UnidentifiedImageError, match=r"cat/1\.jpg: no image") as caught:
        next(iter(DataLoader(found, num_workers=workers)))
    assert isinstance(caught.value, DataError)
    (tmp_path / "cat" / "1.jpg").unlink()
    with pytest.raises(FileNotFoundError):
        found[0]
    (tmp_path / "cat" / "1.jpg").mkdir()
    with pytest.raises(IsADirectoryError):
        found[0]


def test_a_truncated_image_can_be_skipped(tmp_path: Path) -> None:
    pillow = pytest.importorskip("PIL.Image")
    pillow.effect_noise((64, 64), 100).save(tmp_path / "whole.jpg")
    found = images(tmp_path, (tmp_path / "whole.jpg").read_bytes()[:1000])
    with pytest.raises(OSError, match="truncated"):
        found[0]


def test_a_damaged_file_of_idx_keeps_its_words(tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(b"\0\0\x08\x01\0\0\0\x09")
    with pytest.raises(DataError, match="but 0 are there"):
        read_idx(str(tmp_path / "images"), 1)


def test_what_cannot_be_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(urllib.error.URLError, match="could not download file") as caught:
        hub.download_url_to_file(REFUSED + "file", tmp_path / "file", progress=False)
    assert isinstance(caught.value, DataError)
    assert isinstance(caught.value.reason, ConnectionRefusedError)
    with pytest.raises(urllib.error.URLError):
        hub.load_state_dict_from_url(REFUSED + "net.pth", tmp_path, progress=False)
    monkeypatch.setattr("rushlight.vision.models.weights._BASE", REFUSED)
    models.weights.weights_of.cache_clear()
    try:
        with pytest.raises(urllib.error.URLError, match="could not download alexnet-owt"):
            models.alexnet(weights="DEFAULT", progress=False)
    finally:
        models.weights.weights_of.cache_clear()


def test_what_is_fetched_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    torch.save({}, tmp_path / "alexnet-owt-7be5be79.pth")
    content = (tmp_path / "alexnet-owt-7be5be79.pth").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr("rushlight.vision.models.weights._BASE", tmp_path.as_uri() + "/")
    models.weights.weights_of.cache_clear()
    try:
        with pytest.raises(RuntimeError, match=f'expected "7be5be79", got "{digest}"') as caught:
            models.alexnet(weights="DEFAULT", progress=False)
    finally:
        models.weights.weights_of.cache_clear()
    assert not isinstance(caught.value, urllib.error.URLError)
    assert list((tmp_path / "home").rglob("*.pth*")) == []
