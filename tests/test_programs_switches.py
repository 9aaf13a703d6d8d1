"""What programs ask of a machine before they begin, and what they must not fail at."""

from __future__ import annotations

import subprocess
import sys

import pytest

import rushlight as torch
from rushlight import distributed
from rushlight.utils import collect_env, cpp_extension


def test_programs_for_one_process_or_many() -> None:
    assert not distributed.is_available() and not distributed.is_initialized()
    with pytest.raises(RuntimeError, match="do not train together yet; run the program in one pr"):
        distributed.init_process_group("gloo")
    for ask in (distributed.get_rank, distributed.get_world_size, distributed.barrier):
        with pytest.raises(ValueError, match="Default process group has not been initialized"):
            ask()
    assert distributed.ReduceOp.SUM == 0 and distributed.group.WORLD is None
    assert isinstance(torch.distributed, type(sys))


def test_a_report_of_the_machine() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rushlight.utils.collect_env"], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0] == f"torch version: Rushlight {torch.__version__}" and done.stderr == ""
    assert any(line.startswith("numpy==") for line in lines)
    assert collect_env.get_env_info().is_cuda_available == str(torch.cuda.is_available())


def test_extensions_are_refused() -> None:
    for use in (cpp_extension.load, cpp_extension.CppExtension, cpp_extension.BuildExtension):
        with pytest.raises(NotImplementedError, match="call PyTorch's C.. library.*Function"):
            use(name="x", sources=[])
    assert not cpp_extension.is_ninja_available() and cpp_extension.CUDA_HOME is None


def test_flags_for_a_time() -> None:
    with torch.backends.mkl.verbose(torch.backends.mkl.VERBOSE_ON):
        pass
    assert torch.backends.cuda.cufft_plan_cache[0].max_size > 0
    with pytest.raises(RuntimeError, match="Choose from: default, cusolver, magma"):
        torch.backends.cuda.preferred_linalg_library("x")
    for kind in ("meta", "nope"):
        with pytest.raises(RuntimeError):
            torch.get_device_module(kind)
