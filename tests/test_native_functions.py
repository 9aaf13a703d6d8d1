"""The native elementwise kernels against exact values, NumPy's and SciPy's, in all their forms."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import rushlight as torch
from native_support import base, kernels, layouts, native, random, recorded_base, ulps
from rushlight.kernels.base import Base
from rushlight.kernels.declaration import kernels_of

special = pytest.importorskip("scipy.special")

# From float64 numbers to exact values, and how many ulps a float32 result may be off.
UNARY = {
    "abs": (np.abs, 0.5),
    "reciprocal": (np.reciprocal, 0.5),
    "rsqrt": (lambda x: 1 / np.sqrt(x), 1.5),
    "floor": (np.floor, 0.5),
    "ceil": (np.ceil, 0.5),
    "trunc": (np.trunc, 0.5),
    "round": (np.rint, 0.5),
    "square": (np.square, 0.5),
    "cube": (lambda x: x**3, 1.5),
    "exp": (np.exp, 1),
    "exp2": (np.exp2, 1.5),
    "expm1": (np.expm1, 2),
    "log": (np.log, 1),
    "log2": (np.log2, 1),
    "log10": (np.log10, 1),
    "log1p": (np.log1p, 1),
    "sin": (np.sin, 2),
    "cos": (np.cos, 2),
    "tan": (np.tan, 1),
    "asin": (np.arcsin, 2),
    "acos": (np.arccos, 2),
    "atan": (np.arctan, 2),
    "sinh": (np.sinh, 1),
    "cosh": (np.cosh, 1),
    "tanh": (np.tanh, 2),
    "asinh": (np.arcsinh, 1),
    "acosh": (np.arccosh, 1),
    "atanh": (np.arctanh, 1),
    "erf": (special.erf, 2),
    "erfc": (special.erfc, 1),
    "logsigmoid": (lambda x: np.where(np.isnan(x), x, -np.logaddexp(0, -x)), 3),
    "silu": (lambda x: x * special.expit(x), 3),
    "gelu": (lambda x: x * special.ndtr(x), 8),
    "mish": (lambda x: x * np.tanh(np.logaddexp(0, x)), 5),
    "isnan": (np.isnan, 0),
    "isinf": (np.isinf, 0),
    "isfinite": (np.isfinite, 0),
}
BINARY = {
    "maximum": (np.maximum, 0.5),
    "minimum": (np.minimum, 0.5),
    "fmax": (np.fmax, 0.5),
    "fmin": (np.fmin, 0.5),
    "pow": (np.power, 1),
    "atan2": (np.arctan2, 2),
    "hypot": (np.hypot, 1),
    "copysign": (np.copysign, 0.5),
    "fmod": (np.fmod, 0.5),
    "eq": (np.equal, 0),
    "ne": (np.not_equal, 0),
    "lt": (np.less, 0),
    "le": (np.less_equal, 0),
    "gt": (np.greater, 0),
    "ge": (np.greater_equal, 0),
}
PARAMETERS = {
    "clamp": (-0.5, 0.75),
    "clamp_backward": (-0.5, 0.75),
    "leaky_relu": (0.1,),
    "leaky_relu_backward": (0.1,),
    "elu": (1.5,),
    "elu_backward": (1.5,),
    "celu": (1.5,),
    "celu_backward": (1.5,),
    "softshrink": (0.5,),
    "hardshrink": (0.5,),
    "shrink_backward": (0.5,),
    "hardtanh_backward": (-0.5, 0.75),
    "huber": (0.75,),
    "polygamma": (2,),
    "softplus": (2, 1.5),
    "softplus_backward": (2, 1.5),
    "threshold": (0.25, -3),
    "threshold_backward": (0.25,),
    "addcmul": (0.5,),
    "addcdiv": (0.5,),
    "nan_to_num": (-3.0,),
}
# Every elementwise kernel of the extension, and how many operands it takes.
OPERANDS = {
    name: len(inspect.signature(function).parameters) - 1 - len(PARAMETERS.get(name, ()))
    for name, function in vars(native).items()
    if name in kernels_of(Base) and kernels_of(Base)[name].kind == "elementwise"
    if name != "complex"  # which is none of the list, and leaves most orders to the base
}
LOGIC = ("logical_and", "logical_or", "logical_xor", "logical_not",
         "bitwise_and", "bitwise_or", "bitwise_xor")  # fmt: skip


def operands_of(name, *shape, dtype=np.float32):
    """Arrays that the kernel is defined for; the first of `where` and all of logic are bool."""
    result = [random(*shape, dtype=dtype, seed=seed) for seed in range(OPERANDS[name])]
    if name in LOGIC:
        return [x > 0 for x in result]
    if name == "where":
        result[0] = result[0] > 0
    if name in ("acosh", "log", "sqrt", "rsqrt", "log2", "log10", "log1p", "pow"):
        result[0] = np.abs(result[0]) + dtype(1.1)
    if name in ("asin", "acos", "atanh"):
        result[0] = np.clip(result[0] / 4, -0.99, 0.99)
    if name == "polygamma":  # away from its poles, where float32 loses digits
        result[0] = np.abs(result[0]) + dtype(0.5)
    return result


def sweep():
    """Values over the whole range of float32, dense where functions change."""
    steps = np.arange(0, 1 << 32, 20_011, dtype=np.uint64).astype(np.uint32)
    return np.concatenate(
        [
            steps.view(np.float32),
            np.linspace(-110, 110, 200_001, dtype=np.float32),
            np.linspace(-4, 4, 100_001, dtype=np.float32),
            np.float32([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 88.72284, -103.97208]),
        ]
    )


def check(name, actual, exact, most):
    if actual.dtype == bool:
        np.testing.assert_array_equal(actual, exact)
    else:
        assert ulps(actual, exact) <= most + 0.01, name


@pytest.mark.parametrize("name", UNARY)
def test_unary_accuracy(name, instruction_set):
    x = sweep()
    if name in ("silu", "mish"):
        x = x[~(x < -87)]  # beyond, the factor of x has no normal float
    exact, most = UNARY[name]
    with np.errstate(all="ignore"), recorded_base() as called:
        check(name, getattr(kernels(), name)(x), exact(x.astype(np.float64)), most)
    assert called == []


@pytest.mark.parametrize("name", BINARY)
def test_binary_accuracy(name, instruction_set):
    rng = np.random.default_rng(0)
    edges = np.float32([0.0, -0.0, 1, -1, 2, -3, 0.5, np.inf, -np.inf, np.nan, 1e-40, 3e38, 1e6])
    a, b = (grid.ravel() for grid in np.meshgrid(edges, edges))
    a = np.concatenate([a, rng.standard_normal(50_000) * 10.0 ** rng.integers(-3, 4, 50_000)])
    b = np.concatenate([b, rng.standard_normal(50_000) * 10.0 ** rng.integers(-3, 4, 50_000)])
    a, b = a.astype(np.float32), b.astype(np.float32)
    exact, most = BINARY[name]
    with np.errstate(all="ignore"), recorded_base() as called:
        check(name, getattr(kernels(), name)(a, b),
              exact(a.astype(np.float64), b.astype(np.float64)), most)  # fmt: skip
    assert called == []


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", OPERANDS)
def test_all_sizes_are_as_the_base(name, dtype, instruction_set):
    tolerance = 4e-6 if dtype == np.float32 else 1e-13
    for size in (0, 1, 7, 8, 16, 17, 63, 64, 65, 300, 1000):
        arguments = [*operands_of(name, size, dtype=dtype), *PARAMETERS.get(name, ())]
        expected = getattr(base, name)(*arguments)
        with recorded_base() as called:
            actual = getattr(kernels(), name)(*arguments)
        assert called == []
        assert actual.dtype == expected.dtype and actual.shape == expected.shape
        np.testing.assert_allclose(actual, expected, tolerance, tolerance)


@pytest.mark.parametrize("name", OPERANDS)
def test_layouts_and_results_in_place(name, instruction_set):
    plain = [layouts(x) for x in operands_of(name, 4, 5, 6, 8)]
    parameters = PARAMETERS.get(name, ())
    for layout in plain[0]:
        arrays = [x[layout] for x in plain]
        expected = getattr(base, name)(*arrays, *parameters)
        with recorded_base() as called:
            actual = getattr(kernels(), name)(*arrays, *parameters)
            np.testing.assert_allclose(actual, expected, 4e-6, 1e-6, err_msg=layout)
            if (name, layout) != ("nan_to_num", "broadcast"):  # NumPy's `where` has its own order
                assert actual.strides == expected.strides, layout
            # Into an array in another order, and over an operand.
            out = np.empty(expected.shape[::-1], expected.dtype).T
            assert getattr(kernels(), name)(*arrays, *parameters, out) is out
            np.testing.assert_array_equal(out, actual)
            if layout != "broadcast" and arrays[-1].dtype == actual.dtype:
                last = arrays[-1].copy(order="K")
                getattr(kernels(), name)(*arrays[:-1], last, *parameters, last)
                np.testing.assert_array_equal(last, actual)
        assert called == []


@pytest.mark.parametrize("name", [n for n, count in OPERANDS.items() if count > 1])
def test_operands_broadcast(name, instruction_set):
    arrays = operands_of(name, 4, 5, 6, 8)
    small = [x[:1, :, :1, :1] for x in arrays]
    rows = [x[0, 0, 0] for x in arrays]
    parameters = PARAMETERS.get(name, ())
    for mixed in ([small[0], *arrays[1:]], [arrays[0], *small[1:]], [arrays[0], *rows[1:]],
                  [*rows[:-1], small[-1]]):  # fmt: skip
        expected = getattr(base, name)(*mixed, *parameters)
        with recorded_base() as called:
            actual = getattr(kernels(), name)(*mixed, *parameters)
        assert called == []
        np.testing.assert_allclose(actual, expected, 4e-6, 1e-6)


INTEGERS = [np.int64, np.int32, np.int16, np.int8, np.uint8]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_whole_numbers_wrap_around(dtype, instruction_set):
    limits = np.iinfo(dtype)
    x = np.array([limits.min, limits.min + 1, 0, 1, 7, limits.max - 1, limits.max] * 11, dtype)
    y = np.roll(x, 3)
    with np.errstate(all="ignore"), recorded_base() as called:
        for name in ("add", "sub", "mul", "maximum", "minimum", "eq", "ne", "lt", "le", "gt",
                     "ge", "bitwise_and", "bitwise_or", "bitwise_xor"):  # fmt: skip
            expected = getattr(base, name)(x, y)
            actual = getattr(kernels(), name)(x, y)
            assert actual.dtype == expected.dtype
            np.testing.assert_array_equal(actual, expected, err_msg=name)
            np.testing.assert_array_equal(getattr(kernels(), name)(x, 5), getattr(base, name)(x, 5))
        called.clear()
        for name in ("neg", "abs", "sign", "square", "relu"):
            actual, expected = getattr(kernels(), name)(x), getattr(base, name)(x)
            np.testing.assert_array_equal(actual, expected, err_msg=name)
        np.testing.assert_array_equal(kernels().clamp(x, 1, None), np.clip(x, 1, None))
        np.testing.assert_array_equal(kernels().where(x > y, x, 3), np.where(x > y, x, dtype(3)))
    assert called == []


def test_bounds_may_be_missing_and_nan_wins():
    x = np.float32([-np.inf, -2, 0, 2, np.inf, np.nan])
    k = kernels()
    np.testing.assert_array_equal(k.clamp(x, None, 1), np.float32([-np.inf, -2, 0, 1, 1, np.nan]))
    np.testing.assert_array_equal(k.clamp(x, -1, None), np.float32([-1, -1, 0, 2, np.inf, np.nan]))
    assert np.isnan(k.clamp(x, np.nan, 1)).all()
    np.testing.assert_array_equal(k.clamp(x, 2, 1)[:5], np.float32([1] * 5))
    grad = np.ones(6, np.float32)
    np.testing.assert_array_equal(k.clamp_backward(grad, x, None, 0), [1, 1, 1, 0, 0, 0])


def test_remainders_have_the_divisors_sign():
    inf, nan = np.inf, np.nan
    a = np.float32([5, -5, 5, -5, inf, 1, -1, 1, 0, 0, 1, nan, 6, -6, 3e38, -1e30])
    b = np.float32([3, 3, -3, -3, 2, inf, inf, -inf, inf, 0, 0, 1, 3, 3, 1.5, 7])
    rest = np.float32([2, 1, -1, -2, nan, 1, inf, -inf, 0, nan, nan, nan, 0, 0])
    floor = np.float32([1, -2, -2, 1, nan, 0, -1, -1, 0, nan, inf, nan, 2, -2])
    for dtype in (np.float32, np.float64):
        x, y = a.astype(dtype), b.astype(dtype)
        np.testing.assert_array_equal(kernels().remainder(x, y)[:14], rest)
        np.testing.assert_array_equal(kernels().floor_divide(x, y)[:14], floor)
        large = kernels().remainder(x, y)[14:]
        np.testing.assert_array_equal(large, np.remainder(x[14:], y[14:]))


@pytest.mark.parametrize("exponent", [2, 3, 0.5, -0.5, -1, 4, 1.7, -2, 0, 2.0])
def test_powers_with_a_number(exponent):
    for dtype in (np.float32, np.float64):
        x = np.abs(random(1000, dtype=dtype)) + dtype(0.01)
        out = np.empty_like(x)
        expected = np.power(x.astype(np.float64), exponent)
        rtol = 3e-7 if dtype == np.float32 else 1e-15
        np.testing.assert_allclose(kernels().pow(x, exponent), expected, rtol)
        assert kernels().pow(x, exponent, out) is out
        np.testing.assert_allclose(out, expected, rtol)


def test_signs_of_zeros_are_kept():
    zero = np.float32([-0.0])
    for name in ("sin", "tan", "asin", "atan", "sinh", "asinh", "atanh", "expm1", "log1p", "erf",
                 "floor", "ceil", "trunc", "round", "relu", "gelu", "silu"):  # fmt: skip
        result = getattr(kernels(), name)(zero)
        assert result == 0 and np.signbit(result[0]), name


def test_whole_numbers_need_no_scipy(monkeypatch):
    def missing(self):
        raise ModuleNotFoundError("scipy")

    monkeypatch.setattr(Base, "special_functions", missing)
    assert torch.erf(torch.tensor([0, 1])).tolist() == torch.erf(torch.tensor([0.0, 1.0])).tolist()
    assert torch.erfc(torch.tensor(True)).item() == torch.erfc(torch.tensor(1.0)).item()
