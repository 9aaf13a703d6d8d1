"""Running a program under PyTorch and under Rushlight, and comparing what it prints."""

from __future__ import annotations

import importlib.util
import itertools
import multiprocessing
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

TOLERANCE = 1e-4
FIRST_TOLERANCE = 2e-6

# A number that is not a part of a name, such as the 1 of conv1.
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?(?![\w])")

# The number at its end tells PyTorch's overloads apart: SumBackward1 is a sum over a dimension.
NODE = re.compile(r"(grad_fn=<\w+Backward)\d")


def tolerance_of(source: str) -> float:
    """What a line `# tolerance: 1e-3` of a program's head says, else the usual one."""
    said = re.search(r"^# tolerance: (\S+)", source, re.MULTILINE)
    return float(said.group(1)) if said else TOLERANCE


def is_whole(number: str) -> bool:
    return not any(letter in number for letter in ".eE")


def last_place(number: str) -> float:
    """What one more or less in the last digit is worth: 1.25e-3 was printed to 1e-5."""
    digits, _, exponent = number.lower().partition("e")
    return 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))


def agree(expected: str, found: str, tolerance: float) -> bool:
    """Whole numbers are equal; others as near as the tolerance and the printed digits say."""
    if is_whole(expected) or is_whole(found):
        return expected == found
    allowed = tolerance * max(1.0, abs(float(expected))) + 1.01 * last_place(expected)
    return abs(float(expected) - float(found)) <= allowed


def differences(expected: str, found: str, tolerance: float) -> list[str]:
    """The lines that differ in their text, or in a number by more than the tolerance.

    The first number that is not whole has seen the least arithmetic, and must be right to rounding.
    """
    wrong, first = [], True
    lines = itertools.zip_longest(expected.splitlines(), found.splitlines(), fillvalue="(no line)")
    for place, (line, other) in enumerate(lines, start=1):
        line, other = (NODE.sub(r"\1", text) for text in (line, other))
        numbers, others = NUMBER.findall(line), NUMBER.findall(other)
        same = NUMBER.sub("#", line) == NUMBER.sub("#", other)
        for number, another in zip(numbers, others, strict=False):
            if not same:
                break
            same = agree(number, another, FIRST_TOLERANCE if first else tolerance)
            first = first and is_whole(number)
        if not same:
            wrong.append(f"line {place}: PyTorch printed {line!r}, Rushlight {other!r}")
    return wrong


# ---- running


class Run(NamedTuple):
    """How a program ended, and what it printed."""

    failed: bool
    output: str
    errors: str

    def exception(self) -> str:
        """The name of the exception that ended it: a line of the kind `KeyError: 'a'`."""
        found = re.findall(r"^([A-Za-z_][\w.]*)(?::.*)?$", self.errors, re.MULTILINE)
        return next((name for name in found if name.endswith(("Error", "Exception"))), "")

    def last_line_in(self, program: Path) -> str:
        """The innermost line of the program that the traceback names."""
        frames = re.findall(r'File "(.*)", (line \d+, in .*)', self.errors)
        return [line for file, line in frames if Path(file).name == program.name][-1]


# The script `rushlight`, which imports the package only where the program does.
SCRIPT = "import sys, rushlight_run; sys.exit(rushlight_run.main())"


def under_rushlight(program: Path, arguments: list[str], folder: Path) -> Run:
    command = [sys.executable, "-c", SCRIPT, "run", str(program), *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    return Run(done.returncode != 0, done.stdout, done.stderr)


def under_pytorch(program: Path, arguments: list[str], folder: Path) -> Run:
    """The program in a process that has PyTorch already: its import takes longer than most runs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch"])
    process = context.Process(target=_run_here, args=(str(program), arguments, str(folder)))
    process.start()
    process.join(300)
    assert process.exitcode is not None, f"{program.name} did not end under PyTorch"
    texts = [(folder / name).read_text() for name in ("stdout", "stderr")]
    return Run(process.exitcode != 0, *texts)


def _run_here(program: str, arguments: list[str], folder: str) -> None:
    os.chdir(folder)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT, 0o600), number)
    # What an interpreter of its own would have: its own start of processes, standard files, names.
    multiprocessing.set_start_method(multiprocessing.get_all_start_methods()[0], force=True)
    sys.stdout = open(1, "w", closefd=False)
    sys.stderr = open(2, "w", closefd=False, buffering=1)
    sys.argv = [program, *arguments]
    sys.path.insert(0, str(Path(program).parent))
    import torch

    torch.set_num_threads(1)
    if importlib.util.find_spec("torchvision"):
        # Its build may be one for another PyTorch: no program here uses what it compiles.
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    runpy.run_path(program, run_name="__main__")
