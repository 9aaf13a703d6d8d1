"""Holds Rushlight's operators against PyTorch's own database of them.

`python conformance/operators.py` runs the samples of every entry of `op_db` (it comes with PyTorch)
through both frameworks: forward in float32 and every other dtype that the entry names, gradients,
method, in-place form, operator and `out=`, and the errors that it lists. It prints what passed per
namespace, and writes the findings to `--report`. `--passing FILE` writes the names of the entries
that pass whole, and `--check FILE` fails where one of the entries that a file names does not.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import re
import sys
import time
import warnings
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import numpy
import torch
from checks import PARTS, findings_of
from entries import entries

import rushlight

SECONDS = 120  # for an entry
UNITS = {"errors": "inputs", "dtypes": "dtypes"}  # what a part counts, where it is not entries
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "conformance.md"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="entries whose name has this in it")
    parser.add_argument("--samples", type=int, help="of an entry in a dtype; all where not given")
    parser.add_argument("--report", type=Path, help="a file for the findings, as JSON")
    parser.add_argument("--passing", type=Path, help="a file for the names of what passes")
    parser.add_argument("--check", type=Path, help="a file of names of entries that must pass")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    names = [name for name in entries() if name not in left_out()]
    if arguments.check:
        names = arguments.check.read_text().split()
    names = [name for name in names if arguments.only in name]
    found = dict(examined(names, arguments.workers, arguments.samples))
    found = {name: found[name] for name in names}
    if arguments.report:
        arguments.report.write_text(json.dumps(found, indent=1) + "\n")
    passing = [name for name in names if not failures(found[name])]
    if arguments.passing:
        arguments.passing.write_text("\n".join(sorted(passing)) + "\n")
    print_table(found)
    for name in names:
        for part, finding in failures(found[name]).items():
            print(f"{name}, {part}: {finding[:300]}")
    return int(bool(arguments.check) and len(passing) < len(names))


def left_out() -> set[str]:
    """The entries that the document names under "Left out", each with its reason there."""
    section = DOCUMENT.read_text().partition("## Left out")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*`) \|", section, re.MULTILINE)
    return {name for row in rows for name in re.findall("`([^`]+)`", row)}


# ---- processes


class Worker:
    """A process that examines one entry after another, and is replaced when an entry ends it or
    takes too long, so that no entry holds up the others."""

    def __init__(self, samples: int | None) -> None:
        self.samples = samples
        self.name = ""
        self.start()

    def start(self) -> None:
        self.pipe, end = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=serve, args=(end, self.samples), daemon=True)
        self.process.start()
        end.close()

    def take(self, queue: deque[str]) -> None:
        self.name = queue.popleft() if queue else ""
        if self.name:
            self.deadline = time.monotonic() + SECONDS
            self.pipe.send(self.name)

    def finding(self) -> dict[str, Any] | None:
        """What was found in the entry; None while it runs."""
        try:
            if self.pipe.poll():
                return self.pipe.recv()
            if time.monotonic() < self.deadline:
                return None
            reason = f"takes longer than {SECONDS} seconds"
        except EOFError:
            reason = "ends the process"
        self.process.kill()
        self.process.join()
        self.start()
        return {"forward": {"compared": 1, "failed": 1, "left_out": 0, "first": reason}}


def serve(pipe: Any, samples: int | None) -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rushlight.set_num_threads(1)
    while True:
        name = pipe.recv()
        random.seed(0)
        numpy.random.seed(0)
        pipe.send(findings_of(entries()[name], samples))


def examined(
    names: list[str], workers: int, samples: int | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    queue = deque(names)
    running = [Worker(samples) for _ in range(min(workers, len(names)))]
    for worker in running:
        worker.take(queue)
    while any(worker.name for worker in running):
        wait([worker.pipe for worker in running if worker.name], timeout=1)
        for worker in running:
            if worker.name and (finding := worker.finding()) is not None:
                yield worker.name, finding
                worker.take(queue)


# ---- the table


def failures(found: dict[str, Any]) -> dict[str, str]:
    """What is wrong with an entry, by part; nothing where it passes."""
    return {part: tally["first"] for part, tally in found.items() if tally["failed"]}


def print_table(found: dict[str, dict[str, Any]]) -> None:
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for name, parts in found.items():
        space = name.rpartition(".")[0] or "torch and Tensor"
        for row in (rows[space], rows["all"]):
            row["entries"] += 1
            row["missing"] += "missing" in parts
            row["passed"] += not failures(parts)
            for part, tally in parts.items():
                whole = part not in UNITS
                row[part] += bool(tally["compared"]) if whole else tally["compared"]
                row["failed " + part] += bool(tally["failed"]) if whole else tally["failed"]
                row["left out"] += tally["left_out"]
    print("Passed of compared: entries; under `errors` the inputs, under `dtypes` the dtypes.")
    columns = ("entries", "missing", "passed", "left out")
    print(f"{'':28}" + "".join(f"{c:>10}" for c in columns) + "".join(f"{p:>11}" for p in PARTS))
    for space, counts in rows.items():
        parts = (f"{counts[p] - counts['failed ' + p]}/{counts[p]}" for p in PARTS)
        print(f"{space:28}" + "".join(f"{counts[c]:10}" for c in columns)
              + "".join(f"{p:>11}" for p in parts))  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
