"""What this build is made of, in PyTorch's place for it: `torch.__config__`."""

from __future__ import annotations

import platform

import numpy

from .kernels import get_num_threads
from .kernels.native import native
from .version import __version__


def show() -> str:
    """A description of the build, in a line for each part.

    >>> import rushlight as torch
    >>> print(torch.__config__.show().splitlines()[0])
    Rushlight built with:
    """
    kernels = "none; everything runs on NumPy"
    if native is not None:
        kernels = f"{native.instruction_set()}, oneDNN {native.onednn_version()}, OpenMP"
    parts = {
        "Rushlight": __version__,
        "Python": platform.python_version(),
        "NumPy": numpy.__version__,
        "C++ kernels": kernels,
    }
    return "Rushlight built with:\n" + "".join(f"  - {name} {v}\n" for name, v in parts.items())


def parallel_info() -> str:
    """How many threads kernels use."""
    return f"threads: {get_num_threads()}\n"
