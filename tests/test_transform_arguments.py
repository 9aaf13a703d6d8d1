"""What transforms refuse: arguments when they are made, tensors that are no images when called."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight.vision import transforms as v1
from rushlight.vision.transforms import v2
from transform_arguments import NAMES, ROWS, Row

MODULES: dict[str, Any] = {"v1": v1, "v2": v2}


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_arguments_that_are_refused(row: Row) -> None:
    version, name, options, error = row
    with pytest.raises(error):
        getattr(MODULES[version], name)(**options)


@pytest.mark.parametrize(
    "transform",
    [
        v1.Resize(3), v1.Pad(1), v1.RandomErasing(p=1.0), v2.Resize(3), v2.CenterCrop(3), v2.Pad(1),
        v2.RandomHorizontalFlip(p=1.0), v2.RandomCrop(1), v2.Grayscale(), v2.GaussianBlur(3),
        v2.RGB(), v2.RandomRotation(3), v2.RandomEqualize(p=1.0), v2.RandomErasing(p=1.0),
        v2.LinearTransformation(torch.eye(5), torch.zeros(5)), v2.RandAugment(),
    ],
)  # fmt: skip
def test_a_tensor_of_one_dimension_is_no_image(transform: Any) -> None:
    said = r"PIL Image or Tensor Image. Got a tensor of shape \(5,\); images are \(..., height, wi"
    with pytest.raises(TypeError, match=said):
        transform(torch.ones(5))


def test_sizes_that_are_no_numbers() -> None:
    with pytest.raises(TypeError, match="size should be an int or a sequence"):
        v1.CenterCrop(1.5)  # type: ignore[arg-type]


def test_one_deviation_in_a_sequence() -> None:
    assert v2.GaussianBlur(3, (1,)).sigma == [1.0, 1.0]
