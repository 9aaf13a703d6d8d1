"""What runs in a worker process of the loader.

The main thread makes batches. A second thread takes the loader's requests off the channel, so that
the loader never waits to send one, and sees at once when the loader's process is gone.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
import traceback
from typing import TYPE_CHECKING, Any

import rushlight

from .seeds import seed_process
from .serve import STOP, ProcessFailure, Server, WorkerSettings, set_info_of_process

if TYPE_CHECKING:
    from .channel import Channel

_PARENT_CHECK_SECONDS = 2.0


def run(worker_id: int, settings: WorkerSettings, channel: Channel) -> None:
    """The worker's main function, until told to stop."""
    _isolate(settings.started_by_main_thread)
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def send(answer: tuple[Any, Any]) -> None:
        _send(channel, worker_id, answer)

    def start() -> None:
        seed_process(settings.base_seed, worker_id)
        set_info_of_process(settings.info(worker_id))

    server = Server(worker_id, settings, send, ProcessFailure, start)
    threading.Thread(target=_read_requests, args=(channel, requests), daemon=True).start()
    try:
        server.serve(requests)
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


def _send(channel: Channel, worker_id: int, answer: tuple[Any, Any]) -> None:
    try:
        channel.send(answer)
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # the batch, or the type of the exception, cannot be pickled
        number, content = answer
        failed = isinstance(content, ProcessFailure)
        failure = content if failed else ProcessFailure(error, worker_id)
        failure.type = RuntimeError
        channel.send((number, failure))
