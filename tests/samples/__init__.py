"""The sample table: one row per operation, in a file per family, stems as in `rushlight/ops/`.

A family's file holds `ops`, a list of rows. Whatever file is added here is part of the table.
"""

from __future__ import annotations

import importlib
import pkgutil

from .core import (
    Fixed,
    Invalid,
    Named,
    Op,
    Sample,
    Table,
    Values,
    as_numpy,
    build,
    outputs,
    resolve,
)

__all__ = [
    "Fixed", "Invalid", "Named", "Op", "Sample", "Values", "as_numpy", "build", "outputs",
    "resolve", "table",
]  # fmt: skip

table = Table()
for _module in pkgutil.iter_modules(__path__):
    if _module.name != "core":
        table.add(importlib.import_module(f"{__name__}.{_module.name}").ops)
