"""What a tensor is: its properties, its values for Python and NumPy, its copies."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import rushlight as torch


def image() -> Any:
    return torch.arange(120.0).reshape(2, 3, 4, 5)


# ---- properties


def test_shape() -> None:
    x = torch.zeros(2, 3, 4)
    assert x.shape == (2, 3, 4) == x.size() and isinstance(x.shape, torch.Size)
    assert x.size(0) == 2 and x.size(-1) == 4 and x.size(dim=1) == 3
    assert x.ndim == x.dim() == x.ndimension() == 3
    assert x.numel() == x.nelement() == torch.numel(x) == x.shape.numel() == 24
    assert len(x) == 2
    with pytest.raises(IndexError, match=r"Dimension out of range \(expected to be in range of"):
        x.size(3)


def test_size() -> None:
    size = torch.Size([2, 3, 4])
    assert repr(size) == "torch.Size([2, 3, 4])" and size == (2, 3, 4)
    assert isinstance(size[1:], torch.Size) and size[1:] == (3, 4) and size[0] == 2
    assert isinstance(size + (5,), torch.Size) and size + (5,) == (2, 3, 4, 5)
    assert torch.zeros(size).shape == size and hash(size) == hash((2, 3, 4))


def test_sizes_join_to_sizes() -> None:
    size = torch.Size([2, 3])
    for joined, sizes in (
        (size + (4,), [2, 3, 4]), ((1,) + size, [1, 2, 3]), (size + size, [2, 3, 2, 3]),
        (size * 2, [2, 3, 2, 3]), (2 * size, [2, 3, 2, 3]), (size + (torch.tensor(4),), [2, 3, 4]),
    ):  # fmt: skip
        assert isinstance(joined, torch.Size) and repr(joined) == f"torch.Size({sizes})"
    with pytest.raises(TypeError, match=r"can only concatenate tuple \(not list\) to torch.Size"):
        size + [4]
    with pytest.raises(TypeError, match="takes an iterable of 'int' .item 0 is 'float'"):
        (1.5,) + size
    with pytest.raises(TypeError, match="takes an iterable of 'int' .item 2 is 'str'"):
        size + ("4",)
    with pytest.raises(TypeError, match="list"):
        [1] + size
    with pytest.raises(TypeError):
        size * 1.5


def test_memory() -> None:
    x = image()
    assert x.stride() == (60, 20, 5, 1) and x.stride(1) == 20 and x.stride(-1) == 1
    assert x.permute(0, 2, 3, 1).stride() == (60, 5, 1, 20)
    assert x.element_size() == x.itemsize == 4 and x.nbytes == 480
    assert x[1].data_ptr() == x.data_ptr() + 240
    assert x[1, 2].storage_offset() == 100 and x.storage_offset() == 0
    assert x.is_contiguous() and not x.mT.is_contiguous()


def test_memory_formats() -> None:
    x = image()
    last = x.to(memory_format=torch.channels_last)
    assert last.shape == x.shape and last.stride() == (60, 1, 15, 3)
    assert last.is_contiguous(memory_format=torch.channels_last) and not last.is_contiguous()
    assert not x.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(last, x) and last.contiguous().stride() == x.stride()
    assert x.contiguous() is x
    assert (last + 1).stride() == last.stride() == last.clone().stride()
    assert torch.zeros_like(last).stride() == last.stride()


def test_kind() -> None:
    x = torch.zeros(2)
    assert x.dtype is torch.float32 and x.is_floating_point() and x.is_signed()
    assert not x.is_complex() and not x.is_cuda and not x.is_sparse and not x.is_quantized
    assert x.device == torch.device("cpu") and x.get_device() == -1
    assert str(x.layout) == "torch.strided" and x.type() == "torch.FloatTensor"
    assert not torch.zeros(2, dtype=torch.uint8).is_signed()
    assert torch.zeros(2, dtype=torch.complex64).is_complex()
    assert torch.is_tensor(x) and not torch.is_tensor([1.0])


# ---- values for Python


def test_item() -> None:
    assert torch.tensor(1.5).item() == 1.5 and type(torch.tensor(1.5).item()) is float
    assert type(torch.tensor([[3]]).item()) is int and type(torch.tensor(True).item()) is bool
    with pytest.raises(RuntimeError, match="a Tensor with 2 elements cannot be converted to Scal"):
        torch.zeros(2).item()


def test_conversions() -> None:
    assert float(torch.tensor(1.5)) == 1.5 and int(torch.tensor(1.7)) == 1
    assert complex(torch.tensor([1.5])) == 1.5 + 0j
    assert [10, 20, 30][torch.tensor(1)] == 20 and list(range(torch.tensor(3))) == [0, 1, 2]
    with pytest.raises(TypeError, match="only integer tensors of a single element"):
        [10, 20][torch.tensor(1.0)]
    with pytest.raises(ValueError, match="only one element tensors can be converted to Python"):
        float(torch.zeros(2))


def test_truth() -> None:
    assert torch.tensor(1.0) and not torch.tensor([0])
    with pytest.raises(RuntimeError, match="Boolean value of Tensor with more than one value is"):
        bool(torch.zeros(2))
    with pytest.raises(RuntimeError, match="Boolean value of Tensor with no values is ambiguous"):
        bool(torch.zeros(0))


def test_sequence() -> None:
    x = torch.arange(6).reshape(3, 2)
    assert [row.tolist() for row in x] == x.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert torch.tensor(2.5).tolist() == 2.5
    assert 3 in x and 9 not in x and torch.tensor(3) in x
    for wrong in (len, iter):
        with pytest.raises(TypeError, match="a 0-d tensor"):
            wrong(torch.tensor(1))
    a, b, c = x
    assert c.tolist() == [4, 5] and a.data_ptr() == x.data_ptr()


def test_hash_and_equality() -> None:
    x = torch.ones(2)
    assert {x: 1}[x] == 1 and hash(x) != hash(x.clone())
    assert (x == torch.ones(2)).tolist() == [True, True]
    assert (x == 1).tolist() == [True, True] and (x != 1).tolist() == [False, False]
    assert (x == "one") is False and (x != "one") is True and (x == None) is False  # noqa: E711
    with pytest.raises(TypeError):
        x < "one"  # noqa: B015


def test_operators_with_what_is_no_tensor() -> None:
    x = torch.ones(2)
    for operation in (lambda: x + "a", lambda: "a" + x, lambda: x * None, lambda: x @ 3):
        with pytest.raises(TypeError):
            operation()

    class Other:
        def __radd__(self, other: Any) -> str:
            return "other's"

    assert x + Other() == "other's"


def test_format() -> None:
    assert f"{torch.tensor(1.5):.3f}" == "1.500" and f"{torch.tensor(7):>4}" == "   7"
    assert f"{torch.tensor(1.5)}" == "1.5" and f"{torch.ones(2)}" == "tensor([1., 1.])"
    with pytest.raises(TypeError, match="unsupported format string"):
        f"{torch.ones(2):.3f}"


# ---- NumPy


def test_numpy_shares_memory() -> None:
    x = torch.zeros(3)
    array = x.numpy()
    array[0] = 5.0
    assert x.tolist() == [5.0, 0.0, 0.0]
    x.add_(1)
    assert array.tolist() == [6.0, 1.0, 1.0] and type(array) is np.ndarray
    back = torch.from_numpy(array)
    assert back.data_ptr() == x.data_ptr()
    assert image().mT.numpy().strides == image().mT.numpy().strides


def test_numpy_functions_take_tensors() -> None:
    x = torch.tensor([1.0, 4.0])
    assert np.sqrt(x).tolist() == [1.0, 2.0] and np.asarray(x).dtype == np.float32
    assert np.array(x, dtype="float64").dtype == np.float64
    assert np.array(x) is not x.numpy() and np.allclose(x, [1.0, 4.0])


def test_arrays_on_the_left() -> None:
    total = np.ones(2) + torch.ones(2)
    assert isinstance(total, torch.Tensor) and total.dtype is torch.float64
    scaled = np.float64(2.0) * torch.ones(2)
    assert isinstance(scaled, torch.Tensor) and scaled.dtype is torch.float32
    assert (torch.ones(2) * np.float64(2.0)).dtype is torch.float32


def test_numpy_of_what_requires_grad() -> None:
    x = torch.ones(2, requires_grad=True)
    for wrong in (x, x * 2):
        with pytest.raises(RuntimeError, match="Can't call numpy.. on Tensor that requires grad"):
            wrong.numpy()
    assert (x * 2).numpy(force=True).tolist() == [2.0, 2.0]
    assert x.detach().numpy().tolist() == [1.0, 1.0]


# ---- data, copies


def test_data() -> None:
    x = torch.ones(2, requires_grad=True)
    assert not x.data.requires_grad and x.data.data_ptr() == x.data_ptr()
    x.data.mul_(3)
    x.data -= 1
    assert x.tolist() == [2.0, 2.0] and x.is_leaf and x.requires_grad
    x.data = torch.zeros(3)
    assert x.shape == (3,) and x.requires_grad
    with pytest.raises(TypeError, match="Variable data has to be a tensor, but got list"):
        x.data = [1.0]


def test_data_of_another_dtype_for_a_parameter() -> None:
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.data = parameter.data.double()
    assert parameter.dtype is torch.float64 and parameter.requires_grad
    (parameter * 2).sum().backward()
    assert parameter.grad.dtype is torch.float64


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_duplicates(duplicate: Any) -> None:
    x = torch.ones(2, 3, requires_grad=True)
    y = duplicate(x)
    assert y.requires_grad and y.is_leaf and torch.equal(x, y)
    with torch.no_grad():
        y.add_(1)
    assert x.tolist() == [[1.0] * 3] * 2
    p = duplicate(torch.nn.Parameter(torch.ones(2)))
    assert type(p) is torch.nn.Parameter and p.requires_grad


def test_deepcopy_keeps_grad_and_sharing() -> None:
    x = torch.ones(2, requires_grad=True)
    x.grad = torch.full((2,), 5.0)
    first, second = copy.deepcopy([x, x])
    assert first is second and first.grad.tolist() == [5.0, 5.0]
    assert first.grad.data_ptr() != x.grad.data_ptr()
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(x * 2)


def test_shallow_copy_shares_memory() -> None:
    x = torch.ones(2)
    assert copy.copy(x).data_ptr() == x.data_ptr()


# ---- constructors


def test_tensor_copies() -> None:
    array = np.ones(2)
    x = torch.tensor(array)
    array[0] = 5.0
    assert x.tolist() == [1.0, 1.0] and x.dtype is torch.float64
    assert torch.tensor(x).data_ptr() != x.data_ptr()
    shared = torch.as_tensor(array)
    array[0] = 7.0
    assert shared[0] == 7.0 and torch.as_tensor(x) is x
    assert torch.tensor([x[0], x[1]]).tolist() == [1.0, 1.0]


def test_old_constructor() -> None:
    assert torch.Tensor(2, 3).shape == (2, 3) and torch.Tensor([1, 2]).tolist() == [1.0, 2.0]
    assert torch.Tensor().shape == (0,) and torch.Tensor([1, 2]).dtype is torch.float32
    assert torch.Tensor(torch.ones(2)).tolist() == [1.0, 1.0]


def test_default_dtype() -> None:
    torch.set_default_dtype(torch.float64)
    assert torch.get_default_dtype() is torch.float64
    for made in (torch.ones(2), torch.tensor([1.5]), torch.rand(2), torch.Tensor(2),
                 torch.arange(0, 1, 0.5), torch.arange(3) / 2, torch.arange(3).sqrt()):  # fmt: skip
        assert made.dtype is torch.float64
    assert torch.tensor([1]).dtype is torch.int64
    with pytest.raises(TypeError, match="only floating-point types are supported as the default"):
        torch.set_default_dtype(torch.int64)


def test_devices() -> None:
    assert str(torch.device("cuda:1")) == "cuda:1" and repr(torch.device("cpu")) == (
        "device(type='cpu')"
    )
    assert torch.device("cuda", 1) == torch.device("cuda:1") != torch.device("cuda")
    assert torch.device(torch.device("cpu")) == torch.device("cpu")
    assert len({torch.device("cpu"), torch.device("cpu")}) == 1
    x = torch.ones(2, device="cpu")
    assert x.to("cpu") is x and x.cpu() is x and x.to(torch.device("cpu")) is x
    for wrong in ("graphics", "cuda:x"):
        with pytest.raises(RuntimeError, match="device string|Expected one of"):
            torch.device(wrong)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the error is for machines without a GPU")
def test_missing_device() -> None:
    for move in (
        lambda: torch.ones(2, device="cuda"), lambda: torch.ones(2).cuda(),
        lambda: torch.ones(2).to("cuda:0"), lambda: torch.nn.Linear(2, 2).to("cuda"),
    ):  # fmt: skip
        with pytest.raises((AssertionError, RuntimeError), match="CUDA"):
            move()


def test_dtypes() -> None:
    assert repr(torch.float32) == "torch.float32" and torch.float is torch.float32
    assert torch.long is torch.int64 and torch.double is torch.float64 and torch.half.itemsize == 2
    assert torch.bool.is_signed is False and torch.int8.is_signed and not torch.uint8.is_signed
    assert pickle.loads(pickle.dumps(torch.int32)) is torch.int32
    assert copy.deepcopy(torch.float64) is torch.float64
    assert torch.promote_types(torch.uint8, torch.int8) is torch.int16
    assert torch.promote_types(torch.int64, torch.float16) is torch.float16
    assert torch.promote_types(torch.float64, torch.complex64) is torch.complex128
    assert torch.result_type(torch.ones(2), torch.tensor(1.0, dtype=torch.float64)) is torch.float32
    assert torch.result_type(torch.arange(2), 1.5) is torch.float32
