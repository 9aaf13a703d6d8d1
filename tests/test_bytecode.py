"""What is compiled at import is kept for later ones, as Python keeps bytecode."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# Prints how many entries the import has compiled.
COUNTING = """
import builtins
compiled, original = [], builtins.compile
def counting(source, file, *rest, **options):
    compiled.append(file)
    return original(source, file, *rest, **options)
builtins.compile = counting
import rushlight
print(compiled.count("<entry>"))
assert rushlight.add(rushlight.ones(1), 2).item() == 3
assert rushlight.ones(2, 3).sum(axis=1).tolist() == [3, 3]
"""


def compiled_at_import(folder: Path, **environment: str) -> int:
    given = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    given |= {"PYTHONPYCACHEPREFIX": str(folder)} | environment
    found = subprocess.run(
        [sys.executable, "-c", COUNTING], env=given, capture_output=True, text=True, check=True
    )
    assert not found.stderr
    return int(found.stdout)


def kept_in(folder: Path) -> list[Path]:
    return list(folder.rglob("*.entries*"))


def test_a_second_import_compiles_no_entry(tmp_path):
    assert compiled_at_import(tmp_path) > 100
    [kept] = kept_in(tmp_path)
    assert compiled_at_import(tmp_path) == 0
    whole = kept.read_bytes()
    for damaged in (whole[:1000], b"no code"):
        kept.write_bytes(damaged)
        assert compiled_at_import(tmp_path) > 100
        assert kept_in(tmp_path) == [kept]
        assert kept.stat().st_size == len(whole)


def test_python_may_be_told_to_write_no_bytecode(tmp_path):
    assert compiled_at_import(tmp_path, PYTHONDONTWRITEBYTECODE="1") > 100
    assert not kept_in(tmp_path)


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "file").touch()
    assert compiled_at_import(tmp_path / "file") > 100


def test_garbage_is_collected_again_after_the_import():
    for before in ("enable", "disable"):
        program = f"import gc; gc.{before}(); import rushlight; print(gc.isenabled())"
        found = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        assert found.stdout.strip() == str(before == "enable")
