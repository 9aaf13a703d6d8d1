"""Kernels touch their arguments alone, and the same bits come out wherever these lie."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import native_support  # noqa: F401  (skips this file where there is no extension)
import samples

pytest.importorskip("mmap")
FAMILIES = [module.name for module in pkgutil.iter_modules(samples.__path__)]
FAMILIES.remove("core")


def run_between_guards(*arguments: str) -> None:
    """Runs tests/guard_pages.py; a crash is told with the call that led to it."""
    program = Path(__file__).with_name("guard_pages.py")
    result = subprocess.run(
        [sys.executable, str(program), *arguments], capture_output=True, text=True
    )
    lines = result.stdout.splitlines() or ["the start"]
    assert result.returncode == 0, f"in {lines[-1]}:\n{result.stderr[-3000:]}"


@pytest.mark.parametrize("family", [*FAMILIES, "optimizers"])
def test_the_table_between_guard_pages(family: str) -> None:
    run_between_guards("table", family)


@pytest.mark.fuzz
def test_made_up_calls_between_guard_pages(fuzz_seconds: float) -> None:
    run_between_guards("fuzz", str(fuzz_seconds), "0")
