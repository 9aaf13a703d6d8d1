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


OPERATIONS = """
import rushlight as torch

F = torch.nn.functional
x = torch.rand(1 << 20)
matrix, images = x.reshape(1024, 1024), x.reshape(4, 64, 64, 64)
index = torch.arange(1 << 20) % 1024
weight, wide = torch.rand(64, 64, 3, 3), torch.rand(16, 64, 5, 5)
scale = torch.ones(64, requires_grad=True)

def backward(function, tensor):
    leaf = tensor.detach().requires_grad_()
    function(leaf).sum().backward()

operations = [
    lambda: x + x, lambda: x.exp(), lambda: x * 2, lambda: torch.where(x > 0.5, x, 0.0),
    lambda: matrix.t().contiguous(), lambda: x.double(), lambda: torch.cat([x, x]),
    lambda: torch.stack([x, x]), lambda: matrix.tril(), lambda: x.flip(0), lambda: matrix.sum(0),
    lambda: matrix.sum(1), lambda: x.sum(), lambda: matrix.softmax(1), lambda: x.sort(),
    lambda: matrix.topk(5), lambda: x.cumsum(0), lambda: matrix @ matrix,
    lambda: F.linear(matrix, matrix, matrix[0]), lambda: x[index], lambda: x.gather(0, index),
    lambda: x.scatter_add(0, index, x), lambda: torch.rand(1 << 20), lambda: torch.randn(1 << 20),
    lambda: torch.randperm(1 << 20), lambda: F.pad(matrix, (3, 3, 3, 3), mode="reflect"),
    lambda: F.dropout(x), lambda: F.nll_loss(matrix, index[:1024], reduction="none"),
    lambda: backward(lambda t: F.conv2d(t, weight, padding=1), images),
    lambda: backward(lambda t: F.conv2d(t, wide), images),
    lambda: backward(lambda t: F.conv2d(t, weight, scale, stride=2, dilation=2), images),
    lambda: backward(lambda t: F.max_pool2d(t, 3, 2, 1), images),
    lambda: backward(lambda t: F.avg_pool2d(t, 2), images),
    lambda: backward(lambda t: F.batch_norm(t, None, None, scale, scale, True), images),
    lambda: backward(lambda t: F.batch_norm(t, None, None, scale, scale, True),
                     images.to(memory_format=torch.channels_last)),
]
for operation in operations * 2:  # starts the team, whose threads make what they keep to themselves
    operation()
failed = 0
for spare in range(0, 24):
    for operation in operations:
        limit(spare << 20)
        try:
            operation()
        except MemoryError:
            failed += 1
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
print("MemoryError" if failed > 100 else failed)
"""


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_operations_without_memory(threads):
    """However little there is: a result, or a MemoryError that a program can catch."""
    program = textwrap.dedent(SETTING).format(threads=threads) + OPERATIONS
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300
    )
    assert (result.returncode, result.stdout) == (0, "MemoryError\n"), result.stderr[-2000:]
