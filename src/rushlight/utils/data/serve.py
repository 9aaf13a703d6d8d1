"""What every worker of a loader does, be it a process or a thread: answer requests with batches."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from ...tracebacks import text_of
from .fetch import FetchSettings, IterableFetcher, MapFetcher, make_fetcher, stopped
from .seeds import SampleSeeds

STOP = "stop"
RESUME = "resume"


@dataclass(frozen=True)
class WorkerInfo:
    """Which worker this is; `dataset` is this process's own copy, or that of all threads."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


# Of a process, and of each thread that is a worker.
_info_of_process: WorkerInfo | None = None
_info_of_threads: dict[int, WorkerInfo] = {}


def get_worker_info() -> WorkerInfo | None:
    """In a worker of a DataLoader its id, num_workers, seed and dataset; None elsewhere.

    >>> from rushlight.utils.data import get_worker_info
    >>> get_worker_info() is None
    True
    """
    return _info_of_threads.get(threading.get_ident(), _info_of_process)


def set_info_of_process(info: WorkerInfo) -> None:
    global _info_of_process
    _info_of_process = info


def set_info_of_thread(info: WorkerInfo | None) -> None:
    if info is None:
        _info_of_threads.pop(threading.get_ident(), None)
    else:
        _info_of_threads[threading.get_ident()] = info


@dataclass(frozen=True)
class WorkerSettings:
    """What every worker of one loader is told at its start."""

    fetch: FetchSettings
    base_seed: int
    seeds_of_samples: bool
    init_fn: Callable[[int], Any] | None
    num_workers: int
    # The kernel's signal comes when the thread that started the worker ends, which means the end
    # of the process only where it was the main thread.
    started_by_main_thread: bool

    def info(self, worker_id: int) -> WorkerInfo:
        seed = self.base_seed + worker_id
        return WorkerInfo(worker_id, self.num_workers, seed, self.fetch.dataset)


class IterationEnd:
    """The answer to a request when the worker's part of an iterable dataset is at its end."""


class Failure:
    """The answer to a request that raised: raises again where the loader is."""

    def reraise(self) -> NoReturn:
        raise NotImplementedError


class ProcessFailure(Failure):
    """An exception and its traceback as text, as the objects stay in their process."""

    def __init__(self, error: BaseException, worker_id: int) -> None:
        self.type: type[BaseException] = type(error)
        self.message = (
            f"Caught {self.type.__name__} in DataLoader worker process {worker_id}.\n"
            f"Original {text_of(error)}"
        )

    def reraise(self) -> NoReturn:
        try:
            message = _Verbatim(self.message) if self.type is KeyError else self.message
            error = self.type(message)
        except Exception:  # a constructor with other arguments
            error = RuntimeError(self.message)
        raise error


class _Verbatim(str):
    """KeyError shows the repr of its argument, which would put a traceback on one line."""

    def __repr__(self) -> str:
        return str(self)


class ThreadFailure(Failure):
    """An exception itself, with its traceback."""

    def __init__(self, error: BaseException, worker_id: int) -> None:
        error.add_note(f"Raised in DataLoader worker thread {worker_id}.")
        self.error = error

    def reraise(self) -> NoReturn:
        raise self.error


class Server:
    """Answers (number, index) with (number, batch), until told to stop.

    Every request gets exactly one answer: a batch, an `IterationEnd` or a `Failure`.
    """

    def __init__(
        self,
        worker_id: int,
        settings: WorkerSettings,
        send: Callable[[Any], None],
        failure: Callable[[BaseException, int], Failure],
        start: Callable[[], None],
    ) -> None:
        self._worker_id = worker_id
        self._settings = settings
        self._send = send
        self._failure = failure
        self._start = start  # of the worker's own streams
        self._base_seed = settings.base_seed
        self._fetcher: MapFetcher | IterableFetcher | None = None

    def serve(self, requests: queue.SimpleQueue[Any]) -> None:
        start_error = self._prepare()
        while (request := requests.get()) != STOP:
            number, index = request
            if number == RESUME:  # the next epoch of a persistent worker, and its seed
                self._fetcher, self._base_seed = None, index
                self._send((RESUME, None))
            else:
                self._send((number, start_error or self._fetch(index)))

    def _fetch(self, index: Any) -> Any:
        try:
            if self._fetcher is None:
                self._fetcher = self._new_fetcher()
            return self._fetcher.fetch(index)
        except Exception as error:
            at_end = isinstance(error, StopIteration) and isinstance(self._fetcher, IterableFetcher)
            return IterationEnd() if at_end else self._failure(error, self._worker_id)

    def _new_fetcher(self) -> MapFetcher | IterableFetcher:
        in_process = self._failure is ProcessFailure
        seeds = SampleSeeds(self._base_seed, whole_process=in_process)
        settings = self._settings
        return make_fetcher(settings.fetch, seeds if settings.seeds_of_samples else None)

    def _prepare(self) -> Failure | None:
        try:
            self._start()
            if self._settings.init_fn is not None:
                self._settings.init_fn(self._worker_id)
        except StopIteration as error:
            return self._failure(stopped("worker_init_fn", error), self._worker_id)
        except Exception as error:
            return self._failure(error, self._worker_id)
        return None
