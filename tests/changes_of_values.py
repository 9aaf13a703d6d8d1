"""Changes of variables, attributes and containers."""

from __future__ import annotations

import builtins
import copy
import dataclasses
import enum
import functools
import operator
import typing
from collections import (
    namedtuple,
)
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import rushlight as torch
from changes import Box, way

SCALE = 2.0
BOX = SimpleNamespace(inner=SimpleNamespace(scale=2.0))


# ---- variables


@way
def a_global() -> Iterator[Any]:
    global SCALE
    SCALE = 2.0
    yield lambda x: x * SCALE
    SCALE = 3.0
    yield


@way
def a_closure() -> Iterator[Any]:
    scale = 2.0
    yield lambda x: x * scale
    scale = 3.0
    yield


@way
def a_closure_of_what_is_called() -> Iterator[Any]:
    scale = 2.0

    def inner(x: Any) -> Any:
        return x * scale

    yield lambda x: inner(x)
    scale = 3.0
    yield


@way
def a_default() -> Iterator[Any]:
    def f(x: Any, scale: float = 2.0) -> Any:
        return x * scale

    yield f
    f.__defaults__ = (3.0,)
    yield


@way
def a_default_by_keyword() -> Iterator[Any]:
    def f(x: Any, *, scale: float = 2.0) -> Any:
        return x * scale

    yield f
    f.__kwdefaults__["scale"] = 3.0
    yield


@way
def a_default_that_can_change() -> Iterator[Any]:
    def f(x: Any, scale: list[float] = [2.0]) -> Any:  # noqa: B006
        return x * scale[0]

    yield f
    f.__defaults__[0][0] = 3.0
    yield


@way
def the_code() -> Iterator[Any]:
    def f(x: Any) -> Any:
        return x * 2.0

    def g(x: Any) -> Any:
        return x * 3.0

    yield f
    f.__code__ = g.__code__
    yield


@way
def a_builtin_that_is_hidden() -> Iterator[Any]:
    yield lambda x: x * max(2.0, 1.0)
    globals()["max"] = min
    try:
        yield
    finally:
        del globals()["max"]


@way
def a_builtin_that_is_replaced() -> Iterator[Any]:
    yield lambda x: x * abs(-2.0)
    original = builtins.abs
    builtins.abs = lambda value: 3.0
    try:
        yield
    finally:
        builtins.abs = original


@way
def the_sign_of_zero() -> Iterator[Any]:
    box = [0.0]
    yield lambda x: 1.0 / (x * box[0])
    box[0] = -0.0
    yield


@way
def the_type_of_a_number() -> Iterator[Any]:
    box = Box(2)
    yield lambda x: (x.to(torch.int64) * box.scale).to(torch.float64)
    box.scale = 2.5
    yield


# ---- attributes


@way
def an_attribute() -> Iterator[Any]:
    box = Box()
    yield lambda x: x * box.scale
    box.scale = 3.0
    yield


@way
def an_attribute_of_an_attribute() -> Iterator[Any]:
    yield lambda x: x * BOX.inner.scale
    BOX.inner.scale += 1.0
    yield
    BOX.inner = SimpleNamespace(scale=9.0)
    yield


@way
def an_attribute_in_a_list_in_a_dictionary() -> Iterator[Any]:
    boxes = {"a": [Box()]}
    yield lambda x: x * boxes["a"][0].scale
    boxes["a"][0].scale = 3.0
    yield
    boxes["a"][0] = Box(4.0)
    yield


@way
def an_attribute_by_getattr() -> Iterator[Any]:
    box = Box()
    name = "sca"
    yield lambda x: x * getattr(box, name + "le")
    box.scale = 3.0
    yield


@way
def an_attribute_that_comes_later() -> Iterator[Any]:
    box = Box()
    yield lambda x: x * getattr(box, "other", 2.0)
    box.other = 3.0
    yield


@way
def an_attribute_by_attrgetter() -> Iterator[Any]:
    box = Box(Box())
    yield lambda x: x * operator.attrgetter("scale.scale")(box)
    box.scale.scale = 3.0
    yield


@way
def an_attribute_by_vars() -> Iterator[Any]:
    box = Box()
    yield lambda x: x * vars(box)["sc" + "ale"]
    box.scale = 3.0
    yield


@way
def the_dictionary_of_an_object() -> Iterator[Any]:
    box = Box()
    yield lambda x: x * box.scale
    box.__dict__ = {"scale": 3.0}
    yield


@way
def the_class_of_an_object() -> Iterator[Any]:
    class Other(Box):
        def get(self) -> float:
            return 3.0

    class Two(Box):
        def get(self) -> float:
            return 2.0

    box = Two()
    yield lambda x: x * box.get()
    box.__class__ = Other
    yield


@way
def a_class_attribute() -> Iterator[Any]:
    class Config:
        scale = 2.0

    yield lambda x: x * Config.scale
    Config.scale = 3.0
    yield


@way
def a_class_attribute_of_a_base() -> Iterator[Any]:
    class Base:
        scale = 2.0

    class Config(Base): ...

    config = Config()
    yield lambda x: x * config.scale
    Base.scale = 3.0
    yield
    config.scale = 4.0
    yield


@way
def a_metaclass_attribute() -> Iterator[Any]:
    class Meta(type):
        scale = 2.0

    class Config(metaclass=Meta): ...

    yield lambda x: x * Config.scale
    Meta.scale = 3.0
    yield


@way
def a_slot() -> Iterator[Any]:
    class Slotted:
        __slots__ = ("scale",)

    box = Slotted()
    box.scale = 2.0
    yield lambda x: x * box.scale
    box.scale = 3.0
    yield


@way
def a_property() -> Iterator[Any]:
    class Config:
        hidden = 2.0

        @property
        def scale(self) -> float:
            return self.hidden

    config = Config()
    yield lambda x: x * config.scale
    config.hidden = 3.0
    yield


@way
def a_cached_property() -> Iterator[Any]:
    class Config:
        hidden = 2.0

        @functools.cached_property
        def scale(self) -> float:
            return self.hidden

    config = Config()
    yield lambda x: x * config.scale
    config.hidden = 3.0
    yield
    del config.scale
    yield


@way
def a_descriptor() -> Iterator[Any]:
    class Descriptor:
        value = 2.0

        def __get__(self, instance: Any, owner: Any) -> float:
            return self.value

    descriptor = Descriptor()

    class Config:
        scale = descriptor

    config = Config()
    yield lambda x: x * config.scale
    descriptor.value = 3.0
    yield


@way
def an_attribute_by_dunder_getattr() -> Iterator[Any]:
    class Config:
        def __init__(self) -> None:
            self.values = {"scale": 2.0}

        def __getattr__(self, name: str) -> Any:
            return self.values[name]

    config = Config()
    yield lambda x: x * config.scale
    config.values["scale"] = 3.0
    yield


@way
def an_attribute_of_a_function() -> Iterator[Any]:
    def f(x: Any) -> Any:
        return x * f.scale

    f.scale = 2.0
    yield f
    f.scale = 3.0
    yield


@way
def a_dataclass() -> Iterator[Any]:
    @dataclasses.dataclass
    class Config:
        scale: float = 2.0

    config = Config()
    yield lambda x: x * config.scale
    config.scale = 3.0
    yield


@way
def a_dataclass_as_dictionary() -> Iterator[Any]:
    @dataclasses.dataclass
    class Config:
        first: float = 2.0

    config = Config()
    yield lambda x: x * sum(dataclasses.asdict(config).values())
    config.first = 3.0
    yield


@way
def a_copy() -> Iterator[Any]:
    box = Box([2.0])
    yield lambda x: x * list(vars(copy.deepcopy(box)).values())[0][0]
    box.scale[0] = 3.0
    yield


@way
def a_named_tuple_in_a_list() -> Iterator[Any]:
    Pair = namedtuple("Pair", ["scale", "other"])
    pairs = [Pair(2.0, 0.0)]
    yield lambda x: x * pairs[0].scale
    pairs[0] = Pair(3.0, 0.0)
    yield


@way
def a_typed_tuple() -> Iterator[Any]:
    class Pair(typing.NamedTuple):
        scale: float

    pair = Pair(2.0)
    yield lambda x: x * pair.scale
    pair = Pair(3.0)
    yield


@way
def an_enumeration() -> Iterator[Any]:
    class Mode(enum.Enum):
        LOW = 2.0
        HIGH = 3.0

    box = Box(Mode.LOW)
    yield lambda x: x * box.scale.value
    box.scale = Mode.HIGH
    yield
    Mode.HIGH._value_ = 4.0
    yield


@way
def a_flag_of_whole_numbers() -> Iterator[Any]:
    class Mode(enum.IntEnum):
        LOW = 2
        HIGH = 3

    box = Box(Mode.LOW)
    yield lambda x: x * box.scale
    box.scale = Mode.HIGH
    yield
