"""Threads as workers of a loader, for datasets that spend their time where no lock is held."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from typing import Any

from .pool import _STOP_SECONDS, Pool
from .seeds import stream_of_this_thread
from .serve import STOP, Server, ThreadFailure, WorkerSettings, set_info_of_thread


class ThreadPool(Pool):
    """Threads of this process, to which a batch is no message: nothing is copied or pickled.

    A thread cannot be killed. One that hangs is left behind, and ends with the process.
    """

    kind = "thread"

    def __init__(self, settings: WorkerSettings) -> None:
        super().__init__(settings.num_workers)
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._requests: list[queue.SimpleQueue[Any]] = []
        self._threads: list[threading.Thread] = []
        for worker_id in range(settings.num_workers):
            requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
            # The thread knows the queues and not the pool, which ends when nobody else does.
            thread = threading.Thread(
                target=_run,
                args=(worker_id, settings, requests, self._answers),
                name=f"DataLoader worker {worker_id}",
                daemon=True,
            )
            thread.start()
            self._requests.append(requests)
            self._threads.append(thread)

    def _send(self, worker_id: int, request: Any) -> None:
        self._requests[worker_id].put(request)

    def _receive(self, patience: float) -> Any:
        with contextlib.suppress(queue.Empty):
            return self._answers.get(timeout=patience)
        return None

    def stop(self, patience: float = _STOP_SECONDS) -> None:
        if self.stopped:
            return
        self.stopped = True
        for requests in self._requests:
            with contextlib.suppress(queue.Empty):
                while True:  # what nobody waits for any more
                    requests.get_nowait()
            requests.put(STOP)
        deadline = time.monotonic() + patience
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(deadline - time.monotonic(), 0))


def _run(
    worker_id: int,
    settings: WorkerSettings,
    requests: queue.SimpleQueue[Any],
    answers: queue.SimpleQueue[Any],
) -> None:
    info = settings.info(worker_id)
    server = Server(
        worker_id,
        settings,
        send=lambda answer: answers.put((worker_id, answer)),
        failure=ThreadFailure,
        start=lambda: set_info_of_thread(info),
    )
    with stream_of_this_thread(info.seed):
        try:
            server.serve(requests)
        finally:
            set_info_of_thread(None)
