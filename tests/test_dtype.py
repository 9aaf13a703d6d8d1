"""Data types: promotion, categories, limits."""

from __future__ import annotations

import pickle
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import rushlight as torch
from rushlight.dtype import COMPLEX, FLOATING, INTEGER, category_of

NAMES = (
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64",
    "complex64", "complex128",
)  # fmt: skip
UNSIGNED = ("uint16", "uint32", "uint64")

# The types that a type promotes to with each of NAMES, the first letter and the bits of their name.
PROMOTED = {
    "bool": "b u8 i8 i16 i32 i64 f16 b16 f32 f64 c64 c128",
    "uint8": "u8 u8 i16 i16 i32 i64 f16 b16 f32 f64 c64 c128",
    "int8": "i8 i16 i8 i16 i32 i64 f16 b16 f32 f64 c64 c128",
    "int16": "i16 i16 i16 i16 i32 i64 f16 b16 f32 f64 c64 c128",
    "int32": "i32 i32 i32 i32 i32 i64 f16 b16 f32 f64 c64 c128",
    "int64": "i64 i64 i64 i64 i64 i64 f16 b16 f32 f64 c64 c128",
    "float16": "f16 f16 f16 f16 f16 f16 f16 f32 f32 f64 c64 c128",
    "bfloat16": "b16 b16 b16 b16 b16 b16 f32 b16 f32 f64 c64 c128",
    "float32": "f32 f32 f32 f32 f32 f32 f32 f32 f32 f64 c64 c128",
    "float64": "f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 c128 c128",
    "complex64": "c64 c64 c64 c64 c64 c64 c64 c64 c64 c128 c64 c128",
    "complex128": "c128 c128 c128 c128 c128 c128 c128 c128 c128 c128 c128 c128",
}


def short(dtype: torch.dtype) -> str:
    return dtype.name[0] + dtype.name.lstrip("abcdefghijklmnopqrstuvwxyz")


@pytest.mark.parametrize("name", NAMES)
def test_promotion(name: str) -> None:
    found = [torch.promote_types(getattr(torch, name), getattr(torch, other)) for other in NAMES]
    assert " ".join(map(short, found)) == PROMOTED[name]


@pytest.mark.parametrize("name", UNSIGNED)
def test_promotion_of_what_pytorch_got_late(name: str) -> None:
    dtype = getattr(torch, name)
    assert torch.promote_types(dtype, dtype) is dtype
    for floating in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        assert torch.promote_types(dtype, floating) is floating
    for other in (torch.bool, torch.uint8, torch.int64, torch.complex64):
        with pytest.raises(RuntimeError, match="uint64 types is not supported, attempted"):
            torch.promote_types(other, dtype)


def test_numbers_and_dimensions_in_promotion() -> None:
    half = torch.ones(2, dtype=torch.bfloat16)
    assert torch.result_type(half, 1.5) is torch.bfloat16
    assert torch.result_type(half, 1j) is torch.complex64
    assert torch.result_type(half, torch.tensor(1.5, dtype=torch.float64)) is torch.bfloat16
    assert torch.result_type(half, torch.ones(2, dtype=torch.float16)) is torch.float32
    assert torch.result_type(torch.tensor([1]), half[0]) is torch.bfloat16
    assert (half + 1.5).dtype is (half * 2).dtype is torch.bfloat16


def test_can_cast() -> None:
    assert torch.can_cast(torch.float64, torch.bfloat16)
    assert torch.can_cast(torch.int64, torch.uint8)
    assert torch.can_cast(torch.bool, torch.int8)
    assert not torch.can_cast(torch.bfloat16, torch.int64)
    assert not torch.can_cast(torch.complex64, torch.float32)


def test_attributes() -> None:
    assert (torch.bfloat16.itemsize, torch.bfloat16.is_signed) == (2, True)
    assert torch.bfloat16.is_floating_point and not torch.bfloat16.is_complex
    assert torch.bfloat16.to_complex() is torch.float32.to_complex() is torch.complex64
    assert torch.float64.to_complex() is torch.complex128.to_complex() is torch.complex128
    assert torch.complex64.to_real() is torch.float32
    assert torch.int8.to_real() is torch.int8 and torch.bfloat16.to_real() is torch.bfloat16
    with pytest.raises(RuntimeError, match="Unknown Complex"):
        torch.int8.to_complex()
    assert pickle.loads(pickle.dumps(torch.bfloat16)) is torch.bfloat16


def test_category() -> None:
    assert category_of(np.dtype(ml_dtypes.bfloat16)) == category_of(np.dtype("f2")) == FLOATING
    assert category_of(np.dtype("u2")) == INTEGER and category_of(np.dtype("c8")) == COMPLEX
    for unknown in ("V2", "O", "U3", "M8[s]", "f4"):
        swapped = np.dtype(unknown).newbyteorder("S") if unknown == "f4" else np.dtype(unknown)
        assert category_of(swapped) is None
    with pytest.raises(TypeError, match="can't convert np.ndarray of type"):
        torch.from_numpy(np.ones(2).astype("V2"))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_default_dtype(dtype: Any) -> None:
    torch.set_default_dtype(dtype)
    try:
        assert torch.get_default_dtype() is dtype
        assert torch.tensor([1.5]).dtype is torch.ones(2).dtype is torch.rand(2).dtype is dtype
        assert repr(torch.tensor([1.5])) == "tensor([1.5000])"
        assert torch.nn.Linear(2, 1)(torch.ones(1, 2)).dtype is dtype
        assert torch.finfo().dtype == dtype.name
    finally:
        torch.set_default_dtype(torch.float32)


def test_limits() -> None:
    assert repr(torch.finfo(torch.bfloat16)) == (
        "finfo(resolution=0.01, min=-3.38953e+38, max=3.38953e+38, eps=0.0078125, "
        "smallest_normal=1.17549e-38, tiny=1.17549e-38, dtype=bfloat16)"
    )
    assert torch.finfo(torch.complex128) == torch.finfo(torch.float64) != torch.finfo()
    assert torch.finfo(torch.float32).resolution == 1e-6 and torch.finfo(torch.float16).bits == 16
    assert repr(torch.iinfo(torch.int8)) == "iinfo(min=-128, max=127, dtype=int8)"
    assert torch.iinfo(torch.uint64).max == 2**64 - 1
    for function, dtype in ((torch.finfo, torch.int32), (torch.iinfo, torch.float32)):
        with pytest.raises(TypeError, match="requires a"):
            function(dtype)
    with pytest.raises(TypeError, match="torch.bool is not supported by torch.iinfo"):
        torch.iinfo(torch.bool)
    with pytest.raises(TypeError, match="must be torch.dtype, not str"):
        torch.finfo("float16")


def test_bfloat16_and_numpy() -> None:
    array = np.array([1.1, -2.0], ml_dtypes.bfloat16)
    shared = torch.from_numpy(array)
    array[1] = 3
    assert shared.tolist() == [1.1015625, 3.0]
    assert shared.dtype is torch.bfloat16 and shared.type() == "torch.BFloat16Tensor"
    with pytest.raises(TypeError, match="Got unsupported ScalarType BFloat16"):
        shared.numpy()
    assert shared.view(torch.int16).tolist() == [0x3F8D, 0x4040]


def test_rounding_to_halves() -> None:
    ties = torch.tensor([1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20])
    assert ties.bfloat16().tolist() == [1, 1 + 2**-6, 1 + 2**-7]
    ties = torch.tensor([1 + 2**-11, 1 + 3 * 2**-11, 65519.0, 65520.0])
    assert ties.half().tolist() == [1, 1 + 2**-9, 65504, float("inf")]
    # As PyTorch: by way of float32, which rounds to the tie.
    assert torch.tensor([1 + 2**-11 + 2**-40], dtype=torch.float64).half().tolist() == [1]


def test_lists_that_hold_tensors() -> None:
    half = torch.tensor(1.5, dtype=torch.bfloat16)
    assert torch.tensor([half, half]).dtype is torch.bfloat16
    assert torch.tensor([half, 2.0]).dtype is torch.float32
    assert torch.tensor([[np.float64(1)], [2]]).dtype is torch.float64


NARROW = {  # bits of itself, least and greatest value, eps
    "float8_e4m3fn": (8, -448.0, 448.0, 0.125),
    "float8_e4m3fnuz": (8, -240.0, 240.0, 0.125),
    "float8_e5m2": (8, -57344.0, 57344.0, 0.25),
    "float8_e8m0fnu": (8, 2.0**-127, 2.0**127, 1.0),
}


@pytest.mark.parametrize("name", NARROW)
def test_narrow_dtypes_are_named_and_measured(name: str) -> None:
    narrow = getattr(torch, name)
    assert repr(narrow) == f"torch.{name}" and narrow.itemsize == 1 and narrow.is_floating_point
    assert narrow.is_signed == (name != "float8_e8m0fnu")
    info = torch.finfo(narrow)
    assert (info.bits, info.min, info.max, info.eps) == NARROW[name] and info.resolution == 1.0


@pytest.mark.parametrize(
    "make",
    [
        lambda kind: torch.zeros(2, dtype=kind),
        lambda kind: torch.tensor([1.0], dtype=kind),
        lambda kind: torch.zeros(2).to(kind),
        lambda kind: torch.zeros(2).view(kind),
        lambda kind: torch.zeros(2).sum(dtype=kind),
        lambda kind: torch.empty(2, dtype=kind, device="meta"),
        lambda kind: torch.nn.Linear(2, 2).to(kind),
    ],
)
def test_there_are_no_tensors_of_narrow_dtypes(make: Any) -> None:
    with pytest.raises(RuntimeError, match="no tensors of torch.float8_e5m2; torch.bfloat16"):
        make(torch.float8_e5m2)


def test_two_numbers_in_a_byte_have_no_limits() -> None:
    with pytest.raises(NotImplementedError, match="finfo.* torch.float4_e2m1fn_x2"):
        torch.finfo(torch.float4_e2m1fn_x2)
