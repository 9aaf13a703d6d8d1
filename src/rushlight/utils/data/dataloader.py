"""The loader: batches of a dataset, in this process or made ahead by worker processes."""

from __future__ import annotations

import itertools
import math
import numbers
import os
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

import rushlight

from .collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset
from .fetch import make_fetcher
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, draw_seed
from .worker import RESUME, IterationEnd, WorkerError, WorkerSettings

T_co = TypeVar("T_co", covariant=True)

# More than any program has a use for, and fewer than would bring a machine down.
_MOST_WORKERS = 1024
_MOST_PREFETCHED = 1 << 16  # batches, of each worker


class DataLoader(Generic[T_co]):
    """Batches of a dataset, in order or shuffled.

    Each pass over the loader fetches the samples that `batch_sampler` (or `sampler` and
    `batch_size`, or `shuffle`) chooses, and makes a batch of them with `collate_fn`.
    `batch_size=None` yields single samples. With `num_workers` > 0 that many processes work ahead,
    `prefetch_factor` batches each; worker i seeds its random streams with a base seed + i, drawn
    once per pass from `generator` or the default stream (without workers too, as in PyTorch).
    `worker_init_fn(i)` runs first in each worker. `timeout` is the longest wait, in seconds, for a
    batch of a worker. `persistent_workers` keeps the processes for the next pass.

    Raises ValueError for options that exclude each other. An exception in a worker is raised again
    here, with the worker's traceback; a worker that dies is a RuntimeError, and so is a
    StopIteration that is not the end of a stream. Threads may share one pass: each batch goes to
    one of them.

    >>> import rushlight as torch
    >>> from rushlight.utils.data import DataLoader, TensorDataset
    >>> dataset = TensorDataset(torch.arange(5), torch.arange(5) * 10)
    >>> for x, y in DataLoader(dataset, batch_size=3):
    ...     print(x, y)
    tensor([0, 1, 2]) tensor([ 0, 10, 20])
    tensor([3, 4]) tensor([30, 40])
    """

    _fixed = (
        "batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"
    )  # fmt: skip
    _initialized = False

    def __init__(
        self,
        dataset: Dataset[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        _check_sampling(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers > 0 and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self.generator = generator
        self.persistent_workers = persistent_workers

        if batch_sampler is not None:
            batch_size, drop_last = None, False
        if sampler is None:
            sampler = _default_sampler(dataset, bool(shuffle), generator)
        if batch_size is not None:
            kind = _UnindexedBatches if isinstance(sampler, _Unindexed) else BatchSampler
            batch_sampler = kind(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        if collate_fn is None:
            collate_fn = default_collate if self._auto_collation else default_convert
        self.collate_fn = collate_fn

        self._iterator: _MultiProcessingDataLoaderIter | None = None
        self._reported_length: int | None = None
        self._initialized = True
        self.check_worker_number_rationality()

    def __setattr__(self, name: str, value: Any) -> None:
        if self._initialized and name in self._fixed:
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized"
            )
        super().__setattr__(name, value)

    @property
    def multiprocessing_context(self) -> Any:
        return self._multiprocessing_context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context: Any) -> None:
        if context is not None:
            context = _checked_context(context, self.num_workers)
        self._multiprocessing_context = context

    @property
    def _auto_collation(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        return self.batch_sampler if self._auto_collation else self.sampler

    def __iter__(self) -> _BaseDataLoaderIter:
        if self.num_workers == 0:
            return _SingleProcessDataLoaderIter(self)
        if self._iterator is not None and not self._iterator.stopped:
            self._iterator.resume(self)
            return self._iterator
        iterator = _MultiProcessingDataLoaderIter(self)
        if self.persistent_workers:
            self._iterator = iterator
        return iterator

    def __len__(self) -> int:
        """The number of batches. TypeError where the sampler or the stream has no length."""
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        # With workers, or a wrong __len__, more samples may come: remembered for a warning.
        dataset: Any = self.dataset  # one without a length raises the TypeError
        length = self._reported_length = len(dataset)
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else math.ceil(length / self.batch_size)

    def check_worker_number_rationality(self) -> None:
        """Warns where there are more workers than cores this process may use."""
        affinity = getattr(os, "sched_getaffinity", None)
        cores = len(affinity(0)) if affinity else os.cpu_count() or 1
        if self.num_workers > cores:
            warnings.warn(
                f"This DataLoader will create {self.num_workers} worker processes in total, and "
                f"this process may use {cores} cores. Fewer workers will probably be faster.",
                stacklevel=3,
            )


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool
) -> None:
    _check_whole("num_workers", num_workers)
    if prefetch_factor is not None:
        _check_whole("prefetch_factor", prefetch_factor)
    if num_workers > _MOST_WORKERS:
        raise ValueError(
            f"num_workers option should be at most {_MOST_WORKERS}, but got "
            f"num_workers={num_workers}: each worker is a process"
        )
    if num_workers < 0:
        raise ValueError(
            "num_workers option should be non-negative; use num_workers=0 to disable "
            "multiprocessing."
        )
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0:
        if prefetch_factor is not None:
            raise ValueError(
                "prefetch_factor option could only be specified in multiprocessing. Set "
                "num_workers > 0, or leave prefetch_factor at None."
            )
        if persistent_workers:
            raise ValueError("persistent_workers option needs num_workers > 0")
        if timeout > 0:
            raise ValueError("timeout option needs num_workers > 0")
    elif prefetch_factor is not None and not 0 < prefetch_factor <= _MOST_PREFETCHED:
        raise ValueError(
            f"prefetch_factor option should be positive and at most {_MOST_PREFETCHED}, but got "
            f"prefetch_factor={prefetch_factor}"
        )


def _check_whole(name: str, value: Any) -> None:
    if not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} option should be a whole number, but got {name}={value!r}")


def _check_sampling(
    dataset: Any,
    batch_size: int | None,
    shuffle: bool | None,
    sampler: Any,
    batch_sampler: Any,
    drop_last: bool,
) -> None:
    if isinstance(dataset, IterableDataset):
        options = {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}
        for name, value in options.items():
            if value is not None:
                raise ValueError(
                    f"DataLoader with IterableDataset: expected unspecified {name} option, "
                    f"but got {name}={value}"
                )
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise ValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, "
                "and drop_last"
            )
    elif batch_size is None and drop_last:
        raise ValueError(
            "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
        )


def _checked_context(context: Any, num_workers: int) -> Any:
    import multiprocessing

    if num_workers == 0:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading "
            f"(num_workers > 0), but got num_workers={num_workers}"
        )
    if isinstance(context, str):
        methods = multiprocessing.get_all_start_methods()
        if context not in methods:
            raise ValueError(
                "multiprocessing_context option should specify a valid start method in "
                f"{methods!r}, but got multiprocessing_context={context!r}"
            )
        context = multiprocessing.get_context(context)
    if not isinstance(context, multiprocessing.context.BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string "
            f"specifying the start method, but got multiprocessing_context={context}"
        )
    return context


def _default_sampler(dataset: Any, shuffle: bool, generator: Any) -> Sampler[Any]:
    if isinstance(dataset, IterableDataset):
        return _Unindexed()
    return RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)


class _Unindexed(Sampler[None]):
    """Asks a stream for one more sample, again and again; the stream says when it ends."""

    def __iter__(self) -> Iterator[None]:
        return itertools.repeat(None)


class _UnindexedBatches(BatchSampler):
    """Asks a stream for a batch; of any size, as there are no indices to list."""

    def __iter__(self) -> Iterator[Any]:
        return itertools.repeat(range(self.batch_size))


class _BaseDataLoaderIter:
    """One pass over a loader. Several threads may share it: each batch goes to one of them."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        # Threads that share a pass take turns: each batch goes to one of them. The lock may be
        # taken again by its holder, whose dataset may itself ask for a batch.
        self._turn = threading.RLock()
        self._dataset = loader.dataset
        self._num_workers = loader.num_workers
        self._index_sampler = loader._index_sampler
        # The order of these two is PyTorch's: a sampler may draw from the same stream.
        self._start_pass(loader)
        self._base_seed = draw_seed(loader.generator)
        if loader.pin_memory and not rushlight.cuda.is_available():
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device "
                "pinned memory won't be used.",
                stacklevel=3,
            )

    def _start_pass(self, loader: DataLoader[Any]) -> None:
        self._indices = iter(self._index_sampler)
        self._yielded = 0
        self._reported_length = loader._reported_length

    def __iter__(self) -> Iterator[Any]:
        return self

    def __len__(self) -> int:
        return len(self._index_sampler)

    def __next__(self) -> Any:
        with self._turn:
            data = self._next_data()
            self._yielded += 1
        if self._reported_length is not None and self._yielded > self._reported_length:
            warnings.warn(
                f"Length of IterableDataset {self._dataset} was reported to be "
                f"{self._reported_length} (when accessing len(dataloader)), but {self._yielded} "
                "samples have been fetched."
                + (" Does every worker take its own part?" if self._num_workers else ""),
                stacklevel=2,
            )
        return data

    def _next_data(self) -> Any:
        raise NotImplementedError


class _SingleProcessDataLoaderIter(_BaseDataLoaderIter):
    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        self._fetcher = make_fetcher(
            loader.dataset, loader._auto_collation, loader.collate_fn, loader.drop_last
        )

    def _next_data(self) -> Any:
        return self._fetcher.fetch(next(self._indices))


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """Requests are numbered, dealt to the workers in turn, and yielded in the order of numbers."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        # Only who has workers pays for importing multiprocessing (15 ms).
        import multiprocessing

        from .pool import WorkerPool

        super().__init__(loader)
        self._timeout = loader.timeout
        self._in_order = loader.in_order
        self._persistent = loader.persistent_workers
        self._prefetched = (loader.prefetch_factor or 1) * self._num_workers
        settings = WorkerSettings(
            dataset=loader.dataset,
            auto_collation=loader._auto_collation,
            collate_fn=loader.collate_fn,
            drop_last=loader.drop_last,
            base_seed=self._base_seed,
            init_fn=loader.worker_init_fn,
            num_workers=self._num_workers,
            started_by_main_thread=threading.current_thread() is threading.main_thread(),
        )
        self._pool = WorkerPool(settings, loader.multiprocessing_context or multiprocessing)
        self._start_requests(loader)

    @property
    def stopped(self) -> bool:
        return self._pool.stopped

    def resume(self, loader: DataLoader[Any]) -> None:
        """Begins the next pass with the same workers."""
        with self._turn:
            self._resume(loader)

    def _resume(self, loader: DataLoader[Any]) -> None:
        for worker_id in range(self._num_workers):
            self._pool.send(worker_id, RESUME)
        waiting = self._num_workers
        while waiting:  # what a pass left early has still under way is dropped
            number, _ = self._pool.receive(self._timeout)
            waiting -= number == RESUME
        self._start_requests(loader)

    def _start_requests(self, loader: DataLoader[Any]) -> None:
        self._start_pass(loader)
        self._sent = 0
        self._next_number = 0
        self._worker_of: dict[int, int] = {}  # of each request without an answer
        self._answers: dict[int, Any] = {}  # that came before their turn
        self._active = [True] * self._num_workers  # False at the end of a worker's stream
        self._turns = itertools.cycle(range(self._num_workers))
        for _ in range(self._prefetched):
            if not self._request():
                break

    def _request(self) -> bool:
        """Sends the next request; False where there is none."""
        if not any(self._active):
            return False
        try:
            index = next(self._indices)
        except StopIteration:
            return False
        worker_id = next(i for i in self._turns if self._active[i])
        self._pool.send(worker_id, (self._sent, index))
        self._worker_of[self._sent] = worker_id
        self._sent += 1
        return True

    def _next_data(self) -> Any:
        while self._worker_of or self._answers:
            answer = self._next_answer()
            self._request()
            if isinstance(answer, WorkerError):
                answer.reraise()
            if not isinstance(answer, IterationEnd):
                return answer
        if not self._persistent:
            self._pool.stop()
        raise StopIteration

    def _next_answer(self) -> Any:
        """The answer whose turn it is, or without order the next that comes."""
        while self._next_number not in self._answers:
            number, answer = self._pool.receive(self._timeout)
            worker_id = self._worker_of.pop(number)
            if isinstance(answer, IterationEnd):
                self._active[worker_id] = False
            if not self._in_order:
                return answer
            self._answers[number] = answer
        self._next_number += 1
        return self._answers.pop(self._next_number - 1)
