"""Functions that treat what they are given as its kind asks for.

What a function does is written once, for images: plain tensors, Pillow's, `Image` and `Video`. Made
by `of_everything` it takes masks, too, which are treated as images, with `NEAREST` where there is
an interpolation. Boxes and key points follow from one rule, attached by `moves`: where a point of
the image comes to lie.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import rushlight

from .....tensor import Tensor
from .... import tv_tensors
from ....pillow import is_pillow_image
from ....tv_tensors import BoundingBoxes, Image, KeyPoints, Mask, TVTensor, Video, plain
from ...functional import InterpolationMode
from .formats import clamped, corners, from_corners

Kernel = Callable[..., Any]
Canvas = tuple[int, int]


class Pillow:
    """Stands for Pillow's images among the kinds, which are classes otherwise."""


IMAGES = (Tensor, Image, Video, Pillow)
BUILT_IN = (Image, Video, Mask, BoundingBoxes, KeyPoints)
# Of each function by its name: what it does with each kind.
kernels: dict[str, dict[type, Kernel]] = {}
functions: dict[str, Kernel] = {}


def of_images(body: Kernel, *, name: str = "", kinds: Sequence[type] = IMAGES) -> Any:
    """A function that does `body` with images, and wraps what comes out of it as the input was."""
    name = name or body.__name__
    table = kernels[name] = {kind: functools.partial(_unwrapped, body) for kind in kinds}

    @functools.wraps(body)
    def function(inpt: Any, *args: Any, **kwargs: Any) -> Any:
        kernel = kernel_for(name, inpt)
        if kernel is None:
            taken = ", ".join(kind.__name__ for kind in table)
            raise TypeError(f"{name}: an input of type {type(inpt)}; it takes {taken}")
        return kernel(inpt, *args, **kwargs)

    function.__name__ = name
    functions[name] = function
    return function


def of_everything(body: Kernel, *, name: str = "") -> Any:
    """The same, of masks as well; boxes and key points come with `moves`."""
    function = of_images(body, name=name)
    kernels[function.__name__][Mask] = functools.partial(_of_mask, body, inspect.signature(body))
    return function


def kernel_for(name: str, inpt: Any) -> Kernel | None:
    """What the function of that name does with a value: None if it does not take such."""
    table = kernels[name]
    kind = Pillow if is_pillow_image(inpt) else type(inpt)
    for base in kind.__mro__:
        if base in table:
            return table[base]
        if base is TVTensor:  # which is no plain tensor
            return None
    return None


def treated(function: Kernel, inpt: Any, *args: Any, **kwargs: Any) -> Any:
    """`function(inpt, ...)`, or `inpt` as it is where the function does not take such."""
    kernel = kernel_for(function.__name__, inpt)
    return inpt if kernel is None else kernel(inpt, *args, **kwargs)


def _unwrapped(body: Kernel, inpt: Any, *args: Any, **kwargs: Any) -> Any:
    if not isinstance(inpt, TVTensor):
        return body(inpt, *args, **kwargs)
    return tv_tensors.rewrapped(body(plain(inpt), *args, **kwargs), inpt)


def _of_mask(
    body: Kernel, signature: inspect.Signature, inpt: Mask, *args: Any, **kwargs: Any
) -> Any:
    given = signature.bind(inpt, *args, **kwargs).arguments
    if "interpolation" in signature.parameters:
        mode = InterpolationMode(given.get("interpolation", "nearest"))
        exact = body.__name__ == "resize" and mode is InterpolationMode.NEAREST_EXACT
        given["interpolation"] = mode if exact else InterpolationMode.NEAREST
    if isinstance(given.get("fill"), Sequence) and "padding" in given:
        raise ValueError("Non-scalar fill value is not supported")  # torchvision's words
    del given[next(iter(given))]
    return _unwrapped(body, inpt, **given)


# ---- boxes and key points


@dataclass(frozen=True)
class Move:
    """Where the point (x, y) of an image comes to lie, and the size (height, width) that it has.

    `turns`: an upright box does not stay one, so that what comes out is the box around its corners.
    `mirrors`: what was left of a box is right of it ("x"), or what was above is below ("y").
    `clamps`: boxes are cut at the edges of the canvas, if they are to be cut at all. `whole`: of
    boxes of whole numbers, so are the corners, not the numbers of their format alone.
    """

    point: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    canvas: Canvas
    turns: bool = False
    mirrors: str = ""
    clamps: bool = True
    whole: bool = False


Rule = Callable[..., Move]


def kernel_of(function: Kernel, *kinds: type) -> Callable[[Kernel], Kernel]:
    """What a function does with some kinds, where that follows from nothing else: a decorator."""

    def attach(kernel: Kernel) -> Kernel:
        kernels[function.__name__] |= dict.fromkeys(kinds, kernel)
        return kernel

    return attach


def moves(function: Kernel, *kinds: type) -> Callable[[Rule], Rule]:
    """Boxes and key points (or one of them) follow the rule(canvas_size, ...) of a function."""

    def attach(rule: Rule) -> Rule:
        for kind in kinds or (BoundingBoxes, KeyPoints):
            treat = _move_boxes if kind is BoundingBoxes else _move_points
            kernels[function.__name__][kind] = functools.partial(treat, rule, function.__name__)
        return rule

    return attach


def _move_points(rule: Rule, name: str, inpt: KeyPoints, *args: Any, **kwargs: Any) -> Any:
    move = rule(inpt.canvas_size, *args, **kwargs)
    points = plain(inpt)
    moved = rushlight.stack(move.point(*_floats(points).unbind(-1)), -1).to(points.dtype)
    return tv_tensors.wrap(moved, like=inpt, canvas_size=move.canvas)


def _move_boxes(rule: Rule, name: str, inpt: BoundingBoxes, *args: Any, **kwargs: Any) -> Any:
    if tv_tensors.is_rotated_bounding_format(inpt.format):
        raise NotImplementedError(
            f"{name}: boxes of the format {inpt.format.value}, which are turned, are not moved; "
            "upright ones are: XYXY, XYWH, CXCYWH"
        )
    move = rule(inpt.canvas_size, *args, **kwargs)
    boxes = plain(inpt)
    edges = corners(boxes if move.whole else _floats(boxes), inpt.format)
    edges = _moved_edges(move, _floats(edges))
    if move.clamps and inpt.clamping_mode is not None:
        edges = clamped(edges, move.canvas)
    if move.whole:
        edges = edges.to(boxes.dtype)
    moved = from_corners(edges, inpt.format).to(boxes.dtype)
    return tv_tensors.wrap(moved, like=inpt, canvas_size=move.canvas)


def _moved_edges(move: Move, boxes: Tensor) -> Tensor:
    x1, y1, x2, y2 = boxes.unbind(-1)
    if move.turns:
        x, y = move.point(rushlight.stack([x1, x2, x2, x1]), rushlight.stack([y1, y1, y2, y2]))
        return rushlight.stack([x.amin(0), y.amin(0), x.amax(0), y.amax(0)], -1)
    (x1, y1), (x2, y2) = move.point(x1, y1), move.point(x2, y2)
    if move.mirrors == "x":
        x1, x2 = x2, x1
    elif move.mirrors == "y":
        y1, y2 = y2, y1
    return rushlight.stack([x1, y1, x2, y2], -1)


def _floats(values: Tensor) -> Tensor:
    return values if values.is_floating_point() else values.float()


# ---- kinds of users


def register_kernel(functional: Kernel | str, tv_tensor_cls: type) -> Callable[[Kernel], Kernel]:
    """Makes a function of this module take a user's subclass of `TVTensor`: a decorator.

    What is decorated gets the tensor and the function's other arguments. ValueError for other
    classes, and for what is no function of this module.

    >>> import rushlight as torch
    >>> from rushlight.vision import tv_tensors
    >>> from rushlight.vision.transforms.v2 import functional as F
    >>> class Heights(tv_tensors.TVTensor):
    ...     pass
    >>> @F.register_kernel("horizontal_flip", Heights)
    ... def flipped(heights):
    ...     return tv_tensors.wrap(heights.flip(-1), like=heights)
    >>> F.horizontal_flip(Heights([[1, 2]])).tolist()
    [[2, 1]]
    """
    name = functional if isinstance(functional, str) else getattr(functional, "__name__", "")
    known = functions.get(name)
    if known is None or functional not in (name, known):
        raise ValueError(f"{functional!r} is no function of rushlight.vision.transforms.v2")
    if not (isinstance(tv_tensor_cls, type) and issubclass(tv_tensor_cls, TVTensor)):
        raise ValueError(f"Kernels are of subclasses of TVTensor, not of {tv_tensor_cls}")
    if tv_tensor_cls in BUILT_IN:
        raise ValueError(f"{tv_tensor_cls.__name__} has its kernels, which cannot be replaced")

    def attach(kernel: Kernel) -> Kernel:
        kernels[name][tv_tensor_cls] = kernel
        return kernel

    return attach
