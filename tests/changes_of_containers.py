"""Changes of what containers hold."""

from __future__ import annotations

import array
import types
from collections import (
    ChainMap,
    Counter,
    OrderedDict,
    UserDict,
    UserList,
    defaultdict,
    deque,
)
from collections.abc import Iterator
from typing import Any

import numpy as np

from changes import way

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
