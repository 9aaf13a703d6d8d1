"""What runs in a worker process of the loader.

The main thread makes batches. A second thread takes the loader's requests off the channel, so that
the loader never waits to send one, and sees at once when the loader's process is gone.
"""

from __future__ import annotations

import os
import queue
import random
import signal
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import rushlight

from .fetch import IterableFetcher, make_fetcher, stopped

if TYPE_CHECKING:
    from .channel import Channel

STOP = "stop"
RESUME = "resume"
_PARENT_CHECK_SECONDS = 2.0


@dataclass(frozen=True)
class WorkerInfo:
    """Which worker this is; `dataset` is this process's own copy."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_worker_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """In a worker process of a DataLoader its id, num_workers, seed and dataset; None elsewhere.

    >>> from rushlight.utils.data import get_worker_info
    >>> get_worker_info() is None
    True
    """
    return _worker_info


@dataclass(frozen=True)
class WorkerSettings:
    """What every worker of one loader is told at its start."""

    dataset: Any
    auto_collation: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool
    base_seed: int
    init_fn: Callable[[int], Any] | None
    num_workers: int
    # The kernel's signal comes when the thread that started the worker ends, which means the end
    # of the process only where it was the main thread.
    started_by_main_thread: bool


class IterationEnd:
    """The answer to a request when the worker's part of an iterable dataset is at its end."""


class WorkerError:
    """An exception and its traceback as text, to be raised again in the loader's process."""

    def __init__(self, error: BaseException, worker_id: int) -> None:
        self.type: type[BaseException] = type(error)
        original = "".join(traceback.format_exception(error))
        self.message = (
            f"Caught {self.type.__name__} in DataLoader worker process {worker_id}.\n"
            f"Original {original}"
        )

    def reraise(self) -> None:
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


def run(worker_id: int, settings: WorkerSettings, channel: Channel) -> None:
    """The worker's main function: answers (number, index) with (number, batch) until told to stop.

    Every request gets exactly one answer: a batch, an `IterationEnd` or a `WorkerError`.
    """
    _isolate(settings.started_by_main_thread)
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(channel, requests), daemon=True).start()
    try:
        _serve(worker_id, settings, channel, requests)
    except (BrokenPipeError, ConnectionResetError):
        pass  # the loader has stopped listening, and will not miss the batch


def _isolate(started_by_main_thread: bool) -> None:
    # Ctrl-C reaches every process of the terminal: the loader's own ends the work, quietly.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):  # the loader blocked it around the start
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    if started_by_main_thread:
        from ...multiprocessing.parent import die_with_parent  # multiprocessing is loaded already

        die_with_parent(os.getppid())
    # One thread per worker: the workers themselves share the cores, and a team of threads that
    # was started before a fork does not exist in the child, which would wait for it for ever.
    rushlight.set_num_threads(1)


def _read_requests(channel: Channel, requests: queue.SimpleQueue[Any]) -> None:
    from multiprocessing.connection import wait  # in a worker it is loaded already

    parent = os.getppid()
    try:
        while True:
            channels: list[Any] = [channel]  # waited for by its fileno()
            if not wait(channels, timeout=_PARENT_CHECK_SECONDS):
                if os.getppid() != parent:
                    os._exit(1)
                continue
            request = channel.receive()
            requests.put(request)
            if request == STOP:
                return
    except (EOFError, ConnectionResetError):  # no STOP came before: the loader's process is gone
        os._exit(1)
    except BaseException:  # the worker cannot go on without requests
        traceback.print_exc()
        os._exit(1)


def _serve(
    worker_id: int,
    settings: WorkerSettings,
    channel: Channel,
    requests: queue.SimpleQueue[Any],
) -> None:
    start_error = _prepare(worker_id, settings)
    fetcher = None
    while (request := requests.get()) != STOP:
        if request == RESUME:  # the next epoch of a persistent worker
            fetcher = None
            channel.send((RESUME, None))
            continue
        number, index = request
        answer: Any = start_error
        if start_error is None:
            try:
                if fetcher is None:
                    fetcher = make_fetcher(
                        settings.dataset,
                        settings.auto_collation,
                        settings.collate_fn,
                        settings.drop_last,
                    )
                answer = fetcher.fetch(index)
            except Exception as error:
                at_end = isinstance(error, StopIteration) and isinstance(fetcher, IterableFetcher)
                answer = IterationEnd() if at_end else WorkerError(error, worker_id)
        _send(channel, worker_id, number, answer)


def _send(channel: Channel, worker_id: int, number: int, answer: Any) -> None:
    try:
        channel.send((number, answer))
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # the batch, or the type of the exception, cannot be pickled
        failure = answer if isinstance(answer, WorkerError) else WorkerError(error, worker_id)
        failure.type = RuntimeError
        channel.send((number, failure))


def _prepare(worker_id: int, settings: WorkerSettings) -> WorkerError | None:
    try:
        _seed(worker_id, settings)
        if settings.init_fn is not None:
            settings.init_fn(worker_id)
    except StopIteration as error:
        return WorkerError(stopped("worker_init_fn", error), worker_id)
    except Exception as error:
        return WorkerError(error, worker_id)
    return None


def _seed(worker_id: int, settings: WorkerSettings) -> None:
    global _worker_info
    base_seed = settings.base_seed
    seed = base_seed + worker_id
    random.seed(seed)
    rushlight.manual_seed(seed)
    # NumPy's own way of mixing several numbers into a seed; PyTorch's workers use the same.
    entropy = [worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(entropy).generate_state(4))
    _worker_info = WorkerInfo(worker_id, settings.num_workers, seed, settings.dataset)
