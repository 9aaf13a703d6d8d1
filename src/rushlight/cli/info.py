"""`rushlight info`: what this installation computes with."""

from __future__ import annotations

import argparse
import importlib.util
import platform

import numpy

import rushlight

from ..kernels.base import Base
from ..kernels.declaration import kernels_of
from ..kernels.native import native
from .errors import EXTRAS


def run(arguments: argparse.Namespace) -> int:
    rows = {
        "rushlight": rushlight.__version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "threads": str(rushlight.get_num_threads()),
        **_extension(),
        "devices": ", ".join(_devices()),
        "extras": _extras(),
    }
    for name, value in rows.items():
        print(f"{name + ':':18}{value}")
    return 0


def _extension() -> dict[str, str]:
    if native is None:
        return {"C++ extension": "not in use: everything runs on NumPy, slowly"}
    available = ", ".join(native.available_instruction_sets())
    return {
        "C++ extension": "in use",
        "native kernels": _native_kernels(),
        "instruction set": f"{native.instruction_set()} (of {available})",
        "oneDNN": native.onednn_version(),
    }


def _native_kernels() -> str:
    """How many kernels the extension has, and the names of the others."""
    from ..kernels.cpu import native_kernels  # only where there is the extension

    every = kernels_of(Base)
    others = sorted(every.keys() - native_kernels().keys())
    return f"{len(every) - len(others)} of {len(every)}; on NumPy: {', '.join(others)}"


def _extras() -> str:
    missing = {
        extra: [name for name in modules if importlib.util.find_spec(name) is None]
        for extra, modules in EXTRAS.items()
    }
    said = [
        f"{extra} lacks {', '.join(names)} (pip install 'rushlight[{extra}]')"
        for extra, names in missing.items() if names
    ]  # fmt: skip
    return "; ".join(said) or "all are there"


def _devices() -> list[str]:
    count = rushlight.cuda.device_count()
    return ["cpu", *(f"cuda:{i}" for i in range(count))]
