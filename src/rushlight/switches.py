"""Switches that programs written for PyTorch set at their start.

Most choose between algorithms that are not here. They are kept, so that what was set can be read,
and each says what it means in Rushlight.
"""

from __future__ import annotations

import warnings
from typing import Any

from .device import device as Device
from .kernels.native import native

__all__ = [
    "are_deterministic_algorithms_enabled", "get_deterministic_debug_mode",
    "get_device_module", "get_float32_matmul_precision", "get_num_interop_threads", "has_lapack",
    "has_mkl",
    "has_openmp", "has_spectral",
    "is_deterministic_algorithms_warn_only_enabled", "is_warn_always_enabled",
    "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal",
    "set_num_interop_threads", "set_warn_always", "use_deterministic_algorithms",
]  # fmt: skip

# What PyTorch's builds may be without.
has_lapack = has_spectral = True
has_mkl = False
has_openmp = native is not None

_DEBUG_MODES = ("default", "warn", "error")
_PRECISIONS = ("highest", "high", "medium")


class _Switches:
    """What is set."""

    deterministic = 0  # an index of _DEBUG_MODES
    matmul_precision = "highest"
    interop_threads = 1
    warn_always = False


def _check_bool(function: str, argument: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise TypeError(
            f"{function}(): argument '{argument}' must be bool, not {type(value).__name__}"
        )


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Asks for algorithms that give the same bits in every run.

    On the CPU all of Rushlight's do, so that it changes nothing there. Unlike PyTorch, it raises no
    error on CUDA where sums of scattered elements are added in any order.

    >>> import rushlight as torch
    >>> torch.use_deterministic_algorithms(True)
    >>> torch.are_deterministic_algorithms_enabled()
    True
    >>> torch.use_deterministic_algorithms(False)
    """
    _check_bool("use_deterministic_algorithms", "mode", mode)
    _check_bool("use_deterministic_algorithms", "warn_only", warn_only)
    _Switches.deterministic = (1 if warn_only else 2) if mode else 0


def are_deterministic_algorithms_enabled() -> bool:
    """Whether `use_deterministic_algorithms` has been switched on.

    >>> import rushlight as torch
    >>> torch.are_deterministic_algorithms_enabled()
    False
    """
    return _Switches.deterministic > 0


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether it has been switched on with `warn_only=True`.

    >>> import rushlight as torch
    >>> torch.is_deterministic_algorithms_warn_only_enabled()
    False
    """
    return _Switches.deterministic == 1


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """`use_deterministic_algorithms` by a number or a word: 0 "default", 1 "warn", 2 "error".

    >>> import rushlight as torch
    >>> torch.set_deterministic_debug_mode("warn")
    >>> torch.get_deterministic_debug_mode()
    1
    >>> torch.set_deterministic_debug_mode("default")
    """
    if not isinstance(debug_mode, (int, str)):
        raise TypeError(
            f"debug_mode must be str or int, but got {type(debug_mode).__name__}: one of "
            f"{', '.join(_DEBUG_MODES)}, or 0, 1, 2"
        )
    if debug_mode not in (*_DEBUG_MODES, 0, 1, 2):
        raise RuntimeError(
            f"invalid value of debug_mode, expected one of {', '.join(_DEBUG_MODES)}, or 0, 1, 2, "
            f"but got {debug_mode}"
        )
    words = isinstance(debug_mode, str)
    _Switches.deterministic = _DEBUG_MODES.index(debug_mode) if words else int(debug_mode)


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2, as set by `set_deterministic_debug_mode`.

    >>> import rushlight as torch
    >>> torch.get_deterministic_debug_mode()
    0
    """
    return _Switches.deterministic


def set_float32_matmul_precision(precision: str) -> None:
    """How precise products of float32 matrices must be: "highest", "high" or "medium".

    They are always computed as "highest" says, which the others allow.

    >>> import rushlight as torch
    >>> torch.set_float32_matmul_precision("high")
    >>> torch.get_float32_matmul_precision()
    'high'
    >>> torch.set_float32_matmul_precision("highest")
    """
    if not isinstance(precision, str):
        raise TypeError(
            "set_float32_matmul_precision(): argument 'precision' must be str, not "
            f"{type(precision).__name__}"
        )
    if precision not in _PRECISIONS:
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the current "
            "set_float32_matmul_precision call has no effect.",
            stacklevel=2,
        )
        return
    _Switches.matmul_precision = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` has set; "highest" at first.

    >>> import rushlight as torch
    >>> torch.get_float32_matmul_precision()
    'highest'
    """
    return _Switches.matmul_precision


def set_flush_denormal(mode: bool) -> bool:
    """Asks that denormal numbers become 0; returns whether that can be had.

    Unlike PyTorch, it returns False: they are always computed with.

    >>> import rushlight as torch
    >>> torch.set_flush_denormal(True)
    False
    """
    if not isinstance(mode, bool):
        raise RuntimeError(f"flush_denormal expects a bool, but got {type(mode).__name__}")
    return False


def set_num_interop_threads(threads: int) -> None:
    """How many operations may run at once. Rushlight runs one at a time, of many threads.

    >>> import rushlight as torch
    >>> torch.set_num_interop_threads(1)
    >>> torch.get_num_interop_threads()
    1
    """
    if isinstance(threads, bool) or not isinstance(threads, int):
        raise RuntimeError(
            f"set_num_interop_threads expects an int, but got {type(threads).__name__}"
        )
    if threads < 1:
        raise RuntimeError(
            f"set_num_interop_threads expects a positive integer, but got {threads}"
        )
    _Switches.interop_threads = threads


def get_num_interop_threads() -> int:
    """What `set_num_interop_threads` has set; 1 at first.

    >>> import rushlight as torch
    >>> torch.get_num_interop_threads()
    1
    """
    return _Switches.interop_threads


def set_warn_always(b: bool) -> None:
    """Whether PyTorch's C++ warns twice of the same; here Python's filters alone decide.

    >>> import rushlight as torch
    >>> torch.set_warn_always(True)
    >>> torch.is_warn_always_enabled()
    True
    >>> torch.set_warn_always(False)
    """
    if not isinstance(b, bool):
        raise RuntimeError(f"setWarnOnlyOnce expects a bool, but got {type(b).__name__}")
    _Switches.warn_always = b


def is_warn_always_enabled() -> bool:
    """What `set_warn_always` has set; False at first.

    >>> import rushlight as torch
    >>> torch.is_warn_always_enabled()
    False
    """
    return _Switches.warn_always


def get_device_module(device: Any = None) -> Any:
    """The module of a device: `torch.cuda` for "cuda", `torch.cpu` for the CPU, that of this
    machine's GPU, or else the CPU's, for None.

    >>> import rushlight as torch
    >>> torch.get_device_module("cpu") is torch.cpu
    True
    """
    from . import cpu, cuda, mps, mtia, xpu

    if device is None:
        return cuda if cuda.is_available() else cpu
    kind = Device(device).type
    modules = {"cpu": cpu, "cuda": cuda, "mps": mps, "mtia": mtia, "xpu": xpu}
    if kind not in modules:
        raise RuntimeError(
            f"Device '{kind}' does not have a corresponding module registered as 'torch.{kind}'."
        )
    return modules[kind]
