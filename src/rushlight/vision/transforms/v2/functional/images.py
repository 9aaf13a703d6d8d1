"""Images of one kind as another; what their sizes are; normalisation; parts of videos."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

import rushlight

from .....dtype import dtype as DType
from .....errors import OperationError
from .....tensor import Tensor, wrap
from ....pillow import is_pillow_image
from ....tv_tensors import BoundingBoxes, Image, KeyPoints, Mask, TVTensor, Video, plain
from ...functional import images
from .dispatch import kernel_of, of_everything, of_images

pil_to_tensor = images.pil_to_tensor


def to_image(inpt: Any) -> Image:
    """A PIL image, an array (height, width[, channels]) or a tensor as an `Image`.

    TypeError for anything else.

    >>> import numpy as np
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.to_image(np.zeros((4, 5, 3), np.uint8)).shape
    torch.Size([3, 4, 5])
    """
    values: Tensor
    if isinstance(inpt, np.ndarray):
        pixels = inpt[..., None] if inpt.ndim == 2 else inpt
        values = wrap(pixels.transpose(2, 0, 1).copy())
    elif is_pillow_image(inpt):
        values = images.pil_to_tensor(inpt)
    elif isinstance(inpt, Tensor):
        values = plain(inpt)
    else:
        raise TypeError(
            "Input can either be a pure Tensor, a numpy array, or a PIL image, but got "
            f"{type(inpt)} instead."
        )
    return Image(values)


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A tensor (C, H, W) or (H, W), or an array (H, W[, C]), as a PIL image.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.to_pil_image(torch.ones(3, 4, 5)).size
    (5, 4)
    """
    return images.to_pil_image(plain(pic), mode)


def _to_dtype(inpt: Tensor, dtype: DType = rushlight.float32, scale: bool = False) -> Tensor:
    """The values in another dtype; with `scale` those of images are scaled to the dtype's range.

    TypeError for scaling whole numbers to booleans, or booleans to whole numbers.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.to_dtype(torch.tensor([[[0, 255]]], dtype=torch.uint8), torch.float32, scale=True)
    tensor([[[0., 1.]]])
    """
    return scaled(inpt, dtype) if scale else inpt.to(dtype)


def scaled(inpt: Tensor, dtype: DType) -> Tensor:
    """The values in another dtype, scaled to its range."""
    if inpt.dtype != dtype and not inpt.is_floating_point():
        if dtype.is_floating_point:  # torchvision's first transforms divide
            return inpt.to(dtype) * (1.0 / images.largest(inpt.dtype))
        for one in (inpt.dtype, dtype):
            bits_of(one)  # which refuses booleans
    return images.convert_image_dtype(inpt, dtype)


def bits_of(dtype: DType) -> int:
    """How many bits of whole numbers hold their value. TypeError for booleans."""
    if dtype == rushlight.bool:
        raise TypeError(f"bits of values: whole numbers have them, not {dtype}")
    return images.largest(dtype).bit_length()


to_dtype = of_images(_to_dtype, name="to_dtype", kinds=(Tensor, Image, Video))


@kernel_of(to_dtype, Mask, BoundingBoxes, KeyPoints)
def _unscaled(inpt: TVTensor, dtype: DType = rushlight.float32, scale: bool = False) -> Any:
    return inpt.to(dtype)


def convert_image_dtype(image: Tensor, dtype: DType = rushlight.float32) -> Tensor:
    """The image in another dtype, with its values scaled to the dtype's range.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.convert_image_dtype(torch.tensor([[[0, 255]]], dtype=torch.uint8))
    tensor([[[0., 1.]]])
    """
    return to_dtype(image, dtype, scale=True)


def to_tensor(inpt: Any) -> Tensor:
    """A PIL image or array as a tensor of floats: deprecated.

    >>> import warnings
    >>> import numpy as np
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> with warnings.catch_warnings(action="ignore"):
    ...     F.to_tensor(np.full((1, 1), 255, np.uint8))
    tensor([[[1.]]])
    """
    warnings.warn(
        "The function `to_tensor(...)` is deprecated and will be removed in a future release. "
        "Instead, please use `to_image(...)` followed by "
        "`to_dtype(..., dtype=torch.float32, scale=True)`.",
        stacklevel=2,
    )
    return images.to_tensor(inpt)


def is_pure_tensor(inpt: Any) -> bool:
    """Whether it is a tensor that does not say what it holds.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.is_pure_tensor(torch.zeros(1))
    True
    """
    return isinstance(inpt, Tensor) and not isinstance(inpt, TVTensor)


# ---- sizes


def _get_size(inpt: Any) -> list[int]:
    """[height, width], of the canvas for boxes and key points.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.get_size(torch.zeros(3, 8, 9))
    [8, 9]
    """
    return list(images.image_size(inpt))


def _get_num_channels(inpt: Any) -> int:
    """How many channels an image has.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.get_num_channels(torch.zeros(3, 8, 9))
    3
    """
    return images.get_image_num_channels(inpt)


def _get_dimensions(inpt: Any) -> list[int]:
    """[channels, height, width].

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.get_dimensions(torch.zeros(3, 8, 9))
    [3, 8, 9]
    """
    return images.get_dimensions(inpt)


def _get_num_frames(inpt: Tensor) -> int:
    """How many images a video (..., T, C, H, W) has.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.get_num_frames(torch.zeros(7, 3, 8, 9))
    7
    """
    return int(inpt.shape[-4])


get_size = of_everything(_get_size, name="get_size")


@kernel_of(get_size, BoundingBoxes, KeyPoints)
def _canvas(inpt: BoundingBoxes | KeyPoints) -> list[int]:
    return list(inpt.canvas_size)


get_dimensions = of_images(_get_dimensions, name="get_dimensions")
get_num_channels = get_image_num_channels = of_images(_get_num_channels, name="get_num_channels")
get_num_frames = of_images(_get_num_frames, name="get_num_frames", kinds=(Tensor, Video))


def get_image_size(inpt: Any) -> list[int]:
    """[width, height]: deprecated.

    >>> import warnings
    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> with warnings.catch_warnings(action="ignore"):
    ...     F.get_image_size(torch.zeros(3, 8, 9))
    [9, 8]
    """
    warnings.warn(
        "The function `get_image_size(...)` is deprecated and will be removed in a future release. "
        "Instead, please use `get_size(...)` which returns `[h, w]` instead of `[w, h]`.",
        stacklevel=2,
    )
    height, width = get_size(inpt)
    return [width, height]


# ---- values


def _normalize(
    inpt: Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False
) -> Tensor:
    """(inpt - mean) / std, with one mean and standard deviation per channel.

    An image of one channel gets as many as there are means; RuntimeError where it is in place, or
    has more channels than one. TypeError for whole numbers, ValueError for a deviation of zero.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.normalize(torch.tensor([[[1.0, 5.0]]]), mean=[1.0], std=[2.0])
    tensor([[[0., 2.]]])
    """
    return images.normalized(inpt, mean, std, inplace, widens=True)


normalize = of_images(_normalize, name="normalize", kinds=(Tensor, Image, Video))


def _uniform_temporal_subsample(inpt: Tensor, num_samples: int) -> Tensor:
    """`num_samples` images of a video (..., T, C, H, W), as evenly apart as can be.

    RuntimeError for a video without any.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> F.uniform_temporal_subsample(torch.arange(5).reshape(5, 1, 1, 1), 3).flatten()
    tensor([0, 2, 4])
    """
    last = inpt.shape[-4] - 1
    if last < 0 and num_samples:
        raise OperationError(
            f"uniform_temporal_subsample: there are no {num_samples} images in a video of none"
        )
    return inpt.index_select(-4, rushlight.linspace(0, last, num_samples).long().to(inpt.device))


uniform_temporal_subsample = of_images(
    _uniform_temporal_subsample, name="uniform_temporal_subsample", kinds=(Tensor, Video)
)
