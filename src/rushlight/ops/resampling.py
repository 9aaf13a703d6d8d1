"""Linear maps along one axis, as what adds up to each place: what resizing by any method comes to.

Every method of interpolation, the antialiased ones too, and every mean over windows of an axis says
for each place of its result which elements of the axis are added up, and with what weights. So does
its transpose, which takes the gradient back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..autograd.operation import Operation
from ..tensor import Tensor
from .promotion import table_of

Array = np.ndarray[Any, Any]


class Taps(NamedTuple):
    """For each of `outputs` places, `width` elements of an axis of `inputs` and their weights.

    `places` are int64 and `weights` float64, outputs x width, as bytes: a constant that is compared
    by its value. From a place of -1 on a row has no more elements.
    """

    inputs: int
    outputs: int
    width: int
    places: bytes
    weights: bytes

    def arrays(self) -> tuple[Array, Array]:
        shape = (self.outputs, self.width)
        return (
            np.frombuffer(self.places, np.int64).reshape(shape),
            np.frombuffer(self.weights, np.float64).reshape(shape),
        )

    def in_fixed_point(self) -> Taps:
        """The taps with weights of fixed point: for images of bytes.

        As in PyTorch (and Pillow) they are whole multiples of the least power of 2 whose multiples
        fit 16 bits. Elements that an edge repeats are one.
        """
        places, weights = self.arrays()
        weights = weights.copy()
        for column in range(1, self.width):
            is_same = places[:, column] == places[:, column - 1]
            weights[is_same, column] += weights[is_same, column - 1]
            weights[is_same, column - 1] = 0
        largest, power = weights.max(initial=0), 0
        while power < 22 and int(0.5 + largest * (1 << (power + 1))) < 1 << 15:
            power += 1
        whole = np.trunc(weights * (1 << power) + np.where(weights < 0, -0.5, 0.5))
        return self._replace(weights=(whole / (1 << power)).tobytes())


class Resampling(NamedTuple):
    """The taps of the last axes in order, and those of the transposed map."""

    taps: tuple[Taps, ...]
    transposed_taps: tuple[Taps, ...]

    @property
    def transposed(self) -> Resampling:
        return Resampling(self.transposed_taps, self.taps)


class Resample(Operation):
    """Each of the last axes mapped by its taps."""

    node_name = "UpsampleBackward0"
    map: Resampling

    @staticmethod
    def forward(kernels: Any, x: Any, map: Resampling) -> Any:
        return kernels.resample(x, map.taps)

    def backward(self, grad: Tensor) -> Any:
        return Resample.apply(grad, self.map.transposed)


@lru_cache(maxsize=256)
def resampling(taps: tuple[Taps, ...]) -> Resampling:
    return Resampling(taps, tuple([_transposed(one) for one in taps]))


def check_room(input: Tensor, sizes: tuple[int, ...]) -> None:
    """Raises, before all the work, for sizes that there is no memory for."""
    if max(sizes, default=0) >= 1 << 20:
        count = max(1, *input.array.shape[: -len(sizes)])
        table_of(input).empty((count, *sizes), input.array.dtype)


def _taps(inputs: int, places: Array, weights: Array) -> Taps:
    outputs, width = places.shape
    return Taps(
        inputs, outputs, width, places.astype(np.int64).tobytes(),
        weights.astype(np.float64).tobytes(),
    )  # fmt: skip


def _transposed(taps: Taps) -> Taps:
    places, weights = taps.arrays()
    rows, columns = np.nonzero(places >= 0)
    seen = places[rows, columns]
    order = np.argsort(seen, kind="stable")
    counts = np.bincount(seen, minlength=taps.inputs)
    starts = np.cumsum(counts) - counts
    numbers = np.arange(len(seen)) - starts[seen[order]]  # of each entry in its new row
    shape = (taps.inputs, int(counts.max(initial=1)))
    back, back_weights = np.full(shape, -1), np.zeros(shape)
    back[seen[order], numbers] = rows[order]
    back_weights[seen[order], numbers] = weights[rows, columns][order]
    return _taps(taps.outputs, back, back_weights)


@lru_cache(maxsize=256)
def area_taps(inputs: int, outputs: int) -> Taps:
    """Means of parts: number i goes from floor(i inputs / outputs) to ceil((i + 1) ...)."""
    starts, lengths = parts(inputs, outputs)
    offsets = np.arange(max(int(lengths.max(initial=1)), 1))
    is_within = offsets < lengths[:, None]
    places = np.where(is_within, starts[:, None] + offsets, -1)
    return _taps(inputs, places, is_within / np.maximum(lengths, 1)[:, None])


def parts(inputs: int, outputs: int) -> tuple[Array, Array]:
    """The starts and lengths of the parts that divide an axis as evenly as can be."""
    numbers = np.arange(outputs)
    starts = numbers * inputs // max(outputs, 1)
    stops = -(-(numbers + 1) * inputs // max(outputs, 1))
    return starts, stops - starts


@lru_cache(maxsize=256)
def interpolation_taps(
    mode: str, inputs: int, outputs: int, factor: float | None, align_corners: bool,
    antialias: bool, precision: str,
) -> Taps:  # fmt: skip
    """The taps of a mode, "nearest", "nearest-exact", "linear", "cubic" or, antialiased, "lanczos".

    `factor` is the scale that was asked for, None where it follows from the sizes. Sources are
    computed in `precision`, that of the tensor, as they are in PyTorch: which element is nearest
    may hang on it.
    """
    real = np.dtype(precision).type
    if align_corners:
        scale = real(inputs - 1) / real(outputs - 1) if outputs > 1 else real(0)
    elif factor is not None and factor > 0:
        scale = real(1 / factor)
    else:
        scale = real(inputs) / real(max(outputs, 1))
    numbers = np.arange(outputs).astype(real)
    if mode in ("nearest", "nearest-exact"):
        shift = real(0 if mode == "nearest" else 0.5)
        places = np.minimum(np.floor((numbers + shift) * scale), inputs - 1)
        return _taps(inputs, places[:, None], np.ones((outputs, 1)))
    if antialias:
        return _antialiased(mode, inputs, outputs, float(scale))
    if align_corners:
        sources = numbers * scale
    else:
        sources = (numbers + real(0.5)) * scale - real(0.5)
    if mode == "linear":
        sources = np.maximum(sources, real(0))
        if inputs == outputs:
            sources = numbers
    floor = np.minimum(np.floor(sources), inputs - 1)
    rest = np.clip(sources - floor, 0, 1)[:, None]
    offsets = np.arange(2) if mode == "linear" else np.arange(-1, 3)
    places = np.clip(floor[:, None] + offsets, 0, inputs - 1)
    return _taps(inputs, places, FILTERS[mode](np.abs(offsets - rest), -0.75))


def _antialiased(mode: str, inputs: int, outputs: int, scale: float) -> Taps:
    """Where the result is smaller, the filter is as much wider as the scale says."""
    width = max(scale, 1.0)
    support = _SUPPORTS[mode] * width
    centers = scale * (np.arange(outputs) + 0.5)
    starts = np.maximum(np.trunc(centers - support + 0.5), 0)
    lengths = np.minimum(np.trunc(centers + support + 0.5), inputs) - starts
    offsets = np.arange(max(int(lengths.max(initial=1)), 1))
    is_within = offsets < lengths[:, None]
    distances = np.abs(offsets + (starts - centers + 0.5)[:, None]) / width
    weights = np.where(is_within, FILTERS[mode](distances, -0.5), 0)
    weights /= weights.sum(1, keepdims=True)
    places = np.where(is_within, starts[:, None] + offsets, -1)
    return _taps(inputs, places, weights)


def _triangle(distance: Array, _: float) -> Array:
    return np.maximum(1 - distance, 0)


def _cubic(distance: Array, a: float) -> Array:
    """Keys' cubic convolution; `a` is its slope at 1."""
    near = ((a + 2) * distance - (a + 3)) * distance * distance + 1
    far = (((distance - 5) * distance + 8) * distance - 4) * a
    return np.where(distance < 1, near, np.where(distance < 2, far, 0))


def _lanczos(distance: Array, _: float) -> Array:
    """Duchon's window of three lobes, J. Appl. Meteorology 18, 1979."""
    return np.where(distance < 3, np.sinc(distance) * np.sinc(distance / 3), 0)


FILTERS: dict[str, Callable[[Array, float], Array]] = {
    "linear": _triangle, "cubic": _cubic, "lanczos": _lanczos,
}  # fmt: skip
_SUPPORTS = {"linear": 1, "cubic": 2, "lanczos": 3}
