"""Prints how many mel spectrograms a second are made: `python benchmarks/audio.py`.

As `compare.py` does, with Rushlight, PyTorch and librosa in a process of its own each, in turn, on
one thread and in processor time. Needs an interpreter with both packages (`make bench` makes one)
and `pip install librosa`.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from contextlib import ExitStack

from compare import Worker, spread

BATCHES = (1, 32)
LIBRARIES = ("rushlight", "torch", "librosa")


def table(rounds: int, seconds: float) -> Iterator[str]:
    yield (
        "| mel spectrograms a second | Rushlight | PyTorch | librosa | over PyTorch's time "
        "(spread) | over librosa's |"
    )
    yield "| --- | --- | --- | --- | --- | --- |"
    for batch in BATCHES:
        with ExitStack() as stack:
            workers = [
                stack.enter_context(Worker(name, 1, "audio_worker.py")) for name in LIBRARIES
            ]
            turns = [
                [worker.run(str(batch), seconds)["seconds"] for worker in workers]
                for _ in range(rounds)
            ]
        rates = [f"{1 / statistics.median(times):,.0f}" for times in zip(*turns, strict=True)]
        ratios = [spread([turn[0] / turn[peer] for turn in turns]) for peer in (1, 2)]
        yield f"| of 1 s at 16 kHz, batches of {batch} | {' | '.join([*rates, *ratios])} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5, help="of one turn")
    options = parser.parse_args()
    for line in table(options.rounds, options.seconds):
        print(line, flush=True)


if __name__ == "__main__":
    main()
