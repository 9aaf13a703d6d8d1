"""Image datasets on small files of their formats: what they hold, and what they refuse."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import pickle
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from data_fixtures import write_tar
from rushlight.vision import DataError, datasets, transforms
from rushlight.vision.datasets.cifar import read_batch

Image = pytest.importorskip("PIL.Image")
rng = np.random.default_rng(0)
pytestmark = pytest.mark.filterwarnings("ignore:.*is not the published file")


def picture(path: Path, shade: int = 0, mode: str = "RGB", size: tuple[int, int] = (6, 4)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, shade).save(path)


# ---- each format


def cifar(root: Path) -> Any:
    folder = root / "cifar-10-batches-py"
    folder.mkdir()
    names = [f"class {i}" for i in range(10)]
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": names}, protocol=2))
    for number, name in enumerate(["test_batch", *(f"data_batch_{i}" for i in range(1, 6))]):
        data = np.full((2, 3072), number, np.uint8)
        data[1, 1024] = 200  # the first green value
        batch = {b"data": data, b"labels": [number, 9]}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    train, test = datasets.CIFAR10(root), datasets.CIFAR10(root, train=False)
    assert len(train) == 10 and len(test) == 2 and train.data.shape == (10, 32, 32, 3)
    assert train.class_to_idx["class 3"] == 3 and train.targets[:4] == [1, 9, 2, 9]
    image, label = train[1]
    assert image.getpixel((0, 0)) == (1, 200, 1) and label == 9
    return train


def cifar100(root: Path) -> Any:
    folder = root / "cifar-100-python"
    folder.mkdir()
    names = [f"class {i}" for i in range(100)]
    (folder / "meta").write_bytes(pickle.dumps({"fine_label_names": names}))
    batch = {"data": np.zeros((1, 3072), np.uint8), "fine_labels": [99]}
    for name in ("train", "test"):
        (folder / name).write_bytes(pickle.dumps(batch))
    found = datasets.CIFAR100(root)
    assert found[0][1] == 99 and len(found.classes) == 100
    return found


def svhn(root: Path) -> Any:
    savemat = pytest.importorskip("scipy.io").savemat
    images = rng.integers(0, 255, (32, 32, 3, 2), dtype=np.uint8)
    savemat(root / "train_32x32.mat", {"X": images, "y": np.array([[10], [3]])})
    found = datasets.SVHN(root)
    assert found.labels.tolist() == [0, 3] and found.data.shape == (2, 3, 32, 32)
    assert np.array_equal(np.asarray(found[1][0]), images[..., 1])
    return found


def usps(root: Path) -> Any:
    rows = [f"{label} " + " ".join(f"{i + 1}:{value}" for i in range(256))
            for label, value in ((1, -1.0), (10, 1.0))]  # fmt: skip
    (root / "usps.bz2").write_bytes(bz2.compress("\n".join(rows).encode()))
    found = datasets.USPS(root)
    assert found.targets == [0, 9] and found.data.reshape(2, -1)[:, 0].tolist() == [0, 255]
    return found


def stl10(root: Path) -> Any:
    folder = root / "stl10_binary"
    folder.mkdir()
    for name, count in (("train", 3), ("test", 1), ("unlabeled", 2)):
        np.arange(count * 27648, dtype=np.uint8).tofile(folder / f"{name}_X.bin")
        np.arange(1, count + 1, dtype=np.uint8).tofile(folder / f"{name}_y.bin")
    (folder / "class_names.txt").write_text("airplane\nbird\n")
    (folder / "fold_indices.txt").write_text("2 0\n1\n")
    assert datasets.STL10(root, folds=0).labels.tolist() == [2, 0]
    both = datasets.STL10(root, "train+unlabeled")
    assert both.labels.tolist() == [0, 1, 2, -1, -1] and both[0][0].size == (96, 96)
    assert both[0][0].getpixel((0, 1))[0] == 1  # columns first in the file
    return both


def food101(root: Path) -> Any:
    meta = root / "food-101" / "meta"
    meta.mkdir(parents=True)
    (meta / "train.json").write_text(json.dumps({"soup": ["soup/1"], "cake": ["cake/2"]}))
    for name in ("soup/1", "cake/2"):
        picture(root / "food-101" / "images" / f"{name}.jpg")
    found = datasets.Food101(root)
    assert found.classes == ["cake", "soup"] and found.labels == [1, 0]
    return found


def flowers102(root: Path) -> Any:
    savemat = pytest.importorskip("scipy.io").savemat
    base = root / "flowers-102"
    for number in (1, 2, 3):
        picture(base / "jpg" / f"image_{number:05d}.jpg", number)
    savemat(base / "setid.mat", {"trnid": [[3, 1]], "valid": [[2, 2]], "tstid": [[1, 2]]})
    savemat(base / "imagelabels.mat", {"labels": [[77, 1, 102]]})
    found = datasets.Flowers102(root)
    assert found.labels == [101, 76] and found.classes[76] == "passion flower"
    return found


def pets(root: Path) -> Any:
    base = root / "oxford-iiit-pet"
    for name in ("Abyssinian_1", "great_dane_2"):
        picture(base / "images" / f"{name}.jpg")
        picture(base / "annotations" / "trimaps" / f"{name}.png", 1, "L")
    lines = "Abyssinian_1 1 1 1\ngreat_dane_2 2 2 1\n"
    (base / "annotations" / "trainval.txt").write_text(lines)
    kinds = ["category", "binary-category", "segmentation"]
    found = datasets.OxfordIIITPet(root, target_types=kinds)
    assert found.classes == ["Abyssinian", "Great Dane"]
    category, kind, mask = found[1][1]
    assert (category, kind) == (1, 1) and mask.getpixel((0, 0)) == 1
    return found


def caltech101(root: Path) -> Any:
    savemat = pytest.importorskip("scipy.io").savemat
    base = root / "caltech101"
    for name in ("BACKGROUND_Google", "Faces", "ant"):
        picture(base / "101_ObjectCategories" / name / "image_0001.jpg")
    for name in ("Faces_2", "ant"):
        (base / "Annotations" / name).mkdir(parents=True)
        savemat(base / "Annotations" / name / "annotation_0001.mat", {"obj_contour": np.eye(2)})
    found = datasets.Caltech101(root, ["category", "annotation"])
    assert found.categories == ["Faces", "ant"] and found[0][1][1].shape == (2, 2)
    return found


def caltech256(root: Path) -> Any:
    picture(root / "caltech256" / "256_ObjectCategories" / "001.ak47" / "001_0001.jpg")
    return datasets.Caltech256(root)


def celeba(root: Path) -> Any:
    base = root / "celeba"
    names = ["000001.jpg", "000002.jpg", "000003.jpg"]
    for name in names:
        picture(base / "img_align_celeba" / name)

    def table(name: str, header: str, *rows: str) -> None:
        lines = [f"{n} {row}" for n, row in zip(names, rows, strict=True)]
        head = [str(len(rows)), header] if header else []
        (base / name).write_text("\n".join([*head, *lines]) + "\n")

    table("list_eval_partition.txt", "", "0", "1", "0")
    table("identity_CelebA.txt", "", "11", "12", "13")
    table("list_attr_celeba.txt", "Bald Young", "-1  1", " 1 -1", "-1 -1")
    table("list_bbox_celeba.txt", "x y w h", "1 2 3 4", "5 6 7 8", "9 9 9 9")
    table("list_landmarks_align_celeba.txt", "a b", "1 2", "3 4", "5 6")
    found = datasets.CelebA(root, target_type=["attr", "identity", "bbox", "landmarks"])
    assert found.attr_names == ["Bald", "Young"] and len(found) == 2
    attributes, identity, box, marks = found[1][1]
    assert attributes.tolist() == [0, 0] and identity.item() == 13
    assert box.tolist() == [9, 9, 9, 9] and marks.tolist() == [5, 6]
    assert len(datasets.CelebA(root, "all")) == 3 and len(datasets.CelebA(root, "test")) == 0
    return found


def voc_segmentation(root: Path) -> Any:
    base = root / "VOCdevkit" / "VOC2012"
    picture(base / "JPEGImages" / "a.jpg")
    picture(base / "SegmentationClass" / "a.png", 3, "P")
    (base / "ImageSets" / "Segmentation").mkdir(parents=True)
    (base / "ImageSets" / "Segmentation" / "train.txt").write_text("a\n")
    found = datasets.VOCSegmentation(root)
    assert found[0][1].mode == "P"
    return found


def voc_detection(root: Path) -> Any:
    base = root / "VOCdevkit" / "VOC2007"
    picture(base / "JPEGImages" / "a.jpg")
    (base / "Annotations").mkdir()
    (base / "Annotations" / "a.xml").write_text(
        "<annotation><size><width>6</width></size><object><name>cat</name></object></annotation>"
    )
    (base / "ImageSets" / "Main").mkdir(parents=True)
    (base / "ImageSets" / "Main" / "test.txt").write_text("a\n")
    found = datasets.VOCDetection(root, "2007", "test")
    target = found[0][1]["annotation"]
    assert target == {"size": {"width": "6"}, "object": [{"name": "cat"}]}
    return found


def coco(root: Path) -> Any:
    picture(root / "1.jpg")
    content = {
        "images": [{"id": 9, "file_name": "1.jpg"}, {"id": 3, "file_name": "1.jpg"}],
        "annotations": [{"id": 1, "image_id": 9, "caption": "a cat"}],
    }
    (root / "captions.json").write_text(json.dumps(content))
    found = datasets.CocoCaptions(root, root / "captions.json")
    assert found.ids == [3, 9] and found[0][1] == [] and found[1][1] == ["a cat"]
    return found


def _jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, "JPEG")
    return file.getvalue()


def imagenet(root: Path) -> Any:
    savemat = pytest.importorskip("scipy.io").savemat
    kinds = [("ILSVRC2012_ID", "i4"), ("WNID", "O"), ("words", "O"), ("gloss", "O"),
             ("num_children", "i4")]  # fmt: skip
    synsets = np.array([(1, "n01", "tench, Tinca tinca", "", 0), (2, "n02", "goldfish", "", 0),
                        (3, "n03", "fish", "", 2)], kinds)  # fmt: skip
    file = io.BytesIO()
    savemat(file, {"synsets": synsets})
    devkit = "ILSVRC2012_devkit_t12/data/"
    write_tar(root / "ILSVRC2012_devkit_t12.tar.gz", {
        devkit + "meta.mat": file.getvalue(),
        devkit + "ILSVRC2012_validation_ground_truth.txt": b"2\n1\n2\n",
    })  # fmt: skip
    write_tar(root / "ILSVRC2012_img_val.tar", {f"val_{i}.JPEG": _jpeg() for i in range(3)})
    for name in ("n01", "n02"):
        write_tar(root / f"{name}.tar", {f"{name}_1.JPEG": _jpeg()})
    inner = {f"{name}.tar": (root / f"{name}.tar").read_bytes() for name in ("n01", "n02")}
    write_tar(root / "ILSVRC2012_img_train.tar", inner)
    train = datasets.ImageNet(root, "train")
    assert len(train) == 2 and train.classes[0] == ("tench", "Tinca tinca")
    assert train.class_to_idx["goldfish"] == 1 and train.wnids == ["n01", "n02"]
    found = datasets.ImageNet(root, "val")
    assert found.targets == [0, 1, 1] and not list(root.glob("*.unpacking"))
    return found


def _idx(values: Any, kind: int = 8) -> bytes:
    head = struct.pack(f">{1 + values.ndim}I", kind << 8 | values.ndim, *values.shape)
    return gzip.compress(head + values.astype({8: "u1", 12: ">i4"}[kind]).tobytes())


def kmnist(root: Path) -> Any:
    folder = root / "kmnist"
    folder.mkdir()
    (folder / "train-images-idx3-ubyte.gz").write_bytes(_idx(np.ones((2, 28, 28))))
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(_idx(np.array([3, 9])))
    return datasets.KMNIST(root)


def emnist(root: Path) -> Any:
    folder = root / "EMNIST" / "raw" / "gzip"
    folder.mkdir(parents=True)
    for part in ("train", "test"):
        start = f"emnist-letters-{part}"
        (folder / f"{start}-images-idx3-ubyte.gz").write_bytes(_idx(np.ones((2, 28, 28))))
        (folder / f"{start}-labels-idx1-ubyte.gz").write_bytes(_idx(np.array([1, 26])))
    found = datasets.EMNIST(root, "letters")
    assert found.classes[found[1][1]] == "z"
    return found


def qmnist(root: Path) -> Any:
    folder = root / "QMNIST" / "raw"
    folder.mkdir(parents=True)
    (folder / "qmnist-train-images-idx3-ubyte.gz").write_bytes(_idx(np.ones((2, 28, 28))))
    labels = np.arange(16).reshape(2, 8)
    (folder / "qmnist-train-labels-idx2-int.gz").write_bytes(_idx(labels, 12))
    whole = datasets.QMNIST(root, compat=False)
    assert whole[1][1].tolist() == labels[1].tolist()
    return datasets.QMNIST(root)


FORMATS: dict[str, Callable[[Path], Any]] = {
    "CIFAR10": cifar, "CIFAR100": cifar100, "SVHN": svhn, "USPS": usps, "STL10": stl10,
    "Food101": food101, "Flowers102": flowers102, "OxfordIIITPet": pets, "Caltech101": caltech101,
    "Caltech256": caltech256, "CelebA": celeba, "VOCSegmentation": voc_segmentation,
    "VOCDetection": voc_detection, "CocoCaptions": coco, "ImageNet": imagenet, "KMNIST": kmnist,
    "EMNIST": emnist, "QMNIST": qmnist,
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_formats(name: str, tmp_path: Path) -> None:
    found = FORMATS[name](tmp_path)
    assert type(found).__name__ == name and f"Dataset {name}" in repr(found)
    image, _ = found[0]
    assert isinstance(image, Image.Image)
    found.transforms = datasets.vision.StandardTransform(transforms.ToTensor(), lambda target: -1)
    x, target = found[len(found) - 1]
    assert isinstance(x, torch.Tensor) and target == -1


ARGUMENTS: dict[str, dict[str, Any]] = {
    "EMNIST": {"split": "digits"}, "CocoDetection": {"annFile": "none.json"},
    "CocoCaptions": {"annFile": "none.json"}, "DatasetFolder": {"loader": open},
    "SEMEION": {"download": False},
}  # fmt: skip


@pytest.mark.parametrize("name", [n for n in datasets.__all__
                                  if n not in ("Digits", "FakeData", "VisionDataset")
                                  and isinstance(getattr(datasets, n), type)])  # fmt: skip
def test_an_empty_folder_says_what_is_missing(name: str, tmp_path: Path) -> None:
    with pytest.raises((DataError, FileNotFoundError)) as refused:
        getattr(datasets, name)(tmp_path, **ARGUMENTS.get(name, {}))
    assert str(tmp_path) in str(refused.value) or "none.json" in str(refused.value)


def test_options_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Unknown value 'x' for argument split. Valid values are"):
        datasets.SVHN(tmp_path, split="x")
    with pytest.raises(ValueError, match="Expected type str for argument split"):
        datasets.Food101(tmp_path, split=3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="folds should be in the range"):
        datasets.STL10(tmp_path, folds=10)
    with pytest.raises(ValueError, match="Only transforms or transform/target_transform"):
        datasets.VOCDetection(tmp_path, transform=abs, transforms=max)


# ---- files of others


def test_a_pickle_is_not_executed(tmp_path: Path) -> None:
    path = tmp_path / "data_batch_1"
    path.write_bytes(b"cos\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR.")
    with pytest.raises(DataError, match="data_batch_1: no batch of CIFAR's .*asks for os.system"):
        read_batch(str(path))
    assert not (tmp_path / "ran").exists()
    objects = np.array([{}], dtype=object)
    path.write_bytes(pickle.dumps({"data": objects}))
    with pytest.raises(DataError, match="an array of other than bytes"):
        read_batch(str(path))
    for content in (b"", b"\x80", pickle.dumps([1]), pickle.dumps({"data": objects})[:-9]):
        path.write_bytes(content)
        with pytest.raises(DataError, match="data_batch_1: no batch"):
            read_batch(str(path))


class Stateless:
    """An array whose pickle says nothing of what is in it."""

    def __reduce__(self) -> Any:
        return np._core.multiarray._reconstruct, (np.ndarray, (0,), b"b")


@pytest.mark.parametrize(("data", "labels", "text"), [
    (np.zeros((2, 9), np.uint8), [1, 2], r"images of shape \(2, 9\) with 2 labels"),
    (np.zeros((2, 3072), np.uint8), [1], "with 1 labels"),
    (np.zeros((1, 3072), np.uint8), [10], "item 0 has the label 10, but labels go from 0 to 9"),
    (None, [1], "it has no 'data'"),
    (Stateless(), [1], "it has no 'data'"),
])  # fmt: skip
def test_batches_that_make_no_sense(data: Any, labels: Any, text: str, tmp_path: Path) -> None:
    cifar(tmp_path)
    batch = pickle.dumps({"data": data, "labels": labels})
    (tmp_path / "cifar-10-batches-py" / "data_batch_2").write_bytes(batch)
    with pytest.raises(DataError, match=f"data_batch_2: .*{text}"):
        datasets.CIFAR10(tmp_path)


def test_classes_without_names(tmp_path: Path) -> None:
    cifar(tmp_path)
    (tmp_path / "cifar-10-batches-py" / "batches.meta").write_bytes(pickle.dumps({"labels": []}))
    with pytest.raises(DataError, match=r"batches\.meta: it has no 'label_names'"):
        datasets.CIFAR10(tmp_path)


def test_house_numbers_without_numbers(tmp_path: Path) -> None:
    savemat = pytest.importorskip("scipy.io").savemat
    images = np.zeros((32, 32, 3, 2), np.uint8)
    savemat(tmp_path / "train_32x32.mat", {"X": images, "y": np.array([[1], [2], [3]])})
    with pytest.raises(DataError, match=r"2 images, but labels of \(3,\)"):
        datasets.SVHN(tmp_path)


def test_what_an_interrupted_unpacking_left(tmp_path: Path) -> None:
    for kind in ("val", "train"):
        place = tmp_path / f"{kind}.unpacking" / "n01"
        place.mkdir(parents=True)
        (place / "half.JPEG").write_bytes(b"half")
    imagenet(tmp_path)
    for kind, names in (("train", {"n01_1.JPEG", "n02_1.JPEG"}),
                        ("val", {"val_0.JPEG", "val_1.JPEG", "val_2.JPEG"})):  # fmt: skip
        assert {path.name for path in (tmp_path / kind).glob("*/*")} == names
        assert not (tmp_path / f"{kind}.unpacking").exists()


def test_files_beside_the_folders_of_categories(tmp_path: Path) -> None:
    caltech101(tmp_path)
    (tmp_path / "caltech101" / "101_ObjectCategories" / ".DS_Store").write_bytes(b"")
    assert ".DS_Store" not in datasets.Caltech101(tmp_path).categories


def test_a_checksum_is_told_of_once(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="is not the published file: its md5 is") as told:
        cifar(tmp_path)
    assert len(told) == 7
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        datasets.CIFAR10(tmp_path)


DAMAGED = [b"", b"no image", _jpeg()[:200], b"\x89PNG\r\n\x1a\n" + bytes(40)]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_image_names_its_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.jpg").write_bytes(content)
    with pytest.raises(DataError, match=r"cat/1\.jpg: no image that can be read"):
        datasets.ImageFolder(tmp_path)[0]


def test_images_of_every_mode(tmp_path: Path) -> None:
    for number, mode in enumerate(("1", "L", "P", "RGBA", "CMYK", "I;16", "LA")):
        ending = "tif" if mode in ("CMYK", "I;16") else "png"
        picture(tmp_path / "cat" / f"{number}.{ending}", mode=mode)
    found = datasets.ImageFolder(tmp_path, transforms.ToTensor())
    assert len(found) == 7 and all(found[i][0].shape == (3, 4, 6) for i in range(7))


def test_folders(tmp_path: Path) -> None:
    picture(tmp_path / "b" / "deep" / "2.PNG")
    picture(tmp_path / "a" / "1.png")
    (tmp_path / "a" / "notes.txt").write_text("")
    found = datasets.ImageFolder(tmp_path, is_valid_file=lambda path: path.endswith("PNG"),
                                 allow_empty=True)  # fmt: skip
    assert found.targets == [1] and found.imgs[0][0].endswith("b/deep/2.PNG")
    (tmp_path / "c").mkdir()
    with pytest.raises(FileNotFoundError, match="no valid file for the classes c. Supported"):
        datasets.ImageFolder(tmp_path)
    with pytest.raises(ValueError, match="cannot be None or not None at the same time"):
        datasets.DatasetFolder(tmp_path, open)


def test_random_images_leave_the_stream_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(2).tolist()
    torch.manual_seed(5)
    found = datasets.FakeData(4, (3, 8, 8), num_classes=3)
    assert np.array_equal(found[1][0], found[1][0]) and not np.array_equal(found[0][0], found[1][0])
    assert torch.rand(2).tolist() == expected
    with pytest.raises(IndexError):
        found[4]
