"""The example of spoken digits, on the real recordings where they are."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

pytest.importorskip("soundfile")
ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("RUSHLIGHT_DATA", ROOT.parent / "shared" / "data")) / "spoken-digits"


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the recordings are not in {DATA}")
def test_spoken_digits() -> None:
    """95% at least of recordings of known speakers; another speaker is harder."""
    path = ROOT / "examples" / "spoken_digits.py"
    spec = importlib.util.spec_from_file_location("spoken_digits", path)
    assert spec is not None and spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    assert example.train(DATA) >= 0.95
    assert example.train(DATA, "theo", epochs=20) >= 0.6
