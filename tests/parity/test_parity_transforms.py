"""Transforms beside torchvision's, on PIL images and on tensors: results, random draws, texts."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
import torchvision_oracle
from PIL import Image

import rushlight
from rushlight.vision import transforms as ours

torchvision = torchvision_oracle.load()
theirs = torchvision.transforms
PIXELS = np.random.default_rng(0).integers(0, 256, (21, 18, 3), dtype=np.uint8)
PIXELS[4:12, 3:9] = PIXELS[4, 3]  # an even part
KINDS = ("pil", "grey", "bytes", "floats", "batch")
START, END = [[0, 0], [17, 0], [17, 20], [0, 20]], [[2, 1], [15, 3], [16, 18], [1, 19]]
MODES = ("NEAREST", "BILINEAR")


def image(kind: str, library: Any) -> Any:
    if kind in ("pil", "grey"):
        return Image.fromarray(PIXELS).convert("RGB" if kind == "pil" else "L")
    tensor = library.from_numpy(np.ascontiguousarray(PIXELS.transpose(2, 0, 1)))
    if kind == "batch":
        return library.stack([tensor, tensor.flip(-1)])
    return tensor / 255 if kind == "floats" else tensor


def values(result: Any) -> list[Any]:
    if isinstance(result, (tuple, list)):
        return [part for one in result for part in values(one)]
    return [result.numpy() if hasattr(result, "numpy") else np.asarray(result)]


def compare(found: Any, expected: Any, name: str) -> None:
    for a, b in zip(values(found), values(expected), strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape, name
        apart = np.abs(a.astype("float64") - b.astype("float64"))
        if "NEAREST" in name:  # places between two pixels
            assert (apart > 1e-4).mean() < 0.01, name
        elif a.dtype == np.uint8:  # a few pixels, by one: factors differ in their last bits
            assert apart.max(initial=0) <= 1 and (apart > 0).mean() < 0.03, name
        else:
            np.testing.assert_allclose(a, b, atol=2e-5, rtol=1e-4, err_msg=name)


FUNCTIONS = {
    "vflip": lambda F, M, x: F.vflip(x),
    "five_crop": lambda F, M, x: F.five_crop(x, (5, 7)),
    "ten_crop": lambda F, M, x: F.ten_crop(x, 6, vertical_flip=True),
    "adjust_brightness": lambda F, M, x: F.adjust_brightness(x, 1.4),
    "adjust_contrast": lambda F, M, x: F.adjust_contrast(x, 0.6),
    "adjust_saturation": lambda F, M, x: F.adjust_saturation(x, 1.7),
    "adjust_hue": lambda F, M, x: F.adjust_hue(x, -0.3),
    "adjust_gamma": lambda F, M, x: F.adjust_gamma(x, 0.7, 1.1),
    "invert": lambda F, M, x: F.invert(x),
    "posterize": lambda F, M, x: F.posterize(x, 3),
    "solarize": lambda F, M, x: F.solarize(x, 100 if not is_float(x) else 0.4),
    "adjust_sharpness": lambda F, M, x: F.adjust_sharpness(x, 1.6),
    "autocontrast": lambda F, M, x: F.autocontrast(x),
    "equalize": lambda F, M, x: F.equalize(x),
    "gaussian_blur": lambda F, M, x: F.gaussian_blur(x, [3, 5], [0.8, 1.3]),
    "gaussian_blur, plain": lambda F, M, x: F.gaussian_blur(x, 5),
    "rgb_to_grayscale": lambda F, M, x: F.rgb_to_grayscale(x, 3) if not is_grey(x) else x,
    "erase": lambda F, M, x: F.erase(x, 1, 2, 5, 6, 7) if not hasattr(x, "mode") else x,
    "resize, exact": lambda F, M, x: F.resize(x, [9, 11], M.NEAREST_EXACT),
    **{
        f"{name}, {mode}": lambda F, M, x, make=make, mode=mode: make(F, getattr(M, mode), x)
        for mode in MODES
        for name, make in {
            "rotate": lambda F, m, x: F.rotate(x, 33, m),
            "rotate and expand": lambda F, m, x: F.rotate(x, -50.5, m, expand=True, fill=fill(x)),
            "rotate about": lambda F, m, x: F.rotate(x, 20, m, center=[3, 4]),
            "affine": lambda F, m, x: F.affine(x, 12, [2, -3], 1.2, [5, -8], m, fill=fill(x)),
            "affine about": lambda F, m, x: F.affine(x, -40, [0, 1], 0.7, 3.0, m, center=[2, 9]),
            "perspective": lambda F, m, x: F.perspective(x, START, END, m, fill=fill(x)),
        }.items()
    },
}  # fmt: skip


def is_float(x: Any) -> bool:
    return hasattr(x, "is_floating_point") and x.is_floating_point()


def is_grey(x: Any) -> bool:
    return getattr(x, "mode", "RGB") == "L"


def fill(x: Any) -> Any:
    return [30] if is_grey(x) else [30, 60, 90]


def takes(name: str, kind: str) -> bool:
    return not (kind == "floats" and name in ("posterize", "equalize"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str, kind: str) -> None:
    if not takes(name, kind):
        return
    make = FUNCTIONS[name]
    found = make(ours.functional, ours.InterpolationMode, image(kind, rushlight))
    expected = make(theirs.functional, theirs.InterpolationMode, image(kind, torch))
    if kind == "pil" or kind == "grey":
        assert found.mode == expected.mode if hasattr(found, "mode") else True
    compare(found, expected, f"{name} of {kind}")


MADE = {
    "Pad": lambda T: T.Pad((1, 2), fill=9),
    "Pad, reflected": lambda T: T.Pad([1, 2, 3, 4], padding_mode="reflect"),
    "RandomVerticalFlip": lambda T: T.RandomVerticalFlip(),
    "FiveCrop": lambda T: T.FiveCrop(4),
    "TenCrop": lambda T: T.TenCrop((4, 5)),
    "RandomRotation": lambda T: T.RandomRotation(60, fill=4),
    "RandomRotation, expanded": lambda T: T.RandomRotation([10, 80], expand=True),
    "RandomAffine": lambda T: T.RandomAffine(30, (0.1, 0.2), (0.8, 1.3), [-5, 5, -9, 9]),
    "RandomAffine, bilinear": lambda T: T.RandomAffine(
        (5, 6), shear=4, interpolation=T.InterpolationMode.BILINEAR, fill=3, center=(1, 2)
    ),
    "RandomPerspective": lambda T: T.RandomPerspective(0.4, p=0.8, fill=20),
    "ColorJitter": lambda T: T.ColorJitter(0.4, (0.5, 1.5), 0.3, 0.2),
    "GaussianBlur": lambda T: T.GaussianBlur((3, 5)),
    "RandomGrayscale": lambda T: T.RandomGrayscale(0.5),
    "RandomInvert": lambda T: T.RandomInvert(),
    "RandomPosterize": lambda T: T.RandomPosterize(2),
    "RandomSolarize": lambda T: T.RandomSolarize(0.7),
    "RandomAdjustSharpness": lambda T: T.RandomAdjustSharpness(2),
    "RandomAutocontrast": lambda T: T.RandomAutocontrast(),
    "RandomEqualize": lambda T: T.RandomEqualize(),
    "RandomApply": lambda T: T.RandomApply([T.Pad(1), T.RandomInvert()], p=0.6),
    "RandomOrder": lambda T: T.RandomOrder([T.Pad(1), T.CenterCrop(9), T.RandomInvert()]),
    "RandomChoice": lambda T: T.RandomChoice([T.Pad(1), T.CenterCrop(9)], p=[0.3, 0.7]),
    "ElasticTransform": lambda T: T.ElasticTransform(20.0, 1.5),
    "AutoAugment": lambda T: T.AutoAugment(),
    "AutoAugment, CIFAR10": lambda T: T.AutoAugment(T.AutoAugmentPolicy.CIFAR10, fill=7),
    "AutoAugment, SVHN": lambda T: T.AutoAugment(T.AutoAugmentPolicy.SVHN),
    "RandAugment": lambda T: T.RandAugment(3),
    "TrivialAugmentWide": lambda T: T.TrivialAugmentWide(),
    "AugMix": lambda T: T.AugMix(),
    "RandomErasing": lambda T: T.RandomErasing(0.8),
    "RandomErasing, random": lambda T: T.RandomErasing(0.9, value="random"),
}  # fmt: skip
OF_BYTES = ("AutoAugment", "RandAugment", "TrivialAugmentWide", "AugMix", "RandomPosterize",
            "RandomEqualize")  # fmt: skip


def _kinds(name: str) -> list[str]:
    if name.startswith("RandomErasing"):
        return ["floats"]
    if name.startswith(OF_BYTES):
        return ["pil", "bytes", "batch"]
    return list(KINDS) if name != "RandomSolarize" else ["floats"]


@pytest.mark.parametrize(("name", "kind"), [(n, k) for n in MADE for k in _kinds(n)])
def test_random_transforms_draw_the_same(name: str, kind: str) -> None:
    found = []
    for library, package in ((rushlight, ours), (torch, theirs)):
        transform = MADE[name](package)
        library.manual_seed(3)
        random.seed(3)
        found.append((transform, [transform(image(kind, library)) for _ in range(8)]))
    (mine, results), (other, expected) = found
    assert repr(mine) == repr(other)
    for a, b in zip(results, expected, strict=True):
        compare(a, b, f"{name} of {kind}")


@pytest.mark.parametrize("name", ["LinearTransformation", "ToPILImage"])
def test_others(name: str) -> None:
    if name == "ToPILImage":
        for array, mode in [
            (PIXELS, None), (PIXELS[..., :1], None), (PIXELS[..., 0].astype("int32"), None),
            (PIXELS[..., 0].astype("float32"), "F"), (PIXELS[..., :2], "LA"), (PIXELS, "HSV"),
            (PIXELS[..., 0] / 255, None), (PIXELS[..., 0].astype("int16"), None),
        ]:  # fmt: skip
            found, expected = ours.ToPILImage(mode)(array), theirs.ToPILImage(mode)(array)
            assert found.mode == expected.mode and found.tobytes() == expected.tobytes()
        return
    matrix = np.random.default_rng(1).normal(size=(12, 12)).astype("float32")
    x = np.random.default_rng(2).normal(size=(5, 3, 2, 2)).astype("float32")
    found, expected = (
        T.LinearTransformation(library.from_numpy(matrix), library.ones(12))(library.from_numpy(x))
        for library, T in ((rushlight, ours), (torch, theirs))
    )
    compare(found, expected, name)


WRONG = {
    "a negative factor": lambda F, x: F.adjust_brightness(x, -1),
    "hue": lambda F, x: F.adjust_hue(x, 0.7),
    "gamma": lambda F, x: F.adjust_gamma(x, -1),
    "bits": lambda F, x: F.posterize(x, 9),
    "an even kernel": lambda F, x: F.gaussian_blur(x, 4),
    "sigma": lambda F, x: F.gaussian_blur(x, 3, 0.0),
    "scale": lambda F, x: F.affine(x, 0, [0, 0], 0, [0, 0]),
    "translate": lambda F, x: F.affine(x, 0, [0], 1, [0, 0]),
    "shear": lambda F, x: F.affine(x, 0, [0, 0], 1, [0, 0, 0]),
    "an angle": lambda F, x: F.rotate(x, "1"),
    "a fill": lambda F, x: F.rotate(x, 1, fill=[1, 2]),
    "corners": lambda F, x: F.perspective(x, START[:3], END),
    "a crop": lambda F, x: F.five_crop(x, 90),
    "no image": lambda F, x: F.vflip("x"),
    "a displacement": lambda F, x: F.elastic_transform(x, x),
}


@pytest.mark.parametrize("name", WRONG)
def test_refusals(name: str) -> None:
    with pytest.raises(Exception) as expected:
        WRONG[name](theirs.functional, image("bytes", torch))
    with pytest.raises(expected.type):
        WRONG[name](ours.functional, image("bytes", rushlight))
