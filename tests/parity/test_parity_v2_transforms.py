"""Transforms of samples beside torchvision's: the same draws, kinds, numbers, texts and errors."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np
import pytest
import torch
import torchvision_oracle
from v2_samples import KINDS, compare, sample, value

import rushlight
from rushlight.vision import tv_tensors
from rushlight.vision.transforms import v2 as ours

torchvision = torchvision_oracle.load()
theirs = importlib.import_module("torchvision.transforms.v2")
LIBRARIES = ((rushlight, ours, tv_tensors), (torch, theirs, torchvision.tv_tensors))

# Of samples for detection: an image of any kind, boxes, masks, points, labels.
OF_ALL = {
    "RandomHorizontalFlip": lambda T, V, L: T.RandomHorizontalFlip(),
    "RandomVerticalFlip": lambda T, V, L: T.RandomVerticalFlip(),
    "Resize": lambda T, V, L: T.Resize([10, 30]),
    "Resize one": lambda T, V, L: T.Resize(9, max_size=10),
    "Resize none": lambda T, V, L: T.Resize(None, max_size=33),
    "RandomResize": lambda T, V, L: T.RandomResize(9, 30),
    "RandomShortestSize": lambda T, V, L: T.RandomShortestSize([8, 12, 30], max_size=40),
    "ScaleJitter": lambda T, V, L: T.ScaleJitter((20, 15), (0.5, 2.0)),
    "RandomZoomOut": lambda T, V, L: T.RandomZoomOut(fill={V.Mask: 0, "others": 7}),
    "RandomIoUCrop": lambda T, V, L: T.RandomIoUCrop(),
    "RandomIoUCrop, strict": lambda T, V, L: T.RandomIoUCrop(sampler_options=[0.5, 0.9, 2.0]),
    "RandomCrop": lambda T, V, L: T.RandomCrop(9),
    "RandomCrop, padded": lambda T, V, L: T.RandomCrop([12, 20], 2, fill=3),
    "RandomCrop, larger": lambda T, V, L: T.RandomCrop((25, 20), pad_if_needed=True),
    "RandomResizedCrop": lambda T, V, L: T.RandomResizedCrop((12, 14)),
    "CenterCrop": lambda T, V, L: T.CenterCrop([9, 30]),
    "Pad": lambda T, V, L: T.Pad([1, 2, 3, 4], fill={V.Mask: 5, "others": [7, 8, 9]}),
    "RandomRotation, nearest": lambda T, V, L: T.RandomRotation(60, fill=4),
    "RandomRotation, expanded, nearest": lambda T, V, L: T.RandomRotation([10, 80], expand=True),
    "RandomRotation, right angles": lambda T, V, L: T.RandomRotation([90, 90], expand=True),
    "RandomAffine, nearest": lambda T, V, L: T.RandomAffine(
        30, (0.1, 0.2), (0.8, 1.3), [-5, 5, -9, 9]
    ),
    "RandomAffine": lambda T, V, L: T.RandomAffine(
        (5, 6), shear=4, interpolation=T.InterpolationMode.BILINEAR, fill=3, center=(1, 2)
    ),
    "RandomPerspective": lambda T, V, L: T.RandomPerspective(0.4, p=0.8, fill=20),
    "ElasticTransform": lambda T, V, L: T.ElasticTransform(20.0, 1.5),
    "ColorJitter": lambda T, V, L: T.ColorJitter(0.4, (0.5, 1.5), 0.3, 0.2),
    "ColorJitter, some": lambda T, V, L: T.ColorJitter(contrast=0.4),
    "RandomPhotometricDistort": lambda T, V, L: T.RandomPhotometricDistort(),
    "RandomChannelPermutation": lambda T, V, L: T.RandomChannelPermutation(),
    "Grayscale": lambda T, V, L: T.Grayscale(),
    "RandomGrayscale": lambda T, V, L: T.RandomGrayscale(0.5),
    "RGB": lambda T, V, L: T.RGB(),
    "GaussianBlur": lambda T, V, L: T.GaussianBlur((3, 5)),
    "RandomInvert": lambda T, V, L: T.RandomInvert(),
    "RandomPosterize": lambda T, V, L: T.RandomPosterize(2),
    "RandomSolarize": lambda T, V, L: T.RandomSolarize(0.7),
    "RandomAdjustSharpness": lambda T, V, L: T.RandomAdjustSharpness(2),
    "RandomAutocontrast": lambda T, V, L: T.RandomAutocontrast(),
    "RandomEqualize": lambda T, V, L: T.RandomEqualize(),
    "RandomErasing": lambda T, V, L: T.RandomErasing(0.8, value=[1.0]),
    "RandomErasing, many": lambda T, V, L: T.RandomErasing(0.8, value=[1, 2, 3]),
    "RandomApply": lambda T, V, L: T.RandomApply([T.Pad(1), T.RandomInvert()], p=0.6),
    "RandomOrder": lambda T, V, L: T.RandomOrder([T.Pad(1), T.CenterCrop(9), T.RandomInvert()]),
    "RandomChoice": lambda T, V, L: T.RandomChoice([T.Pad(1), T.CenterCrop(9)], p=[0.3, 0.7]),
    "Compose": lambda T, V, L: T.Compose(
        [T.RandomIoUCrop(), T.SanitizeBoundingBoxes(), T.RandomHorizontalFlip(), T.Resize((9, 9))]
    ),
    "ConvertBoundingBoxFormat": lambda T, V, L: T.ConvertBoundingBoxFormat("CXCYWH"),
    "ClampBoundingBoxes": lambda T, V, L: T.ClampBoundingBoxes(),
    "SetClampingMode": lambda T, V, L: T.Compose([T.SetClampingMode(None), T.CenterCrop(7)]),
    "ClampKeyPoints": lambda T, V, L: T.Compose([T.CenterCrop(7), T.ClampKeyPoints()]),
    "SanitizeBoundingBoxes": lambda T, V, L: T.SanitizeBoundingBoxes(min_size=3, min_area=40),
    "SanitizeBoundingBoxes, no labels": lambda T, V, L: T.SanitizeBoundingBoxes(
        3, labels_getter=None
    ),
    "SanitizeKeyPoints": lambda T, V, L: T.Compose([T.CenterCrop(7), T.SanitizeKeyPoints()]),
    "ToDtype": lambda T, V, L: T.ToDtype(L.float32, scale=True),
    "ToDtype, dictionary": lambda T, V, L: T.ToDtype(
        {V.Image: L.float32, V.Mask: L.int64, "others": None}, scale=True
    ),
    "ConvertImageDtype": lambda T, V, L: T.ConvertImageDtype(L.float64),
    "ToImage": lambda T, V, L: T.ToImage(),
    "PILToTensor": lambda T, V, L: T.PILToTensor(),
    "ToPureTensor": lambda T, V, L: T.ToPureTensor(),
    "Identity": lambda T, V, L: T.Identity(),
    "Lambda": lambda T, V, L: T.Lambda(lambda x: x + 1, V.Mask),
    "Normalize": lambda T, V, L: T.Compose(
        [T.ToImage(), T.ToDtype(L.float32), T.Normalize([1.0], [2.0])]
    ),
    "ToTensor": lambda T, V, L: T.ToTensor(),
}  # fmt: skip
# Of images alone.
OF_IMAGES = {
    "FiveCrop": lambda T, V, L: T.FiveCrop(4),
    "TenCrop": lambda T, V, L: T.TenCrop((4, 5)),
    "GaussianNoise": lambda T, V, L: T.GaussianNoise(0.1, 0.2),
    "RandomErasing, random": lambda T, V, L: T.RandomErasing(0.9, value="random"),
    "AutoAugment, nearest": lambda T, V, L: T.AutoAugment(),
    "AutoAugment, CIFAR10, nearest": lambda T, V, L: T.AutoAugment(
        T.AutoAugmentPolicy.CIFAR10, fill=7
    ),
    "AutoAugment, SVHN, nearest": lambda T, V, L: T.AutoAugment(T.AutoAugmentPolicy.SVHN),
    "RandAugment, nearest": lambda T, V, L: T.RandAugment(3),
    "TrivialAugmentWide, nearest": lambda T, V, L: T.TrivialAugmentWide(),
    "AugMix": lambda T, V, L: T.AugMix(),
    "ToPILImage": lambda T, V, L: T.ToPILImage(),
    "UniformTemporalSubsample": lambda T, V, L: T.UniformTemporalSubsample(2),
}  # fmt: skip
IMAGES = ("pil", "bytes", "image", "floats", "batch", "video")


def outcome(make: Any, given: Any, library: Any, transforms: Any, kinds: Any) -> Any:
    """The transform, and what it makes of eight samples; or what it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            transform = make(transforms, kinds, library)
            library.manual_seed(3)
            return transform, [transform(given(library, kinds)) for _ in range(8)]
        except Exception as error:
            return error


def agree(make: Any, given: Any, name: str) -> None:
    """The same of both libraries, or the same type of exception."""
    found, expected = (outcome(make, given, *library) for library in LIBRARIES)
    if isinstance(expected, Exception):
        assert isinstance(found, type(expected)), (name, found, expected)
        return
    assert not isinstance(found, Exception), (name, found)
    assert repr(found[0]) == repr(expected[0])
    for a, b in zip(found[1], expected[1], strict=True):
        compare(a, b, name)


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("name", OF_ALL)
def test_samples(name: str, image: str) -> None:
    agree(OF_ALL[name], lambda L, V: sample(image, L, V), f"{name} of {image}")


@pytest.mark.parametrize("kind", [*IMAGES, "grey", "mask"])
@pytest.mark.parametrize("name", OF_IMAGES)
def test_images(name: str, kind: str) -> None:
    agree(OF_IMAGES[name], lambda L, V: value(kind, L, V), f"{name} of {kind}")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind[0] in "XC"])
@pytest.mark.parametrize("name", ["RandomAffine", "RandomIoUCrop", "RandomCrop", "Resize"])
def test_formats(name: str, kind: str) -> None:
    def given(library: Any, kinds: Any) -> Any:
        return [value("image", library, kinds), {"deep": (value(kind, library, kinds), 3)}]

    agree(OF_ALL[name], given, f"{name} of {kind}")


MIXING = {
    "MixUp": lambda T, V, L: T.MixUp(num_classes=4),
    "MixUp, alpha": lambda T, V, L: T.MixUp(alpha=0.3, num_classes=4),
    "CutMix": lambda T, V, L: T.CutMix(num_classes=4),
    "CutMix, labels": lambda T, V, L: T.CutMix(num_classes=4, labels_getter=lambda x: x[1]),
    "MixUp without classes": lambda T, V, L: T.MixUp(),
}  # fmt: skip
BATCHES = {
    "images": lambda L, V: (L.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5) / 120, L.tensor([1, 3])),
    "dictionary": lambda L, V: {"x": V.Image(L.ones(2, 3, 4, 5)), "label": L.tensor([1, 3])},
    "videos": lambda L, V: (V.Video(L.ones(2, 6, 3, 4, 5)), L.tensor([1, 3])),
    "shares": lambda L, V: (L.ones(2, 3, 4, 5), L.tensor([[0.0, 0, 0, 1], [0.5, 0.5, 0, 0]])),
    "one image": lambda L, V: (L.ones(3, 4, 5), L.tensor([1, 3])),
    "other labels": lambda L, V: (L.ones(2, 3, 4, 5), L.tensor([1, 3, 2])),
    "no labels": lambda L, V: (L.ones(2, 3, 4, 5), 3),
    "masks": lambda L, V: (V.Mask(L.ones(2, 3, 4, 5)), L.tensor([1, 3])),
}  # fmt: skip


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", MIXING)
def test_batches(name: str, batch: str) -> None:
    agree(MIXING[name], BATCHES[batch], f"{name} of {batch}")


MADE_WRONG = """
T.RandomHorizontalFlip(2); T.Resize([1, 2, 3]); T.Resize(None); T.Pad("a"); T.RandomRotation(-3)
T.RandomZoomOut(side_range=[0.5, 1]); T.RandomPerspective(2); T.ElasticTransform("s")
T.ColorJitter(-1); T.ColorJitter("a"); T.ColorJitter(hue=0.8); T.GaussianBlur(4)
T.GaussianBlur(3, -1); T.RandomErasing(value="x"); T.RandomErasing(scale=3); T.ToDtype(3)
T.JPEG([50, 20]); T.JPEG("a"); T.JPEG(0); T.Compose(3); T.Compose([]); T.RandomApply(3)
T.RandomApply([]); T.RandomChoice(3); T.RandomChoice([T.Identity()], p=[1, 2]); T.RandomOrder(3)
T.AutoAugment("x"); T.AugMix(severity=11); T.MixUp(alpha=-1); T.SanitizeBoundingBoxes(0)
T.SanitizeBoundingBoxes(labels_getter=3); T.SetClampingMode("x"); T.TenCrop([3, 4, 5])
T.RandomResizedCrop(3, scale=3); T.RandomAffine(3, translate=[2, 0])
T.RandomAffine(3, scale=[0, 1])
"""


@pytest.mark.parametrize("text", MADE_WRONG.replace("\n", ";").strip("; ").split("; "))
def test_made_wrong(text: str) -> None:
    for part in filter(None, text.split(";")):
        with pytest.raises(Exception) as expected:
            eval(part, {"T": theirs})
        with pytest.raises(expected.type):
            eval(part, {"T": ours})


MADE = """
T.RandomCrop([3, 4], 1); T.Pad(1); T.RandomRotation(3); T.RandomAffine(3, shear=4); T.RGB()
T.RandomPerspective(); T.ElasticTransform(3); T.RandomIoUCrop(); T.ScaleJitter((3, 4))
T.RandomShortestSize(3); T.RandomResize(3, 9); T.GaussianNoise(); T.JPEG(50); T.Lambda(abs)
T.Normalize([1.0], [2.0]); T.UniformTemporalSubsample(3); T.RandomChoice([T.RGB()]); T.MixUp()
T.RandomOrder([T.RGB(), T.Pad(1)]); T.Compose([T.RGB(), T.Pad(1)]); T.CutMix(num_classes=3)
T.SanitizeBoundingBoxes(); T.SanitizeKeyPoints(); T.SetClampingMode("hard"); T.ClampKeyPoints()
T.RandomZoomOut(); T.ToPILImage("L"); T.RandomErasing(); T.RandomApply([T.RGB(), T.Pad(1)])
T.AutoAugment(); T.RandAugment(); T.TrivialAugmentWide(); T.AugMix(); T.ColorJitter(0.1)
T.RandomResizedCrop(3); T.RandomPhotometricDistort(); T.FiveCrop(3); T.Transform(); T.Identity()
T.Resize(3, interpolation=T.InterpolationMode.BICUBIC); T.ConvertBoundingBoxFormat("xyxy")
"""


@pytest.mark.parametrize("text", [p for line in MADE.split("\n") for p in line.split("; ") if p])
def test_texts(text: str) -> None:
    assert repr(eval(text, {"T": ours})) == repr(eval(text, {"T": theirs}))


def test_every_name_is_there() -> None:
    assert set(theirs.__all__ if hasattr(theirs, "__all__") else dir(theirs)) - set(dir(ours)) <= {
        name for name in dir(theirs) if name.startswith("_")
    }


def test_whitening() -> None:
    matrix = np.random.default_rng(1).normal(size=(12, 12)).astype("float32")
    pixels = np.random.default_rng(2).normal(size=(5, 3, 2, 2)).astype("float32")
    agree(
        lambda T, V, L: T.LinearTransformation(L.from_numpy(matrix), L.ones(12)),
        lambda L, V: V.Image(L.from_numpy(pixels)),
        "LinearTransformation",
    )
