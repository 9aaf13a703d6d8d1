"""Rows of rushlight/ops/memory.py and rushlight/ops/metadata.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Fixed, Invalid, Named, Op, Sample, Values, resolve


def _laid(name: str) -> Callable[[Any], Callable[..., Any]]:
    """How a tensor of no values lies in memory."""

    def library(torch: Any) -> Callable[..., Any]:
        def function(*args: Any, **kwargs: Any) -> Any:
            made = resolve(torch, name)(*args, **kwargs)
            return [list(made.shape), list(made.stride()), str(made.dtype)]

        return function

    return library


def _strided(v: Values) -> Iterator[Sample]:
    yield Sample((2, 3), (1, 2))
    yield Sample((2, 3), (4, 1), dtype=Named("int16"))
    yield Sample((3,), (0,))
    yield Sample((), ())
    yield Sample((0, 2), (2, 1))
    yield Invalid((2, 3), (1,), raises=RuntimeError, match="must match dimensionality of strides")
    yield Invalid((2, -3), (3, 1), raises=RuntimeError, match="negative dimension -3")


def _permuted(v: Values) -> Iterator[Sample]:
    yield Sample((2, 3, 4), (0, 2, 1))
    yield Sample((2, 3, 4), (2, 1, 0), dtype=Named("float64"))
    yield Invalid((2, 3), (0,), raises=RuntimeError, match="Number of dimensions in size does not")
    yield Invalid((2, 3), (0, 0), raises=RuntimeError, match="Duplicate dim not allowed")
    yield Invalid((2, 3), (0, 2), raises=RuntimeError, match="Dimension out of range")


def _like(make: Any) -> Callable[[Values], Iterator[Sample]]:
    def samples(v: Values) -> Iterator[Sample]:
        for sample in make(v):
            args = (v.normal(2), *sample.args)
            if isinstance(sample, Invalid):
                yield Invalid(*args, raises=sample.raises, match=sample.match, **sample.kwargs)
            else:
                yield Sample(*args, **sample.kwargs)

    return samples


def _resize(v: Values) -> Iterator[Sample]:
    yield Sample(Fixed(v.normal(2, 3)), 6)
    yield Sample(Fixed(v.normal(2, 3)), (2, 2))
    yield Sample(Fixed(v.normal(2, 3)), 3, 2)
    yield Sample(Fixed(v.normal(4)), (0,))
    yield Invalid(Fixed(v.normal(4)), (-1,), raises=RuntimeError, own_words=True)


def _changed(name: str) -> Callable[[Any], Callable[..., Any]]:
    return lambda torch: lambda x, *args: getattr(x.clone(), name)(*args)


def _two(v: Values) -> Iterator[Sample]:
    yield Sample(Fixed(v.normal(2, 3)), Fixed(v.normal(3)))
    yield Sample(Fixed(v.normal(2, 3)), Fixed(v.normal(3, 2)))
    yield Sample(Fixed(v.normal(2, 3)), Fixed(v.normal(2, 3)))


def _any(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3))
    yield Sample(v.integers(0, 9, 2))
    yield Sample(v.mask(2))
    yield Sample(v.integers(0, 9, 2).astype("uint8"))


def _with_complex(v: Values) -> Iterator[Sample]:
    yield from _any(v)
    yield Sample(v.complex(2))


def _one(v: Values) -> Iterator[Sample]:
    yield Sample(Fixed(np.array(2.0)))
    yield Sample(Fixed(np.array([0])))
    yield Invalid(Fixed(np.zeros(2)), raises=RuntimeError, match="more than one value is ambiguous")
    yield Invalid(Fixed(np.zeros(0)), raises=RuntimeError, match="no values is ambiguous")


def _rest(v: Values) -> Iterator[Sample]:
    yield Sample(Fixed(v.normal(2, 3)))


def _data(v: Values) -> Iterator[Sample]:
    yield Sample(Fixed(v.normal(2)), [1.0, 2.0])
    yield Sample(Fixed(v.normal(2)))


def _set(torch: Any) -> Callable[..., Any]:
    return lambda x, *args: x.clone().set_(*args)


def _set_samples(v: Values) -> Iterator[Sample]:
    yield Sample(Fixed(v.normal(2)), Fixed(v.normal(2, 3)))
    yield Sample(Fixed(v.normal(2)), Fixed(v.normal(6)), 1, (2, 2), (2, 1))
    yield Sample(Fixed(v.normal(2)))


def _bytes_of(name: str) -> Callable[[Any], Callable[..., Any]]:
    return lambda torch: lambda x: getattr(x, name)().nbytes()


def _property(name: str) -> Callable[[Any], Callable[..., Any]]:
    return lambda torch: lambda x: getattr(x, name)


def _row(name: str, samples: Any, reference: Any = None, **options: Any) -> Op:
    return Op(name, samples, reference, differentiable=False, layouts=False, **options)


PLACES = ("cpu", "meta", "mps", "mtia", "xla", "xpu", "ipu", "maia", "vulkan", "sparse_csr",
          "nested", "mkldnn")  # fmt: skip

ops = [
    _row("empty_strided", _strided, call=_laid("empty_strided")),
    _row("empty_permuted", _permuted, call=_laid("empty_permuted")),
    _row("Tensor.new_empty_strided", _like(_strided), call=_laid("Tensor.new_empty_strided")),
    _row("Tensor.resize_", _resize, lambda x, *size: np.resize(x, size[0] if isinstance(
        size[0], tuple) else size), call=_changed("resize_"), unrecorded="another size in place"),
    _row("resize_as_", _two, lambda x, y: np.resize(x, y.shape), call=_changed("resize_as_"),
         unrecorded="another size in place"),
    _row("Tensor.set_", _set_samples, call=_set, unrecorded="another storage"),
    _row("Tensor.is_set_to", _two),
    _row("Tensor.untyped_storage", _rest, lambda x: x.nbytes, call=_bytes_of("untyped_storage"),
         unrecorded="hands out a storage"),
    _row("Tensor.storage", _rest, lambda x: x.nbytes, call=_bytes_of("storage"),
         unrecorded="hands out a storage"),
    _row("Tensor.dim_order", lambda v: [Sample(Fixed(v.normal(2, 3).T)), Sample(Fixed(v.normal()))],
         lambda x: tuple(np.argsort([-s for s in x.strides]).tolist())),
    _row("is_floating_point", _with_complex, lambda x: x.dtype.kind == "f"),
    _row("is_complex", _with_complex, lambda x: x.dtype.kind == "c"),
    _row("is_signed", _any, lambda x: x.dtype.kind in "if"),
    _row("get_device", _rest),
    _row("is_nonzero", _one, lambda x: x.item() != 0, unrecorded="reads a value"),
    _row("is_same_size", _two, lambda x, y: x.shape == y.shape),
    *[_row(name, _rest, lambda x: False)
      for name in ("is_conj", "is_neg", "is_distributed", "is_inference", "Tensor.is_pinned")],
    _row("Tensor.is_shared", _rest),
    _row("detach", _rest, np.array),
    _row("detach_", _rest, np.array),
    _row("Tensor.to_dense", _rest, np.array),
    _row("Tensor.new", _data, lambda x, data=(): np.array(data)),
    *[_row(f"Tensor.is_{place}", _rest, call=_property(f"is_{place}")) for place in PLACES],
]  # fmt: skip
