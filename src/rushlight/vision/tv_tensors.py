"""Tensors that say what they hold: images, videos, boxes, key points, masks.

Transforms of `rushlight.vision.transforms.v2` treat each as it asks for. An operation on one gives
a plain tensor, since a sum of boxes is no box; `clone`, `to`, `detach` and `requires_grad_` keep
the class, and `set_return_type` makes every operation do so.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import rushlight

from ..serialization.names import TV_TENSORS
from ..serialization.pickler import register
from ..tensor import Tensor
from ..torch_function import DisableTorchFunctionSubclass
from .pillow import is_pillow_image

AnyTVTensor = TypeVar("AnyTVTensor", bound="TVTensor")
# Operations whose results are of their first argument's class.
_KEEPING = {Tensor.clone, Tensor.to, Tensor.detach, Tensor.requires_grad_}
_state = threading.local()


class TVTensor(Tensor):
    """What images, videos, boxes, key points and masks have in common.

    A subclass names in `fields` what it knows beside its values: attributes that `wrap` copies.

    >>> import rushlight as torch
    >>> from rushlight.vision import tv_tensors
    >>> image = tv_tensors.Image(torch.zeros(1, 1, 2))
    >>> type(image + 1).__name__, type(image.clone()).__name__
    ('Tensor', 'Image')
    """

    fields: tuple[str, ...] = ()

    def __new__(
        cls,
        data: Any,
        *,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool | None = None,
    ) -> Any:
        return cls.checked(_tensor(data, dtype, device, requires_grad)).as_subclass(cls)

    @classmethod
    def checked(cls, tensor: Tensor) -> Tensor:
        """The tensor, with the dimensions that the class asks for: ValueError otherwise."""
        return tensor

    def described(self: AnyTVTensor, **fields: Any) -> AnyTVTensor:
        """This very object, with its fields."""
        for name, value in fields.items():
            setattr(self, name, value)
        return self

    @classmethod
    def __torch_function__(
        cls,
        func: Any,
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if not all(issubclass(cls, kind) for kind in types):
            return NotImplemented
        with DisableTorchFunctionSubclass():
            result = func(*args, **(kwargs or {}))
        keeps = getattr(_state, "keeps", False)
        if keeps or (func in _KEEPING and isinstance(args[0], cls)):
            like = _first(cls, (*args, *(kwargs or {}).values()))
            return result if like is None else rewrapped(result, like)
        # What was changed in place is a plain tensor as well.
        return result.as_subclass(Tensor) if isinstance(result, cls) else result

    def __deepcopy__(self: AnyTVTensor, memo: dict[int, Any]) -> AnyTVTensor:
        return wrap(self.detach().clone().requires_grad_(self.requires_grad), like=self)

    def __reduce_ex__(self, proto: Any) -> Any:
        fields = {name: getattr(self, name) for name in self.fields}
        return _rebuilt, (type(self), self.as_subclass(Tensor), fields)

    def __repr__(self, **options: Any) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)}" for name in self.fields)
        with DisableTorchFunctionSubclass():
            text = Tensor.__repr__(self)
        # torchvision's images and videos have the comma, too.
        comma = ", " if fields or isinstance(self, (Image, Video)) else ""
        return f"{text.removesuffix(')')}{comma}{fields})"


def _tensor(data: Any, dtype: Any, device: Any, requires_grad: bool | None) -> Tensor:
    if requires_grad is None:
        requires_grad = data.requires_grad if isinstance(data, Tensor) else False
    plain = data.as_subclass(Tensor) if isinstance(data, TVTensor) else data
    return rushlight.as_tensor(plain, dtype=dtype, device=device).requires_grad_(requires_grad)


def plain(tensor: Tensor) -> Tensor:
    """The same values as a plain tensor, which shares the memory.

    >>> from rushlight.vision import tv_tensors
    >>> tv_tensors.plain(tv_tensors.Mask([[1, 2]]))
    tensor([[1, 2]])
    """
    if not isinstance(tensor, TVTensor):
        return tensor
    with DisableTorchFunctionSubclass():
        return tensor.as_subclass(Tensor)


def _rebuilt(cls: type[AnyTVTensor], tensor: Tensor, fields: dict[str, Any]) -> AnyTVTensor:
    return tensor.as_subclass(cls).described(**fields)


def _first(cls: type[AnyTVTensor], values: Sequence[Any]) -> AnyTVTensor | None:
    """The first instance of a class in arguments, and in sequences among them."""
    for value in values:
        if isinstance(value, cls):
            return value
        if isinstance(value, (tuple, list)) and (found := _first(cls, value)) is not None:
            return found
    return None


def rewrapped(result: Any, like: TVTensor) -> Any:
    """A result, or the tensors in a tuple or list, as of the class of `like`.

    >>> from rushlight.vision import tv_tensors
    >>> mask = tv_tensors.Mask([[1, 2]])
    >>> tv_tensors.rewrapped([mask + 1, "two"], mask)
    [Mask([[2, 3]]), 'two']
    """
    if isinstance(result, Tensor):
        return result if result is like else wrap(result, like=like)
    if isinstance(result, (tuple, list)):
        return type(result)(rewrapped(part, like) for part in result)
    return result


def wrap(wrappee: Tensor, *, like: Any, **kwargs: Any) -> Any:
    """A tensor as one of the class of `like`, with its fields, or those given as keywords.

    The tensor itself where `like` is a plain tensor. The memory is shared.

    >>> import rushlight as torch
    >>> from rushlight.vision import tv_tensors
    >>> boxes = tv_tensors.BoundingBoxes([[0, 0, 2, 2]], format="XYXY", canvas_size=(4, 4))
    >>> tv_tensors.wrap(boxes * 2, like=boxes, canvas_size=(8, 8))
    BoundingBoxes([[0, 0, 4, 4]], format=BoundingBoxFormat.XYXY, canvas_size=(8, 8),
                  clamping_mode=soft)
    """
    if not isinstance(like, TVTensor):
        return wrappee
    fields = {name: getattr(like, name) for name in like.fields}
    fields |= {name: value for name, value in kwargs.items() if name in fields}
    if "format" in fields:
        fields["format"] = BoundingBoxFormat.named(fields["format"])
    return wrappee.as_subclass(type(like)).described(**fields)


class set_return_type:  # noqa: N801
    """What operations on these tensors give from now on, or in a `with`: "Tensor" or "TVTensor".

    >>> import rushlight as torch
    >>> from rushlight.vision import tv_tensors
    >>> image = tv_tensors.Image(torch.zeros(1, 1, 2))
    >>> with tv_tensors.set_return_type("TVTensor"):
    ...     type(image + 1).__name__
    'Image'
    """

    def __init__(self, return_type: str) -> None:
        kinds = {"tensor": False, "tvtensor": True}
        if return_type.lower() not in kinds:
            raise ValueError(f"return_type must be 'TVTensor' or 'Tensor', got {return_type}")
        self.before = getattr(_state, "keeps", False)
        _state.keeps = kinds[return_type.lower()]

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: Any) -> None:
        _state.keeps = self.before


class _Pictured(TVTensor):
    """Of values, or of a PIL image."""

    def __new__(
        cls,
        data: Any,
        *,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool | None = None,
    ) -> Any:
        if is_pillow_image(data):
            from .transforms.functional import pil_to_tensor

            data = pil_to_tensor(data)
        return super().__new__(cls, data, dtype=dtype, device=device, requires_grad=requires_grad)


class Image(_Pictured):
    """An image (..., C, H, W); (H, W) becomes (1, H, W). `data` is values, or a PIL image.

    ValueError for fewer than 2 dimensions.

    >>> import rushlight as torch
    >>> from rushlight.vision import tv_tensors
    >>> tv_tensors.Image(torch.zeros(2, 3)).shape
    torch.Size([1, 2, 3])
    """

    @classmethod
    def checked(cls, tensor: Tensor) -> Tensor:
        if tensor.ndim < 2:
            raise ValueError(f"Tensor must be 2D or higher, got {tensor.ndim}D tensor.")
        return tensor[None] if tensor.ndim == 2 else tensor


class Video(TVTensor):
    """Images in time (..., T, C, H, W). ValueError for fewer than 4 dimensions.

    >>> import rushlight as torch
    >>> from rushlight.vision import tv_tensors
    >>> tv_tensors.Video(torch.zeros(5, 3, 2, 2)).shape
    torch.Size([5, 3, 2, 2])
    """

    @classmethod
    def checked(cls, tensor: Tensor) -> Tensor:
        if tensor.ndim < 4:
            raise ValueError(f"A video has 4 dimensions (T, C, H, W) or more, got {tensor.ndim}")
        return tensor


class Mask(_Pictured):
    """A mask (..., H, W) of classes, or a mask for each thing. `data` is values, or a PIL image.

    >>> import rushlight as torch
    >>> from rushlight.vision import tv_tensors
    >>> tv_tensors.Mask([[0, 1]])
    Mask([[0, 1]])
    """


class BoundingBoxFormat(enum.Enum):
    """What the numbers of a box are: corners, or a corner or the centre, width and height.

    Those with an R are turned, by an angle in degrees; XYXYXYXY are four corners.

    >>> from rushlight.vision import tv_tensors
    >>> tv_tensors.BoundingBoxFormat["XYWH"]
    <BoundingBoxFormat.XYWH: 'XYWH'>
    """

    XYXY = "XYXY"
    XYWH = "XYWH"
    CXCYWH = "CXCYWH"
    XYWHR = "XYWHR"
    CXCYWHR = "CXCYWHR"
    XYXYXYXY = "XYXYXYXY"

    @classmethod
    def named(cls, format: str | BoundingBoxFormat) -> BoundingBoxFormat:
        """The format of a name in any case: KeyError, that names those there are, otherwise."""
        if isinstance(format, cls):
            return format
        if str(format).upper() not in cls.__members__:
            raise KeyError(f"{format!r} is no format of boxes: {', '.join(cls.__members__)}")
        return cls[str(format).upper()]


def is_rotated_bounding_format(format: BoundingBoxFormat | str) -> bool:
    """Whether boxes of a format are turned.

    >>> from rushlight.vision import tv_tensors
    >>> tv_tensors.is_rotated_bounding_format("XYWHR")
    True
    """
    format = BoundingBoxFormat.named(format)
    return format.value.endswith("R") or format is BoundingBoxFormat.XYXYXYXY


class BoundingBoxes(TVTensor):
    """Boxes (N, 4) in an image of `canvas_size`, (height, width); one box (4,) becomes (1, 4).

    `format` is a `BoundingBoxFormat` or its name: KeyError for another. Transforms cut boxes at the
    canvas unless `clamping_mode` is None ("soft" and "hard" differ for turned boxes, which are kept
    and converted, not moved). ValueError for other dimensions.

    >>> from rushlight.vision import tv_tensors
    >>> tv_tensors.BoundingBoxes([1, 2, 3, 4], format="XYWH", canvas_size=(10, 12))
    BoundingBoxes([[1, 2, 3, 4]], format=BoundingBoxFormat.XYWH, canvas_size=(10, 12),
                  clamping_mode=soft)
    """

    format: BoundingBoxFormat
    canvas_size: tuple[int, int]
    clamping_mode: str | None
    fields = ("format", "canvas_size", "clamping_mode")

    def __new__(
        cls,
        data: Any,
        *,
        format: BoundingBoxFormat | str,
        canvas_size: tuple[int, int],
        clamping_mode: str | None = "soft",
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool | None = None,
    ) -> Any:
        if clamping_mode not in (None, "hard", "soft"):
            raise ValueError(f"clamping_mode must be None, hard or soft, got {clamping_mode}.")
        boxes = super().__new__(cls, data, dtype=dtype, device=device, requires_grad=requires_grad)
        return boxes.described(
            format=BoundingBoxFormat.named(format),
            canvas_size=canvas_size,
            clamping_mode=clamping_mode,
        )

    @classmethod
    def checked(cls, tensor: Tensor) -> Tensor:
        if tensor.ndim not in (1, 2):
            raise ValueError(f"Expected a 1D or 2D tensor, got {tensor.ndim}D")
        return tensor[None] if tensor.ndim == 1 else tensor


class KeyPoints(TVTensor):
    """Points (..., 2), each (x, y), in an image of `canvas_size`, (height, width).

    ValueError where the last dimension is not 2.

    >>> from rushlight.vision import tv_tensors
    >>> tv_tensors.KeyPoints([[1, 2]], canvas_size=(10, 12))
    KeyPoints([[1, 2]], canvas_size=(10, 12))
    """

    canvas_size: tuple[int, int]
    fields = ("canvas_size",)

    def __new__(
        cls,
        data: Any,
        *,
        canvas_size: tuple[int, int],
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool | None = None,
    ) -> Any:
        points = super().__new__(cls, data, dtype=dtype, device=device, requires_grad=requires_grad)
        return points.described(canvas_size=canvas_size)

    @classmethod
    def checked(cls, tensor: Tensor) -> Tensor:
        if tensor.ndim == 1:
            tensor = tensor[None]
        if tensor.shape[-1] != 2:
            raise ValueError(f"Expected a tensor of shape (..., 2), not {tensor.shape}")
        return tensor


def _save_format(pickler: Any, format: BoundingBoxFormat) -> None:
    kind = pickler.named(TV_TENSORS["BoundingBoxFormat"], "BoundingBoxFormat")
    pickler.save_call(format, kind, format.value)


register(BoundingBoxFormat, _save_format)
for _kind in (Image, Video, Mask, BoundingBoxes, KeyPoints):
    register(_kind)
