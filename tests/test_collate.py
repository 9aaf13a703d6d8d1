"""default_collate and default_convert give what PyTorch 2.13 gives."""

from __future__ import annotations

from collections import UserDict, defaultdict, namedtuple

import numpy as np
import pytest

import rushlight as torch
from rushlight.utils.data import default_collate, default_convert
from rushlight.utils.data.collate import collate, default_collate_fn_map

Point = namedtuple("Point", ["x", "y"])


@pytest.mark.parametrize(
    ("batch", "values", "dtype"),
    [
        ([1, 2], [1, 2], torch.int64),
        ([True, False], [True, False], torch.bool),
        ([1.5, 2], [1.5, 2.0], torch.float64),
        ([1, 2.5], [1.0, 2.5], torch.float32),
        ([np.float32(1), np.float32(2)], [1.0, 2.0], torch.float32),
        ([np.float64(1)], [1.0], torch.float64),
        ([np.int32(3)], [3], torch.int32),
        ([np.bool_(True)], [True], torch.bool),
        ([np.array(1.5)], [1.5], torch.float64),
        ([np.array([1, 2]), np.array([3, 4])], [[1, 2], [3, 4]], torch.int64),
    ],
)
def test_numbers_and_arrays(batch, values, dtype):
    result = default_collate(batch)
    assert result.tolist() == values
    assert result.dtype == dtype


def test_tensors_are_stacked():
    result = default_collate([torch.ones(2, 3), torch.zeros(2, 3)])
    assert result.shape == (2, 2, 3)
    assert result[0].sum().item() == 6


def test_strings_stay():
    assert default_collate(["a", "b"]) == ["a", "b"]
    assert default_collate([b"a"]) == [b"a"]


def test_containers_keep_their_type():
    collated = default_collate([Point(1, 2), Point(3, 4)])
    assert type(collated) is Point
    assert collated.y.tolist() == [2, 4]
    numbers, letters = default_collate([(1, "a"), (2, "b")])
    assert numbers.tolist() == [1, 2]
    assert letters == ("a", "b")
    assert type(default_collate([(1,), (2,)])) is list
    assert [t.tolist() for t in default_collate([range(2), range(2)])] == [[0, 0], [1, 1]]
    samples = [defaultdict(int, a=i) for i in (1, 2)]
    collated = default_collate(samples)
    assert type(collated) is defaultdict
    assert collated["a"].tolist() == [1, 2]
    assert samples[0] == {"a": 1}
    assert type(default_collate([UserDict(a=1)])) is UserDict


@pytest.mark.parametrize(
    ("batch", "error", "text"),
    [
        ([[1, 2], [1]], RuntimeError, "each element in list of batch should be of equal size"),
        (
            [torch.zeros(3), torch.zeros(4)],
            RuntimeError,
            r"stack expects each tensor to be equal size, but got \[3\] at entry 0 and \[4\]",
        ),
        ([None], TypeError, "batch must contain tensors.*found <class 'NoneType'>"),
        ([np.array("a")], TypeError, "found <U1"),
        ([{"a": 1}, {"b": 2}], KeyError, "a"),
    ],
)
def test_what_cannot_be_collated(batch, error, text):
    with pytest.raises(error, match=text):
        default_collate(batch)


def test_an_image_is_told_of_its_transform():
    image = pytest.importorskip("PIL.Image").new("L", (2, 2))
    with pytest.raises(TypeError, match=r"found <class 'PIL.*transform=transforms.ToTensor\(\)"):
        default_collate([image])


def test_a_type_of_ones_own():
    def collate_point(batch, *, collate_fn_map=None):
        return "points", len(batch)

    table = {Point: collate_point, **default_collate_fn_map}
    result = collate([(Point(1, 2), 1), (Point(3, 4), 2)], collate_fn_map=table)
    assert result[0] == ("points", 2)
    assert result[1].tolist() == [1, 2]


def test_convert():
    assert default_convert(np.float32(1)).dtype == torch.float32
    assert default_convert(np.array([1])).tolist() == [1]
    assert default_convert((1, np.zeros(1)))[1].dtype == torch.float64
    assert type(default_convert((1,))) is list
    assert default_convert(range(2)) == [0, 1]
    assert default_convert({"a": np.ones(1), "b": "text"})["b"] == "text"
    assert type(default_convert(Point(np.zeros(1), 2))) is Point
    for unchanged in ("text", b"bytes", np.array(["a"]), 3, None):
        assert default_convert(unchanged) is unchanged
