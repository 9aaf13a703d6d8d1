"""Transforms as functions. An image is a PIL image or a tensor (..., channels, height, width)."""

from __future__ import annotations

import enum
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

import rushlight

from ....dtype import dtype as DType
from ....kernels.quiet import quietly
from ....tensor import Tensor, wrap
from ...pillow import is_pillow_image


class InterpolationMode(enum.Enum):
    """How pixels between pixels are made when an image is resized.

    >>> from rushlight.vision.transforms import InterpolationMode
    >>> InterpolationMode.BILINEAR.value
    'bilinear'
    """

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"  # this and the following for Pillow's images alone
    HAMMING = "hamming"
    LANCZOS = "lanczos"  # of tensors with antialias

    @classmethod
    def _missing_(cls, value: object) -> InterpolationMode | None:
        """Pillow's number of a filter."""
        numbers = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}
        return cls(numbers[value]) if isinstance(value, int) and value in numbers else None


PILLOW_RESAMPLING = {
    InterpolationMode.NEAREST: 0,
    InterpolationMode.NEAREST_EXACT: 0,
    InterpolationMode.LANCZOS: 1,
    InterpolationMode.BILINEAR: 2,
    InterpolationMode.BICUBIC: 3,
    InterpolationMode.BOX: 4,
    InterpolationMode.HAMMING: 5,
}
# What the bytes of these modes of Pillow mean to NumPy; every other mode is made of bytes.
_PILLOW_DTYPES = {"I": np.int32, "F": np.float32, "I;16": np.uint16}


def to_tensor(pic: Any) -> Tensor:
    """A PIL image, or an array (height, width[, channels]), as a tensor (channels, height, width).

    Bytes become the default float dtype, divided by 255; other values stay as they are. TypeError
    for anything else, ValueError for arrays of other dimensions.

    >>> import numpy as np
    >>> from rushlight.vision.transforms import functional
    >>> functional.to_tensor(np.array([[0, 255]], dtype=np.uint8))
    tensor([[[0., 1.]]])
    """
    if isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        pixels = pic
    elif is_pillow_image(pic):
        pixels = _pixels(pic)
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    return wrap(_to_float(_channels_first(pixels)))


def pil_to_tensor(pic: Any) -> Tensor:
    """A PIL image as a tensor (channels, height, width) of the same values. TypeError otherwise.

    >>> from PIL import Image
    >>> from rushlight.vision.transforms import functional
    >>> functional.pil_to_tensor(Image.new("L", (3, 1), 7))
    tensor([[[7, 7, 7]]], dtype=torch.uint8)
    """
    if not is_pillow_image(pic):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    pixels = np.array(pic) if pic.mode == "1" else _pixels(pic)  # booleans, as in torchvision
    return wrap(_channels_first(pixels))


def _pixels(image: Any) -> np.ndarray[Any, Any]:
    if image.mode == "1":
        return np.array(image, dtype=np.uint8) * 255
    return np.array(image, dtype=_PILLOW_DTYPES.get(image.mode, np.uint8))


def _channels_first(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if pixels.ndim == 2:
        return pixels[None]
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _to_float(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if values.dtype != np.uint8:
        return values
    return np.divide(values, 255, dtype=rushlight.get_default_dtype().numpy)


def images_to_tensor(images: np.ndarray[Any, Any]) -> Tensor:
    """`to_tensor` of a whole array of grey images (number, height, width)."""
    return wrap(_to_float(images[:, None]))


def normalize(
    tensor: Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False
) -> Tensor:
    """(tensor - mean) / std, with one mean and standard deviation per channel.

    TypeError unless it is a tensor of a floating dtype; ValueError for fewer than 3 dimensions and
    for a deviation of zero.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.normalize(torch.tensor([[[1.0, 5.0]]]), mean=[1.0], std=[2.0])
    tensor([[[0., 2.]]])
    """
    return normalized(tensor, mean, std, inplace)


def normalized(
    tensor: Tensor, mean: Any, std: Any, inplace: bool, *, widens: bool = False
) -> Tensor:
    """`normalize`; what `widens` gets as many channels as there are means, if it has but one."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    if not tensor.is_floating_point():
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.ndim < 3:
        raise ValueError(
            "Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = "
            f"{tensor.size()}"
        )
    means, deviations = _constants(_plain(mean), _plain(std), tensor.dtype)
    fit = all([v.ndim == 0 or v.shape[0] in (1, tensor.shape[-3]) for v in (means, deviations)])
    if inplace or tensor.requires_grad or not fit or not isinstance(tensor.array, np.ndarray):
        center, scale = (wrap(values).to(tensor.device) for values in (means, deviations))
        if widens and not inplace:
            return (tensor - center).div_(scale)
        return (tensor if inplace else tensor.clone()).sub_(center).div_(scale)
    # One image at a time through tensor operations would take twice as long.
    return wrap(quietly(_normalized, tensor.array, means, deviations))


def _normalized(values: Any, means: Any, deviations: Any) -> Any:
    values = values - means
    values /= deviations
    return values


def _plain(values: Any) -> Any:
    """One number, or a tuple of them, which a cache can find again."""
    return values if isinstance(values, (tuple, float, int)) else tuple(map(float, values))


@functools.lru_cache(maxsize=64)
def _constants(mean: Any, std: Any, dtype: DType) -> tuple[Any, Any]:
    """Mean and deviation as arrays that broadcast over (..., channels, height, width)."""
    means, deviations = (np.asarray(v, dtype=dtype.numpy) for v in (mean, std))
    if not deviations.all():
        raise ValueError(
            f"std evaluated to zero after conversion to {dtype}, leading to division by zero."
        )
    if means.ndim == 1:
        means = means[:, None, None]
    return means, deviations[:, None, None] if deviations.ndim == 1 else deviations


def image_size(image: Any) -> tuple[int, int]:
    """(height, width)."""
    if is_pillow_image(image):
        return image.height, image.width
    if isinstance(image, Tensor) and image.ndim >= 2:
        return image.shape[-2], image.shape[-1]
    raise TypeError(f"img should be PIL Image or Tensor Image. Got {_told(image)}")


def _told(value: Any) -> str:
    if not isinstance(value, Tensor):
        return str(type(value))
    return (
        f"a tensor of shape {tuple(value.shape)}; images are (..., height, width), and the first "
        "plain tensor of a sample is its image"
    )


def get_dimensions(img: Any) -> list[int]:
    """[channels, height, width].

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.get_dimensions(torch.zeros(4, 3, 8, 9))
    [3, 8, 9]
    """
    height, width = image_size(img)
    if is_pillow_image(img):
        return [len(img.getbands()), height, width]
    return [img.shape[-3] if img.ndim > 2 else 1, height, width]


def get_image_num_channels(img: Any) -> int:
    """How many channels an image has.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.get_image_num_channels(torch.zeros(3, 8, 9))
    3
    """
    return get_dimensions(img)[0]


def get_image_size(img: Any) -> list[int]:
    """[width, height].

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.get_image_size(torch.zeros(3, 8, 9))
    [9, 8]
    """
    _, height, width = get_dimensions(img)
    return [width, height]


# The modes of Pillow for so many channels of bytes, the first of them where none is named.
_MODES = {2: ("LA",), 3: ("RGB", "YCbCr", "HSV"), 4: ("RGBA", "CMYK", "RGBX")}
_MODES_OF_GREY = {"uint8": "L", "int16": "I;16", "int32": "I", "float32": "F"}


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A tensor (C, H, W) or (H, W), or an array (H, W[, C]), as a PIL image.

    Floats from 0 to 1 become bytes, but for `mode` "F". TypeError for what is neither, and for
    dtypes that Pillow has no image of; ValueError for other shapes, and modes that do not fit.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.to_pil_image(torch.ones(3, 4, 5)).size
    (5, 4)
    """
    if isinstance(pic, Tensor):
        pic = (pic.permute(1, 2, 0) if pic.ndim == 3 else pic).numpy(force=True)
    elif not isinstance(pic, np.ndarray):
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    if pic.ndim == 2:
        pic = pic[:, :, None]
    if pic.ndim != 3:
        raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
    channels = pic.shape[-1]
    if channels > 4:
        raise ValueError(f"pic should not have > 4 channels. Got {channels} channels.")
    if np.issubdtype(pic.dtype, np.floating) and mode != "F":
        pic = (pic * 255).astype(np.uint8)
    known: tuple[str | None, ...]
    if channels == 1:
        pic, known = pic[:, :, 0], (_MODES_OF_GREY.get(pic.dtype.name),)
    else:
        known = _MODES[channels] if pic.dtype == np.uint8 else (None,)
    if known[0] is None:
        raise TypeError(f"Input type {pic.dtype} is not supported")
    if mode is not None and mode not in known:
        raise ValueError(
            f"Incorrect mode ({mode}) supplied for {channels} channels of {pic.dtype}: there are "
            f"{', '.join(map(str, known))}"
        )
    return _image_of(np.ascontiguousarray(pic), mode or known[0])


def _image_of(pixels: np.ndarray[Any, Any], mode: str) -> Any:
    from PIL import Image

    size = (pixels.shape[1], pixels.shape[0])
    return Image.frombytes(mode, size, pixels.tobytes())


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """Luma of an RGB image, 0.2989 R + 0.587 G + 0.114 B, in one channel or three equal ones.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.to_grayscale(torch.ones(3, 1, 2))
    tensor([[[0.9999, 0.9999]]])
    """
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    image_size(img)
    if is_pillow_image(img):
        grey = img.convert("L")
        return grey if num_output_channels == 1 else grey.convert("RGB")
    if img.ndim < 3 or img.shape[-3] not in (1, 3):
        raise TypeError(f"Input image tensor should have 1 or 3 channels, but got {img.size()}")
    if img.shape[-3] == 3:
        red, green, blue = (img[..., i : i + 1, :, :] for i in range(3))
        img = (0.2989 * red + 0.587 * green + 0.114 * blue).to(img.dtype)
    return img if num_output_channels == 1 else rushlight.cat([img] * 3, -3)


def convert_image_dtype(image: Tensor, dtype: DType | None = None) -> Tensor:
    """The image in another dtype, with the values scaled to its range: 0 to 1 for floating ones.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import functional
    >>> functional.convert_image_dtype(torch.tensor([0, 255], dtype=torch.uint8))
    tensor([0., 1.])
    """
    if not isinstance(image, Tensor):
        raise TypeError(f"Input img should be Tensor Image. Got {type(image)}")
    if dtype is None:
        dtype = rushlight.get_default_dtype()
    if image.dtype == dtype:
        return image
    if image.is_floating_point():
        if dtype.is_floating_point:
            return image.to(dtype)
        if (image.dtype, dtype) in _UNSAFE:
            raise RuntimeError(f"The cast from {image.dtype} to {dtype} cannot be performed safely")
        # Just below max + 1, so that the last interval is as long as the others.
        return (image * (largest(dtype) + 1.0 - 1e-3)).to(dtype)
    if dtype.is_floating_point:
        return image.to(dtype) / largest(image.dtype)
    wide, narrow = largest(dtype), largest(image.dtype)
    if narrow > wide:
        return (image // ((narrow + 1) // (wide + 1))).to(dtype)
    return image.to(dtype) * ((wide + 1) // (narrow + 1))


# From a floating dtype to a whole one whose greatest value it does not hold.
_UNSAFE = {
    (rushlight.float32, rushlight.int32), (rushlight.float32, rushlight.int64),
    (rushlight.float64, rushlight.int64),
}  # fmt: skip


def largest(dtype: DType) -> int:
    return limits(dtype)[1]


def limits(dtype: DType) -> tuple[int, int]:
    """The least and the greatest value of a dtype of whole numbers."""
    if dtype == rushlight.bool:
        return 0, 1
    info = np.iinfo(dtype.numpy)
    return int(info.min), int(info.max)
