"""The sampler of one process among several that share a dataset."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sized
from typing import Any

import rushlight

from .sampler import Sampler


class DistributedSampler(Sampler[int]):
    """The indices of process `rank` of `num_replicas`: every `num_replicas`-th of the whole order.

    All processes get equally many: the order is filled up from its own beginning, or with
    `drop_last` cut. It is shuffled by `seed` plus the epoch, which `set_epoch` tells before each
    pass; without that every pass has the same order. `num_replicas` and `rank` are those of the
    process group where they are not given. ValueError for a rank that does not exist.

    >>> from rushlight.utils.data.distributed import DistributedSampler
    >>> [list(DistributedSampler("abcde", 2, rank, shuffle=False)) for rank in range(2)]
    [[0, 2, 4], [1, 3, 0]]
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None:
            num_replicas = _process_group("num_replicas").get_world_size()
        if rank is None:
            rank = _process_group("rank").get_rank()
        if not 0 <= rank < num_replicas:
            raise ValueError(
                f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]"
            )
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        whole, rest = divmod(len(dataset), num_replicas)
        self.num_samples = whole + (rest > 0 and not drop_last)
        self.total_size = self.num_samples * num_replicas
        self.shuffle = shuffle
        self.seed = seed

    def __iter__(self) -> Iterator[int]:
        size = len(self.dataset)
        if self.shuffle:
            generator = rushlight.Generator()
            generator.manual_seed(self.seed + self.epoch)
            order = rushlight.randperm(size, generator=generator).tolist()
        else:
            order = list(range(size))
        # The order again and again, as far as it must go: at most once where samples are dropped.
        whole = itertools.islice(itertools.cycle(order), self.total_size)
        return itertools.islice(whole, self.rank, None, self.num_replicas)

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Says which epoch comes next: its number shuffles the order anew, in all processes alike.

        >>> from rushlight.utils.data.distributed import DistributedSampler
        >>> sampler = DistributedSampler(range(8), 2, 0)
        >>> first = list(sampler)
        >>> sampler.set_epoch(1)
        >>> list(sampler) == first
        False
        """
        self.epoch = epoch


def _process_group(argument: str) -> Any:
    distributed = getattr(rushlight, "distributed", None)
    if distributed is None or not distributed.is_available():
        raise RuntimeError(
            "DistributedSampler requires the distributed package to be available, unless "
            f"{argument} is given"
        )
    return distributed
