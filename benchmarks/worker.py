"""One framework in a process of its own, told by lines of JSON what to run.

`{"case": name, "compiled": c, "seconds": s}` runs a case's steps for about that long, compiled or
not, and answers with the mean time of a step in seconds and the process's peak memory in MiB. The
case is set up when first named; for a compiled one, the answer also has the times that recording it
took: the first time in the process, and the median of later ones.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from functools import partial
from importlib import import_module
from typing import Any

from cases import ALL


def main() -> None:
    torch = import_module(sys.argv[1])
    torch.set_num_threads(int(sys.argv[2]))
    steps: dict[str, Any] = {}
    print(json.dumps({"ready": torch.__version__}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        key = (request["case"], request["compiled"])
        if key not in steps:
            steps[key] = prepared(torch, *key)
        step, recordings = steps[key]
        answer = {"seconds": timed(step, request["seconds"]), "recordings": recordings}
        answer["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(answer), flush=True)


def prepared(torch: Any, name: str, compiled: bool) -> tuple[Any, tuple[float, ...]]:
    """A case's step without arguments, warm; and what recording it took at first and later."""
    function, arguments = ALL[name](torch)
    for _ in range(3):
        function(*arguments)
    if not compiled:
        return partial(function, *arguments), ()
    recordings = []
    for _ in range(10):
        replayed = torch.compile(function)
        start = time.perf_counter()
        replayed(*arguments)
        recordings.append(time.perf_counter() - start)
    for _ in range(2):  # the first confirms the record
        replayed(*arguments)
    return partial(replayed, *arguments), (recordings[0], statistics.median(recordings[1:]))


def timed(step: Any, budget: float) -> float:
    """The mean time of a step over about `budget` seconds."""
    start = time.perf_counter()
    step()
    once = time.perf_counter() - start
    count = max(1, int(budget / max(once, 1e-7)))
    if once < 1e-4:  # too short for one call to say how many fit
        start = time.perf_counter()
        for _ in range(100):
            step()
        count = max(100, int(budget / ((time.perf_counter() - start) / 100)))
    start = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - start) / count


if __name__ == "__main__":
    main()
