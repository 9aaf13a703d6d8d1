from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

from native_support import channels_last, kernels, native, random, requires_native

pytestmark = requires_native


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


def test_the_cache_does_not_outgrow_what_was_in_use(cache):
    for size in range(50_000, 2_000_000, 50_000):
        kernels().neg(random(size))
    stats = cache()
    assert stats["bytes_cached"] <= 1.2 * stats["peak_bytes_in_use"]
    native.empty_cache()
    assert cache()["bytes_cached"] == 0


def test_the_cache_shrinks_when_large_blocks_are_no_longer_used(cache):
    kernels().neg(random(4_000_000))
    assert cache()["bytes_cached"] >= 16_000_000
    small = random(10_000)
    for _ in range(10_000):
        kernels().neg(small)
    assert cache()["bytes_cached"] < 1_000_000


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
