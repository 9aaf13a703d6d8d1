"""Programs that say `import torch` print under Rushlight what they print under PyTorch."""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import re
from pathlib import Path

import program_support as support
import pytest

FOLDER = Path(__file__).parents[1] / "programs"
PROGRAMS = {path.stem: path for path in sorted(FOLDER.glob("*.py"))}
FAILING = {path.stem: path for path in sorted((FOLDER / "failing").glob("*.py"))}
# Trainings of 100 steps, the first of them in every run.
LONG = [name for name in PROGRAMS if name.endswith("_long")]


def both(program: Path, tmp_path: Path, arguments: list[str]) -> list[support.Run]:
    for package, name in (("torchvision", "torchvision"), ("PIL", "Pillow")):
        if package in program.read_text() and importlib.util.find_spec(package) is None:
            pytest.skip(f"{name} is not installed")
    runs = []
    for run in (support.under_pytorch, support.under_rushlight):
        folder = tmp_path / run.__name__
        folder.mkdir()
        runs.append(run(program, arguments, folder))
    return runs


def assert_same_output(program: Path, tmp_path: Path, *arguments: str) -> None:
    theirs, ours = both(program, tmp_path, list(arguments))
    assert not theirs.failed, f"PyTorch fails: {theirs.errors}"
    assert not ours.failed, ours.errors
    tolerance = support.tolerance_of(program.read_text())
    wrong = support.differences(theirs.output, ours.output, tolerance)
    assert theirs.output.strip() and not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", PROGRAMS)
def test_prints_the_same(name: str, tmp_path: Path) -> None:
    assert_same_output(PROGRAMS[name], tmp_path, *(["--steps", "12"] if name in LONG else []))


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_prints_the_same_for_all_steps(name: str, tmp_path: Path) -> None:
    assert_same_output(PROGRAMS[name], tmp_path)


def exception_class(name: str) -> type:
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(module) if module else builtins, last)


@pytest.mark.parametrize("name", FAILING)
def test_fails_alike(name: str, tmp_path: Path) -> None:
    """At the same line of the program, with the exception of PyTorch's type; no frame of ours."""
    program = FAILING[name]
    theirs, ours = both(program, tmp_path, [])
    assert theirs.failed and ours.failed
    assert not support.differences(theirs.output, ours.output, support.TOLERANCE)
    assert ours.last_line_in(program) == theirs.last_line_in(program)
    assert Path(re.findall(r'File "(.*)", line', ours.errors)[-1]).name == program.name
    assert ours.exception() == theirs.exception()


def test_corpus() -> None:
    assert len(PROGRAMS) >= 40


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("loss 1.25", "loss 1.27"), ("3 of 5", "4 of 5"), ("a 1.0", "b 1.0"), ("1.0", "1.0\n2.0"),
        ("first 0.123456", "first 0.123461"), ("x nan", "x 1.0"), ("0.5\n100.0", "0.5\n100.2"),
    ],
)  # fmt: skip
def test_what_differs_is_found(expected: str, found: str) -> None:
    assert support.differences(expected, found, 1e-4)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("loss 1.25", "loss 1.26"), ("0.5\n0.123456", "0.5\n0.123459"), ("conv1 nan", "conv1 nan"),
        ("1.0\n1.2345e-05", "1.0\n1.23449e-05"), ("1.0 100.004", "1.0 100.01"),
    ],
)  # fmt: skip
def test_rounding_is_no_difference(expected: str, found: str) -> None:
    assert not support.differences(expected, found, 1e-4)
