"""Out of memory is a MemoryError, in whichever kernel and on whichever thread it is noticed."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

import native_support  # noqa: F401  (skips this file where there is no extension)

pytest.importorskip("resource")

SETTING = """
import resource
import numpy as np
from rushlight.kernels.native import native
from rushlight.kernels.cpu import CPU

k = CPU()
native.set_num_threads({threads})
k.add(np.ones(1 << 20, np.float32), 1.0)  # starts the team

def limit(spare):
    native.empty_cache()
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + spare, resource.RLIM_INFINITY))

def expect_memory_error(kernel, *arguments):
    try:
        kernel(*arguments)
    except MemoryError:
        print("MemoryError")
"""
CALLS = {
    # Neither the result nor the partial sums of ten million rows fit.
    "sum": """
        row = np.ones(40_000, np.float32)
        x = np.lib.stride_tricks.as_strided(row, (10_000_000, 40_000), (0, 4))
        limit(60 << 20)
        expect_memory_error(k.sum, x, (1,), False)
    """,
    "sum over rows": """
        x = np.ones((20_000, 2_000), np.float32)
        limit(3 << 20)  # the result fits, the partial sums do not
        expect_memory_error(k.sum, x, (0,), False)
    """,
    "batch norm": """
        x = np.ones((64, 1 << 17, 1, 1), np.float32)
        none = None
        limit(38 << 20)
        expect_memory_error(k.batch_norm, x, none, none, none, none, True, 0.1, 1e-5)
        mean = np.ones(1 << 17, np.float32)
        limit(33 << 20)
        expect_memory_error(k.batch_norm_backward, x, x, none, mean, mean, True)
    """,
    "add": """
        x = np.ones(1 << 24, np.float32)
        limit(1 << 20)
        expect_memory_error(k.add, x, x)
        expect_memory_error(k.erf, x)
        expect_memory_error(k.softmax, x.reshape(4, -1), 1)
    """,
}  # fmt: skip


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", CALLS)
def test_out_of_memory_is_an_error(name, threads):
    program = textwrap.dedent(SETTING).format(threads=threads) + textwrap.dedent(CALLS[name])
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120
    )
    expected = "MemoryError\n" * program.count("\nexpect_memory_error")
    assert (result.returncode, result.stdout) == (0, expected), result.stderr
