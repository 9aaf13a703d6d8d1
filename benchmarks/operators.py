"""Prints Rushlight's times over PyTorch's for every operator: `python benchmarks/operators.py`.

Both frameworks run in this process, on the same number of threads, and take turns, so that what
else the machine does meets both alike; a ratio is that of the shortest turns. A row is a call of
`calls.py` or `calls_by_family.py`, at a size, in a memory order, forward alone or with its
backward. After the rows come the geometric mean per size and the rows above 2. Needs an interpreter
with both packages (`make bench-operators` makes one).
"""

from __future__ import annotations

import argparse
import importlib
import math
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import calls_by_family  # noqa: F401  # which adds its calls
from calls import CALLS

SIZES = (10, 10_000, 1_000_000)
LAYOUTS = ("contiguous", "transposed", "channels last")
LIMIT = 2.0


class Inputs:
    """Tensors of about `size` elements in a memory order, of one framework."""

    def __init__(self, torch: Any, size: int, layout: str, gradients: bool) -> None:
        self.torch = torch
        self.size = size
        self.layout = layout
        self.gradients = gradients
        self.functional = torch.nn.functional

    def shape(self) -> tuple[int, ...]:
        """Matrices, and images where they are to lie channels-last; 10 elements are 2 x 5."""
        if self.layout == "channels last":
            return {10: (1, 2, 1, 5), 10_000: (4, 25, 10, 10)}.get(self.size, (16, 64, 25, 40))
        return {10: (2, 5), 10_000: (100, 100)}.get(self.size, (1000, 1000))

    def ordered(self, x: Any) -> Any:
        if self.layout == "transposed":
            axes = tuple(reversed(range(x.ndim)))
            return x.permute(axes).contiguous().permute(axes)
        if self.layout == "channels last" and x.ndim == 4:
            return x.contiguous(memory_format=self.torch.channels_last)
        return x

    def normal(self, *shape: int) -> Any:
        """Floats, which ask for a gradient where the backward is measured."""
        x = self.ordered(self.torch.randn(*(shape or self.shape())))
        return x.requires_grad_() if self.gradients else x

    def positive(self, *shape: int) -> Any:
        x = self.ordered(self.torch.rand(*(shape or self.shape())) + 0.5)
        return x.requires_grad_() if self.gradients else x

    def whole(self, high: int, *shape: int) -> Any:
        return self.ordered(self.torch.randint(0, high, shape or self.shape()))

    def mask(self) -> Any:
        return self.ordered(self.torch.rand(*self.shape()) > 0.5)

    def rows(self) -> int:
        return self.shape()[0]

    def columns(self) -> int:
        return self.shape()[1]


def step_of(call: Callable[[Inputs], Callable[[], Any]], inputs: Inputs) -> Callable[[], Any]:
    """One step of a row: the call, and the backward from a gradient that is there."""
    inputs.torch.manual_seed(0)
    function = call(inputs)
    if not inputs.gradients:
        return function
    result = first_of(function())
    grad = inputs.torch.ones_like(result.detach())

    def step() -> None:
        first_of(function()).backward(grad)

    return step


def first_of(result: Any) -> Any:
    return result[0] if isinstance(result, (tuple, list)) else result


def seconds_of(step: Callable[[], Any], budget: float) -> float:
    """The mean time of a step over about `budget` seconds."""
    start = time.perf_counter()
    step()
    count = max(1, min(100_000, int(budget / max(time.perf_counter() - start, 1e-7))))
    start = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - start) / count


def ratio_of(ours: Any, theirs: Any, rounds: int, budget: float) -> tuple[float, float, float]:
    """Rushlight's time, PyTorch's, and their ratio."""
    for step in (ours, theirs):
        step()
        step()
    pairs = [(seconds_of(ours, budget), seconds_of(theirs, budget)) for _ in range(rounds)]
    a, b = min(a for a, _ in pairs), min(b for _, b in pairs)
    return a, b, a / b


def rows(options: argparse.Namespace) -> Iterator[tuple[str, int, str, bool, Any]]:
    """What is measured: name, size, layout, whether with the backward, and the call."""
    for name, call in CALLS.items():
        if options.only and options.only not in name:
            continue
        for size in call.sizes or SIZES:
            if options.size and size not in options.size:
                continue
            for layout in LAYOUTS if call.layouts else LAYOUTS[:1]:
                for backward in (False, True) if call.backward else (False,):
                    yield name, size, layout, backward, call


def measure(options: argparse.Namespace, threads: int) -> None:
    frameworks = [importlib.import_module(name) for name in ("rushlight", "torch")]
    for framework in frameworks:
        framework.set_num_threads(threads)
    found: dict[int, list[float]] = defaultdict(list)
    slow = []
    print(f"## {threads} thread{'s' * (threads > 1)}\n")
    print("| operator | elements | memory order | | Rushlight (us) | PyTorch (us) | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, size, layout, backward, call in rows(options):
        steps = [step_of(call.make, Inputs(f, size, layout, backward)) for f in frameworks]
        ours, theirs, ratio = ratio_of(*steps, options.rounds, options.seconds)
        found[size].append(ratio)
        what = "with backward" if backward else "forward"
        row = (f"| {name} | {size} | {layout} | {what} | {ours * 1e6:.2f} | {theirs * 1e6:.2f} "
               f"| {ratio:.2f} |")  # fmt: skip
        if ratio > LIMIT:
            slow.append((ratio, row))
        print(row, flush=True)
    print("\n| elements | rows | geometric mean | median | above 2 |")
    print("| --- | --- | --- | --- | --- |")
    for size, ratios in found.items():
        mean = math.exp(statistics.fmean(map(math.log, ratios)))
        print(f"| {size} | {len(ratios)} | {mean:.2f} | {statistics.median(ratios):.2f} "
              f"| {sum(r > LIMIT for r in ratios)} |")  # fmt: skip
    print(f"\nAbove {LIMIT}, slowest first:\n")
    for _, row in sorted(slow, reverse=True):
        print(row)
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="rows whose name has this in it")
    parser.add_argument("--size", type=int, action="append", choices=SIZES)
    cores = len(os.sched_getaffinity(0))
    parser.add_argument("--threads", type=int, action="append", help=f"default: 1 and {cores}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.004, help="of one turn")
    options = parser.parse_args()
    for threads in options.threads or sorted({1, cores}):
        measure(options, threads)


if __name__ == "__main__":
    main()
