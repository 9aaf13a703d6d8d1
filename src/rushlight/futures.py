"""Results that are there later: `torch.futures`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from .device import device as Device

__all__ = ["Future", "collect_all", "wait_all"]

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Future(Generic[T]):
    """A result, or an error, that somebody sets later, from this thread or another one.

    `devices` names GPUs whose work results may still be waiting for (ValueError of a device without
    a number); `wait` gives their tensors back as they are.

    >>> import rushlight as torch
    >>> future = torch.futures.Future()
    >>> doubled = future.then(lambda f: 2 * f.value())
    >>> future.set_result(3)
    >>> doubled.wait()
    6
    """

    def __init__(self, *, devices: Iterable[Any] | None = None) -> None:
        for device in devices or ():
            if Device(device).index is None:
                raise ValueError(f"Expected devices to have indices, got {device}")
        self._changed = threading.Condition()
        self._is_done = False
        self._result: Any = None
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[Any], Any]] = []

    def done(self) -> bool:
        """Whether the result or an error is there."""
        return self._is_done

    def wait(self) -> T:
        """The result, once it is there; raises the error if it is one."""
        with self._changed:
            self._changed.wait_for(self.done)
        return self.value()

    def value(self) -> T:
        """The result, which must be there: RuntimeError if it is not."""
        if not self._is_done:
            raise RuntimeError("Future.value: there is no result yet; Future.wait waits for one")
        if self._error is not None:
            raise self._error
        return self._result

    def set_result(self, result: T) -> None:
        """Sets the result, once, and calls the callbacks."""
        self._complete(result, None)

    def set_exception(self, result: BaseException) -> None:
        """Sets an error, which `wait` raises."""
        if not isinstance(result, Exception):
            raise AssertionError(f"{result} is of type {type(result)}, not an Exception.")
        self._complete(None, result)

    def _complete(self, result: Any, error: BaseException | None) -> None:
        with self._changed:
            if self._is_done:
                raise RuntimeError(
                    "Attempting to mark a completed Future as complete again. Note that a Future "
                    "can only be marked completed once."
                )
            self._result, self._error, self._is_done = result, error, True
            callbacks, self._callbacks = self._callbacks, []
            self._changed.notify_all()
        for callback in callbacks:
            callback(self)

    def _call_when_done(self, callback: Callable[[Any], Any]) -> None:
        with self._changed:
            if not self._is_done:
                self._callbacks.append(callback)
                return
        callback(self)

    def then(self, callback: Callable[[Future[T]], Any]) -> Future[Any]:
        """The future of `callback(self)`, which is called once this one is done.

        Where it raises, the new future has a RuntimeError.
        """
        following: Future[Any] = Future()

        def follow(done: Future[T]) -> None:
            try:
                result = callback(done)
            except Exception as error:
                following.set_exception(RuntimeError(_failed(error)))
            else:
                following.set_result(result)

        self._call_when_done(follow)
        return following

    def add_done_callback(self, callback: Callable[[Future[T]], None]) -> None:
        """Calls `callback(self)` once it is done; what that raises is logged."""

        def call(done: Future[T]) -> None:
            try:
                callback(done)
            except Exception as error:
                _log.error(_failed(error))

        self._call_when_done(call)


def _failed(error: Exception) -> str:
    told = f"{type(error).__name__}: {error}"
    return f"Got the following error when running the callback: {told}"


def collect_all(futures: list[Future[Any]]) -> Future[list[Future[Any]]]:
    """A future whose result is the list itself, once all in it are done.

    >>> import rushlight as torch
    >>> first, second = torch.futures.Future(), torch.futures.Future()
    >>> both = torch.futures.collect_all([first, second])
    >>> first.set_result(1), both.done()
    (None, False)
    """
    together: Future[list[Future[Any]]] = Future()
    waiting, lock = len(futures), threading.Lock()
    if not futures:
        together.set_result([])

    def count(done: Future[Any]) -> None:
        nonlocal waiting
        with lock:
            waiting -= 1
            is_last = waiting == 0
        if is_last:
            errors = [future._error for future in futures if future._error is not None]
            together._complete(None if errors else futures, errors[0] if errors else None)

    for future in futures:
        future._call_when_done(count)
    return together


def wait_all(futures: list[Future[Any]]) -> list[Any]:
    """The results of all, once they are there; raises the first error among them.

    >>> import rushlight as torch
    >>> future = torch.futures.Future()
    >>> future.set_result(1)
    >>> torch.futures.wait_all([future])
    [1]
    """
    return [future.wait() for future in collect_all(futures).wait()]
