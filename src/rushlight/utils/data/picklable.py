"""Naming what keeps a dataset from reaching worker processes that are no forks."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

# A chain of transforms within a dataset is four levels deep.
_DEEPEST = 8


class _Nowhere:
    """A file that forgets what is written to it."""

    def write(self, data: Any) -> int:
        return len(data)


def check_picklable(parts: dict[str, Any], context: Any) -> None:
    """TypeError that names what of a loader's parts cannot be sent to its workers.

    Forks need nothing sent. Other workers are started when the first batch is asked for, by which
    time an error of pickle's says neither where the object is nor what it has to do with a loader.
    """
    import multiprocessing

    # Asking the default context itself for its method would settle the method for the program.
    method = (context or multiprocessing).get_start_method(allow_none=True)
    if (method or multiprocessing.get_all_start_methods()[0]) == "fork":
        return
    for name, part in parts.items():
        error = _error_of(part)
        if error is not None:
            path, culprit, error = _deepest(name, part, error, _DEEPEST)
            raise TypeError(
                f"DataLoader: {path} ({_shortened(culprit)}) cannot be sent to worker processes "
                f"that the method {method!r} starts: {error}. Define it at the top of a module, "
                'or use worker="thread".'
            ) from error


def _error_of(part: Any) -> Exception | None:
    try:
        # Arrays are left out: only whether they can be sent is asked.
        pickle.Pickler(_Nowhere(), protocol=5, buffer_callback=lambda _: False).dump(part)
    except Exception as error:
        return error
    return None


def _deepest(path: str, part: Any, error: Exception, levels: int) -> tuple[str, Any, Exception]:
    """The innermost attribute or item that cannot be pickled either."""
    if levels > 0:
        for name, inner in _inside(part):
            inner_error = _error_of(inner)
            if inner_error is not None:
                return _deepest(path + name, inner, inner_error, levels - 1)
    return path, part, error


def _inside(part: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(part, dict):
        for key, value in part.items():
            yield f"[{key!r}]", value
    elif isinstance(part, (list, tuple)):
        for i, value in enumerate(part):
            yield f"[{i}]", value
    elif not isinstance(part, type):
        for name, value in getattr(part, "__dict__", {}).items():
            yield f".{name}", value


def _shortened(culprit: Any) -> str:
    text = repr(culprit)
    return text if len(text) <= 80 else f"{text[:77]}..."
