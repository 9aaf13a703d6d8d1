"""Prints Rushlight's times over PyTorch's: `python benchmarks/compare.py`.

Each framework runs in a process of its own on the same number of threads. They take turns, a short
block of steps each, so that what else the machine does meets both alike; a row's ratio is the
median over the turns, with the smallest and the largest beside it. Needs an interpreter with both
packages (`make bench` makes one).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cases import ALL, CASES, OPTIMIZERS

HERE = Path(__file__).parent
TARGETS = {
    "add, 4 floats": 1.0, "add, 4 floats, with gradient": 1.0, "4 ops, forward + backward": 1.0,
    "MLP 784-512-512-10 step, batch 128, Adam": 0.9,
    "DCGAN-like step on 32x32, batch 32, two Adams": 0.7, "VAE step, batch 128, Adam": 0.7,
    "U-Net step on 64x64, batch 8, Adam": 0.7,
    "GPT step, 4 layers of 128, 64 tokens, batch 12, AdamW": 0.8,
    "GPT generation, 64 tokens one by one": 0.5,
    "ResNet-18 inference on 32x32, batch 1": 0.7, "ResNet-18 inference on 32x32, batch 32": 0.55,
    "attention (8, 8, 128, 64), forward + backward": 0.9,
    "causal attention (12, 4, 64, 32), forward + backward": 0.9,
    "attention (2, 8, 1024, 64), forward + backward": 0.9,
    "MultiheadAttention(512, 8) of (8, 128, 512), forward + backward": 0.9,
}  # fmt: skip
DEFAULT_TARGET = 0.6


class Worker:
    def __init__(self, framework: str, threads: int, script: str = "worker.py") -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / script), framework, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.version = self._answer()["ready"]

    def run(self, case: str, seconds: float, compiled: bool = False) -> dict[str, float]:
        assert self.process.stdin is not None
        request = {"case": case, "seconds": seconds, "compiled": compiled}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args} ended early")
        return json.loads(line)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exception: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def turns(case: str, threads: int, rounds: int, seconds: float) -> dict[str, Any]:
    """Both frameworks in turn on one case, in fresh processes."""
    with Worker("rushlight", threads) as ours, Worker("torch", threads) as theirs:
        for worker in (ours, theirs):
            worker.run(case, seconds)
        pairs = [(ours.run(case, seconds), theirs.run(case, seconds)) for _ in range(rounds)]
    return {
        "ratios": [a["seconds"] / b["seconds"] for a, b in pairs],
        "ours": statistics.median(a["seconds"] for a, _ in pairs),
        "theirs": statistics.median(b["seconds"] for _, b in pairs),
        "memory": pairs[-1][0]["peak"] / pairs[-1][1]["peak"],
        "peak": pairs[-1][0]["peak"],
    }


def duration(seconds: float) -> str:
    return f"{seconds * 1e6:.2f} us" if seconds < 1e-4 else f"{seconds * 1e3:.2f} ms"


def spread(ratios: list[float]) -> str:
    return f"**{statistics.median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f})"


def speed_table(
    threads: int, rounds: int, seconds: float, cases: Iterable[str] = CASES
) -> Iterator[str]:
    yield "| | Rushlight | PyTorch | ratio (spread) | to reach | peak memory ratio |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name in cases:
        r = turns(name, threads, rounds, seconds)
        yield (
            f"| {name} | {duration(r['ours'])} | {duration(r['theirs'])} | {spread(r['ratios'])} "
            f"| {TARGETS.get(name, DEFAULT_TARGET)} | {r['memory']:.2f} ({r['peak']:.0f} MiB) |"
        )


REPLAYED = {
    "LeNet step, batch 1": 0.6, "LeNet step, batch 16": None, "LeNet step, batch 64": None,
    "LeNet step, batch 256": 0.95, "MLP 784-512-512-10 step, batch 1, Adam": None,
    "MLP 784-512-512-10 step, batch 128, Adam": None,
}  # fmt: skip


def replay_table(threads: int, rounds: int, seconds: float) -> Iterator[str]:
    yield (
        "| replayed step | replayed | eager | over its own eager | to reach | over PyTorch's eager "
        "| recording in eager steps: first, later | peak memory over eager's |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for name, target in REPLAYED.items():
        with ExitStack() as stack:
            names = ("rushlight", "rushlight", "torch")
            replay, eager, torch = (stack.enter_context(Worker(n, threads)) for n in names)
            found = []
            for _ in range(rounds + 1):
                found.append((
                    replay.run(name, seconds, compiled=True), eager.run(name, seconds),
                    torch.run(name, seconds),
                ))  # fmt: skip
        found = found[1:]
        middle = [statistics.median(turn[i]["seconds"] for turn in found) for i in range(3)]
        first, later = found[0][0]["recordings"]
        yield (
            f"| {name} | {duration(middle[0])} | {duration(middle[1])} "
            f"| {spread([a['seconds'] / b['seconds'] for a, b, _ in found])} | {target or ''} "
            f"| {spread([a['seconds'] / c['seconds'] for a, _, c in found])} "
            f"| {first / middle[1]:.1f}, {later / middle[1]:.1f} "
            f"| {found[-1][0]['peak'] / found[-1][1]['peak']:.2f} |"
        )


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """So many processes that do nothing but compute."""
    with ExitStack() as stack:
        for _ in range(count):
            process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield


def load_table(threads: int, rounds: int, seconds: float) -> Iterator[str]:
    yield "| with one other busy process per core | Rushlight: loaded / quiet | PyTorch |"
    yield "| --- | --- | --- |"
    for name in ("LeNet step, batch 64", "LeNet inference, batch 64"):
        cells = []
        for framework in ("rushlight", "torch"):
            with Worker(framework, threads) as worker:
                worker.run(name, seconds)
                quiet = [worker.run(name, seconds)["seconds"] for _ in range(rounds)]
                with busy_processes(len(os.sched_getaffinity(0))):
                    loaded = [worker.run(name, seconds)["seconds"] for _ in range(rounds)]
            base = statistics.median(quiet)
            cells.append(spread([t / base for t in loaded]))
        yield f"| {name} | {' | '.join(cells)} |"


def import_seconds(package: str, rounds: int) -> list[float]:
    code = f"import time; s = time.perf_counter(); import {package}; print(time.perf_counter() - s)"
    run = [sys.executable, "-c", code]
    return [float(subprocess.check_output(run)) for _ in range(rounds)]


def installed_mib(*packages: str) -> float:
    """The size of packages' folders and of the libraries that lie beside them."""
    total = 0
    for package in packages:
        spec = importlib.util.find_spec(package)
        assert spec is not None and spec.submodule_search_locations
        folder = Path(spec.submodule_search_locations[0])
        for path in (folder, folder.with_name(folder.name + ".libs")):
            files = (f for f in path.rglob("*") if f.is_file() and "__pycache__" not in f.parts)
            total += sum(f.stat().st_size for f in files)
    return total / 2**20


def start_table(rounds: int) -> Iterator[str]:
    ours, theirs = import_seconds("rushlight", rounds), import_seconds("torch", rounds)
    yield "| | Rushlight | PyTorch (CPU build) |"
    yield "| --- | --- | --- |"
    yield (
        f"| import, NumPy counted | {statistics.median(ours):.2f} s | "
        f"{statistics.median(theirs):.2f} s |"
    )
    yield (
        f"| installed, with what it needs | {installed_mib('rushlight', 'numpy'):.0f} MiB | "
        f"{installed_mib('torch'):.0f} MiB and its dependencies |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.3, help="of one turn")
    tables = ["speed", "optimizers", "replay", "load", "start"]
    parser.add_argument("--only", choices=tables, help="one of the tables")
    parser.add_argument("--case", choices=list(ALL), help="one row, for work on it")
    options = parser.parse_args()
    if options.case:
        r = turns(options.case, options.threads, options.rounds, options.seconds)
        print(f"{options.case}: {duration(r['ours'])} / {duration(r['theirs'])} = "
              f"{spread(r['ratios'])}, peak memory {r['memory']:.2f}")  # fmt: skip
        return
    print(f"{platform.processor() or platform.machine()}, {options.threads} threads, "
          f"Python {platform.python_version()}\n")  # fmt: skip
    tables = {
        "speed": lambda: speed_table(options.threads, options.rounds, options.seconds),
        "optimizers": lambda: speed_table(
            options.threads, options.rounds, options.seconds, OPTIMIZERS
        ),
        "replay": lambda: replay_table(options.threads, options.rounds, options.seconds),
        "load": lambda: load_table(options.threads, options.rounds, options.seconds),
        "start": lambda: start_table(options.rounds),
    }
    for name, table in tables.items():
        if options.only in (None, name):
            for line in table():
                print(line, flush=True)
            print()


if __name__ == "__main__":
    main()
