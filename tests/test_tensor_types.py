"""The constructors of one dtype, `Variable`, and the names of types."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rushlight as torch

TYPES = {
    "FloatTensor": torch.float32, "DoubleTensor": torch.float64, "HalfTensor": torch.float16,
    "BFloat16Tensor": torch.bfloat16, "ByteTensor": torch.uint8, "CharTensor": torch.int8,
    "ShortTensor": torch.int16, "IntTensor": torch.int32, "LongTensor": torch.int64,
    "BoolTensor": torch.bool,
}  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_constructors(name: str) -> None:
    kind: Any = getattr(torch, name)
    made = kind([1, 0])
    assert made.dtype is TYPES[name] and made.tolist() == [1, 0]
    assert kind(2, 3).shape == kind(torch.Size([2, 3])).shape == kind(size=(2, 3)).shape == (2, 3)
    assert kind().shape == (0,) and kind(np.ones(2)).tolist() == [1, 1]
    assert isinstance(made, kind) and made.type() == str(kind) == f"torch.{name}"
    assert [other for other in TYPES if isinstance(made, getattr(torch, other))] == [name]
    assert torch.ones(2).type(kind).dtype is torch.ones(2).type(f"torch.{name}").dtype is kind.dtype


def test_what_is_no_data() -> None:
    for kind in (torch.FloatTensor, torch.Tensor):
        with pytest.raises(TypeError, match="new\\(\\): data must be a sequence \\(got float\\)"):
            kind(3.0)
    with pytest.raises(TypeError, match="expected a tensor of dtype torch.float32"):
        torch.FloatTensor(torch.ones(2, dtype=torch.float64))
    with pytest.raises(RuntimeError, match="uint8 without overflow"):
        torch.ByteTensor([300])
    for name in ("flimflam", "torch.Float", "numpy.FloatTensor"):
        with pytest.raises(ValueError, match="invalid type"):
            torch.ones(2).type(name)


def test_the_default_type() -> None:
    try:
        torch.set_default_tensor_type(torch.DoubleTensor)
        assert torch.ones(1).dtype is torch.float64
    finally:
        torch.set_default_tensor_type("torch.FloatTensor")
    assert torch.ones(1).dtype is torch.float32
    with pytest.raises(TypeError, match="only floating-point types are supported"):
        torch.set_default_tensor_type(torch.LongTensor)


def test_variables() -> None:
    x = torch.ones(2)
    variable = torch.autograd.Variable(x, requires_grad=True)
    assert variable.requires_grad and not x.requires_grad and variable.data_ptr() == x.data_ptr()
    assert isinstance(x, torch.autograd.Variable)
    assert not torch.autograd.Variable(variable * 2).requires_grad
    with pytest.raises(TypeError, match="Variable data has to be a tensor, but got list"):
        torch.autograd.Variable([1.0])
