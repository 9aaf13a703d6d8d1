"""`testing` beside PyTorch's: the same verdicts, in the same words, and the same random tensors."""

from __future__ import annotations

import collections
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight
import rushlight.testing

torch = pytest.importorskip("torch")

CASES: dict[str, Callable[[Any], tuple[Any, Any, dict[str, Any]]]] = {
    "equal": lambda t: (t.ones(2), t.ones(2), {}),
    "close": lambda t: (t.tensor([1.0, 2.0]), t.tensor([1.0, 2.000001]), {}),
    "one off": lambda t: (t.tensor([1.0, 2.0, 3.0]), t.tensor([1.0, 2.0, 4.0]), {}),
    "two of four": lambda t: (t.tensor([[1.0, 2], [3, 4]]), t.tensor([[1.5, 2], [3, 9]]), {}),
    "zero expected": lambda t: (t.tensor([1.0, 2.0]), t.tensor([0.0, 2.0]), {}),
    "nan": lambda t: (t.tensor([math.nan]), t.tensor([math.nan]), {}),
    "equal nan": lambda t: (t.tensor([math.nan]), t.tensor([math.nan]), {"equal_nan": True}),
    "infinities": lambda t: (t.tensor([math.inf, -math.inf]), t.tensor([math.inf, math.inf]), {}),
    "scalar": lambda t: (t.tensor(1.5), t.tensor(2.0), {}),
    "scalar zero": lambda t: (t.tensor(1.5), t.tensor(0.0), {}),
    "whole numbers": lambda t: (t.tensor([1, 5, 3]), t.tensor([1, 2, 3]), {}),
    "bytes": lambda t: (t.tensor([1, 250], dtype=t.uint8), t.tensor([1, 0], dtype=t.uint8), {}),
    "masks": lambda t: (t.tensor([True, False]), t.tensor([True, True]), {}),
    "half": lambda t: (t.tensor([1.0]).half(), t.tensor([1.01]).half(), {}),
    "bfloat16": lambda t: (t.tensor([1.0]).bfloat16(), t.tensor([1.01]).bfloat16(), {}),
    "complex": lambda t: (t.tensor([1 + 1j]), t.tensor([1 + 2j]), {}),
    "tolerances": lambda t: (t.tensor([1.0]), t.tensor([1.5]), {"rtol": 0.1, "atol": 0.1}),
    "exact": lambda t: (t.tensor([1.0]), t.tensor([1.00001]), {"rtol": 0, "atol": 0}),
    "rtol alone": lambda t: (t.tensor([1.0]), t.tensor([1.0]), {"rtol": 0}),
    "atol alone": lambda t: (1.0, 1.0, {"atol": 0}),
    "shapes": lambda t: (t.ones(2), t.ones(3), {}),
    "dtypes": lambda t: (t.ones(2), t.ones(2).double(), {}),
    "dtypes unchecked": lambda t: (t.ones(2), t.ones(2).double() + 1, {"check_dtype": False}),
    "unsigned": lambda t: (t.ones(2).to(t.uint16), t.ones(2).long() + 1, {"check_dtype": False}),
    "strides": lambda t: (t.ones(2, 3), t.ones(3, 2).t(), {"check_stride": True}),
    "strides unchecked": lambda t: (t.ones(2, 3), t.ones(3, 2).t(), {}),
    "devices": lambda t: (t.ones(2), t.ones(2, device="meta"), {}),
    "without memory": lambda t: (t.ones(2), t.zeros(2, device="meta"), {"check_device": False}),
    "layouts": lambda t: (t.eye(2), t.eye(2).to_sparse(), {}),
    "layouts unchecked": lambda t: (t.eye(2), 2 * t.eye(2).to_sparse(), {"check_layout": False}),
    "coordinates": lambda t: (t.eye(2).to_sparse(), t.eye(2).flip(0).to_sparse(), {}),
    "coordinate values": lambda t: (t.eye(2).to_sparse(), (2 * t.eye(2)).to_sparse(), {}),
    "coordinate count": lambda t: (t.eye(2).to_sparse(), t.ones(2, 2).to_sparse(), {}),
    "rows": lambda t: (t.eye(2).to_sparse_csr(), t.eye(2).flip(0).to_sparse_csr(), {}),
    "row values": lambda t: (t.eye(2).to_sparse_csr(), (2 * t.eye(2)).to_sparse_csr(), {}),
    "columns": lambda t: (t.eye(2).to_sparse_csc(), t.ones(2, 2).to_sparse_csc(), {}),
    "empty": lambda t: (t.zeros(0), t.zeros(0), {}),
    "gradients": lambda t: (t.ones(2, requires_grad=True) * 2, t.ones(2), {}),
    "numbers": lambda t: (1.0, 1.5, {}),
    "number zero": lambda t: (1.0, 0.0, {}),
    "whole number": lambda t: (3, 4, {}),
    "number types": lambda t: (1, 1.0, {}),
    "number types unchecked": lambda t: (1, 1.5, {"check_dtype": False}),
    "complex number": lambda t: (1j, 2j, {}),
    "infinite number": lambda t: (math.inf, 1.0, {}),
    "nan number": lambda t: (math.nan, math.nan, {}),
    "equal nan number": lambda t: (math.nan, math.nan, {"equal_nan": True}),
    "numpy numbers": lambda t: (np.float32(1), np.float32(2), {}),
    "arrays": lambda t: (np.ones(2, np.float32), np.zeros(2, np.float32), {}),
    "booleans": lambda t: (True, False, {}),
    "numpy boolean": lambda t: (np.bool_(True), True, {}),
    "none": lambda t: (None, None, {}),
    "none and number": lambda t: (None, 1, {}),
    "lists": lambda t: ([t.ones(1), [2.0]], [t.ones(1), [3.0]], {}),
    "list and tuple": lambda t: ([t.ones(1)], (t.ones(1),), {}),
    "lengths": lambda t: ([1, 2], [1], {}),
    "nested lengths": lambda t: ([[1, 2]], [[1]], {}),
    "mappings": lambda t: ({"a": t.ones(1), "b": 1}, {"b": 2, "a": t.ones(1)}, {}),
    "mapping order": lambda t: (collections.OrderedDict(a=1, b=2), {"b": 2, "a": 1}, {}),
    "keys": lambda t: ({"a": 1, "b": 1}, {"c": 1, "b": 2}, {}),
    "keys of two kinds": lambda t: ({"a": 1, 2: 1}, {2: 1, "a": 2}, {}),
    "values and structure": lambda t: ([1, [1]], [2, [1, 2]], {}),
    "strings": lambda t: ("ab", "ab", {}),
    "tensor and number": lambda t: (t.tensor(1.0), 1.0, {}),
    "tensor and list": lambda t: (t.ones(1), [1.0], {}),
    "objects": lambda t: (len, len, {}),
    "message": lambda t: (1, 2, {"msg": "mine"}),
    "message of message": lambda t: ([1], [2], {"msg": lambda text: f"head\n{text}\ntail"}),
    "parameters": lambda t: (t.nn.Parameter(t.ones(1)), t.ones(1), {}),
    "no subclasses": lambda t: (t.nn.Parameter(t.ones(1)), t.ones(1), {"allow_subclasses": False}),
}


def verdict(library: Any, name: str) -> str:
    actual, expected, options = CASES[name](library)
    try:
        library.testing.assert_close(actual, expected, **options)
    except Exception as error:
        return f"{type(error).__name__}: {error}".replace("rushlight.tensor.", "torch.").replace(
            "rushlight.", "torch."
        )
    return "close"


@pytest.mark.parametrize("name", CASES)
def test_the_same_verdict_in_the_same_words(name: str) -> None:
    assert verdict(rushlight, name) == verdict(torch, name)


MADE: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    **{dtype: ((3, 4), {"dtype": dtype}) for dtype in (
        "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32",
        "float64", "complex64", "complex128",
    )},
    "shape as a tuple": (((2, 3),), {"dtype": "float32"}),
    "no shape": ((), {"dtype": "float32"}),
    "limits": ((50,), {"dtype": "float32", "low": -1, "high": 2.5}),
    "whole limits": ((50,), {"dtype": "int16", "low": -1.5, "high": 2.5}),
    "limits beyond": ((50,), {"dtype": "uint8", "low": -1000, "high": 1000}),
    "all numbers": ((50,), {"dtype": "float32", "low": -math.inf, "high": math.inf}),
    "no zeros": ((50,), {"dtype": "int8", "low": -1, "high": 2, "exclude_zero": True}),
    "noncontiguous": ((3, 4), {"dtype": "float32", "noncontiguous": True}),
    "gradient": ((3,), {"dtype": "float32", "requires_grad": True}),
    "NaN": ((3,), {"dtype": "float32", "low": math.nan}),
    "nothing between": ((3,), {"dtype": "int64", "low": 3, "high": 3}),
    "out of range": ((3,), {"dtype": "uint8", "low": 300, "high": 400}),
    "gradient of whole numbers": ((3,), {"dtype": "int64", "requires_grad": True}),
}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_the_same_tensors_for_the_same_seed(name: str) -> None:
    shape, options = MADE[name]

    def make(library: Any) -> Any:
        library.manual_seed(0)
        dtype = getattr(library, options["dtype"])
        try:
            x = library.testing.make_tensor(*shape, device="cpu", **{**options, "dtype": dtype})
        except Exception as error:
            return type(error).__name__, str(error)
        return x.requires_grad, x.stride(), str(x.dtype), x.detach().cdouble().tolist()

    assert make(rushlight) == make(torch)


@pytest.mark.parametrize("case", ["one off", "half", "dtypes", "close", "whole numbers", "lists"])
def test_the_old_form(case: str) -> None:
    def told(library: Any) -> str:
        actual, expected, _ = CASES[case](library)
        with pytest.warns(FutureWarning, match="is deprecated since 1.12"):
            try:
                library.testing.assert_allclose(actual, expected)
            except AssertionError as error:
                return str(error)
            except Exception as error:
                return type(error).__name__
        return "close"

    assert told(rushlight) == told(torch)
