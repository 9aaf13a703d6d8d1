"""The example of spoken digits, on the real recordings where they are."""

from __future__ import annotations

import pytest

from data_fixtures import shared_data
from example_programs import load_example

pytest.importorskip("soundfile")


@pytest.mark.slow
def test_spoken_digits() -> None:
    """95% at least of recordings of known speakers; another speaker is harder."""
    recordings = shared_data("spoken-digits") / "spoken-digits"
    train = load_example("spoken_digits").train
    assert train(recordings) >= 0.95
    assert train(recordings, "theo", epochs=20) >= 0.6
