"""The workers of one pass over a loader, seen from the loader's side."""

from __future__ import annotations

import contextlib
import errno
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
from .fetch import told
from .serve import RESUME, STOP, WorkerSettings

# How often a silent pool looks whether its workers live. Normally the end of a channel tells; not
# where a process that the dataset has forked holds the worker's end open.
_ALIVE_CHECK_SECONDS = 5.0
# How long the workers may take over the batches in hand, when they are stopped, before they are
# killed.
_STOP_SECONDS = 5.0

# What the system says when too much is in use already.
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM)

_loader_ends: weakref.WeakSet[Channel] = weakref.WeakSet()


def _close_inherited() -> None:
    """In any fork of the loader's process: a copy of its end would hide its death from a worker."""
    for channel in list(_loader_ends):
        channel.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_inherited)


class Pool:
    """Workers that answer numbered requests, and which of them each still has to answer."""

    kind = "process"

    def __init__(self, num_workers: int) -> None:
        self.stopped = False
        self._in_hand: list[dict[int, Any]] = [{} for _ in range(num_workers)]

    def send(self, worker_id: int, number: int, index: Any) -> None:
        self._in_hand[worker_id][number] = index
        self._send(worker_id, (number, index))

    def resume(self, worker_id: int, seed: int) -> None:
        """Begins the next pass of a persistent worker."""
        self._send(worker_id, (RESUME, seed))

    def _send(self, worker_id: int, request: Any) -> None:
        raise NotImplementedError

    def receive(self, timeout: float) -> Any:
        """The next answer of any worker. `timeout` in seconds, 0 for none."""
        if self.stopped:
            raise RuntimeError("the DataLoader's workers have stopped; begin a new pass over it")
        deadline = time.monotonic() + timeout if timeout > 0 else float("inf")
        while True:
            remaining = max(deadline - time.monotonic(), 0)
            found = self._receive(min(_ALIVE_CHECK_SECONDS, remaining))
            if found is not None:
                worker_id, (number, answer) = found
                self._in_hand[worker_id].pop(number, None)
                return number, answer
            if time.monotonic() >= deadline:
                waited_for = self._all_in_hand()
                self.stop(patience=0)
                raise RuntimeError(f"DataLoader timed out after {timeout} seconds{waited_for}")

    def _receive(self, patience: float) -> Any:
        """(worker, answer), or None where none has come in `patience` seconds."""
        raise NotImplementedError

    def stop(self, patience: float = _STOP_SECONDS) -> None:
        """Lets every worker finish the batch in hand, unless that takes too long."""
        raise NotImplementedError

    def _all_in_hand(self) -> str:
        busy = [i for i, requests in enumerate(self._in_hand) if requests]
        parts = [f"worker {self.kind} {self._name(i)}{self._batch_in_hand(i)}" for i in busy]
        return f", waiting for {' and '.join(parts)}" if parts else ""

    def _name(self, worker_id: int) -> str:
        return str(worker_id)

    def _batch_in_hand(self, worker_id: int) -> str:
        """The oldest unanswered request is what a worker is at."""
        for index in self._in_hand[worker_id].values():
            if index is not None and not isinstance(index, range):  # a stream has no indices
                return f" with the samples at the {told(index)} in hand"
        return ""

    def __del__(self) -> None:
        self.stop()


class WorkerPool(Pool):
    """Processes. RuntimeError as soon as one of them has died."""

    def __init__(self, settings: WorkerSettings, context: Any) -> None:
        super().__init__(settings.num_workers)
        self._owner = os.getpid()
        self._processes: list[Any] = []
        self._channels: list[Channel] = []
        try:
            with _interrupts_blocked(context):
                for worker_id in range(settings.num_workers):
                    self._start(worker_id, settings, context)
        except BaseException:
            self.stop(patience=0)
            raise

    def _start(self, worker_id: int, settings: WorkerSettings, context: Any) -> None:
        try:
            ours, theirs = socket.socketpair()
            channel = Channel(ours)
            _loader_ends.add(channel)
            self._channels.append(channel)
            with theirs:
                process = context.Process(
                    target=worker.run, args=(worker_id, settings, Channel(theirs)), daemon=True
                )
                process.start()
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            raise OSError(
                error.errno,
                f"DataLoader: worker {worker_id + 1} of {settings.num_workers} could not be "
                f"started: {error.strerror}; fewer workers need less",
            ) from error
        self._processes.append(process)

    def _send(self, worker_id: int, request: Any) -> None:
        # Of a dead worker `receive` tells, after what the worker has still answered.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._channels[worker_id].send(request)

    def _receive(self, patience: float) -> Any:
        channels: list[Any] = self._channels  # waited for by their fileno()
        ready: list[Any] = wait(channels, patience)
        if ready:
            return self._receive_from(self._channels.index(ready[0]))
        dead = [i for i, process in enumerate(self._processes) if not process.is_alive()]
        if dead:
            self._fail(dead)
        return None

    def _receive_from(self, worker_id: int) -> Any:
        try:
            return worker_id, self._channels[worker_id].receive()
        except (EOFError, ConnectionResetError):
            self._fail([worker_id])
        except BaseException:  # Ctrl-C in the middle of a message: the rest would make no sense
            self.stop(patience=0)
            raise

    def _name(self, worker_id: int) -> str:
        return f"{worker_id} (pid {self._processes[worker_id].pid})"

    def _fail(self, worker_ids: list[int]) -> NoReturn:
        processes = [self._processes[i] for i in worker_ids]
        for process in processes:
            process.join(_STOP_SECONDS)
        ends = {_how_it_ended(process.exitcode) for process in processes}
        pids = ", ".join(str(process.pid) for process in processes)
        in_hand = [self._batch_in_hand(i) for i in worker_ids]
        self.stop(patience=0)
        raise RuntimeError(
            f"DataLoader worker (pid(s) {pids}) exited unexpectedly: {'; '.join(sorted(ends))}"
            + "".join(f",{batch}" for batch in in_hand if batch)
        ) from None

    def stop(self, patience: float = _STOP_SECONDS) -> None:
        if self.stopped or os.getpid() != self._owner:
            return
        self.stopped = True
        for channel in self._channels:
            with contextlib.suppress(OSError):
                channel.send(STOP)
            channel.close()
        deadline = time.monotonic() + patience
        for process in self._processes:
            process.join(max(deadline - time.monotonic(), 0))
        for process in self._processes:
            if process.is_alive():
                process.kill()
                process.join()


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
