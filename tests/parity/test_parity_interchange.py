"""NumPy's protocols, buffers and DLPack, as PyTorch answers them, and between the two."""

from __future__ import annotations

import array
import warnings
from typing import Any

import numpy as np
import pytest
import torch

import rushlight

CALLS = """
np.sin(t); np.sin(s); np.sin(i); np.sin(b); np.sin(h); np.sin(c); np.sin(g); np.sin(e); np.isnan(t)
np.logical_not(b); np.invert(i); np.add(t, a); np.add(a, t); np.add(t, ad); np.add(t, 1.5)
np.add(i, 1.5); np.add(s, s); np.greater(t, a); np.divmod(t, 2); np.frexp(t); np.matmul(m, m)
np.dot(m, m); np.dot(t, t); np.add.reduce(m, axis=0); np.add.accumulate(t); np.add.outer(t, t)
np.maximum.reduce(t); np.add(a, t, out=a); np.sin(t, out=a); np.add(t, t, out=t); np.sin(m.T)
np.sin(t, dtype=np.float64); np.add(np.ones((2, 3)), t); np.float32(2) * t; np.float64(2) * i
np.int64(2) * t; t * np.float64(2); np.float32(2) ** t; np.float32(2) - t; np.float64(2) < t
np.float32(2) == t; np.int64(7) // i; np.int64(1) << i; a == t; t == a; a / t; t + a; t @ a
i + ai; t + ad; np.concatenate([t, a]); np.stack([t, t]); np.where(b, t, a); np.copy(t)
np.linalg.norm(t); np.linalg.inv(m); np.einsum("ij,jk", m, m); np.clip(t, 1, 2); np.round(t)
np.argmax(t); np.cumsum(t); np.sort(t); np.squeeze(m); np.reshape(t, (3, 1)); np.repeat(t, 2)
np.unique(t); np.zeros_like(t); np.broadcast_to(t, (2, 3)); np.median(t); np.percentile(t, 50)
np.histogram(t)[0]; np.diff(t); np.pad(t, 1); np.real(c); np.abs(c); np.conj(c); np.shape(t)
np.asarray(t); np.asarray(s); np.asarray(h); np.asarray(g); np.array([t, t]); np.array([s, s])
np.asarray(t, dtype=np.float64); t.__array__(np.float64); t.__array_wrap__(a); t.__array_priority__
t.__array_wrap__(np.array([True])); np.float32(t[0]); np.int64(si); ai[si]; a[b]; t[ai - 1]
t[np.int64(1)]; m[np.array([0, 1]), np.array([1, 0])]; a.dot(t); np.testing.assert_allclose(t, t)
np.testing.assert_allclose(t, a); np.result_type(t, np.float64); np.fft.fft(t); np.meshgrid(t, t)
hasattr(t, "__array_interface__"); hasattr(t, "__array_ufunc__"); hasattr(t, "__array_function__")
hasattr(t, "__array_namespace__"); hasattr(t, "__cuda_array_interface__"); hasattr(t, "__dlpack__")
t.__reversed__(); m.sum(np.int64(0)); t.mT; torch.newaxis
torch.from_numpy(ad[::2]).stride(); torch.from_numpy(ad[1:]).storage_offset()
torch.from_numpy(ad[1:]).untyped_storage().nbytes(); torch.from_numpy(ad[::-1])
torch.from_numpy(ad[::2]).untyped_storage().nbytes(); torch.from_numpy(ai.astype(">i4"))
torch.tensor(ai.astype(">i4")); torch.from_numpy(np.array(["a"]))
torch.from_numpy(np.array([None]))
torch.from_numpy(np.zeros(2, "M8[s]")); torch.from_numpy(np.zeros(2, np.longdouble))
torch.from_numpy(np.float32(3)); torch.from_numpy([1, 2]); torch.from_numpy(np.array(3))
torch.from_numpy(np.zeros(3, [("a", "f4"), ("b", "i1")])["a"]); torch.from_numpy(np.zeros((0, 3)))
torch.as_tensor(np.float32(3)); torch.as_tensor([a, a]); torch.as_tensor(range(3))
torch.as_tensor(b"abc"); torch.as_tensor(bytearray(b"abc")); torch.as_tensor(memoryview(b"abc"))
torch.as_tensor(array.array("f", [1, 2])); torch.tensor(bytearray(b"abc")); torch.as_tensor(None)
torch.as_tensor(t) is t; torch.as_tensor(a, dtype=torch.float64); torch.as_tensor(dl)
torch.asarray(dl); torch.asarray(bytearray(b"abc")); torch.asarray(array.array("d", [1, 2]))
torch.asarray(bytearray(b"abcd"), dtype=torch.int16); torch.asarray("abc"); torch.asarray([1, 2])
torch.asarray(b"abc", dtype=torch.uint8, copy=True); torch.asarray([1, 2], copy=False)
torch.asarray(3.5, copy=False); torch.asarray(a, dtype=torch.float64, copy=False)
torch.asarray(a, requires_grad=True); torch.asarray(ai, requires_grad=True); torch.asarray(g)
torch.asarray(g, requires_grad=False); torch.asarray(g * 2, requires_grad=True).is_leaf
torch.asarray(t) is t; torch.asarray(t, copy=True) is t; torch.asarray(t, copy=False) is t
torch.asarray(t, dtype=torch.float64, copy=False); torch.asarray(a).fill_(7), a
torch.frombuffer(bytearray(b"abcde"), dtype=torch.int16); torch.frombuffer("abc", dtype=torch.int8)
torch.frombuffer(bytearray(b"abcde"), dtype=torch.int16, count=2, offset=1)
torch.frombuffer(bytearray(b"abcde"), dtype=torch.int16, count=3)
torch.frombuffer(bytearray(b"abcde"), dtype=torch.int16, offset=5)
torch.frombuffer(bytearray(b"abcde"), dtype=torch.int16, offset=-1)
torch.frombuffer(bytearray(b"abcde"), dtype=torch.uint8, count=0)
torch.frombuffer(bytearray(b"abcde"), dtype=torch.uint8, count=-2)
torch.frombuffer(bytearray(b""), dtype=torch.uint8); torch.frombuffer([1], dtype=torch.uint8)
torch.frombuffer(bytearray(b"abcd")); torch.frombuffer(bytearray(b"abcd"), dtype=torch.bfloat16)
torch.frombuffer(a, dtype=torch.float32); torch.frombuffer(ad[::2], dtype=torch.float64)
torch.frombuffer(bytearray(b"abcd"), dtype=torch.int32, requires_grad=True)
torch.from_dlpack(ad[1:]); torch.from_dlpack(np.array(3.0)); torch.from_dlpack([1])
torch.from_dlpack(np.float32(3)); torch.from_dlpack(np.zeros((0, 3))); torch.from_dlpack(g)
torch.from_dlpack(t, device="cpu"); torch.from_dlpack(t.__dlpack__(), copy=True)
torch.from_dlpack(t) is t; torch.from_dlpack(t).data_ptr() == t.data_ptr(); t.__dlpack_device__()
torch.from_dlpack(t, copy=True).data_ptr() == t.data_ptr(); t.__dlpack__(stream=1)
t.__dlpack__(stream="a"); t.__dlpack__(1); "versioned" in repr(t.__dlpack__(max_version=(1, 0)))
"versioned" in repr(t.__dlpack__()); torch.from_dlpack(m.T).stride(); torch.to_dlpack([1])
torch.from_dlpack(torch.to_dlpack(g)).requires_grad; torch.from_dlpack(t[1:]).storage_offset()
np.from_dlpack(t).flags.writeable; np.from_dlpack(b); np.from_dlpack(torch.zeros(0, 3)).shape
"""


class Producer:
    def __init__(self, made: Any) -> None:
        self.made = made

    def __dlpack__(self, **options: Any) -> Any:
        return self.made.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def described(library: Any, value: Any) -> Any:
    if isinstance(value, library.Tensor):
        kind = ("tensor", tuple(value.shape), str(value.dtype), value.requires_grad)
        return *kind, value.tolist() if value.dtype != library.bfloat16 else value.float().tolist()
    if isinstance(value, np.ndarray):
        return "array", value.shape, value.dtype, value.tolist()
    if isinstance(value, (tuple, list)):
        return [described(library, part) for part in value]
    return value


def answer(library: Any, call: str) -> Any:
    names = {
        "torch": library, "np": np, "array": array,
        "t": library.tensor([1.0, 2.0, 4.0]), "i": library.tensor([1, 2, 3]),
        "b": library.tensor([True, False, True]), "h": library.tensor([1.0, 2.0]).bfloat16(),
        "s": library.tensor(2.0), "si": library.tensor(2), "c": library.tensor([1 + 2j, 3 - 1j]),
        "g": library.tensor([1.0, 2.0, 4.0], requires_grad=True), "e": library.empty(0),
        "m": library.tensor([[1.0, 2.0], [3.0, 4.0]]), "ad": np.array([1.0, 2.0, 3.0]),
        "a": np.array([1.0, 2.0, 3.0], np.float32), "ai": np.array([1, 2, 3]),
        "dl": Producer(np.array([1.0, 2.0])),
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return described(library, eval(call, names))
        except Exception as error:
            for kind in (ValueError, TypeError, IndexError, BufferError, RuntimeError):
                if isinstance(error, kind):
                    return kind
            return type(error)


@pytest.mark.parametrize("call", CALLS.strip().replace("\n", "; ").split("; "))
def test_answers(call: str) -> None:
    np.testing.assert_equal(answer(rushlight, call), answer(torch, call))


DTYPES = (
    "uint8 int8 int16 int32 int64 uint16 uint32 uint64 float16 bfloat16 float32 float64 complex64 "
    "complex128 bool"
).split()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("source, goal", [(torch, rushlight), (rushlight, torch)])
def test_tensors_pass_without_a_copy(dtype: str, source: Any, goal: Any) -> None:
    x = source.tensor([[0, 1, 1], [1, 0, 1]]).to(getattr(source, dtype))
    for given in (x, x.__dlpack__(), source.utils.dlpack.to_dlpack(x)):
        y = goal.from_dlpack(given)
        assert y.data_ptr() == x.data_ptr() and str(y.dtype) == str(x.dtype)
        assert y.tolist() == x.tolist()
        y[0, 0] = 1
        assert x.tolist() == y.tolist()
        x[0, 0] = 0
        assert x.tolist() == y.tolist()
    del x, given
    assert y.tolist() == [[0, 1, 1], [1, 0, 1]]


VIEWS = ["x.T", "x[1:]", "x[:, ::2]", "x[0, 0]", "x[:0]", "x.expand(2, 2, 3)", "x.view(3, 2)"]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("source, goal", [(torch, rushlight), (rushlight, torch)])
def test_views_pass_with_their_strides(view: str, source: Any, goal: Any) -> None:
    given = eval(view, {"x": source.arange(6.0).reshape(2, 3)})
    made = goal.from_dlpack(given)
    assert made.tolist() == given.tolist() and made.shape == given.shape
    if given.numel():
        assert made.stride() == given.stride() and made.data_ptr() == given.data_ptr()


def test_read_only_memory_passes() -> None:
    given = np.arange(3.0)
    given.setflags(write=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = rushlight.from_numpy(given)
    assert torch.from_dlpack(x).tolist() == [0, 1, 2]
