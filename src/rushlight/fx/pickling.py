"""Graphs as data that can be pickled. Their code is written anew when they are read.

It is run then, as any pickle may run code: `torch.jit.save` makes files that others may have made.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

from .graph import Graph
from .names import PACKAGE, is_of_torch, qualified_name
from .node import Node, map_arg


class Step(NamedTuple):
    """A node with places in the list of steps instead of the nodes that it uses."""

    op: str
    name: str
    target: Any
    args: Any
    kwargs: Any
    type: Any
    is_wrapped: bool


class Place(NamedTuple):
    """Stands for the node at an index."""

    at: int


class Path(NamedTuple):
    """Stands for a function of this package, found under its name again."""

    name: str


def steps_of(graph: Graph) -> list[Step]:
    places = {node: Place(i) for i, node in enumerate(graph.nodes)}
    steps = []
    for node in graph.nodes:
        args, kwargs = map_arg((node.args, node.kwargs), lambda used: places[used])
        target = node.target
        if callable(target) and is_of_torch(target) and target.__module__ != "_operator":
            target = Path(qualified_name(target))
        wrapped = bool(node.meta.get("is_wrapped"))
        steps.append(Step(node.op, node.name, target, args, kwargs, node.type, wrapped))
    return steps


def rebuild_graph(steps: list[Step], codegen: Any) -> Graph:
    graph = Graph()
    nodes: list[Node] = []
    for step in steps:
        args, kwargs = _with_nodes((step.args, step.kwargs), nodes)
        target = _find(step.target.name) if isinstance(step.target, Path) else step.target
        node = graph.create_node(step.op, target, args, kwargs, step.name, step.type)
        if step.is_wrapped:
            node.meta["is_wrapped"] = True
        nodes.append(node)
    graph._codegen = codegen
    return graph


def _with_nodes(value: Any, nodes: list[Node]) -> Any:
    if isinstance(value, Place):
        return nodes[value.at]
    if isinstance(value, tuple):
        parts = [_with_nodes(part, nodes) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, list):
        return [_with_nodes(part, nodes) for part in value]
    if isinstance(value, dict):
        return {key: _with_nodes(part, nodes) for key, part in value.items()}
    if isinstance(value, slice):
        return slice(*_with_nodes((value.start, value.stop, value.step), nodes))
    return value


def _find(path: str) -> Any:
    """The function of a name such as "torch.nn.functional.relu"."""
    value: Any = sys.modules[PACKAGE]
    for name in path.split(".")[1:]:
        value = getattr(value, name)
    return value
