"""What the comparisons share: processes that examine one entry after another, and the table."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import re
import time
import warnings
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import numpy
import torch

import rushlight

SECONDS = 300  # for an entry
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "conformance.md"

# Of the name of an entry and a limit to its samples: what was found, by part.
Examine = Callable[[str, int | None], dict[str, dict[str, Any]]]


def run(
    description: str,
    names: Iterable[str],
    examine: Examine,
    show: Callable[[dict[str, dict[str, Any]]], None],
) -> int:
    """The command line of a comparison; its exit status."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--only", default="", help="entries whose name has this in it")
    parser.add_argument("--samples", type=int, help="of an entry in a dtype; all where not given")
    parser.add_argument("--report", type=Path, help="a file for the findings, as JSON")
    parser.add_argument("--passing", type=Path, help="a file for the names of what passes")
    parser.add_argument("--check", type=Path, help="a file of names of entries that must pass")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.check:
        names = arguments.check.read_text().splitlines()
    names = [name for name in names if arguments.only in name]
    found = dict(examined(names, examine, arguments.workers, arguments.samples))
    found = {name: found[name] for name in names}
    if arguments.report:
        arguments.report.write_text(json.dumps(found, indent=1) + "\n")
    passing = [name for name in names if not failures(found[name])]
    if arguments.passing:
        arguments.passing.write_text("\n".join(sorted(passing)) + "\n")
    show(found)
    for name in names:
        for part, finding in failures(found[name]).items():
            print(f"{name}, {part}: {finding[:300]}")
    return int(bool(arguments.check) and len(passing) < len(names))


def left_out() -> set[str]:
    """The entries that the document names under "Left out", each with its reason there."""
    section = DOCUMENT.read_text().partition("## Left out")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*`) \|", section, re.MULTILINE)
    return {name for row in rows for name in re.findall("`([^`]+)`", row)}


def tally(findings: Iterable[str | None]) -> dict[str, Any]:
    """How many samples were compared, left out and found different, and the first such.

    A finding is "" where both frameworks agree, a sentence where they do not, and None where there
    is nothing to compare.
    """
    counts: dict[str, Any] = {"compared": 0, "failed": 0, "left_out": 0, "first": ""}
    for finding in findings:
        counts["left_out" if finding is None else "compared"] += 1
        if finding:
            counts["failed"] += 1
            counts["first"] = counts["first"] or finding
    return counts


def told(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"


# ---- processes


class Worker:
    """A process that examines one entry after another, and is replaced when an entry ends it or
    takes too long, so that no entry holds up the others."""

    def __init__(self, examine: Examine, samples: int | None) -> None:
        self.examine = examine
        self.samples = samples
        self.name = ""
        self.start()

    def start(self) -> None:
        self.pipe, end = multiprocessing.Pipe()
        given = (end, self.examine, self.samples)
        self.process = multiprocessing.Process(target=serve, args=given, daemon=True)
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
        return {"forward": tally([reason])}


def serve(pipe: Any, examine: Examine, samples: int | None) -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rushlight.set_num_threads(1)
    while True:
        name = pipe.recv()
        random.seed(0)
        numpy.random.seed(0)
        pipe.send(examine(name, samples))


def examined(
    names: list[str], examine: Examine, workers: int, samples: int | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    queue = deque(names)
    running = [Worker(examine, samples) for _ in range(min(workers, len(names)))]
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


def print_table(
    found: dict[str, dict[str, Any]],
    parts: tuple[str, ...],
    by_unit: Iterable[str],
    group: Callable[[str], str],
) -> None:
    """How much passed, by group of entries: entries, or inputs in the parts `by_unit`."""
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for name, findings in found.items():
        for row in (rows[group(name)], rows["all"]):
            row["entries"] += 1
            row["missing"] += "missing" in findings
            row["passed"] += not failures(findings)
            for part, counts in findings.items():
                whole = part not in by_unit
                row[part] += bool(counts["compared"]) if whole else counts["compared"]
                row["failed " + part] += bool(counts["failed"]) if whole else counts["failed"]
                row["left out"] += counts["left_out"]
    columns = ("entries", "missing", "passed", "left out")
    print(f"{'':28}" + "".join(f"{c:>10}" for c in columns) + "".join(f"{p:>11}" for p in parts))
    for title, counts in rows.items():
        shown = (f"{counts[p] - counts['failed ' + p]}/{counts[p]}" for p in parts)
        print(f"{title:28}" + "".join(f"{counts[c]:10}" for c in columns)
              + "".join(f"{p:>11}" for p in shown))  # fmt: skip
