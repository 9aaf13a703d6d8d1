"""Starts Rushlight's command line, and for `rushlight run` Python itself.

A package of its own, as importing `rushlight` takes longer than a program's start may: this one
imports nothing. A program finds `torch` and `torchvision` in the folder `path`, which comes first
on PYTHONPATH: so the processes that it starts find them, too, and a PyTorch that is installed stays
out of it. Their versions stand there in folders `*.egg-info`, as builders of wheels leave out those
of the newer form, `*.dist-info`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import MutableMapping, Sequence

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "path")

USAGE = """\
usage: rushlight run [PYTHON'S OPTIONS] [PROGRAM | -m MODULE | -c CODE | -] [ARGUMENT ...]

Runs a program as Python does, with Rushlight in the place of torch and torchvision, for this
process and those that it starts. Python's own options (-u, -X dev, -W error, ...) may stand before
the program; without one, Python asks for statements.
"""


def main() -> int:
    """The command `rushlight`; returns its exit code."""
    if sys.argv[1:2] == ["run"]:
        return run(sys.argv[2:])
    from rushlight.cli.main import main

    return main()


def run(arguments: Sequence[str]) -> int:
    """Becomes Python, with these arguments; returns only where they are at fault."""
    if arguments[:1] in (["-h"], ["--help"]):
        print(USAGE, end="")
        return 0
    options = interpreter_options()
    refused = ignores_paths([*options, *arguments])
    if refused:
        print(f"rushlight: error: run: Python's option {refused} makes programs ignore PYTHONPATH, "
              "by which they find Rushlight as torch; leave it out", file=sys.stderr)  # fmt: skip
        return 2
    show_on_path(os.environ)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *options, *arguments])


def show_on_path(environment: MutableMapping[str, str]) -> None:
    """Lets Python find `torch` as Rushlight in processes of this environment."""
    others = environment.get("PYTHONPATH", "").split(os.pathsep)
    kept = [path for path in others if path and path != FOLDER]
    environment["PYTHONPATH"] = os.pathsep.join([FOLDER, *kept])


def interpreter_options() -> list[str]:
    """This interpreter's options: `python -O -m rushlight run` means the program with its -O."""
    before = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1]
    if re.fullmatch(r"-[A-VYZa-z]*[mc]", before[-2] if len(before) > 1 else ""):
        letters = before[-2][:-1]  # "-Om rushlight" is "-O -m rushlight"
        return before[:-2] + ([letters] if letters != "-" else [])
    return before[:-1]  # without the script


def ignores_paths(arguments: Sequence[str]) -> str | None:
    """The option of Python's among these that leaves PYTHONPATH unread."""
    rest = iter(arguments)
    for argument in rest:
        if not argument.startswith("-") or argument == "-":
            return None
        if argument.startswith("--"):
            continue
        for i, letter in enumerate(argument[1:], 2):
            if letter in "EI":
                return f"-{letter}"
            if letter in "cm":  # the program
                return None
            if letter in "WX":  # whose value is the rest, or the next argument
                if i == len(argument):
                    next(rest, None)
                break
    return None
