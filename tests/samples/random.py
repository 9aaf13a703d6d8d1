"""Rows of rushlight/ops/random.py and dropout.py. The streams themselves: test_random.py, parity.

Each call starts from the same seed, so that it is a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Fixed, Invalid, Named, Op, Sample, Values, resolve


def seeded(name: str) -> Callable[[Any], Callable[..., Any]]:
    def call(torch: Any) -> Callable[..., Any]:
        function = resolve(torch, name)

        def from_seed(*args: Any, **kwargs: Any) -> Any:
            torch.manual_seed(7)
            return function(*args, **kwargs)

        return from_seed

    return call


def refilled(name: str) -> Callable[[Any], Callable[..., Any]]:
    def call(torch: Any) -> Callable[..., Any]:
        def from_seed(x: Any, *args: Any, **kwargs: Any) -> Any:
            torch.manual_seed(7)
            return getattr(x.clone(), name)(*args, **kwargs)

        return from_seed

    return call


def _sizes(v: Values) -> Iterator[Sample]:
    for size in ((3,), (2, 3), (), (20,), (300,)):
        yield Sample(size)
    yield Sample(2, 3)
    yield Sample(40, dtype=Named("float64"))
    yield Invalid(3, dtype=Named("int64"), raises=NotImplementedError, match="not implemented for")


def _randint(v: Values) -> Iterator[Sample]:
    yield Sample(10, (4,))
    yield Sample(-3, 9, (2, 30))
    yield Sample(0, 2, size=(5,), dtype=Named("int32"))
    yield Sample(0, 2**40, (20,))
    yield Invalid(5, 5, (2,), raises=RuntimeError, match="random_ expects 'from' to be less than")


def _randperm(v: Values) -> Iterator[Sample]:
    for n in (0, 1, 10, 100):
        yield Sample(n)
    yield Sample(5, dtype=Named("int32"))


def _like(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3))
    yield Sample(v.normal(30))
    yield Sample(v.integers(0, 9, 3), dtype=Named("float32"))
    yield Sample(v.complex(2, 3))
    yield Sample(v.normal(3), dtype=Named("complex64"))


def _randint_like(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), 9)
    yield Sample(v.integers(0, 9, 20), 3, 9)


def _normal(v: Values) -> Iterator[Sample]:
    yield Sample(1.5, 2.0, (30,))
    yield Sample(v.normal(20), v.positive(20))
    yield Sample(v.normal(20), 2.0)
    yield Sample(1.5, v.positive(20))
    yield Sample(-2.0, 0.5, (5,), dtype=Named("complex64"))
    yield Invalid(0.0, -1.0, (3,), raises=RuntimeError, match="normal expects std >= 0.0")


def _bernoulli(v: Values) -> Iterator[Sample]:
    yield Sample(v.between(0, 1, 40))
    yield Sample(v.between(0, 1, 40), 0.3)
    yield Sample(v.between(0, 1, 2, 3))
    yield Invalid(np.array([1.5]), raises=RuntimeError, match="Expected p_in >= 0 && p_in <= 1",
                  reads_values=True)


def _multinomial(v: Values) -> Iterator[Sample]:
    yield Sample(v.positive(6), 3)
    yield Sample(v.positive(6), 20, True)
    yield Sample(v.positive(4, 6), 2)
    yield Sample(v.positive(6), 1)
    yield Invalid(v.positive(6), 7, raises=RuntimeError, match="without replacement")
    yield Invalid(v.positive(6), 0, raises=RuntimeError, match="cannot sample n_sample <= 0 sampl")
    yield Invalid(np.array([-1.0, 1.0]), 1, raises=RuntimeError, match="element < 0",
                  reads_values=True)
    yield Invalid(np.zeros(3), 1, raises=RuntimeError, match="invalid multinomial distribution",
                  reads_values=True)


def _uniform(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(30))
    yield Sample(v.normal(2, 3), -1.0, 2.0)
    yield Invalid(v.normal(3), 2.0, 1.0, raises=RuntimeError, match="expects to return a")


def _normal_(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(30))
    yield Sample(v.normal(2, 3), 1.0, 0.5)
    yield Invalid(v.normal(3), 0.0, -1.0, raises=RuntimeError, match="normal expects std >= 0.0")


def _exponential(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(30))
    yield Sample(v.normal(5), 2.0)
    yield Invalid(v.integers(0, 9, 3), raises=RuntimeError,
                  match="a continuous probability distribution.*floating")


def _cauchy(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(30))
    yield Sample(v.normal(2, 3), 1.0, 0.5)
    yield Invalid(v.normal(3), 0.0, 0.0, raises=RuntimeError, match="cauchy_ expects sigma > 0.0")
    yield Invalid(v.integers(0, 9, 3), raises=RuntimeError,
                  match="a continuous probability distribution.*floating")


def _log_normal(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(30))
    yield Sample(v.normal(2, 3), 0.0, 0.5)
    yield Invalid(v.normal(3), 0.0, 0.0, raises=RuntimeError, match="log_normal_ expects std > 0.0")
    yield Invalid(v.integers(0, 9, 3), raises=NotImplementedError, match="not implemented for")


def _geometric(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(30), 0.3)
    yield Sample(v.integers(0, 9, 2, 3), 0.3)
    yield Invalid(v.normal(3), 1.0, raises=RuntimeError, match="geometric_ expects p to be in")
    yield Invalid(v.mask(3), 0.5, raises=NotImplementedError, match="not implemented for")


def _random_(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(30))
    yield Sample(v.normal(30), 10)
    yield Sample(v.integers(0, 9, 30), -5, 5)
    yield Sample(v.integers(0, 9, 30))
    yield Sample(v.mask(30))
    yield Invalid(v.normal(3), 5, 5, raises=RuntimeError, match="random_ expects 'from' to be less")


def _bernoulli_(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(30))
    yield Sample(v.normal(30), 0.2)
    yield Sample(v.integers(0, 9, 30), 0.7)
    yield Sample(v.normal(30), Fixed(v.between(0, 1, 30)))
    yield Sample(v.normal(2, 3), Fixed(v.between(0, 1, 3)))
    yield Invalid(v.normal(3), Fixed(v.between(0, 1, 4)), raises=RuntimeError,
                  match="The expanded size of the tensor")
    yield Invalid(v.normal(2), 1.5, raises=RuntimeError, match="bernoulli_ expects p to be in")
    yield Invalid(v.normal(2), np.array([0.5, 1.5]), raises=RuntimeError,
                  match="Expected p_in >= 0 && p_in <= 1", reads_values=True)


def _dropout(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3, 4, 5))
    yield Sample(v.normal(40), 0.2)
    yield Sample(v.normal(40), p=0.2, training=False)
    yield Sample(v.normal(40), 0.0)
    yield Sample(v.normal(40), 1.0)
    yield Sample(v.normal(0))
    yield Invalid(v.normal(3), 1.5, raises=ValueError, match="dropout probability has to be betw")
    yield Invalid(v.normal(3), -0.1, raises=ValueError, match="dropout probability has to be betw")


def _channels(shape: tuple[int, ...]) -> Callable[[Values], Iterator[Sample]]:
    """Samples of a dropout of whole channels, for inputs of this shape."""

    def samples(v: Values) -> Iterator[Sample]:
        yield Sample(v.normal(*shape), 0.3, True)
        yield Sample(v.normal(*shape), 0.0, True)
        yield Sample(v.normal(*shape), 1.0, True)
        yield Sample(v.normal(*shape), 0.3, False)
        yield Invalid(v.normal(*shape), 1.5, raises=ValueError, match="probability has to be betw")

    return samples


def _dropout_of(name: str, *shape: int) -> Op:
    name = f"nn.functional.{name}"
    return Op(name, _channels(shape), call=seeded(name), composite=True, random=True)


def _function(name: str, samples: Any) -> Op:
    return Op(name, samples, call=seeded(name), differentiable=False, random=True)


def _method(name: str, samples: Any) -> Op:
    return Op(f"Tensor.{name}", samples, call=refilled(name), differentiable=False, random=True)


ops = [
    _function("rand", _sizes),
    _function("randn", _sizes),
    _function("randint", _randint),
    _function("randperm", _randperm),
    _function("rand_like", _like),
    _function("randn_like", _like),
    _function("randint_like", _randint_like),
    _function("normal", _normal),
    _function("bernoulli", _bernoulli),
    _function("multinomial", _multinomial),
    _method("uniform_", _uniform),
    _method("normal_", _normal_),
    _method("exponential_", _exponential),
    _method("cauchy_", _cauchy),
    _method("log_normal_", _log_normal),
    _method("geometric_", _geometric),
    _method("random_", _random_),
    _method("bernoulli_", _bernoulli_),
    Op("nn.functional.dropout", _dropout, call=seeded("nn.functional.dropout"), composite=True,
       random=True),
    _dropout_of("dropout1d", 3, 4, 5),
    _dropout_of("dropout2d", 2, 3, 4, 5),
    _dropout_of("dropout3d", 2, 3, 2, 2, 3),
    _dropout_of("alpha_dropout", 20),
    _dropout_of("feature_alpha_dropout", 2, 5, 3),
]
