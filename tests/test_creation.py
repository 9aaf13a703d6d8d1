"""Makers of tensors: what they refuse, and Python's types as dtypes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import rushlight as torch

x = torch.ones(2, 2)
MAKERS: dict[str, Any] = {
    "zeros": (3,), "ones": (3,), "empty": (3,), "rand": (3,), "randn": (3,), "full": ((3,), 1),
    "randint": (5, (3,)), "randperm": (3,), "arange": (3,), "linspace": (0, 1, 3), "eye": (3,),
    "logspace": (0, 1, 3), "range": (0, 3), "normal": (0.0, 1.0, (3,)), "tensor": ([1],),
    "empty_strided": ((2,), (1,)), "zeros_like": (x,), "ones_like": (x,), "empty_like": (x,),
    "full_like": (x, 1), "rand_like": (x,), "randn_like": (x,), "randint_like": (x, 3),
    "Tensor.new_zeros": (x, 3), "Tensor.new_ones": (x, 3), "Tensor.new_empty": (x, 3),
    "Tensor.new_full": (x, (3,), 1), "Tensor.new_tensor": (x, [1]),
    "Tensor.new_empty_strided": (x, (2,), (1,)), "Tensor.uniform_": (x.clone(),),
    "Tensor.random_": (x.clone(),), "Tensor.normal_": (x.clone(),),
}  # fmt: skip
FILLS = ("uniform_", "random_", "normal_")
PLAIN = ("tensor", "new_tensor")


def function(name: str) -> Any:
    where, _, last = name.rpartition(".")
    return getattr(torch.Tensor if where else torch, last)


@pytest.mark.parametrize("name", MAKERS)
def test_unknown_keywords(name: str) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'dtpye'"):
        function(name)(*MAKERS[name], dtpye=torch.int64)


@pytest.mark.parametrize("name", [n for n in MAKERS if not n.endswith(FILLS)])
def test_types_of_python(name: str) -> None:
    for kind, dtype in ((float, torch.float64), (int, torch.int64), (bool, torch.bool),
                        (complex, torch.complex128)):  # fmt: skip
        try:
            expected = function(name)(*MAKERS[name], dtype=dtype)
        except (RuntimeError, ValueError):  # random whole numbers, and their like
            with pytest.raises((RuntimeError, ValueError)):
                function(name)(*MAKERS[name], dtype=kind)
            continue
        assert function(name)(*MAKERS[name], dtype=kind).dtype is expected.dtype is dtype


@pytest.mark.parametrize("name", [n for n in MAKERS if not n.endswith((*FILLS, *PLAIN))])
def test_keywords_that_change_nothing(name: str) -> None:
    made = function(name)(*MAKERS[name], layout=torch.strided, pin_memory=False)
    assert made.shape == function(name)(*MAKERS[name]).shape


def test_types_of_python_elsewhere() -> None:
    assert x.to(float).dtype is x.to("cpu", float).dtype is x.to(dtype=float).dtype
    assert x.to(int).dtype is torch.int64 and x.to(bool).dtype is torch.bool
    assert x.sum(dtype=float).dtype is torch.float64
    assert torch.nn.functional.softmax(x, 0, dtype=float).dtype is torch.float64
    assert torch.nn.Linear(2, 2, dtype=float).weight.dtype is torch.float64
    assert torch.nn.Linear(2, 2).to(float).weight.dtype is torch.float64
    assert torch.promote_types(float, int) is torch.float64
    assert torch.finfo(float).bits == 64 and torch.iinfo(int).bits == 64
    assert torch.zeros(size=(2,), dtype=int).dtype is torch.int64
    for wrong in (str, "float32", np.float32):
        with pytest.raises(TypeError, match="argument 'dtype' must be torch.dtype"):
            torch.zeros(2, dtype=wrong)
        with pytest.raises(TypeError):
            x.to(np.float32)


def test_sizes_by_name() -> None:
    assert torch.zeros(size=(2, 3)).shape == x.new_empty(size=(2, 3)).shape == (2, 3)
    assert torch.randint(high=3, size=(2,)).shape == (2,)
    for call in (torch.zeros, torch.randn, x.new_ones):
        with pytest.raises(TypeError, match="by position and"):
            call(2, 3, size=3)


def test_bounds_by_name() -> None:
    for name in ("uniform_", "random_"):
        made = getattr(torch.empty(50), name)(**{"from": 3, "to": 5})
        assert ((made >= 3) & (made <= 5)).all()
    assert (torch.empty(50).uniform_(to=0.5) <= 0.5).all()
    with pytest.raises(TypeError, match="random_"):
        torch.empty(2).random_(1, 2, 3)


@pytest.mark.parametrize("name", ["rand_like", "randn_like"])
def test_complex_numbers_like(name: str) -> None:
    torch.manual_seed(0)
    made = getattr(torch, name)(x, dtype=torch.complex64)
    torch.manual_seed(0)
    assert made.equal(getattr(torch, name.removesuffix("_like"))(2, 2, dtype=torch.complex64))


UNFIT: list[tuple[Any, type[Exception], str]] = [
    ([1, "a"], TypeError, "invalid data type 'str'"),
    (["a", 1], ValueError, "too many dimensions 'str'"),
    ([b"ab"], TypeError, "invalid data type 'bytes'"),
    ({1, 2}, RuntimeError, "Could not infer dtype of set"),
    ({1: 2}, RuntimeError, "Could not infer dtype of dict"),
    ([None], RuntimeError, "Could not infer dtype of NoneType"),
    ([torch.ones(2), torch.ones(2)], ValueError, "only one element tensors can be converted"),
    ([torch.ones(2).int()], TypeError, "only one element tensors|only integer tensors"),
    ([1, [2]], TypeError, "'list' object cannot be interpreted"),
    ([[1], 2], TypeError, "not a sequence"),
    ([[1, 2], [3]], ValueError, "expected sequence of length 2 at dim 1"),
]


@pytest.mark.parametrize(("data", "kind", "words"), UNFIT, ids=lambda v: str(v)[:20])
def test_no_data(data: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        torch.tensor(data)


def test_no_data_of_a_dtype() -> None:
    with pytest.raises(TypeError, match="must be real number, not str"):
        torch.tensor([1, "a"], dtype=torch.float32)
    with pytest.raises(TypeError, match="must be real number, not NoneType"):
        x.new_tensor(None)


def test_what_is_no_source() -> None:
    """Only tensors and numbers are written into tensors."""
    y = x.clone()
    for value in (None, [1.0], (1.0, 2.0), np.ones(2), "a"):
        with pytest.raises(TypeError, match="argument 'other' .* must be Tensor"):
            y.copy_(value)
        for index in (slice(None), 0, torch.tensor([0])):
            with pytest.raises(TypeError, match="can't assign a .* to a torch.FloatTensor"):
                y[index] = value
    assert y.equal(x)
    y[0] = np.float32(3)
    assert y.copy_(2.0).sum() == 8


OVERLAPS: dict[str, Any] = {
    "add": lambda v: v[1:].add_(v[:-1]),
    "copy": lambda v: v[1:].copy_(v[:-1]),
    "setitem": lambda v: v.__setitem__(slice(1, None), v[:-1]),
    "clamp": lambda v: v[1:].clamp_(v[:-1]),
    "addcmul": lambda v: v[1:].addcmul_(v[:-1], v[:-1]),
    "eq": lambda v: v[1:].eq_(v[:-1]),
    "an element": lambda v: v.mul_(v[3]),
    "transposed": lambda v: v.view(2, 2).add_(v.view(2, 2).t()),
    "out": lambda v: torch.exp(v[1:], out=v[:-1]),
}
DISJOINT: dict[str, Any] = {
    "itself": lambda v: v.add_(v),
    "all of it": lambda v: v.add_(v[:]),
    "halves": lambda v: v[:2].add_(v[2:]),
    "every other": lambda v: v[::2].add_(v[1::2]),
    "its own copy": lambda v: v[1:].add_(v[:-1].clone()),
    "a half of it": lambda v: v[:2].copy_(v[2:]),
}


@pytest.mark.parametrize("gradient", [False, True])
@pytest.mark.parametrize("name", OVERLAPS)
def test_overlapping_writes(name: str, gradient: bool) -> None:
    v = torch.arange(4.0)
    if gradient and name != "out":
        v = v.requires_grad_() * 1
    with pytest.raises(RuntimeError, match="refer to a single memory location"):
        OVERLAPS[name](v)
    assert v.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("name", DISJOINT)
def test_writes_beside_each_other(name: str) -> None:
    v, w = torch.arange(4.0), torch.arange(4.0).requires_grad_() * 1
    assert DISJOINT[name](v).equal(DISJOINT[name](w).detach())


@pytest.mark.parametrize(
    ("shape", "repeated", "stride"),
    [((3, 4), (2, 3, 4), (12, 4, 1)), ((1, 3, 1, 2), (5, 3, 4, 2), (24, 8, 2, 1)),
     ((4, 1), (4, 6), (6, 1))],
)  # fmt: skip
def test_a_repeated_dimension_stays_where_it_stands_in_copies(
    shape: Any, repeated: Any, stride: Any
) -> None:
    v = torch.ones(shape).expand(repeated)
    for made in (torch.ones_like(v), torch.empty_like(v), v.clone(), torch.full_like(v, 2)):
        assert made.shape == repeated and made.stride() == stride
    assert v.clone().equal(v)


@pytest.mark.parametrize("call, message", [
    (lambda: torch.randn("3"), "randn(): argument 'size' (position 1) must be tuple of ints, not "
     "str"),
    (lambda: torch.rand(3, "a"), "rand(): argument 'size' (position 2) must be tuple of ints, not "
     "str"),
    (lambda: torch.zeros(2.5), "zeros(): argument 'size' (position 1) must be tuple of ints, not "
     "float"),
    (lambda: torch.full(2.5, 1), "full(): argument 'size' (position 1) must be tuple of ints, not "
     "float"),
    (lambda: torch.ones(2).expand("a"), "expand(): argument 'size' (position 1) must be tuple of "
     "ints, not str"),
    (lambda: torch.randint(5, 2.5), "randint(): argument 'size' (position 1) must be tuple of "
     "ints, not float"),
    (lambda: torch.randint(5), "randint() received an invalid combination of arguments - got "
     "(int)"),
    (lambda: torch.randint(5, 7), "randint() received an invalid combination of arguments - got "
     "(int, int)"),
])  # fmt: skip
def test_sizes_that_are_none_name_the_function(call, message):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == message


def test_a_copy_of_a_tensor_is_warned_of_where_it_is_asked_for() -> None:
    for copy, name in (
        (lambda: torch.tensor(x), "torch.tensor"),
        (lambda: torch.tensor(x, dtype=torch.float64, requires_grad=True), "torch.tensor"),
        (lambda: x.new_tensor(x), "tensor.new_tensor"),
    ):
        with pytest.warns(UserWarning, match=rf"rather than {name}\(sourceTensor\)") as seen:
            assert torch.equal(copy().float(), x)
        assert [w.filename for w in seen] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for plain in (torch.as_tensor(x), torch.asarray(x, copy=True), torch.tensor([x[0, 0]])):
            assert plain.sum() > 0
