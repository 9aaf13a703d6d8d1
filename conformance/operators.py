"""Holds Rushlight's operators against PyTorch's own database of them.

`python conformance/operators.py` runs the samples of every entry of `op_db` (it comes with PyTorch)
through both frameworks: forward in float32 and every other dtype that the entry names, gradients,
method, in-place form, operator and `out=`, and the errors that it lists. It prints what passed per
namespace, and writes the findings to `--report`. `--passing FILE` writes the names of the entries
that pass whole, and `--check FILE` fails where one of the entries that a file names does not.
"""

from __future__ import annotations

import sys
from typing import Any

from checks import PARTS, findings_of
from entries import entries
from harness import left_out, print_table, run


def main() -> int:
    names = [name for name in entries() if name not in left_out()]
    return run(__doc__.split("\n")[0], names, examine, show)


def examine(name: str, samples: int | None) -> dict[str, dict[str, Any]]:
    return findings_of(entries()[name], samples)


def show(found: dict[str, dict[str, Any]]) -> None:
    print("Passed of compared: entries; under `errors` the inputs, under `dtypes` the dtypes.")
    print_table(found, PARTS, ("errors", "dtypes"), namespace)


def namespace(name: str) -> str:
    return name.rpartition(".")[0] or "torch and Tensor"


if __name__ == "__main__":
    sys.exit(main())
