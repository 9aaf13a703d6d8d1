"""The loader: batches of a dataset, in this process or made ahead by worker processes."""

from __future__ import annotations

import itertools
import math
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from .collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset
from .iteration import (
    _BaseDataLoaderIter,
    _MultiProcessingDataLoaderIter,
    _SingleProcessDataLoaderIter,
)
from .options import check_choices, check_sampling, check_workers, checked_context
from .picklable import check_picklable
from .position import BEGINNING, Position, check_state
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler
from .serve import get_worker_info

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

T_co = TypeVar("T_co", covariant=True)


class DataLoader(Generic[T_co]):
    """Batches of a dataset, in order or shuffled.

    Each pass over the loader fetches the samples that `batch_sampler` (or `sampler` and
    `batch_size`, or `shuffle`) chooses, and makes a batch of them with `collate_fn`.
    `batch_size=None` yields single samples. With `num_workers` > 0 that many processes work ahead,
    `prefetch_factor` batches each; `worker_init_fn(i)` runs first in each worker. `timeout` is the
    longest wait, in seconds, for a batch of a worker. `persistent_workers` keeps the processes for
    the next pass. Threads may share one pass: each batch goes to one of them.

    `worker="thread"` makes the workers threads of this process. They start at once, share the
    dataset, copy nothing and need nothing pickled, and are the faster choice where samples are
    made by Pillow, NumPy or tensors, which release the interpreter's lock. Python code of the
    dataset's own does not run in two threads at once.

    Random numbers are PyTorch's: worker i seeds its streams with a base seed + i, drawn once per
    pass from `generator` or the default stream (without workers too), and without workers samples
    draw from the program's own streams. So a sample's augmentation depends on the number of
    workers. `seeds="sample"` starts the streams (`random`, NumPy's and the default one) anew with
    each sample instead, by the base seed of the pass and the sample's index, and before
    `collate_fn` by those of the batch's first: the same batches with any number of workers, and
    the program's own streams are left alone. Threads draw from default streams of their own in
    both ways; `random` and NumPy have one for all of them, which a loader does not seed.

    Raises ValueError for options that exclude each other, and TypeError for what cannot be sent to
    workers that are no forks. An exception in a worker is raised again here, with the worker's
    traceback and the sample's index; a worker that dies or hangs is a RuntimeError, and so is a
    StopIteration that is not the end of a stream. With `on_error="skip"` a sample that raises is
    left out of its batch; `skipped` counts them, and the pass ends with a warning.

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
        worker: str = "process",
        seeds: str = "worker",
        on_error: str = "raise",
    ) -> None:
        check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        check_choices(dataset, worker, seeds, on_error, multiprocessing_context)
        check_sampling(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers > 0 and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self.worker = worker
        self.seeds = seeds
        self.on_error = on_error
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

        if num_workers > 0 and worker == "process":
            parts = {"dataset": dataset, "collate_fn": collate_fn, "worker_init_fn": worker_init_fn}
            check_picklable(parts, self.multiprocessing_context)

        self._position: Position | None = None  # of the latest pass
        self._resume_from: dict[str, Any] | None = None
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
            context = checked_context(context, self.num_workers)
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

    @property
    def skipped(self) -> int:
        """How many samples the latest pass has left out so far, with `on_error="skip"`."""
        return 0 if self._position is None else len(self._position.skipped)

    def state_dict(self) -> dict[str, Any]:
        """Where the latest pass stands: what `load_state_dict` goes on from.

        Batches count once the program has got them, however far workers are ahead. RuntimeError
        with workers and `in_order=False`, as then the batches so far are not the first ones.

        >>> from rushlight.utils.data import DataLoader
        >>> loader = DataLoader(range(6), batch_size=2)
        >>> for batch in loader:
        ...     state = loader.state_dict()
        ...     break
        >>> state["batches"]
        1
        """
        if self._position is None:
            return dict(BEGINNING)
        if self.num_workers > 0 and not self.in_order and not self._position.ended:
            raise RuntimeError(
                "DataLoader.state_dict: in the middle of a pass it needs in_order=True"
            )
        return self._position.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The next pass is the rest of the one that `state_dict` was taken in; later ones are
        whole.

        It visits the same samples in the same order; of a map-style dataset those before are not
        made again, a stream is read up to there. Random augmentation is the same, too, with
        `seeds="sample"`; without workers also where the program puts the default stream back
        (`torch.set_rng_state`). ValueError for a state of another kind of loader.

        >>> import rushlight as torch
        >>> from rushlight.utils.data import DataLoader
        >>> loader = DataLoader(range(6), batch_size=2, shuffle=True)
        >>> batches = iter(loader)
        >>> first, state = next(batches), loader.state_dict()
        >>> rest = torch.cat(list(batches)).tolist()
        >>> loader.load_state_dict(state)
        >>> torch.cat(list(loader)).tolist() == rest
        True
        """
        check_state(self, state_dict)
        self._resume_from = dict(state_dict)

    def progress(self, desc: str | None = None, **options: Any) -> Any:
        """A pass with tqdm's progress bar (`pip install rushlight[progress]`), which it returns.

        `options` are tqdm's: `for batch in loader.progress("epoch 1", leave=False)`.

        >>> from rushlight.utils.data import DataLoader
        >>> [batch.tolist() for batch in DataLoader(range(3), batch_size=2).progress(disable=True)]
        [[0, 1], [2]]
        """
        try:
            from tqdm.auto import tqdm
        except ImportError as error:
            raise ImportError(
                "DataLoader.progress needs tqdm: pip install rushlight[progress]"
            ) from error
        batches = iter(self)
        try:
            total = len(self)
        except TypeError:  # a stream that does not say how long it is
            total = None
        # After `load_state_dict` the bar begins where the pass does.
        bar = {"total": total, "initial": self._position.batches if self._position else 0}
        return tqdm(batches, desc=desc, **{**bar, **options})

    def check_worker_number_rationality(self) -> None:
        """Warns where there are more workers than cores this process may use."""
        affinity = getattr(os, "sched_getaffinity", None)
        cores = len(affinity(0)) if affinity else os.cpu_count() or 1
        if self.num_workers > cores:
            kind = "threads" if self.worker == "thread" else "processes"
            warnings.warn(
                f"This DataLoader will create {self.num_workers} worker {kind} in total, and "
                f"this process may use {cores} cores. Fewer workers will probably be faster.",
                stacklevel=3,
            )


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
