"""Kernels: functions from arrays to arrays, in a table per kind of array.

`base` holds the generic ones, `cpu` those of the C++ extension, `accelerator` and `cuda` those of
devices with a memory of their own, `launch` the tables and `devices` how they are found.
"""

from __future__ import annotations

import os
import warnings

from .base import Base
from .launch import register

# NumPy warns of overflow, of 0 / 0 and their like; PyTorch is silent, and so are the kernels.
for _module in (r"rushlight\.kernels\.base", r"rushlight\.ops\.creation"):
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=_module)


def register_cpu() -> None:
    """Makes the CPU's kernels known: the extension's, or NumPy's with RUSHLIGHT_NATIVE=0."""
    register(_cpu_table())


def _cpu_table() -> Base:
    if os.environ.get("RUSHLIGHT_NATIVE") == "0":
        return Base()
    from .native import native

    if native is None:
        return Base()
    from .cpu import CPU

    return CPU()


def get_num_threads() -> int:
    """How many threads the kernels share their work among.

    >>> import rushlight as torch
    >>> torch.get_num_threads() >= 1
    True
    """
    from .native import native

    return 1 if native is None else native.get_num_threads()


def set_num_threads(threads: int) -> None:
    """Sets how many threads the kernels share their work among.

    >>> import rushlight as torch
    >>> before = torch.get_num_threads()
    >>> torch.set_num_threads(1)
    >>> torch.get_num_threads()
    1
    >>> torch.set_num_threads(before)
    """
    if not isinstance(threads, int) or threads <= 0:
        raise RuntimeError(f"set_num_threads expects a positive integer, got {threads!r}")
    from .native import native

    if native is not None:
        native.set_num_threads(threads)
