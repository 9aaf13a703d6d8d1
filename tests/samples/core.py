"""What a row of the sample table is made of.

A row describes one operation by samples of its arguments; `tests/test_ops.py` makes every check of
them, `tests/test_kernels.py` holds the C++ kernels that they reach against the generic ones, and
`tests/parity` compares them with PyTorch. Samples are NumPy arrays and plain values, so that any
library with PyTorch's interface can be handed them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Sample:
    """Arguments of one call. Arrays become tensors, floating ones with a gradient."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = tuple(_mapped(v, _as_array) for v in args)
        self.kwargs = {name: _mapped(v, _as_array) for name, v in kwargs.items()}

    def __repr__(self) -> str:
        words = [_brief(v) for v in self.args]
        words += [f"{name}={_brief(v)}" for name, v in self.kwargs.items()]
        return f"({', '.join(words)})"

    def map(self, change: Callable[[Any], Any]) -> Sample:
        """The sample with `change` applied to each argument and to what lists hold."""
        args = [_mapped(v, change) for v in self.args]
        return Sample(*args, **{name: _mapped(v, change) for name, v in self.kwargs.items()})

    def leaves(self, kind: type) -> list[Any]:
        """The arguments of one type, also those in lists, in the order of the call."""
        found: list[Any] = []

        def look(value: Any) -> Any:
            if isinstance(value, kind):
                found.append(value)
            return value

        self.map(look)
        return found


class Invalid(Sample):
    """Arguments that must be refused, with an exception of `raises` whose text matches `match`.

    Where the values must be read to see it (`reads_values`), devices that would make the host wait
    take them on trust.

    PyTorch must refuse them likewise, in words that match too unless `own_words` says that ours
    differ (they say more, or come from a NumPy that knows no better).
    """

    def __init__(
        self, *args: Any, raises: type[Exception], match: str = ".", own_words: bool = False,
        reads_values: bool = False, **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.raises = raises
        self.match = match
        self.own_words = own_words
        self.reads_values = reads_values


class Fixed:
    """An array that becomes a tensor without a gradient: running statistics, an index."""

    def __init__(self, array: Any) -> None:
        self.array = np.asarray(array)


class Named(str):
    """An attribute of the library: Named("float64") is torch.float64."""


class Values:
    """Random numbers for samples, the same in every run."""

    def __init__(self, name: str) -> None:
        self.random = np.random.default_rng(zlib.crc32(name.encode()))

    def normal(self, *shape: int) -> Array:
        return np.asarray(self.random.standard_normal(shape))

    def between(self, low: float, high: float, *shape: int) -> Array:
        return np.asarray(self.random.uniform(low, high, shape))

    def positive(self, *shape: int) -> Array:
        return self.between(0.3, 2.0, *shape)

    def fraction(self, *shape: int) -> Array:
        """Between -1 and 1, away from both."""
        return self.between(-0.9, 0.9, *shape)

    def unit(self, *shape: int) -> Array:
        """Between 0 and 1, away from both."""
        return self.between(0.05, 0.95, *shape)

    def above_one(self, *shape: int) -> Array:
        return self.between(1.2, 3.0, *shape)

    def nonzero(self, *shape: int) -> Array:
        """Of either sign, and at least 0.3 away from 0."""
        return self.positive(*shape) * self.random.choice([-1.0, 1.0], shape)

    def distinct(self, *shape: int) -> Array:
        """Any two at least 0.1 apart, none nearer than 0.05 to 0: no ties, no corners."""
        count = int(np.prod(shape))
        numbers = self.random.permutation(count) - count // 2
        return np.asarray((0.1 * numbers + 0.05).reshape(shape))

    def integers(self, low: int, high: int, *shape: int) -> Array:
        return np.asarray(self.random.integers(low, high, shape))

    def complex(self, *shape: int) -> Array:
        return np.asarray(self.normal(*shape) + 1j * self.normal(*shape))

    def mask(self, *shape: int) -> Array:
        return np.asarray(self.random.random(shape) < 0.5)

    def permutation(self, count: int) -> Array:
        return self.random.permutation(count)


Make = Callable[[Values], Iterable[Sample]]


@dataclass
class Op:
    """One operation: a row of the table."""

    name: str
    """Where libraries have it: "add", "nn.functional.relu", "Tensor.view"."""

    make: Make
    """Yields samples (and invalid ones) from the numbers that it is given."""

    reference: Callable[..., Any] | None = None
    """The same in NumPy, where that is simple."""

    call: Callable[[Any], Callable[..., Any]] | None = None
    """From a library to the function, where the name alone does not do."""

    covers: tuple[str, ...] = ()
    """Other names of the same function that are not the same object."""

    differentiable: bool = True
    second: bool = True
    """Whether gradients of its gradients are checked."""

    inplace: str | None = None
    """The tensor's method that does the same in place."""

    view: bool = False
    """Whether results share the memory of the first tensor."""

    order: str = "any"
    """The memory order of results: "kept" is that of inputs, else "channels_last" or "any"."""

    layouts: bool = True
    """Whether inputs may lie in memory in any order."""

    random: bool = False
    """Whether it draws random numbers: they fill memory in its order, which changes them."""

    integers: str | None = None
    """The dtype that int64 tensors give: a name; None where results for them are not compared. What
    each row takes and refuses of all dtypes is compared with PyTorch in any case."""

    composite: bool = False
    """Whether PyTorch has one node in the graph where several are here."""

    peer_gradient: bool = True
    """Whether PyTorch has a gradient of it, and a right one."""

    unrecorded: str | None = None
    """Why some samples cannot be recorded and replayed, in words of the refusal."""

    halves: bool = True
    """Whether it takes half precision: there are no complex numbers of it."""

    tolerance: float = 1e-5
    """What float32 may lose, relative to float64."""

    def function(self, library: Any) -> Callable[..., Any]:
        return self.call(library) if self.call else resolve(library, self.name)

    def all_samples(self) -> list[Sample]:
        return list(self.make(Values(self.name)))

    def samples(self) -> list[Sample]:
        return [s for s in self.all_samples() if not isinstance(s, Invalid)]

    def invalid(self) -> list[Invalid]:
        return [s for s in self.all_samples() if isinstance(s, Invalid)]

    def __str__(self) -> str:
        return self.name


@dataclass
class Table:
    """All rows, by name."""

    rows: dict[str, Op] = field(default_factory=dict)

    def add(self, ops: Iterable[Op]) -> None:
        for op in ops:
            if op.name in self.rows:
                raise ValueError(f"two rows for {op.name}")
            self.rows[op.name] = op

    def __iter__(self) -> Iterator[Op]:
        return iter(self.rows.values())


def resolve(library: Any, path: str) -> Any:
    """`resolve(torch, "nn.functional.relu")`."""
    for name in path.split("."):
        library = getattr(library, name)
    return library


def build(library: Any, sample: Sample, tensor: Callable[[Array, bool], Any]) -> Sample:
    """The sample with its arrays made tensors by `tensor(array, differentiable)`."""

    def change(value: Any) -> Any:
        if isinstance(value, Fixed):
            return tensor(value.array, False)
        if isinstance(value, np.ndarray):
            return tensor(value, value.dtype.kind in "fc")
        if isinstance(value, Named):
            return resolve(library, value)
        return value

    return sample.map(change)


def as_numpy(sample: Sample) -> Sample:
    """The sample for a reference: arrays bare, names as strings."""
    return sample.map(lambda v: v.array if isinstance(v, Fixed) else v)


def outputs(result: Any) -> list[Any]:
    """A result's tensors or values as a flat list."""
    if isinstance(result, (tuple, list)) and type(result).__name__ != "Size":
        return [leaf for part in result for leaf in outputs(part)]
    return [result]


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(_mapped(v, change) for v in value)
    return change(value)


def _as_array(value: Any) -> Any:
    """NumPy's arithmetic makes scalars of 0-d arrays; samples hold arrays."""
    return np.asarray(value) if isinstance(value, np.generic) else value


def _brief(value: Any) -> str:
    if isinstance(value, Fixed):
        value = value.array
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_brief(v) for v in value) + "]"
    if hasattr(value, "shape"):
        return f"tensor{list(value.shape)}"
    return repr(value)
