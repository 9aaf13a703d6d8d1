"""Special functions to their last digits, in the tails too, against SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.errors import NotSupportedError
from rushlight.kernels.base import Base
from rushlight.kernels.native import native

special = pytest.importorskip("scipy.special")
inf, nan = math.inf, math.nan
EPSILON = 2.0**-52


def grid(low: float, high: float) -> Any:
    return np.random.default_rng(0).uniform(low, high, 400)


def powers(low: float, high: float) -> Any:
    return 10.0 ** np.random.default_rng(1).uniform(low, high, 400)


# Ours, SciPy's, where, and how many units in the last place both may be apart: SciPy's own error
# is a part of it. (Ours alone were held against mpmath: none above 9, but near a function's zeros.)
UNARY: dict[str, tuple[Callable[..., Any], Any, Any, float]] = {
    "lgamma": (torch.lgamma, special.gammaln, np.concatenate([grid(2.1, 50), powers(2, 300)]), 8),
    "lgamma near 0": (torch.lgamma, special.gammaln, powers(-300, -2), 8),
    "digamma": (torch.digamma, special.digamma, np.concatenate([grid(1.5, 50), powers(-9, 0)]), 16),
    "erfcx": (torch.special.erfcx, special.erfcx, grid(-3, 60), 32),
    "erfcx far": (torch.special.erfcx, special.erfcx, powers(1, 300), 8),
    "erfinv": (torch.erfinv, special.erfinv, grid(-1, 1), 16),
    "erfinv near 1": (torch.erfinv, special.erfinv, 1 - powers(-15, -2), 16),
    "ndtri": (torch.special.ndtri, special.ndtri, grid(0, 0.4), 32),
    "ndtri in the tail": (torch.special.ndtri, special.ndtri, powers(-300, -2), 16),
    "log_ndtr": (torch.special.log_ndtr, special.log_ndtr, grid(-100, 5), 64),
    "log_ndtr far": (torch.special.log_ndtr, special.log_ndtr, -powers(2, 100), 8),
    "i0": (torch.special.i0, special.i0, grid(-100, 100), 16),
    "i0e": (torch.special.i0e, special.i0e, powers(-5, 10), 16),
    "i1": (torch.special.i1, special.i1, grid(-100, 100), 16),
    "i1e": (torch.special.i1e, special.i1e, powers(-5, 10), 16),
    "k0": (torch.special.modified_bessel_k0, special.k0, powers(-10, 2.8), 16),
    "k1": (torch.special.modified_bessel_k1, special.k1, powers(-10, 2.8), 16),
    "k0e": (torch.special.scaled_modified_bessel_k0, special.k0e, powers(-5, 10), 16),
    "k1e": (torch.special.scaled_modified_bessel_k1, special.k1e, powers(-5, 10), 16),
    "airy": (torch.special.airy_ai, lambda x: special.airy(x)[0], grid(0, 10), 200),
    "logit": (torch.logit, special.logit, grid(0.001, 0.999), 32),
    "entr": (torch.special.entr, special.entr, powers(-9, 9), 16),
    "trigamma": (
        lambda x: torch.polygamma(1, x), lambda x: special.polygamma(1, x), powers(-5, 5), 32),
    "tetragamma": (
        lambda x: torch.polygamma(2, x), lambda x: special.polygamma(2, x), powers(-5, 5), 32),
}  # fmt: skip


@pytest.mark.parametrize("name", UNARY)
def test_last_digits(name: str) -> None:
    ours, theirs, x, most = UNARY[name]
    found, expected = ours(torch.from_numpy(x)).numpy(), theirs(x)
    np.testing.assert_allclose(found, expected, rtol=most * EPSILON, atol=0)
    found = ours(torch.from_numpy(x.astype(np.float32))).numpy()
    expected = theirs(x.astype(np.float32).astype(np.float64)).astype(np.float32)
    normal = (np.abs(expected) > 1e-37) & np.isfinite(expected)
    np.testing.assert_allclose(found[normal], expected[normal], rtol=5e-7)


@pytest.mark.parametrize(
    "ours, theirs",
    [
        (torch.special.bessel_j0, special.j0), (torch.special.bessel_j1, special.j1),
        (torch.special.bessel_y0, special.y0), (torch.special.bessel_y1, special.y1),
        (torch.special.airy_ai, lambda x: special.airy(x)[0]),
    ],
    ids=["j0", "j1", "y0", "y1", "airy"],
)  # fmt: skip
def test_oscillating(ours: Any, theirs: Any) -> None:
    x = grid(0.1, 40)
    for values in (x, -x) if ours is torch.special.airy_ai else (x,):
        np.testing.assert_allclose(
            ours(torch.from_numpy(values)).numpy(), theirs(values), rtol=1e-13, atol=2e-14)


@pytest.mark.parametrize("name", ["gammainc", "gammaincc"])
def test_incomplete_gamma(name: str) -> None:
    random = np.random.default_rng(2)
    a = 10.0 ** random.uniform(-3, 3, 400)
    x = np.maximum(a + random.uniform(-4, 4, 400) * np.sqrt(a), 0.01 * a)
    ours = getattr(torch.special, name)(torch.from_numpy(a), torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(ours, getattr(special, name)(a, x), rtol=1e-11)
    # P(1, x) = 1 - exp(-x)
    x = powers(-10, 2.5)
    ours = getattr(torch.special, name)(torch.ones(400).double(), torch.from_numpy(x)).numpy()
    exact = -np.expm1(-x) if name == "gammainc" else np.exp(-x)
    np.testing.assert_allclose(ours, exact, rtol=8 * EPSILON if native else 1e-13)


# a, x, and the lower function by numerical integration to 40 digits. SciPy's are wrong from the
# second digit on, far from the mean of a large a.
FAR = [
    (1e8, 1e8 - 6e4, 9.795213436473598e-10), (1e8, 1e8 - 1e4, 0.15865525352814383),
    (1e10, 1e10 - 7.5e5, 3.1864113618256646e-14), (1e10, 1e10, 0.5000013298076014),
    (1e10, 1e10 + 2e5, 0.9772493281448552),
]  # fmt: skip


@pytest.mark.skipif(native is None, reason="SciPy's")
@pytest.mark.parametrize("a, x, exact", FAR)
def test_incomplete_gamma_of_large_numbers(a: float, x: float, exact: float) -> None:
    operands = torch.tensor([a], dtype=torch.float64), torch.tensor([x], dtype=torch.float64)
    assert torch.igamma(*operands).item() == pytest.approx(exact, rel=4 * EPSILON)
    assert torch.igammac(*operands).item() == pytest.approx(1 - exact, rel=4 * EPSILON)


@pytest.mark.skipif(native is None, reason="SciPy's")
def test_where_a_factor_overflows_before_the_product() -> None:
    x = torch.tensor([711.0], dtype=torch.float64)
    exact = torch.special.i0e(x).log() + x
    assert torch.special.i0(x).log().item() == pytest.approx(exact.item(), rel=1e-15)


def test_zeta() -> None:
    s, q = grid(1.01, 30), powers(-3, 6)
    found = torch.special.zeta(torch.from_numpy(s), torch.from_numpy(q)).numpy()
    np.testing.assert_allclose(found, special.zeta(s, q), rtol=32 * EPSILON)
    z = torch.special.zeta(torch.tensor([2.0, 4.0], dtype=torch.float64), 1)
    assert z.tolist() == pytest.approx([math.pi**2 / 6, math.pi**4 / 90], rel=1e-15)


@pytest.mark.skipif(native is None, reason="SciPy's sum has 1e9 terms")
def test_a_large_negative_argument_takes_no_longer() -> None:
    """psi_1(1 - x) + psi_1(x) = (pi / sin(pi x)) ** 2; a sum up to 0 would have 1e9 terms."""
    x = torch.tensor([-1e9 - 0.25], dtype=torch.float64)
    expected = 2 * math.pi**2 - torch.polygamma(1, 1 - x)
    assert torch.polygamma(1, x).item() == pytest.approx(expected.item(), rel=1e-14)
    n = torch.tensor([1e15], dtype=torch.float64)
    at = torch.special.chebyshev_polynomial_t(torch.tensor([1.0, -1.0], dtype=torch.float64), n)
    assert at.tolist() == [1.0, 1.0]


EDGES: dict[str, tuple[Callable[..., Any], list[float], list[float]]] = {
    "lgamma": (torch.lgamma, [-inf, inf, -1, 0], [inf, inf, inf, inf]),
    "digamma": (torch.digamma, [-inf, inf, -1, 0, -0.0], [nan, inf, nan, -inf, inf]),
    "erfinv": (torch.erfinv, [1, -1, 1.5, -inf], [inf, -inf, nan, nan]),
    "ndtri": (torch.special.ndtri, [0, 1, -0.5, 2], [-inf, inf, nan, nan]),
    "log_ndtr": (torch.special.log_ndtr, [-inf, inf], [-inf, 0]),
    "erfcx": (torch.special.erfcx, [-inf, inf, -30], [inf, 0, inf]),
    "entr": (torch.special.entr, [0, -1, inf], [0, -inf, -inf]),
    "logit": (torch.logit, [0, 1, -1, 2], [-inf, inf, nan, nan]),
    "k0": (torch.special.modified_bessel_k0, [0, -1, inf], [inf, nan, 0]),
    "y1": (torch.special.bessel_y1, [0, -1], [-inf, nan]),
    "j0": (torch.special.spherical_bessel_j0, [0, inf, -inf], [1, 0, 0]),
    "i1e": (torch.special.i1e, [0, inf], [0, 0]),
}


@pytest.mark.parametrize("name", EDGES)
def test_edges(name: str) -> None:
    """nan gives nan; at a pole and outside of a domain it is as in PyTorch."""
    function, x, expected = EDGES[name]
    for dtype in (torch.float32, torch.float64):
        found = function(torch.tensor([*x, nan], dtype=dtype)).tolist()
        np.testing.assert_array_equal(found, [*expected, nan])


def test_what_nan_to_num_puts_depends_on_the_dtype() -> None:
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        x = torch.tensor([nan, inf, -inf], dtype=dtype)
        info = torch.finfo(dtype)
        assert torch.nan_to_num(x).tolist() == [0.0, info.max, info.min]
        one = torch.ones(1, dtype=dtype)
        assert (torch.nextafter(one, 2 * one) - one).item() == info.eps


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_between_two_zeros_nextafter_gives_the_second(dtype: Any) -> None:
    zeros = torch.tensor([0.0, -0.0], dtype=dtype)
    for shape in ((2,), (2, 1)):  # of one element in a row as of many
        first, second = zeros.reshape(shape), zeros.flip(0).reshape(shape)
        found = torch.nextafter(first, second)
        assert found.dtype is dtype and found.signbit().equal(second.signbit())
        assert first.clone().nextafter_(second).signbit().equal(second.signbit())


def test_parts_of_complex_numbers_stay_apart() -> None:
    x = torch.tensor([complex(1, -0.0), complex(-0.0, inf), complex(nan, -inf)])
    found = torch.view_as_real(torch.nan_to_num(x, posinf=inf, neginf=-inf))
    assert found.tolist() == [[1, 0], [0, inf], [0, -inf]]
    assert found.signbit().tolist() == [[False, True], [True, False], [False, True]]
    signs = torch.view_as_real(torch.sgn(torch.tensor([complex(-0.0, -0.0), complex(0.0, -0.0)])))
    assert signs.tolist() == [[0, 0]] * 2 and not signs.signbit().any()


def test_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(self: Any) -> Any:
        raise ModuleNotFoundError("scipy")

    monkeypatch.setattr(Base, "special_functions", missing)
    with pytest.raises(NotSupportedError, match="gammaln needs .* SciPy, which is not installed"):
        Base().lgamma(np.ones(2))


def test_polygamma_says_what_it_takes() -> None:
    x = torch.tensor([1.0, 2.0])
    assert x.polygamma(1).tolist() == torch.polygamma(1, x).tolist()
    with pytest.raises(TypeError, match="argument 'n' .* must be int, not float"):
        torch.polygamma(1.5, x)
    with pytest.raises(RuntimeError, match="does not support negative n"):
        x.polygamma(-1)


def test_derivatives_that_nobody_has() -> None:
    a = torch.tensor([1.0], requires_grad=True)
    for result in (
        torch.igamma(a, a.detach()), torch.igammac(a, a.detach()),
        torch.special.zeta(a + 1, a.detach()), torch.heaviside(a, a.detach()),
    ):  # fmt: skip
        with pytest.raises(NotImplementedError, match="the derivative for .* is not implemented"):
            result.backward()


def test_functions_that_write() -> None:
    """torch.exp_(x), for all that PyTorch has there."""
    x = torch.tensor([0.25, 0.5])
    assert torch.exp_(x) is x and x.tolist() == pytest.approx([1.2840254, 1.6487213])
    assert torch.clamp_(x, max=1.5).tolist() == pytest.approx([1.2840254, 1.5])
    assert torch.zero_(x) is x and x.tolist() == [0.0, 0.0]
    assert torch.fill_(x, 2.0).tolist() == torch.fill(x, 2.0).tolist() == [2.0, 2.0]
    assert torch.xlogy_(x, torch.ones(2)).tolist() == [0.0, 0.0]
    for call in (lambda: torch.exp_([1.0]), lambda: torch.clamp_([1.0], 0),
                 lambda: torch.gcd_([1], x)):  # fmt: skip
        with pytest.raises(TypeError, match=r"argument 'input' \(position 1\) must be Tensor"):
            call()


@pytest.mark.parametrize("number", [1, 1.5, True])
def test_a_mask_is_not_subtracted_from_a_number(number: Any) -> None:
    mask = torch.tensor([True, False])
    with pytest.raises(RuntimeError, match="Subtraction, the `-` operator, with .* bool tensor"):
        _ = number - mask
