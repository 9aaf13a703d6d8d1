"""From the indices of one batch to the batch, in the loader's own process and in its workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .collate import default_collate
from .dataset import IterableDataset, batch_method


class MapFetcher:
    """Asks a map-style dataset for the samples of an index, or of a list of them."""

    def __init__(self, dataset: Any, auto_collation: bool, collate_fn: Callable[[Any], Any]):
        self.dataset = dataset
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn
        self.get_batch = batch_method(dataset) if collate_fn is default_collate else None

    def fetch(self, index: Any) -> Any:
        try:
            return self._fetch(index)
        except StopIteration as error:
            raise stopped("the dataset or collate_fn", error) from error

    def _fetch(self, index: Any) -> Any:
        dataset = self.dataset
        if not self.auto_collation:
            return self.collate_fn(dataset[index])
        if self.get_batch is not None:
            batch = self.get_batch(index)
            if batch is not None:
                return batch
        if getattr(dataset, "__getitems__", None):
            samples = dataset.__getitems__(index)
        else:
            samples = [dataset[i] for i in index]
        return self.collate_fn(samples)


class IterableFetcher:
    """Takes the next samples of a stream; StopIteration at its end."""

    def __init__(
        self,
        dataset: Any,
        auto_collation: bool,
        collate_fn: Callable[[Any], Any],
        drop_last: bool,
    ):
        try:
            self.samples = iter(dataset)
        except StopIteration as error:
            raise stopped("the dataset's __iter__", error) from error
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn
        self.drop_last = drop_last
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


def make_fetcher(
    dataset: Any, auto_collation: bool, collate_fn: Callable[[Any], Any], drop_last: bool
) -> MapFetcher | IterableFetcher:
    if isinstance(dataset, IterableDataset):
        return IterableFetcher(dataset, auto_collation, collate_fn, drop_last)
    return MapFetcher(dataset, auto_collation, collate_fn)
