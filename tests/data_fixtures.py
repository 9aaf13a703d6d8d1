"""Where tests find real data: the folder RUSHLIGHT_DATA, else ../shared/data of the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_data(name: str) -> Path:
    """The folder that holds `name` (mnist, fashion-mnist, ...); skips the test without it."""
    default = Path(__file__).parents[2] / "shared" / "data"
    root = Path(os.environ.get("RUSHLIGHT_DATA", default))
    if not (root / name).exists():
        pytest.skip(f"needs {root / name}; set RUSHLIGHT_DATA to the folder that holds it")
    return root
