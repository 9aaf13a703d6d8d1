"""The streams against values that PyTorch 2.13 printed for the same seeds (x86-64 with AVX2)."""

import copy
import pickle
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import rushlight as torch
from rushlight import cuda, random
from rushlight.device import device
from rushlight.kernels.base import random as base
from rushlight.kernels.launch import kernels
from rushlight.random import Generator
from rushlight.tensor import wrap


class Generic(base.Random):
    xp = np


@pytest.fixture(params=["base", "cpu"])
def table(request):
    return Generic() if request.param == "base" else kernels[np.ndarray]


# seed, kernel, its arguments,
#   the first two and the last two values,
#   crc32 of all bytes (None where a logarithm or sine of the C library decides the last bit),
#   the float32 that the generator gives next
STREAMS = [
    (0, 'random_uniform', ((1,), 0.0, 1.0, 'float32'),
     [0.49625658988952637, 0.49625658988952637],
     0x7e4e4852, 0.7682217955589294),
    (1, 'random_uniform', ((623,), 0.0, 1.0, 'float32'),
     [0.7576315999031067, 0.2793108820915222, 0.3179677724838257, 0.8666946887969971],
     0x8049c4fd, 0.5738406777381897),
    (1, 'random_uniform', ((40000,), 0.0, 1.0, 'float32'),
     [0.7576315999031067, 0.2793108820915222, 0.7085437178611755, 0.13612514734268188],
     0xe0acdac6, 0.2853206992149353),
    (2, 'random_uniform', ((70001,), -0.125, 0.1, 'float32'),
     [0.013306387700140476, -0.039272110909223557, 0.09411883354187012, -0.02921728603541851],
     0x332ebdf7, 0.5590846538543701),
    (3, 'random_uniform', ((3,), 0.0, 1.0, 'float64'),
     [0.03410819565052048, 0.28674022672130695, 0.28674022672130695, 0.7729149443285843],
     0xd8eddb69, 0.7718658447265625),
    (3, 'random_uniform', ((33000,), -0.3, 0.7, 'float64'),
     [-0.2658918043494795, -0.013259773278693043, 0.4910671974669866, 0.6346032421185737],
     0x1e75703e, 0.7664812803268433),
    (4, 'random_uniform', ((1000,), 0.0, 1.0, 'float16'),
     [0.5595703125, 0.55908203125, 0.86328125, 0.1087646484375],
     0xa9cc64ce, 0.18231922388076782),
    (4, 'random_uniform', ((1000,), 2.0, 3.0, 'float16'),
     [2.560546875, 2.55859375, 2.86328125, 2.109375],
     0x6e762d, 0.18231922388076782),
    (0, 'random_normal', ((1,), 0.0, 1.0, 'float32'),
     [1.5409960746765137, 1.5409960746765137],
     0x8f43c39d, 0.30742281675338745),
    (0, 'random_normal', ((15,), 0.0, 1.0, 'float32'),
     [1.5409960746765137, -0.293428897857666, 1.1006041765213013, -1.0711873769760132],
     0xe6f537f6, 0.17591017484664917),
    (5, 'random_normal', ((15,), 1.0, 2.0, 'float64'),
     [0.026438498575146463, -0.20764317576800773, -0.3324505361163341, 2.3692844090107057],
     None, 0.044166386127471924),
    (0, 'random_normal', ((16,), 0.0, 1.0, 'float32'),
     [-1.1258398294448853, -1.152360200881958, 1.1167771816253662, -0.2472781538963318],
     0x8901a57a, 0.6976675987243652),
    (6, 'random_normal', ((17,), 0.0, 1.0, 'float32'),
     [-1.2113045454025269, -1.0630654096603394, 0.40185678005218506, -0.925079882144928],
     0x31968bfb, 0.09469372034072876),
    (6, 'random_normal', ((40001,), 0.0, 1.0, 'float32'),
     [-1.2113045454025269, 0.6303585767745972, 0.022633852437138557, -0.19423943758010864],
     0xba0ae22e, 0.0008203387260437012),
    (7, 'random_normal', ((32784,), 0.25, 0.02, 'float32'),
     [0.2335973083972931, 0.25791263580322266, 0.23942774534225464, 0.22255507111549377],
     0xb261da35, 0.47170037031173706),
    (8, 'random_normal', ((1000,), 0.0, 1.0, 'float64'),
     [-1.6169353158353055, -0.029519948624010743, -0.3872605513723813, 0.7442702367692543],
     None, 0.8636954426765442),
    (8, 'random_normal', ((70007,), 0.0, 1.0, 'float64'),
     [-1.6169353158353055, -0.029519948624010743, 0.12545989466695578, 0.5683062520664451],
     None, 0.38088202476501465),
    (9, 'random_normal', ((7,), 0.0, 1.0, 'float16'),
     [0.04473876953125, 1.9111328125, 0.36962890625, 0.384033203125],
     0x889644b2, 0.5192713737487793),
    (9, 'random_normal', ((100,), 0.0, 1.0, 'float16'),
     [-1.0673828125, -0.71728515625, 0.53759765625, 1.0673828125],
     0x3dc0046b, 0.4042598605155945),
    (10, 'random_bernoulli', ((5,), 0.3),
     [False, False, False, False],
     0xc622f71d, 0.5479421615600586),
    (10, 'random_bernoulli', ((50000,), 0.3),
     [False, False, False, False],
     0xe0941762, 0.08036661148071289),
    (10, 'random_bernoulli', ((10,), 0.0),
     [False, False, False, False],
     0xe38a6876, 0.45211243629455566),
    (10, 'random_bernoulli', ((10,), 1.0),
     [True, True, True, True],
     0x50b0eab1, 0.45211243629455566),
    (0, 'random_integers', ((5,), 0, 10, 'int64'),
     [4, 9, 0, 3],
     0xfd32e15b, 0.6340786814689636),
    (12, 'random_integers', ((1000,), -7, 268435448, 'int64'),
     [125253446, 37459611, 168018513, 186321530],
     0x247835ac, 0.26838237047195435),
    (12, 'random_integers', ((1000,), -7, 268435449, 'int64'),
     [37459604, 261508342, 4635028, 250071],
     0xe8d9e655, 0.13021916151046753),
    (13, 'random_integers', ((33000,), -4611686018427387904, 4611686018427387904, 'int64'),
     [511019274525653168, -229823996965429744, -1521248248565813910, 3524592017536184567],
     0xdd0f0a36, 0.9483471512794495),
    (13, 'random_integers', ((20,), 0, 256, 'uint8'),
     [82, 176, 205, 74],
     0x678fc320, 0.9693494439125061),
    (14, 'random_integers', ((100,), -2147483648, 2147483647, 'int32'),
     [-275578940, -290984285, -1155232788, 1777960128],
     0x3ad065fe, 0.6597034335136414),
    (14, 'random_integers', ((100,), 0, 16777216, 'float32'),
     [9554539.0, 79192.0, 9761155.0, 16765793.0],
     0x8d75f2a1, 0.9030768871307373),
    (14, 'random_integers', ((100,), 0, 2, 'bool'),
     [True, False, True, True],
     0xafebbe2b, 0.9030768871307373),
    (15, 'random_integers', ((50,), -9223372036854775808, 9223372036854775808, 'int64'),
     [-2788821320924213515, 3300047315651463813, -6650246172722626798, 8227213789349737818],
     0xe93ac08f, 0.4992990493774414),
    (16, 'random_full_range', ((50,), 'int64'),
     [4118993386250157294, 427288330670015045, 8796380903455002116, 3973963235637466488],
     0x5c6cf766, 0.2402978539466858),
    (16, 'random_full_range', ((50,), 'int32'),
     [959027881, 1402977518, 1351052511, 1379680694],
     0xe456e7aa, 0.0632283091545105),
    (16, 'random_full_range', ((50,), 'uint8'),
     [169, 238, 223, 182],
     0x1bc1e780, 0.0632283091545105),
    (16, 'random_full_range', ((50,), 'int8'),
     [41, 110, 95, 54],
     0x78b6a1dc, 0.0632283091545105),
    (16, 'random_full_range', ((50,), 'bool'),
     [True, False, True, False],
     0x202cf80e, 0.0632283091545105),
    (16, 'random_full_range', ((50,), 'float16'),
     [1627.0, 581.0, 1332.0, 1399.0],
     0x4d8eb1e9, 0.0632283091545105),
    (16, 'random_full_range', ((50,), 'float32'),
     [2726512.0, 10468507.0, 8875151.0, 3948772.0],
     0x176e52e7, 0.0632283091545105),
    (16, 'random_full_range', ((50,), 'float64'),
     [2703326833523493.0, 3949965697187350.0, 5354430827791924.0, 1788364296688575.0],
     0x324cab81, 0.2402978539466858),
    (17, 'random_permutation', (1,),
     [0, 0],
     0x6522df69, 0.43424123525619507),
    (17, 'random_permutation', (2,),
     [1, 0, 1, 0],
     0x42d3dac4, 0.5351095795631409),
    (17, 'random_permutation', (10,),
     [9, 7, 1, 3],
     0x6f17525f, 0.017152726650238037),
    (17, 'random_permutation', (625,),
     [309, 130, 220, 435],
     0x1f578164, 0.05334252119064331),
    (17, 'random_permutation', (70000,),
     [46559, 30739, 54162, 19569],
     0xbe2cd1db, 0.823171854019165),
    (18, 'random_exponential', ((1000,), 1.5, 'float32'),
     [2.263159990310669, 0.12302757799625397, 0.09418388456106186, 1.2210018634796143],
     None, 0.6310414671897888),
    (18, 'random_exponential', ((1000,), 1.5, 'float16'),
     [2.263671875, 0.123046875, 0.09417724609375, 1.220703125],
     None, 0.6310414671897888),]


@pytest.mark.parametrize("seed, kernel, arguments, ends, checksum, following", STREAMS)
def test_stream_is_that_of_pytorch(table, seed, kernel, arguments, ends, checksum, following):
    generator = Generator().manual_seed(seed)
    values = getattr(table, kernel)(generator.state, *arguments)
    if kernel == "random_permutation":
        assert values.shape == arguments and values.dtype == np.int64
    else:
        dtype = arguments[-1] if isinstance(arguments[-1], str) else "bool"
        assert values.shape == arguments[0] and values.dtype == dtype
    found = np.concatenate([values[:2], values[-2:]])
    if checksum is None:
        assert found.tolist() == pytest.approx(ends, rel=1e-13 if values.itemsize == 8 else 1e-6)
    else:
        assert found.tolist() == ends
        assert zlib.crc32(values) == checksum
    assert table.random_uniform(generator.state, (), 0.0, 1.0, np.float32).item() == following


def test_bernoulli_of_an_array_draws_float32_or_float64(table):
    state = Generator().manual_seed(20).state
    p = np.array([0.1, 0.0, 0.5, 0.9, 1.0], np.float32)
    single = table.random_bernoulli(state, (3, 5), p)
    assert single.dtype == bool and single.shape == (3, 5)
    assert single.ravel().tolist() == [0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1]
    double = table.random_bernoulli(state, (3, 5), p.astype(np.float64))
    assert double.ravel().tolist() == [0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1]
    assert table.random_uniform(state, (), 0.0, 1.0, np.float32).item() == 0.007352709770202637


def test_multinomial(table):
    state = Generator().manual_seed(21).state
    weights = np.array([[1, 2, 3, 4], [0, 5, 0, 1]], np.float32)

    def draw(*arguments):
        return table.random_multinomial(state, *arguments).tolist()

    assert draw(weights, 6, True) == [[3, 0, 2, 1, 3, 3], [1, 1, 1, 1, 1, 1]]
    assert draw(weights, 1, False) == [[2], [1]]
    assert draw(weights, 2, False) == [[3, 0], [1, 3]]
    assert draw(weights.astype(np.float64), 6, True) == [[3, 2, 1, 2, 3, 1], [1, 1, 1, 3, 1, 3]]
    assert draw(weights[0], 3, False) == [2, 3, 0]
    assert table.random_uniform(state, (), 0.0, 1.0, np.float32).item() == 0.9751280546188354


def test_pieces_make_the_same_stream_as_the_whole(table):
    whole = table.random_uniform(Generator().manual_seed(3).state, (70000,), 0.0, 1.0, np.float32)
    state = Generator().manual_seed(3).state
    sizes = [0, 1, 623, 0, 624, 625, 1, 32768, 3, 32769, 70000 - 67414]
    pieces = [table.random_uniform(state, (n,), 0.0, 1.0, np.float32) for n in sizes]
    assert np.concatenate(pieces).tolist() == whole.tolist()


def test_second_normal_of_a_pair_waits_for_the_next_call(table):
    together = table.random_normal(Generator().manual_seed(0).state, (4,), 0.0, 1.0, np.float64)
    state = Generator().manual_seed(0).state
    first = table.random_normal(state, (3,), 0.0, 1.0, np.float64)
    assert state[base.HAS_NORMAL] == 1
    table.random_normal(state, (0,), 0.0, 1.0, np.float64)
    table.random_uniform(state, (5,), 0.0, 1.0, np.float64)
    last = table.random_normal(state, (1,), 10.0, 2.0, np.float64)
    assert state[base.HAS_NORMAL] == 0
    assert first.tolist() == together[:3].tolist()
    assert last.tolist() == [together[3] * 2 + 10]


def test_results_have_the_shape_and_fill_it_in_c_order(table):
    flat = table.random_integers(Generator().state, (24,), 0, 99, np.int64)
    shaped = table.random_integers(Generator().state, (2, 3, 4), 0, 99, np.int64)
    assert shaped.flags.c_contiguous and shaped.ravel().tolist() == flat.tolist()
    assert table.random_normal(Generator().state, (), 0.0, 1.0, np.float32).shape == ()


def test_uniform_does_not_reach_its_upper_end(table):
    state = Generator().manual_seed(0).state
    assert table.random_uniform(state, (10000,), 0.0, 1.0, np.float16).max() < 1
    low, high = np.float32(1), np.nextafter(np.float32(1), np.float32(2))
    assert (table.random_uniform(state, (100,), low, high, np.float32) == low).all()
    assert (table.random_uniform(state, (5,), 2.0, 2.0, np.float32) == 2).all()


def test_large_permutation_draws_64_bits(monkeypatch):
    monkeypatch.setattr(base, "LARGE_PERMUTATION", 10)
    state = Generator().manual_seed(4).state
    draws = Generic().random_integers(state.copy(), (1000,), -(2**63), 2**63, np.int64)
    expected: list[int] = []
    for i, draw in enumerate(draws.view(np.uint64).tolist()):
        place = draw % (i + 1)
        expected.append(i)
        expected[i], expected[place] = expected[place], i
    assert Generic().random_permutation(state, 1000).tolist() == expected


def test_threads_draw_from_their_own_states(table):
    def draw(seed):
        state = Generator().manual_seed(seed).state
        return [table.random_normal(state, (2000,), 0.0, 1.0, np.float32).sum() for _ in range(20)]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(draw, range(8))) == [draw(seed) for seed in range(8)]


# ---- Generator


def uniform(generator, n=2):
    return Generic().random_uniform(generator.state, (n,), 0.0, 1.0, np.float32).tolist()


def test_state_bytes_are_those_of_pytorch():
    generator = Generator().manual_seed(5)
    uniform(generator, 10)
    Generic().random_normal(generator.state, (3,), 0.0, 1.0, np.float32)
    saved = generator.get_state()
    assert saved.shape == (5056,) and saved.array.dtype == np.uint8
    assert zlib.crc32(saved.array) == 0xD820EC35
    other = Generator()
    assert other.set_state(saved) is other
    for restored in (generator, other, generator.clone_state()):
        restored = restored.clone_state()
        assert uniform(restored) == [0.05663388967514038, 0.9201117157936096]
        normals = Generic().random_normal(restored.state, (2,), 0.0, 1.0, np.float32)
        assert normals.tolist() == [-1.9048511981964111, -0.5577934384346008]
        assert restored.initial_seed() == 5
    generator.manual_seed(5)
    uniform(generator, 700)
    assert zlib.crc32(generator.get_state().array) == 0x89FBB66D


def test_fresh_state_of_pytorch_is_understood():
    # PyTorch writes next = 0 where its generator has not drawn yet.
    generator = Generator().manual_seed(1)
    saved = generator.get_state()
    saved.array[16:24] = 0
    other = Generator()
    other.set_state(saved)
    assert uniform(other) == uniform(generator)


def test_seeds():
    assert Generator().initial_seed() == 67280421310721
    generator = Generator().manual_seed(-7)
    assert generator.initial_seed() == 2**64 - 7
    assert uniform(generator) == [0.2533376216888428, 0.6773603558540344]
    assert generator.manual_seed(2**64 - 1) is generator
    assert uniform(Generator().manual_seed(2**32 + 3)) == uniform(Generator().manual_seed(3))
    assert generator.seed() == generator.initial_seed() != generator.seed()
    assert generator.device == device("cpu")


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda g: g.manual_seed(2**64), ValueError, "Overflow when unpacking long long"),
        (lambda g: g.manual_seed(-(2**63) - 1), ValueError, "Overflow when unpacking long long"),
        (lambda g: g.manual_seed(1.5), RuntimeError, "manual_seed expected a long, but got float"),
        (lambda g: g.set_state(3), TypeError, "expected a torch.ByteTensor, but got int"),
        (lambda g: g.set_state(wrap(np.zeros(5056))), TypeError, "must be a torch.ByteTensor"),
        (lambda g: g.set_state(wrap(np.zeros(9, np.uint8))), RuntimeError, "of size 5056 but.* 9"),
        (lambda g: g.set_state(wrap(np.zeros(5056, np.uint8))), RuntimeError, "Invalid mt19937"),
        pytest.param(
            lambda g: Generator("cuda"), RuntimeError, "no generator for device 'cuda'",
            marks=pytest.mark.skipif(cuda.is_available(), reason="there is one"),
        ),
    ],
)
def test_refused_calls_leave_the_generator_as_it_was(call, error, message):
    generator = Generator().manual_seed(3)
    before = generator.state.copy()
    with pytest.raises(error, match=message):
        call(generator)
    assert (generator.state == before).all()


def test_copies_go_their_own_way():
    generator = Generator().manual_seed(3)
    uniform(generator)
    copies = [copy.copy(generator), copy.deepcopy(generator), pickle.loads(pickle.dumps(generator))]
    expected = uniform(generator)
    assert [uniform(c) for c in copies] == [expected] * 3


def test_default_generator_functions():
    saved = random.get_rng_state()
    try:
        assert random.manual_seed("12") is random.default_generator
        assert random.initial_seed() == 12
        state = random.get_rng_state()
        first = uniform(random.default_generator)
        with random.fork_rng():
            uniform(random.default_generator)
        with random.fork_rng(enabled=False):
            second = uniform(random.default_generator)
        with pytest.raises(KeyError), random.fork_rng(devices=[]):
            random.manual_seed(0)
            raise KeyError
        third = uniform(random.default_generator)
        random.set_rng_state(state)
        assert uniform(random.default_generator, 6) == first + second + third
        assert random.seed() == random.initial_seed()
    finally:
        random.set_rng_state(saved)


def test_tensors_are_filled_in_the_order_of_their_memory():
    """Values of PyTorch 2.13."""
    torch.manual_seed(0)
    values = torch.zeros(3, 2).t().uniform_().tolist()
    assert np.float32(values).tolist() == np.float32([
        [0.4962565899, 0.0884774327, 0.3074228167], [0.7682217956, 0.1320304871, 0.6340786815],
    ]).tolist()  # fmt: skip
    torch.manual_seed(0)
    values = torch.zeros(3, 2).t().normal_()
    expected = [[1.5410, -2.1788, -1.0845], [-0.2934, 0.5684, -1.3986]]
    np.testing.assert_allclose(values.numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("fill", ["uniform_", "normal_", "exponential_", "random_", "bernoulli_"])
def test_a_transposed_tensor_gets_the_numbers_of_the_tensor(fill):
    filled = getattr(torch.zeros(3, 4), fill)
    turned = getattr(torch.zeros(3, 4).t(), fill)
    torch.manual_seed(3)
    straight = filled()
    torch.manual_seed(3)
    assert turned().t().tolist() == straight.tolist()


def test_normal_numbers_of_what_is_not_contiguous_come_in_pairs():
    """However many they are: blocks of 16 are for contiguous memory."""
    torch.manual_seed(1)
    one_by_one = [torch.zeros(1).normal_().item() for _ in range(40)]
    torch.manual_seed(1)
    assert torch.zeros(16, 5)[::2].normal_().flatten().tolist() == one_by_one
    torch.manual_seed(1)
    assert torch.zeros(8, 5).t().normal_().t().flatten().tolist() == one_by_one
    torch.manual_seed(1)
    together = torch.randn(40).tolist()
    torch.manual_seed(1)
    assert torch.randn_like(torch.zeros(16, 5)[::2]).flatten().tolist() == together


def test_images_that_lie_channels_last_unasked_are_filled_as_they_are_shown():
    image = torch.nn.functional.conv2d(torch.ones(2, 3, 6, 5), torch.ones(4, 3, 3, 3))
    torch.manual_seed(2)
    expected = torch.rand(image.shape)
    torch.manual_seed(2)
    assert torch.equal(torch.rand_like(image), expected)
    torch.manual_seed(2)
    assert torch.equal(image.clone().uniform_(), expected)
    torch.manual_seed(2)
    asked = torch.zeros(image.shape).to(memory_format=torch.channels_last)
    assert not torch.equal(asked.uniform_(), expected)


def test_dropout_of_a_transposed_tensor_drops_what_lies_at_the_same_places():
    torch.manual_seed(4)
    straight = torch.nn.functional.dropout(torch.ones(7, 5), 0.5)
    torch.manual_seed(4)
    turned = torch.nn.functional.dropout(torch.ones(7, 5).t(), 0.5)
    assert torch.equal(turned.t(), straight)


@pytest.mark.parametrize("fill", ["uniform_", "normal_", "exponential_", "random_", "bernoulli_"])
def test_fills_are_changes_in_place(fill):
    x = torch.zeros(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        getattr(x, fill)()
    y = x * 2
    version = y._version
    getattr(y[1:], fill)()
    assert y._version > version
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 0.0, 0.0]
    with torch.no_grad():
        part = x[1:]
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad"):
        getattr(part, fill)()
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        getattr(torch.zeros(3, 1).expand(3, 4), fill)()


def test_multinomial_draws_from_positive_weights_alone(table):
    weights = np.array([0, 3, 0, 1, 0, 2], np.float32)
    for samples, replacement in ((1, False), (3, False), (50, True)):
        state = Generator().manual_seed(1).state
        drawn = table.random_multinomial(state, weights, samples, replacement)
        assert set(drawn.tolist()) <= {1, 3, 5} and drawn.dtype == np.int64
    for wrong in ([-1.0, 1.0], [np.nan, 1.0], [np.inf, 1.0], [0.0, 0.0]):
        with pytest.raises(RuntimeError, match="probability|distribution"):
            table.random_multinomial(Generator().state, np.float32(wrong), 1, False)
