"""Steps and layers as plain data, and back: by names, of which only harmless ones are known."""

from __future__ import annotations

import builtins
import functools
import importlib
import math
import operator
import re
from collections.abc import Callable
from typing import Any

from .. import return_types
from ..device import device
from ..dtype import dtype
from ..fx._symbolic_trace import _assert_is_none
from ..fx.graph import Graph
from ..fx.names import PACKAGE, qualified_name
from ..fx.node import Node
from ..layout import layout, memory_format
from ..nn.module import Module
from ..ops.declare import places
from ..size import Size
from ..tensor import Tensor
from ..torch_function import _assert
from .script import original_class

_PLAIN = (type(None), bool, int, float, complex, str, dtype, device, layout, memory_format, Size)
_BUILTINS = ("getattr", "len", "int", "float", "bool", "min", "max", "abs", "round", "sum")
_MADE_BY_MODULE = frozenset(vars(Module()))  # what `Module.__init__` gives each module


class UnsafeError(ValueError):
    """Something that a file cannot name, or does not name."""


# ---- functions


@functools.cache
def _functions() -> dict[str, Callable[..., Any]]:
    """All that a step may call, by name: functions of values that touch nothing else."""
    found: dict[str, Callable[..., Any]] = {}
    for place, functions in places.items():
        for name, function in functions.items():
            if place not in ("Tensor", "") and hasattr(function, "plain") and name != "from_file":
                found[qualified_name(function)] = function
    found |= {name: getattr(builtins, name) for name in _BUILTINS}
    for module in (math, operator):
        for name, function in vars(module).items():
            if callable(function) and not name.startswith("_") and name not in _CALLERS:
                found[f"{module.__name__}.{name}"] = function
    found["torch._assert"], found["assert_is_none"] = _assert, _assert_is_none
    return found


_CALLERS = {"attrgetter", "itemgetter", "methodcaller", "call"}  # what they make could be called


@functools.cache
def _names() -> dict[Any, str]:
    return {function: name for name, function in _functions().items()}


@functools.cache
def _methods() -> frozenset[str]:
    """The public methods of tensors, but those that call what they are given, or give memory."""
    known = {name for name, value in vars(Tensor).items() if callable(value)} - _NO_METHODS
    return frozenset(name for name in known if not name.startswith("_")) | {"__getitem__"}


_NO_METHODS = {
    "apply_", "map_", "map2_", "register_hook", "register_post_accumulate_grad_hook", "numpy",
    "storage", "untyped_storage", "data_ptr", "backward", "set_",
}  # fmt: skip


def _is_attribute(name: Any) -> bool:
    return isinstance(name, str) and name in _attributes()


@functools.cache
def _attributes() -> frozenset[str]:
    """The public properties of tensors, and the fields of what functions return: no methods.

    A method would be something that can be called, with the name of a file for instance.
    """
    properties = {name for name, value in vars(Tensor).items() if isinstance(value, property)}
    fields = {
        field for kind in vars(return_types).values() for field in getattr(kind, "_fields", ())
    }
    return frozenset(name for name in properties | fields if not name.startswith("_"))


# ---- writing


class Encoder:
    """The steps of a graph as tuples, strings and numbers."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.places = {node: i for i, node in enumerate(graph.nodes)}

    def steps(self) -> list[Any]:
        return [
            (node.op, node.name, self._target(node), self.value(node.args), self.value(node.kwargs))
            for node in self.graph.nodes
        ]

    def _target(self, node: Node) -> str:
        if node.op == "call_method" and node.target not in _methods():
            raise UnsafeError(f"it calls the method {node.target}()")
        if node.op != "call_function":
            return str(node.target)
        name = _names().get(node.target)
        if name == "getattr" and not _is_attribute(node.args[1]):
            raise UnsafeError(f"it reads {node.args[1]!r}, which is no property of tensors")
        if name is None:
            shown = getattr(node.target, "__name__", str(node.target))
            raise UnsafeError(f"it calls {shown}(), which is no function of torch's")
        return name

    def value(self, value: Any) -> Any:
        """A value with a word that says what it is."""
        if isinstance(value, Node):
            return "node", self.places[value]
        if type(value) in _PLAIN:
            return "plain", value
        if isinstance(value, dict):
            if not all(isinstance(key, (str, int)) for key in value):
                raise UnsafeError("a dictionary has keys that are neither strings nor numbers")
            return "dict", {key: self.value(part) for key, part in value.items()}
        if type(value) is tuple or isinstance(value, list):
            kind = "tuple" if type(value) is tuple else "list"
            return kind, [self.value(part) for part in value]
        if isinstance(value, slice):
            return "slice", [self.value(v) for v in (value.start, value.stop, value.step)]
        if value is ...:
            return "ellipsis", None
        raise UnsafeError(f"it has a value of type {type(value).__name__}")


def encoded_layer(module: Module, encoder: Encoder) -> dict[str, Any]:
    """A layer of torch.nn as the name of its class and its settings."""
    kind = original_class(module)
    if not re.fullmatch(rf"{PACKAGE}\.nn\.modules\.\w+", kind.__module__):
        raise UnsafeError(f"it calls a layer {kind.__name__}, which is none of torch.nn")
    settings = {}
    for name, value in vars(module).items():
        if name in _MADE_BY_MODULE:
            if value and name.endswith("_hooks"):
                raise UnsafeError(f"a layer {kind.__name__} has hooks")
        elif not isinstance(value, (Tensor, Module)):
            settings[name] = _setting(value, encoder)
    place = kind.__module__.removeprefix(f"{PACKAGE}.")
    return {
        "class": (place, kind.__name__), "settings": settings, "training": module.training,
    }  # fmt: skip


def _setting(value: Any, encoder: Encoder) -> Any:
    """A layer's attribute; some are functions, as the activation of a transformer's layer."""
    if callable(value) and value in _names():
        return "function", _names()[value]
    return encoder.value(value)


# ---- reading


class Decoder:
    """A graph of the steps that an encoder has written."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def graph(self, steps: list[Any]) -> Graph:
        graph = Graph()
        for op, name, target, args, kwargs in steps:
            values, named = self.value(args), self.value(kwargs)
            # The code of the graph has these names in it.
            if not all(isinstance(key, str) and key.isidentifier() for key in named):
                raise UnsafeError(f"a step has arguments named {list(named)}")
            known = self._target(op, target, values, named)
            self.nodes.append(graph.create_node(op, known, values, named, name))
        return graph

    def _target(self, op: str, target: Any, args: Any, named: Any) -> Any:
        if not isinstance(target, str):
            raise UnsafeError(f"a step calls {target!r}")
        if op == "call_function":
            if target not in _functions():
                raise UnsafeError(f"a step calls {target}, which is no function of torch's")
            if target == "getattr" and not (len(args) == 2 and _is_attribute(args[1])):
                raise UnsafeError(f"a step reads {args[1:]}, which is no property of tensors")
            if target in _BUILTINS and named:
                raise UnsafeError(f"a step gives {target}() {list(named)}, of which key is called")
            return _functions()[target]
        if op == "call_method" and target not in _methods():
            raise UnsafeError(f"a step calls the method {target}")
        if op in ("call_module", "get_attr"):
            if not re.fullmatch(r"(?!__)[\w-]+(\.(?!__)[\w-]+)*", target):
                raise UnsafeError(f"a step names {target!r}")
        elif op == "placeholder" and not target.isidentifier():
            raise UnsafeError(f"an input is named {target!r}")
        return target

    def value(self, encoded: Any) -> Any:
        kind, value = encoded
        if kind == "node":
            return self.nodes[value]
        if kind == "plain" and type(value) in _PLAIN:
            return value
        if kind == "dict" and all(isinstance(key, (str, int)) for key in value):
            return {key: self.value(part) for key, part in value.items()}
        if kind in ("tuple", "list"):
            parts = [self.value(part) for part in value]
            return tuple(parts) if kind == "tuple" else parts
        if kind == "slice":
            return slice(*(self.value(part) for part in value))
        if kind == "ellipsis":
            return ...
        raise UnsafeError(f"a value of kind {kind!r}")


def decoded_layer(encoded: dict[str, Any]) -> Module:
    """The layer, without its tensors and modules."""
    kind: Any = Module
    if "class" in encoded:
        place, name = encoded["class"]
        if not re.fullmatch(r"nn\.modules\.\w+", place) or not name.isidentifier():
            raise UnsafeError(f"a layer is {place}.{name}")
        kind = vars(importlib.import_module(f"{PACKAGE}.{place}")).get(name)
        if not isinstance(kind, type) or not issubclass(kind, Module):
            raise UnsafeError(f"there is no layer {place}.{name}")
    module = kind.__new__(kind)
    Module.__init__(module)
    decoder = Decoder()
    for name, value in encoded.get("settings", {}).items():
        if name in _MADE_BY_MODULE or not name.isidentifier() or hasattr(kind, name) and callable(
            getattr(kind, name)
        ):  # fmt: skip
            raise UnsafeError(f"a layer has a setting {name}")
        is_function = value[0] == "function"
        module.__dict__[name] = _functions()[value[1]] if is_function else decoder.value(value)
    module.training = bool(encoded["training"])
    return module  # type: ignore[no-any-return]
