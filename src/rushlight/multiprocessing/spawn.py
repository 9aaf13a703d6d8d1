"""One function in several processes, and the error of the first that fails."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from ..tracebacks import text_of
from .parent import die_with_parent

# How long the others may take to end after one has failed, before they are killed.
_GRACE_SECONDS = 30.0


class ProcessException(Exception):
    """A process of `spawn` has failed: `error_index` and `error_pid` say which."""

    def __init__(self, msg: str, error_index: int, pid: int) -> None:
        super().__init__(msg)
        self.msg, self.error_index, self.pid = msg, error_index, pid

    @property
    def error_pid(self) -> int:
        return self.pid

    def __reduce__(self) -> Any:
        return type(self), (self.msg, self.error_index, self.pid)


class ProcessRaisedException(ProcessException):
    """The function has raised an exception, whose traceback is the message."""


class ProcessExitedException(ProcessException):
    """The process has ended with another exit code than 0, or by a signal."""

    def __init__(
        self, msg: str, error_index: int, error_pid: int, exit_code: int,
        signal_name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(msg, error_index, error_pid)
        self.exit_code, self.signal_name = exit_code, signal_name

    def __reduce__(self) -> Any:
        return type(self), (self.msg, self.error_index, self.pid, self.exit_code, self.signal_name)


def _run(
    function: Callable[..., Any], index: int, args: tuple[Any, ...], errors: Any, parent: int,
    by_main_thread: bool,
) -> None:  # fmt: skip
    if by_main_thread:  # the system counts the end of the thread that has started a process
        die_with_parent(parent)
    try:
        function(index, *args)
    except KeyboardInterrupt:
        pass  # the parent has been interrupted, too
    except Exception as error:
        errors.send(text_of(error))
        sys.exit(1)


class ProcessContext:
    """The processes of `start_processes`, to be waited for."""

    def __init__(self, processes: list[Any], errors: list[Any]) -> None:
        self.processes = processes
        self._errors = errors
        self._waiting = {process.sentinel: index for index, process in enumerate(processes)}

    def pids(self) -> list[int]:
        return [int(process.pid) for process in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Waits until a process ends, and says whether all have.

        The first one that has failed is raised, after the others have been ended.
        """
        if not self._waiting:
            return True
        ready = multiprocessing.connection.wait(list(self._waiting), timeout)
        failed = None
        for sentinel in ready:
            index = self._waiting.pop(sentinel)  # type: ignore[arg-type]
            self.processes[index].join()
            if self.processes[index].exitcode != 0:
                failed = index
                break
        if failed is None:
            return not self._waiting
        self._end_all(_GRACE_SECONDS if grace_period is None else grace_period)
        self._fail(failed)
        raise AssertionError("unreachable")

    def _end_all(self, grace: float) -> None:
        for process in self.processes:
            if process.is_alive():
                process.terminate()
        deadline = time.monotonic() + grace
        for process in self.processes:
            process.join(max(deadline - time.monotonic(), 0))
        for process in self.processes:
            if process.is_alive():
                process.kill()
            process.join()

    def _fail(self, index: int) -> None:
        process, errors = self.processes[index], self._errors[index]
        message = None
        if errors.poll():
            with contextlib.suppress(EOFError):  # the process has closed its end, and said nothing
                message = errors.recv()
        if message is not None:
            raise ProcessRaisedException(
                f"\n\n-- Process {index} terminated with the following error:\n{message}",
                index, process.pid,
            )  # fmt: skip
        code = process.exitcode
        if code < 0:
            name = signal.Signals(-code).name
            raise ProcessExitedException(
                f"process {index} terminated with signal {name}", index, process.pid, code, name
            )
        raise ProcessExitedException(
            f"process {index} terminated with exit code {code}", index, process.pid, code
        )


SpawnContext = ProcessContext


def start_processes(
    fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True,
    daemon: bool = False, start_method: str = "spawn",
) -> ProcessContext | None:  # fmt: skip
    """Calls `fn(i, *args)` in `nprocs` processes, i from 0 on, and waits for them if `join`.

    Where one fails the others are ended, and `ProcessRaisedException` or `ProcessExitedException`
    says which, and why. None of them outlives this process.
    """
    context: Any = multiprocessing.get_context(start_method)
    by_main_thread = threading.current_thread() is threading.main_thread()
    processes, errors = [], []
    for index in range(nprocs):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(
            target=_run, args=(fn, index, args, sender, os.getpid(), by_main_thread), daemon=daemon
        )
        process.start()
        sender.close()
        processes.append(process)
        errors.append(receiver)
    started = ProcessContext(processes, errors)
    if not join:
        return started
    while not started.join():
        pass
    return None


def spawn(
    fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True,
    daemon: bool = False, start_method: str = "spawn",
) -> ProcessContext | None:  # fmt: skip
    """`start_processes` in new interpreters, which import the program's main module."""
    return start_processes(fn, args, nprocs, join, daemon, start_method)
