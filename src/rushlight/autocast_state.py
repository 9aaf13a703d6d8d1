"""What `torch.autocast` is to do, per thread. It is done in `ops/autocast.py`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .dtype import bfloat16, float16

# One item for each thread and kind of device for which autocast is on. Empty, it says that there is
# nothing to cast.
casts: list[str] = []


# What PyTorch computes in on the kinds of devices that it casts for; on most there are no tensors.
_DTYPES = {
    "cpu": bfloat16, "cuda": float16, "ipu": float16, "xpu": float16, "xla": bfloat16,
    "mps": float16, "hpu": bfloat16, "mtia": float16, "maia": bfloat16,
}  # fmt: skip


class _State(threading.local):
    """What autocast is to do in a thread, by the kind of device."""

    def __init__(self) -> None:
        self.enabled = dict.fromkeys(_DTYPES, False)
        self.dtypes = dict(_DTYPES)
        self.cache_enabled = True
        self.nesting = 0
        self.is_suspended = False
        # Parameters that are cast once for many calls: with their casts, by `id` and whether
        # gradients were recorded.
        self.cache: dict[tuple[int, bool], tuple[Any, Any]] = {}


state = _State()


def set_enabled(kind: str, enabled: bool) -> None:
    """Turns autocast on or off for a kind of device, in this thread."""
    if enabled and not state.enabled[kind]:
        casts.append(kind)
    elif state.enabled[kind] and not enabled:
        casts.remove(kind)
    state.enabled[kind] = enabled


class Settings:
    """What autocast does in this thread when it is made, to be brought back."""

    def __init__(self) -> None:
        self.enabled, self.dtypes = dict(state.enabled), dict(state.dtypes)
        self.cache_enabled, self.is_suspended = state.cache_enabled, state.is_suspended

    def apply(self) -> None:
        for kind, enabled in self.enabled.items():
            set_enabled(kind, enabled)
        state.dtypes.update(self.dtypes)
        state.cache_enabled, state.is_suspended = self.cache_enabled, self.is_suspended


@contextmanager
def restored(settings: Settings) -> Iterator[None]:
    """A level of contexts in which autocast does what it did when `settings` were made."""
    before = Settings()
    state.nesting += 1
    try:
        settings.apply()
        yield
    finally:
        leave(before)


def leave(before: Settings) -> None:
    """Ends a level of contexts; the outermost one's end forgets the casts of parameters."""
    state.nesting -= 1
    if state.nesting == 0:
        state.cache.clear()
    before.apply()


@contextmanager
def suspended() -> Iterator[None]:
    """Arguments are left as they are: within a function whose own were cast, and in a backward,
    which follows the dtypes of its forward."""
    before = state.is_suspended
    state.is_suspended = True
    try:
        yield
    finally:
        state.is_suspended = before


def in_use() -> tuple[Any, ...]:
    """All that decides what is cast, to be compared; () where nothing is."""
    if not casts or state.is_suspended:
        return ()
    return tuple((kind, state.dtypes[kind]) for kind, on in state.enabled.items() if on)
