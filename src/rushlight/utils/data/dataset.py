"""Datasets: map-style (`dataset[index]`) and iterable-style (`iter(dataset)`).

A dataset may also have PyTorch's `__getitems__(indices)`, which returns the samples of one batch.
Where every sample would only be stacked again, a class may go further and define
`_get_batch(indices)`: the batch as `default_collate` would have made it of the samples, or None
where this instance cannot say. The loader calls it through `batch_method`. Of a dataset that has
its samples of another one `_located(index)` says of which, and its index there.
"""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar, cast

import rushlight

from ...tensor import Tensor

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Dataset(Generic[T_co]):
    """Samples by index. Subclasses define `__getitem__` and, for samplers, `__len__`.

    >>> import rushlight as torch
    >>> class Squares(torch.utils.data.Dataset):
    ...     def __getitem__(self, index):
    ...         return index * index
    ...     def __len__(self):
    ...         return 4
    >>> [batch.tolist() for batch in torch.utils.data.DataLoader(Squares(), batch_size=2)]
    [[0, 1], [4, 9]]
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other: Dataset[T_co]) -> Dataset[T_co]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co]):
    """Samples in the order of a stream. Subclasses define `__iter__`.

    With workers each one iterates over its own copy: `get_worker_info()` in `__iter__` says which
    part of the stream is this copy's.

    >>> import rushlight as torch
    >>> class Count(torch.utils.data.IterableDataset):
    ...     def __iter__(self):
    ...         return iter(range(3))
    >>> [batch.tolist() for batch in torch.utils.data.DataLoader(Count(), batch_size=2)]
    [[0, 1], [2]]
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError("Subclasses of IterableDataset should implement __iter__.")

    def __add__(self, other: Dataset[T_co]) -> ChainDataset[T_co]:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Sample i is the tuple of every tensor's row i. AssertionError if their first sizes differ.

    >>> import rushlight as torch
    >>> from rushlight.utils.data import TensorDataset
    >>> TensorDataset(torch.tensor([[1, 2], [3, 4]]), torch.tensor([5, 6]))[1]
    (tensor([3, 4]), tensor(6))
    """

    def __init__(self, *tensors: Tensor) -> None:
        sizes = [tensor.size(0) for tensor in tensors]
        if len(set(sizes)) > 1:
            raise AssertionError(f"Size mismatch between tensors: their first sizes are {sizes}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return self.tensors[0].size(0)

    def _get_batch(self, indices: list[int]) -> list[Tensor]:
        return [tensor[indices] for tensor in self.tensors]


class StackDataset(Dataset[Any]):
    """Sample i is the tuple (or, of keywords, the dictionary) of every dataset's sample i.

    ValueError without datasets, for both kinds at once, and where their lengths differ.

    >>> from rushlight.utils.data import StackDataset
    >>> StackDataset("abc", range(3))[1], StackDataset(letter="abc", number=range(3))[2]
    (('b', 1), {'letter': 'c', 'number': 2})
    """

    def __init__(self, *args: Dataset[Any], **kwargs: Dataset[Any]) -> None:
        if args and kwargs:
            raise ValueError(
                "StackDataset: datasets are either all positional (samples are tuples) or all "
                "keywords (samples are dictionaries), not both"
            )
        if not args and not kwargs:
            raise ValueError("At least one dataset should be passed")
        self.datasets: Any = args or kwargs
        lengths = [_length(dataset) for dataset in self._parts()]
        if len(set(lengths)) > 1:
            raise ValueError(f"Size mismatch between datasets: their lengths are {lengths}")
        self._length = lengths[0]

    def _parts(self) -> Sequence[Any]:
        return list(self.datasets.values()) if self._named() else self.datasets

    def _named(self) -> bool:
        return isinstance(self.datasets, dict)

    def _joined(self, parts: Iterable[Any]) -> Any:
        return dict(zip(self.datasets, parts, strict=True)) if self._named() else tuple(parts)

    def __getitem__(self, index: Any) -> Any:
        return self._joined(dataset[index] for dataset in self._parts())

    def __getitems__(self, indices: list[int]) -> list[Any]:
        columns = [self._samples(dataset, indices) for dataset in self._parts()]
        return [self._joined(parts) for parts in zip(*columns, strict=True)]

    @staticmethod
    def _samples(dataset: Any, indices: list[int]) -> Any:
        if not callable(getattr(dataset, "__getitems__", None)):
            return [dataset[index] for index in indices]
        samples = dataset.__getitems__(indices)
        if len(samples) != len(indices):
            raise ValueError(
                "Nested dataset's output size mismatch. "
                f"Expected {len(indices)}, got {len(samples)}"
            )
        return samples

    def __len__(self) -> int:
        return self._length

    def _get_batch(self, indices: list[int]) -> Any:
        batches = []
        for dataset in self._parts():
            get_batch = batch_method(dataset)
            batch = get_batch(indices) if get_batch else None
            if batch is None:
                return None
            batches.append(batch)
        return self._joined(batches) if self._named() else batches


class ConcatDataset(Dataset[T_co]):
    """The samples of several map-style datasets, one dataset after the other.

    >>> import rushlight as torch
    >>> both = torch.utils.data.ConcatDataset([[1, 2], [3]])
    >>> len(both), both[2]
    (3, 3)
    """

    def __init__(self, datasets: Iterable[Dataset[T_co]]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = self.cumsum(self.datasets)

    @staticmethod
    def cumsum(sequence: Iterable[Any]) -> list[int]:
        """How many samples there are up to the end of each dataset."""
        return list(itertools.accumulate(map(_length, sequence)))

    @property
    def cummulative_sizes(self) -> list[int]:
        """The old name of `cumulative_sizes`."""
        warnings.warn(
            "cummulative_sizes attribute is renamed to cumulative_sizes",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.cumulative_sizes

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> T_co:
        if index < 0:
            if -index > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            index += len(self)
        dataset, index = self._located(index)
        return dataset[index]

    def _located(self, index: int) -> tuple[Any, int]:
        which = bisect.bisect_right(self.cumulative_sizes, index)
        start = self.cumulative_sizes[which - 1] if which > 0 else 0
        return self.datasets[which], index - start


class ChainDataset(IterableDataset[T_co]):
    """The samples of several iterable-style datasets, one dataset after the other.

    >>> import rushlight as torch
    >>> class Count(torch.utils.data.IterableDataset):
    ...     def __iter__(self):
    ...         return iter(range(2))
    >>> list(torch.utils.data.ChainDataset([Count(), Count()]))
    [0, 1, 0, 1]
    """

    def __init__(self, datasets: Iterable[Dataset[T_co]]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[T_co]:
        for dataset in self.datasets:
            yield from self._checked(dataset)

    def __len__(self) -> int:
        return sum(_length(self._checked(dataset)) for dataset in self.datasets)

    @staticmethod
    def _checked(dataset: Dataset[T_co]) -> IterableDataset[T_co]:
        if not isinstance(dataset, IterableDataset):
            raise AssertionError("ChainDataset only supports IterableDataset")
        return dataset


class Subset(Dataset[T_co]):
    """The samples of `dataset` at `indices`, in that order.

    A subclass that overrides `__getitem__` must override `__getitems__` too, or the loader would
    pass its own samples by: NotImplementedError.

    >>> import rushlight as torch
    >>> list(torch.utils.data.Subset("abcd", [3, 0]))
    ['d', 'a']
    """

    def __init__(self, dataset: Dataset[T_co], indices: Sequence[int]) -> None:
        cls = type(self)
        overridden = cls.__getitem__ is not Subset.__getitem__
        if overridden and cls.__getitems__ is Subset.__getitems__:
            raise NotImplementedError(
                f"{cls.__name__} overrides __getitem__ but not __getitems__. Define for example: "
                "def __getitems__(self, indices): return [self[index] for index in indices]"
            )
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> T_co:
        if isinstance(index, list):
            return self.dataset[self._select(index)]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> list[T_co]:
        selected = self._select(indices)
        getitems = getattr(self.dataset, "__getitems__", None)
        return getitems(selected) if getitems else [self.dataset[index] for index in selected]

    def __len__(self) -> int:
        return len(self.indices)

    def _get_batch(self, indices: list[int]) -> Any:
        get_batch = batch_method(self.dataset)
        return get_batch(self._select(indices)) if get_batch else None

    def _located(self, index: int) -> tuple[Any, int]:
        return self.dataset, self.indices[index]

    def _select(self, indices: list[int]) -> list[int]:
        return [self.indices[index] for index in indices]


def batch_method(dataset: Any) -> Callable[[list[int]], Any] | None:
    """The dataset's `_get_batch`, unless a subclass has since changed how its samples are made."""
    for cls in type(dataset).__mro__:
        if "_get_batch" in vars(cls):
            return cast(Callable[[list[int]], Any], dataset._get_batch)
        if "__getitem__" in vars(cls) or "__getitems__" in vars(cls):
            return None
    return None


def random_split(
    dataset: Dataset[T], lengths: Sequence[int | float], generator: Any = None
) -> list[Subset[T]]:
    """Splits a dataset at random into disjoint subsets of the given lengths.

    Lengths that add up to 1 are fractions, rounded down; what is left over goes to the first
    subsets, one sample each. ValueError where the lengths do not add up to the dataset's.

    >>> import rushlight as torch
    >>> from rushlight.utils.data import random_split
    >>> generator = torch.Generator().manual_seed(42)
    >>> [len(subset) for subset in random_split(range(30), [0.3, 0.3, 0.4], generator)]
    [9, 9, 12]
    """
    total = _length(dataset)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _lengths_of_fractions(lengths, total)
    if sum(lengths) != total:
        raise ValueError(
            "Sum of input lengths does not equal the length of the input dataset! "
            f"({list(lengths)} for {total} samples)"
        )
    indices = rushlight.randperm(total, generator=generator).tolist()
    ends = itertools.accumulate(cast(Sequence[int], lengths))
    return [
        Subset(dataset, indices[end - length : end])
        for end, length in zip(ends, cast(Sequence[int], lengths), strict=True)
    ]


def _lengths_of_fractions(fractions: Sequence[float], total: int) -> list[int]:
    for i, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(f"Fraction at index {i} is not between 0 and 1")
    lengths = [math.floor(total * fraction) for fraction in fractions]
    for i in range(total - sum(lengths)):
        lengths[i % len(lengths)] += 1
    for i, length in enumerate(lengths):
        if length == 0:
            warnings.warn(
                f"Length of split at index {i} is 0. This might result in an empty dataset.",
                stacklevel=3,
            )
    return lengths


def _length(dataset: Any) -> int:
    return len(dataset)
