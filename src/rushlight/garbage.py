"""Python's garbage collection while the package is imported."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No collection meanwhile.

    An import makes a hundred thousand objects, none of them garbage: to look through them again and
    again takes a sixth of its time, and to do it once at the end a tenth. To freeze and unfreeze
    them puts them among the old objects without a look.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if gc.get_freeze_count() == 0:  # or the program's own would be unfrozen
                gc.freeze()
                gc.unfreeze()
            gc.enable()
