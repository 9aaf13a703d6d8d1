"""GPUs of Intel's, which are not used: `torch.xpu` of a machine without one."""

from __future__ import annotations

from .absent import answers, refuses

is_available = answers(False, "False.")
is_initialized = answers(False, "False.")
is_bf16_supported = answers(False, "False.")
device_count = answers(0, "0.")
memory_allocated = max_memory_allocated = answers(0, "0.")
memory_reserved = max_memory_reserved = answers(0, "0.")
memory_stats = answers(dict, "An empty dictionary.")
get_rng_state_all = answers(list, "An empty list.")
manual_seed = manual_seed_all = seed = seed_all = answers(None, "Does nothing.")
empty_cache = set_rng_state_all = reset_peak_memory_stats = answers(None, "Does nothing.")

init = refuses(AssertionError, "Torch not compiled with XPU enabled")
current_device = set_device = synchronize = current_stream = init
get_device_name = get_device_capability = get_device_properties = mem_get_info = init
get_rng_state = set_rng_state = initial_seed = init
Stream = Event = refuses(RuntimeError, "torch.xpu.Stream and Event need a device: there is none")
