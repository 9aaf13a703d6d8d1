"""Datasets whose samples say what they hold."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from rushlight.vision import datasets, tv_tensors
from rushlight.vision.datasets import wrap_dataset_for_transforms_v2 as wrapped
from rushlight.vision.transforms import v2

Image = pytest.importorskip("PIL.Image")

ANNOTATIONS = [
    {"id": 1, "image_id": 7, "bbox": [0, 1, 2, 3], "category_id": 5, "area": 6},
    {"id": 2, "image_id": 7, "bbox": [1, 1, 2, 2], "category_id": 3, "area": 4},
]
XML = """<annotation><object><name>cat</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>5</xmax>
<ymax>6</ymax></bndbox></object></annotation>"""


def coco(root: Path, **options):
    for name in ("1.png", "2.png"):
        Image.new("RGB", (8, 6)).save(root / name)
    images = [{"id": 7, "file_name": "1.png"}, {"id": 8, "file_name": "2.png"}]
    (root / "a.json").write_text(json.dumps({"images": images, "annotations": ANNOTATIONS}))
    return datasets.CocoDetection(root, root / "a.json", **options)


def voc(root: Path, cls):
    base = root / "VOCdevkit" / "VOC2012"
    for folder in ("ImageSets/Main", "ImageSets/Segmentation"):
        (base / folder).mkdir(parents=True)
        (base / folder / "train.txt").write_text("a\n")
    for folder in ("JPEGImages", "Annotations", "SegmentationClass"):
        (base / folder).mkdir()
    Image.new("RGB", (8, 6)).save(base / "JPEGImages" / "a.jpg")
    Image.new("L", (8, 6), 3).save(base / "SegmentationClass" / "a.png")
    (base / "Annotations" / "a.xml").write_text(XML)
    return cls(root)


def test_coco(tmp_path: Path) -> None:
    dataset = wrapped(coco(tmp_path))
    _, target = dataset[0]
    assert list(target) == ["image_id", "boxes", "labels"] and target["image_id"] == 7
    assert target["boxes"].tolist() == [[0, 1, 2, 4], [1, 1, 3, 3]]
    assert target["boxes"].canvas_size == (6, 8) and target["labels"].tolist() == [5, 3]
    assert dataset[1][1] == {"image_id": 8}
    assert isinstance(dataset, datasets.CocoDetection) and len(dataset) == 2
    assert repr(dataset).startswith("Dataset WrappedCocoDetection\n")


def test_keys_of_targets(tmp_path: Path) -> None:
    dataset = coco(tmp_path)
    assert wrapped(dataset, ["area", "labels"])[0][1]["area"] == [6, 4]
    with pytest.raises(ValueError, match=r"\['bogus'\]"):
        wrapped(dataset, ["bogus"])[0]
    with pytest.raises(ValueError, match="FashionMNIST|ImageFolder"):
        (tmp_path / "f" / "c").mkdir(parents=True)
        Image.new("L", (2, 2)).save(tmp_path / "f" / "c" / "a.png")
        wrapped(datasets.ImageFolder(tmp_path / "f"), ["boxes"])


def test_masks_of_coco_need_its_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pycocotools", None)
    with pytest.raises(ModuleNotFoundError, match="pip install pycocotools"):
        wrapped(coco(tmp_path), ["masks"])[0]


def test_transforms_get_what_is_wrapped(tmp_path: Path) -> None:
    flip = v2.Compose([v2.ToImage(), v2.RandomHorizontalFlip(p=1.0)])
    dataset = wrapped(coco(tmp_path, transforms=flip))
    for one in (dataset, pickle.loads(pickle.dumps(dataset))):
        image, target = one[0]
        assert type(image) is tv_tensors.Image
        assert target["boxes"].tolist() == [[6, 1, 8, 4], [5, 1, 7, 3]]


def test_voc(tmp_path: Path) -> None:
    target = wrapped(voc(tmp_path / "a", datasets.VOCDetection))[0][1]
    assert target["boxes"].tolist() == [[1, 2, 5, 6]] and target["labels"].tolist() == [8]
    mask = wrapped(voc(tmp_path / "b", datasets.VOCSegmentation))[0][1]
    assert type(mask) is tv_tensors.Mask and mask.shape == (1, 6, 8) and mask.unique() == 3


def test_samples_without_boxes_stay(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    Image.new("RGB", (2, 2)).save(tmp_path / "cat" / "a.png")
    image, target = wrapped(datasets.ImageFolder(tmp_path))[0]
    assert image.size == (2, 2) and target == 0


def test_what_cannot_be_wrapped() -> None:
    with pytest.raises(TypeError, match="list"):
        wrapped([1])
    with pytest.raises(TypeError, match="FakeData"):
        wrapped(datasets.FakeData(2))
