"""Small files in the formats of datasets, and what is read from them, for every library."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass
class Sample:
    """`write` makes the files of a dataset of that name in a folder."""

    name: str
    write: Callable[[Path], None]
    targets: list[Any]
    options: dict[str, Any] = field(default_factory=dict)
    classes: list[Any] | None = None


def picture(path: Path, shade: int = 0, mode: str = "RGB") -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (6, 4), shade).save(path)


def pictures(*names: str) -> Callable[[Path], None]:
    """Images at these places, each darker than the next."""

    def write(root: Path) -> None:
        for number, name in enumerate(names):
            picture(root / name, 10 * number)

    return write


def with_text(write: Callable[[Path], None], **texts: str) -> Callable[[Path], None]:
    """The same, and files of text, whose names are paths."""

    def write_all(root: Path) -> None:
        write(root)
        for name, text in texts.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)

    return write_all


def cars(root: Path) -> None:
    from scipy.io import savemat

    base = root / "stanford_cars"
    pictures("cars_train/1.jpg", "cars_train/2.jpg", "cars_test/3.jpg")(base)
    (base / "devkit").mkdir()
    savemat(base / "devkit" / "cars_meta.mat", {"class_names": np.array(["Audi", "BMW"], object)})
    rows = np.array([("1.jpg", 2), ("2.jpg", 1)], [("fname", "O"), ("class", "O")])
    savemat(base / "devkit" / "cars_train_annos.mat", {"annotations": rows})
    savemat(base / "cars_test_annos_withlabels.mat", {"annotations": rows})


def faces(name: str, text: str) -> Callable[[Path], None]:
    pixels = " ".join(str(i % 256) for i in range(48 * 48))
    return with_text(lambda root: None, **{f"fer2013/{name}": text.replace("PIXELS", pixels)})


def digits(root: Path) -> None:
    rows = np.zeros((3, 266))
    rows[1, :5] = 1
    rows[[0, 1, 2], [256, 259, 265]] = 1
    np.savetxt(root / "semeion.data", rows, "%g")


def films(root: Path) -> None:
    (root / "MovingMNIST").mkdir()
    values = np.arange(20 * 2).reshape(20, 2, 1, 1) * np.ones((64, 64))
    np.save(root / "MovingMNIST" / "mnist_test_seq.npy", values.astype(np.uint8))


def cityscapes(root: Path) -> None:
    for city, name in (("bonn", "bonn_1"), ("aachen", "aachen_2")):
        picture(root / "leftImg8bit" / "val" / city / f"{name}_leftImg8bit.png")
        target = root / "gtFine" / "val" / city / name
        picture(target.with_name(f"{name}_gtFine_labelIds.png"), 7, "L")
        outline = json.dumps({"objects": [name]})
        target.with_name(f"{name}_gtFine_polygons.json").write_text(outline)


_CAR = "Car 0.5 1 -1.5 1 2 3 4 1.5 1.6 1.7 5 6 7 0.25\n"
KITTI = [{
    "type": "Car", "truncated": 0.5, "occluded": 1, "alpha": -1.5, "bbox": [1.0, 2.0, 3.0, 4.0],
    "dimensions": [1.5, 1.6, 1.7], "location": [5.0, 6.0, 7.0], "rotation_y": 0.25,
}]  # fmt: skip
_LFW = pictures(*(
    f"lfw-py/lfw_funneled/{name}/{name}_{number:04d}.jpg"
    for name, number in (("Ann", 1), ("Ann", 2), ("Bob", 1), ("Cy", 1))
))  # fmt: skip
_NAMES = {"lfw-py/lfw-names.txt": "Ann\t2\nBob\t1\nCy\t1\n"}
_TEXTURES = pictures("dtd/dtd/images/wavy/wavy_1.jpg", "dtd/dtd/images/dotted/dotted_3.jpg")
_PLACES = pictures("SUN397/a/abbey/sun_b.jpg", "SUN397/b/bar/inside/sun_a.jpg")
_SIGNS = pictures(*(f"gtsrb/GTSRB/Final_Test/Images/{i}.ppm" for i in "12"))
_PLANES = pictures("fgvc-aircraft-2013b/data/images/1.jpg", "fgvc-aircraft-2013b/data/images/2.jpg")

SAMPLES = [
    Sample("EuroSAT", pictures("eurosat/2750/River/1.jpg", "eurosat/2750/Forest/2.jpg"), [0, 1],
           classes=["Forest", "River"]),
    Sample("Country211", pictures("country211/valid/AT/1.jpg", "country211/valid/AD/2.jpg"), [0, 1],
           {"split": "valid"}, ["AD", "AT"]),
    Sample("RenderedSST2", pictures("rendered-sst2/valid/positive/1.png",
                                    "rendered-sst2/valid/negative/2.png"), [0, 1],
           {"split": "val"}, ["negative", "positive"]),
    Sample("Imagenette", pictures("imagenette2-160/val/n03888257/1.JPEG",
                                  "imagenette2-160/val/n01440764/2.JPEG"), [0, 1],
           {"split": "val", "size": "160px"}, [("tench", "Tinca tinca"), ("parachute", "chute")]),
    Sample("SUN397", with_text(_PLACES, **{
        "SUN397/ClassName.txt": "/a/abbey\n/b/bar/inside\n"}), [0, 1],
           classes=["abbey", "bar/inside"]),
    Sample("DTD", with_text(_TEXTURES, **{
        "dtd/dtd/labels/val3.txt": "wavy/wavy_1.jpg\ndotted/dotted_3.jpg\n"}), [1, 0],
           {"split": "val", "partition": 3}, ["dotted", "wavy"]),
    Sample("FGVCAircraft", with_text(_PLANES, **{
        "fgvc-aircraft-2013b/data/families.txt": "Airbus A300\nBoeing 707\n",
        "fgvc-aircraft-2013b/data/images_family_test.txt": "2 Boeing 707\n1 Airbus A300\n"}),
           [1, 0], {"split": "test", "annotation_level": "family"}, ["Airbus A300", "Boeing 707"]),
    Sample("GTSRB", pictures(*(f"gtsrb/GTSRB/Training/0000{i}/1.ppm" for i in "01")), [0, 1]),
    Sample("GTSRB", with_text(_SIGNS, **{
        "gtsrb/GT-final_test.csv": "Filename;Width;ClassId\n2.ppm;6;40\n1.ppm;6;3\n"}),
           [40, 3], {"split": "test"}),
    Sample("StanfordCars", cars, [1, 0], classes=["Audi", "BMW"]),
    Sample("FER2013", faces("fer2013.csv", "emotion,pixels,Usage\n3,PIXELS,Training\n"
                            "4,PIXELS,PublicTest\n5,PIXELS,PrivateTest\n"), [4, 5],
           {"split": "test"}),
    Sample("FER2013", faces("icml_face_data.csv", "emotion, Usage, pixels\n3,Training,PIXELS\n"
                            "4,PublicTest,PIXELS\n"), [3]),
    Sample("FER2013", faces("test.csv", "pixels\nPIXELS\n"), [None], {"split": "test"}),
    Sample("SEMEION", digits, [0, 3, 9], {"download": False}),
    Sample("Omniglot", pictures("omniglot-py/images_evaluation/Greek/character02/b.png",
                                "omniglot-py/images_evaluation/Greek/character01/a.png",
                                "omniglot-py/images_evaluation/Braille/character01/c.png"),
           [0, 1, 2], {"background": False}),
    Sample("LFWPeople", with_text(_LFW, **_NAMES, **{
        "lfw-py/peopleDevTrain.txt": "2\nBob\t1\nAnn\t2\n"}), [1, 0, 0], {"split": "train"}),
    Sample("LFWPeople", with_text(_LFW, **_NAMES, **{
        "lfw-py/people.txt": "2\n1\nCy\t1\n2\nAnn\t2\nBob\t1\n"}), [2, 0, 0, 1]),
    Sample("Kitti", with_text(pictures("Kitti/raw/training/image_2/000001.png"), **{
        "Kitti/raw/training/label_2/000001.txt": _CAR}), [KITTI]),
    Sample("Kitti", pictures("Kitti/raw/testing/image_2/000001.png"), [None], {"train": False}),
    Sample("Cityscapes", cityscapes, [{"objects": ["aachen_2"]}, {"objects": ["bonn_1"]}],
           {"split": "val", "target_type": "polygon"}),
]  # fmt: skip
PAIRS = with_text(_LFW, **_NAMES, **{
    "lfw-py/pairsDevTest.txt": "1\nAnn\t1\t2\nBob\t1\tCy\t1\n",
    "lfw-py/pairs.txt": "2\t1\nAnn\t1\t2\nBob\t1\tCy\t1\nAnn\t2\t1\nCy\t1\tAnn\t1\n",
})  # fmt: skip
