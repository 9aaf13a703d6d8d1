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
from rushlight.kernels.launch import kernels
from samples import Op, Sample, build

CORNERS = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e308, -1e308, 5e-324, -1.5, 2.0**63]
WHOLE_CORNERS = [-(2**63), 2**63 - 1, 0, -1, 1, 2**31]
# What no message says: the array library's names, and those of this one's insides.
WORDS = re.compile(
    r"numpy|ndarray|\bnp\.|\barrays?\b|ufunc|operands?\b.*broadcast|_Hole|\bxp\b|dtype\('|KeyError"
    r"|object has no attribute|NoneType: None|\bkernels?\b(?! size)", re.IGNORECASE,
)  # fmt: skip
# Where PyTorch's own sentences speak of what was given.
GIVEN = re.compile(
    r"can't convert np\.ndarray|expected np\.ndarray|given numpy array|"
    r"operand \d does not broadcast|operand \d+ which does not broadcast|array of sliding blocks"
)


@contextmanager
def loud() -> Iterator[None]:
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "size_average and reduce args")
        warnings.filterwarnings("ignore", category=UserWarning)  # PyTorch's own
        yield


@each(ALL)
def test_samples_are_quiet(op: Op, real_device: str) -> None:
    for sample in op.samples():
        with loud():
            _run_both_ways(op, build(torch, sample, maker(real_device, gradient=True)))


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@each(ALL)
def test_corner_values_are_quiet(op: Op, dtype: str, real_device: str) -> None:
    for sample in op.samples():
        with np.errstate(all="ignore"):
            corners = build(torch, sample.map(_cornered), maker(real_device, True, dtype))
        with loud():
            _refused_or_run(op, corners)


@each([op for op in ALL if op.integers])
def test_corners_of_whole_numbers_are_quiet(op: Op, real_device: str) -> None:
    for sample in op.samples():
        corners = build(torch, sample.map(_cornered_whole), maker(real_device))
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
def test_messages_speak_of_tensors(op: Op, real_device: str) -> None:
    for sample in op.invalid():
        try:
            run(op, build(torch, sample, maker(real_device, gradient=True)))
        except Exception as error:
            _check_words(error)


# What the table cannot say: numbers that become tensors, tensors that are shown.
QUIET = """
tensor([1e10], dtype=torch.float16)
tensor([1e300])
tensor(1e300).half()
tensor([1e300j])
tensor(numpy.float64(1e300), dtype=torch.float32)
as_tensor(numpy.array([1e300]), dtype=torch.float32)
Tensor([1e300])
tensor([torch.tensor(1e300, dtype=torch.float64), 2.0], dtype=torch.float16)
tensor([inf, nan]).int()
tensor([inf, nan]).to(torch.uint8)
tensor([1 + 2j]).to(torch.float32)
zeros(0).mean()
zeros(0).var()
zeros(1).std()
zeros(0, 3).mean(0)
tensor([1.0]) % 0
tensor(127, dtype=torch.int8) + torch.tensor(1, dtype=torch.int8)
tensor(2**63 - 1) + 1
tensor(-(2**63)).abs()
ones(3).half() + 1e30
tensor([nan, inf, 1e30, 1e-30]).__repr__()
tensor([1e38, -1e-38]).half().__repr__()
tensor([1e-40, nan]).__str__()
tensor([inf + 0j]).__repr__()
empty(20).exponential_(1e-300)
empty(20).half().normal_(0, 1e38)
matmul(torch.full((2, 2), 1e30), torch.full((2, 2), 1e30))
"""


@pytest.mark.parametrize("expression", QUIET.strip().split("\n"))
def test_expressions_are_quiet(expression: str) -> None:
    with loud():
        eval(f"torch.{expression}", {"torch": torch, "numpy": np, "inf": np.inf, "nan": np.nan})


def test_settings_of_the_user_stay() -> None:
    with np.errstate(divide="raise"):
        torch.ones(2, dtype=torch.float64).div(0.0)
        assert np.geterr()["divide"] == "raise"
        with pytest.raises(FloatingPointError):
            np.float64(1.0) / 0.0


MISUSES = [
    ("zeros(2, dtype='float32')", TypeError, "argument 'dtype' must be torch.dtype, not str"),
    ("tensor([1], dtype='a')", TypeError, "argument 'dtype' must be torch.dtype, not str"),
    ("ones(2**62)", RuntimeError, "Storage size calculation overflowed with sizes=[46116860184"),
    ("tensor([[1], [2, 3]], dtype=torch.float32)", ValueError, "expected sequence of length 1 at"),
    ("tensor(['a'], dtype=torch.float32)", ValueError, "too many dimensions 'str'"),
    ("tensor('1', dtype=torch.float32)", TypeError, "new(): invalid data type 'str'"),
    ("tensor([None], dtype=torch.float32)", TypeError, "must be real number, not NoneType"),
    ("tensor([None], dtype=torch.bfloat16)", TypeError, "must be real number, not NoneType"),
    ("tensor([None], dtype=torch.int64)", TypeError, "'NoneType' object cannot be interpreted"),
    ("tensor([None], dtype=torch.bool)", TypeError, "'NoneType' object cannot be interpreted"),
    ("tensor([[1.0], [None]])", RuntimeError, "Could not infer dtype of NoneType"),
    ("tensor([1j], dtype=torch.float32)", TypeError, "must be real number, not complex"),
    ("Tensor([None])", TypeError, "must be real number, not NoneType"),
    ("linspace('a', 1, 3)", TypeError, "invalid combination of arguments - got (str, int, int)"),
    ("normal(0.0, 1.0)", TypeError, "invalid combination of arguments - got (float, float)"),
    ("lerp(torch.ones(3), torch.ones(3), 'a')", TypeError, "got (Tensor, Tensor, str)"),
    ("ones(3).clone(memory_format='a')", TypeError, "must be torch.memory_format, not str"),
    ("promote_types(1, 2)", TypeError, "argument 'type1' must be torch.dtype, not int"),
]


@pytest.mark.parametrize("expression, kind, words", MISUSES)
def test_misuse_is_told_in_words_of_pytorch(expression: str, kind: Any, words: str) -> None:
    with pytest.raises(kind, match=re.escape(words)) as caught:
        eval(f"torch.{expression}", {"torch": torch})
    _check_words(caught.value)


def test_a_fault_of_a_kernel_is_not_taken_for_a_wrong_argument(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def faulty(*arguments: Any) -> Any:
        raise KeyError("nothing of this name")

    monkeypatch.setattr(type(kernels[np.ndarray]), "exp2", faulty)
    monkeypatch.setattr(type(kernels[np.ndarray]), "softmax", faulty)
    for call in (torch.ones(2).exp2, lambda: torch.ones(2).softmax(0)):
        with pytest.raises(KeyError, match="nothing of this name"):
            call()


def test_log1p_has_its_name() -> None:
    assert torch.log1p.__name__ == "log1p" and torch.Tensor.log1p_.__name__ == "log1p_"
    with pytest.raises(TypeError, match=r"^log1p\(\): argument 'input'"):
        torch.log1p("a")


def _check_words(error: Exception) -> None:
    found = WORDS.search(str(error))
    assert found is None or GIVEN.search(str(error)), f"{type(error).__name__}: {error}"
    assert "\n" not in str(error)
