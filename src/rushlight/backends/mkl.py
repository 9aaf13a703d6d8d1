"""Intel's MKL, which is not used."""

from __future__ import annotations


def is_available() -> bool:
    """False: products of matrices are oneDNN's or NumPy's."""
    return False
