"""Random indices x[...], and what they name by PyTorch's rules, worked out with NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Case:
    """An array, an index of it, and a value that may be assigned there."""

    def __init__(self, seed: int) -> None:
        random = self.random = np.random.default_rng(seed)
        self.seed = seed
        self.shape = tuple(random.integers(0, 5, random.integers(0, 5)).tolist())
        self.is_wrong = random.random() < 0.1  # something may be out of range, or not fit
        self.block = tuple(random.integers(0, 4, random.choice([0, 1, 1, 1, 2])).tolist())
        self.index = self._index()

    def __repr__(self) -> str:
        return f"seed {self.seed}: a tensor of {self.shape}[{self.index}]"

    # ---- the index

    def _index(self) -> Any:
        random = self.random
        parts: list[Any] = []
        dim = 0
        while dim < len(self.shape) + self.is_wrong and random.random() < 0.85:
            part, taken = self._part(self.shape[dim:])
            parts.append(part)
            dim += taken
        if random.random() < 0.3 and dim <= len(self.shape):
            parts.append(...)
            for _ in range(random.integers(0, 3)):
                place = random.integers(len(parts) + 1)  # of dimensions that are all the same to it
                if place < len(parts):
                    parts.insert(place, None)
        if len(parts) == 1 and random.random() < 0.5:
            return parts[0]
        return tuple(parts)

    def _part(self, shape: tuple[int, ...]) -> tuple[Any, int]:
        """A part of the index and how many dimensions it takes."""
        random = self.random
        size = shape[0] if shape else 1
        kind = random.choice(
            ["int", "slice", "full", "none", "bool", "ints", "ints", "mask", "mask", "list",
             "0-d", "0-d mask"],
            p=[0.14, 0.14, 0.12, 0.06, 0.04, 0.13, 0.1, 0.1, 0.05, 0.06, 0.04, 0.02],
        )  # fmt: skip
        if kind in ("int", "0-d") and size:
            number = int(random.integers(-size - self.is_wrong, size + self.is_wrong))
            return (number if kind == "int" else np.array(number)), 1
        if kind == "slice":
            start, stop = (
                None if random.random() < 0.3 else int(random.integers(-6, 7)) for _ in range(2)
            )
            step = int(random.integers(1, 4)) if random.random() < 0.4 else None
            if self.is_wrong and random.random() < 0.3:
                step = int(random.integers(-2, 1))
            return slice(start, stop, step), 1
        if kind == "none":
            return None, 0
        if kind == "bool":
            return bool(random.random() < 0.8), 0
        if kind == "0-d mask":
            return np.array(random.random() < 0.8), 0
        if kind in ("ints", "list"):
            numbers = self._numbers(size)
            return (numbers.tolist() if kind == "list" and numbers.ndim else numbers), 1
        if kind == "mask" and shape:
            return self._mask(shape)
        return slice(None), 1

    def _numbers(self, size: int) -> Array:
        random = self.random
        shape = list(self.block[random.integers(len(self.block) + 1) :])
        for i in range(len(shape)):
            if random.random() < 0.2:
                shape[i] = 1
        if not size and not self.is_wrong:
            shape = [0]
        low, high = (-size, size) if size else (0, 1)
        kind = random.choice(["int64", "int64", "int32"])
        return random.integers(low - self.is_wrong, high + self.is_wrong, shape).astype(kind)

    def _mask(self, shape: tuple[int, ...]) -> tuple[Array, int]:
        random = self.random
        taken = min(len(shape), int(random.choice([1, 1, 2, 3])))
        mask = np.zeros(shape[:taken], bool)
        count = self.block[-1] if self.block and random.random() < 0.8 else 1
        mask.ravel()[random.permutation(mask.size)[:count]] = True
        if self.is_wrong and random.random() < 0.5:
            mask = np.concatenate([mask, mask])
        return (mask.astype("uint8") if random.random() < 0.1 else mask), taken

    # ---- arrays

    def array(self, dtype: Any) -> Array:
        """Elements in some order of memory, perhaps with gaps."""
        random = self.random
        axes = random.permutation(len(self.shape))
        steps = [int(n) for n in random.choice([1, 1, 1, 2], len(self.shape))]
        memory = [self.shape[axis] * steps[axis] for axis in axes]
        numbers = random.integers(-99, 100, memory).astype(dtype)
        back = np.argsort(axes)
        gaps = tuple(slice(None, None, step) for step in steps)
        return np.asarray(numbers.transpose(back)[gaps])

    def value(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """A number, or an array that broadcasts to what the index names."""
        random = self.random
        if random.random() < 0.2:
            return float(random.integers(-9, 10))
        kept = list(shape[random.integers(len(shape) + 1) :])
        for i in range(len(kept)):
            if random.random() < 0.15:
                kept[i] = 1
        if random.random() < 0.15:
            kept = [1, *kept]
        if self.is_wrong and kept:
            kept[random.integers(len(kept))] += 1
        return random.integers(-9, 10, kept).astype(dtype)

    def named(self) -> Array:
        return named(self.shape, self.index)


def named(shape: tuple[int, ...], index: Any) -> Array:
    """The numbers, in the order of the shape, of the elements that an index names.

    It goes from left to right, and takes arrays of whole numbers and masks last.
    """
    parts = _as_tuple(index)
    result = np.arange(int(np.prod(shape))).reshape(shape)
    rest = result.ndim - sum(map(_dimensions, parts))  # what the first ellipsis stands for
    key: list[Any] = []
    for part in parts:
        dim = sum(_dimensions(p) for p in key)
        before = (slice(None),) * dim
        if part is Ellipsis:
            key += [slice(None)] * rest
            rest = 0
        elif part is None:
            result = np.expand_dims(result, dim)
            key.append(slice(None))
        elif np.ndim(part) == 0 and not isinstance(part, slice) and _is_mask(part):
            result = np.expand_dims(result, dim)
            key.append(np.full(1, bool(part)))
        elif isinstance(part, slice):
            result = result[(*before, part)]
            key.append(slice(None))
        elif np.ndim(part) == 0:
            result = result[(*before, int(part))]
        else:
            array = np.asarray(part)
            key.append(array.astype(bool) if _is_mask(array) else array.astype(int))
    return np.asarray(result[tuple(key)])


def _as_tuple(index: Any) -> tuple[Any, ...]:
    """A list of lists stands for a tuple."""
    if isinstance(index, list) and any(isinstance(part, list) for part in index):
        return tuple(index)
    return index if isinstance(index, tuple) else (index,)


def _is_mask(part: Any) -> bool:
    return np.asarray(part).dtype in (np.dtype(bool), np.dtype("uint8"))


def _dimensions(part: Any) -> int:
    if part is None or part is Ellipsis:
        return 0
    if isinstance(part, slice):
        return 1
    return np.ndim(part) if _is_mask(part) else 1


def cases(seconds: float) -> Iterator[Case]:
    """One after the other, the same in every run, for as long as told."""
    import time

    end = time.monotonic() + seconds
    seed = 0
    while time.monotonic() < end:
        yield Case(seed)
        seed += 1


def as_tensors(index: Any, library: Any) -> Any:
    """The index with tensors for its arrays."""
    if isinstance(index, tuple):
        return tuple(as_tensors(part, library) for part in index)
    return library.from_numpy(index.copy()) if isinstance(index, np.ndarray) else index
