"""Faults of workers: what is said of them, in what time, and that nothing is left behind."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from loader_support import loader

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="processes are looked at as on POSIX"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def run(source, limits="", **options):
    """Runs a program of its own, and returns what it prints."""
    program = [sys.executable, "-W", "ignore", "-c", source]
    if limits:
        program = ["sh", "-c", f'{limits} && exec "$@"', "sh", *program]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(program, capture_output=True, text=True, timeout=60, env=env, **options)


def children():
    return {process.pid for process in multiprocessing.active_children()}


def test_a_worker_that_hangs_is_ended_and_told_of():
    before = children()
    batches = iter(loader(lambda index: time.sleep(60 * (index == 5)) or index, timeout=1.0))
    assert next(batches).tolist() == [0, 1] and next(batches).tolist() == [2, 3]
    start = time.monotonic()
    message = (
        r"timed out after 1.0 seconds, waiting for worker process 0 \(pid \d+\) with the samples "
        r"at the indices \[4, 5\] in hand"
    )
    with pytest.raises(RuntimeError, match=message):
        list(batches)
    assert time.monotonic() - start < 4
    assert children() <= before


def test_a_worker_that_does_not_even_react_is_ended():
    def stop_at_five(index):
        if index == 5:
            os.kill(os.getpid(), signal.SIGSTOP)
        return index

    before = children()
    with pytest.raises(RuntimeError, match=r"timed out after 0.5 seconds.*\[4, 5\]"):
        list(loader(stop_at_five, timeout=0.5))
    assert children() <= before


def test_what_a_killed_worker_had_in_hand():
    def die_at_five(index):
        if index == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return index

    message = r"killed by SIGKILL, which .* runs out, with the samples at the indices \[4, 5\] in"
    with pytest.raises(RuntimeError, match=message):
        list(loader(die_at_five))


def test_no_room_in_shared_memory():
    def limit(worker):
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))

    small = loader(lambda index: np.zeros(1000), worker_init_fn=limit)
    assert len(list(small)) == 4
    large = loader(lambda index: np.zeros(100_000), worker_init_fn=limit)
    message = r"a batch of 1.5 MiB could not be put into shared memory: File too large; smaller"
    with pytest.raises(RuntimeError, match=message):
        list(large)


SHM = """
import os, sys
import numpy as np
from rushlight.utils.data import DataLoader, Dataset

class Arrays(Dataset):
    def __len__(self):
        return 16
    def __getitem__(self, index):
        return np.full(100_000, index)

assert os.statvfs("/dev/shm").f_blocks * os.statvfs("/dev/shm").f_frsize <= 65536
loader = DataLoader(Arrays(), 4, num_workers=2, multiprocessing_context="fork")
print([int(batch[-1, -1]) for batch in loader])
"""


def test_a_small_dev_shm():
    mount = "mount -t tmpfs -o size=64k tmpfs /dev/shm"
    if subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True).returncode:
        pytest.skip("needs to mount a file system")
    shell = f'{mount} && exec "$@"'
    program = ["unshare", "-m", "sh", "-c", shell, "sh", sys.executable, "-c", SHM]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, env=env)
    assert (done.stdout, done.stderr) == ("[3, 7, 11, 15]\n", "")


FILES = """
import numpy as np
from rushlight.utils.data import DataLoader, Dataset

class Arrays(Dataset):
    def __len__(self):
        return 400
    def __getitem__(self, index):
        return np.full(100_000, index)

try:
    kept = list(DataLoader(Arrays(), 4, num_workers={workers}, multiprocessing_context="fork"))
    assert [int(batch[0, 0]) for batch in kept] == list(range(0, 400, 4))
    print("all there")
except (OSError, RuntimeError) as error:
    print(type(error).__name__, error)
"""


def test_a_limit_of_64_open_files():
    done = run(FILES.format(workers=2), "ulimit -n 64")
    assert (done.stdout, done.stderr) == ("all there\n", "")
    done = run(FILES.format(workers=40), "ulimit -n 64")
    assert done.stderr == ""
    assert "of 40 could not be started: Too many open files; fewer workers need less" in done.stdout


INTERRUPTED = """
import time
from rushlight.utils.data import DataLoader, Dataset

class Slow(Dataset):
    def __len__(self):
        return 1000
    def __getitem__(self, index):
        time.sleep(0.01)
        return index

for batch in DataLoader(Slow(), num_workers=2, worker={worker!r}, persistent_workers=True):
    print(batch, flush=True)
"""


@pytest.mark.parametrize("worker", ["process", "thread"])
def test_one_interrupt_ends_all_with_one_traceback(worker):
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", INTERRUPTED.format(worker=worker)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert errors.count("Traceback") == 1
    assert errors.rstrip().endswith("KeyboardInterrupt")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # nobody of the group is left
