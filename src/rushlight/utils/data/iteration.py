"""One pass over a loader: the batches as they come, from this process or from workers."""

from __future__ import annotations

import contextlib
import itertools
import threading
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import rushlight

from ...random import default_generator
from .dataset import IterableDataset
from .fetch import NOTHING, FetchSettings, Incomplete, make_fetcher
from .position import Position, generators_of
from .sampler import draw_seed
from .seeds import SampleSeeds, streams_kept
from .serve import RESUME, Failure, IterationEnd, WorkerSettings

if TYPE_CHECKING:
    from .dataloader import DataLoader
    from .pool import Pool


class _BaseDataLoaderIter:
    """One pass over a loader. Several threads may share it: each batch goes to one of them."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        # Threads that share a pass take turns: each batch goes to one of them. The lock may be
        # taken again by its holder, whose dataset may itself ask for a batch.
        self._turn = threading.RLock()
        self._dataset = loader.dataset
        self._num_workers = loader.num_workers
        self._index_sampler = loader._index_sampler
        self._by_sample = loader.seeds == "sample"
        self._fetch_settings = FetchSettings(
            dataset=loader.dataset,
            auto_collation=loader._auto_collation,
            collate_fn=loader.collate_fn,
            drop_last=loader.drop_last,
            skip_errors=loader.on_error == "skip",
        )
        self._base_seed = -1  # none yet
        self._begin(loader, draws_seed=True)
        if loader.pin_memory and not rushlight.cuda.is_available():
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device "
                "pinned memory won't be used.",
                stacklevel=4,
            )

    def _begin(self, loader: DataLoader[Any], draws_seed: bool) -> None:
        """Begins a pass, or the rest of the one that the loader was told to go on with."""
        state = loader._resume_from
        if state is None or state["generators"] is None:
            self._position = loader._position = Position(loader, draws_seed)
            self._start_pass(loader)
            return
        with generators_of(loader, state["generators"]):
            self._position = loader._position = Position(loader, state["drew_seed"])
            self._start_pass(loader)
            self._pass_over(state["batches"])

    def _start_pass(self, loader: DataLoader[Any]) -> None:
        # The order of these two is PyTorch's: a sampler may draw from the same stream.
        self._indices: Iterator[Any] = iter(self._index_sampler)
        if self._position.drew_seed:
            self._base_seed = draw_seed(loader.generator)
        elif self._base_seed < 0:  # the rest of a pass whose workers had one already
            self._base_seed = draw_seed(default_generator.clone_state())
        self._to_read = 0
        self._yielded = 0
        self._warned = False
        self._reported_length = loader._reported_length

    def _pass_over(self, batches: int) -> None:
        """Leaves out what an earlier pass has given. A stream must be read up to there."""
        if isinstance(self._dataset, IterableDataset):
            self._to_read = batches
            return
        self._position.batches = batches
        for _ in itertools.islice(self._indices, batches):
            pass
        for following in self._indices:  # a sampler draws when first asked, which must be now
            self._indices = itertools.chain([following], self._indices)
            break

    def __iter__(self) -> Iterator[Any]:
        return self

    def __len__(self) -> int:
        return len(self._index_sampler)

    def __next__(self) -> Any:
        with self._turn:
            data = self._next_batch()
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

    def _next_batch(self) -> Any:
        while True:
            try:
                answer = self._next_data()
            except StopIteration:
                self._position.ended = True
                self._warn_of_skipped()
                raise
            self._position.batches += 1
            if self._to_read:
                self._to_read -= 1
                continue
            if not isinstance(answer, Incomplete):
                return answer
            self._position.skipped += answer.skipped
            if answer.batch is not NOTHING:
                return answer.batch

    def _warn_of_skipped(self) -> None:
        skipped = self._position.skipped
        if skipped and not self._warned:
            self._warned = True
            plural = len(skipped) > 1
            warnings.warn(
                f"DataLoader: {len(skipped)} sample{'s' if plural else ''} of this pass could not "
                f"be made and {'were' if plural else 'was'} skipped; the first: {skipped[0]}",
                stacklevel=4,
            )

    def _next_data(self) -> Any:
        raise NotImplementedError


class _SingleProcessDataLoaderIter(_BaseDataLoaderIter):
    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        seeds = SampleSeeds(self._base_seed, whole_process=True) if self._by_sample else None
        self._fetcher = make_fetcher(self._fetch_settings, seeds)
        loader._resume_from = None

    def _next_data(self) -> Any:
        index = next(self._indices)
        try:
            with streams_kept() if self._by_sample else contextlib.nullcontext():
                return self._fetcher.fetch(index)
        except StopIteration:  # the end of a stream
            raise
        except Exception:
            self._position.batches += 1  # its samples are not asked for again
            raise


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """Requests are numbered, dealt to the workers in turn, and yielded in the order of numbers."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        self._timeout = loader.timeout
        self._in_order = loader.in_order
        self._persistent = loader.persistent_workers
        self._prefetched = (loader.prefetch_factor or 1) * self._num_workers
        self._pool = self._new_pool(loader)
        self._start_requests()
        loader._resume_from = None  # not before: the workers may not have started

    def _new_pool(self, loader: DataLoader[Any]) -> Pool:
        settings = WorkerSettings(
            fetch=self._fetch_settings,
            base_seed=self._base_seed,
            seeds_of_samples=self._by_sample,
            init_fn=loader.worker_init_fn,
            num_workers=self._num_workers,
            started_by_main_thread=threading.current_thread() is threading.main_thread(),
        )
        if loader.worker == "thread":
            from .thread import ThreadPool

            return ThreadPool(settings)
        # Only who has such workers pays for importing multiprocessing (15 ms).
        import multiprocessing

        from .pool import WorkerPool

        return WorkerPool(settings, loader.multiprocessing_context or multiprocessing)

    @property
    def stopped(self) -> bool:
        return self._pool.stopped

    def resume(self, loader: DataLoader[Any]) -> None:
        """Begins the next pass with the same workers."""
        with self._turn:
            self._resume(loader)

    def _resume(self, loader: DataLoader[Any]) -> None:
        self._begin(loader, draws_seed=self._by_sample)  # PyTorch's workers keep their seed
        for worker_id in range(self._num_workers):
            self._pool.resume(worker_id, self._base_seed)
        waiting = self._num_workers
        while waiting:  # what a pass left early has still under way is dropped
            number, _ = self._pool.receive(self._timeout)
            waiting -= number == RESUME
        self._start_requests()
        loader._resume_from = None

    def _start_requests(self) -> None:
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
        self._pool.send(worker_id, self._sent, index)
        self._worker_of[self._sent] = worker_id
        self._sent += 1
        return True

    def _next_data(self) -> Any:
        while self._worker_of or self._answers:
            answer = self._next_answer()
            self._request()
            if isinstance(answer, Failure):
                self._position.batches += 1  # its samples are not asked for again
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
