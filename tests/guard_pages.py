"""Calls the extension's kernels on memory between pages that may not be touched.

Each call of a kernel that the sample table (or a made-up program) reaches is first made on copies
of its arguments that begin right after such a page, and on copies that end right before one.
Whoever reads or writes beside an array ends the process, so this runs in one of its own, which
prints what it is about to do:

    python tests/guard_pages.py table pooling padding
    python tests/guard_pages.py fuzz SECONDS SEED

Results must not depend on where the arguments lie, nor on what stood in the results' memory: once
looked at, a result is written over and given back, so that the next call gets that memory.
"""

from __future__ import annotations

import ctypes
import faulthandler
import mmap
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import guard_programs
import rushlight as torch
from rushlight.kernels import launch
from rushlight.kernels.base import Base
from rushlight.kernels.cpu import native_kernels
from rushlight.kernels.declaration import kernels_of
from rushlight.kernels.native import native
from samples import Op, outputs
from test_kernels import compare, optimizers, run_both_ways, variants

PAGE = mmap.PAGESIZE
SCRIBBLE = 0x7F  # in every byte: a float near the largest, a large number, no truth value
PROTECT_ALL = 0  # PROT_NONE, for which Python's mmap module has no name

library = ctypes.CDLL(None, use_errno=True)
library.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


class Pages:
    """Readable and writeable pages between two that are neither."""

    def __init__(self, count: int) -> None:
        self.memory = np.frombuffer(mmap.mmap(-1, (count + 2) * PAGE), np.uint8)
        start = self.memory.ctypes.data
        for border in (start, start + (count + 1) * PAGE):
            if library.mprotect(border, PAGE, PROTECT_ALL):
                raise OSError(ctypes.get_errno(), "mprotect")
        self.usable = self.memory[PAGE : -PAGE]


class Guarded:
    """Copies of arrays on such pages, which are used again and again."""

    def __init__(self, at_end: bool) -> None:
        self.at_end = at_end
        self.free: dict[int, list[Pages]] = {}
        self.taken: list[tuple[int, Pages]] = []
        self.made: dict[Any, Any] = {}

    @contextmanager
    def one_call(self) -> Iterator[Callable[[Any], Any]]:
        """Gives the function that copies; the copies last for the length of the call."""
        try:
            yield self.copy
        finally:
            self.made.clear()
            for count, pages in self.taken:
                self.free.setdefault(count, []).append(pages)
            self.taken.clear()

    def place(self, size: int) -> np.ndarray[Any, Any]:
        count = -(-max(size, 1) // PAGE)
        waiting = self.free.get(count)
        pages = waiting.pop() if waiting else Pages(count)
        self.taken.append((count, pages))
        usable = pages.usable
        return usable[usable.size - size :] if self.at_end else usable[:size]

    def copy(self, value: Any) -> Any:
        """An array keeps its strides, and one array stays one."""
        if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
            return type(value)(self.copy(v) for v in value)
        if not isinstance(value, np.ndarray):
            return value
        start = value.__array_interface__["data"][0]
        key = (start, value.shape, value.strides, value.dtype.str)
        if key not in self.made:
            low, high = np.lib.array_utils.byte_bounds(value)
            size = high - low if value.size else 0
            copy = np.ndarray(
                value.shape, value.dtype, self.place(size), start - low if size else 0,
                value.strides if size else None,
            )  # fmt: skip
            if 0 not in value.strides:
                copy[...] = value
            elif size:  # elements that are one: written once
                once = tuple(slice(0, 1) if s == 0 else slice(None) for s in value.strides)
                copy[once] = value[once]
            copy.flags.writeable = value.flags.writeable
            self.made[key] = copy
        return self.made[key]


PLACES = [Guarded(at_end=False), Guarded(at_end=True)]


class Table:
    """Stands in the place of a table of kernels, and makes each native call on guarded memory."""

    def __init__(self, table: Any) -> None:
        self.table = table
        self.native = native_kernels()
        self.declared = kernels_of(Base)

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.table, name)
        return self.guarded(name, attribute) if name in self.native else attribute

    def guarded(self, name: str, kernel: Callable[..., Any]) -> Callable[..., Any]:
        declared = self.declared[name]
        out = declared.out if declared.kind == "elementwise" else None

        def call(*args: Any) -> Any:
            found = []
            for guarded in PLACES:
                with guarded.one_call() as copy:
                    try:
                        copies = [copy(value) for value in args]
                        result = kernel(*copies)
                        given = out is None or len(args) > out and args[out] is not None
                        if not given and isinstance(result, np.ndarray) and result.size:
                            # The same into memory between guards.
                            target = guarded.copy(np.array(result))
                            copies = [copy(value) for value in args[:out]]
                            rest = [None] * (out - len(copies))
                            result = kernel(*copies, *rest, target)
                        found.append((unshared(result), unshared(copies)))
                        scribble(result)
                        del result  # so that the next call gets its memory
                    except Exception as raised:
                        found.append(raised)
            result = kernel(*args)
            for other in found:
                if isinstance(other, Exception):
                    raise other
                compare_bits(name, other[0], result)
                compare_bits(name, other[1][: len(args)], list(args))
            return result

        return call


def unshared(value: Any) -> Any:
    """Copies, as the pages will be used again."""
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(unshared(v) for v in value)
    return value.copy() if isinstance(value, np.ndarray) else value


def scribble(value: Any) -> None:
    """Writes over the memory of results that have their own."""
    if isinstance(value, (list, tuple)):
        for v in value:
            scribble(v)
    elif isinstance(value, np.ndarray) and value.flags.owndata and value.flags.writeable:
        ctypes.memset(value.__array_interface__["data"][0], SCRIBBLE, value.nbytes)


def compare_bits(name: str, actual: Any, expected: Any) -> None:
    compare(name, actual, expected, f"{name} on other memory")


def run_row(op: Op) -> None:
    for sample in op.samples():
        for dtype in ("float32", "float64"):
            every = op.layouts and dtype == "float32"  # float64's loops are the same templates
            for number, variant in enumerate(variants(sample, dtype, every)):
                say(f"{op.name}{sample!r} as {dtype}, layout {number}")
                run_both_ways(op, variant)


def run_optimizers() -> None:
    for name, make in optimizers().items():
        for shape in ((), (0,), (3,), (1, 0, 2), (5, 7), (300, 70)):
            say(f"{name} of {shape}")
            parameter = torch.ones(shape, requires_grad=True)
            optimizer = make([parameter])
            for _ in range(2):
                for p in optimizer.param_groups[0]["params"]:
                    p.grad = torch.ones_like(p)
                optimizer.step()


def run_table(families: list[str]) -> None:
    for family in families:
        if family == "optimizers":
            run_optimizers()
            continue
        for op in __import__(f"samples.{family}", fromlist=["ops"]).ops:
            run_row(op)


def run_programs(seconds: float, seed: int) -> None:
    end = time.monotonic() + seconds
    sets = native.available_instruction_sets()
    count = 0
    while time.monotonic() < end:
        random = np.random.default_rng([seed, count])
        native.set_instruction_set(sets[count % len(sets)])
        name, program = guard_programs.make(random)
        say(f"program {count} of seed {seed}: {name} ({native.instruction_set()})")
        try:
            result = program()
        except (RuntimeError, IndexError, ValueError, TypeError):
            result = None  # refused, which is as good here
        for tensor in outputs(result):
            if isinstance(tensor, torch.Tensor) and tensor.requires_grad:
                torch.autograd.backward([tensor], [torch.ones_like(tensor)], retain_graph=True)
        count += 1
    print(count, "programs")


def say(what: str) -> None:
    print(what, flush=True)


if __name__ == "__main__":
    faulthandler.enable()
    with launch.intercepted(Table):
        if sys.argv[1] == "table":
            run_table(sys.argv[2:])
        else:
            run_programs(float(sys.argv[2]), int(sys.argv[3]))
