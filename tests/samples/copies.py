"""Rows of rushlight/ops/copies.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .core import Array, Fixed, Invalid, Named, Op, Sample, Values
from .elementwise import SHAPES


def _orders(v: Values) -> Iterator[Sample]:
    for shape in SHAPES:
        yield Sample(v.normal(*shape))
    yield Sample(v.normal(2, 3, 4, 5), memory_format=Named("channels_last"))
    yield Sample(v.normal(2, 3, 4, 5), memory_format=Named("contiguous_format"))


def _clone_orders(v: Values) -> Iterator[Sample]:
    yield from _orders(v)
    yield Sample(v.normal(2, 3, 4, 5), memory_format=Named("preserve_format"))


def _is_contiguous(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3))
    yield Sample(v.normal(2, 3, 4, 5), memory_format=Named("channels_last"))
    yield Sample(v.normal(2, 1, 4, 5), memory_format=Named("channels_last"))


def _to(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), Named("float32"))
    yield Sample(v.normal(2, 3), Named("float64"))
    yield Sample(10 * v.normal(2, 3), Named("int64"))
    yield Sample(v.integers(0, 2, 3), Named("bool"))
    yield Sample(v.integers(0, 9, 3), dtype=Named("float32"))
    yield Sample(v.normal(2, 3), "cpu")
    yield Sample(v.normal(2, 3), "cpu", Named("float32"))
    yield Sample(v.normal(2, 3), v.integers(0, 9, 2))
    yield Sample(v.normal(2, 3), Named("float32"), copy=True)
    yield Sample(v.normal(2, 3, 4, 5), memory_format=Named("channels_last"))
    yield Invalid(v.normal(3), speed=3, raises=TypeError, match="received an invalid combin")


def _type_as(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), v.integers(0, 9, 2))
    yield Sample(v.integers(0, 9, 3), Fixed(v.normal(2)))


def _types(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3))
    yield Sample(v.normal(2, 3), Named("float32"))


def _cast(name: str, kind: str) -> Op:
    def samples(v: Values) -> Iterator[Sample]:
        numbers = 10 * v.positive(2, 3)
        yield Sample(Fixed(numbers) if kind.startswith("complex") else numbers)
        yield Sample(v.integers(0, 9, 3))
        yield Sample(v.mask(3))

    return Op(f"Tensor.{name}", samples, lambda x: x.astype(kind))


def _one(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3))


def _identity(x: Array, memory_format: Any = None) -> Array:
    return x


ops = [
    Op("clone", _clone_orders, _identity),
    Op("Tensor.contiguous", _orders, _identity),
    Op("Tensor.is_contiguous", _is_contiguous, differentiable=False, layouts=False),
    Op("Tensor.to", _to, composite=True),
    Op("Tensor.type", _types),
    Op("Tensor.type_as", _type_as, lambda x, y: x.astype(y.dtype)),
    Op("Tensor.cpu", _one, _identity),
    Op("Tensor.cuda", _one, _identity,
       call=lambda torch: lambda x: x.cuda() if torch.cuda.is_available() else x),
    Op("Tensor.pin_memory", _one, _identity,
       call=lambda torch: lambda x: x.pin_memory() if torch.__name__ == "rushlight" else x),
    _cast("float", "float32"),
    _cast("double", "float64"),
    _cast("half", "float16"),
    _cast("bfloat16", "bfloat16"),
    _cast("cfloat", "complex64"),
    _cast("cdouble", "complex128"),
    _cast("long", "int64"),
    _cast("int", "int32"),
    _cast("short", "int16"),
    _cast("char", "int8"),
    _cast("byte", "uint8"),
    _cast("bool", "bool"),
]  # fmt: skip
