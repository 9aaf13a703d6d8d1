"""The C++ extension as `native`: None where it was not built, or where RUSHLIGHT_NATIVE=0."""

from __future__ import annotations

import importlib
import importlib.util
import os
from types import ModuleType
from typing import Any

# How long a thread that waits for its OpenMP team stays awake, in turns of libgomp's loop (54 ns on
# Sapphire Rapids). A LeNet step of batch 64 on two idle cores takes 2.7 ms with 0 turns, 2.0 with
# 1,500, 1.9 with 5,000; with one busy program more per core 5.8, 5.9 and 12.
SPIN_COUNT = "1500"
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
