"""CUDA's kernels: the generic ones on CuPy's arrays.

CuPy is looked for when a CUDA device is first asked for. What stands in the way of one is told in a
sentence that says what to install or do.
"""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import OutOfMemoryError
from .accelerator import Accelerator
from .devices import register_accelerator


class CUDA(Accelerator):
    """The generic kernels on CuPy; `xp` is set when CuPy is there."""

    device_name = "cuda"

    def special_functions(self) -> Any:
        return importlib.import_module("cupyx.scipy.special")

    @classmethod
    def current_index(cls) -> int:
        return cls.xp.cuda.runtime.getDevice()

    @classmethod
    def context(cls, index: int) -> Any:
        return cls.xp.cuda.Device(index)


def open_cuda() -> None:
    """Makes the CUDA devices known; raises the error that says why there are none."""
    cupy = load_cupy()
    count = count_devices(cupy)
    _check_compiler(cupy)
    CUDA.xp, CUDA.array_type = cupy, cupy.ndarray
    cupy.cuda.set_allocator(_Allocator(cupy))
    register_accelerator(CUDA, count)


def load_cupy() -> Any:
    """The module `cupy`; PyTorch's AssertionError where it is not installed."""
    try:
        return importlib.import_module("cupy")
    except ModuleNotFoundError as error:
        if error.name != "cupy":
            raise
        raise AssertionError(
            "CUDA devices need an NVIDIA GPU with its driver, and CuPy, which is not installed: "
            "pip install 'rushlight[cuda13]', or 'rushlight[cuda12]' for a driver of CUDA 12 "
            "(Torch not compiled with CUDA enabled)"
        ) from None
    except ImportError as error:
        reason = str(error).strip().splitlines()[-1]
        raise RuntimeError(
            f"CuPy is installed but cannot be loaded ({reason}): uninstall every package whose "
            "name begins with cupy, then pip install 'rushlight[cuda13]' or 'rushlight[cuda12]'"
        ) from error


def count_devices(cupy: Any) -> int:
    """How many GPUs there are, at least one; else PyTorch's RuntimeError."""
    runtime = cupy.cuda.runtime
    driver = runtime.driverGetVersion()  # 13020 for 13.2, 0 where there is none
    if driver == 0:
        raise RuntimeError(
            "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and "
            "install its driver from https://www.nvidia.com/drivers, until nvidia-smi lists it"
        )
    try:
        count = runtime.getDeviceCount()
    except runtime.CUDARuntimeError as error:
        if "cudaErrorInsufficientDriver" in str(error):
            raise _old_driver(driver, runtime.runtimeGetVersion()) from error
        if "cudaErrorNoDevice" not in str(error):
            raise RuntimeError(f"CUDA error: {error}; nvidia-smi may say more") from error
        count = 0
    if count == 0:
        raise RuntimeError(
            "No CUDA GPUs are available: there is a driver, but it lists no GPU; see whether "
            "nvidia-smi does, and what CUDA_VISIBLE_DEVICES is set to"
        )
    return count


def _old_driver(driver: int, wanted: int) -> RuntimeError:
    remedy = "update the driver"
    if driver // 1000 == 12 < wanted // 1000:
        remedy += ", or uninstall cupy-cuda13x and pip install 'rushlight[cuda12]'"
    return RuntimeError(
        f"The NVIDIA driver on your system is too old (found version {driver}): it serves CUDA "
        f"{_version(driver)}, and the CuPy that is installed is built for {_version(wanted)}; "
        f"{remedy}"
    )


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


def _check_compiler(cupy: Any) -> None:
    try:
        cupy.cuda.nvrtc.getVersion()
    except Exception as error:
        raise RuntimeError(
            "CuPy does not find NVRTC, the compiler of its kernels: install the CUDA toolkit, or "
            "its libraries with pip install 'cupy-cuda13x[ctk]' ('cupy-cuda12x[ctk]')"
        ) from error


class _Allocator:
    """CuPy's memory pool, with an error that says what is full."""

    def __init__(self, cupy: Any) -> None:
        self.cupy = cupy
        self.pool = cupy.get_default_memory_pool()

    def __call__(self, size: int) -> Any:
        try:
            return self.pool.malloc(size)
        except self.cupy.cuda.memory.OutOfMemoryError as error:
            here = self.cupy.cuda.Device()
            free, total = here.mem_info
            raise OutOfMemoryError(
                f"CUDA out of memory. Tried to allocate {_size(size)}. GPU {here.id} has a total "
                f"capacity of {_size(total)} of which {_size(free)} is free; tensors here take "
                f"{_size(self.pool.used_bytes())}. Use a smaller batch, or delete tensors that are "
                "no longer needed."
            ) from error


def _size(count: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.2f} {unit}"
        count /= 1024
    return f"{count:.2f} GiB"
