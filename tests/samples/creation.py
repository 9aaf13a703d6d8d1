"""Rows of rushlight/ops/creation.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Named, Op, Sample, Values


def _sizes(v: Values) -> Iterator[Sample]:
    yield Sample(2, 3)
    yield Sample((2, 3))
    yield Sample(4)
    yield Sample(())
    yield Sample(0, 3)
    yield Sample(2, 3, dtype=Named("int64"))
    yield Sample((2,), dtype=Named("float64"), device="cpu")
    yield Sample(size=(2, 3))
    yield Invalid(2, -3, raises=RuntimeError, match="negative")
    yield Invalid("a", raises=TypeError, own_words=True)


def _like(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3))
    yield Sample(v.normal())
    yield Sample(v.integers(0, 9, 4))
    yield Sample(v.normal(2, 3), dtype=Named("int32"))


def _constant(value: float) -> Callable[..., Array]:
    def reference(*size: Any, dtype: Any = None, device: Any = None, **named: Any) -> Array:
        size = named.get("size", size)
        shape = size[0] if len(size) == 1 and not isinstance(size[0], int) else size
        return np.full(shape, value)

    return reference


def _full(v: Values) -> Iterator[Sample]:
    yield Sample((2, 3), 1.5)
    yield Sample((2, 3), 7)
    yield Sample((2,), True)
    yield Sample((), 2.0, dtype=Named("float64"))
    yield Invalid((-1,), 2.0, raises=RuntimeError, match="negative dimension")
    yield Invalid((2,), 300, dtype=Named("uint8"), raises=RuntimeError,
                  match="value cannot be converted to type uint8.* without overflow")


def _full_like(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), 1.5)
    yield Sample(v.integers(0, 9, 3), 2)
    yield Sample(v.integers(0, 9, 3), 2.5, dtype=Named("float32"))
    yield Invalid(v.integers(0, 9, 3), 128, dtype=Named("int8"), raises=RuntimeError,
                  match="value cannot be converted to type int8.* without overflow")


def _arange(v: Values) -> Iterator[Sample]:
    yield Sample(5)
    yield Sample(2, 7)
    yield Sample(7, 2, -2)
    yield Sample(0.5, 3)
    yield Sample(0, 1, 0.1)
    yield Sample(0)
    yield Sample(1, 4, dtype=Named("float32"))
    yield Sample(end=4, start=1)
    yield Invalid(0, 5, 0, raises=RuntimeError, match="step must be nonzero")
    yield Invalid(0, 5, -1, raises=RuntimeError, match="upper bound and")


def _arange_reference(start: Any, end: Any = None, step: Any = 1, dtype: Any = None) -> Array:
    return np.arange(start) if end is None else np.arange(start, end, step)


def _linspace(v: Values) -> Iterator[Sample]:
    yield Sample(0, 1, 5)
    yield Sample(3.0, -2.0, 4, dtype=Named("float64"))
    yield Sample(2, 5, 1)
    yield Sample(-3e38, 3e38, 1)
    yield Sample(0, 1, steps=0)
    yield Invalid(0, 1, -1, raises=RuntimeError, match="number of steps must be non-negative")
    yield Invalid(0, 3, 1.0, raises=TypeError, match="must be int, not float", own_words=True)


def _eye(v: Values) -> Iterator[Sample]:
    yield Sample(3)
    yield Sample(2, 4)
    yield Sample(3, dtype=Named("int64"))
    yield Invalid(-1, raises=RuntimeError, match="n must be greater or equal to 0, got -1")
    yield Invalid(2, -3, raises=RuntimeError, match="m must be greater or equal to 0, got -3")


def _data(v: Values) -> Iterator[Sample]:
    for data in (1, 2.5, True, [1, 2], [[1.5, 2], [3, 4]], [], [[], []], (1, 2), [True, False],
                 [1, 2.5, True], range(3), 1 + 2j, 2**40, -1, float("inf")):  # fmt: skip
        yield Sample(data)
    yield Sample([1, 2], dtype=Named("float64"))
    yield Sample([1.7, -2.2], dtype=Named("int64"))
    yield Invalid([[1, 2], [3]], raises=ValueError, match="expected sequence of length 2 at dim 1")
    yield Invalid("text", raises=TypeError, match="new\\(\\): invalid data type 'str'")
    yield Invalid([None], raises=RuntimeError, match="Could not infer dtype of NoneType")
    for data in (300, [1, -300], 300.0):
        yield Invalid(data, dtype=Named("uint8"), raises=RuntimeError,
                      match="value cannot be converted to type uint8 without overflow")


def _data_and_tensors(v: Values) -> Iterator[Sample]:
    yield from _data(v)
    yield Sample(Fixed(v.normal(2, 3)))


def _new_full(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2), (2, 3), 1.5)
    yield Sample(v.integers(0, 9, 2), (2,), 3)
    yield Sample(v.normal(2), (), 1, dtype=Named("int32"))


def _new_sizes(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2), 2, 3)
    yield Sample(v.integers(0, 9, 2), (2, 3))
    yield Sample(v.normal(2), 3, dtype=Named("int32"))


def _new_data(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2), [1, 2])
    yield Sample(v.integers(0, 9, 2), 4)


def _shape_of(name: str) -> Callable[[Any], Callable[..., Any]]:
    """For functions whose values mean nothing: shape and dtype of their result, as ones."""

    def call(torch: Any) -> Callable[..., Any]:
        function = torch
        for part in name.split("."):
            function = getattr(function, part)
        return lambda *args, **kwargs: torch.ones_like(function(*args, **kwargs))

    return call


def _buffer(torch: Any) -> Callable[..., Any]:
    return lambda words, **kwargs: torch.frombuffer(
        bytearray(np.array(words, "float32").tobytes()), dtype=torch.float32, **kwargs
    )


def _buffers(v: Values) -> Iterator[Sample]:
    yield Sample([1.5, 2.5, 3.5])
    yield Sample([1.5, 2.5, 3.5], count=2)
    yield Sample([1.5, 2.5, 3.5], offset=4)


def _arrays(v: Values) -> Iterator[Sample]:
    yield Sample([1.5, 2.5], "float64")
    yield Sample([1, 2], "int32")
    yield Invalid([1, 2], "U5", raises=TypeError, match="can't convert np.ndarray of type")
    yield Invalid([1, 2], ">f4", raises=ValueError, match="byte order")


def _from_array(torch: Any) -> Callable[..., Any]:
    return lambda data, dtype: torch.from_numpy(np.array(data, dtype))


def _legacy(v: Values) -> Iterator[Sample]:
    yield Sample([1, 2])
    yield Sample([[1.5], [2]])


def _legacy_sizes(v: Values) -> Iterator[Sample]:
    yield Sample(2, 3)
    yield Sample(4)
    yield Sample()
    yield Invalid(2, -3, raises=RuntimeError, match="negative dimension -3")


def _of_a_size(torch: Any) -> Callable[..., Any]:
    return lambda *sizes: torch.ones_like(torch.Tensor(torch.Size(sizes)))


def _promoted(v: Values) -> Iterator[Sample]:
    yield Sample(v.integers(0, 9, 2), 1.5)
    yield Sample(v.integers(0, 9, 2), v.normal(2))
    yield Sample(v.normal(2), 3)


def _row(name: str, samples: Any, reference: Any = None, **options: Any) -> Op:
    return Op(name, samples, reference, differentiable=False, **options)


ops = [
    _row("zeros", _sizes, _constant(0)),
    _row("ones", _sizes, _constant(1)),
    _row("empty", _sizes, _constant(1), call=_shape_of("empty")),
    _row("full", _full, lambda size, value, dtype=None: np.full(size, value)),
    _row("arange", _arange, _arange_reference),
    _row("linspace", _linspace, lambda start, end, steps, dtype=None: np.linspace(
        start, end, steps)),
    _row("eye", _eye, lambda n, m=None, dtype=None: np.eye(n, m)),
    _row("zeros_like", _like, lambda x, dtype=None: np.zeros(x.shape)),
    _row("ones_like", _like, lambda x, dtype=None: np.ones(x.shape)),
    _row("empty_like", _like, lambda x, dtype=None: np.ones(x.shape), call=_shape_of("empty_like")),
    _row("full_like", _full_like, lambda x, value, dtype=None: np.full(x.shape, value)),
    _row("tensor", _data, lambda data, dtype=None: np.array(data, dtype)),
    _row("as_tensor", _data_and_tensors, lambda data, dtype=None: np.array(data, dtype)),
    _row("asarray", _data, lambda data, dtype=None: np.array(data, dtype)),
    _row("from_numpy", _arrays, np.array, call=_from_array, unrecorded="may change unseen"),
    _row("frombuffer", _buffers, lambda data, count=-1, offset=0: np.array(data)[
        offset // 4 :][: None if count == -1 else count], call=_buffer,
        unrecorded="may change unseen"),
    _row("result_type", _promoted),
    _row("Tensor.new_tensor", _new_data, lambda x, data: np.array(data)),
    _row("Tensor.new_full", _new_full, lambda x, size, value, dtype=None: np.full(size, value)),
    _row("Tensor.new_zeros", _new_sizes, lambda x, *size, **k: _constant(0)(*size, **k)),
    _row("Tensor.new_ones", _new_sizes, lambda x, *size, **k: _constant(1)(*size, **k)),
    _row("Tensor.new_empty", _new_sizes, lambda x, *size, **k: _constant(1)(*size, **k),
         call=_shape_of("Tensor.new_empty")),
    _row("Tensor", _legacy, np.array, covers=("Tensor.__new__",)),
    _row("Tensor by sizes", _legacy_sizes, lambda *sizes: np.ones(sizes or 0),
         call=_shape_of("Tensor")),
    _row("Tensor by a Size", lambda v: [Sample(2, 3), Sample(4)], lambda *sizes: np.ones(sizes),
         call=_of_a_size),
]  # fmt: skip
