"""GPUs of Apple's, which are not used: `torch.mps` of a machine without one."""

from __future__ import annotations

from .absent import answers, refuses

is_available = answers(False, "False.")
device_count = answers(0, "0.")
manual_seed = answers(None, "Does nothing.")


def _needs_one(name: str):  # type: ignore[no-untyped-def]  # what `refuses` returns
    return refuses(RuntimeError, f"Cannot execute {name}() without MPS backend.")


synchronize = _needs_one("deviceSynchronize")
empty_cache = _needs_one("emptyCache")
seed = get_rng_state = set_rng_state = _needs_one("getDefaultGenerator")
current_allocated_memory = _needs_one("getCurrentAllocatedMemory")
driver_allocated_memory = _needs_one("getDriverAllocatedMemory")
recommended_max_memory = _needs_one("getRecommendedMaxMemory")
set_per_process_memory_fraction = _needs_one("setMemoryFraction")
