"""Random indices through Rushlight and PyTorch: reading, writing, adding, and their gradients."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

import rushlight
from index_support import Case, as_tensors, cases

# PyTorch's words for what cannot be indexed so; ours may say more.
ERRORS = (IndexError, RuntimeError, ValueError, TypeError)


def both(case: Case, action: Any) -> None:
    """What `action(library)` gives, a list of tensors, is the same; or both refuse.

    An index may have several faults, of which either library names the one that it finds first.
    """
    results = []
    for library in (rushlight, torch):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecated, and done all the same
            try:
                results.append([t.detach().numpy().copy() for t in action(library)])
            except ERRORS as error:
                results.append(error)
    ours, theirs = results
    if "only supports boolean masks" in str(theirs):
        return  # PyTorch takes masks of uint8 but for one value
    if isinstance(ours, IndexError) and not isinstance(theirs, Exception) and not theirs[0].size:
        return  # PyTorch lets an index be out of range where nothing is picked
    if isinstance(theirs, Exception):
        assert isinstance(ours, Exception), f"{case}: no error, but {theirs!r}"
        assert "\n" not in str(ours), f"{case}: {ours}"
        return
    assert not isinstance(ours, Exception), f"{case}: {ours!r}"
    for mine, its in zip(ours, theirs, strict=True):
        assert mine.shape == its.shape, f"{case}: {mine.shape}, but {its.shape}"
        np.testing.assert_array_equal(mine, its, err_msg=str(case))


def tensor(library: Any, array: Any, gradient: bool = False) -> Any:
    made = library.from_numpy(array.copy("K"))
    return made.requires_grad_() if gradient else made


@pytest.mark.fuzz
def test_reading(fuzz_seconds: float) -> None:
    for case in cases(fuzz_seconds):
        dtype = case.random.choice(["f4", "f8", "i8", "u1", "c16"])
        x, weights = case.array(dtype), case.random.integers(-9, 10, 200).astype("f8")

        def read(library: Any, case: Case = case, x: Any = x, weights: Any = weights) -> Any:
            gradient = x.dtype.kind == "f"
            source = tensor(library, x, gradient)
            result = source[as_tensors(case.index, library)]
            if not gradient or not 0 < len(result.reshape(-1)) <= 200:
                return [result]
            weight = library.from_numpy(weights[: len(result.reshape(-1))])
            (result.reshape(-1) * weight).sum().backward()
            return [result, source.grad]

        both(case, read)


@pytest.mark.fuzz
def test_writing(fuzz_seconds: float) -> None:
    for case in cases(fuzz_seconds):
        dtype = case.random.choice(["f4", "f8", "i8", "u1", "bool"])
        x = case.array(dtype)
        try:
            value = case.value(case.named().shape, dtype)
        except (IndexError, ValueError):
            value = 1.0
        weights = case.random.integers(-9, 10, x.shape).astype("f8")
        if dtype == "u1" and isinstance(value, float):
            value = abs(value)

        def write(
            library: Any, case: Case = case, x: Any = x, value: Any = value, weights: Any = weights
        ) -> Any:
            gradient = x.dtype.kind == "f"
            source = tensor(library, x, gradient)
            given = value if isinstance(value, float) else tensor(library, value, gradient)
            target = source * 1 if gradient else source
            target[as_tensors(case.index, library)] = given
            if not gradient:
                return [target]
            (target * library.from_numpy(weights)).sum().backward()
            given_grad = [] if isinstance(given, float) or given.grad is None else [given.grad]
            return [target, source.grad, *given_grad]

        both(case, write)


@pytest.mark.fuzz
@pytest.mark.parametrize("accumulate", [False, True])
def test_index_put(fuzz_seconds: float, accumulate: bool) -> None:
    for case in cases(fuzz_seconds / 2):
        parts = case.index if isinstance(case.index, tuple) else (case.index,)
        parts = tuple(part for part in parts if isinstance(part, np.ndarray))
        case.index = parts
        x = case.array("f8")
        try:
            value = case.value(case.named().shape, "f8")
        except (IndexError, ValueError):
            value = np.ones((), "f8")
        if isinstance(value, float):
            value = np.array(value)
        weights = case.random.integers(-9, 10, x.shape).astype("f8")

        def put(
            library: Any, case: Case = case, x: Any = x, value: Any = value, weights: Any = weights
        ) -> Any:
            source, given = tensor(library, x, True), tensor(library, value, True)
            index = as_tensors(case.index, library)
            target = source.index_put(index, given, accumulate)
            (target * library.from_numpy(weights)).sum().backward()
            return [target, source.grad, given.grad]

        if parts and all(part.ndim for part in parts):
            both(case, put)
