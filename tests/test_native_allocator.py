from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

from native_support import channels_last, kernels, native, random


@pytest.fixture
def cache():
    gc.collect()
    native.empty_cache()
    yield native.memory_stats
    native.empty_cache()


def test_a_block_given_back_is_the_next_one_handed_out(cache):
    x = random(100_000)
    result = kernels().relu(x)
    place, before = result.ctypes.data, cache()
    assert place % 64 == 0
    del result
    assert cache()["bytes_in_use"] == before["bytes_in_use"] - cache()["bytes_cached"]
    again = kernels().relu(x)
    assert again.ctypes.data == place
    assert cache()["blocks_obtained"] == before["blocks_obtained"]
    assert cache()["blocks_reused"] == before["blocks_reused"] + 1


def test_results_own_their_memory(cache):
    x = channels_last(random(16, 8, 32, 32))
    y = kernels().relu(x)
    assert y.base is None and y.flags.owndata and y.flags.writeable and y.flags.aligned
    in_use = cache()["bytes_in_use"]
    view = y[1:, 2:]
    del y
    assert cache()["bytes_in_use"] == in_use  # the view keeps it
    del view
    assert cache()["bytes_in_use"] < in_use


def test_resize_of_a_result(cache):
    x = random(20_000)
    y = kernels().relu(x)
    expected = y.copy()
    y.resize(50_000, refcheck=False)
    np.testing.assert_array_equal(y[:20_000], expected)
    assert not y[20_000:].any()
    y.resize(10, refcheck=False)
    np.testing.assert_array_equal(y, expected[:10])


def test_nothing_is_lost(cache):
    before = cache()["bytes_in_use"]
    for size in (1, 10_000, 100_000, 1_000_000):
        x = random(size)
        for _ in range(5):
            kernels().add(x, kernels().exp(x))
            kernels().sum(x, None, False)
            kernels().clone(x, "K")
        with pytest.raises(ValueError):
            kernels().add(random(2), random(3))
    assert cache()["bytes_in_use"] == before


ALWAYS_KEPT = 128 << 20


def test_the_cache_is_bounded(cache):
    for size in range(1_000_000, 12_000_000, 400_000):  # 700 MB, were all of it kept
        kernels().neg(np.zeros(size, np.float32))
    stats = cache()
    assert stats["bytes_cached"] <= max(ALWAYS_KEPT, 1.25 * stats["peak_bytes_in_use"])
    native.empty_cache()
    assert cache()["bytes_cached"] == 0


def test_the_cache_shrinks_when_large_blocks_are_no_longer_used(cache):
    kernels().neg(np.zeros(50_000_000, np.float32))
    assert cache()["bytes_cached"] >= 200_000_000
    small = random(10_000)
    for _ in range(10_000):
        kernels().neg(small)
    assert cache()["bytes_cached"] <= ALWAYS_KEPT


def test_a_somewhat_larger_block_serves_a_smaller_result(cache):
    large = kernels().neg(random(40_000))
    place, obtained = large.ctypes.data, cache()["blocks_obtained"]
    del large
    small = kernels().neg(random(25_000))
    assert small.ctypes.data == place and cache()["blocks_obtained"] == obtained
    del small
    kernels().neg(random(9_000))  # less than half of it: not worth a block of that size
    assert cache()["blocks_obtained"] == obtained + 1


def test_repeated_steps_obtain_nothing_new(cache):
    def step():
        arrays = [random(n) for n in (30_000, 75_000, 100_000, 300_000)]
        results = [kernels().exp(a) for a in arrays]
        return [kernels().mul(r, r) for r in results[::2]], kernels().sum(results[3], None, False)

    step()
    step()
    obtained = cache()["blocks_obtained"]
    for _ in range(20):
        step()
    assert cache()["blocks_obtained"] == obtained


def test_threads_share_it(cache):
    x = random(20_000)
    expected = np.exp(x)
    wrong = []

    def work():
        for _ in range(300):
            results = [kernels().exp(x) for _ in range(3)]
            if not all(np.allclose(r, expected) for r in results):
                wrong.append(1)

    before = cache()["bytes_in_use"]
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert cache()["bytes_in_use"] == before
