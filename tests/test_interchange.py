"""Memory shared with other libraries: NumPy's protocols, buffers, DLPack."""

from __future__ import annotations

import array
import gc
import weakref
from typing import Any

import numpy as np
import pytest

import rushlight as torch

READ_ONLY = "is read-only"


def read_only(values: Any = (1.0, 2.0, 3.0)) -> np.ndarray[Any, Any]:
    made = np.array(values, np.float32)
    made.setflags(write=False)
    return made


# ---- truth values, which are any bytes of NumPy's but 0

TRUTHS = np.array([0, 255, 2, 0, 1] * 20, np.uint8)


@pytest.mark.parametrize("function", [
    lambda x: x.int(), lambda x: x.float(), lambda x: x.half(), lambda x: x.sum(),
    lambda x: x.cumsum(0), lambda x: ~x, lambda x: x & torch.ones(100).bool(),
    lambda x: x ^ torch.ones(100).bool(), lambda x: x == torch.ones(100).bool(),
    lambda x: x * torch.arange(100.0), lambda x: torch.arange(100)[x], torch.nonzero,
    torch.unique, torch.argsort, lambda x: x.argsort(stable=True, descending=True),
    lambda x: torch.cat([x, torch.ones(2)]), lambda x: x[1:3].prod(),
])  # fmt: skip
def test_truth_values_of_any_byte(function: Any) -> None:
    x, plain = torch.from_numpy(TRUTHS.view(bool)), torch.from_numpy(TRUTHS != 0)
    assert torch.equal(function(x), function(plain))
    assert torch.equal(function(torch.from_numpy(TRUTHS).view(torch.bool)), function(plain))


# ---- NumPy's functions


@pytest.mark.parametrize("function", ["sin", "negative", "sqrt", "sign"])
@pytest.mark.parametrize("shape", [(3,), (), (2, 2), (0,)])
def test_functions_of_numpy_give_tensors(function: str, shape: Any) -> None:
    x = torch.ones(shape)
    result = getattr(np, function)(x)
    assert type(result) is torch.Tensor
    assert result.shape == x.shape and result.dtype is torch.float32
    assert torch.equal(result, getattr(torch, function.replace("negative", "neg"))(x))


def test_a_mask_of_numpy_is_uint8() -> None:
    result = np.isnan(torch.tensor([1.0, float("nan")]))
    assert result.dtype is torch.uint8 and result.tolist() == [0, 1]


def test_functions_of_two() -> None:
    x, a = torch.tensor([1.0, 2.0]), np.array([3.0, 4.0], np.float32)
    for result in (np.add(x, a), np.add(a, x), a + x, x + a):
        assert type(result) is torch.Tensor and result.tolist() == [4, 6]
    assert np.add(a, x, out=a) is a
    assert a.tolist() == [4, 6]
    quotient, rest = np.divmod(x, 2)
    assert quotient.tolist() == [0, 1] and rest.tolist() == [1, 0]
    assert np.add.reduce(x).tolist() == 3
    assert type(np.float32(2) * x) is torch.Tensor
    assert isinstance(np.concatenate([x, x]), np.ndarray)
    np.testing.assert_allclose(x, [1, 2])
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(x, [1, 3])


def test_a_function_of_what_requires_a_gradient_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"Use tensor.detach\(\).numpy\(\)"):
        np.sin(torch.ones(2, requires_grad=True))


def test_array() -> None:
    x = torch.tensor([1.0, 2.0])
    shared = np.asarray(x)
    shared[0] = 5
    assert x[0] == 5
    copied = np.array(x, copy=True)
    copied[0] = 7
    assert x[0] == 5
    assert np.asarray(x, dtype=np.int32).dtype == np.int32
    with pytest.raises(ValueError, match="avoid copy"):
        np.asarray(x, dtype=np.float64, copy=False)
    assert not hasattr(x, "__array_interface__") and not hasattr(x, "__cuda_array_interface__")


# ---- from arrays and buffers


def test_a_part_of_an_array_owns_its_storage() -> None:
    whole = np.arange(6.0)
    x = torch.from_numpy(whole[2:])
    assert x.storage_offset() == 0 and x.untyped_storage().nbytes() == 32
    assert torch.from_numpy(whole[::2]).untyped_storage().nbytes() == 40
    x[1:].fill_(9)
    assert whole.tolist() == [0, 1, 2, 9, 9, 9]
    half = torch.from_numpy(whole.astype(torch.bfloat16.numpy)[1:])
    assert half.storage_offset() == 0 and half.dtype is torch.bfloat16


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (np.arange(3.0)[::-1], "strides in the given numpy array is negative|is negative"),
        (np.arange(3).astype(">i4"), "byte order"),
        (np.zeros(3, [("a", "f4"), ("b", "i1")])["a"], "not a multiple of the element byte size"),
    ],
)
def test_arrays_that_no_tensor_can_share(made: Any, message: str) -> None:
    for function in (torch.from_numpy, torch.as_tensor, torch.asarray):
        with pytest.raises(ValueError, match=message):
            function(made)


def test_a_copy_of_a_foreign_byte_order_is_refused() -> None:
    with pytest.raises(ValueError, match="byte order"):
        torch.tensor(np.arange(3).astype(">i4"))
    with pytest.raises(ValueError, match="byte order"):
        torch.tensor(np.arange(3).astype(">i4"), dtype=torch.float32)


WRITES = """
x.add_(1); x.exp_(); x.zero_(); x.copy_(torch.ones(3)); x.clamp_(0, 1); x.normal_(); x.cumsum_(0)
x.index_add_(0, torch.tensor([0]), torch.ones(1)); x.masked_fill_(x > 1, 0); x.uniform_()
x.scatter_(0, torch.tensor([0]), 5.0); x.scatter_add_(0, torch.tensor([0]), torch.ones(1))
x.scatter_reduce_(0, torch.tensor([0]), torch.ones(1), "prod"); x.view(3, 1).mul_(2)
x.index_put_((torch.tensor([0]),), torch.ones(1), accumulate=True)
torch.sin(torch.ones(3), out=x); torch.sum(torch.ones(3, 2), 1, out=x); x.detach().fill_(1)
"""


@pytest.mark.parametrize("write", [w for line in WRITES.split("\n") for w in line.split("; ") if w])
def test_what_is_read_only_stays_so(write: str) -> None:
    given = read_only()
    with pytest.warns(UserWarning, match="not writable"):
        x = torch.from_numpy(given)
    with pytest.raises(RuntimeError, match=READ_ONLY):
        eval(write, {"torch": torch, "x": x})
    assert given.tolist() == [1, 2, 3]
    assert x.clone().add_(1).tolist() == [2, 3, 4]


def test_asarray() -> None:
    a = np.array([1.0, 2.0], np.float32)
    torch.asarray(a).fill_(7)
    assert a.tolist() == [7, 7]
    torch.asarray(a, copy=True).fill_(8)
    assert a.tolist() == [7, 7]
    with pytest.raises(ValueError, match="can't alias tensor with dtype"):
        torch.asarray(a, dtype=torch.float64, copy=False)
    with pytest.raises(ValueError, match="can't alias arbitrary sequence"):
        torch.asarray([1, 2], copy=False)
    assert torch.asarray(a, requires_grad=True).requires_grad
    g = torch.ones(2, requires_grad=True)
    assert torch.asarray(g) is g and not torch.asarray(g, requires_grad=False).requires_grad
    assert torch.asarray(g, copy=True) is not g
    assert torch.asarray(3.5).item() == 3.5
    with pytest.raises(RuntimeError, match="require gradients"):
        torch.asarray(np.arange(2), requires_grad=True)


def test_asarray_of_buffers() -> None:
    memory = bytearray(b"abcd")
    torch.asarray(memory, dtype=torch.uint8).fill_(65)
    assert memory == b"AAAA"
    assert torch.asarray(memory, dtype=torch.int16).shape == (2,)
    assert torch.asarray(array.array("d", [1, 2]), dtype=torch.float64).tolist() == [1, 2]
    with pytest.raises(ValueError, match="multiple of element size"):
        torch.asarray(bytearray(3))
    assert torch.asarray(b"abc", dtype=torch.uint8, copy=True).add_(1).tolist() == [98, 99, 100]
    assert torch.tensor(memory).dtype is torch.int64


@pytest.mark.parametrize(
    ("buffer", "options", "message"),
    [
        (bytearray(5), {}, "must be a multiple of element size"),
        (bytearray(5), {"count": 3}, "must not be greater than actual buffer length"),
        (bytearray(5), {"offset": 5}, "no greater than buffer length"),
        (bytearray(5), {"offset": -1}, "must be non-negative"),
        (bytearray(5), {"count": 0}, "must not be 0"),
        (bytearray(), {}, "must not be 0"),
        ([1, 2], {}, "does not implement Python buffer protocol"),
        ("abc", {}, "does not implement Python buffer protocol"),
    ],
)
def test_frombuffer_refuses(buffer: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        torch.frombuffer(buffer, dtype=torch.int16, **options)


def test_frombuffer() -> None:
    memory = bytearray(range(8))
    x = torch.frombuffer(memory, dtype=torch.int16, count=2, offset=1)
    assert x.tolist() == [0x0201, 0x0403]
    x.zero_()
    assert memory == bytearray([0, 0, 0, 0, 0, 5, 6, 7])
    assert torch.frombuffer(memory, dtype=torch.bfloat16).shape == (4,)
    with pytest.warns(UserWarning, match="not writable"):
        torch.frombuffer(b"abcd", dtype=torch.uint8)
    with pytest.raises(RuntimeError, match="could not retrieve buffer"):
        torch.frombuffer(np.arange(4.0)[::2], dtype=torch.float64)


def test_numpy_numbers_are_dimensions() -> None:
    assert torch.ones(2, 3).sum(np.int64(0)).tolist() == [2, 2, 2]
    assert list(map(float, reversed(torch.arange(3.0)))) == [2, 1, 0]
    assert torch.newaxis is None
    with pytest.raises(RuntimeError, match="only supported on matrices"):
        torch.ones(2).mT  # noqa: B018


# ---- DLPack

DTYPES = [
    torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint32,
    torch.uint64, torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64,
    torch.complex128, torch.bool,
]  # fmt: skip


class FirstVersion:
    """A producer from before `max_version`."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor

    def __dlpack__(self, stream: Any = None) -> Any:
        return self.tensor.__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("producer", [lambda x: x, FirstVersion, lambda x: x.__dlpack__()])
def test_round_trip_shares_memory(dtype: Any, producer: Any) -> None:
    x = torch.tensor([[0, 1, 1], [1, 0, 1]]).to(dtype)
    y = torch.from_dlpack(producer(x))
    assert y.dtype is dtype and y.data_ptr() == x.data_ptr() and torch.equal(x, y)
    y[0, 0] = 1
    assert x[0, 0] == 1
    x[1, 1] = 1
    assert y[1, 1] == 1


@pytest.mark.parametrize(
    "view", ["x.T", "x[1:]", "x[:, ::2]", "x[0, 0]", "x[:0]", "x.expand(2, 2, 3)"]
)
def test_views_keep_their_strides(view: str) -> None:
    x = torch.arange(6.0).reshape(2, 3)
    given = eval(view, {"x": x})
    y = torch.from_dlpack(given)
    assert y.shape == given.shape and torch.equal(y, given) and y.storage_offset() == 0
    if given.numel():
        assert y.stride() == given.stride() and y.data_ptr() == given.data_ptr()
    assert np.from_dlpack(given).shape == tuple(given.shape)


def test_memory_lives_as_long_as_either_side() -> None:
    a = np.arange(4.0)
    alive = weakref.ref(a)
    x = torch.from_dlpack(a)
    del a
    gc.collect()
    assert alive() is not None and x.tolist() == [0, 1, 2, 3]
    view = x[1:]
    del x
    gc.collect()
    assert view.tolist() == [1, 2, 3]
    del view
    gc.collect()
    assert alive() is None
    made = torch.arange(5.0)
    alive = weakref.ref(made.array)
    b = np.from_dlpack(made)
    del made
    assert b.tolist() == [0, 1, 2, 3, 4]
    del b
    gc.collect()
    assert alive() is None
    unused = torch.ones(2)
    alive, capsule = weakref.ref(unused.array), unused.__dlpack__()
    del unused
    assert alive() is not None
    del capsule
    assert alive() is None


def test_numpy_writes_through() -> None:
    x = torch.zeros(3)
    a = np.from_dlpack(x)
    a[1] = 5
    assert x.tolist() == [0, 5, 0]
    y = torch.from_dlpack(a)
    y += 1
    assert x.tolist() == [1, 6, 1]


def test_options() -> None:
    x = torch.arange(3.0)
    assert x.__dlpack_device__() == (torch.utils.dlpack.DLDeviceType.kDLCPU, 0)
    assert torch.from_dlpack(x, copy=True).data_ptr() != x.data_ptr()
    assert torch.from_dlpack(x, copy=False).data_ptr() == x.data_ptr()
    assert torch.from_dlpack(x, device="cpu").data_ptr() == x.data_ptr()
    assert "dltensor_versioned" in repr(x.__dlpack__(max_version=(1, 0)))
    assert "dltensor_versioned" not in repr(x.__dlpack__(max_version=(0, 8)))
    with pytest.raises(BufferError, match=r"\.to\(device\)"):
        x.__dlpack__(dl_device=(2, 0))
    with pytest.raises(TypeError, match="stream must be"):
        x.__dlpack__(stream="a")
    with pytest.raises(AssertionError, match="None on cpu"):
        x.__dlpack__(stream=1)


def test_what_cannot_be_exported() -> None:
    with pytest.raises(BufferError, match=r"use tensor.detach\(\)"):
        torch.ones(2, requires_grad=True).__dlpack__()
    given = read_only()
    x = torch.asarray(given.view(), copy=True)
    assert torch.from_dlpack(x).tolist() == [1, 2, 3]
    with pytest.warns(UserWarning, match="not writable"):
        fixed = torch.from_numpy(given)
    with pytest.raises(BufferError, match="read-only"):
        fixed.__dlpack__()


def test_what_is_handed_over_as_read_only_stays_so() -> None:
    given = read_only()
    x = torch.from_dlpack(given)
    with pytest.raises(RuntimeError, match=READ_ONLY):
        x.add_(1)
    assert given.tolist() == [1, 2, 3]
    torch.from_dlpack(FirstVersion(torch.ones(2))).add_(1)


def test_capsules_are_taken_once() -> None:
    capsule = torch.utils.dlpack.to_dlpack(torch.ones(2))
    assert torch.utils.dlpack.from_dlpack(capsule).tolist() == [1, 1]
    with pytest.raises(RuntimeError, match="consumed only once"):
        torch.from_dlpack(capsule)
    for nothing in ([1], 3, np.float32(3)):
        with pytest.raises(RuntimeError, match="invalid capsule"):
            torch.from_dlpack(nothing)
    with pytest.raises(AssertionError, match="already a DLPack capsule"):
        torch.from_dlpack(torch.to_dlpack(torch.ones(2)), copy=True)
    with pytest.raises(ValueError, match="negative strides"):
        torch.from_dlpack(np.arange(3.0)[::-1])


def test_whoever_speaks_dlpack_is_a_tensor_to_be() -> None:
    x = torch.ones(2)
    for function in (torch.as_tensor, torch.asarray):
        assert function(FirstVersion(x)).data_ptr() == x.data_ptr()


@pytest.mark.parametrize("symbol", ["+=", "-=", "*=", "/=", "//=", "%="])
def test_an_array_changes_a_name_and_no_tensor(symbol: str) -> None:
    names = {"x": torch.tensor([1.0, 2.0]), "a": np.array([3.0, 4.0], np.float32)}

    exec(f"x {symbol} a", names)
    assert type(names["x"]) is torch.Tensor
    expected = eval(f"x {symbol[:-1]} a", {"x": torch.tensor([1.0, 2.0]), "a": names["a"]})
    assert torch.equal(names["x"], expected)
    with pytest.raises(TypeError, match="unsupported operand type"):
        exec(f"x {symbol} None", names)
