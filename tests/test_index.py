"""x[...]: what PyTorch's rules make of an index, and its words for what is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rushlight as torch
from index_support import as_tensors, cases

pytestmark = pytest.mark.filterwarnings("ignore:Using a non-tuple sequence")


def numbers(*shape: int, **options: Any) -> torch.Tensor:
    return torch.arange(int(np.prod(shape)), **options).reshape(*shape)


MASK = torch.tensor([True, False, True, False])
ROWS = torch.tensor([1, 2])

# An index of numbers(2, 3, 4), and the shape and first elements of the result in PyTorch.
READ: list[tuple[Any, tuple[int, ...], list[int]]] = [
    ((0, slice(None), [1, 2]), (3, 2), [1, 2, 5, 6, 9, 10]),
    ((0, slice(None), MASK), (3, 2), [0, 2, 4, 6, 8, 10]),
    ((0, slice(None), True), (3, 1, 4), [0, 1, 2, 3, 4, 5]),
    ((0, slice(None), False), (3, 0, 4), []),
    ((0, slice(None), ROWS, None), (3, 2, 1), [1, 2, 5, 6]),
    ((0, None, slice(None), None, ROWS), (1, 3, 1, 2), [1, 2, 5, 6]),
    ((slice(1, None), [0, 2], 1), (1, 2), [13, 21]),
    (True, (1, 2, 3, 4), [0, 1]),
    (False, (0, 2, 3, 4), []),
    ((None, True), (1, 1, 2, 3, 4), [0, 1]),
    ((True, True), (1, 2, 3, 4), [0, 1]),
    ((True, ..., ROWS), (2, 2, 3), [1, 5, 9, 13]),
    (torch.tensor(True), (1, 2, 3, 4), [0, 1]),
    (torch.tensor(1), (3, 4), [12, 13]),
    (torch.tensor(1, dtype=torch.int16), (3, 4), [12, 13]),
    (torch.tensor([1, 0], dtype=torch.uint8), (1, 3, 4), [0, 1]),
    (torch.tensor([1, 0], dtype=torch.int32), (2, 3, 4), [12, 13]),
    ([0, 1], (2, 3, 4), [0, 1]),
    (range(2), (2, 3, 4), [0, 1]),
    (((0, 1), (1, 2)), (2, 4), [4, 5, 6, 7, 20]),
    ([[0, 1], [1, 0]], (2, 4), [4, 5, 6, 7, 12]),
    ([slice(None), 0], (2, 4), [0, 1, 2, 3, 12]),
    ([0, None], (1, 3, 4), [0, 1]),
    ([torch.tensor(1), torch.tensor(0)], (4,), [12, 13]),
    ([0, [1, 2]], (2, 4), [4, 5]),
    ([True, False], (1, 3, 4), [0, 1]),
    ([True, 1], (2, 3, 4), [12, 13]),
    (np.array([[0, 1], [1, 0]]), (2, 2, 3, 4), [0, 1]),
    (np.array([1, 0], np.int8), (2, 3, 4), [12, 13]),
    (np.int64(1), (3, 4), [12, 13]),
    ([], (0, 3, 4), []),
    ((slice(None), []), (2, 0, 4), []),
    (([], []), (0, 4), []),
    ((..., ...), (2, 3, 4), [0, 1]),
    ((..., 0, ...), (2, 3), [0, 4]),
    ((0, ..., 0, ..., 0), (), [0]),
    ((slice(None), torch.ones(3, 4, dtype=torch.bool)), (2, 12), [0, 1]),
    (slice(torch.tensor(1), None), (1, 3, 4), [12, 13]),
    (slice(None, 2**70), (2, 3, 4), [0, 1]),
    ((MASK[:2], MASK[:3]), (2, 4), [0, 1, 2, 3, 8]),
    ((slice(None), ROWS, slice(None), None), (2, 2, 4, 1), [4, 5]),
    ((torch.zeros(2, dtype=torch.int64), slice(None), ROWS), (2, 3), [1, 5, 9, 2]),
]


@pytest.mark.parametrize(("index", "shape", "first"), READ, ids=lambda v: repr(v)[:40])
def test_reading(index: Any, shape: Any, first: Any) -> None:
    found = numbers(2, 3, 4)[index]
    assert found.shape == shape
    assert found.reshape(-1)[: len(first)].tolist() == first


@pytest.mark.parametrize(("index", "shape", "first"), READ, ids=lambda v: repr(v)[:40])
def test_writing_and_gradients(index: Any, shape: Any, first: Any) -> None:
    x = numbers(2, 3, 4, dtype=torch.float64)
    named = numbers(2, 3, 4)[index].reshape(-1).numpy()
    value = torch.arange(-1.0, -1.0 - len(named), -1.0, dtype=torch.float64).reshape(shape)
    expected = np.arange(24.0)
    expected[named] = value.numpy().ravel()
    written = x.clone()
    written[index] = value
    assert written.reshape(-1).tolist() == expected.tolist()

    leaf, given = x.clone().requires_grad_(), value.clone().requires_grad_()
    (leaf[index] * given).sum().backward()
    gradient = np.zeros(24)
    np.add.at(gradient, named, value.numpy().ravel())
    assert leaf.grad.reshape(-1).tolist() == gradient.tolist()
    assert given.grad.reshape(-1).tolist() == named.tolist()

    target = leaf * 1
    target[index] = given
    leaf.grad = given.grad = None
    (target * (x + 1)).sum().backward()
    kept = np.arange(1.0, 25)
    kept[named] = 0
    assert leaf.grad.reshape(-1).tolist() == kept.tolist()
    assert given.grad.reshape(-1).tolist() == (named + 1).tolist()


@pytest.mark.parametrize(
    ("index", "error", "words"),
    [
        (slice(None, None, -1), ValueError, "step must be greater than zero"),
        (slice(None, None, 0), ValueError, "slice step cannot be zero"),
        (slice(None, 1.5), TypeError, "slice indices must be integers or None"),
        (slice(None, "a"), TypeError, "slice indices must be integers or None"),
        (slice(None, torch.tensor(2.0)), TypeError, "only integer tensors of a single element"),
        (1.5, IndexError, r"only integers, slices .* \(got float\)"),
        ({}, IndexError, r"only integers, slices .* \(got dict\)"),
        (torch.tensor([1.0]), IndexError, "tensors used as indices must be long, int, byte or b"),
        (torch.tensor(1.0), IndexError, "tensors used as indices must be long, int, byte or b"),
        (torch.tensor([1], dtype=torch.int8), IndexError, "tensors used as indices must be long"),
        ((0, 0, 0, 0), IndexError, "too many indices for tensor of dimension 3"),
        ((ROWS, ROWS, ROWS, ROWS), IndexError, "too many indices for tensor of dimension 3"),
        (torch.ones(2, 3, 4, 1, dtype=torch.bool), IndexError, "too many indices for tensor of"),
        (2, IndexError, "index 2 is out of bounds for dimension 0 with size 2"),
        (-3, IndexError, "index -3 is out of bounds for dimension 0 with size 2"),
        ((slice(None), 5), IndexError, "index 5 is out of bounds for dimension 1 with size 3"),
        ((slice(None), ROWS + 5), IndexError, "index 6 is out of bounds for dimension 1 with si"),
        ((ROWS, 5), IndexError, "index 5 is out of bounds for dimension 1 with size 3"),
        (ROWS - 5, IndexError, "index -4 is out of bounds for dimension 0 with size 2"),
        (2**70, ValueError, "an index overflows 64 bits"),
        ((ROWS - 1, slice(None), torch.tensor([0, 1, 2])), IndexError,
         r"shape mismatch: indexing tensors could not be broadcast together with shapes "
         r"\[2\], \[3\]"),
        (MASK, IndexError, r"The shape of the mask \[4\] at index 0 does not match the shape of the"
                           r" indexed tensor \[2, 3, 4\] at index 0"),
        ((slice(None), MASK), IndexError, r"The shape of the mask \[4\] at index 0 .* at index 1"),
        (torch.ones(2, 4, dtype=torch.bool), IndexError,
         r"The shape of the mask \[2, 4\] at index 1 .* at index 1"),
        (torch.zeros(0, dtype=torch.bool), IndexError, r"The shape of the mask \[0\] at index 0"),
    ],
    ids=lambda v: repr(v)[:40],
)  # fmt: skip
def test_what_is_no_index(index: Any, error: Any, words: str) -> None:
    x = numbers(2, 3, 4)
    for use in (x.__getitem__, lambda index: x.__setitem__(index, 1)):
        with pytest.raises(error, match=words) as raised:
            use(index)
        text = str(raised.value)
        assert "\n" not in text and "array" not in text and "NumPy" not in text
    assert x.equal(numbers(2, 3, 4))


def test_a_tensor_without_dimensions() -> None:
    x = torch.tensor(3)
    assert x[()].shape == x[...].shape == () and x[None].shape == x[True].shape == (1,)
    assert x[False].shape == (0,) and x[torch.tensor(True)].tolist() == [3]
    for use in (x.__getitem__, lambda index: x.__setitem__(index, 1)):
        with pytest.raises(IndexError, match="invalid index of a 0-dim tensor"):
            use(0)
        for index in (ROWS, MASK, [], torch.tensor(0)):
            with pytest.raises(IndexError, match="too many indices for tensor of dimension 0"):
                use(index)
    for index, left in [((), 4), (..., 4), (None, 4), (True, 4), (False, 3)]:
        y = x.clone()
        y[index] = 4
        assert y.item() == left


def test_values_of_an_assignment() -> None:
    def assigned(index: Any, value: Any, dtype: Any = torch.float32) -> Any:
        x = torch.zeros(3, dtype=dtype)
        x[index] = value
        return x.tolist()

    assert assigned(ROWS, torch.ones(1, 1, 2)) == assigned(ROWS, 1) == [0, 1, 1]
    assert assigned(MASK[:3], torch.tensor(2)) == [2, 0, 2]  # one value for a mask is converted
    assert assigned(MASK[:3], torch.ones(1, 1, 2)) == [1, 0, 1]
    assert assigned(torch.tensor([0, 0]), torch.tensor([1.0, 2.0])) == [2, 0, 0]
    assert assigned([], 3) == assigned([], torch.ones(0)) == assigned(False, 5) == [0, 0, 0]
    assert assigned(ROWS, 2.5, torch.int64) == [0, 2, 2]
    for value in (torch.ones(2, dtype=torch.float64), torch.ones((), dtype=torch.float64)):
        with pytest.raises(RuntimeError, match="Index put requires the source and destination dty"
                                               "pes match, got Float for the destination and Dou"):
            assigned(ROWS, value)  # fmt: skip
    for index, value in [
        (ROWS, torch.ones(3)), (ROWS, torch.ones(2, 1)), (MASK[:3], torch.ones(3)),
        ([], torch.ones(2)),
    ]:  # fmt: skip
        with pytest.raises(RuntimeError, match=r"shape mismatch: value tensor of shape \[\d.*\] "
                                               r"cannot be broadcast to indexing result of shape"):
            assigned(index, value)  # fmt: skip
    for index in (0, ROWS, MASK[:3]):
        assert max(assigned(index, 1e9, torch.float16)) == float("inf")
        with pytest.raises(RuntimeError, match="cannot be converted to type float without overfl"):
            assigned(index, 1e300)
        with pytest.raises(RuntimeError, match="cannot be converted to type uint8_t without over"):
            assigned(index, 300, torch.uint8)
        with pytest.raises(TypeError, match="can't assign a NoneType to a torch.FloatTensor"):
            assigned(index, None)
        with pytest.raises(TypeError, match="can't assign a str to a torch.FloatTensor"):
            assigned(index, "a")


def test_assignments_reach_what_shares_the_memory() -> None:
    base = torch.zeros(4, 3)
    view = base.t()
    view[1, [0, 2]] = torch.tensor([1.0, 2.0])
    view[2] = 5.0
    assert base.tolist() == [[0, 1, 5], [0, 0, 5], [0, 2, 5], [0, 0, 5]]
    version = base._version
    view[0, 0] = 1.0
    base[MASK] = 2.0
    base[2:] = base[:2]  # each other's memory
    assert base.tolist() == [[2, 2, 2], [0, 0, 5], [2, 2, 2], [0, 0, 5]]
    assert base._version == view._version > version + 2


def test_indices_of_their_own_tensor() -> None:
    x = torch.tensor([2, 0, 1])
    x[x] = torch.tensor([5, 6, 7])
    assert x.tolist() == [6, 7, 5]
    mask = torch.tensor([True, False, True])
    mask[mask] = torch.tensor([False, True])
    assert mask.tolist() == [False, False, True]


def test_a_written_leaf_and_an_expanded_tensor_are_refused() -> None:
    leaf = torch.zeros(3, requires_grad=True)
    for index in (0, ROWS, MASK[:3]):
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
            leaf[index] = 1.0
        with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
            torch.zeros(1, 3).expand(2, 3)[:, index] = 1.0
    with torch.no_grad():
        leaf[0] = 1.0
        leaf[ROWS] = 2.0
    assert leaf.tolist() == [1, 2, 2]


def test_index_put() -> None:
    x = torch.zeros(3)
    twice = torch.tensor([1, 1])
    assert x.index_put((twice,), torch.tensor(2.0)).tolist() == [0, 2, 0]
    assert torch.index_put(x, (twice,), torch.tensor(2.0), True).tolist() == [0, 4, 0]
    assert x.index_put_([MASK[:3]], torch.ones(2), accumulate=True) is x
    assert x.index_put_((torch.tensor(-1),), torch.ones(())).tolist() == [1, 0, 1]
    assert x.index_put((torch.tensor(True),), torch.ones(3)).tolist() == [1, 1, 1]
    with pytest.raises(TypeError, match="argument 'values' .* must be Tensor, not float"):
        x.index_put_((ROWS,), 1.0)
    with pytest.raises(TypeError, match="argument 'indices' .* must be tuple of Tensors, not Ten"):
        x.index_put_(ROWS, torch.ones(2))
    with pytest.raises(TypeError, match="expected Tensor as element 0 in argument .*, but got"):
        x.index_put_((None,), torch.ones(2))
    with pytest.raises(IndexError, match="too many indices for tensor of dimension 1"):
        x.index_put_((ROWS, ROWS), torch.ones(2))
    with pytest.raises(IndexError, match="index 5 is out of bounds for dimension 0 with size 3"):
        x.index_put_((torch.tensor([-1, 5]),), torch.ones(2))
    assert x.tolist() == [1, 0, 1]


def test_nonzero_of_a_tensor_without_dimensions() -> None:
    assert [t.tolist() for t in torch.tensor(5).nonzero(as_tuple=True)] == [[0]]
    assert [t.tolist() for t in torch.tensor(0.0).nonzero(as_tuple=True)] == [[]]
    assert torch.tensor(5).nonzero().shape == (1, 0) and torch.tensor(0).nonzero().shape == (0, 0)


def test_lists_of_lists_are_taken_for_tuples_with_a_warning() -> None:
    with pytest.warns(UserWarning, match=r"use x\[tuple\(seq\)\] instead") as caught:
        assert numbers(2, 3, 4)[[[0, 1], [1, 2]]].shape == (2, 4)
    assert caught[0].filename == __file__


@pytest.mark.fuzz
def test_random_indices(fuzz_seconds: float) -> None:
    """Reading, writing and the gradient of reading, beside the rules spelled out with NumPy."""
    for case in cases(fuzz_seconds):
        array = case.array("f4")
        index = as_tensors(case.index, torch)
        x = torch.from_numpy(array.copy("K"))
        try:
            named = case.named()
        except (IndexError, ValueError):
            with pytest.raises((IndexError, ValueError, TypeError)):
                x[index]
            continue
        try:
            found = x.requires_grad_()[index]
        except (IndexError, ValueError):
            assert case.is_wrong, case
            continue
        assert found.shape == named.shape, case
        assert found.tolist() == array.ravel()[named].tolist(), case
        weights = case.random.integers(-9, 10, named.shape).astype("f4")
        (found * torch.from_numpy(weights)).sum().backward()
        expected = np.zeros(array.size, "f4")
        np.add.at(expected, named.ravel(), weights.ravel())
        assert x.grad.reshape(-1).tolist() == expected.tolist(), case
        target = x.detach()
        target[index] = torch.from_numpy(weights)
        expected = array.ravel().copy()
        expected[named.ravel()] = weights.ravel()
        assert target.reshape(-1).tolist() == expected.tolist(), case
