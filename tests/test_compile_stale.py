"""The ways in which a value can change between the calls of a compiled function.

Each gives eager's value after the change: from a new record, or because there is none. A way is a
generator function: it yields the function, then changes something each time it is resumed.
"""

from __future__ import annotations

import array
import builtins
import contextvars
import copy
import dataclasses
import enum
import functools
import itertools
import math
import operator
import os
import random
import sys
import tempfile
import time
import types
import typing
import warnings
import weakref
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, defaultdict, deque
from collections import namedtuple
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import rushlight as torch
import rushlight.nn.functional as F
from rushlight import nn, optim

Way = Callable[[], Iterator[Any]]
ways: list[Any] = []
SCALE = 2.0
BOX = SimpleNamespace(inner=SimpleNamespace(scale=2.0))


def way(function: Way) -> Way:
    ways.append(pytest.param(function, id=function.__name__))
    return function


def new_module(**values: Any) -> types.ModuleType:
    """A file of the user's that can be imported."""
    module = types.ModuleType(f"settings_{len(sys.modules)}_{id(values)}")
    vars(module).update(values)
    sys.modules[module.__name__] = module
    return module


class Box:
    def __init__(self, scale: Any = 2.0) -> None:
        self.scale = scale


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


# ---- containers


@way
def a_list() -> Iterator[Any]:
    values = [2.0]
    yield lambda x: x * values[0]
    values[0] = 3.0
    yield
    values.insert(0, 4.0)
    yield


@way
def a_nested_list() -> Iterator[Any]:
    values = [[[2.0]]]
    yield lambda x: x * values[0][0][0]
    values[0][0][0] = 3.0
    yield


@way
def a_long_list() -> Iterator[Any]:
    values = [2.0] * 5000
    yield lambda x: x * values[4000]
    values[4000] = 3.0
    yield


@way
def a_dictionary() -> Iterator[Any]:
    values = {"scale": 2.0}
    yield lambda x: x * values["scale"]
    values["scale"] = 3.0
    yield
    values.update(scale=4.0)
    yield


@way
def a_long_dictionary() -> Iterator[Any]:
    values = {number: 2.0 for number in range(5000)}
    yield lambda x: x * values[17]
    values[17] = 3.0
    yield


@way
def a_key_of_a_dictionary() -> Iterator[Any]:
    values = {2.0: None}
    yield lambda x: x * sum(values)
    del values[2.0]
    values[3.0] = None
    yield


@way
def the_order_of_a_dictionary() -> Iterator[Any]:
    values = {"a": 2.0, "b": 3.0}
    yield lambda x: x * next(iter(values.values()))
    values["a"] = values.pop("a")
    yield


@way
def the_order_of_an_ordered_dictionary() -> Iterator[Any]:
    values = OrderedDict(a=2.0, b=3.0)
    yield lambda x: x * next(iter(values.values()))
    values.move_to_end("a")
    yield


@way
def a_set() -> Iterator[Any]:
    values = {2.0}
    yield lambda x: x * sum(values)
    values.add(5.0)
    yield


@way
def a_deque() -> Iterator[Any]:
    values = deque([2.0, 3.0])
    yield lambda x: x * values[0]
    values.rotate()
    yield


@way
def a_default_dictionary() -> Iterator[Any]:
    values = defaultdict(lambda: scale)
    scale = 2.0
    yield lambda x: x * values["a"]
    values["a"] = 3.0
    yield
    scale = 4.0
    del values["a"]
    yield


@way
def a_counter_of_things() -> Iterator[Any]:
    values = Counter("aa")
    yield lambda x: x * values["a"]
    values["a"] += 1
    yield


@way
def a_dictionary_of_the_users() -> Iterator[Any]:
    values = UserDict(scale=2.0)
    yield lambda x: x * values["scale"]
    values["scale"] = 3.0
    yield


@way
def a_list_of_the_users() -> Iterator[Any]:
    values = UserList([2.0])
    yield lambda x: x * values[0]
    values[0] = 3.0
    yield


@way
def a_chain_of_dictionaries() -> Iterator[Any]:
    first: dict[str, float] = {}
    values = ChainMap(first, {"scale": 2.0})
    yield lambda x: x * values["scale"]
    first["scale"] = 3.0
    yield


@way
def a_read_only_dictionary() -> Iterator[Any]:
    values = {"scale": 2.0}
    shown = types.MappingProxyType(values)
    yield lambda x: x * shown["scale"]
    values["scale"] = 3.0
    yield


@way
def an_attribute_of_a_list() -> Iterator[Any]:
    class Values(list[float]):
        scale = 2.0

    values = Values([1.0])
    yield lambda x: x * values.scale
    values.scale = 3.0
    yield


@way
def a_list_that_says_itself_what_it_holds() -> Iterator[Any]:
    class Values(list[float]):
        def __getitem__(self, index: Any) -> Any:
            return self.scale

        def __iter__(self) -> Any:
            return iter([])

    values = Values()
    values.scale = 2.0
    yield lambda x: x * values[0]
    values.scale = 3.0
    yield


@way
def an_attribute_of_a_string() -> Iterator[Any]:
    class Text(str): ...

    text = Text("a")
    text.scale = 2.0
    yield lambda x: x * text.scale
    text.scale = 3.0
    yield


@way
def an_array() -> Iterator[Any]:
    values = array.array("d", [2.0])
    yield lambda x: x * values[0]
    values[0] = 3.0
    yield


@way
def a_bytearray() -> Iterator[Any]:
    values = bytearray([2])
    yield lambda x: x * values[0]
    values[0] = 3
    yield


@way
def a_memoryview() -> Iterator[Any]:
    data = bytearray([2])
    values = memoryview(data)
    yield lambda x: x * values[0]
    data[0] = 3
    yield


@way
def an_array_of_numpy() -> Iterator[Any]:
    values = np.array([2.0])
    yield lambda x: x * float(values[0])
    values[0] = 3.0
    yield


# ---- files, functions, classes


@way
def an_attribute_of_a_file() -> Iterator[Any]:
    settings = new_module(scale=2.0)
    yield lambda x: x * settings.scale
    settings.scale = 3.0
    yield


@way
def a_file_that_is_imported_inside() -> Iterator[Any]:
    settings = new_module(scale=2.0)
    exec_globals: dict[str, Any] = {}
    exec(f"def f(x):\n    import {settings.__name__} as m\n    return x * m.scale", exec_globals)
    yield exec_globals["f"]
    settings.scale = 3.0
    yield


@way
def a_name_that_is_imported_inside() -> Iterator[Any]:
    settings = new_module(scale=2.0)
    exec_globals: dict[str, Any] = {}
    exec(f"def f(x):\n    from {settings.__name__} import scale\n    return x * scale", exec_globals)
    yield exec_globals["f"]
    settings.scale = 3.0
    yield


@way
def a_file_found_by_name() -> Iterator[Any]:
    settings = new_module(scale=2.0)
    name = settings.__name__
    yield lambda x: x * sys.modules[name].scale
    settings.scale = 3.0
    yield


@way
def the_getattr_of_a_file() -> Iterator[Any]:
    hidden = [2.0]
    settings = new_module(__getattr__=lambda name: hidden[0])
    yield lambda x: x * settings.scale
    hidden[0] = 3.0
    yield


@way
def globals_by_name() -> Iterator[Any]:
    global SCALE
    SCALE = 2.0
    yield lambda x: x * globals()["SCA" + "LE"]
    SCALE = 3.0
    yield


@way
def text_that_is_run() -> Iterator[Any]:
    global SCALE
    SCALE = 2.0
    yield lambda x: x * eval("SCALE")
    SCALE = 3.0
    yield


@way
def a_function_that_is_replaced() -> Iterator[Any]:
    settings = new_module(function=lambda x: x * 2.0)
    yield lambda x: settings.function(x)
    settings.function = lambda x: x * 3.0
    yield


@way
def a_function_of_the_framework() -> Iterator[Any]:
    yield lambda x: F.relu(x)
    original = F.relu
    F.relu = lambda x: x * 3.0
    try:
        yield
    finally:
        F.relu = original


@way
def a_method_that_is_replaced() -> Iterator[Any]:
    class Model:
        def run(self, x: Any) -> Any:
            return x * 2.0

    model = Model()
    yield lambda x: model.run(x)
    Model.run = lambda self, x: x * 3.0
    yield
    model.run = lambda x: x * 4.0
    yield


@way
def a_bound_method() -> Iterator[Any]:
    class Model:
        scale = 2.0

        def run(self, x: Any) -> Any:
            return x * self.scale

    model = Model()
    yield model.run
    model.scale = 3.0
    yield


@way
def an_object_that_is_called() -> Iterator[Any]:
    class Model:
        def __init__(self) -> None:
            self.scale = 2.0

        def __call__(self, x: Any) -> Any:
            return x * self.scale

    model = Model()
    yield model
    model.scale = 3.0
    yield


@way
def an_operator_of_a_class() -> Iterator[Any]:
    class Table:
        def __init__(self) -> None:
            self.hidden = 2.0

        def __getitem__(self, key: Any) -> float:
            return self.hidden

    table = Table()
    yield lambda x: x * table[0]
    table.hidden = 3.0
    yield


@way
def a_method_of_a_class() -> Iterator[Any]:
    class Config:
        scale = 2.0

        @classmethod
        def get(cls) -> float:
            return cls.scale

        @staticmethod
        def of(config: Any) -> Any:
            return config.get()

    yield lambda x: x * Config.of(Config)
    Config.scale = 3.0
    yield


@way
def what_init_reads() -> Iterator[Any]:
    settings = Box()

    class Model:
        def __init__(self) -> None:
            self.factor = settings.scale

    yield lambda x: x * Model().factor
    settings.scale = 3.0
    yield


@way
def what_new_reads() -> Iterator[Any]:
    settings = Box()

    class Model:
        def __new__(cls) -> Any:
            return settings.scale

    yield lambda x: x * Model()
    settings.scale = 3.0
    yield


@way
def what_call_reads() -> Iterator[Any]:
    settings = Box()

    class Model:
        def __call__(self, x: Any) -> Any:
            return x * settings.scale

    yield lambda x: Model()(x)
    settings.scale = 3.0
    yield


@way
def what_a_post_init_reads() -> Iterator[Any]:
    settings = Box()

    @dataclasses.dataclass
    class Model:
        factor: float = 0.0

        def __post_init__(self) -> None:
            self.factor = settings.scale

    yield lambda x: x * Model().factor
    settings.scale = 3.0
    yield


@way
def what_a_module_made_inside_reads() -> Iterator[Any]:
    settings = Box()

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = settings.scale

        def forward(self, x: Any) -> Any:
            return x * self.factor

    yield lambda x: Model()(x)
    settings.scale = 3.0
    yield


@way
def what_a_context_reads() -> Iterator[Any]:
    settings = Box()

    class Context:
        def __enter__(self) -> float:
            return settings.scale

        def __exit__(self, *exception: Any) -> None: ...

    def f(x: Any) -> Any:
        with Context() as scale:
            return x * scale

    yield f
    settings.scale = 3.0
    yield


@way
def what_a_function_of_autograd_reads_forward() -> Iterator[Any]:
    settings = Box()

    class Scale(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * settings.scale

    yield lambda x: Scale.apply(x)
    settings.scale = 3.0
    yield


@way
def what_a_function_of_autograd_reads_backward() -> Iterator[Any]:
    settings = Box()

    class Scale(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * settings.scale

    def f(x: Any) -> Any:
        leaf = x.detach().requires_grad_()
        return torch.autograd.grad(Scale.apply(leaf).sum(), leaf)[0]

    yield f
    settings.scale = 3.0
    yield


@way
def a_partial() -> Iterator[Any]:
    values = [2.0]
    yield functools.partial(lambda values, x: x * values[0], values)
    values[0] = 3.0
    yield


@way
def a_partial_that_is_called() -> Iterator[Any]:
    box = Box(functools.partial(torch.mul, other=2.0))
    yield lambda x: box.scale(x)
    box.scale = functools.partial(torch.mul, other=3.0)
    yield


@way
def a_function_with_a_cache() -> Iterator[Any]:
    settings = Box()

    @functools.lru_cache
    def scale() -> float:
        return settings.scale

    yield lambda x: x * scale()
    settings.scale = 3.0
    yield
    scale.cache_clear()
    yield


@way
def a_wrapped_function() -> Iterator[Any]:
    settings = Box()

    def wrap(function: Any) -> Any:
        @functools.wraps(function)
        def wrapped(x: Any) -> Any:
            return function(x) * settings.scale

        return wrapped

    yield wrap(lambda x: x + 1)
    settings.scale = 3.0
    yield


@way
def a_function_without_gradients() -> Iterator[Any]:
    settings = Box()

    @torch.no_grad()
    def f(x: Any) -> Any:
        return x * settings.scale

    yield lambda x: f(x)
    settings.scale = 3.0
    yield


@way
def another_compiled_function() -> Iterator[Any]:
    settings = Box()
    inner = torch.compile(lambda x: x * settings.scale)
    yield lambda x: inner(x)
    settings.scale = 3.0
    yield


@way
def another_compiled_module() -> Iterator[Any]:
    class Model(nn.Module):
        scale = 2.0

        def forward(self, x: Any) -> Any:
            return x * self.scale

    model = Model()
    inner = torch.compile(model)
    yield lambda x: inner(x)
    model.scale = 3.0
    yield


@way
def functions_in_a_dictionary() -> Iterator[Any]:
    registry = {"scale": lambda x: x * 2.0}
    yield lambda x: registry["scale"](x)
    registry["scale"] = lambda x: x * 3.0
    yield


@way
def a_callback_of_the_library() -> Iterator[Any]:
    settings = Box()

    def add(a: Any, b: Any) -> Any:
        return a + b * settings.scale

    yield lambda x: functools.reduce(add, [x, x])
    settings.scale = 3.0
    yield


# ---- what gives another value by itself


@way
def the_environment() -> Iterator[Any]:
    os.environ["RUSHLIGHT_TEST_SCALE"] = "2"
    yield lambda x: x * float(os.environ["RUSHLIGHT_TEST_SCALE"])
    os.environ["RUSHLIGHT_TEST_SCALE"] = "3"
    yield
    del os.environ["RUSHLIGHT_TEST_SCALE"]


@way
def the_environment_by_getenv() -> Iterator[Any]:
    os.environ["RUSHLIGHT_TEST_OTHER"] = "2"
    yield lambda x: x * float(os.getenv("RUSHLIGHT_TEST_OTHER", "1"))
    os.environ["RUSHLIGHT_TEST_OTHER"] = "3"
    yield
    del os.environ["RUSHLIGHT_TEST_OTHER"]


@way
def a_clock() -> Iterator[Any]:
    original = time.time
    time.time = lambda: 2.0
    try:
        yield lambda x: x * time.time()
        time.time = lambda: 3.0
        yield
    finally:
        time.time = original


@way
def what_a_file_on_disk_holds() -> Iterator[Any]:
    with tempfile.NamedTemporaryFile("w+") as file:
        file.write("2")
        file.flush()
        path = file.name

        def f(x: Any) -> Any:
            with open(path) as opened:
                return x * float(opened.read())

        yield f
        file.seek(0)
        file.write("3")
        file.flush()
        yield


@way
def an_open_file() -> Iterator[Any]:
    with tempfile.TemporaryFile("w+") as file:
        file.write("2")

        def f(x: Any) -> Any:
            file.seek(0)
            return x * float(file.read())

        yield f
        file.seek(0)
        file.write("3")
        yield


@way
def a_weak_reference() -> Iterator[Any]:
    box, other = Box(), Box(3.0)
    kept = [box]
    reference = weakref.ref(box)
    yield lambda x: x * (reference() or other).scale
    box.scale = 2.5
    yield
    kept.clear()
    del box
    yield


@way
def a_dictionary_of_weak_references() -> Iterator[Any]:
    box = Box()
    values = weakref.WeakValueDictionary(a=box)
    yield lambda x: x * values["a"].scale
    box.scale = 3.0
    yield


@way
def a_context_variable() -> Iterator[Any]:
    scale = contextvars.ContextVar("scale", default=2.0)
    yield lambda x: x * scale.get()
    scale.set(3.0)
    yield


@way
def how_deep_recursion_may_go() -> Iterator[Any]:
    before = sys.getrecursionlimit()
    yield lambda x: x * sys.getrecursionlimit()
    sys.setrecursionlimit(before + 1)
    yield
    sys.setrecursionlimit(before)


@way
def filters_of_warnings() -> Iterator[Any]:
    def f(x: Any) -> Any:
        return x * len(warnings.filters)

    yield f
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        yield


# ---- the framework's own


@way
def the_default_dtype() -> Iterator[Any]:
    yield lambda x: x * torch.ones(1).sum().to(x.dtype) * torch.get_default_dtype().itemsize
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@way
def the_grad_mode() -> Iterator[Any]:
    yield lambda x: x * (2.0 if torch.is_grad_enabled() else 3.0)
    with torch.no_grad():
        yield


@way
def inference_mode() -> Iterator[Any]:
    yield lambda x: x * (3.0 if torch.is_inference_mode_enabled() else 2.0)
    with torch.inference_mode():
        yield


@way
def eval_of_a_module() -> Iterator[Any]:
    net = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(0.0))
    yield lambda x: net(x.view(2, 2))
    net.eval()
    yield


@way
def training_of_a_module_that_code_reads() -> Iterator[Any]:
    class Model(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * (2.0 if self.training else 3.0)

    model = Model()
    yield model
    model.eval()
    yield


@way
def an_attribute_of_a_module() -> Iterator[Any]:
    layer = nn.LeakyReLU(0.5)
    yield lambda x: layer(-x)
    layer.negative_slope = 0.25
    yield


@way
def an_object_of_a_module_of_the_framework() -> Iterator[Any]:
    layer = nn.Identity()
    layer.config = Box()
    yield lambda x: layer(x) * layer.config.scale
    layer.config.scale = 3.0
    yield


@way
def the_forward_of_a_module_of_the_framework() -> Iterator[Any]:
    settings = Box()
    layer = nn.Identity()
    layer.forward = lambda x: x * settings.scale
    yield lambda x: layer(x)
    settings.scale = 3.0
    yield


@way
def the_forward_of_a_class() -> Iterator[Any]:
    class Model(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * 2.0

    model = Model()
    yield lambda x: model(x)
    Model.forward = lambda self, x: x * 3.0
    yield


@way
def a_parameter_that_is_replaced() -> Iterator[Any]:
    layer = nn.Linear(4, 4)
    yield lambda x: layer(x)
    layer.weight = nn.Parameter(torch.ones(4, 4))
    yield
    layer.weight.data = torch.zeros(4, 4)
    yield
    with torch.no_grad():
        layer.weight.fill_(5.0)
    yield


@way
def a_layer_that_is_replaced() -> Iterator[Any]:
    net = nn.Sequential(nn.ReLU(), nn.Tanh())
    yield lambda x: net(x)
    net[1] = nn.Sigmoid()
    yield
    net.append(nn.Sigmoid())
    yield


@way
def requires_grad_of_a_parameter() -> Iterator[Any]:
    w = nn.Parameter(torch.ones(4))
    yield lambda x: x * (2.0 if (w * x).requires_grad else 3.0)
    w.requires_grad_(False)
    yield


@way
def a_hook_that_comes_later() -> Iterator[Any]:
    layer = nn.Identity()
    yield lambda x: layer(x)
    handle = layer.register_forward_hook(lambda module, given, result: result * 3.0)
    yield
    handle.remove()
    yield


@way
def what_a_forward_hook_reads() -> Iterator[Any]:
    settings = Box()
    layer = nn.Identity()
    layer.register_forward_hook(lambda module, given, result: result * settings.scale)
    yield lambda x: layer(x)
    settings.scale = 3.0
    yield


@way
def what_a_forward_pre_hook_reads() -> Iterator[Any]:
    settings = Box()

    class Hook:
        def __call__(self, module: Any, given: Any) -> Any:
            return (given[0] * settings.scale,)

    layer = nn.Identity()
    layer.register_forward_pre_hook(Hook())
    yield lambda x: layer(x)
    settings.scale = 3.0
    yield


@way
def what_a_hook_of_a_tensor_reads() -> Iterator[Any]:
    settings = Box()
    w = nn.Parameter(torch.ones(4))
    w.register_hook(lambda grad: grad * settings.scale)

    def f(x: Any) -> Any:
        w.grad = None
        (w * x).sum().backward()
        return w.grad.detach() * 1.0

    yield f
    settings.scale = 3.0
    yield


@way
def what_a_hook_of_an_optimizer_reads() -> Iterator[Any]:
    settings = Box(0.5)
    w = nn.Parameter(torch.ones(4))
    optimizer = optim.SGD([w], lr=0.1)

    def scale(optimizer: Any, args: Any, kwargs: Any) -> None:
        w.grad.mul_(settings.scale)

    optimizer.register_step_pre_hook(scale)

    def f(x: Any) -> Any:
        with torch.no_grad():
            w.fill_(1.0)
        optimizer.zero_grad()
        (w * x).sum().backward()
        optimizer.step()
        return w.detach() * 1.0

    yield f
    settings.scale = 3.0
    yield


def _step(options: dict[str, Any]) -> tuple[Any, Any]:
    w = nn.Parameter(torch.ones(4))
    optimizer = optim.SGD([w], **options)

    def f(x: Any) -> Any:
        with torch.no_grad():
            w.fill_(1.0)
        optimizer.zero_grad()
        (w * x).sum().backward()
        optimizer.step()
        return w.detach() * 1.0

    return optimizer, f


@way
def the_learning_rate() -> Iterator[Any]:
    optimizer, f = _step({"lr": 0.1})
    yield f
    optimizer.param_groups[0]["lr"] = 0.5
    yield
    optimizer.param_groups[0]["lr"] = 0.0
    yield


@way
def the_weight_decay() -> Iterator[Any]:
    optimizer, f = _step({"lr": 0.1})
    yield f
    optimizer.param_groups[0]["weight_decay"] = 0.5
    yield
    optimizer.param_groups[0]["maximize"] = True
    yield


@way
def a_schedule_of_the_learning_rate() -> Iterator[Any]:
    optimizer, f = _step({"lr": 0.1})
    schedule = optim.lr_scheduler.StepLR(optimizer, 1)
    yield f
    optimizer._opt_called = True
    schedule.step()
    yield


@way
def the_learning_rate_that_code_reads() -> Iterator[Any]:
    optimizer = optim.SGD([nn.Parameter(torch.ones(4))], lr=0.1)
    yield lambda x: x * optimizer.param_groups[0]["lr"]
    optimizer.param_groups[0]["lr"] = 0.5
    yield


@way
def an_attribute_of_an_optimizer() -> Iterator[Any]:
    optimizer = optim.SGD([nn.Parameter(torch.ones(4))], lr=0.1)
    optimizer.note = 2.0
    yield lambda x: x * optimizer.note
    optimizer.note = 3.0
    yield


@way
def an_attribute_of_a_tensor() -> Iterator[Any]:
    w = torch.ones(4)
    w.scale = 2.0
    yield lambda x: x * w * w.scale
    w.scale = 3.0
    yield


@way
def the_data_of_a_tensor() -> Iterator[Any]:
    w = torch.ones(4)
    yield lambda x: x * w
    w.fill_(2.0)
    yield
    w.data = torch.full((4,), 3.0)
    yield
    w.numpy()[:] = 5.0
    yield


@way
def a_tensor_in_a_list() -> Iterator[Any]:
    values = [torch.ones(4)]
    yield lambda x: x * values[0]
    values[0] = torch.full((4,), 3.0)
    yield


@way
def an_object_of_the_framework() -> Iterator[Any]:
    from rushlight.vision import transforms

    change = transforms.Normalize([0.0], [0.5])
    yield lambda x: change(x.view(1, 2, 2)) * 1.0
    change.std = [0.25]
    yield


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
