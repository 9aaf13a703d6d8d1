"""Meta's accelerators, which are not used: `torch.mtia` of a machine without one."""

from __future__ import annotations

from .absent import answers, refuses

is_available = answers(False, "False.")
is_initialized = answers(False, "False.")
device_count = answers(0, "0.")
synchronize = current_device = refuses(
    RuntimeError, "Cannot execute getCurrentDevice() without MTIA backend."
)
