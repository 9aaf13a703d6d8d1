"""Samplers draw what PyTorch's draw: the expected orders were printed by PyTorch 2.13."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
    random_split,
)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(7)


def test_sequential():
    sampler = SequentialSampler("abc")
    assert list(sampler) == [0, 1, 2]
    assert len(sampler) == 3


def test_random_permutation_and_what_it_leaves_of_the_stream():
    sampler = RandomSampler(range(10))
    assert list(sampler) == [3, 0, 1, 9, 4, 7, 2, 5, 6, 8]
    assert torch.rand(1).item() == pytest.approx(0.6592116951942444, abs=0)
    assert list(sampler) == [7, 2, 6, 3, 5, 1, 0, 8, 4, 9]


def test_random_with_replacement():
    drawn = list(RandomSampler(range(10), replacement=True, num_samples=40))
    assert drawn == [
        3, 5, 7, 1, 0, 2, 3, 6, 1, 1, 6, 6, 0, 6, 0, 7, 4, 8, 6, 8,
        0, 2, 4, 9, 6, 0, 4, 4, 1, 2, 7, 8, 8, 8, 1, 5, 8, 1, 9, 3,
    ]  # fmt: skip


def test_random_more_samples_than_there_are():
    sampler = RandomSampler(range(4), num_samples=10)
    assert len(sampler) == 10
    assert list(sampler) == [1, 3, 0, 2, 3, 1, 2, 0, 3, 1]


def test_subset_random():
    sampler = SubsetRandomSampler([3, 1, 4, 15, 9])
    assert len(sampler) == 5
    assert list(sampler) == [3, 1, 15, 4, 9]


def test_weighted_random():
    weights = [0.1, 0.9, 0.4, 0.7, 3.0, 0.6]
    assert list(WeightedRandomSampler(weights, 8)) == [3, 3, 4, 4, 5, 4, 3, 4]
    weights = [0.9, 0.4, 0.05, 0.2, 0.3, 0.1]
    assert list(WeightedRandomSampler(weights, 5, replacement=False)) == [3, 5, 4, 2, 0]


def test_random_split():
    subsets = random_split(range(10), [3, 7])
    assert [list(s.indices) for s in subsets] == [[5, 0, 3], [4, 1, 7, 9, 6, 8, 2]]
    generator = torch.Generator().manual_seed(42)
    subsets = random_split(range(10), [0.34, 0.33, 0.33], generator)
    assert [list(s.indices) for s in subsets] == [[2, 6, 1, 8], [4, 5, 0], [9, 3, 7]]


def test_random_split_refuses_other_lengths():
    with pytest.raises(ValueError, match="Sum of input lengths does not equal the length"):
        random_split(range(10), [3, 6])
    with pytest.raises(ValueError, match="Fraction at index 0 is not between 0 and 1"):
        random_split(range(10), [-0.5, 1.5])
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        random_split(range(2), [0.9, 0.1])


@pytest.mark.parametrize("drop_last", [False, True])
def test_batches(drop_last):
    sampler = BatchSampler(SequentialSampler(range(7)), 3, drop_last)
    expected = [[0, 1, 2], [3, 4, 5]] + ([] if drop_last else [[6]])
    assert list(sampler) == expected
    assert len(sampler) == len(expected)


def test_batches_of_any_iterable():
    assert list(BatchSampler(iter("abcde"), 2, False)) == [["a", "b"], ["c", "d"], ["e"]]


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: RandomSampler(range(3), replacement=1), TypeError, "replacement should be a bool"),
        (lambda: RandomSampler([]), ValueError, "num_samples should be a positive integer value"),
        (lambda: RandomSampler([1], num_samples=-1), ValueError, "but got num_samples=-1"),
        (lambda: WeightedRandomSampler([1.0], True), ValueError, "num_samples should be a pos"),
        (lambda: WeightedRandomSampler([1.0], 1, 2), ValueError, "replacement should be a bool"),
        (lambda: WeightedRandomSampler([[1.0]], 1), ValueError, "weights should be a 1d sequence"),
        (lambda: BatchSampler([], 0, False), ValueError, "batch_size should be a positive integer"),
        (lambda: BatchSampler([], 2, 1), ValueError, "drop_last should be a boolean value"),
        (lambda: iter(Sampler()), NotImplementedError, "Sampler does not define __iter__"),
    ],
)
def test_bad_arguments(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_loader_order_and_stream():
    loader = DataLoader(list(range(10)), batch_size=3, shuffle=True)
    assert [b.tolist() for b in loader] == [[3, 2, 7], [8, 6, 1], [5, 9, 0], [4]]
    assert [b.tolist() for b in loader] == [[1, 3, 5], [2, 8, 9], [6, 7, 4], [0]]
    assert torch.rand(2).tolist() == [0.36531615257263184, 0.8512683510780334]


def test_loader_without_shuffle_draws_its_base_seed():
    assert len([*DataLoader(list(range(10)), batch_size=3)]) == 4
    assert torch.rand(2).tolist() == [0.6592116951942444, 0.6568902730941772]


def test_loader_with_its_own_generator():
    generator = torch.Generator().manual_seed(5)
    loader = DataLoader(list(range(10)), batch_size=4, shuffle=True, generator=generator)
    assert [b.tolist() for b in loader] == [[7, 4, 8, 1], [2, 3, 6, 5], [9, 0]]
    assert [b.tolist() for b in loader] == [[2, 1, 6, 3], [5, 9, 4, 7], [8, 0]]
    assert torch.rand(2, generator=generator).tolist() == [0.5818747282028198, 0.3590012192726135]
