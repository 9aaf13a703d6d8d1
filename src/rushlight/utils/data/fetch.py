"""From the indices of one batch to the batch, in the loader's own process and in its workers."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .collate import default_collate
from .dataset import IterableDataset, batch_method
from .seeds import SampleSeeds

# Of a batch's indices, in an error.
_MOST_LISTED = 8


@dataclass(frozen=True)
class FetchSettings:
    """How a loader makes its batches."""

    dataset: Any
    auto_collation: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool
    skip_errors: bool


@dataclass
class Incomplete:
    """A batch (or a sample) some of whose samples raised; `batch` is `NOTHING` where all did."""

    batch: Any
    skipped: list[str] = field(default_factory=list)  # of each, which and why


class NOTHING:
    """In the place of a batch that has no samples."""


class MapFetcher:
    """Asks a map-style dataset for the samples of an index, or of a list of them."""

    def __init__(self, settings: FetchSettings, seeds: SampleSeeds | None = None):
        self.dataset = settings.dataset
        self.auto_collation = settings.auto_collation
        self.collate_fn = settings.collate_fn
        self.skip_errors = settings.skip_errors
        self.seeds = seeds
        self.skipped: list[str] = []
        self.get_batch = batch_method(self.dataset) if self.collate_fn is default_collate else None

    def fetch(self, index: Any) -> Any:
        try:
            if not self.skip_errors:
                return self._batch(index)
            self.skipped = []
            batch = self._batch(index)
            return Incomplete(batch, self.skipped) if self.skipped else batch
        except StopIteration as error:
            raise stopped("the dataset or collate_fn", error) from error

    def _batch(self, index: Any) -> Any:
        if not self.auto_collation:
            samples = self._one_by_one([index])
            return self._collated(samples[0], index) if samples else NOTHING
        if self.get_batch is not None:  # which draws nothing
            batch = self._at_once(self.get_batch, index)
            if batch is not None:
                return batch
        getitems = getattr(self.dataset, "__getitems__", None)
        if getitems and self.seeds is None and not self.skip_errors:
            samples = self._at_once(getitems, index)
        else:
            samples = self._one_by_one(index)
            if self.skipped and not samples:
                return NOTHING
        return self._collated(samples, next(iter(index), None) if self.seeds else None)

    def _at_once(self, get: Callable[[Any], Any], indices: Any) -> Any:
        try:
            return get(indices)
        except Exception as error:
            error.add_note(f"DataLoader: asked for the samples at the {told(indices)}")
            raise

    def _one_by_one(self, indices: Any) -> list[Any]:
        samples: list[Any] = []
        rest = iter(indices)
        while True:
            try:
                # One `try` around the loop, as a small sample takes less time than entering it.
                for index in rest:
                    if self.seeds is not None:
                        self.seeds.start(index)
                    samples.append(self.dataset[index])
                return samples
            except Exception as error:
                name = self._name(index)
                if not self.skip_errors or isinstance(error, MemoryError):
                    error.add_note(f"DataLoader: asked for {name}")
                    raise
                self.skipped.append(f"{name}: {type(error).__name__}: {error}")

    def _name(self, index: Any) -> str:
        file = _file_of(self.dataset, index)
        return f"the sample at index {index!r}" + (f" ({file})" if file else "")

    def _collated(self, samples: Any, first: Any) -> Any:
        if self.seeds is not None:
            self.seeds.start(first, salt=1)
        return self.collate_fn(samples)


class IterableFetcher:
    """Takes the next samples of a stream; StopIteration at its end."""

    def __init__(self, settings: FetchSettings):
        try:
            self.samples = iter(settings.dataset)
        except StopIteration as error:
            raise stopped("the dataset's __iter__", error) from error
        self.auto_collation = settings.auto_collation
        self.collate_fn = settings.collate_fn
        self.drop_last = settings.drop_last
        self.ended = False

    def fetch(self, index: Any) -> Any:
        if self.ended:
            raise StopIteration
        if not self.auto_collation:
            return self._collated(next(self.samples))
        batch = []
        for _ in index:
            try:
                batch.append(next(self.samples))
            except StopIteration:
                self.ended = True
                break
        if not batch or (self.drop_last and self.ended):
            raise StopIteration
        return self._collated(batch)

    def _collated(self, samples: Any) -> Any:
        try:
            return self.collate_fn(samples)
        except StopIteration as error:
            raise stopped("collate_fn", error) from error


def stopped(who: str, error: StopIteration) -> RuntimeError:
    """What becomes of a StopIteration that is not a stream's end: the epoch would end, silently."""
    return RuntimeError(
        f"DataLoader: {who} raised StopIteration{f' ({error})' if str(error) else ''}, which means "
        "the end of an iterable dataset's stream and nothing else; raise another exception"
    )


def told(index: Any) -> str:
    """The index of a sample, or those of a batch, in words."""
    if not isinstance(index, list):
        return f"index {index!r}"
    listed = ", ".join(map(repr, index[:_MOST_LISTED]))
    return f"indices [{listed}{', ...' if len(index) > _MOST_LISTED else ''}]"


def _file_of(dataset: Any, index: Any) -> str | None:
    """The file of a sample, where the dataset keeps a list of them as torchvision's folders do."""
    try:
        while hasattr(dataset, "_located"):
            dataset, index = dataset._located(index)
        path, *_ = dataset.samples[index]
        return os.fspath(path) if os.path.lexists(path) else None
    except Exception:  # a dataset's own `samples` may be anything; the error told is another one
        return None


def make_fetcher(
    settings: FetchSettings, seeds: SampleSeeds | None = None
) -> MapFetcher | IterableFetcher:
    if isinstance(settings.dataset, IterableDataset):
        return IterableFetcher(settings)
    return MapFetcher(settings, seeds)
