"""`rushlight info`: what this installation computes with."""

from __future__ import annotations

import argparse
import platform

import numpy

import rushlight

from ..kernels.native import native


def run(arguments: argparse.Namespace) -> int:
    rows = {
        "rushlight": rushlight.__version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "threads": str(rushlight.get_num_threads()),
        **_extension(),
        "devices": ", ".join(_devices()),
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
        "instruction set": f"{native.instruction_set()} (of {available})",
        "oneDNN": native.onednn_version(),
    }


def _devices() -> list[str]:
    count = rushlight.cuda.device_count()
    return ["cpu", *(f"cuda:{i}" for i in range(count))]
