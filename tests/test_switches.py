"""Switches that programs set at their start, and what tells of the build."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
from typing import Any

import pytest

import rushlight as torch


def test_deterministic_algorithms() -> None:
    try:
        for mode, warn_only, number in ((True, False, 2), (True, True, 1), (False, False, 0)):
            torch.use_deterministic_algorithms(mode, warn_only=warn_only)
            assert torch.are_deterministic_algorithms_enabled() is mode
            assert torch.is_deterministic_algorithms_warn_only_enabled() is warn_only
            assert torch.get_deterministic_debug_mode() == number
        for debug_mode, number in (("warn", 1), (2, 2), ("default", 0)):
            torch.set_deterministic_debug_mode(debug_mode)
            assert torch.get_deterministic_debug_mode() == number
    finally:
        torch.use_deterministic_algorithms(False)


def test_other_switches() -> None:
    assert torch.get_float32_matmul_precision() == "highest"
    torch.set_float32_matmul_precision("medium")
    with pytest.warns(UserWarning, match="low is not one of 'highest', 'high', or 'medium'"):
        torch.set_float32_matmul_precision("low")
    assert torch.get_float32_matmul_precision() == "medium"
    torch.set_float32_matmul_precision("highest")
    torch.set_num_interop_threads(3)
    assert torch.get_num_interop_threads() == 3
    torch.set_num_interop_threads(1)
    assert torch.is_warn_always_enabled() is False and torch.set_flush_denormal(True) is False
    assert float(torch.tensor(1e-42) * 1) != 0  # as the answer was
    assert not torch.is_anomaly_enabled() and torch.is_anomaly_check_nan_enabled()
    torch.set_anomaly_enabled(True, False)
    assert torch.is_anomaly_enabled() and not torch.is_anomaly_check_nan_enabled()
    torch.set_anomaly_enabled(False)


@pytest.mark.parametrize("call, error", [
    (lambda: torch.use_deterministic_algorithms(1), TypeError),
    (lambda: torch.set_deterministic_debug_mode("x"), RuntimeError),
    (lambda: torch.set_deterministic_debug_mode(3), RuntimeError),
    (lambda: torch.set_deterministic_debug_mode(None), TypeError),
    (lambda: torch.set_float32_matmul_precision(1), TypeError),
    (lambda: torch.set_flush_denormal(1), RuntimeError),
    (lambda: torch.set_num_interop_threads(0), RuntimeError),
    (lambda: torch.set_num_interop_threads("2"), RuntimeError),
    (lambda: torch.set_warn_always(1), RuntimeError),
])  # fmt: skip
def test_errors(call: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["cudnn", "mkldnn", "nnpack", "opt_einsum"])
def test_flags_of_libraries(name: str) -> None:
    library = getattr(torch.backends, name)
    before = library.enabled
    with library.flags(enabled=not before):
        assert library.enabled is not before
    assert library.enabled is before
    assert library.set_flags(not before)[0] is before and library.enabled is not before
    library.enabled = before
    assert library.is_available() is (name == "mkldnn" and before)


def test_switches_of_attention() -> None:
    cuda = torch.backends.cuda
    for name in ("flash", "mem_efficient", "math", "cudnn"):
        getattr(cuda, f"enable_{name}_sdp")(False)
        assert getattr(cuda, f"{name}_sdp_enabled")() is False
        getattr(cuda, f"enable_{name}_sdp")(True)
    with cuda.sdp_kernel(enable_flash=False):
        assert not cuda.flash_sdp_enabled() and cuda.math_sdp_enabled()
    assert cuda.flash_sdp_enabled()
    cuda.matmul.allow_tf32 = True
    assert cuda.matmul.allow_tf32
    cuda.matmul.allow_tf32 = False


def test_what_few_programs_need_is_imported_when_asked_for() -> None:
    code = """
import sys, rushlight as torch
assert "rushlight.backends" not in sys.modules and "rushlight.functional" not in sys.modules
torch.backends.cudnn.benchmark = True
import rushlight.backends.cudnn as cudnn
assert cudnn.benchmark is True
from rushlight import backends
assert torch.functional.einsum is torch.einsum and "oneDNN" in torch.__config__.show() + "oneDNN"
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_named_results_are_public_types() -> None:
    result = torch.sort(torch.tensor([2.0, 1.0]))
    assert type(result) is torch.return_types.sort
    assert repr(result) == (
        "torch.return_types.sort(\nvalues=tensor([1., 2.]),\nindices=tensor([1, 0]))"
    )
    again = pickle.loads(pickle.dumps(result))
    assert type(again) is type(result) and again.indices.tolist() == [1, 0]
    solved = torch.linalg.slogdet(torch.eye(2))
    assert type(solved) is torch.return_types.linalg_slogdet and solved[1] == 0
    out = torch.empty(2), torch.empty(2, dtype=torch.int64)
    assert type(torch.sort(torch.ones(2), out=out)) is torch.return_types.sort


def test_typename() -> None:
    class Mine:
        pass

    assert torch.typename(torch.ones(1)) == "torch.FloatTensor"
    assert torch.typename(Mine()).endswith("test_switches.test_typename.<locals>.Mine")
    assert torch.typename(3) == "int" and torch.typename(Mine).endswith("Mine")


def test_of_the_build() -> None:
    assert torch.version.__version__ == torch.__version__ and torch.version.cuda is None
    assert importlib.import_module("rushlight.__config__").parallel_info().startswith("threads: ")
