"""Transforms of kinds and dtypes; and those that are neither of places nor of colours."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import rushlight

from ....dtype import dtype as DType
from ....tensor import Tensor
from ... import tv_tensors
from ...pillow import is_pillow_image
from ...tv_tensors import Image, TVTensor, Video, plain
from .. import combining as v1
from ..functional import to_tensor
from . import functional as F
from .functional import is_pure_tensor
from .functional.dispatch import treated
from .transform import Transform, has_any

DTypes = DType | dict[Any, DType | None]


class Identity(Transform):
    """The sample as it is.

    >>> from rushlight.vision.transforms import v2
    >>> v2.Identity()(3)
    3
    """

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return inpt


class Lambda(Transform):
    """Any function of one argument, of the parts of a sample that are of some types; of all of them
    where none is named.

    >>> from rushlight.vision import tv_tensors
    >>> from rushlight.vision.transforms import v2
    >>> v2.Lambda(lambda mask: mask > 3, tv_tensors.Mask)((tv_tensors.Mask([[1, 4]]), 5))
    (tensor([[False,  True]]), 5)
    """

    _transformed_types = (object,)

    def __init__(self, lambd: Callable[[Any], Any], *types: type) -> None:
        super().__init__()
        self.lambd = lambd
        self.types = types or self._transformed_types

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return self.lambd(inpt) if isinstance(inpt, self.types) else inpt

    def extra_repr(self) -> str:
        name = getattr(self.lambd, "__name__", type(self.lambd).__name__)
        return f"{name}, types={[kind.__name__ for kind in self.types]}"


class ToImage(Transform):
    """PIL images, arrays and plain tensors as images, `tv_tensors.Image`, of the same values.

    >>> import numpy as np
    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> make = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
    >>> make(np.full((1, 1, 1), 255, np.uint8))
    Image([[[1.]]], )
    """

    _transformed_types = (is_pure_tensor, is_pillow_image, np.ndarray)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.to_image(inpt)


class PILToTensor(Transform):
    """PIL images as tensors (C, H, W) of the same values.

    >>> from PIL import Image
    >>> from rushlight.vision.transforms import v2
    >>> v2.PILToTensor()(Image.new("L", (3, 1), 7))
    tensor([[[7, 7, 7]]], dtype=torch.uint8)
    """

    _transformed_types = (is_pillow_image,)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.pil_to_tensor(inpt)


class ToPILImage(Transform):
    """Tensors (C, H, W) and arrays (H, W[, C]) as PIL images, of a mode that follows unless given.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.ToPILImage()(torch.ones(3, 4, 5)).mode
    'RGB'
    """

    _transformed_types = (is_pure_tensor, Image, np.ndarray)

    def __init__(self, mode: str | None = None) -> None:
        super().__init__()
        self.mode = mode

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.to_pil_image(inpt, self.mode)


class ToPureTensor(Transform):
    """Tensors that no longer say what they hold.

    >>> from rushlight.vision import tv_tensors
    >>> from rushlight.vision.transforms import v2
    >>> v2.ToPureTensor()(tv_tensors.Mask([[1]]))
    tensor([[1]])
    """

    _transformed_types = (TVTensor,)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return plain(inpt)


class ToTensor(Transform):
    """PIL images and arrays as tensors of floats: deprecated, and warns so.

    >>> import warnings
    >>> import numpy as np
    >>> from rushlight.vision.transforms import v2
    >>> with warnings.catch_warnings(action="ignore"):
    ...     v2.ToTensor()(np.full((1, 1), 255, np.uint8))
    tensor([[[1.]]])
    """

    _transformed_types = (is_pillow_image, np.ndarray)

    def __init__(self) -> None:
        warnings.warn(
            "The transform `ToTensor()` is deprecated and will be removed in a future release. "
            "Instead, please use "
            "`v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])`. "
            "Output is equivalent up to float precision.",
            stacklevel=2,
        )
        super().__init__()

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return to_tensor(inpt)


class ToDtype(Transform):
    """Images and videos in another dtype; with `scale` their values are scaled to its range.

    A dictionary says dtypes of several kinds, None for one that stays, "others" for those that it
    does not name: ValueError for a kind that it does not tell of.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.ToDtype(torch.float32, scale=True)(torch.tensor([[[0, 255]]], dtype=torch.uint8))
    tensor([[[0., 1.]]])
    """

    _transformed_types = (Tensor,)

    def __init__(self, dtype: DTypes, scale: bool = False) -> None:
        super().__init__()
        if not isinstance(dtype, (dict, DType)):
            raise ValueError(f"dtype must be a dict or a torch.dtype, got {type(dtype)} instead")
        self.dtype = dtype
        self.scale = scale

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        is_image = is_pure_tensor(inpt) or isinstance(inpt, (Image, Video))
        if not isinstance(self.dtype, dict):
            return F.to_dtype(inpt, self.dtype, self.scale) if is_image else inpt
        kind = Tensor if is_pure_tensor(inpt) else type(inpt)
        if kind not in self.dtype and "others" not in self.dtype:
            raise ValueError(
                f"No dtype was specified for type {type(inpt)}. If you only need to convert the "
                "dtype of images or videos, you can just pass e.g. dtype=torch.float32. If you're "
                "passing a dict as dtype, you can use 'others' as a catch-all key e.g. "
                "dtype={tv_tensors.Mask: torch.int64, 'others': None}"
            )
        dtype = self.dtype.get(kind, self.dtype.get("others"))
        return inpt if dtype is None else F.to_dtype(inpt, dtype, self.scale and is_image)


class ConvertImageDtype(Transform):
    """Tensors in another dtype, the values of images scaled to that dtype's range.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.ConvertImageDtype(torch.uint8)(torch.tensor([[[0.0, 0.5, 1.0]]]))
    tensor([[[  0, 127, 255]]], dtype=torch.uint8)
    """

    def __init__(self, dtype: DType = rushlight.float32) -> None:
        super().__init__()
        self.dtype = dtype

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return treated(F.to_dtype, inpt, self.dtype, scale=True)


class Normalize(Transform):
    """(image - mean) / std, channel by channel, of float images (..., C, H, W) and videos.

    TypeError for a PIL image.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.Normalize(mean=[1.0], std=[2.0])(torch.tensor([[[1.0, 5.0]]]))
    tensor([[[0., 2.]]])
    """

    function = F.normalize
    arguments = ("mean", "std", "inplace")

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        super().__init__()
        self.mean = list(mean)
        self.std = list(std)
        self.inplace = inplace

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        _refuse_pillow(self, flat_inputs)


class LinearTransformation(Transform):
    """(x - mean_vector) times a square matrix, of an image as one vector: whitening.

    TypeError for a PIL image, ValueError for an image of another size.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> whiten = v2.LinearTransformation(2 * torch.eye(2), torch.ones(2))
    >>> whiten(torch.tensor([[[1.0, 2.0]]]))
    tensor([[[0., 2.]]])
    """

    _transformed_types = (is_pure_tensor, Image, Video)

    def __init__(self, transformation_matrix: Tensor, mean_vector: Tensor) -> None:
        super().__init__()
        checked = v1.LinearTransformation(transformation_matrix, mean_vector)
        self._whiten = checked.forward
        self.transformation_matrix = transformation_matrix
        self.mean_vector = mean_vector

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        _refuse_pillow(self, flat_inputs)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return tv_tensors.wrap(self._whiten(plain(inpt)), like=inpt)


def _refuse_pillow(transform: Transform, flat_inputs: list[Any]) -> None:
    if has_any(flat_inputs, is_pillow_image):
        raise TypeError(f"{type(transform).__name__}() does not support PIL images.")


class UniformTemporalSubsample(Transform):
    """`num_samples` images of a video (..., T, C, H, W), as evenly apart as can be.

    >>> import rushlight as torch
    >>> from rushlight.vision.transforms import v2
    >>> v2.UniformTemporalSubsample(2)(torch.arange(5).reshape(5, 1, 1, 1)).flatten()
    tensor([0, 4])
    """

    _transformed_types = (is_pure_tensor, Video)
    function = F.uniform_temporal_subsample
    arguments = ("num_samples",)

    def __init__(self, num_samples: int) -> None:
        super().__init__()
        self.num_samples = num_samples
