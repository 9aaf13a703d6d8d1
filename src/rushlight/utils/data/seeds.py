"""Random streams of workers, and of samples.

By default a worker's streams run on from one sample to the next, as PyTorch's do: then a sample
depends on which worker made it and on what that had made before. With `seeds="sample"` they start
anew with each sample.
"""

from __future__ import annotations

import contextlib
import numbers
import random
import threading
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import rushlight

from ...random import Generator, default_generator

_64_BITS = (1 << 64) - 1


def seed_process(base_seed: int, worker_id: int) -> None:
    """What PyTorch does in a worker process: `random`, NumPy's and the framework's streams."""
    seed = base_seed + worker_id
    random.seed(seed)
    rushlight.manual_seed(seed)
    # NumPy's own way of mixing several numbers into a seed; PyTorch's workers use the same.
    entropy = [worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(entropy).generate_state(4))


class SampleSeeds:
    """Starts the streams of one sample: a function of the pass's base seed and of the index alone.

    In a process of a worker's own, all of them; otherwise only the framework's, as `random` and
    NumPy have one stream for all threads.
    """

    def __init__(self, base_seed: int, whole_process: bool) -> None:
        self.base_seed = base_seed
        self.whole_process = whole_process

    def start(self, index: Any, salt: int = 0) -> None:
        if not isinstance(index, numbers.Integral):
            index = zlib.crc32(repr(index).encode())
        seed = _mixed(self.base_seed, 2 * int(index) + salt)
        default_generator.manual_seed(seed)
        if self.whole_process:
            random.seed(seed)
            np.random.seed(seed >> 32)  # another seed than the framework's, whose algorithm it is


def _mixed(base_seed: int, number: int) -> int:
    """64 bits that differ in half of them for neighbouring numbers (Steele et al., SplitMix64)."""
    z = (base_seed + (number + 1) * 0x9E3779B97F4A7C15) & _64_BITS
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & _64_BITS
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & _64_BITS
    return z ^ z >> 31


@contextlib.contextmanager
def streams_kept() -> Iterator[None]:
    """Puts this process's streams back to where they were."""
    of_python, of_numpy = random.getstate(), np.random.get_state()
    with rushlight.random.fork_rng():
        try:
            yield
        finally:
            random.setstate(of_python)
            np.random.set_state(of_numpy)


class _ByThread(Generator):
    """The default generator while threads with streams of their own run.

    A property, so that whoever draws gets his thread's. The class is put on and taken off, for all
    others would pay for it: 2% of a small `rand`.
    """

    @property
    def state(self) -> Any:  # type: ignore[override]
        own = _of_threads.get(threading.get_ident())
        return vars(self)["state"] if own is None else own.state


_of_threads: dict[int, Generator] = {}
_changing = threading.Lock()


@contextlib.contextmanager
def stream_of_this_thread(seed: int) -> Iterator[None]:
    """Within it, this thread draws from a default stream of its own."""
    generator = Generator().manual_seed(seed)
    me = threading.get_ident()
    with _changing:
        _of_threads[me] = generator
        default_generator.__class__ = _ByThread
    try:
        yield
    finally:
        with _changing:
            del _of_threads[me]
            if not _of_threads:
                default_generator.__class__ = Generator
