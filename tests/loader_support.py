"""Datasets that tests of the loader share."""

from __future__ import annotations

from rushlight.utils.data import DataLoader, Dataset


class Items(Dataset):
    """Makes each sample with a function of its index."""

    def __init__(self, make, size=8):
        self.make = make
        self.size = size

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        return self.make(index)


def loader(make, size=8, **options):
    defaults = {"num_workers": 2, "batch_size": 2}
    if options.get("num_workers", 2) and options.get("worker") != "thread":
        # Functions of a test can only be had in a fork.
        defaults["multiprocessing_context"] = "fork"
    return DataLoader(Items(make, size), **{**defaults, **options})


# Ways to work: what a loader of each yields is the same.
NO_WORKERS = {"num_workers": 0}
PROCESSES = {"num_workers": 2}
PERSISTENT = {"num_workers": 2, "persistent_workers": True}
THREADS = {"num_workers": 2, "worker": "thread"}
MORE_THREADS = {"num_workers": 3, "worker": "thread", "persistent_workers": True}
WAYS = {
    "here": NO_WORKERS, "processes": PROCESSES, "persistent": PERSISTENT, "threads": THREADS,
    "more threads": MORE_THREADS,
}  # fmt: skip
