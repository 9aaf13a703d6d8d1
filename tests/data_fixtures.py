"""Where tests find real data (RUSHLIGHT_DATA, else ../shared/data), and archives made of bytes."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest


def shared_data(name: str) -> Path:
    """The folder that holds `name` (mnist, fashion-mnist, ...); skips the test without it."""
    default = Path(__file__).parents[2] / "shared" / "data"
    root = Path(os.environ.get("RUSHLIGHT_DATA", default))
    if not (root / name).exists():
        pytest.skip(f"needs {root / name}; set RUSHLIGHT_DATA to the folder that holds it")
    return root


def write_tar(path: Path, files: dict[str, bytes]) -> None:
    """An archive of files with those contents, packed if its name ends in .gz."""
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
