"""torch.futures: results that come from elsewhere."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from rushlight.futures import Future, collect_all, wait_all


def test_waits_for_another_thread() -> None:
    future: Future[int] = Future()
    thread = threading.Thread(target=lambda: future.set_result(3))
    assert not future.done()
    thread.start()
    assert future.wait() == future.value() == 3 and future.done()
    thread.join()


def test_callbacks_follow_each_other() -> None:
    future: Future[int] = Future()
    seen: list[int] = []
    doubled = future.then(lambda f: f.wait() + 1).then(lambda f: f.value() * 2)
    future.add_done_callback(lambda f: seen.append(f.value()))
    future.set_result(1)
    assert doubled.wait() == 4 and seen == [1]
    assert future.then(lambda f: f.value()).wait() == 1  # also when it is done already


def test_errors() -> None:
    future: Future[int] = Future()
    following = future.then(lambda f: f.wait())
    future.set_exception(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        future.wait()
    with pytest.raises(RuntimeError, match="running the callback: ValueError: no"):
        following.wait()
    with pytest.raises(RuntimeError, match="can only be marked completed once"):
        future.set_result(1)
    with pytest.raises(AssertionError, match="not an Exception"):
        Future().set_exception("no")  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="no result yet"):
        Future().value()
    with pytest.raises(ValueError, match="devices to have indices"):
        Future(devices=["cpu"])


def test_a_callback_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail(future: Any) -> None:
        raise ZeroDivisionError("by zero")

    future: Future[int] = Future()
    future.add_done_callback(fail)
    future.set_result(1)
    assert "ZeroDivisionError: by zero" in caplog.text


def test_several_together() -> None:
    first: Future[int] = Future()
    second: Future[int] = Future()
    both = collect_all([first, second])
    second.set_result(2)
    assert not both.done()
    first.set_result(1)
    assert [future.value() for future in both.wait()] == wait_all([first, second]) == [1, 2]
    assert collect_all([]).wait() == []
    failed: Future[int] = Future()
    failed.set_exception(KeyError("k"))
    with pytest.raises(KeyError):
        wait_all([first, failed])
