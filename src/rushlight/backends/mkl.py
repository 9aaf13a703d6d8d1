"""Intel's MKL, which is not used."""

from __future__ import annotations

VERBOSE_OFF = 0
VERBOSE_ON = 1


def is_available() -> bool:
    """False: products of matrices are oneDNN's or NumPy's."""
    return False


class verbose:
    """For a `with`: prints nothing, as no library that could is called."""

    def __init__(self, enable: int) -> None:
        self.enable = enable

    def __enter__(self) -> verbose:
        return self

    def __exit__(self, *error: object) -> None:
        pass
