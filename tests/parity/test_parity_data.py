"""Orders of indices, seeds of workers and batches, for the same seed as PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.utils.data
import torch.utils.data.distributed

import rushlight

# What of it the two frameworks differ in is their name.
Program = Callable[[Any, Any], Any]


def _generator(t: Any) -> Any:
    return t.Generator().manual_seed(3)


def _epochs(loader: Any, count: int = 2) -> list[Any]:
    return [list(loader) for _ in range(count)]


SAMPLERS: dict[str, Program] = {
    "sequential": lambda t, d: d.SequentialSampler(range(7)),
    "random": lambda t, d: d.RandomSampler(range(70)),
    "random, generator": lambda t, d: d.RandomSampler(range(70), generator=_generator(t)),
    "random, more": lambda t, d: d.RandomSampler(range(7), num_samples=17),
    "random, fewer": lambda t, d: d.RandomSampler(range(70), num_samples=17),
    "replacement": lambda t, d: d.RandomSampler(range(7), True, 70),
    "replacement, generator": lambda t, d: d.RandomSampler(range(7), True, 64, _generator(t)),
    "subset": lambda t, d: d.SubsetRandomSampler([3, 5, 8, 13, 21]),
    "weighted": lambda t, d: d.WeightedRandomSampler([0.5, 0.0, 2.0, 1.0], 20),
    "weighted, once": lambda t, d: d.WeightedRandomSampler([0.5, 1.5, 2.0, 1.0], 3, False),
    "batches": lambda t, d: d.BatchSampler(d.RandomSampler(range(11)), 3, False),
    "whole batches": lambda t, d: d.BatchSampler(d.RandomSampler(range(11)), 3, True),
    **{
        f"distributed, {size} for {replicas}, drop {drop}": (
            lambda t, d, size=size, replicas=replicas, drop=drop: [
                list(d.DistributedSampler(range(size), replicas, rank, seed=4, drop_last=drop))
                for rank in range(replicas)
            ]
        )
        for size, replicas in ((10, 3), (9, 3), (2, 5), (1, 1), (0, 2))
        for drop in (False, True)
    },
    "distributed, in order": lambda t, d: d.DistributedSampler(range(10), 4, 3, shuffle=False),
    "distributed, epoch 2": lambda t, d: _at_epoch(d.DistributedSampler(range(10), 2, 1), 2),
}


def _at_epoch(sampler: Any, epoch: int) -> Any:
    sampler.set_epoch(epoch)
    return sampler


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers(name: str) -> None:
    def run(t: Any, d: Any) -> Any:
        t.manual_seed(11)
        sampler = SAMPLERS[name](t, d)
        # What each leaves of the stream counts, too.
        return _epochs(sampler), len(sampler), t.rand(3).tolist()

    assert run(rushlight, rushlight.utils.data) == run(torch, torch.utils.data)


class Numbers:
    """Samples are their index and what the streams of the worker give."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> Any:
        return index, np.random.randint(1 << 30)


LOADERS: dict[str, Program] = {
    "in order": lambda t, d: d.DataLoader(range(10), 3),
    "shuffled": lambda t, d: d.DataLoader(range(10), 3, shuffle=True),
    "generator": lambda t, d: d.DataLoader(range(10), 3, True, generator=_generator(t)),
    "samples": lambda t, d: d.DataLoader(range(10), None, shuffle=True),
    "two workers": lambda t, d: d.DataLoader(Numbers(), 3, True, num_workers=2),
    "persistent": lambda t, d: d.DataLoader(
        Numbers(), 3, True, num_workers=2, persistent_workers=True, prefetch_factor=1
    ),
    "split": lambda t, d: d.DataLoader(d.random_split(range(11), [0.3, 0.3, 0.4])[1], 2, True),
    "stack": lambda t, d: d.DataLoader(d.StackDataset(range(5), a_row(t, d)), 2, True),
    "stack of names": lambda t, d: d.DataLoader(d.StackDataset(n=range(5), r=a_row(t, d)), 2),
    "concat": lambda t, d: d.DataLoader(d.ConcatDataset([range(3), range(10, 14)]), 3, True),
    "subset": lambda t, d: d.DataLoader(d.Subset(a_row(t, d), [3, 1]), 2),
}


def a_row(t: Any, d: Any) -> Any:
    return d.TensorDataset(t.arange(5), t.arange(5.0))


def plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return (str(value.dtype), value.tolist()) if hasattr(value, "tolist") else value


@pytest.mark.parametrize("name", LOADERS)
def test_loaders(name: str) -> None:
    def run(t: Any, d: Any) -> Any:
        t.manual_seed(11)
        loader = LOADERS[name](t, d)
        return plain(_epochs(loader)), t.rand(3).tolist()

    assert run(rushlight, rushlight.utils.data) == run(torch, torch.utils.data)


REFUSED: dict[str, Program] = {
    "stack of both": lambda t, d: d.StackDataset(range(2), b=range(2)),
    "stack of nothing": lambda t, d: d.StackDataset(),
    "stack of two lengths": lambda t, d: d.StackDataset(range(2), range(3)),
    "rank": lambda t, d: d.DistributedSampler(range(4), 2, 2),
    "rank below": lambda t, d: d.DistributedSampler(range(4), 2, -1),
    "splits": lambda t, d: d.random_split(range(4), [1, 2]),
    "fractions": lambda t, d: d.random_split(range(4), [-0.5, 1.5]),
    "rows": lambda t, d: d.TensorDataset(t.zeros(2), t.zeros(3)),
    "no weights": lambda t, d: d.WeightedRandomSampler([[1.0]], 2),
    "empty, shuffled": lambda t, d: d.DataLoader([], shuffle=True),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    def run(t: Any, d: Any) -> type[Exception]:
        with pytest.raises(Exception) as caught:
            list(REFUSED[name](t, d))
        return caught.type

    assert run(rushlight, rushlight.utils.data) == run(torch, torch.utils.data)


def test_an_empty_dataset() -> None:
    for workers in (0, 2):
        for t in (rushlight, torch):
            assert list(t.utils.data.DataLoader([], num_workers=workers)) == []


def test_names() -> None:
    ours, theirs = rushlight.utils.data, torch.utils.data
    pipes = {"DataChunk", "DFIterDataPipe", "IterDataPipe", "MapDataPipe", "_DatasetKind"} | {
        "argument_validation", "functional_datapipe", "guaranteed_datapipes_determinism",
        "non_deterministic", "runtime_validation", "runtime_validation_disabled",
    }  # fmt: skip
    assert set(theirs.__all__) - pipes - set(ours.__all__) == set()
    table = ours._utils.collate.default_collate_fn_map
    assert table is ours.collate.default_collate_fn_map
