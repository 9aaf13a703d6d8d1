from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from native_support import channels_last, kernels, native, random


def results():
    """The bits of results that are put together from the work of several threads."""
    x = random(16, 24, 31, 33)
    k = kernels()
    _, mean, invstd = k.batch_norm(x, None, None, None, None, True, 0.1, 1e-5)
    parts = [k.exp(x), k.tanh(x), k.add(channels_last(x), random(24, 1, 1)), mean, invstd]
    for a in (x, channels_last(x), x.reshape(-1), x.reshape(-1, 3), x.reshape(24, -1)):
        parts += [k.sum(a, None, False), k.sum(a, (0,), False), k.mean(a, (a.ndim - 1,), False)]
    for a in (x, channels_last(x)):
        parts += [k.sum(a, (0, 2, 3), False)]
        parts += k.batch_norm(a, None, None, None, None, True, 0.1, 1e-5)
        parts += k.batch_norm_backward(a, a, None, mean, invstd, True)
        parts += [k.clone(a, "C"), k.clone(a, "channels_last"), k.dropout(a, x > 0, 2.0)]
    parts += [k.log_softmax(x.reshape(-1, 33), 1), k.softmax(x.reshape(24, -1), 1)]
    return [part.tobytes() for part in parts]


def test_bits_do_not_depend_on_the_number_of_threads():
    native.set_num_threads(1)
    expected = results()
    for count in (2, 3, 5):
        native.set_num_threads(count)
        assert native.get_num_threads() == count
        assert results() == expected


def test_set_num_threads_refuses_what_is_not_a_count():
    for wrong in (0, -1):
        with pytest.raises(ValueError):
            native.set_num_threads(wrong)


def run(code: str, **environment: str) -> str:
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_"))}
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables | environment, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


LOAD = "import os, rushlight; from rushlight.kernels.native import native; "


def test_no_more_threads_than_processors():
    assert int(run(LOAD + "print(native.get_num_threads())")) <= len(os.sched_getaffinity(0))
    one = run("import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); " + LOAD
              + "print(native.get_num_threads())")  # fmt: skip
    assert one == "1"


def test_the_environment_chooses_the_number_of_threads():
    assert run(LOAD + "print(native.get_num_threads())", OMP_NUM_THREADS="3") == "3"


def test_child_processes_do_not_inherit_the_waiting_policy():
    show = LOAD + "print([n for n in os.environ if n.startswith(('OMP_', 'GOMP_'))])"
    assert run(show) == "[]"
    assert run(show, GOMP_SPINCOUNT="7") == "['GOMP_SPINCOUNT']"


def test_without_the_extension():
    code = "import rushlight; from rushlight.kernels.launch import kernels; print(kernels)"
    assert "CPU" in run(code)
    assert "Base" in run(code, RUSHLIGHT_NATIVE="0")


def test_a_broken_extension_is_not_hidden(tmp_path):
    """An extension that is there and cannot be loaded is an error, not a slow import."""
    package = tmp_path / "rushlight"
    package.mkdir()
    source = os.path.dirname(sys.modules["rushlight"].__file__)
    for name in os.listdir(source):
        if not name.startswith("_native"):
            os.symlink(os.path.join(source, name), package / name)
    suffix = native.__file__[native.__file__.index("_native") :]
    (package / suffix).write_bytes(b"not a shared object")
    done = subprocess.run(
        [sys.executable, "-c", "import rushlight"], capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)}, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0 and "ImportError" in done.stderr


FORK = """
import os, sys, threading
from rushlight.kernels.native import native
from rushlight.kernels.cpu import CPU
import numpy as np
native.set_num_threads(2)
k, x = CPU(), np.ones((64, 32, 26, 26), np.float32)
def work():
    return float(k.sum(k.relu(k.add(x, x)), None, False))
expected = work()
for _ in range(5):
    child = os.fork()
    if child == 0:
        alone = native.get_num_threads() == 1
        native.set_num_threads(2)
        os._exit(0 if work() == expected and alone else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert work() == expected
print("done", native.get_num_threads())
"""


def test_a_forked_child_computes_alone():
    assert run(FORK) == "done 2"


def test_other_python_threads_run_meanwhile():
    """A large kernel lets go of the interpreter: a counter goes on during it."""
    native.set_num_threads(1)
    x = random(4_000_000)
    tanh, counted, stop = kernels().tanh, [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1

    counter = threading.Thread(target=count)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.5)  # so that nothing but the kernel gives the counter a turn
    counter.start()
    try:
        for _ in range(5):
            before = counted[0]
            tanh(x)
            after = counted[0]
            if after > before:
                return
        pytest.fail("the counter stood still")
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        counter.join()


def test_kernels_in_several_python_threads():
    x = random(64, 32, 26, 26)
    expected = kernels().sum(kernels().exp(x), None, False)
    actual: list[np.ndarray] = []
    workers = [
        threading.Thread(target=lambda: actual.append(kernels().sum(kernels().exp(x), None, False)))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [float(a) for a in actual] == [float(expected)] * 4
