"""Little programs about modules against PyTorch's: what they show, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import container_programs  # noqa: F401  they add theirs to PROGRAMS
import hook_programs  # noqa: F401
import nn_utils_programs  # noqa: F401
import rushlight
from module_programs import PROGRAMS, run


def same(ours: Any, theirs: Any, path: str) -> None:
    """Numbers may differ by rounding; all else may not."""
    if isinstance(theirs, (list, tuple)) and isinstance(ours, (list, tuple)):
        assert len(ours) == len(theirs), f"{path}: {ours} instead of {theirs}"
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            same(one, other, f"{path}.{number}")
    elif isinstance(theirs, float):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5, err_msg=path)
    else:
        assert ours == theirs, path


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_program(program: Any) -> None:
    same(run(rushlight, program), run(torch, program), program.__name__)
