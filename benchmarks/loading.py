"""Prints the times of loaders, Rushlight's beside PyTorch's: `python benchmarks/loading.py`.

As `compare.py` does, with each framework in a process of its own and both in turn. Needs an
interpreter with both packages, torchvision 0.28.0 (`pip install --no-deps torchvision==0.28.0`) and
Pillow.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Iterator

from compare import Worker, duration, spread

# What a row shows, PyTorch's case beside which it stands, and the ratio of times to reach.
ROWS = {
    "JPEG, no workers": ("JPEG, no workers", 1 / 1.3),
    "JPEG, 2 workers": ("JPEG, 2 workers", 1 / 1.3),
    "JPEG, 2 threads": ("JPEG, 2 workers", 1 / 1.3),
    "MNIST, no workers": ("MNIST, no workers", 1 / 5),
    "MNIST, 2 workers": ("MNIST, 2 workers", 1 / 5),
    "MNIST, 2 threads": ("MNIST, 2 workers", 1 / 5),
    "augmentation": ("augmentation", 1.0),
    "first batch": ("first batch", 0.5),
    "first batch of threads": ("first batch", 0.5),
}
TITLES = {
    "JPEG": "an image of a JPEG folder, `RandomResizedCrop(224)`, flip, normalise",
    "MNIST": "an image of MNIST in memory, batches of 64, normalised",
    "augmentation": "a 3 x 32 x 32 tensor: pad, crop, flip, normalise",
    "first batch": "the first batch of two workers",
}


def title(case: str) -> str:
    kind = next(kind for kind in TITLES if case.startswith(kind))
    return TITLES[kind] + case.removeprefix(kind)


def table(threads: int, rounds: int, seconds: float) -> Iterator[str]:
    yield "| time of | Rushlight | PyTorch | ratio (spread) | to reach |"
    yield "| --- | --- | --- | --- | --- |"
    for case, (peer, target) in ROWS.items():
        with (
            Worker("rushlight", threads, "loading_worker.py") as ours,
            Worker("torch", threads, "loading_worker.py") as theirs,
        ):
            pairs = [
                (ours.run(case, seconds)["seconds"], theirs.run(peer, seconds)["seconds"])
                for _ in range(rounds)
            ]
        middle = [statistics.median(times) for times in zip(*pairs, strict=True)]
        yield (
            f"| {title(case)} | {duration(middle[0])} | {duration(middle[1])} "
            f"| {spread([a / b for a, b in pairs])} | {target:.2f} |"
        )


def memory_table(threads: int) -> Iterator[str]:
    yield "| MiB from the first to the fifth epoch | Rushlight | PyTorch |"
    yield "| --- | --- | --- |"
    cells = []
    for framework in ("rushlight", "torch"):
        with Worker(framework, threads, "loading_worker.py") as worker:
            cells.append(f"{worker.run('memory', 0)['growth']:.1f}")
    yield f"| a list of a million strings, two persistent workers | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one turn")
    options = parser.parse_args()
    for line in table(options.threads, options.rounds, options.seconds):
        print(line, flush=True)
    print()
    for line in memory_table(options.threads):
        print(line, flush=True)


if __name__ == "__main__":
    main()
