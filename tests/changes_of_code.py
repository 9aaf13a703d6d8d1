"""Changes of files, functions and classes, and what gives another value by itself."""

from __future__ import annotations

import contextvars
import dataclasses
import functools
import os
import sys
import tempfile
import time
import warnings
import weakref
from collections.abc import Iterator
from typing import Any

import rushlight as torch
import rushlight.nn.functional as F
from changes import Box, new_module, way
from rushlight import nn

SCALE = 2.0


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
    line = f"from {settings.__name__} import scale"
    exec(f"def f(x):\n    {line}\n    return x * scale", exec_globals)
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
