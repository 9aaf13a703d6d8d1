"""The C++ extension as `native`: None where it was not built, or where RUSHLIGHT_NATIVE=0."""

from __future__ import annotations

import importlib
import importlib.util
import os
from types import ModuleType
from typing import Any

# How long a thread that waits for work of the OpenMP team stays awake, in turns of a loop of some
# nanoseconds. Longer, and a team whose processors are shared with other programs spends its share
# of them on waiting; shorter, and each parallel region pays for waking the threads.
SPIN_COUNT = "5000"
WAIT_VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


def _load() -> ModuleType | None:
    if os.environ.get("RUSHLIGHT_NATIVE") == "0":
        return None
    if importlib.util.find_spec("rushlight._native") is None:
        return None
    # The OpenMP library reads its settings when it is loaded, that is now. Child processes are not
    # to inherit what is meant for this one.
    ours = not any(name in os.environ for name in WAIT_VARIABLES)
    if ours:
        os.environ["GOMP_SPINCOUNT"] = SPIN_COUNT
    try:
        return importlib.import_module("rushlight._native")
    finally:
        if ours:
            del os.environ["GOMP_SPINCOUNT"]


native: Any = _load()
