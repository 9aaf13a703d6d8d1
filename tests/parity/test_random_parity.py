"""The same program under the same seed in both libraries. Collected where PyTorch is installed.

Bit for bit on x86-64 with AVX2, where PyTorch computes with fused multiply-adds.
"""

import numpy as np
import pytest

import rushlight

torch = pytest.importorskip("torch")

SIZES = [0, 1, 5, 15, 16, 17, 31, 33, 100, 312, 623, 624, 625, 1248, 4097, 16400, 32768, 40001]

EXACT = {
    "rand": lambda t, n: t.rand(n),
    "rand float64": lambda t, n: t.rand(n, dtype=t.float64),
    "rand float16": lambda t, n: t.rand(n, dtype=t.float16),
    "randn": lambda t, n: t.randn(n),
    "randn float16": lambda t, n: t.randn(n, dtype=t.float16),
    "normal": lambda t, n: t.empty(n).normal_(0.5, 0.02),
    "normal scaled": lambda t, n: t.empty(n).normal_(-3, 7),
    "uniform": lambda t, n: t.empty(n).uniform_(-0.1, 0.1),
    "uniform float64": lambda t, n: t.empty(n, dtype=t.float64).uniform_(-0.3, 7.7),
    "uniform float16": lambda t, n: t.empty(n, dtype=t.float16).uniform_(1, 3),
    "randint": lambda t, n: t.randint(10, (n,)),
    "randint below 2**28": lambda t, n: t.randint(-5, 2**28 - 6, (n,)),
    "randint from 2**28": lambda t, n: t.randint(-5, 2**28 - 5, (n,)),
    "randint 64": lambda t, n: t.randint(-(2**62), 2**62, (n,)),
    "randint uint8": lambda t, n: t.randint(0, 256, (n,), dtype=t.uint8),
    "randint float": lambda t, n: t.randint(0, 1000, (n,), dtype=t.float32),
    "random_ int64": lambda t, n: t.empty(n, dtype=t.int64).random_(),
    "random_ int32": lambda t, n: t.empty(n, dtype=t.int32).random_(),
    "random_ uint8": lambda t, n: t.empty(n, dtype=t.uint8).random_(),
    "random_ float32": lambda t, n: t.empty(n).random_(),
    "random_ float64": lambda t, n: t.empty(n, dtype=t.float64).random_(),
    "random_ bool": lambda t, n: t.empty(n, dtype=t.bool).random_(),
    "random_ to": lambda t, n: t.empty(n).random_(7),
    "randperm": lambda t, n: t.randperm(n),
    "bernoulli": lambda t, n: t.bernoulli(t.linspace(0, 1, n)),
    "bernoulli float64": lambda t, n: t.bernoulli(t.linspace(0, 1, n, dtype=t.float64)),
    "bernoulli p": lambda t, n: t.bernoulli(t.empty(n), 0.3),
    "bernoulli_": lambda t, n: t.empty(n).bernoulli_(0.7),
    "dropout": lambda t, n: t.nn.functional.dropout(t.ones(n), 0.3),
    "exponential float32": lambda t, n: t.empty(n).exponential_(1.5),
    "exponential float64": lambda t, n: t.empty(n, dtype=t.float64).exponential_(1.5),
    "exponential bfloat16": lambda t, n: t.empty(n, dtype=t.bfloat16).exponential_(1.5).float(),
    "cauchy": lambda t, n: t.empty(n).cauchy_(0.5, 2.0),
    "cauchy float16": lambda t, n: t.empty(n, dtype=t.float16).cauchy_(),
    "log_normal": lambda t, n: t.empty(n).log_normal_(0.5, 0.3),
    "geometric": lambda t, n: t.empty(n).geometric_(0.3),
    "geometric int64": lambda t, n: t.empty(n, dtype=t.int64).geometric_(0.01),
    "multinomial": lambda t, n: t.multinomial(t.arange(1.0, 6), n + 1, True),
    "multinomial rows": lambda t, n: t.multinomial(t.arange(1.0, 7).reshape(2, 3), n + 1, True),
    "multinomial one": lambda t, n: t.multinomial(t.arange(1.0, n + 2), 1),
    "multinomial without": lambda t, n: t.multinomial(t.arange(1.0, n + 2), min(n + 1, 7)),
}

ROUNDED = {
    "log_normal float64": lambda t, n: t.empty(n, dtype=t.float64).log_normal_(),
    "cauchy float64": lambda t, n: t.empty(n, dtype=t.float64).cauchy_(),
    "randn float64": lambda t, n: t.randn(n, dtype=t.float64),
    "normal float64": lambda t, n: t.empty(n, dtype=t.float64).normal_(0.5, 0.02),
}


def both(function, seed, n):
    results = []
    for library in (rushlight, torch):
        library.manual_seed(seed)
        results.append(function(library, n).numpy())
        results.append(library.randn(3).numpy())
        results.append(library.rand(2).numpy())
    return results


@pytest.mark.parametrize("name", [*EXACT, *ROUNDED])
def test_stream(name):
    function = EXACT.get(name) or ROUNDED[name]
    for seed, n in zip([0, 42, 2**33 + 5, -1] * 5, SIZES, strict=False):
        ours, our_normal, our_next, theirs, their_normal, their_next = both(function, seed, n)
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
        if name in ROUNDED:
            np.testing.assert_allclose(ours, theirs, rtol=1e-14, atol=1e-15)
        else:
            assert ours.tobytes() == theirs.tobytes(), (seed, n)
        assert our_normal.tolist() == pytest.approx(their_normal.tolist(), rel=1e-6)
        assert our_next.tolist() == their_next.tolist()


LAYOUTS = {
    "transposed": lambda t: t.zeros(3, 2).t(),
    "transposed, large": lambda t: t.zeros(7, 5).t(),
    "permuted": lambda t: t.zeros(3, 4, 5).permute(1, 2, 0),
    "every other row": lambda t: t.zeros(14, 5)[::2],
    "every other column": lambda t: t.zeros(7, 10)[:, ::2],
    "part, transposed": lambda t: t.zeros(9, 8, 4)[1:7, ::2].transpose(0, 2),
    "axes of length 1": lambda t: t.zeros(1, 6, 1, 4).permute(2, 3, 1, 0),
    "rows of pixels": lambda t: t.zeros(2, 4, 5, 3).permute(0, 3, 1, 2),
    "channels_last": lambda t: t.zeros(2, 3, 4, 5).to(memory_format=t.channels_last),
    "made channels_last": lambda t: t.empty(2, 3, 4, 5, memory_format=t.channels_last),
    "convolution": lambda t: t.nn.functional.conv2d(t.ones(2, 3, 6, 5), t.ones(4, 3, 3, 3)),
    "convolution of float64": lambda t: t.nn.functional.conv2d(
        t.ones(2, 3, 6, 5, dtype=t.float64), t.ones(4, 3, 3, 3, dtype=t.float64)),
    "pool": lambda t: t.nn.functional.avg_pool2d(t.ones(2, 3, 6, 4), 2),
    "padded": lambda t: t.nn.functional.pad(LAYOUTS["convolution"](t), (1, 2, 0, 1)),
    "relu of a convolution": lambda t: LAYOUTS["convolution"](t).relu(),
    "part of a convolution": lambda t: LAYOUTS["convolution"](t)[:, ::2, 1:],
    "tokens of a convolution": lambda t: LAYOUTS["convolution"](t).flatten(2).transpose(1, 2),
    "columns of a convolution": lambda t: LAYOUTS["convolution"](t).permute(3, 1, 0, 2),
    "sequence": lambda t: t.nn.functional.conv1d(t.ones(2, 3, 9), t.ones(4, 3, 3)),
    "sequence, turned": lambda t: LAYOUTS["sequence"](t).transpose(1, 2),
}
FILLS = {
    "uniform_": lambda t, x: x.uniform_(-1, 2),
    "normal_": lambda t, x: x.normal_(1, 2),
    "exponential_": lambda t, x: x.exponential_(),
    "random_": lambda t, x: x.random_(100),
    "random_ all": lambda t, x: x.random_(),
    "bernoulli_": lambda t, x: x.bernoulli_(0.3),
    "bernoulli_ tensor": lambda t, x: x.bernoulli_(t.linspace(0, 1, x.numel()).view(x.shape)),
    "xavier_uniform_": lambda t, x: t.nn.init.xavier_uniform_(x),
    "kaiming_normal_": lambda t, x: t.nn.init.kaiming_normal_(x),
    "rand_like": lambda t, x: t.rand_like(x),
    "randn_like": lambda t, x: t.randn_like(x),
    "randn_like float64": lambda t, x: t.randn_like(x, dtype=t.float64),
    "randint_like": lambda t, x: t.randint_like(x, 3, 99),
    "bernoulli": lambda t, x: t.bernoulli(t.rand_like(x)),
    "bernoulli p": lambda t, x: t.bernoulli(x, 0.3),
    "dropout": lambda t, x: t.nn.functional.dropout(x.fill_(1), 0.4),
    "normal": lambda t, x: t.normal(x.fill_(1), 2.0),
}


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_stream_whatever_the_memory_order(layout, fill):
    results = []
    for library in (rushlight, torch):
        library.manual_seed(5)
        x = FILLS[fill](library, LAYOUTS[layout](library))
        results.append((x.numpy(), library.rand(2).numpy()))
    (ours, our_next), (theirs, their_next) = results
    assert our_next.tolist() == their_next.tolist()
    if "norm" in fill or "randn" in fill:
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)
    else:
        assert ours.tolist() == theirs.tolist()


def test_multinomial_of_transposed_weights():
    for samples in (1, 3):
        results = []
        for library in (rushlight, torch):
            library.manual_seed(5)
            weights = library.arange(1.0, 36).reshape(7, 5).t()
            results.append(library.multinomial(weights, samples).tolist())
        assert results[0] == results[1]


def test_tensors_that_share_elements_are_not_filled():
    for library in (rushlight, torch):
        for fill in ("uniform_", "normal_", "exponential_", "random_", "bernoulli_"):
            with pytest.raises(RuntimeError, match="more than one element of the written-to"):
                getattr(library.zeros(3, 1).expand(3, 4), fill)()


def test_initialisation_of_layers():
    def make(library):
        library.manual_seed(1)
        nn = library.nn
        layers = nn.Sequential(nn.Conv2d(3, 8, 5), nn.BatchNorm2d(8), nn.Linear(70, 9))
        return [p.detach().numpy() for p in layers.parameters()]

    for ours, theirs in zip(make(rushlight), make(torch), strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_states_are_exchanged_both_ways():
    for source, target in ((rushlight, torch), (torch, rushlight)):
        for draws in (0, 1, 623, 624, 700):
            source.manual_seed(3)
            source.rand(draws)
            source.randn(3)
            state = source.get_rng_state()
            target.set_rng_state(target.from_numpy(state.numpy()))
            assert target.initial_seed() == source.initial_seed() == 3
            assert source.randn(2).tolist() == pytest.approx(target.randn(2).tolist(), rel=1e-6)
            assert source.rand(800).tolist() == target.rand(800).tolist()
            if draws:
                assert source.get_rng_state().tolist() == target.get_rng_state().tolist()
