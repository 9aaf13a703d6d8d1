"""No warning of the array library reaches a user, and none of its words or of our internals.

Every row of the table runs on corner values where whatever NumPy would say is an error.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from ops_support import ALL, each, floating_outputs, gradients, maker, run
from samples import Op, Sample, build

CORNERS = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e308, -1e308, 5e-324, -1.5, 2.0**63]
WHOLE_CORNERS = [-(2**63), 2**63 - 1, 0, -1, 1, 2**31]
# What no message says: the array library's names, and those of this one's insides.
WORDS = re.compile(
    r"numpy|ndarray|\bnp\.|\barrays?\b|ufunc|operands?\b.*broadcast|_Hole|\bxp\b|dtype\('|KeyError"
    r"|object has no attribute|NoneType: None|\bkernels?\b(?! size)", re.IGNORECASE,
)  # fmt: skip


@contextmanager
def loud() -> Iterator[None]:
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "size_average and reduce args")
        warnings.filterwarnings("ignore", category=UserWarning)  # PyTorch's own
        yield


@each(ALL)
def test_samples_are_quiet(op: Op, device: str) -> None:
    for sample in op.samples():
        with loud():
            _run_both_ways(op, build(torch, sample, maker(device, gradient=True)))


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@each(ALL)
def test_corner_values_are_quiet(op: Op, dtype: str, device: str) -> None:
    for sample in op.samples():
        with np.errstate(all="ignore"):
            corners = build(torch, sample.map(_cornered), maker(device, True, dtype))
        with loud():
            _refused_or_run(op, corners)


@each([op for op in ALL if op.integers])
def test_corners_of_whole_numbers_are_quiet(op: Op, device: str) -> None:
    for sample in op.samples():
        corners = build(torch, sample.map(_cornered_whole), maker(device))
        with loud():
            _refused_or_run(op, corners)


def _cornered(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
        return np.resize(np.asarray(CORNERS, value.dtype), value.shape)
    return value


def _cornered_whole(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return np.resize(np.asarray(WHOLE_CORNERS), value.shape)
    return value


def _run_both_ways(op: Op, arguments: Sample) -> None:
    result = run(op, arguments)
    if floating_outputs(result) and op.differentiable:
        gradients(op, arguments)


def _refused_or_run(op: Op, arguments: Sample) -> None:
    """Corner values may be refused, in words of ours."""
    try:
        _run_both_ways(op, arguments)
    except (FloatingPointError, Warning):
        raise
    except Exception as error:
        _check_words(error)


@each([op for op in ALL if op.invalid()])
def test_messages_speak_of_tensors(op: Op, device: str) -> None:
    for sample in op.invalid():
        try:
            run(op, build(torch, sample, maker(device, gradient=True)))
        except Exception as error:
            _check_words(error)


def _check_words(error: Exception) -> None:
    found = WORDS.search(str(error))
    assert found is None, f"{type(error).__name__}: {error}"
    assert "\n" not in str(error)
