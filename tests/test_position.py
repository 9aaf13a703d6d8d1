"""Passes that go on where another one stood."""

from __future__ import annotations

import io
import pickle
import sys

import pytest

import rushlight as torch
from loader_support import WAYS, loader
from rushlight.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

# More workers than cores are no mistake in these tests.
pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")


def values(batches):
    return [batch.tolist() for batch in batches]


def own_generator():
    return torch.Generator().manual_seed(5)


ORDERS = {
    "in order": lambda: {},
    "shuffled": lambda: {"shuffle": True},
    "generator": lambda: {"shuffle": True, "generator": own_generator()},
    "the sampler's generator": lambda: {
        # It draws 32 indices at a time, in the middle of the pass.
        "sampler": RandomSampler(range(8), True, 100, generator=own_generator())
    },
    "weighted": lambda: {"sampler": WeightedRandomSampler([1.0] * 8, 20)},
    "subset": lambda: {"sampler": SubsetRandomSampler(range(8))},
    "batches": lambda: {
        "batch_size": 1, "batch_sampler": BatchSampler(RandomSampler(range(8)), 3, False)
    },
    "single": lambda: {"batch_size": None, "shuffle": True},
}  # fmt: skip


def made(way, order):
    return loader(torch.tensor, **way, **ORDERS[order]())


@pytest.mark.parametrize("taken", [0, 1, 3])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("way", [WAYS["here"], WAYS["threads"]], ids=["here", "threads"])
def test_the_rest_of_a_pass(way, order, taken):
    first = made(way, order)
    list(first)  # the second pass is the one that is left
    batches = iter(first)
    before = values(next(batches) for _ in range(taken))
    state = pickle.loads(pickle.dumps(first.state_dict()))
    rest = values(batches)
    later = made(way, order)
    later.load_state_dict(state)
    draws = torch.get_rng_state()
    resumed = iter(later)
    assert torch.equal(torch.get_rng_state(), draws)  # the program's own stream is left alone
    assert later.state_dict()["batches"] == taken == len(before)
    assert values(resumed) == rest
    if ORDERS[order]().get("generator"):
        assert values(later) == values(first)  # and the next pass is whole


@pytest.mark.parametrize("name", WAYS)
def test_a_state_is_that_of_another_number_of_workers(name):
    torch.manual_seed(0)
    first = loader(torch.tensor, shuffle=True, **WAYS[name])
    batches = iter(first)
    next(batches)
    state = first.state_dict()
    rest = values(batches)
    assert len(rest) == 3
    for way in WAYS.values():
        later = loader(torch.tensor, shuffle=True, **way)
        for _ in range(2):  # of persistent workers, their first pass and a later one
            later.load_state_dict(state)
            assert values(later) == rest


@pytest.mark.parametrize("generator", [None, own_generator])
def test_a_later_pass_of_persistent_workers_is_resumed_by_new_ones(generator):
    """PyTorch draws no seed for it, and so the same seed makes another order."""

    def new():
        drawn = generator and generator()
        return loader(torch.tensor, shuffle=True, generator=drawn, **WAYS["persistent"])

    first = new()
    list(first)
    batches = iter(first)
    next(batches)
    state = first.state_dict()
    rest = values(batches)
    for later in (first, new(), loader(torch.tensor, shuffle=True, num_workers=0)):
        if generator and later.generator is None:
            continue
        later.load_state_dict(state)
        assert values(later) == rest
        if generator and later is not first:
            assert values(later) == values(first)  # the pass after


def test_a_loop_that_was_left():
    batches = loader(torch.tensor, num_workers=0, shuffle=True)
    for i, _ in enumerate(batches):
        if i == 1:
            break
    state = batches.state_dict()
    assert state["batches"] == 2
    batches.load_state_dict(state)
    assert len(list(batches)) == 2
    assert len(list(batches)) == 4


def test_between_passes():
    batches = loader(torch.tensor, num_workers=0)
    assert batches.state_dict()["batches"] == 0
    list(batches)
    state = batches.state_dict()
    assert state == {"batches": 0, "length": None, "generators": None, "drew_seed": True}
    batches.load_state_dict(state)
    assert len(list(batches)) == 4


class Stream(IterableDataset):
    def __iter__(self):
        return iter(torch.arange(7))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_stream_is_read_again(workers):
    stream = DataLoader(Stream(), batch_size=2, num_workers=workers)
    batches = iter(stream)
    next(batches), next(batches)
    state = stream.state_dict()
    stream.load_state_dict(state)
    again = iter(stream)
    assert next(again).tolist() == [4, 5]
    assert stream.state_dict()["batches"] == 3
    assert values(again) == [[6]]


def test_batches_in_any_order_have_no_state_in_between():
    batches = loader(torch.tensor, worker="thread", in_order=False)
    for _ in batches:
        with pytest.raises(RuntimeError, match="needs in_order=True"):
            batches.state_dict()
    assert batches.state_dict()["batches"] == 0


def test_states_of_other_loaders():
    batches = loader(torch.tensor, num_workers=0)
    for state in (None, {}, {"batches": 0}):
        with pytest.raises(ValueError, match="expected what state_dict"):
            batches.load_state_dict(state)
    other = loader(torch.tensor, num_workers=0, shuffle=True, generator=own_generator())
    next(iter(other))
    with pytest.raises(ValueError, match="the state has 2 random generators and this loader 1"):
        batches.load_state_dict(other.state_dict())
    for size, options in ((8, {"batch_size": 3}), (20, {}), (7, {"drop_last": True})):
        other = loader(torch.tensor, size, num_workers=0, **options)
        next(iter(other))
        with pytest.raises(ValueError, match=r"a pass of \d+ batches and this loader's has 4"):
            batches.load_state_dict(other.state_dict())


def test_a_bar_begins_where_the_pass_does():
    batches = loader(torch.tensor, num_workers=0)
    next(iter(batches))
    batches.load_state_dict(batches.state_dict())
    shown = io.StringIO()
    bar = batches.progress("epoch", file=shown, mininterval=0)
    assert (bar.initial, bar.total) == (1, 4)
    assert values(bar) == [[2, 3], [4, 5], [6, 7]]
    assert "epoch: 100%" in shown.getvalue() and "4/4" in shown.getvalue()
    assert DataLoader(Stream(), batch_size=2).progress(disable=True).total is None


def test_tqdm_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match=r"pip install rushlight\[progress\]"):
        loader(torch.tensor, num_workers=0).progress()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_batch_that_failed_is_not_asked_for_again(way):
    def make(index):
        if index == 2:
            raise ValueError("once")
        return index

    batches = iter(loader(make, **way))
    assert next(batches).tolist() == [0, 1]
    with pytest.raises(ValueError, match="once"):
        next(batches)
    assert next(batches).tolist() == [4, 5]
    state = batches._position.state_dict()
    rest = loader(make, **way)
    rest.load_state_dict(state)
    assert values(rest) == [[6, 7]]


def test_a_start_that_failed_is_not_the_rest_of_a_pass(monkeypatch):
    first = loader(torch.tensor, worker="thread")
    next(iter(first))
    rest = loader(torch.tensor, worker="thread")
    rest.load_state_dict(first.state_dict())

    def refuse(self):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr("threading.Thread.start", refuse)
        with pytest.raises(RuntimeError, match="can't start"):
            iter(rest)
    assert values(rest) == [[2, 3], [4, 5], [6, 7]]
