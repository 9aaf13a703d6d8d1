"""Regions of feature maps brought to one size: He et al., arXiv:1703.06870."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any

import rushlight

from ... import nn
from ...autocast_state import casts
from ...tensor import Tensor


def roi_align(
    input: Tensor,
    boxes: Tensor | Sequence[Tensor],
    output_size: int | Sequence[int],
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
    aligned: bool = False,
) -> Tensor:
    """Each box's part of its feature map, averaged to `output_size` (height, width).

    A box is divided into bins; a bin is the mean of points that lie evenly in it,
    `sampling_ratio` squared of them (or, where that is not positive, as many as the bin has
    elements, rounded up), each interpolated between the four elements around it. Boxes are
    (K, 5), the image's number first, or a list with (L, 4) for each image; `spatial_scale` takes
    them to the map. With `aligned` the centres of elements lie at whole numbers and a half.

    Shapes (N, C, H, W) to (K, C, height, width).

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import roi_align
    >>> x = torch.arange(16.0).reshape(1, 1, 4, 4)
    >>> roi_align(x, torch.tensor([[0.0, 0, 0, 4, 4]]), 2, aligned=True)
    tensor([[[[ 2.5000,  4.5000],
              [10.5000, 12.5000]]]])
    """
    height, width = bins_of("roi_align", output_size)
    numbers, corners = numbered("roi_align", input, boxes)
    if not (numbers and height and width):
        return input.new_zeros((len(numbers), input.shape[1], height, width))
    corners = corners.to(input.dtype) * spatial_scale - (0.5 if aligned else 0.0)
    sizes = corners[:, 2:] - corners[:, :2]
    if not aligned:
        sizes = sizes.clamp(min=1.0)
    y = _weights(corners[:, 1], sizes[:, 1], height, input.shape[-2], sampling_ratio)
    x = _weights(corners[:, 0], sizes[:, 0], width, input.shape[-1], sampling_ratio)
    images = input.unbind()
    parts = [
        rows @ images[number] @ columns.mT
        for number, rows, columns in zip(numbers, y, x, strict=True)
    ]
    return rushlight.stack(parts)


def bins_of(name: str, output_size: Any, least: int = 0) -> tuple[int, int]:
    """(height, width) from one number or two."""
    sizes = tuple(output_size) if isinstance(output_size, Iterable) else (output_size,) * 2
    if len(sizes) != 2 or not all(isinstance(size, Integral) for size in sizes):
        raise TypeError(
            f"{name}: output_size is to be a whole number or two, (height, width), not "
            f"{output_size!r}"
        )
    if min(sizes) < least:
        raise RuntimeError(f"{name}: output_size is to be at least {least}, not {output_size}")
    return sizes


def numbered(
    name: str, input: Tensor, boxes: Tensor | Sequence[Tensor]
) -> tuple[list[int], Tensor]:
    """The number of each box's image, and the boxes."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}: the input is to be a Tensor, not {type(input).__name__}")
    if input.ndim != 4:
        raise RuntimeError(f"{name}: the input is to be (N, C, H, W), not {tuple(input.shape)}")
    if isinstance(boxes, Tensor):
        if boxes.ndim != 2 or boxes.shape[1] != 5:
            raise AssertionError(
                f"{name}: boxes are to have shape (K, 5), the image's number first, not "
                f"{tuple(boxes.shape)}"
            )
        numbers, corners = boxes[:, 0].detach().int().tolist(), boxes[:, 1:]
    else:
        if not isinstance(boxes, (list, tuple)) or len(boxes) == 0:
            got = "an empty one" if isinstance(boxes, (list, tuple)) else type(boxes).__name__
            raise TypeError(
                f"{name}: boxes are to be a tensor (K, 5), or a list with a tensor (L, 4) for each "
                f"image, not {got}"
            )
        for part in boxes:
            if part.ndim != 2 or part.shape[1] != 4:
                raise AssertionError(
                    f"{name}: the boxes of each image are to have shape (L, 4), not "
                    f"{tuple(part.shape)}"
                )
        numbers = [i for i, part in enumerate(boxes) for _ in part]
        corners = rushlight.cat(list(boxes))
    if corners.dtype != input.dtype and not casts:  # autocast leaves features as halves
        raise RuntimeError(
            f"{name}: the input and the boxes are to have one dtype, but got {input.dtype} and "
            f"{corners.dtype}; convert the boxes by boxes.to(input.dtype)"
        )
    if not input.is_floating_point():
        raise NotImplementedError(f'"{name}" not implemented for {input.dtype}; use input.float()')
    for number in numbers:
        if not 0 <= number < len(input):
            raise IndexError(f"{name}: there is no image {number} among {len(input)}")
    return numbers, corners


def _weights(
    start: Tensor, size: Tensor, bins: int, length: int, sampling_ratio: int
) -> Sequence[Tensor]:
    """How much of each of `length` elements goes into each bin: for each box (bins, length).

    Interpolation between neighbours and the mean of a bin's points are both linear, and those of
    the two axes are independent of each other: one matrix each.
    """
    if not len(start):
        return []
    if sampling_ratio <= 0:
        spans = (size.detach() / bins).ceil().clamp(min=1)
        points = spans.nan_to_num(1.0, 1.0).int().tolist()  # of boxes without an end, too
        boxes = zip(start.split(1), size.split(1), points, strict=True)
        return [_weights(a, b, bins, length, count)[0] for a, b, count in boxes]
    numbers = rushlight.arange(bins * sampling_ratio, dtype=start.dtype, device=start.device)
    places = start[:, None] + (numbers + 0.5) * (size / (bins * sampling_ratio))[:, None]
    inside = (places >= -1.0) & (places <= length)
    places = places.clamp(0, length - 1)
    elements = rushlight.arange(length, dtype=start.dtype, device=start.device)
    near = (1 - (places[..., None] - elements).abs()).clamp(min=0)
    near = near * inside[..., None]  # (boxes, bins * points, length)
    return near.reshape(-1, bins, sampling_ratio, length).mean(2).unbind()


def ps_roi_align(
    input: Tensor,
    boxes: Tensor | Sequence[Tensor],
    output_size: int | Sequence[int],
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
) -> Tensor:
    """`roi_align`, aligned, each bin of channels of its own: Li et al., arXiv:1711.07264.

    Of the channels, C * height * width, those of one output channel follow each other, one for
    each bin. Shapes (N, C * height * width, H, W) to (K, C, height, width).

    >>> import rushlight as torch
    >>> from rushlight.vision.ops import ps_roi_align
    >>> x = torch.arange(4.0).reshape(1, 4, 1, 1).expand(1, 4, 6, 6)
    >>> ps_roi_align(x, torch.tensor([[0.0, 0, 0, 4, 4]]), 2)
    tensor([[[[0., 1.],
              [2., 3.]]]])
    """
    height, width = bins_of("ps_roi_align", output_size, least=1)
    numbers, corners = numbered("ps_roi_align", input, boxes)
    corners = corners.to(input.dtype) * spatial_scale - 0.5
    sizes = corners[:, 2:] - corners[:, :2]
    y = _weights(corners[:, 1], sizes[:, 1], height, input.shape[2], sampling_ratio)
    x = _weights(corners[:, 0], sizes[:, 0], width, input.shape[3], sampling_ratio)
    return of_positions("ps_roi_align", input, numbers, y, x, (height, width))


def of_positions(
    name: str, input: Tensor, numbers: list[int], y: Sequence[Tensor], x: Sequence[Tensor],
    bins: tuple[int, int],
) -> Tensor:  # fmt: skip
    """Of each box, whose image is `numbers`, each bin's own channel, weighted by y and x."""
    channels, left = divmod(input.shape[1], bins[0] * bins[1])
    if left:
        raise RuntimeError(
            f"{name}: the {input.shape[1]} channels of the input are to be a multiple of "
            f"{bins[0]} x {bins[1]}, the size of the output"
        )
    if not numbers:
        return input.new_zeros((0, channels, *bins))
    images = input.reshape(len(input), channels, *bins, *input.shape[2:])
    parts = [
        (rows[:, None, None] @ images[number] @ columns[:, :, None])[..., 0, 0]
        for number, rows, columns in zip(numbers, y, x, strict=True)
    ]
    return rushlight.stack(parts)


class RoIAlign(nn.Module):
    """`roi_align` as a layer.

    >>> from rushlight.vision.ops import RoIAlign
    >>> RoIAlign(7, 0.25, 2)
    RoIAlign(output_size=7, spatial_scale=0.25, sampling_ratio=2, aligned=False)
    """

    def __init__(
        self, output_size: Any, spatial_scale: float, sampling_ratio: int, aligned: bool = False
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio
        self.aligned = aligned

    def forward(self, input: Tensor, rois: Tensor | Sequence[Tensor]) -> Tensor:
        return roi_align(
            input, rois, self.output_size, self.spatial_scale, self.sampling_ratio, self.aligned
        )

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(output_size={self.output_size}, "
            f"spatial_scale={self.spatial_scale}, sampling_ratio={self.sampling_ratio}, "
            f"aligned={self.aligned})"
        )


class PSRoIAlign(nn.Module):
    """`ps_roi_align` as a layer.

    >>> from rushlight.vision.ops import PSRoIAlign
    >>> PSRoIAlign(7, 0.25, 2)
    PSRoIAlign(output_size=7, spatial_scale=0.25, sampling_ratio=2)
    """

    def __init__(self, output_size: Any, spatial_scale: float, sampling_ratio: int) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio

    def forward(self, input: Tensor, rois: Tensor | Sequence[Tensor]) -> Tensor:
        return ps_roi_align(input, rois, self.output_size, self.spatial_scale, self.sampling_ratio)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(output_size={self.output_size}, "
            f"spatial_scale={self.spatial_scale}, sampling_ratio={self.sampling_ratio})"
        )
