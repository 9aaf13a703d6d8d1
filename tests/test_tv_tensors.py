"""Tensors that say what they hold: what makes them, what keeps them, what they print as."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import tv_tensors
from rushlight.vision.tv_tensors import BoundingBoxes, BoundingBoxFormat, Image, KeyPoints, Mask
from serialization_support import round_trip


def boxes(**options):
    given = {"format": "XYWH", "canvas_size": (10, 12), **options}
    return BoundingBoxes([[1, 2, 3, 4]], **given)


def test_operations_give_plain_tensors() -> None:
    image = Image(torch.zeros(1, 2, 2))
    for result in (image + 1, image.float(), image[0], image.add_(1), image.sum()):
        assert type(result) is torch.Tensor
    assert (image == 1).all()  # which was changed in place


def test_some_operations_keep_the_class_and_what_it_knows() -> None:
    kept = boxes()
    for result in (kept.clone(), kept.detach(), kept.to(torch.float64), copy.deepcopy(kept)):
        assert type(result) is BoundingBoxes
        assert (result.format, result.canvas_size) == (BoundingBoxFormat.XYWH, (10, 12))
    assert kept.to(torch.float64).dtype == torch.float64


def test_return_type() -> None:
    mask = Mask([[1, 2]])
    with tv_tensors.set_return_type("TVTensor"):
        assert type(mask + mask) is Mask
        assert [type(part) for part in mask.unbind(0)] == [Mask]
        with tv_tensors.set_return_type("tensor"):
            assert type(mask + mask) is torch.Tensor
        assert type(mask + mask) is Mask
    assert type(mask + mask) is torch.Tensor


def test_wrap_takes_other_fields() -> None:
    wrapped = tv_tensors.wrap(torch.ones(1, 4), like=boxes(), format="xyxy", canvas_size=(3, 3))
    assert (wrapped.format, wrapped.canvas_size) == (BoundingBoxFormat.XYXY, (3, 3))
    plain = torch.ones(1, 4)
    assert tv_tensors.wrap(plain, like=torch.ones(1)) is plain


def test_pickled_and_copied() -> None:
    for made in (pickle.loads(pickle.dumps(boxes())), copy.copy(boxes())):
        assert repr(made) == repr(boxes())


@pytest.mark.parametrize(
    "made",
    [
        Image(torch.ones(1, 2, 2), requires_grad=True),
        Mask([[1, 2]]),
        tv_tensors.Video(torch.zeros(1, 1, 1, 2)),
        KeyPoints([[1, 2]], canvas_size=(3, 4)),
        boxes(clamping_mode=None),
        boxes(format="CXCYWHR", canvas_size=[3, 4]),
    ],
)
def test_saved_and_loaded(made) -> None:
    made.note = "mine"
    loaded, again = round_trip([made, made])
    assert type(loaded) is type(made) and repr(loaded) == repr(made)
    assert loaded.note == "mine" and loaded is again
    assert loaded.requires_grad == made.requires_grad


def test_a_format_is_saved_and_loaded() -> None:
    assert round_trip({"format": BoundingBoxFormat.XYWH}) == {"format": BoundingBoxFormat.XYWH}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "XYWH"}, "the format of a BoundingBoxes is none"),
        ({"canvas_size": (1, -2)}, "the canvas_size of a BoundingBoxes is none"),
        ({"canvas_size": torch.Size([1])}, "the canvas_size of a BoundingBoxes is none"),
        ({"clamping_mode": 3}, "the clamping_mode of a BoundingBoxes is none"),
        ({"format": None}, "the format of a BoundingBoxes is none"),
    ],
)
def test_boxes_of_a_file_that_say_what_is_none_are_refused(change, said) -> None:
    with pytest.raises(torch.serialization.CheckpointError, match=said):
        round_trip(boxes().described(**change))


def test_gradients_pass() -> None:
    image = Image(torch.ones(1, 1, 2), requires_grad=True)
    start = torch.ones(1, 1, 2, requires_grad=True)
    (Image(start) * 3).sum().backward()
    assert start.grad.tolist() == [[[3.0, 3.0]]]
    assert image.requires_grad


def test_from_pillow() -> None:
    pillow = pytest.importorskip("PIL.Image")
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert Image(pillow.fromarray(pixels)).tolist() == [pixels.tolist()]
    assert Mask(pillow.fromarray(pixels)).tolist() == [pixels.tolist()]


def test_texts() -> None:
    assert repr(Image([[0.0]])) == "Image([[[0.]]], )"
    assert repr(boxes()) == (
        "BoundingBoxes([[1, 2, 3, 4]], format=BoundingBoxFormat.XYWH, canvas_size=(10, 12), "
        "clamping_mode=soft)"
    )


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: boxes(format="abc"), KeyError, "XYXY, XYWH, CXCYWH"),
        (lambda: BoundingBoxes([[1, 2, 3, 4]], format="XYXY"), TypeError, "canvas_size"),
        (lambda: boxes(clamping_mode="x"), ValueError, "None, hard or soft"),
        (lambda: KeyPoints([[1, 2, 3]], canvas_size=(3, 3)), ValueError, r"\(\.\.\., 2\)"),
        (lambda: Image([1]), ValueError, "2D or higher"),
        (lambda: tv_tensors.Video([[1]]), ValueError, "4 dimensions"),
        (lambda: tv_tensors.set_return_type("x"), ValueError, "'TVTensor' or 'Tensor'"),
        (lambda: Image([[1]]) + Mask([[1]]), TypeError, "Image"),
    ],
)  # fmt: skip
def test_errors(make, error, said) -> None:
    with pytest.raises(error, match=said):
        make()


def test_keys_of_dictionaries_in_checkpoints() -> None:
    image = Image(torch.zeros(1, 2, 2))
    formats, images, kept = round_trip([{BoundingBoxFormat.XYXY: 1}, {image: 2}, {image}])
    assert formats == {BoundingBoxFormat.XYXY: 1}
    assert type(next(iter(images))) is Image and kept == set(images)
