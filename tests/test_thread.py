"""Threads as workers."""

from __future__ import annotations

import gc
import threading
import time

import pytest

import rushlight as torch
from loader_support import THREADS, Items, loader
from rushlight.utils.data import DataLoader, IterableDataset, get_worker_info


def running():
    return {t for t in threading.enumerate() if t.name.startswith("DataLoader worker")}


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = running()
    yield
    gc.collect()
    assert running() <= before
    assert type(torch.default_generator) is torch.Generator


def test_order_whoever_is_first():
    slow_ones = loader(lambda i: (time.sleep(0.02 * (i % 4 == 0)), torch.tensor(i))[1], **THREADS)
    assert [batch.tolist() for batch in slow_ones] == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_nothing_is_copied_or_pickled():
    made = [lambda: 3, threading.Lock()]
    batches = loader(lambda i: made, size=2, collate_fn=lambda samples: samples, **THREADS)
    assert next(iter(batches))[0] is made


def test_work_goes_on_side_by_side():
    met = threading.Barrier(2)

    def wait(index):
        met.wait(timeout=20)  # broken unless the other thread comes
        return index

    assert len(list(loader(wait, batch_size=1, **THREADS))) == 8


def test_info_and_init_fn():
    seen = {}
    torch.manual_seed(0)
    batches = loader(
        lambda i: get_worker_info().id,
        worker_init_fn=lambda worker: seen.setdefault(worker, get_worker_info()),
        **THREADS,
    )
    assert [batch.tolist() for batch in batches] == [[0, 0], [1, 1], [0, 0], [1, 1]]
    assert seen[0].dataset is batches.dataset
    assert seen[1].seed == seen[0].seed + 1
    assert get_worker_info() is None


class Stream(IterableDataset):
    def __iter__(self):
        info = get_worker_info()
        return iter(range(info.id, 7, info.num_workers))


def test_streams():
    batches = DataLoader(Stream(), batch_size=2, num_workers=2, worker="thread")
    assert sorted(torch.cat(list(batches)).tolist()) == list(range(7))


def test_errors_are_the_exceptions_themselves():
    class Unusual(Exception):
        def __init__(self, code, *, more):
            self.code = code

    def fail(index):
        raise Unusual(7, more="")

    with pytest.raises(Unusual) as caught:
        list(loader(fail, **THREADS))
    assert caught.value.code == 7
    assert caught.value.__notes__ == [
        "DataLoader: asked for the sample at index 0", "Raised in DataLoader worker thread 0.",
    ]  # fmt: skip
    assert "fail" in [entry.name for entry in caught.traceback]


def test_stop_iteration_does_not_end_the_epoch():
    def stop(index):
        raise StopIteration("no more")

    with pytest.raises(RuntimeError, match=r"raised StopIteration \(no more\)"):
        list(loader(stop, **THREADS))


def test_a_thread_that_hangs():
    released = threading.Event()
    batches = loader(lambda i: released.wait(20), timeout=0.2, **THREADS)
    start = time.monotonic()
    message = (
        r"timed out after 0.2 seconds, waiting for worker thread 0 with the samples at the indices "
        r"\[0, 1\] in hand and worker thread 1 with the samples at the indices \[2, 3\] in hand"
    )
    with pytest.raises(RuntimeError, match=message):
        next(iter(batches))
    assert time.monotonic() - start < 5
    released.set()
    for thread in running():
        thread.join()


def test_a_pass_left_early_ends_its_threads():
    batches = iter(loader(torch.tensor, size=100, **THREADS))
    next(batches)
    assert len(running()) == 2
    del batches
    assert not running()


def test_persistent_threads_stay():
    batches = loader(lambda i: threading.get_ident(), persistent_workers=True, **THREADS)
    first = {i for batch in batches for i in batch.tolist()}
    assert {i for batch in batches for i in batch.tolist()} == first
    assert len(first) == 2


def test_parallel_kernels_run_in_threads():
    weight = torch.rand(300, 300)
    expected = weight @ weight
    batches = loader(lambda i: weight @ weight, size=16, **THREADS)
    for batch in batches:
        assert torch.equal(batch[0], expected)


def test_bad_options():
    with pytest.raises(ValueError, match="worker option should be 'process' or 'thread'"):
        DataLoader([1], worker="threads")
    with pytest.raises(ValueError, match='multiprocessing_context option needs worker="process"'):
        DataLoader(Items(int), num_workers=1, worker="thread", multiprocessing_context="spawn")
