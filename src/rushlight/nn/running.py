"""Which modules are running."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .global_hooks import register_module_forward_hook, register_module_forward_pre_hook
from .module import Module


class RunningModules(threading.local):
    """The modules whose call has begun and not ended in this thread, the innermost last.

    They are noted while `noted` is entered, in whatever thread.
    """

    def __init__(self) -> None:
        self.stack: list[Module] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        with (
            register_module_forward_pre_hook(self._enter),
            register_module_forward_hook(self._leave, always_call=True),
        ):
            yield

    def _enter(self, module: Module, args: Any) -> None:
        self.stack.append(module)

    def _leave(self, module: Module, args: Any, output: Any) -> None:
        if self.stack and self.stack[-1] is module:  # else it was running already
            self.stack.pop()
