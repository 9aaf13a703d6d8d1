"""Regions of feature maps and deformed convolutions beside plain loops; their gradients."""

from __future__ import annotations

import importlib
import itertools
import math
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.autograd import gradcheck
from rushlight.vision import ops

rng = np.random.default_rng(0)
# Within the map, partly outside, wholly outside, of no size, and with halves.
BOXES = np.array([
    [0, 0, 0, 6, 7], [1, 2.3, 1.7, 5.2, 6.9], [0, -3, -2, 4, 5], [1, 4, 4, 30, 40],
    [0, 3, 3, 3.2, 3.4], [0, 20, 20, 25, 25], [1, 0.5, 0.5, 3.5, 4.5],
])  # fmt: skip
MAP = rng.normal(size=(2, 12, 8, 7))


def rounded(value: float) -> int:
    return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)


def bin_of(start: int, size: int, number: int, bins: int, length: int) -> slice:
    first = start + math.floor(number * size / bins)
    last = start + math.ceil((number + 1) * size / bins)
    return slice(min(max(first, 0), length), min(max(last, 0), length))


def pooled(x: Any, boxes: Any, size: tuple[int, int], scale: float, own_channels: bool) -> Any:
    channels = x.shape[1] // (size[0] * size[1] if own_channels else 1)
    result = np.zeros((len(boxes), channels, *size))
    for k, c, i, j in np.ndindex(result.shape):
        x1, y1, x2, y2 = (rounded(value * scale) for value in boxes[k, 1:])
        more = 0 if own_channels else 1
        edge = 1 if own_channels else 0  # the last row and column belong to no bin
        rows = bin_of(y1, max(y2 - y1 + more, 1), i, size[0], x.shape[2] - edge)
        columns = bin_of(x1, max(x2 - x1 + more, 1), j, size[1], x.shape[3] - edge)
        channel = (c * size[0] + i) * size[1] + j if own_channels else c
        block = x[int(boxes[k, 0]), channel, rows, columns]
        if block.size:
            result[k, c, i, j] = block.mean() if own_channels else block.max()
    return result


def between(image: Any, y: float, x: float) -> float:
    """An image, zero outside of it, interpolated."""
    total = 0.0
    for row, column in itertools.product((math.floor(y), math.floor(y) + 1),
                                         (math.floor(x), math.floor(x) + 1)):  # fmt: skip
        if 0 <= row < image.shape[0] and 0 <= column < image.shape[1]:
            total += image[row, column] * (1 - abs(y - row)) * (1 - abs(x - column))
    return total


def deformed(x: Any, offset: Any, weight: Any, mask: Any, stride: int, dilation: int) -> Any:
    """Without padding, with as many groups of offsets as there are channels."""
    kernel = weight.shape[2:]
    result = np.zeros((len(x), len(weight), *offset.shape[2:]))
    for n, o, i, j in np.ndindex(result.shape):
        for c, (a, b) in itertools.product(range(x.shape[1]), np.ndindex(kernel)):
            place = (c * kernel[0] + a) * kernel[1] + b
            y = i * stride + a * dilation + offset[n, 2 * place, i, j]
            column = j * stride + b * dilation + offset[n, 2 * place + 1, i, j]
            read = between(x[n, c], y, column) * mask[n, place, i, j]
            result[n, o, i, j] += weight[o, c, a, b] * read
    return result


@pytest.mark.parametrize("size", [(2, 3), (1, 1), (2, 2)])
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_pools(size: tuple[int, int], scale: float) -> None:
    x, boxes = torch.from_numpy(MAP), torch.from_numpy(BOXES)
    for pool, own in ((ops.roi_pool, False), (ops.ps_roi_pool, True)):
        result = pool(x, boxes, size, scale)
        np.testing.assert_allclose(result, pooled(MAP, BOXES, size, scale, own), atol=1e-12)
        in_list = [boxes[boxes[:, 0] == i][:, 1:] for i in (0, 1)]
        order = boxes[:, 0].argsort(stable=True)
        assert torch.allclose(pool(x, in_list, size, scale), result[order])
        assert pool(x, boxes[:0], size, scale).shape == (0, *result.shape[1:])


def test_a_bins_own_channels_aligned() -> None:
    """Of a map whose bins all have the same channels it is `roi_align`."""
    x, boxes = torch.from_numpy(MAP[:, :3]), torch.from_numpy(BOXES)
    repeated = x.repeat_interleave(4, 1)
    expected = ops.roi_align(x, boxes, 2, 0.5, aligned=True)
    assert torch.allclose(ops.ps_roi_align(repeated, boxes, 2, 0.5), expected)
    alone = torch.zeros(2, 4, 8, 7)
    alone[:, 1] = 1
    assert ops.ps_roi_align(alone, boxes[:1].float(), 2).tolist() == [[[[0, 1], [0, 0]]]]


def test_of_ties_the_first_gets_the_gradient() -> None:
    x = torch.zeros(1, 1, 3, 3, requires_grad=True)
    ops.roi_pool(x, torch.tensor([[0.0, 0, 0, 2, 2]]), 1).sum().backward()
    assert x.grad.flatten().tolist() == [1] + [0] * 8


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2)])
def test_deformed_convolutions(stride: int, dilation: int) -> None:
    out = [(size - 2 * dilation - 1) // stride + 1 for size in (7, 6)]
    x, weight = rng.normal(size=(2, 3, 7, 6)), rng.normal(size=(4, 3, 3, 3))
    offset = rng.normal(size=(2, 2 * 27, *out)) * 2
    mask = rng.uniform(size=(2, 27, *out))
    args = [torch.from_numpy(value) for value in (x, offset, weight)]
    result = ops.deform_conv2d(*args, stride=stride, dilation=dilation, mask=torch.from_numpy(mask))
    expected = deformed(x, offset, weight, mask, stride, dilation)
    np.testing.assert_allclose(result, expected, atol=1e-12)


def test_without_offsets_it_is_a_convolution() -> None:
    layer = ops.DeformConv2d(4, 6, (3, 2), padding=1, groups=2)
    x = torch.randn(2, 4, 5, 6)
    offset = torch.zeros(2, 12, 5, 7)
    expected = torch.nn.functional.conv2d(x, layer.weight, layer.bias, padding=1, groups=2)
    assert torch.allclose(layer(x, offset), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_deformed_convolutions_of_halves_reach_all_of_a_map(dtype: torch.dtype) -> None:
    x = torch.arange(300 * 300).reshape(1, 1, 300, 300).remainder(97).to(dtype)
    offset = torch.zeros(1, 2, 300, 300, dtype=dtype)
    result = ops.deform_conv2d(x, offset, torch.ones(1, 1, 1, 1, dtype=dtype))
    reached = 300 if dtype == torch.float16 else 256  # bfloat16 has no place 257
    assert torch.equal(result[..., :reached, :reached], x[..., :reached, :reached])


@pytest.mark.parametrize("with_mask", [False, True])
def test_deformed_convolutions_of_no_images(with_mask: bool) -> None:
    layer = ops.DeformConv2d(4, 6, 3, padding=1, groups=2)
    mask = torch.zeros(0, 18, 5, 7) if with_mask else None
    assert layer(torch.zeros(0, 4, 5, 7), torch.zeros(0, 36, 5, 7), mask).shape == (0, 6, 5, 7)


def test_boxes_of_negative_area_are_zeros_among_levels() -> None:
    pool = ops.MultiScaleRoIAlign(["large", "small"], 2, 2)
    maps = {"large": torch.ones(1, 3, 64, 64), "small": 2 * torch.ones(1, 3, 16, 16)}
    maps["large"].requires_grad_()
    boxes = torch.tensor([[0.0, 0, 9, 9], [9, 0, 0, 9], [0, 0, 300, 300], [5, 5, 5, 5]])
    pooled = pool(maps, [boxes], [(512, 512)])
    assert pooled[:, 0, 0, 0].tolist() == [1, 0, 2, 1]
    pooled.sum().backward()
    assert maps["large"].grad.sum() == pytest.approx(24)


def test_gradients() -> None:
    x = torch.from_numpy(MAP[:1, :4, :5, :5]).requires_grad_()
    boxes = torch.tensor([[0.0, 0.2, 0.1, 3.7, 4.2]], dtype=torch.float64)
    for function in (ops.roi_pool, ops.ps_roi_pool, ops.ps_roi_align):
        assert gradcheck(lambda x, function=function: function(x, boxes, 2), x)
    offset = torch.from_numpy(rng.uniform(0.1, 0.9, (1, 8, 4, 4))).requires_grad_()
    mask = torch.from_numpy(rng.uniform(size=(1, 4, 4, 4))).requires_grad_()
    weight = torch.from_numpy(rng.normal(size=(2, 4, 2, 2))).requires_grad_()
    assert gradcheck(lambda *args: ops.deform_conv2d(*args[:3], mask=args[3]),
                     (x, offset, weight, mask))  # fmt: skip


@pytest.mark.parametrize(("call", "said"), [
    (lambda x: ops.roi_pool(x[0], torch.zeros(1, 5), 2), r"roi_pool: the input is to be \(N, C"),
    (lambda x: ops.ps_roi_pool(x, torch.zeros(1, 5), 5), "12 channels .* a multiple of 5 x 5"),
    (lambda x: ops.ps_roi_align(x, torch.zeros(1, 5), 5), "12 channels .* a multiple of 5 x 5"),
    (lambda x: ops.deform_conv2d(x, torch.zeros(2, 17, 6, 5), torch.zeros(6, 12, 3, 3)),
     "the 17 channels of offset|offset is to have shape"),
    (lambda x: ops.deform_conv2d(x, torch.zeros(2, 18, 6, 6), torch.zeros(6, 12, 3, 3)),
     r"offset is to have shape \(2, 18, 6, 5\), not \(2, 18, 6, 6\)"),
    (lambda x: ops.deform_conv2d(x, torch.zeros(2, 18, 6, 5), torch.zeros(6, 5, 3, 3)),
     r"weight \(6, 5, 3, 3\) does not take the 12 channels"),
    (lambda x: ops.deform_conv2d(x, torch.zeros(2, 18, 6, 5), torch.zeros(6, 12, 3, 3),
                                 mask=torch.zeros(2, 8, 6, 5)), "mask is to have shape"),
])  # fmt: skip
def test_refusals(call: Any, said: str) -> None:
    with pytest.raises(RuntimeError, match=said):
        call(torch.zeros(2, 12, 8, 7))


ROI = ("roi_align", "ps_roi_align", "roi_pool", "ps_roi_pool")


@pytest.mark.parametrize("name", ROI)
def test_refusals_name_the_function(name: str) -> None:
    function, x, boxes = getattr(ops, name), torch.zeros(1, 4, 8, 8), torch.zeros(1, 5)
    for arguments, error, said in (
        ((x, boxes.double(), 2), RuntimeError, "one dtype, but got torch.float32 and torch.float6"),
        ((x, [boxes[:, 1:].long()], 2), RuntimeError, "one dtype, but got torch.float32 and torch"),
        ((x.long(), boxes.long(), 2), NotImplementedError, "not implemented for torch.int64"),
        ((x.numpy(), boxes, 2), TypeError, "the input is to be a Tensor, not ndarray"),
        ((x, boxes.numpy(), 2), TypeError, "boxes are to be a tensor .* not ndarray"),
        ((x, [], 2), TypeError, "not an empty one"),
        ((x, boxes, 1.5), TypeError, "output_size is to be a whole number or two"),
        ((x, boxes, (2,)), TypeError, "output_size is to be a whole number or two"),
        ((x, boxes, -1), RuntimeError, "output_size is to be at least"),
    ):
        with pytest.raises(error, match=f"{name}.*{said}"):
            function(*arguments)


def test_no_bins() -> None:
    x, boxes = torch.zeros(1, 4, 8, 8), torch.zeros(3, 5)
    assert ops.roi_pool(x, boxes, (0, 2)).shape == (3, 4, 0, 2)
    assert ops.roi_align(x, boxes, (0, 2)).shape == (3, 4, 0, 2)
    with pytest.raises(RuntimeError, match="ps_roi_pool: output_size is to be at least 1"):
        ops.ps_roi_pool(x, boxes, (0, 2))


def test_suppression_asks_for_a_class_of_each_box() -> None:
    boxes, scores = torch.tensor([[0.0, 0, 2, 2], [0, 0, 2, 2.1]]), torch.tensor([0.5, 0.4])
    assert ops.batched_nms(boxes, scores, torch.zeros(1), 0.5).tolist() == [0]
    for idxs in (torch.zeros(0), torch.zeros(3), torch.zeros(2, 1), [0, 1]):
        with pytest.raises(RuntimeError, match="batched_nms: 2 boxes are to have as many idxs"):
            ops.batched_nms(boxes, scores, idxs, 0.5)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="nms: boxes and scores are to have one dtype"):
        ops.nms(boxes, scores.double(), 0.5)
    with pytest.raises(TypeError, match="nms: expected tensors, got ndarray"):
        ops.nms(boxes.numpy(), scores, 0.5)  # type: ignore[arg-type]


def test_old_keys_of_a_pyramid() -> None:
    network = ops.FeaturePyramidNetwork([2, 3], 4)
    old = {key.replace(".0.weight", ".weight").replace(".0.bias", ".bias"): value + 1
           for key, value in network.state_dict().items()}  # fmt: skip
    assert "inner_blocks.1.weight" in old
    network.load_state_dict(old)
    assert torch.equal(network.inner_blocks[1][0].weight, old["inner_blocks.1.weight"])


def test_where_torchvision_has_them() -> None:
    for place, name in (
        ("giou_loss", "generalized_box_iou_loss"), ("ciou_loss", "complete_box_iou_loss"),
        ("diou_loss", "distance_box_iou_loss"), ("focal_loss", "sigmoid_focal_loss"),
        ("drop_block", "DropBlock2d"), ("deform_conv", "DeformConv2d"), ("roi_pool", "RoIPool"),
        ("ps_roi_align", "PSRoIAlign"), ("ps_roi_pool", "ps_roi_pool"), ("roi_align", "roi_align"),
        ("poolers", "MultiScaleRoIAlign"), ("feature_pyramid_network", "LastLevelMaxPool"),
        ("stochastic_depth", "StochasticDepth"), ("boxes", "nms"), ("misc", "MLP"),
    ):  # fmt: skip
        module = importlib.import_module(f"rushlight.vision.ops.{place}")
        assert hasattr(module, name), place
        assert getattr(ops, name, getattr(module, name)) is getattr(module, name)
    assert callable(ops.stochastic_depth) and callable(ops.roi_pool)


@pytest.mark.parametrize("function", [ops.roi_align, ops.ps_roi_align])
def test_no_boxes_and_as_many_points_as_elements(function: Any) -> None:
    x = torch.rand(1, 4, 8, 8)
    assert function(x, torch.zeros(0, 5), 2).shape[0] == 0
    pool = ops.MultiScaleRoIAlign(["0", "1"], 2, -1)  # of two maps, one of which has none
    boxes = [torch.tensor([[0, 0, 3.0, 3]])]
    assert pool({"0": x, "1": x[..., ::2, ::2]}, boxes, [(8, 8)]).shape == (1, 4, 2, 2)


def test_boxes_without_an_end() -> None:
    x = torch.rand(1, 4, 8, 8)
    boxes = torch.tensor([[0, float("nan"), 0, 3, 3], [0, 0, 0, float("inf"), 3], [0, 0, 0, 3, 3]])
    found = ops.roi_align(x, boxes, 2)
    assert found[0].isnan().all() and found[1].eq(0).all() and found[2].isfinite().all()
    assert ops.roi_align(x, boxes[2:], (0, 2)).shape == (1, 4, 0, 2)
