"""What cannot be sent to workers is named when the loader is made."""

from __future__ import annotations

import threading
import tracemalloc

import pytest

import rushlight as torch
from loader_support import Items
from rushlight.utils.data import DataLoader, Subset, TensorDataset


class Steps:
    def __init__(self, *transforms):
        self.transforms = list(transforms)


def made(dataset, method="spawn", **options):
    return DataLoader(dataset, num_workers=1, multiprocessing_context=method, **options)


LOCK = threading.Lock()
CASES = {
    "dataset.make": lambda: made(Items(lambda index: index)),
    r"dataset.make.transforms\[1\]": lambda: made(Items(Steps(int, lambda x: x))),
    r"dataset.dataset.make\['lock'\]": lambda: made(Subset(Items({"a": 1, "lock": LOCK}), [0])),
    "collate_fn": lambda: made(Items(int), collate_fn=lambda samples: samples),
    "worker_init_fn": lambda: made(Items(int), worker_init_fn=lambda worker: None),
}


@pytest.mark.parametrize("name", CASES)
def test_the_innermost_is_named(name):
    message = rf"^DataLoader: {name} \(<.*\) cannot be sent to worker processes that the method "
    message += "'spawn' starts: .*use worker=\"thread\""
    with pytest.raises(TypeError, match=message) as raised:
        CASES[name]()
    assert "\n" not in str(raised.value)


def test_other_methods():
    with pytest.raises(TypeError, match="'forkserver' starts"):
        made(Items(lambda index: index), "forkserver")
    made(Items(lambda index: index), "fork")  # sends nothing
    DataLoader(Items(lambda index: index), num_workers=1, worker="thread")
    DataLoader(Items(lambda index: index))


def test_arrays_are_not_copied_to_find_out():
    rows = TensorDataset(torch.zeros(1000, 1000))
    tracemalloc.start()
    made(rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
