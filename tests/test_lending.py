"""Shared memory that workers use again, and never while somebody looks at it."""

from __future__ import annotations

import os
import socket

import numpy as np
import pytest

import rushlight as torch
from loader_support import loader
from rushlight import multiprocessing
from rushlight.utils.data import lending
from rushlight.utils.data.channel import Channel

SIZE = 100_000  # of an array that does not go by the socket


@pytest.fixture
def ends():
    channels = [Channel(end) for end in socket.socketpair()]
    yield channels
    for channel in channels:
        channel.close()


def sent(ends, value, size=SIZE):
    """What arrives, after the receiver has told what it has no more."""
    sender, receiver = ends
    receiver.send("a request")
    sender.receive()
    sender.send(np.full(size, value))
    return receiver.receive()


def files(channel):
    return [os.fstat(file).st_ino for file in channel._lender._files]


def test_memory_that_nobody_has_is_used_again(ends):
    for value in range(20):
        assert sent(ends, value).tolist() == [value] * SIZE
    assert len(files(ends[0])) <= 2


def test_memory_that_somebody_has_stays(ends):
    kept = [sent(ends, value) for value in range(3)]
    views = [array[::7].reshape(-1, 1)[5:] for array in kept]
    tensor = torch.from_numpy(sent(ends, 3))
    del kept
    for value in range(4, 40):
        assert sent(ends, value)[0] == value
    assert [set(view.ravel().tolist()) for view in views] == [{0}, {1}, {2}]
    assert set(tensor.tolist()) == {3}


def test_more_than_the_sender_has_files(ends):
    kept = [sent(ends, value) for value in range(30)]
    assert len(files(ends[0])) == lending._MOST_FILES
    assert [int(array[-1]) for array in kept] == list(range(30))
    del kept
    assert sent(ends, 7)[0] == 7
    assert len(ends[0]._lender._free) == lending._MOST_FILES - 1


def test_larger_and_smaller_messages(ends):
    for size in (SIZE, 3 * SIZE, SIZE // 2, 10 * SIZE, SIZE):
        assert sent(ends, size, size).tolist() == [size] * size
    kept = sent(ends, 1)
    for size in (2 * SIZE, 20 * SIZE):
        assert sent(ends, size, size).sum() == size * size
    assert set(kept.tolist()) == {1}


def test_what_a_fork_has_is_not_used_again(ends):
    array = sent(ends, 1)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # which looks at it when the parent has dropped it and got more
        os.read(read, 1)
        os._exit(0 if (array == 1).all() else 1)
    del array
    for value in range(2, 10):
        assert sent(ends, value)[0] == value
    os.write(write, b"x")
    assert os.waitpid(child, 0)[1] == 0
    for file in (read, write):
        os.close(file)
    assert len(files(ends[0])) <= 3  # a new one in the place of the one that the fork has


def test_what_goes_to_a_third_process_is_copied(ends):
    tensor = torch.from_numpy(sent(ends, 1))
    queue = multiprocessing.get_context("fork").SimpleQueue()
    queue.put(tensor)
    other = queue.get()
    del tensor
    for value in range(2, 10):
        sent(ends, value)
    assert set(other.tolist()) == {1}


def test_a_message_that_cannot_be_sent_loses_no_memory(ends):
    sender, receiver = ends
    array = sent(ends, 1)
    del array
    with pytest.raises(Exception, match="pickle"):
        receiver.send(lambda: None)
    assert sent(ends, 2)[0] == 2
    assert len(files(sender)) == 1


def test_a_pass_over_large_batches():
    batches = loader(lambda index: np.full(SIZE, index), size=40, persistent_workers=True)
    for _ in range(3):
        seen, before = [], None
        for batch in batches:
            seen.append(int(batch[-1, -1]))
            if before is not None:  # the one before is still there
                assert before[0, 0] == before[0, -1] == seen[-2] - 1
            before = batch
        assert seen == list(range(1, 40, 2))
