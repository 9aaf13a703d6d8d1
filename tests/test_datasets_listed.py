"""Datasets in folders, lists and tables, on small files of their formats."""

from __future__ import annotations

import bz2
import gzip
import lzma
import urllib.error
import zipfile
from pathlib import Path
from typing import Any

import pytest

import rushlight as torch
from data_fixtures import write_tar
from dataset_samples import PAIRS, SAMPLES, Sample, cityscapes, films
from rushlight.vision import DataError, datasets, transforms
from rushlight.vision.datasets import utils

Image = pytest.importorskip("PIL.Image")


def opened(sample: Sample, root: Path) -> Any:
    if sample.name == "StanfordCars":
        pytest.importorskip("scipy.io")
    sample.write(root)
    return getattr(datasets, sample.name)(root, **sample.options)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_formats(sample: Sample, tmp_path: Path) -> None:
    found = opened(sample, tmp_path)
    assert f"Dataset {sample.name}\n    Number of datapoints: {len(sample.targets)}" in repr(found)
    assert [target for _, target in found] == sample.targets
    assert all(isinstance(image, Image.Image) for image, _ in found)
    if sample.classes is not None:
        assert found.classes == sample.classes
    changed = {**sample.options, "transform": transforms.ToTensor(),
               "target_transform": lambda target: "changed"}  # fmt: skip
    image, target = getattr(datasets, sample.name)(tmp_path, **changed)[0]
    assert isinstance(image, torch.Tensor) and target == "changed"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_missing_files_are_named(sample: Sample, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"Dataset not found: {sample.name} needs {tmp_path}"):
        getattr(datasets, sample.name)(tmp_path, **sample.options)


def test_films(tmp_path: Path) -> None:
    films(tmp_path)
    whole = datasets.MovingMNIST(tmp_path)
    assert len(whole) == 2 and whole[1].shape == (20, 1, 64, 64) and whole[1].dtype == torch.uint8
    assert whole[1][:, 0, 0, 0].tolist() == list(range(1, 40, 2))
    train, test = (datasets.MovingMNIST(tmp_path, split, 15) for split in ("train", "test"))
    assert train[0].shape[0] == 15 and test[0].shape[0] == 5
    assert datasets.MovingMNIST(tmp_path, transform=lambda film: film.sum())[0].ndim == 0
    with pytest.raises(ValueError, match="1 <= split_ratio <= 19"):
        datasets.MovingMNIST(tmp_path, split_ratio=20)


def test_pairs_of_faces(tmp_path: Path) -> None:
    PAIRS(tmp_path)
    found = datasets.LFWPairs(tmp_path, "test")
    assert len(found) == 2 and [target for _, _, target in found] == [1, 0]
    assert [Path(path).name for path in found.pair_names[1]] == ["Bob_0001.jpg", "Cy_0001.jpg"]
    folds = datasets.LFWPairs(tmp_path, transform=transforms.ToTensor())
    assert [target for _, _, target in folds] == [1, 0, 1, 0]
    assert folds[0][1].shape == (3, 4, 6)


def test_several_targets_of_streets(tmp_path: Path) -> None:
    cityscapes(tmp_path)
    found = datasets.Cityscapes(tmp_path, "val", target_type=["semantic", "polygon"])
    image, (mask, outline) = found[1]
    assert mask.getpixel((0, 0)) == 7 and outline == {"objects": ["bonn_1"]}
    assert image.mode == "RGB" and found.classes[7].name == "road"
    with pytest.raises(ValueError, match="Unknown value 'train_extra' for argument split"):
        datasets.Cityscapes(tmp_path, "train_extra")


@pytest.mark.parametrize(("name", "path", "content", "said"), [
    ("FER2013", "fer2013/train.csv", "emotion\n3\n", "no table of faces"),
    ("SEMEION", "semeion.data", "1 2 x\n", "no rows of digits"),
    ("MovingMNIST", "MovingMNIST/mnist_test_seq.npy", "x", "no array of NumPy's"),
    ("LFWPairs", "lfw-py/pairs.txt", "2\t1\nAnn\n", "no list of faces"),
])  # fmt: skip
def test_damaged_lists_are_named(
    name: str, path: str, content: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "lfw-py" / "lfw_funneled").mkdir(parents=True)
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_text(content)
    options = {"download": False} if name == "SEMEION" else {}
    with pytest.raises(DataError, match=f"{Path(path).name}: {said}"):
        getattr(datasets, name)(tmp_path, **options)


def test_cars_cannot_be_fetched(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError, match="StanfordCars: the address of these files is"):
        datasets.StanfordCars(tmp_path, download=True)
    with pytest.raises(ValueError, match="LFW: the address of these files is gone"):
        datasets.LFWPeople(tmp_path, download=True)


def test_an_archive_is_fetched_and_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "1.jpg")
    content = (tmp_path / "1.jpg").read_bytes()
    write_tar(tmp_path / "a.tgz", {"country211/train/AD/1.jpg": content})
    resource = datasets.Country211.resource._replace(
        urls=[(tmp_path / "a.tgz").as_uri()], md5=utils.calculate_md5(tmp_path / "a.tgz")
    )
    monkeypatch.setattr(datasets.Country211, "resource", resource)
    assert len(datasets.Country211(tmp_path / "data", download=True)) == 1
    (tmp_path / "a.tgz").unlink()
    assert len(datasets.Country211(tmp_path / "data", download=True)) == 1


def offered(cls: Any, monkeypatch: pytest.MonkeyPatch, web: Path, *files: dict[str, str]) -> None:
    """Has a dataset fetch archives of these files, the last of which is not there yet."""
    web.mkdir()
    resources = list(cls.resources)
    for place, content in enumerate(files, len(resources) - len(files)):
        path = web / resources[place].name
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in content.items():
                archive.writestr(name, text)
        resources[place] = resources[place]._replace(urls=[path.as_uri()], md5=None)
    monkeypatch.setattr(cls, "resources", tuple(resources))
    path.rename(web / "later")


def fetched_in_two_runs(cls: Any, root: Path, web: Path, **options: Any) -> Any:
    """The dataset, of whose archives the last comes in the second run, and no other again."""
    with pytest.raises(urllib.error.URLError):
        cls(root, download=True, **options)
    for path in [*root.rglob("*.zip"), *web.glob("*.zip")]:
        path.unlink()
    (web / "later").rename(web / cls.resources[-1].name)
    return cls(root, download=True, **options)


@pytest.mark.parametrize("train", [True, False])
def test_streets_are_fetched_on_from_an_interrupt(
    train: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = {f"{part}/image_2/1.png": "" for part in ("training", "testing")}
    web = tmp_path / "web"
    offered(datasets.Kitti, monkeypatch, web, images, {"training/label_2/1.txt": ""})
    found = fetched_in_two_runs(datasets.Kitti, tmp_path / "data", web, train=train)
    assert len(found) == 1 and Path(found.images[0]).exists()
    assert (tmp_path / "data" / "Kitti" / "raw" / "training" / "label_2" / "1.txt").exists()


def test_signs_are_fetched_on_from_an_interrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web, listing = tmp_path / "web", {"GT-final_test.csv": "Filename;ClassId\n2.ppm;40\n"}
    offered(datasets.GTSRB, monkeypatch, web, {"GTSRB/Final_Test/Images/2.ppm": ""}, listing)
    found = fetched_in_two_runs(datasets.GTSRB, tmp_path / "data", web, split="test")
    assert found.labels == [40]


# ---- datasets.utils


def test_fetching_and_unpacking(tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar.gz", {"folder/a.txt": b"abc"})
    url, md5 = (tmp_path / "a.tar.gz").as_uri(), utils.calculate_md5(tmp_path / "a.tar.gz")
    root = tmp_path / "data"
    with pytest.raises(RuntimeError, match="File not found or corrupted"):
        utils.download_url(url, root, md5="0" * 32)
    utils.download_and_extract_archive(url, root, tmp_path / "out", md5=md5, remove_finished=True)
    assert (tmp_path / "out" / "folder" / "a.txt").read_bytes() == b"abc"
    assert not (root / "a.tar.gz").exists()
    utils.download_url(url, root, "b.tar.gz", md5)
    (tmp_path / "a.tar.gz").unlink()
    utils.download_url(url, root, "b.tar.gz", md5)  # it is there
    assert utils.check_integrity(root / "b.tar.gz", md5)
    assert not utils.check_integrity(root / "b.tar.gz", "0" * 32)
    assert utils.extract_archive(root / "b.tar.gz") == str(root)
    with pytest.raises(urllib.error.URLError):
        utils.download_url("http://127.0.0.1:9/c", root)


def test_unpacking_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"abc"))
    target = utils.extract_archive(tmp_path / "a.txt.gz", remove_finished=True)
    assert Path(target).read_bytes() == b"abc" and not (tmp_path / "a.txt.gz").exists()
    with pytest.raises(RuntimeError, match="Unknown compression or archive type: '.txt'"):
        utils.extract_archive(target)


PACKERS: dict[str, Any] = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


@pytest.mark.parametrize("ending", PACKERS)
def test_a_damaged_packed_file_leaves_what_was_there(ending: str, tmp_path: Path) -> None:
    packed, whole = tmp_path / f"a.txt{ending}", PACKERS[ending](bytes(range(256)) * 40)
    (tmp_path / "a.txt").write_text("before")
    for content in (whole[:-12], b"<html>" * 9, whole[:30] + b"????" + whole[34:], b"\0" * 9):
        packed.write_bytes(content)
        with pytest.raises(DataError, match=f"a.txt{ending}: no archive that can be unpacked"):
            utils.extract_archive(packed)
        assert (tmp_path / "a.txt").read_text() == "before"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", packed.name]
    packed.unlink()
    with pytest.raises(FileNotFoundError):
        utils.extract_archive(packed)


def test_a_packed_file_of_nothings_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushlight.vision.datasets.archives._UNPACKED_AT_LEAST", 1 << 20)
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(bytes(3 << 20)))
    with pytest.raises(DataError, match="more than 1048576 bytes, too many for its size"):
        utils.extract_archive(tmp_path / "a.txt.gz")
    assert not (tmp_path / "a.txt").exists()


def test_listing(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "a.png").touch()
    assert utils.list_dir(tmp_path) == ["b"] and utils.list_files(tmp_path, ".png") == ["a.png"]
    assert utils.list_files(tmp_path, (".jpg", ".png"), True) == [str(tmp_path / "a.png")]
    assert utils.verify_str_arg("a", "split", ["a", "b"]) == "a"
    with pytest.raises(ValueError, match="Unknown value 'c' for argument split. Valid values are"):
        utils.verify_str_arg("c", "split", ["a", "b"])
    with pytest.raises(ValueError, match="my words"):
        utils.verify_str_arg("c", "split", ["a", "b"], "my words")
