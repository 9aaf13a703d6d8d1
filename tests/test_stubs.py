"""The stubs: as the declarations have them, and of use to somebody's program."""

from __future__ import annotations

import importlib.util
import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rushlight
from rushlight.ops.declare import places

ROOT = Path(__file__).parent.parent
PROGRAM = Path(__file__).parent / "data" / "typed_program.py"
PACKAGE = Path(rushlight.__file__).parent


def stubs_tool() -> Any:
    spec = importlib.util.spec_from_file_location("stubs", ROOT / "tools" / "stubs.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_stubs_are_current() -> None:
    for path, text in stubs_tool().stubs().items():
        assert path.read_text() == text, f"{path.name} is old: run python tools/stubs.py"


def test_stubs_and_marker_are_installed() -> None:
    for name in ("py.typed", "__init__.pyi", "methods.pyi", "nn/functional.pyi", "special.pyi"):
        assert (PACKAGE / name).is_file(), name


def test_every_declaration_says_what_it_does() -> None:
    methods = stubs_tool().attached()
    for place, names in {**places, "Tensor": methods}.items():
        for name, value in names.items():
            function = value.fget if isinstance(value, property) else value
            assert name.startswith("__") or function.__doc__, f"{place}.{name} has no docstring"
            signature = inspect.signature(function)
            assert signature.return_annotation is not signature.empty, (
                f"{place}.{name} does not say what it returns"
            )
            for parameter in signature.parameters.values():
                assert parameter.annotation is not parameter.empty, f"{place}.{name}: {parameter}"


def checker_environment() -> dict[str, str]:
    """Where checkers find the package: by itself where it is installed, else in the sources."""
    if "site-packages" in PACKAGE.parts:
        return dict(os.environ)
    return {**os.environ, "MYPYPATH": str(PACKAGE.parent), "PYTHONPATH": str(PACKAGE.parent)}


def test_a_program_passes_mypy(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir",
               str(tmp_path), "--follow-imports=silent", str(PROGRAM)]  # fmt: skip
    result = subprocess.run(
        command, capture_output=True, text=True, env=checker_environment(), cwd=tmp_path
    )
    assert result.returncode == 0, result.stdout


def test_a_program_passes_pyright(tmp_path: Path) -> None:
    checker = shutil.which("pyright") or shutil.which("basedpyright")
    if checker is None:
        pytest.skip("neither pyright nor basedpyright is installed")
    command = [checker, "--level", "error", str(PROGRAM)]
    result = subprocess.run(
        command, capture_output=True, text=True, env=checker_environment(), cwd=tmp_path
    )
    assert result.returncode == 0, result.stdout


def test_the_program_runs() -> None:
    subprocess.run([sys.executable, str(PROGRAM)], check=True, capture_output=True)
