"""Functions that treat each kind as it asks for, beside torchvision's."""

from __future__ import annotations

import importlib
import inspect
import warnings
from typing import Any

import numpy as np
import pytest
import torch
import torchvision_oracle
from v2_samples import KINDS, SIZE, compare, value

import rushlight
from rushlight.vision import tv_tensors
from rushlight.vision.transforms.v2 import functional as ours

torchvision = torchvision_oracle.load()
theirs = importlib.import_module("torchvision.transforms.v2.functional")
LIBRARIES = ((rushlight, ours, tv_tensors), (torch, theirs, torchvision.tv_tensors))
START, END = [[0, 0], [17, 0], [17, 20], [0, 20]], [[2, 1], [15, 3], [16, 18], [1, 19]]
COEFFICIENTS = [1.0, 0.1, -1, 0.05, 0.9, 1, 0.001, 0.002]
MOVES = (np.random.default_rng(3).normal(size=(1, *SIZE, 2)) * 0.1).astype("float32")

FUNCTIONS = {
    "horizontal_flip": lambda F, L, x: F.horizontal_flip(x),
    "vflip": lambda F, L, x: F.vflip(x),
    "resize": lambda F, L, x: F.resize(x, [10, 30]),
    "resize, one": lambda F, L, x: F.resize(x, 9),
    "resize, none": lambda F, L, x: F.resize(x, None, max_size=33),
    "resize, bicubic": lambda F, L, x: F.resize(x, [10, 30], 3),
    "resize, bicubic, aliased": lambda F, L, x: F.resize(x, [10, 30], "bicubic", antialias=False),
    "resize, exact": lambda F, L, x: F.resize(x, [10, 30], F.InterpolationMode.NEAREST_EXACT),
    "resize, lanczos": lambda F, L, x: F.resize(x, [9, 29], "lanczos"),
    "resize, lanczos, aliased": lambda F, L, x: F.resize(x, [9, 9], "lanczos", antialias=False),
    "resize, box": lambda F, L, x: F.resize(x, [9, 9], "box"),
    "resize, no mode": lambda F, L, x: F.resize(x, [9, 9], "BILINEAR"),
    "crop": lambda F, L, x: F.crop(x, 2, 3, 8, 9),
    "crop, outside": lambda F, L, x: F.crop(x, -2, 3, 8, 29),
    "center_crop": lambda F, L, x: F.center_crop(x, [8, 5]),
    "center_crop, larger": lambda F, L, x: F.center_crop(x, [30, 5]),
    "resized_crop": lambda F, L, x: F.resized_crop(x, 2, 3, 8, 9, [12, 5]),
    "pad": lambda F, L, x: F.pad(x, [1, 2]),
    "pad, four": lambda F, L, x: F.pad(x, [1, 2, 3, 4], fill=7),
    "pad, reflect": lambda F, L, x: F.pad(x, [1, 2], padding_mode="reflect"),
    "pad, colour": lambda F, L, x: F.pad(x, [1, 2], fill=[1, 2, 3]),
    "pad, three": lambda F, L, x: F.pad(x, [1, 2, 3]),
    "affine, nearest": lambda F, L, x: F.affine(x, 12, [2, -3], 1.2, [5, -8]),
    "affine": lambda F, L, x: F.affine(x, -40, [0, 1], 0.7, [3, 0], "bilinear", 2, [2, 9]),
    "rotate, nearest": lambda F, L, x: F.rotate(x, 33),
    "rotate and expand, nearest": lambda F, L, x: F.rotate(x, -50.5, expand=True),
    "rotate about, nearest": lambda F, L, x: F.rotate(x, 20, center=[3, 4]),
    "rotate about, expand, nearest": lambda F, L, x: F.rotate(x, 20, center=[3, 4], expand=True),
    "rotate by 90": lambda F, L, x: F.rotate(x, 90, expand=True),
    "rotate by 180": lambda F, L, x: F.rotate(x, 180),
    "rotate by 270": lambda F, L, x: F.rotate(x, 270, expand=True),
    "rotate by -90": lambda F, L, x: F.rotate(x, -90, expand=True),
    "rotate by 450": lambda F, L, x: F.rotate(x, 450, expand=True),
    "perspective": lambda F, L, x: F.perspective(x, START, END),
    "perspective, coefficients": lambda F, L, x: F.perspective(
        x, None, None, fill=3, coefficients=COEFFICIENTS
    ),
    "perspective of nothing": lambda F, L, x: F.perspective(x, None, None),
    "elastic": lambda F, L, x: F.elastic(x, L.from_numpy(MOVES)),
    "erase": lambda F, L, x: F.erase(x, 1, 2, 5, 6, L.zeros(1)),
    "five_crop": lambda F, L, x: F.five_crop(x, [5, 7]),
    "ten_crop": lambda F, L, x: F.ten_crop(x, [6, 6], vertical_flip=True),
    "adjust_brightness": lambda F, L, x: F.adjust_brightness(x, 1.4),
    "adjust_contrast": lambda F, L, x: F.adjust_contrast(x, 0.6),
    "adjust_saturation": lambda F, L, x: F.adjust_saturation(x, 1.7),
    "adjust_hue": lambda F, L, x: F.adjust_hue(x, -0.3),
    "adjust_gamma": lambda F, L, x: F.adjust_gamma(x, 0.7, 1.1),
    "adjust_sharpness": lambda F, L, x: F.adjust_sharpness(x, 1.6),
    "invert": lambda F, L, x: F.invert(x),
    "posterize": lambda F, L, x: F.posterize(x, 3),
    "solarize": lambda F, L, x: F.solarize(x, 0.4),
    "autocontrast": lambda F, L, x: F.autocontrast(x),
    "equalize": lambda F, L, x: F.equalize(x),
    "gaussian_blur": lambda F, L, x: F.gaussian_blur(x, [3, 5], [0.8, 1.3]),
    "rgb_to_grayscale": lambda F, L, x: F.rgb_to_grayscale(x),
    "rgb_to_grayscale, three": lambda F, L, x: F.rgb_to_grayscale(x, 3),
    "grayscale_to_rgb": lambda F, L, x: F.grayscale_to_rgb(x),
    "permute_channels": lambda F, L, x: F.permute_channels(x, [2, 0, 1]),
    "gaussian_noise": lambda F, L, x: F.gaussian_noise(x, 0.1, 0.2),
    "gaussian_noise, unclipped": lambda F, L, x: F.gaussian_noise(x, 0.1, 0.2, clip=False),
    "normalize": lambda F, L, x: F.normalize(x, [0.1, 0.2, 0.3], [1.0, 2.0, 3.0]),
    "uniform_temporal_subsample": lambda F, L, x: F.uniform_temporal_subsample(x, 2),
    "to_dtype": lambda F, L, x: F.to_dtype(x, L.float64, scale=True),
    "to_dtype, whole": lambda F, L, x: F.to_dtype(x, L.int32, scale=True),
    "to_image": lambda F, L, x: F.to_image(x),
    "get_size": lambda F, L, x: F.get_size(x),
    "get_dimensions": lambda F, L, x: F.get_dimensions(x),
    "get_num_channels": lambda F, L, x: F.get_num_channels(x),
    "get_num_frames": lambda F, L, x: F.get_num_frames(x),
    "is_pure_tensor": lambda F, L, x: F.is_pure_tensor(x),
    "clamp_bounding_boxes": lambda F, L, x: F.clamp_bounding_boxes(x),
    "clamp_bounding_boxes, mode": lambda F, L, x: F.clamp_bounding_boxes(x, clamping_mode="a"),
    "clamp_keypoints": lambda F, L, x: F.clamp_keypoints(x),
    "to XYXY": lambda F, L, x: F.convert_bounding_box_format(x, new_format="XYXY"),
    "to XYWH": lambda F, L, x: F.convert_bounding_box_format(x, new_format="xywh"),
    "to CXCYWH": lambda F, L, x: F.convert_bounding_box_format(x, new_format="CXCYWH"),
    "to no format": lambda F, L, x: F.convert_bounding_box_format(x),
    "to XYXY, from XYWH": lambda F, L, x: F.convert_bounding_box_format(
        x, old_format="XYWH", new_format="XYXY"
    ),
    "sanitize_bounding_boxes": lambda F, L, x: F.sanitize_bounding_boxes(x, min_area=20),
    "sanitize_keypoints": lambda F, L, x: F.sanitize_keypoints(x),
}  # fmt: skip
# Whole boxes by their centre lose halves on the way through perspective, in either order.
APART = {("perspective", "CXCYWH int64"), ("perspective, coefficients", "CXCYWH int64")}


def outcome(name: str, kind: str, library: Any, functions: Any, kinds: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library.manual_seed(0)
        try:
            return FUNCTIONS[name](functions, library, value(kind, library, kinds))
        except Exception as error:
            return error


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str, kind: str) -> None:
    found, expected = (outcome(name, kind, *library) for library in LIBRARIES)
    if isinstance(expected, Exception):
        assert isinstance(found, type(expected)), (found, expected)
    elif (name, kind) not in APART:
        assert not isinstance(found, Exception), found
        compare(found, expected, f"{name} of {kind}")


TURNED = {
    "XYWHR": [[8.0, 8, 7, 6, 30], [1, 2, 3, 4, -200]],
    "CXCYWHR": [[8.0, 8, 7, 6, 30], [1, 2, 3, 4, 120]],
    "XYXYXYXY": [[3.0, 7, 9, 3, 12, 8, 6, 12]],
}


@pytest.mark.parametrize("new", TURNED)
@pytest.mark.parametrize("old", TURNED)
def test_turned_boxes_become_another_format(old: str, new: str) -> None:
    found, expected = (
        functions.convert_bounding_box_format(library.tensor(TURNED[old]), old, new)
        for library, functions, _ in LIBRARIES
    )
    if new.endswith("R") and old == new:
        np.testing.assert_array_equal(found.numpy(), expected.numpy())
        return
    turn = np.array([0, 0, 0, 0, 360.0]) if new.endswith("R") else 0
    apart = found.numpy() - expected.numpy()
    rest = np.abs(apart - np.round(apart / 360) * turn)  # an angle, but for whole turns
    assert rest.max() < (2 if old == "XYXYXYXY" else 1e-4)  # no rectangle, which they make one


@pytest.mark.parametrize(
    "make",
    [
        lambda V, L: V.BoundingBoxes([[1, 2, 3, 4]], format="abc", canvas_size=(3, 3)),
        lambda V, L: V.BoundingBoxes([[1, 2, 3, 4]], format="XYXY"),
        lambda V, L: V.BoundingBoxes([[[1, 2, 3, 4]]], format="XYXY", canvas_size=(3, 3)),
        lambda V, L: V.BoundingBoxes([1], format="XYXY", canvas_size=(3, 3), clamping_mode="a"),
        lambda V, L: V.KeyPoints([[1, 2, 3]], canvas_size=(3, 3)),
        lambda V, L: V.Image(L.zeros(3)),
        lambda V, L: V.Video(L.zeros(3)),
        lambda V, L: V.set_return_type("x"),
        lambda V, L: V.Image(L.zeros(2, 2)) + V.Mask(L.zeros(2, 2)),
    ],
)  # fmt: skip
def test_refused_tensors(make: Any) -> None:
    with pytest.raises(Exception) as expected:
        make(torchvision.tv_tensors, torch)
    with pytest.raises(expected.type):
        make(tv_tensors, rushlight)


OPERATIONS = {
    "add": lambda x: x + 1, "to": lambda x: x.to(x.dtype), "clone": lambda x: x.clone(),
    "float": lambda x: x.float(), "item": lambda x: x[0], "detach": lambda x: x.detach(),
    "unbind": lambda x: x.unbind(0), "sum": lambda x: x.sum(0), "in place": lambda x: x.add_(1),
    "cpu": lambda x: x.cpu(), "double": lambda x: x.double().requires_grad_(),
}  # fmt: skip


@pytest.mark.parametrize("return_type", ["Tensor", "TVTensor"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("pil", "grey")])
@pytest.mark.parametrize("name", OPERATIONS)
def test_what_operations_return(name: str, kind: str, return_type: str) -> None:
    results = []
    for library, _, kinds in LIBRARIES:
        thing = value(kind, library, kinds)
        with kinds.set_return_type(return_type):
            result = OPERATIONS[name](thing)
        results.append(result[0] if isinstance(result, tuple) else result)
    found, expected = results
    assert type(found).__name__ == type(expected).__name__
    assert repr(found).split("grad_fn")[0] == repr(expected).split("grad_fn")[0]


NAMED = {
    "horizontal_flip": {}, "vertical_flip": {}, "resize": {"size": [10, 30]},
    "affine": {"angle": 12, "translate": [2, -3], "scale": 1.2, "shear": [5, -8]},
    "rotate": {"angle": 270, "expand": True}, "pad": {"padding": [1, 2, 3, 4]},
    "crop": {"top": 2, "left": 3, "height": 8, "width": 9}, "center_crop": {"output_size": [8, 5]},
    "resized_crop": {"top": 2, "left": 3, "height": 8, "width": 9, "size": [12, 5]},
    "perspective": {"startpoints": START, "endpoints": END}, "elastic": {"displacement": MOVES},
}  # fmt: skip


@pytest.mark.parametrize("kind", ["XYXY float32", "XYWH int64", "points", "whole points"])
@pytest.mark.parametrize("name", NAMED)
def test_plain_tensors_by_the_name_of_a_kernel(name: str, kind: str) -> None:
    results = []
    for library, functions, kinds in LIBRARIES:
        whole = value(kind, library, kinds)
        tensor = library.from_numpy(whole.numpy())
        options = dict(NAMED[name])
        if name == "elastic":
            options["displacement"] = library.from_numpy(MOVES)
        if "crop" not in name or name == "center_crop":
            options["canvas_size"] = SIZE
        suffix = "_keypoints" if "points" in kind else "_bounding_boxes"
        if suffix == "_bounding_boxes":
            options["format"] = whole.format
        found = getattr(functions, name + suffix)(tensor, **options)
        results.append(found if isinstance(found, tuple) else (found, None))
    (ours_, canvas), (theirs_, expected) = results
    assert canvas == (expected if expected is None else tuple(expected))
    compare(ours_, theirs_, name)


def test_names_of_kernels_take_torchvisions_arguments() -> None:
    module = importlib.import_module("rushlight.vision.transforms.v2.functional.named")
    for name, order in module._ARGUMENTS.items():
        assert [*inspect.signature(getattr(theirs, name)).parameters][1:] == order.split(), name
