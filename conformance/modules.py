"""Holds Rushlight's modules against PyTorch's own database of them.

`python conformance/modules.py` runs the samples of every entry of `module_db` through both
frameworks: initial parameters and `repr`, forward and gradients in training and in evaluation, with
non-contiguous inputs and in other dtypes, `state_dict` of either side loaded into the other,
copies, recorded and replayed on other data, and the errors that it lists. The options are those of
`operators.py`.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from harness import print_table, run
from module_checks import PARTS, findings_of
from torch.testing._internal.common_modules import module_db


def main() -> int:
    return run(__doc__.split("\n")[0], list(entries()), examine, show)


@cache
def entries() -> dict[str, Any]:
    return {info.name: info for info in module_db}


def examine(name: str, samples: int | None) -> dict[str, dict[str, Any]]:
    return findings_of(entries()[name], samples)


def show(found: dict[str, dict[str, Any]]) -> None:
    print("Passed of compared: entries; under `errors` the inputs, under `dtypes` the dtypes.")
    print_table(found, PARTS, ("errors", "dtypes"), lambda name: "nn")


if __name__ == "__main__":
    sys.exit(main())
