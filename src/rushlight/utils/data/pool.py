"""The worker processes of one pass over a loader, seen from the loader's side."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
import weakref
from collections.abc import Iterator
from multiprocessing.connection import wait
from typing import Any, NoReturn

from . import worker
from .channel import Channel

# How often a silent pool looks whether its workers live. Normally the end of a channel tells; not
# where a process that the dataset has forked holds the worker's end open.
_ALIVE_CHECK_SECONDS = 5.0
# How long the workers may take over the batches in hand, when they are stopped, before they are
# killed.
_STOP_SECONDS = 5.0

_loader_ends: weakref.WeakSet[Channel] = weakref.WeakSet()


def _close_inherited() -> None:
    """In any fork of the loader's process: a copy of its end would hide its death from a worker."""
    for channel in list(_loader_ends):
        channel.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_inherited)


class WorkerPool:
    """Processes that answer numbered requests. RuntimeError as soon as one of them has died."""

    def __init__(self, settings: worker.WorkerSettings, context: Any) -> None:
        self.stopped = False
        self._owner = os.getpid()
        self._processes: list[Any] = []
        self._channels: list[Channel] = []
        try:
            with _interrupts_blocked(context):
                for worker_id in range(settings.num_workers):
                    self._start(worker_id, settings, context)
        except BaseException:
            self.stop()
            raise

    def _start(self, worker_id: int, settings: worker.WorkerSettings, context: Any) -> None:
        ours, theirs = socket.socketpair()
        channel = Channel(ours)
        _loader_ends.add(channel)
        self._channels.append(channel)
        with theirs:
            process = context.Process(
                target=worker.run, args=(worker_id, settings, Channel(theirs)), daemon=True
            )
            process.start()
        self._processes.append(process)

    def send(self, worker_id: int, request: Any) -> None:
        # Of a dead worker `receive` tells, after what the worker has still answered.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._channels[worker_id].send(request)

    def receive(self, timeout: float) -> Any:
        """The next answer of any worker. `timeout` in seconds, 0 for none."""
        if self.stopped:
            raise RuntimeError("the DataLoader's workers have stopped; begin a new pass over it")
        deadline = time.monotonic() + timeout if timeout > 0 else float("inf")
        while True:
            patience = min(_ALIVE_CHECK_SECONDS, max(deadline - time.monotonic(), 0))
            channels: list[Any] = self._channels  # waited for by their fileno()
            ready: list[Any] = wait(channels, patience)
            if ready:
                return self._receive_from(ready[0])
            dead = [i for i, process in enumerate(self._processes) if not process.is_alive()]
            if dead:
                self._fail(dead)
            if time.monotonic() >= deadline:
                raise RuntimeError(f"DataLoader timed out after {timeout} seconds")

    def _receive_from(self, channel: Channel) -> Any:
        try:
            return channel.receive()
        except (EOFError, ConnectionResetError):
            self._fail([self._channels.index(channel)])
        except BaseException:  # Ctrl-C in the middle of a message: the rest would make no sense
            self.stop()
            raise

    def _fail(self, worker_ids: list[int]) -> NoReturn:
        processes = [self._processes[i] for i in worker_ids]
        for process in processes:
            process.join(_STOP_SECONDS)
        ends = {_how_it_ended(process.exitcode) for process in processes}
        pids = ", ".join(str(process.pid) for process in processes)
        self.stop()
        raise RuntimeError(
            f"DataLoader worker (pid(s) {pids}) exited unexpectedly: {'; '.join(sorted(ends))}"
        ) from None

    def stop(self) -> None:
        """Lets every worker finish the batch in hand, and kills those that take too long."""
        if self.stopped or os.getpid() != self._owner:
            return
        self.stopped = True
        for channel in self._channels:
            with contextlib.suppress(OSError):
                channel.send(worker.STOP)
            channel.close()
        deadline = time.monotonic() + _STOP_SECONDS
        for process in self._processes:
            process.join(max(deadline - time.monotonic(), 0))
        for process in self._processes:
            if process.is_alive():
                process.kill()
                process.join()

    def __del__(self) -> None:
        self.stop()


@contextlib.contextmanager
def _interrupts_blocked(context: Any) -> Iterator[None]:
    """Keeps Ctrl-C from a worker until the worker has said that it ignores it."""
    # A fork server would pass the blocked signal on to every process it ever makes.
    if not hasattr(signal, "pthread_sigmask") or context.get_start_method() == "forkserver":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _how_it_ended(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"exit code {exitcode}"
    name = signal.Signals(-exitcode).name
    hint = ", which the system sends when memory runs out" if name == "SIGKILL" else ""
    return f"killed by {name}{hint}"
