"""Training in several processes, which is not there yet: what programs ask before they do it.

`is_available()` and `is_initialized()` are False, so that programs go on in one process. What needs
a group of processes raises PyTorch's ValueError, and `init_process_group` says what there is.

>>> import rushlight as torch
>>> rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
"""

from __future__ import annotations

import os
from enum import IntEnum

from ..absent import answers, refuses

is_available = answers(False, "False: processes do not train together yet.")
is_initialized = answers(False, "False: there is no group of processes.")
is_nccl_available = is_gloo_available = is_mpi_available = answers(False, "False.")
is_ucc_available = is_xccl_available = is_backend_available = answers(False, "False.")

_NOT_INITIALIZED = (
    "Default process group has not been initialized, please make sure to call init_process_group."
)


def is_torchelastic_launched() -> bool:
    """Whether `torchrun` has started this process."""
    return os.getenv("TORCHELASTIC_RUN_ID") is not None


init_process_group = init_device_mesh = new_group = refuses(
    RuntimeError,
    "torch.distributed: processes do not train together yet; run the program in one process, or "
    "share a model's parameters between processes (torch.multiprocessing, Module.share_memory)",
)
get_rank = get_world_size = get_backend = refuses(ValueError, _NOT_INITIALIZED)
barrier = monitored_barrier = refuses(ValueError, _NOT_INITIALIZED)
all_reduce = all_gather = all_gather_into_tensor = all_gather_object = get_rank
broadcast = broadcast_object_list = reduce = reduce_scatter = reduce_scatter_tensor = get_rank
gather = gather_object = scatter = scatter_object_list = all_to_all = all_to_all_single = get_rank
send = recv = isend = irecv = get_rank
destroy_process_group = refuses(AssertionError, "Default process group is not initialized")


class ReduceOp(IntEnum):
    """How the values of several processes are brought together."""

    SUM = 0
    AVG = 1
    PRODUCT = 2
    MIN = 3
    MAX = 4
    BAND = 5
    BOR = 6
    BXOR = 7


class ProcessGroup:
    """A group of processes: for annotations, as none can be made."""


class group:
    """The default group, by name."""

    WORLD: ProcessGroup | None = None


GroupMember = group
