"""Tensors in several processes."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rushlight as torch
import rushlight.multiprocessing as mp
from rushlight import nn

METHODS = ["fork", "spawn"]
TIMEOUT = 30


# ---- what runs in the other process


def add_one(tensor: Any) -> None:
    tensor.add_(1)


def train(model: Any) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(7)
    model.mean.fill_(5)


def fit(index: int, model: Any, steps: int) -> None:
    """What a process of Hogwild training does: its own samples, the parameters of all."""
    torch.manual_seed(index)
    # A gradient is of parameters that others have changed meanwhile: at a rate of 0.1, gradients
    # that are a step old end in nan. At 0.03 every order of steps converges.
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.5)
    for _ in range(steps):
        x = torch.randn(16, 3)
        target = x @ torch.tensor([[1.0], [-2.0], [3.0]]) + 0.5
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), target).backward()
        optimizer.step()


def answer(inbox: Any, outbox: Any) -> None:
    for received in iter(inbox.get, None):
        outbox.put(received)


def describe(inbox: Any, outbox: Any) -> None:
    x, view, other = inbox.get(timeout=TIMEOUT)
    view.fill_(9)
    outbox.put((x.tolist(), x.is_shared(), type(other).__name__, other.requires_grad))
    inbox.get(timeout=TIMEOUT)


def make(index: int) -> Any:
    return torch.full((100,), float(index))


def fail_second(index: int, how: str) -> None:
    if index == 1:
        if how == "raise":
            raise ValueError("second")
        if how == "exit":
            sys.exit(3)
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(TIMEOUT)


def write_index(index: int, tensor: Any) -> None:
    tensor[index] = index + 1


def joined(process: Any) -> Any:
    process.start()
    process.join(TIMEOUT)
    assert process.exitcode == 0
    return process


# ---- shared memory within a process


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.bool, torch.complex64])
def test_share_memory(dtype: Any) -> None:
    x = torch.arange(6).to(dtype).reshape(2, 3)
    assert not x.is_shared()
    before = x.clone()
    assert x.share_memory_() is x
    assert x.is_shared() and x.untyped_storage().is_shared() and torch.equal(x, before)
    place = x.data_ptr()
    assert x.share_memory_().data_ptr() == place
    assert not x.clone().is_shared() and x[1].is_shared()


def test_views_move_along() -> None:
    x = torch.arange(6.0)
    row, matrix, detached, storage = x[1:3], x.view(2, 3).T, x.detach(), x.untyped_storage()
    matrix.share_memory_()
    for tensor in (x, row, matrix, detached):
        assert tensor.is_shared()
    assert storage.is_shared()
    x[1] = 10
    assert row.tolist() == [10, 2] and matrix[1, 0] == 10 and detached[1] == 10
    row.zero_()
    assert x.tolist() == [0, 0, 0, 3, 4, 5]
    assert row._version == x._version


def test_what_is_frozen_moves_along() -> None:
    x = torch.arange(6.0)
    view = x.view(2, 3).T
    before = gc.get_freeze_count()
    gc.freeze()
    try:
        view.share_memory_()
        assert gc.get_freeze_count() > 0
    finally:
        if not before:
            gc.unfreeze()
    assert x.is_shared() and view.is_shared() and x.data_ptr() == view.data_ptr()


def test_gradients_reach_what_has_moved() -> None:
    weight = nn.Parameter(torch.ones(3))
    loss = (weight * weight).sum()
    weight.share_memory_()
    loss.backward()
    assert weight.grad is not None and weight.grad.tolist() == [2, 2, 2]
    torch.optim.SGD([weight], lr=0.5).step()
    assert weight.tolist() == [0, 0, 0] and weight.is_shared()


def test_a_compiled_function_sees_what_has_moved() -> None:
    model = nn.Linear(3, 2)
    compiled = torch.compile(lambda x: model(x).sum())
    x = torch.ones(4, 3)
    for _ in range(3):
        compiled(x)
    model.share_memory()
    with torch.no_grad():
        model.weight.fill_(1)
        model.bias.fill_(0)
    assert compiled(x).item() == 24


def test_images_and_their_mirrors_move_along() -> None:
    x = torch.nn.functional.conv2d(torch.ones(1, 1, 4, 4), torch.ones(2, 1, 3, 3))
    flat = x.view(-1)
    x.share_memory_()
    flat.zero_()
    assert x.sum() == 0
    x.fill_(1)
    assert flat.sum() == 8


def test_memory_is_given_back() -> None:
    files = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    for _ in range(3):
        tensors = [torch.zeros(10).share_memory_() for _ in range(20)]
        view = tensors[0][1:]
        del tensors
        assert view.fill_(1).sum() == 9
        del view
    gc.collect()
    if files:
        assert len(os.listdir("/proc/self/fd")) <= files


def test_module() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    model(torch.ones(2, 2)).sum().backward()
    assert model.share_memory() is model
    assert all(p.is_shared() and p.grad.is_shared() for p in model.parameters())  # type: ignore[union-attr]
    assert all(buffer.is_shared() for buffer in model.buffers())
    tied = nn.Linear(2, 2)
    tied.other = tied.weight
    tied.share_memory()
    assert tied.other is tied.weight


# ---- between processes


@pytest.mark.parametrize("method", METHODS)
def test_a_process_writes_where_another_reads(method: str) -> None:
    context: Any = mp.get_context(method)
    x = torch.zeros(1000).share_memory_()
    joined(context.Process(target=add_one, args=(x,)))
    assert x.tolist() == [1] * 1000


def test_an_argument_of_a_spawned_process_is_shared() -> None:
    x = torch.zeros(4, 3).T
    joined(mp.get_context("spawn").Process(target=add_one, args=(x,)))  # type: ignore[attr-defined]
    assert x.is_shared() and x.sum() == 12


@pytest.mark.parametrize("method", METHODS)
def test_a_module_is_trained_elsewhere(method: str) -> None:
    model = nn.Linear(2, 2)
    model.register_buffer("mean", torch.zeros(2))
    model.share_memory()
    joined(mp.get_context(method).Process(target=train, args=(model,)))  # type: ignore[attr-defined]
    assert all(p.unique().tolist() == [7] for p in model.parameters())
    assert model.mean.tolist() == [5, 5]


def test_processes_train_one_model_without_locks() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1)).share_memory()
    addresses = [parameter.data_ptr() for parameter in model.parameters()]
    context: Any = mp.get_context("fork")
    for _ in range(2):  # what a process has learned the next ones go on from
        processes = [context.Process(target=fit, args=(i, model, 150)) for i in range(2)]
        for process in processes:
            process.start()
        for process in processes:
            process.join(TIMEOUT)
        assert [process.exitcode for process in processes] == [0, 0]
    x = torch.randn(100, 3)
    loss = nn.functional.mse_loss(model(x), x @ torch.tensor([[1.0], [-2.0], [3.0]]) + 0.5)
    assert loss < 1e-4 and all(parameter.is_shared() for parameter in model.parameters())
    assert [parameter.data_ptr() for parameter in model.parameters()] == addresses
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.slow
def test_spawned_processes_train_one_model() -> None:
    model = nn.Linear(3, 1)
    model.share_memory()
    mp.spawn(fit, args=(model, 200), nprocs=2)
    assert torch.allclose(model.weight, torch.tensor([[1.0, -2.0, 3.0]]), atol=1e-2)
    assert torch.allclose(model.bias, torch.tensor([0.5]), atol=1e-2)


@pytest.mark.parametrize("method", METHODS)
def test_queue(method: str) -> None:
    context: Any = mp.get_context(method)
    inbox, outbox = context.Queue(), context.Queue()
    process = context.Process(target=describe, args=(inbox, outbox), daemon=True)
    process.start()
    x, weight = torch.zeros(2, 3), nn.Parameter(torch.ones(2))
    inbox.put((x, x[1], weight))
    values, shared, name, requires_grad = outbox.get(timeout=TIMEOUT)
    assert values == [[0, 0, 0], [9, 9, 9]] == x.tolist() and shared
    assert name == "Parameter" and requires_grad
    inbox.put(None)
    process.join(TIMEOUT)
    assert process.exitcode == 0


@pytest.mark.parametrize(
    "made",
    [
        torch.arange(6.0).reshape(2, 3).T, torch.tensor(3), torch.zeros(0, 3), torch.ones(2).bool(),
        torch.ones(3).bfloat16(), torch.ones(3, dtype=torch.complex64), torch.ones(1).expand(4),
        torch.ones(2, 3, 4, 4).to(memory_format=torch.channels_last), nn.Buffer(torch.ones(2)),
        nn.Parameter(torch.ones(2), requires_grad=False), torch.arange(10)[2:7:2],
    ],
    ids=lambda t: f"{type(t).__name__}-{t.dtype}-{tuple(t.shape)}",
)  # fmt: skip
def test_there_and_back(made: Any) -> None:
    inbox, outbox = mp.Queue(), mp.Queue()
    process = mp.get_context("fork").Process(target=answer, args=(inbox, outbox), daemon=True)  # type: ignore[attr-defined]
    process.start()
    inbox.put(made)
    back = outbox.get(timeout=TIMEOUT)
    assert type(back) is type(made) and back.dtype is made.dtype and back.shape == made.shape
    assert torch.equal(back, made) and back.requires_grad == made.requires_grad
    if made.numel():
        assert back.stride() == made.stride() and back.data_ptr() == made.data_ptr()
    inbox.put(None)
    process.join(TIMEOUT)


def test_storages_go_through_queues() -> None:
    queue = mp.Queue()
    x = torch.arange(4.0)
    queue.put((x.untyped_storage(), x.storage()))
    untyped, typed = queue.get(timeout=TIMEOUT)
    assert untyped == x.untyped_storage() and typed.tolist() == [0, 1, 2, 3]
    typed.fill_(2)
    assert x.tolist() == [2, 2, 2, 2]
    assert pickle.loads(pickle.dumps(typed)).tolist() == [2, 2, 2, 2]


def test_python_s_own_multiprocessing_shares() -> None:
    queue = multiprocessing.Queue()
    x = torch.zeros(3)
    queue.put(x)
    queue.get(timeout=TIMEOUT).fill_(4)
    assert x.tolist() == [4, 4, 4]


@pytest.mark.parametrize("method", METHODS)
def test_pool(method: str) -> None:
    with mp.get_context(method).Pool(2) as pool:
        results = pool.map(make, range(6))
    assert [r[0].item() for r in results] == list(range(6)) and all(r.is_shared() for r in results)


def test_what_has_a_history_stays() -> None:
    from multiprocessing.reduction import ForkingPickler

    with pytest.raises(RuntimeError, match="non-leaf tensor"):
        ForkingPickler.dumps(torch.ones(2, requires_grad=True) * 2)
    assert ForkingPickler.dumps(torch.ones(2, requires_grad=True))


def test_plain_pickles_are_copies() -> None:
    x = torch.ones(2).share_memory_()
    y = pickle.loads(pickle.dumps(x))
    y.zero_()
    assert x.tolist() == [1, 1] and not y.is_shared()


def test_strategies() -> None:
    assert mp.get_sharing_strategy() == "file_descriptor"
    assert mp.get_all_sharing_strategies() == {"file_descriptor", "file_system"}
    mp.set_sharing_strategy("file_system")
    assert mp.get_sharing_strategy() == "file_system"
    mp.set_sharing_strategy("file_descriptor")
    with pytest.raises(AssertionError, match="invalid sharing strategy 'x'"):
        mp.set_sharing_strategy("x")
    assert torch.multiprocessing is mp


# ---- spawn


def test_spawn_calls_with_the_index() -> None:
    x = torch.zeros(3)
    mp.spawn(write_index, args=(x,), nprocs=3)
    assert x.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("how", "kind", "message"),
    [
        ("raise", mp.ProcessRaisedException, "ValueError: second"),
        ("exit", mp.ProcessExitedException, "process 1 terminated with exit code 3"),
        ("kill", mp.ProcessExitedException, "process 1 terminated with signal SIGKILL"),
    ],
)
def test_the_first_failure_ends_all(how: str, kind: Any, message: str) -> None:
    began = time.monotonic()
    context = mp.start_processes(
        fail_second, args=(how,), nprocs=2, join=False, start_method="fork"
    )
    with pytest.raises(kind, match=message) as failure:
        while not context.join():
            pass
    assert failure.value.error_index == 1 and failure.value.error_pid == context.pids()[1]
    assert all(not process.is_alive() for process in context.processes)
    assert time.monotonic() - began < TIMEOUT / 2
    again = pickle.loads(pickle.dumps(failure.value))
    assert str(again) == str(failure.value) and again.error_index == 1
    if how != "raise":
        assert failure.value.exit_code == (3 if how == "exit" else -9)


def program(text: str) -> Any:
    environment = dict(os.environ, PYTHONPATH=str(Path(torch.__file__).parents[1]))
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


def test_children_die_with_a_killed_parent() -> None:
    parent = program(
        """
        import os, time
        import rushlight.multiprocessing as mp

        def wait(index):
            os.write(1, b"%d\\n" % os.getpid())
            time.sleep(60)

        mp.start_processes(wait, nprocs=2, start_method="fork")
        """
    )
    pids = [int(parent.stdout.readline()) for _ in range(2)]
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + TIMEOUT
    while any(is_running(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    parent.stdout.close()
    parent.stderr.close()


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.mark.parametrize("killed", ["sender", "receiver"])
def test_nothing_is_left_of_killed_processes(killed: str) -> None:
    before = set(os.listdir("/dev/shm"))
    run = program(
        f"""
        import os, signal, warnings
        import rushlight as torch
        import rushlight.multiprocessing as mp

        def other(inbox, outbox):
            x = inbox.get()
            x.add_(1)
            outbox.put(x)
            inbox.get()
            os.kill(os.getpid(), signal.SIGKILL)

        context = mp.get_context("fork")
        inbox, outbox = context.Queue(), context.Queue()
        child = context.Process(target=other, args=(inbox, outbox), daemon=True)
        child.start()
        x = torch.zeros(100000)
        inbox.put(x)
        y = outbox.get()
        assert x.sum() == 100000 and y.data_ptr() == x.data_ptr()
        if "{killed}" == "receiver":
            inbox.put(None)
            child.join()
            assert x.sum() == 100000
            print("done")
        else:
            os.kill(child.pid, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    output, errors = run.communicate(timeout=TIMEOUT)
    assert run.returncode == (0 if killed == "receiver" else -signal.SIGKILL)
    assert errors == "" and (killed == "sender" or output == "done\n")
    assert not {name for name in set(os.listdir("/dev/shm")) - before if "rushlight" in name}


def test_batches_of_workers_are_shared() -> None:
    data = torch.utils.data.TensorDataset(torch.arange(200000.0).reshape(4, -1))
    loader = torch.utils.data.DataLoader(data, batch_size=2, num_workers=1)
    for (batch,) in loader:
        assert batch.is_shared() and batch.shape == (2, 50000)
        queue = mp.Queue()
        queue.put(batch)
        assert queue.get(timeout=TIMEOUT).data_ptr() == batch.data_ptr()


def test_numpy_sees_shared_memory() -> None:
    x = torch.zeros(3).share_memory_()
    array = x.numpy()
    array[1] = 2
    assert x.tolist() == [0, 2, 0] and np.from_dlpack(x)[1] == 2
    del x
    gc.collect()
    assert array.tolist() == [0, 2, 0]
