"""Worker processes: order, seeds, shared memory, errors, and that they never outlive their parent.

The expected random numbers were printed by PyTorch 2.13.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from loader_support import loader
from rushlight.shared_memory import memory_of
from rushlight.utils.data import DataLoader, IterableDataset, channel, get_worker_info, lending
from rushlight.vision import DataError

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="processes are looked at as on POSIX"),
    # More workers than cores are no mistake in these tests.
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),
    # So does every Python from 3.12 on about a fork while threads run; see worker._isolate.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


# ---- what comes back


def test_order_whoever_is_first():
    def slow_when_even(index):
        time.sleep(0.05 if index % 4 < 2 else 0)
        return index

    assert [b.tolist() for b in loader(slow_when_even, num_workers=3)] == [
        [0, 1], [2, 3], [4, 5], [6, 7]
    ]  # fmt: skip


def test_without_order_nobody_waits():
    others_are_here = multiprocessing.Event()

    def wait_for_the_others(index):
        if index == 0:
            assert others_are_here.wait(20)
        return index

    batches = iter(loader(wait_for_the_others, in_order=False, batch_size=None))
    first = next(batches)
    others_are_here.set()
    assert first != 0
    assert sorted([first, *batches]) == list(range(8))


def test_workers_draw_pytorchs_numbers():
    def draw(index):
        seed = get_worker_info().seed
        return torch.rand(1).item(), float(np.random.rand()), random.random(), seed

    torch.manual_seed(7)
    batches = list(loader(draw, size=4, batch_size=1))
    seed = 1407639518939636932
    assert [[value.item() for value in batch] for batch in batches] == [
        [0.11662513017654419, 0.03541536592796235, 0.9290632898373887, seed],
        [0.3148404359817505, 0.240715442815568, 0.5574193789609411, seed + 1],
        [0.13414353132247925, 0.2915959425421556, 0.10243784940911504, seed],
        [0.28084486722946167, 0.9137194064224758, 0.46183154346070987, seed + 1],
    ]
    assert torch.rand(2).tolist() == [0.6592116951942444, 0.6568902730941772]


def test_persistent_workers_keep_their_seed_and_their_process():
    def who(index):
        return get_worker_info().seed, os.getpid()

    torch.manual_seed(7)
    shuffled = loader(who, size=4, batch_size=1, shuffle=True, persistent_workers=True)
    passes = [[(seed.item(), pid.item()) for seed, pid in shuffled] for _ in range(2)]
    assert [seed for seed, _ in passes[0]] == [1407639518939636932, 1407639518939636933] * 2
    assert passes[0] == passes[1]
    assert torch.rand(2).tolist() == [0.20708602666854858, 0.6297363638877869]


def test_a_pass_that_was_left_early_does_not_leak_into_the_next():
    numbers = loader(lambda index: index, batch_size=1, persistent_workers=True)
    assert next(iter(numbers)).item() == 0
    assert [b.item() for b in numbers] == list(range(8))


def test_worker_info_and_init_fn():
    def make(index):
        info = get_worker_info()
        return info.id, info.num_workers, info.dataset.base + index

    def prepare(worker_id):
        get_worker_info().dataset.base = 100 * worker_id

    batches = loader(make, size=4, batch_size=1, worker_init_fn=prepare)
    found = [[value.item() for value in batch] for batch in batches]
    assert found == [[0, 2, 0], [1, 2, 101], [0, 2, 2], [1, 2, 103]]


class Stream(IterableDataset):
    def __iter__(self):
        worker = get_worker_info()
        return iter(range(worker.id, 11 - worker.id, worker.num_workers))


@pytest.mark.parametrize("persistent", [False, True])
def test_streams_of_different_length(persistent):
    stream = DataLoader(Stream(), 2, num_workers=3, persistent_workers=persistent)
    for _ in range(2):
        found = [b.tolist() for b in stream]
        assert found == [[0, 3], [1, 4], [2, 5], [6, 9], [7], [8]]


def test_samples_of_any_kind():
    def make(index):
        return {"name": f"item {index}", "values": np.full(3, index), "none": [index, (index,)]}

    (batch,) = loader(make, size=2)
    assert batch["name"] == ["item 0", "item 1"]
    assert batch["values"].tolist() == [[0, 0, 0], [1, 1, 1]]
    assert batch["none"][1][0].tolist() == [0, 1]


@pytest.mark.parametrize("numel", [10, 1_000_000])
def test_arrays_can_be_written_to(numel):
    for i, batch in enumerate(loader(lambda index: torch.full((numel,), float(index)))):
        assert batch.shape == (2, numel)
        assert batch.array.flags.writeable
        batch += 1
        assert batch[1, -1].item() == 2 * i + 2


def test_more_batches_than_may_be_mapped(monkeypatch):
    monkeypatch.setattr(channel, "_MOST_MAPPED", 8)
    batches = list(loader(lambda index: np.full(50_000, index), size=40))
    assert [b[1, -1].item() for b in batches] == list(range(1, 40, 2))
    mapped = [memory_of(batch.numpy()) for batch in batches]
    assert 0 < sum(memory is not None for memory in mapped) <= 8


def test_memory_in_another_order():
    def make(index):
        return torch.arange(4 * 64 * 64).reshape(64, 64, 4).permute(2, 0, 1) + index

    (sample, *_) = loader(make, batch_size=None)
    assert sample.shape == (4, 64, 64)
    assert sample[3, 2, 1].item() == 3 + 4 + 2 * 256


def test_leaves_keep_requires_grad_and_others_are_refused():
    leaf = next(iter(loader(lambda index: torch.ones(2, requires_grad=True), batch_size=None)))
    assert leaf.requires_grad
    with pytest.raises(RuntimeError, match=r"its history stays in the worker. Call detach\(\)"):
        next(iter(loader(lambda index: torch.ones(2, requires_grad=True) * 2)))


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_that_are_no_forks(method):
    dataset = torch.utils.data.TensorDataset(torch.arange(40_000).reshape(4, 10_000))
    batches = list(DataLoader(dataset, 2, num_workers=1, multiprocessing_context=method))
    assert [b[0][:, 0].tolist() for b in batches] == [[0, 10_000], [20_000, 30_000]]


def test_workers_after_threads_have_computed():
    """A team of threads does not survive a fork: a worker that waited for it would hang."""
    size = 400
    torch.ones(size, size) @ torch.ones(size, size)
    torch.conv2d(torch.ones(8, 16, 32, 32), torch.ones(16, 16, 3, 3))

    def make(index):
        torch.conv2d(torch.ones(8, 16, 32, 32), torch.ones(16, 16, 3, 3))
        return (torch.ones(size, size) @ torch.ones(size, size)).sum()

    assert [b.tolist() for b in loader(make, size=2)] == [[float(size**3)] * 2]


def test_long_lists_of_indices_do_not_block():
    indices = [list(range(20_000))] * 8
    batches = DataLoader(
        range(20_000), batch_sampler=indices, num_workers=1, prefetch_factor=8, collate_fn=str
    )
    assert [len(b) for b in batches] == [len(str(indices[0]))] * 8


# ---- errors


class Unusual(Exception):
    def __init__(self, code, reason):
        super().__init__(f"{code}: {reason}")


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (ValueError("bad pixel"), ValueError),
        (KeyError("name"), KeyError),
        (DataError("bad file"), DataError),
        (Unusual(3, "odd"), RuntimeError),
    ],
)
def test_errors_come_with_their_traceback(error, seen):
    def fails_at_three(index):
        if index == 3:
            raise error
        return index

    batches = iter(loader(fails_at_three, num_workers=1))
    assert next(batches).tolist() == [0, 1]
    with pytest.raises(seen) as caught:
        next(batches)
    text = str(caught.value)
    name = type(error).__name__
    assert text.startswith(f"Caught {name} in DataLoader worker process 0.\nOriginal Traceback (mo")
    assert "in fails_at_three\n" in text
    assert next(batches).tolist() == [4, 5]  # the worker goes on


def test_errors_of_local_types():
    class Local(Exception):
        pass

    def fail(index):
        raise Local("nobody else knows this type")

    with pytest.raises(RuntimeError, match="Caught Local in DataLoader worker process 0"):
        next(iter(loader(fail)))


def test_samples_that_cannot_be_sent():
    with pytest.raises(RuntimeError, match=r"(?s)in DataLoader worker process 0.*pickle"):
        next(iter(loader(lambda index: lambda: index, batch_size=None)))


def stops_at_three(index):
    if index == 3:
        raise StopIteration("at three")
    return index


def test_stop_iteration_in_a_worker_does_not_end_the_epoch():
    batches = iter(loader(stops_at_three, num_workers=1))
    assert next(batches).tolist() == [0, 1]
    message = r"(?s)Caught RuntimeError in.*dataset or collate_fn raised StopIteration \(at three\)"
    with pytest.raises(RuntimeError, match=message):
        next(batches)
    assert [batch.tolist() for batch in batches] == [[4, 5], [6, 7]]


def test_stop_iteration_at_a_workers_start_does_not_end_the_epoch():
    def stop(worker_id):
        raise StopIteration

    class StopsAtOnce(IterableDataset):
        __iter__ = stop

    with pytest.raises(RuntimeError, match="(?s)in DataLoader w.*worker_init_fn raised StopIter"):
        list(loader(str, worker_init_fn=stop))
    with pytest.raises(RuntimeError, match="(?s)in DataLoader w.*__iter__ raised StopIteration"):
        list(DataLoader(StopsAtOnce(), num_workers=1, multiprocessing_context="fork"))


def test_errors_of_init_fn():
    def fail(worker_id):
        raise OSError(f"no camera {worker_id}")

    with pytest.raises(OSError, match=r"(?s)Caught OSError in.*no camera 0"):
        next(iter(loader(str, worker_init_fn=fail)))


def test_a_killed_worker():
    def die_at_three(index):
        if index == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid()

    batches = iter(loader(die_at_three, num_workers=1))
    pid = next(batches)[0].item()
    message = rf"DataLoader worker \(pid\(s\) {pid}\) exited unexpectedly: killed by SIGKILL"
    with pytest.raises(RuntimeError, match=message):
        next(batches)
    with pytest.raises(RuntimeError, match="workers have stopped"):
        next(batches)


def test_a_worker_that_leaves():
    def leave(index):
        os._exit(3)

    with pytest.raises(RuntimeError, match=r"exited unexpectedly: exit code 3"):
        next(iter(loader(leave)))
    persistent = loader(leave, persistent_workers=True)
    for _ in range(2):  # the second pass starts new workers
        with pytest.raises(RuntimeError, match=r"exited unexpectedly"):
            next(iter(persistent))


def test_timeout():
    with pytest.raises(RuntimeError, match="DataLoader timed out after 0.1 seconds"):
        next(iter(loader(lambda index: time.sleep(0.3), timeout=0.1)))


# ---- processes and memory that stay behind


def children():
    return {process.pid for process in multiprocessing.active_children()}


def test_no_process_is_left():
    gc.collect()  # what other tests have left to the collector must not go in between
    before = children()
    batches = iter(loader(lambda index: index))
    next(batches)
    assert len(children() - before) == 2
    del batches
    assert children() <= before  # others may be ending
    list(loader(lambda index: index))
    assert children() <= before


def test_a_blocked_worker_stops_with_its_loader():
    """Its socket is full, because nobody has taken the answers."""
    batches = iter(loader(lambda index: "x" * 60_000, size=64, batch_size=1, prefetch_factor=32))
    next(batches)
    time.sleep(0.2)
    start = time.monotonic()
    del batches
    assert time.monotonic() - start < 3


def test_memory_has_no_name():
    def names():
        return set(os.listdir("/dev/shm")) if os.path.isdir("/dev/shm") else set()

    before = names()
    kept = list(loader(lambda index: np.zeros(200_000)))
    assert {name for name in names() - before if "rushlight" in name or "psm" in name} == set()
    assert len(kept) == 4


def test_descriptors_are_closed():
    def descriptors():
        return len(os.listdir("/proc/self/fd"))

    list(loader(lambda index: np.zeros(100_000)))
    before = descriptors()
    for _ in range(3):
        list(loader(lambda index: np.zeros(100_000)))
    assert descriptors() <= before
    samples = loader(lambda index: (np.zeros(100_000), descriptors()), size=40, num_workers=1)
    of_the_worker = [int(count.max()) for _, count in samples]
    assert of_the_worker[-1] <= of_the_worker[0] + lending._MOST_FILES  # which it keeps


PROGRAM = """
import os, sys, threading, time
import numpy as np
from rushlight.utils.data import DataLoader, Dataset

class Slow(Dataset):
    def __len__(self):
        return 1000
    def __getitem__(self, index):
        time.sleep({pause})
        return np.full(100_000, os.getpid())

forked = None

def run():
    global forked
    options = dict(persistent_workers=True, multiprocessing_context="fork")
    for batch in DataLoader(Slow(), batch_size=1, num_workers=2, **options):
        print(int(batch[0, 0]), flush=True)
        {then}

{start}
"""


def program(pause, then="pass", start="run()"):
    source = PROGRAM.format(pause=pause, then=then, start=start)
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", source],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def workers_of(process):
    """The workers' process ids, which the program prints."""
    pids = set()
    while len(pids) < 2:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        pids.add(int(line))
    return pids


def gone(process, pids):
    """Waits for the end of a program, which must bring its workers' with it."""
    process.wait()  # and not communicate(), which would wait for all that share its output
    process.stdout.close()
    process.stderr.close()
    try:
        wait_until(lambda: not any(alive(pid) for pid in pids))
    finally:  # whatever else it has started
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("pause", ["0.01", "60 * (index > 1)"], ids=["busy", "asleep"])
@pytest.mark.parametrize(
    "start",
    ["run()", "thread = threading.Thread(target=run); thread.start(); thread.join()"],
    ids=["kernel", "no kernel"],  # the kernel only helps where the main thread has started them
)
def test_workers_die_with_a_killed_parent(pause, start):
    process = program(pause, start=start)
    pids = workers_of(process)
    assert all(alive(pid) for pid in pids)
    process.kill()
    gone(process, pids)


def test_workers_die_where_another_process_shares_their_channels():
    """A fork holds copies of the loader's ends of the channels, unless it closes them."""
    process = program(0.01, then="forked = forked or os.fork()\n        forked or time.sleep(60)")
    pids = workers_of(process)
    process.kill()
    gone(process, pids)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel does it")
def test_stopped_workers_die_with_a_killed_parent():
    process = program(0.01)
    pids = workers_of(process)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    process.kill()
    gone(process, pids)


def test_interrupt_is_quiet_in_workers():
    process = program(0.01)
    pids = workers_of(process)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert errors.count("Traceback") == 1
    assert errors.rstrip().endswith("KeyboardInterrupt")
    wait_until(lambda: not any(alive(pid) for pid in pids))


@pytest.mark.parametrize("then", ["break", "sys.exit()", "global kept; kept = batch; return"])
def test_a_program_that_ends_in_the_middle_is_quiet(then):
    process = program(0.01, then=then)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
