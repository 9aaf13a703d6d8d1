"""MATLAB's files, by SciPy."""

from __future__ import annotations

from typing import Any

from ...errors import DataError


def read_mat(path: str, *names: str) -> tuple[Any, ...]:
    """The variables of those names. DataError, which names the file, for others."""
    try:
        from scipy.io import loadmat  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"reading {path} needs SciPy: pip install scipy", name=error.name
        ) from None
    try:
        found = loadmat(path, squeeze_me=True)
        return tuple([found[name] for name in names])
    except FileNotFoundError:
        raise
    except Exception as error:  # of a damaged file it may be any
        raise DataError(f"{path}: no file of MATLAB's with {', '.join(names)} ({error})") from None
