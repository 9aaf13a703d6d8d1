"""The ways in which a value can change between the calls of a compiled function.

Each gives eager's value after the change: from a new record, or because there is none.
"""

from __future__ import annotations

import array
import itertools
import math
import random
import time
import warnings
from collections import (
    UserDict,
    deque,
)
from typing import Any

import numpy as np
import pytest

import changes_of_code  # noqa: F401
import changes_of_containers  # noqa: F401
import changes_of_the_framework  # noqa: F401
import changes_of_values  # noqa: F401
import rushlight as torch
from changes import Box, Way, ways


@pytest.mark.parametrize("steps", ways)
def test_a_change_between_calls_is_seen(steps: Way) -> None:
    run = steps()
    function = next(run)
    compiled = torch.compile(function)
    x = torch.tensor([1.0, 2.0, 3.0, 4.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for _ in range(4):
            assert torch.equal(compiled(x), function(x))
        for _ in run:
            expected = function(x)
            for _ in range(4):
                assert compiled(x).tolist() == expected.tolist()


def _given(make: Any) -> Any:
    ways_of_arguments.append(pytest.param(make, id=make.__name__))
    return make


ways_of_arguments: list[Any] = []


@_given
def attributes_of_a_list_that_is_passed() -> Any:
    class Values(list[float]): ...

    values = Values([1.0])
    values.scale = 2.0
    return (lambda x, v: x * v.scale), values, lambda: setattr(values, "scale", 3.0)


@_given
def attributes_of_a_dictionary_that_is_passed() -> Any:
    class Values(dict[str, float]): ...

    values = Values(a=1.0)
    values.scale = 2.0
    return (lambda x, v: x * v.scale), values, lambda: setattr(values, "scale", 3.0)


@_given
def attributes_of_a_string_that_is_passed() -> Any:
    class Text(str): ...

    text = Text("a")
    text.scale = 2.0
    return (lambda x, v: x * v.scale), text, lambda: setattr(text, "scale", 3.0)


@_given
def attributes_of_a_tensor_that_is_passed() -> Any:
    w = torch.ones(4)
    w.scale = 2.0
    return (lambda x, w: x * w * w.scale), w, lambda: setattr(w, "scale", 3.0)


@_given
def attributes_of_a_tensor_that_come_later() -> Any:
    w = torch.ones(4)
    f = lambda x, w: x * w * getattr(w, "scale", 2.0)  # noqa: E731
    return f, w, lambda: setattr(w, "scale", 3.0)


@_given
def attributes_of_a_subclass_of_tensor() -> Any:
    class Scaled(torch.Tensor): ...

    w = torch.ones(4).as_subclass(Scaled) if hasattr(torch.Tensor, "as_subclass") else None
    if w is None:
        w = Scaled([1.0, 1.0, 1.0, 1.0])
    w.scale = 2.0
    return (lambda x, w: x * w.scale), w, lambda: setattr(w, "scale", 3.0)


@_given
def an_object_that_is_passed() -> Any:
    box = Box()
    return (lambda x, box: x * box.scale), box, lambda: setattr(box, "scale", 3.0)


@_given
def an_object_in_a_list_that_is_passed() -> Any:
    box = Box()
    return (lambda x, v: x * v[0].scale), [box], lambda: setattr(box, "scale", 3.0)


@_given
def a_list_that_is_passed() -> Any:
    values = [2.0]
    return (lambda x, v: x * v[0]), values, lambda: values.__setitem__(0, 3.0)


@_given
def a_zero_that_is_passed() -> Any:
    values = [0.0]
    return (lambda x, v: 1.0 / (x * v[0])), values, lambda: values.__setitem__(0, -0.0)


@_given
def a_dictionary_of_the_users_that_is_passed() -> Any:
    values = UserDict(scale=2.0)
    return (lambda x, v: x * v["scale"]), values, lambda: values.update(scale=3.0)


@_given
def an_array_that_is_passed() -> Any:
    values = array.array("d", [2.0])
    return (lambda x, v: x * v[0]), values, lambda: values.__setitem__(0, 3.0)


@_given
def a_bytearray_that_is_passed() -> Any:
    values = bytearray([2])
    return (lambda x, v: x * v[0]), values, lambda: values.__setitem__(0, 3)


@_given
def a_set_that_is_passed() -> Any:
    values = {2.0}
    return (lambda x, v: x * sum(v)), values, lambda: values.add(3.0)


@_given
def a_function_that_is_passed() -> Any:
    box = Box()
    return (lambda x, f: f(x)), (lambda x: x * box.scale), lambda: setattr(box, "scale", 3.0)


@pytest.mark.parametrize("make", ways_of_arguments)
def test_a_change_of_an_argument_is_seen(make: Any) -> None:
    function, argument, change = make()
    compiled = torch.compile(function)
    x = torch.tensor([1.0, 2.0, 3.0, 4.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for _ in range(4):
            assert compiled(x, argument).tolist() == function(x, argument).tolist()
        change()
        for _ in range(4):
            assert compiled(x, argument).tolist() == function(x, argument).tolist()


# ---- what gives another value with each call, and so has no record


def _counted() -> Any:
    class Counting:
        n = 0

        def next(self) -> int:
            Counting.n += 1
            return self.n

    counting = Counting()
    return lambda x: x * counting.next()


def _drawn_by_numpy() -> Any:
    return lambda x: x * float(np.random.rand())


def _drawn_by_a_generator_of_numpy() -> Any:
    generator = np.random.default_rng(0)
    return lambda x: x * float(generator.random())


def _drawn_by_a_generator_of_python() -> Any:
    generator = random.Random(0)
    return lambda x: x * generator.random()


def _of_an_iterator() -> Any:
    values = iter(range(1, 100))
    return lambda x: x * next(values)


def _of_a_count() -> Any:
    values = itertools.count(1)
    return lambda x: x * next(values)


def _of_a_generator() -> Any:
    values = (n * n for n in range(1, 100))
    return lambda x: x * next(values)


def _of_a_queue() -> Any:
    values = deque(range(1, 100))
    return lambda x: x * values.popleft()


CHANGING = [_counted, _drawn_by_numpy, _drawn_by_a_generator_of_numpy,
            _drawn_by_a_generator_of_python, _of_an_iterator, _of_a_count, _of_a_generator,
            _of_a_queue]  # fmt: skip


@pytest.mark.parametrize("make", CHANGING, ids=lambda make: make.__name__.strip("_"))
def test_values_that_change_with_each_call(make: Any) -> None:
    def outcome(wrap: Any) -> list[float]:
        random.seed(0)
        np.random.seed(0)
        function = wrap(make())
        return [function(torch.tensor(1.0)).item() for _ in range(6)]

    expected = outcome(lambda function: function)
    with pytest.warns(UserWarning, match="runs without a record") as caught:
        assert outcome(torch.compile) == expected
    assert len(caught) == 1
    assert len(set(expected)) == 6


def test_clocks_are_told_of() -> None:
    f = torch.compile(lambda x: x * math.floor(time.perf_counter()))
    with pytest.warns(UserWarning, match="'perf_counter', a function of time"):
        f(torch.tensor(1.0))
    assert f.runs_eagerly
