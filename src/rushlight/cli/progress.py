"""How far the training is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

_SECONDS_BETWEEN_LINES = 5.0
_USUAL_SIZE = {"ncols": 100, "nrows": 24}


class Progress:
    """Counts images over all epochs, for the rate and the time left."""

    def __init__(self, total: int, done: int) -> None:
        self.total = total

    def step(self, where: str, loss: float, images: int) -> None:
        """Takes note of a step: "epoch 1/5, step 3/157", its loss, how many images it had."""

    def line(self, text: str) -> None:
        """A line of results, on standard output."""
        print(text, flush=True)

    def close(self) -> None:
        """Takes the bar away."""


class ProgressBar(Progress):
    """tqdm's bar on standard error."""

    _FORMAT = "{desc} |{bar}|{postfix}, {rate_fmt}, {remaining} left"

    def __init__(self, total: int, done: int) -> None:
        from tqdm import tqdm

        class Bar(tqdm):
            monitor_interval = 0  # no thread: workers are forked from this process

        size = {"dynamic_ncols": True} if _has_size() else _USUAL_SIZE
        self._bar: Any = Bar(
            total=total, initial=done, unit=" images", unit_scale=True, leave=False,
            bar_format=self._FORMAT, **size,
        )  # fmt: skip

    def step(self, where: str, loss: float, images: int) -> None:
        self._bar.set_description_str(where, refresh=False)
        self._bar.set_postfix_str(f"loss {loss:.4f}", refresh=False)
        self._bar.update(images)

    def line(self, text: str) -> None:
        self._bar.write(text, file=sys.stdout)
        sys.stdout.flush()

    def close(self) -> None:
        self._bar.close()


def _has_size() -> bool:
    """Not every terminal says how large it is; on one of 0x0 tqdm would draw nothing."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns > 0
    except OSError:
        return False


class ProgressLines(Progress):
    """Lines on standard error, for logs."""

    def __init__(self, total: int, done: int) -> None:
        super().__init__(total, done)
        self._started = self._last_line = time.monotonic()
        self._left = total - done
        self._seen = 0

    def step(self, where: str, loss: float, images: int) -> None:
        self._seen += images
        self._left -= images
        now = time.monotonic()
        if now - self._last_line < _SECONDS_BETWEEN_LINES:
            return
        self._last_line = now
        rate = self._seen / (now - self._started)
        left = round(self._left / rate)
        print(
            f"{where}, loss {loss:.4f}, {rate:,.0f} images/s, "
            f"{left // 60:02}:{left % 60:02} left",
            file=sys.stderr,
            flush=True,
        )


def make_progress(total: int, done: int) -> Progress:
    """A bar if standard error is a terminal."""
    return (ProgressBar if sys.stderr.isatty() else ProgressLines)(total, done)
