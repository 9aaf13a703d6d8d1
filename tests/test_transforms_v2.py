"""Transforms of samples, without torchvision beside: what moves where, which part is the image."""

from __future__ import annotations

import runpy
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import tv_tensors
from rushlight.vision.transforms import functional, v2
from rushlight.vision.transforms.v2 import functional as F

HEIGHT, WIDTH = 10, 12


def boxes(numbers=((1, 2, 4, 6),), format="XYXY", **options):
    return tv_tensors.BoundingBoxes(
        torch.tensor(numbers, dtype=torch.float32),
        format=format,
        canvas_size=(HEIGHT, WIDTH),
        **options,
    )


def points(*numbers):
    return tv_tensors.KeyPoints(
        torch.tensor(numbers, dtype=torch.float32), canvas_size=(HEIGHT, WIDTH)
    )


def image():
    return tv_tensors.Image(torch.arange(HEIGHT * WIDTH).reshape(1, HEIGHT, WIDTH))


def mask_of(box):
    """A mask that is 1 in a box."""
    mask = torch.zeros(HEIGHT, WIDTH, dtype=torch.uint8)
    x1, y1, x2, y2 = (int(v) for v in box)
    mask[y1:y2, x1:x2] = 1
    return tv_tensors.Mask(mask)


# ---- what moves where

MOVED = {
    "horizontal_flip": (lambda x: F.horizontal_flip(x), [8, 2, 11, 6], [10, 2]),
    "vertical_flip": (lambda x: F.vertical_flip(x), [1, 4, 4, 8], [1, 7]),
    "resize": (lambda x: F.resize(x, [20, 36]), [3, 4, 12, 12], [3, 4]),
    "crop": (lambda x: F.crop(x, 1, 2, 4, 6), [0, 1, 2, 4], [-1, 1]),
    "center_crop": (lambda x: F.center_crop(x, 8), [0, 1, 2, 5], [-1, 1]),
    "resized_crop": (lambda x: F.resized_crop(x, 0, 0, 5, 6, [10, 12]), [2, 4, 8, 10], [2, 4]),
    "pad": (lambda x: F.pad(x, [1, 2]), [2, 4, 5, 8], [2, 4]),
    "affine": (lambda x: F.affine(x, 0, [2, 1], 1.0, [0, 0]), [3, 3, 6, 7], [3, 3]),
    "rotate": (lambda x: F.rotate(x, 180), [8, 4, 11, 8], [11, 8]),
    "rotate and expand": (lambda x: F.rotate(x, 90, expand=True), [2, 8, 6, 11], [2, 11]),
    "perspective": (
        lambda x: F.perspective(
            x, [[0, 0], [11, 0], [11, 9], [0, 9]], [[1, 1], [12, 1], [12, 10], [1, 10]]
        ),
        [2, 3, 5, 7], [2, 3],
    ),
    "elastic": (lambda x: F.elastic(x, torch.zeros(1, 10, 12, 2)), [1, 2, 4, 6], [1, 2]),
}  # fmt: skip


@pytest.mark.parametrize("name", MOVED)
def test_where_things_come_to_lie(name: str) -> None:
    move, box, point = MOVED[name]
    moved = move(boxes())
    assert moved.tolist()[0] == pytest.approx(box, abs=1e-3)
    assert move(points([1, 2])).tolist()[0] == pytest.approx(point, abs=1e-3)
    assert tuple(F.get_size(move(image()))) == moved.canvas_size


@pytest.mark.parametrize("name", [name for name in MOVED if name != "resized_crop"])
def test_boxes_stay_around_their_masks(name: str) -> None:
    move, box, _ = MOVED[name]
    mask = move(mask_of([1, 2, 4, 6]))
    rows, columns = (part.tolist() for part in mask.nonzero().unbind(1))
    around = [min(columns), min(rows), max(columns) + 1, max(rows) + 1]
    assert around == [round(edge) for edge in box]


@pytest.mark.parametrize("format", ["XYWH", "CXCYWH"])
@pytest.mark.parametrize("name", MOVED)
def test_formats_move_alike(name: str, format: str) -> None:
    move, box, _ = MOVED[name]
    given = F.convert_bounding_box_format(boxes(), new_format=format)
    moved = move(given)
    assert moved.format.value == format
    back = F.convert_bounding_box_format(moved, new_format="XYXY")
    assert back.tolist()[0] == pytest.approx(box, abs=1e-3)


def test_boxes_are_cut_at_the_edges_unless_told_otherwise() -> None:
    assert F.crop(boxes(), 3, 2, 4, 6).tolist() == [[0, 0, 2, 3]]
    assert F.crop(boxes(clamping_mode=None), 3, 2, 4, 6).tolist() == [[-1, -1, 2, 3]]
    assert F.resize(boxes([[-1, 0, 30, 4]]), [10, 24]).tolist() == [[-2, 0, 60, 4]]


def test_masks_keep_their_classes() -> None:
    mask = tv_tensors.Mask(torch.tensor([[0, 7], [3, 9]]))
    for changed in (F.resize(mask, [5, 5]), F.rotate(mask, 30, interpolation="bilinear")):
        assert set(changed.flatten().tolist()) <= {0, 3, 7, 9}


SIGNED = [[-1, 3], [100, -100]]
STAY = {
    "affine": lambda x: F.affine(x, 0.0, [0, 0], 1.0, [0.0, 0.0]),
    "rotate": lambda x: F.rotate(x, 0, center=[1, 1]),
    "perspective": lambda x: F.perspective(x, *[[[0, 0], [1, 0], [1, 1], [0, 1]]] * 2),
    "elastic": lambda x: F.elastic(x, torch.zeros(1, 2, 2, 2)),
    "resize": lambda x: F.resize(x, [2, 2]),
}


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.int16, torch.int8])
@pytest.mark.parametrize("kind", [tv_tensors.Mask, tv_tensors.Image])
@pytest.mark.parametrize("name", STAY)
def test_numbers_below_zero_stay(name: str, kind: type, dtype: torch.dtype) -> None:
    assert STAY[name](kind(torch.tensor([SIGNED], dtype=dtype))).tolist() == [SIGNED]


def test_a_fill_below_zero() -> None:
    mask = tv_tensors.Mask(torch.tensor([SIGNED]))
    assert F.rotate(mask, 45, fill=-1).tolist() == [[[-1, 3], [-1, 100]]]
    ignored = v2.RandomAffine((0, 0), translate=(0.5, 0.5), fill=-1)
    assert set(ignored(mask).flatten().tolist()) <= {-1, 3, 100, -100}


def test_smoothed_numbers_below_zero() -> None:
    low = torch.full((1, 5, 5), -9, dtype=torch.int16)
    low[0, 2, 2] = 4  # (5 * 4 - 8 * 9) / 13 = -4 when smoothed
    for functions in (F, functional):
        assert functions.adjust_sharpness(low, 0.75)[0, 2].tolist() == [0, 0, 2, 0, 0]
        assert functions.gaussian_blur(low, 3)[0, 0, 0] == -9


@pytest.mark.parametrize("angle", [0, 90, 180, 270, 360, 450, -90, -270])
@pytest.mark.parametrize("size", [(480, 640), (7, 10), (5, 5), (333, 500)])
def test_quarter_turns_give_all_kinds_one_canvas(size: tuple[int, int], angle: int) -> None:
    expected = size[::-1] if angle % 180 else size
    box = tv_tensors.BoundingBoxes([[1.0, 2, 3, 4]], format="XYXY", canvas_size=size)
    point = tv_tensors.KeyPoints([[1.0, 2]], canvas_size=size)
    for value in (box, point, tv_tensors.Mask(torch.zeros(size))):
        assert tuple(F.get_size(F.rotate(value, angle, expand=True))) == expected
    sample = v2.RandomRotation((angle, angle), expand=True)((torch.zeros(1, *size), box, point))
    assert v2.query_size(list(sample)) == expected


@pytest.mark.parametrize("dtype", [torch.uint8, torch.bool, torch.int64, torch.float32])
@pytest.mark.parametrize("shape", [(0, 37, 40), (0, 3, 37, 40)])
@pytest.mark.parametrize("kind", [tv_tensors.Mask, tv_tensors.Image, torch.as_tensor])
def test_samples_without_objects(kind, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    empty = kind(torch.zeros(shape, dtype=dtype))
    for transform, size in (
        (v2.RandomAffine(30), (37, 40)), (v2.RandomRotation(30), (37, 40)),
        (v2.RandomRotation((30, 30), expand=True), (53, 54)), (v2.ElasticTransform(), (37, 40)),
        (v2.RandomPerspective(p=1.0), (37, 40)), (v2.Resize((5, 6)), (5, 6)),
        (v2.Resize((5, 6), antialias=False), (5, 6)), (v2.RandomResizedCrop((5, 6)), (5, 6)),
    ):  # fmt: skip
        result = transform(empty)
        assert result.shape == (*shape[:-2], *size) and result.dtype == dtype
        assert type(result) is type(empty)


def test_videos_are_treated_frame_by_frame() -> None:
    frames = torch.rand(2, 3, 8, 8)
    video = tv_tensors.Video(frames)
    for change in (lambda x: F.resize(x, [4, 4]), lambda x: F.adjust_contrast(x, 0.5)):
        changed = change(video)
        assert type(changed) is tv_tensors.Video
        for frame, expected in zip(changed, frames, strict=True):
            torch.testing.assert_close(frame, change(expected))


def test_lanczos_and_other_modes_of_tensors() -> None:
    ramp = torch.arange(8.0).reshape(1, 1, 8)
    assert F.resize(ramp, [1, 4], "lanczos")[0, 0, 1].item() == pytest.approx(2.5, abs=0.1)
    with pytest.raises(ValueError, match="antialias=True"):
        F.resize(ramp, [1, 4], "lanczos", antialias=False)
    with pytest.raises(NotImplementedError, match="got box"):
        F.resize(ramp, [1, 4], "box")


def test_resized_bytes_are_rounded_as_torchvision_does() -> None:
    pixels = torch.tensor([[0, 255, 0, 255, 255], [9, 80, 3, 200, 10]], dtype=torch.uint8)[None]
    found = F.resize(pixels, [3, 3], F.InterpolationMode.BICUBIC)
    assert found[0].tolist() == [[111, 119, 255], [71, 93, 174], [30, 67, 82]]


# ---- which part of a sample is transformed


def test_containers_and_other_values_stay() -> None:
    Pair = namedtuple("Pair", "image name")
    sample = {"a": [Pair(image(), "x"), (boxes(), None)], "n": 3}
    changed = v2.RandomHorizontalFlip(p=1.0)(sample)
    pair, (moved, none) = changed["a"]
    assert type(pair) is Pair and pair.name == "x" and none is None and changed["n"] == 3
    assert pair.image[0, 0, 0] == WIDTH - 1 and moved.tolist() == [[8, 2, 11, 6]]


def test_the_first_plain_tensor_is_the_image_unless_there_is_another() -> None:
    first, second = torch.tensor([[[1, 2]]]), torch.tensor([[[3, 4]]])
    flip = v2.RandomHorizontalFlip(p=1.0)
    changed = flip(first, second)
    assert [part.flatten().tolist() for part in changed] == [[2, 1], [3, 4]]
    changed = flip(first, tv_tensors.Image(second))
    assert [part.flatten().tolist() for part in changed] == [[1, 2], [4, 3]]
    changed = flip(first, tv_tensors.Mask([[3, 4]]))
    assert [part.flatten().tolist() for part in changed] == [[2, 1], [4, 3]]


def test_a_sample_shares_its_random_numbers() -> None:
    torch.manual_seed(0)
    crop = v2.RandomCrop(4)
    for _ in range(5):
        cropped, moved = crop(image(), boxes([[5, 5, 6, 6]], clamping_mode=None))
        x, y = (int(edge) for edge in moved[0, :2])
        if 0 <= x < 4 and 0 <= y < 4:
            assert cropped[0, y, x] == 5 * WIDTH + 5


def test_a_transform_of_ones_own() -> None:
    class Shift(v2.Transform):
        def make_params(self, flat_inputs):
            assert v2.query_size(flat_inputs) == (HEIGHT, WIDTH)
            return {"by": int(torch.randint(1, 3, ()))}

        def transform(self, inpt, params):
            if not isinstance(inpt, tv_tensors.BoundingBoxes):
                return inpt
            return tv_tensors.wrap(inpt + params["by"], like=inpt)

    torch.manual_seed(0)
    given = image(), {"boxes": boxes(), "label": 3}
    same, target = Shift()(*given)
    assert same is given[0] and target["label"] == 3
    assert target["boxes"].tolist() in ([[2, 3, 5, 7]], [[3, 4, 6, 8]])


def test_kernels_of_ones_own() -> None:
    class Depth(tv_tensors.TVTensor):
        pass

    @F.register_kernel(F.vertical_flip, Depth)
    def flipped(depth):
        return tv_tensors.wrap(-depth, like=depth)

    depth = Depth([[1, 2]])
    assert v2.RandomVerticalFlip(p=1.0)({"depth": depth})["depth"].tolist() == [[-1, -2]]
    assert v2.RandomHorizontalFlip(p=1.0)({"depth": depth})["depth"] is depth
    for wrong in (torch.Tensor, tv_tensors.Image, int):
        with pytest.raises(ValueError):
            F.register_kernel(F.vertical_flip, wrong)
    with pytest.raises(ValueError, match="no function"):
        F.register_kernel(print, Depth)


def test_names_of_kernels() -> None:
    assert F.resize_image(torch.zeros(1, 4, 4), [2, 2]).shape == (1, 2, 2)
    assert F.rotate_mask(torch.ones(4, 4), 90).shape == (4, 4)
    with pytest.raises(AttributeError, match="resize_sound"):
        _ = F.resize_sound


def test_plain_boxes_and_points_by_the_names_of_kernels() -> None:
    box, point = torch.tensor([1, 2, 4, 6]), torch.tensor([[[1.0, 2.0]]])
    moved, canvas = F.resize_bounding_boxes(box, (10, 12), [20, 36], format="XYXY")
    assert moved.tolist() == [3, 4, 12, 12] and canvas == (20, 36) and type(moved) is torch.Tensor
    assert F.horizontal_flip_bounding_boxes(box, "XYXY", (10, 12)).tolist() == [8, 2, 11, 6]
    assert F.crop_keypoints(point, 1, 2, 4, 6)[0].tolist() == [[[-1, 1]]]
    assert F.get_size_bounding_boxes(boxes()) == [10, 12]
    assert F.elastic_keypoints(point, (10, 12), torch.zeros(1, 10, 12, 2)).tolist() == [[[1, 2]]]
    with pytest.raises(TypeError, match="crop_keypoints: it takes a tensor and top, left"):
        F.crop_keypoints(point, 1, 2, 4, 6, 7)


# ---- boxes that are worth nothing


def test_sanitized_with_labels_and_masks() -> None:
    sample = {
        "boxes": boxes([[0, 0, 3, 3], [4, 4, 4, 9], [5, 5, 50, 9]]),
        "labels": torch.tensor([1, 2, 3]),
        "masks": tv_tensors.Mask(torch.arange(3)[:, None, None].expand(3, HEIGHT, WIDTH)),
        "scores": torch.tensor([0.1, 0.2, 0.3]),
    }
    kept = v2.SanitizeBoundingBoxes()(image(), sample)[1]
    assert kept["boxes"].tolist() == [[0, 0, 3, 3]]
    assert kept["labels"].tolist() == [1] and len(kept["masks"]) == 1 and len(kept["scores"]) == 3
    several = v2.SanitizeBoundingBoxes(labels_getter=lambda s: (s["labels"], s["scores"]))
    assert len(several(sample)["scores"]) == 1
    assert len(v2.SanitizeBoundingBoxes(labels_getter=None)(sample)["labels"]) == 3


@pytest.mark.parametrize("shape", [(0, 2), (0, 3, 2), (0, 0, 2), (2, 0, 2)])
def test_sanitized_points_where_there_are_none(shape: tuple[int, ...]) -> None:
    points = tv_tensors.KeyPoints(torch.zeros(shape), canvas_size=(4, 5))
    kept, valid = F.sanitize_keypoints(points)
    assert kept.shape == shape and valid.tolist() == [True] * shape[0]
    assert v2.SanitizeKeyPoints(labels_getter=None)(points).shape == shape


def test_sanitized_chains_of_points() -> None:
    chains = torch.tensor([[[0, 0], [1, 1]], [[2, 2], [9, 2]]])
    kept, valid = F.sanitize_keypoints(chains, canvas_size=(4, 5))
    assert kept.tolist() == [[[0, 0], [1, 1]]] and valid.tolist() == [True, False]


def test_cropped_around_boxes() -> None:
    torch.manual_seed(0)
    sample = image(), boxes([[0, 0, 3, 3], [6, 5, 9, 9]]), torch.tensor([1, 2])
    for _ in range(10):
        cropped, moved, labels = v2.RandomIoUCrop()(*sample)
        assert tuple(cropped.shape[-2:]) == moved.canvas_size and len(moved) == len(labels) == 2
        assert (moved[:, 2:] > moved[:, :2]).all(1).any()


# ---- numbers that torchvision 0.28 gives for the same seed


def test_reference_draws() -> None:
    torch.manual_seed(0)
    sample = image(), boxes()
    found = []
    for transform in (
        v2.RandomCrop(6), v2.RandomResizedCrop(6), v2.RandomAffine(20, (0.2, 0.2)),
        v2.RandomPerspective(p=1.0), v2.RandomZoomOut(p=1.0), v2.ScaleJitter((20, 20)),
    ):  # fmt: skip
        found.append([round(edge, 3) for edge in transform(*sample)[1][0].tolist()])
    assert found == [
        [0.0, 0.0, 1.0, 2.0], [0.0, 1.2, 0.0, 6.0], [2.979, 2.014, 6.007, 6.035],
        [0.835, 2.528, 2.692, 5.045], [7.0, 9.0, 10.0, 13.0], [1.417, 2.8, 5.667, 8.4],
    ]  # fmt: skip


def test_params_of_the_first_transforms() -> None:
    torch.manual_seed(0)
    assert v2.RandomCrop.get_params(torch.ones(1, 4, 4), (4, 4)) == (0, 0, 4, 4)
    assert v2.RandomRotation.get_params([30.0, 30.0]) == 30.0
    assert v2.GaussianBlur.get_params(1.0, 1.0) == 1.0


def test_mixed_batches() -> None:
    images, labels = torch.arange(2.0).reshape(2, 1, 1, 1).expand(2, 1, 4, 4), torch.tensor([0, 1])
    torch.manual_seed(0)
    mixed, shares = v2.MixUp(num_classes=2)(images, labels)
    assert mixed[:, 0, 0, 0].tolist() == pytest.approx(shares[:, 1].tolist())
    cut, shares = v2.CutMix(num_classes=2)(images, labels)
    assert cut.mean((1, 2, 3)).tolist() == pytest.approx(shares[:, 1].tolist())


# ---- errors


# ---- colours


def bytes_of_noise():
    noise = np.random.RandomState(0).randint(7, 190, (3, 17, 20))
    return torch.from_numpy(noise.astype(np.uint8))


def test_bytes_of_colours_are_torchvisions() -> None:
    noise = bytes_of_noise()
    assert F.autocontrast(noise).long().sum() == 132549
    assert functional.autocontrast(noise).long().sum() == 132549
    sums = [F.adjust_sharpness(noise, f).long().sum().item() for f in (0.9, 1.27, 1.63, 1.9)]
    assert sums == [101724, 101936, 103381, 104971]
    torch.manual_seed(5)
    assert v2.RandAugment()(noise).long().sum() == 98618


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_colours_of_any_number_of_channels(channels: int) -> None:
    noise = bytes_of_noise()[:1].repeat(channels, 1, 1)
    for change in (lambda x: F.posterize(x, 3), lambda x: F.adjust_gamma(x, 1.3)):
        assert torch.equal(change(noise), change(noise[:1]).repeat(channels, 1, 1))


def test_normalised_by_more_means_than_there_are_channels() -> None:
    grey = torch.full((1, 1, 2), 0.5)
    assert F.normalize(grey, [0.5, 0.0, 1.0], [0.5] * 3)[:, 0, 0].tolist() == [0, 1, -1]
    assert v2.Normalize([0.5, 0.0, 1.0], [0.5])(tv_tensors.Image(grey)).shape == (3, 1, 2)
    for mean, std, inplace in (([0.5] * 3, [1.0] * 3, True), ([0.5], [1.0] * 3, False)):
        with pytest.raises(RuntimeError, match="broadcast"):
            F.normalize(grey.clone(), mean, std, inplace)


def test_a_fill_that_lacks_a_kind_is_zero() -> None:
    fill = {tv_tensors.Mask: 7}
    padded, mask = v2.Pad(1, fill=fill)((image(), mask_of([0, 0, 1, 1])))
    assert padded[0, 0, 0] == 0 and mask[0, 0] == 7
    ones = torch.ones(1, 8, 8)
    for transform in (v2.RandomRotation((45, 45), fill=fill), v2.RandomAffine((45, 45), fill=fill),
                      v2.RandomZoomOut(fill, (2.0, 2.0), p=1.0),
                      v2.RandomCrop(12, padding=2, fill=fill)):  # fmt: skip
        assert transform(ones).min() == 0
    assert v2.RandomPerspective(p=1.0, fill=fill)(ones).shape == (1, 8, 8)
    for augment in (v2.RandAugment, v2.AutoAugment, v2.TrivialAugmentWide, v2.AugMix):
        assert augment(fill=fill)(ones.to(torch.uint8)).shape == (1, 8, 8)


def test_points_beside_several_crops_stay() -> None:
    crops, kept = v2.FiveCrop(3)((image(), points([1, 2])))
    assert len(crops) == 5 and kept.tolist() == [[1, 2]] and kept.canvas_size == (10, 12)
    assert len(v2.TenCrop(3)((image(), points([1, 2])))[0]) == 10


def affine(value, *args, **options):
    return lambda: F.affine(value, *args, **options)


def no_labels():
    return v2.SanitizeBoundingBoxes()({"boxes": boxes()})


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: F.adjust_contrast(boxes(), 1), TypeError, "adjust_contrast.*BoundingBoxes"),
        (lambda: F.resize("x", 3), TypeError, "str"),
        (lambda: F.pad(boxes(), 1, padding_mode="edge"), ValueError, "edge"),
        (lambda: F.pad(mask_of([0, 0, 1, 1]), 1, fill=[1]), ValueError, "Non-scalar"),
        (
            lambda: F.horizontal_flip(boxes([[1, 2, 3, 4, 30]], "XYWHR")),
            NotImplementedError, "XYWHR, which are turned",
        ),
        (
            lambda: F.convert_bounding_box_format(boxes(), new_format="XYWHR"),
            ValueError, "rotated and unrotated",
        ),
        (lambda: F.convert_bounding_box_format(boxes()), TypeError, "new_format"),
        (lambda: F.clamp_bounding_boxes(torch.ones(1, 4)), ValueError, "canvas_size"),
        (lambda: F.sanitize_bounding_boxes(torch.ones(1, 4)), ValueError, "canvas_size"),
        (lambda: F.perspective(image(), None, None), ValueError, "coefficients"),
        (lambda: v2.RandomCrop(3)({"name": "x"}), TypeError, "No image"),
        (lambda: v2.RandomGrayscale(1.0)(boxes()), TypeError, "No image or video"),
        (lambda: v2.RandomCrop(30)(image()), ValueError, r"\(30, 30\) is larger"),
        (lambda: v2.RandomCrop(3)(image(), torch.ones(1), F.resize(boxes(), 3)), ValueError,
         "Found multiple HxW"),
        (lambda: v2.FiveCrop(3)(image(), boxes()), TypeError, "FiveCrop"),
        (lambda: v2.RandomIoUCrop()(image()), TypeError, "bounding boxes"),
        (lambda: v2.AutoAugment()(image(), boxes()), TypeError, "BoundingBoxes"),
        (lambda: v2.AutoAugment()("x"), TypeError, "one image or video, not 0"),
        (no_labels, ValueError, "labels_getter"),
        (lambda: v2.SanitizeBoundingBoxes()((boxes(), torch.ones(3))), ValueError, "3 label"),
        (lambda: v2.MixUp()(torch.ones(2, 1, 2, 2), torch.tensor([0, 1])), ValueError,
         "num_classes"),
        (lambda: v2.CutMix(num_classes=2)(torch.ones(1, 2, 2), torch.tensor([0])), ValueError,
         "4 dims"),
        (lambda: v2.ToDtype({tv_tensors.Mask: torch.int64})(image()), ValueError, "'others'"),
        (affine(boxes(), 0, [0, 0], 0, [0, 0]), ValueError, "scale should be positive"),
        (affine(points([1, 2]), 0, [0, 0], -1, [0, 0]), ValueError, "scale should be positive"),
        (affine(boxes(), "a", [0, 0], 1, [0, 0]), TypeError, "angle"),
        (affine(boxes(), 0, 3, 1, [0, 0]), TypeError, "translate"),
        (affine(boxes(), 0, [0], 1, [0, 0]), ValueError, "translate"),
        (affine(boxes(), 0, [0, 0], 1, None), TypeError, "Shear"),
        (affine(boxes(), 0, [0, 0], 1, [0, 0], center=3), TypeError, "center"),
        (affine(image(), 0, [0, 0], 1, None), TypeError, "Shear"),
        (lambda: F.rotate(boxes(), 30, center=3), TypeError, "center"),
        (lambda: F.rotate(image(), "a"), TypeError, "angle"),
        (lambda: F.uniform_temporal_subsample(torch.ones(0, 1, 2, 2), 3), RuntimeError, "none"),
        (lambda: F.to_dtype(image(), torch.bool, scale=True), TypeError, "bool"),
        (lambda: F.to_dtype(image() > 3, torch.uint8, scale=True), TypeError, "bool"),
        (lambda: F.convert_image_dtype(image(), torch.bool), TypeError, "bool"),
        (lambda: F.invert(image() > 3), TypeError, "bool"),
        (lambda: F.solarize(image() > 3, 0.5), TypeError, "bool"),
        (lambda: F.posterize(image() > 3, 3), TypeError, "bool"),
        (lambda: F.posterize(image(), 9), TypeError, "bits"),
        (lambda: F.pad(image(), "a"), TypeError, "padding"),
        (lambda: F.pad(boxes(), "a"), TypeError, "padding"),
        (lambda: v2.Pad("a"), ValueError, "Padding"),
        (lambda: v2.Pad([1, 2.5]), ValueError, "Padding"),
        (lambda: v2.FiveCrop(3)(image(), mask_of([0, 0, 1, 1])), TypeError, "FiveCrop"),
        (lambda: v2.Pad(1, fill="x"), TypeError, "fill"),
        (lambda: v2.Normalize([0.5], [0.5])(image()), TypeError, "float"),
    ],
)  # fmt: skip
def test_errors(make, error, said) -> None:
    with pytest.raises(error, match=said):
        make()


def test_deprecated_names_warn() -> None:
    with pytest.warns(UserWarning, match="v2.ToImage"):
        v2.ToTensor()
    with pytest.warns(UserWarning, match="to_image"):
        F.to_tensor(np.zeros((1, 1), np.uint8))
    with pytest.warns(UserWarning, match="get_size"):
        F.get_image_size(image())
    with pytest.warns(UserWarning, match="passing through"):
        v2.RandomErasing(p=1.0)(image(), mask_of([0, 0, 1, 1]))


# ---- Pillow's images


def test_pillow_and_tensors_agree() -> None:
    pillow = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, (16, 14, 3), dtype=np.uint8)
    tensor = tv_tensors.Image(torch.from_numpy(pixels.transpose(2, 0, 1).copy()))
    make = v2.Compose([v2.RandomCrop(9, padding=2), v2.RandomHorizontalFlip(), v2.ColorJitter(0.4)])
    torch.manual_seed(0)
    from_pillow = v2.ToImage()(make(pillow.fromarray(pixels)))
    torch.manual_seed(0)
    apart = from_pillow.int() - make(tensor).int()
    assert apart.abs().max() <= 1


def test_jpeg() -> None:
    pillow = pytest.importorskip("PIL.Image")
    smooth = np.linspace(0, 255, 32, dtype=np.uint8)[:, None].repeat(32, 1)
    tensor = torch.from_numpy(smooth)[None].expand(2, 3, 32, 32)
    compressed = v2.JPEG(60)(tensor)
    assert compressed.shape == tensor.shape and compressed.dtype == torch.uint8
    assert 0 < (compressed.int() - tensor.int()).abs().max() < 20
    again = F.jpeg(pillow.fromarray(smooth), 60)
    assert (np.asarray(again).astype(int) - compressed[0, 0].numpy()).std() < 2
    with pytest.raises(RuntimeError, match="uint8"):
        F.jpeg(torch.zeros(3, 8, 8), 60)


def test_the_example_draws_a_picture(tmp_path, monkeypatch) -> None:
    pillow = pytest.importorskip("PIL.Image")
    example = Path(__file__).parents[1] / "examples" / "detection_augmentation.py"
    monkeypatch.setattr(sys, "argv", ["", str(tmp_path / "a.png")])
    runpy.run_path(str(example), run_name="__main__")
    picture = np.asarray(pillow.open(tmp_path / "a.png"))
    assert picture.shape == (376, 496, 3)
    assert (picture[17, 22:78] == 255).all() and (picture[17:73, 22] == 255).all()  # the disc's box
