"""Samples that depend on seed, epoch and index alone; streams of threads."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest

import rushlight as torch
from loader_support import NO_WORKERS, PERSISTENT, PROCESSES, THREADS, WAYS, Items, loader
from rushlight.utils.data import DataLoader, IterableDataset, RandomSampler
from rushlight.utils.data.seeds import stream_of_this_thread

# More workers than cores are no mistake in these tests.
pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")


def noisy(index):
    return index, torch.rand(2)


def noisy_everywhere(index):
    return index, torch.rand(2), random.random(), np.random.rand()


def mixed(samples):
    return [(*sample, torch.rand(1).item()) for sample in samples]


def passes(count=2, **options):
    torch.manual_seed(1)
    batches = loader(collate_fn=mixed, shuffle=True, seeds="sample", **options)
    return str([list(batches) for _ in range(count)])


def test_any_number_of_workers_draws_the_same():
    expected = passes(make=noisy, **NO_WORKERS)
    for name, way in WAYS.items():
        assert passes(make=noisy, **way) == expected, name
    assert passes(make=noisy, num_workers=1) == expected


def test_streams_of_python_and_numpy_too():
    expected = passes(make=noisy_everywhere, **NO_WORKERS)
    assert passes(make=noisy_everywhere, **PROCESSES) == expected
    assert passes(make=noisy_everywhere, **PERSISTENT) == expected


def test_epochs_and_indices_differ():
    torch.manual_seed(1)
    batches = loader(noisy, seeds="sample", batch_size=None, num_workers=0)
    draws = [tuple(sample[1].tolist()) for _ in range(2) for sample in batches]
    assert len(set(draws)) == 16
    # One index twice in a pass is one sample.
    sampler = RandomSampler(range(1), replacement=True, num_samples=3)
    again = DataLoader(Items(noisy, 1), sampler=sampler, seeds="sample")
    assert len({str(sample) for sample in again}) == 1


def test_the_programs_streams_are_left_alone():
    batches = iter(loader(noisy_everywhere, seeds="sample", num_workers=0))

    def states():
        of_numpy = np.random.get_state()[1].tolist()
        return torch.get_rng_state().tolist(), random.getstate(), of_numpy

    before = states()
    next(batches)
    assert states() == before


def test_the_rest_of_a_pass_draws_the_same():
    torch.manual_seed(1)
    first = loader(noisy, shuffle=True, seeds="sample", num_workers=0)
    batches = iter(first)
    next(batches)
    state = first.state_dict()
    rest = str(list(batches))
    later = loader(noisy, shuffle=True, seeds="sample", **PERSISTENT)
    later.load_state_dict(state)
    assert str(list(later)) == rest


def test_a_batch_at_once_is_not_asked_of_what_draws():
    class AtOnce(Items):
        def __getitems__(self, indices):
            raise AssertionError("one sample would draw what another one left")

    batches = DataLoader(AtOnce(noisy, 4), batch_size=4, seeds="sample")
    single = DataLoader(Items(noisy, 4), batch_size=1, seeds="sample")
    torch.manual_seed(2)
    whole = next(iter(batches))[1]
    torch.manual_seed(2)
    assert torch.equal(whole, torch.cat([sample[1] for sample in single]))


def test_indices_of_any_kind():
    class Names(Items):
        def __len__(self):
            return 2

    options = {"sampler": ["a", "b"], "seeds": "sample"}
    torch.manual_seed(2)
    first = str(list(DataLoader(Names(noisy), **options)))
    torch.manual_seed(2)
    assert str(list(DataLoader(Names(noisy), **options))) == first


def test_streams_have_no_samples_to_seed():
    with pytest.raises(ValueError, match='seeds="sample" needs samples with an index'):
        DataLoader(IterableDataset(), seeds="sample")
    with pytest.raises(ValueError, match="seeds option should be 'worker' or 'sample'"):
        DataLoader([1], seeds="index")


# ---- threads


def test_threads_draw_what_processes_would():
    """The default stream of worker i begins with the base seed + i in both."""
    draws = []
    for way in (PROCESSES, THREADS):
        torch.manual_seed(3)
        draws.append(str([list(loader(noisy, **way)), torch.rand(2)]))
    assert draws[0] == draws[1]


def test_a_thread_has_its_own_stream():
    torch.manual_seed(4)
    expected = torch.rand(6)
    torch.manual_seed(4)
    seen = {}
    met = threading.Barrier(2)

    def draw(seed):
        with stream_of_this_thread(seed):
            met.wait()
            seen[seed] = torch.rand(3)
            torch.manual_seed(9)
            seen[seed, "again"] = torch.rand(3)
            met.wait()

    kind = type(torch.default_generator)
    threads = [threading.Thread(target=draw, args=(seed,)) for seed in (1, 2)]
    first = torch.rand(3)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert torch.equal(torch.cat([first, torch.rand(3)]), expected)
    assert type(torch.default_generator) is kind
    for seed in (1, 2):
        assert torch.equal(seen[seed], torch.rand(3, generator=torch.Generator().manual_seed(seed)))
        nine = torch.rand(3, generator=torch.Generator().manual_seed(9))
        assert torch.equal(seen[seed, "again"], nine)
