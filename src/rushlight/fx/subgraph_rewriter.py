"""Replacing each place in a graph that is like a pattern."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..nn.module import Module
from ._symbolic_trace import symbolic_trace
from .graph import Graph
from .graph_module import GraphModule, _assign_attr
from .matching import InternalMatch, SubgraphMatcher
from .node import Node


class Match(NamedTuple):
    """A place that was replaced: the pattern's last node, and what its nodes stood for.

    >>> import rushlight as torch
    >>> traced = torch.fx.symbolic_trace(lambda x: torch.relu(x) + 1)
    >>> match, = torch.fx.replace_pattern(traced, lambda a: torch.relu(a), lambda a: a)
    >>> list(match.nodes_map.values())
    [relu, x]
    """

    anchor: Node
    nodes_map: dict[Node, Any]


@dataclass
class ReplacedPatterns:
    """A place that was replaced, and the nodes that stand there now.

    >>> import rushlight as torch
    >>> traced = torch.fx.symbolic_trace(lambda x: torch.relu(x) + 1)
    >>> replaced, = torch.fx.subgraph_rewriter.replace_pattern_with_filters(
    ...     traced, lambda a: torch.relu(a), lambda a: torch.tanh(a))
    >>> replaced.replacements
    [tanh]
    """

    anchor: Node
    nodes_map: dict[Node, Any]
    replacements: list[Node]


def replace_pattern(
    gm: GraphModule, pattern: Callable[..., Any] | Graph, replacement: Callable[..., Any] | Graph
) -> list[Match]:
    """Puts `replacement` wherever the graph does what `pattern` does, and says where that was.

    Both are functions or modules of the same arguments, which stand for any values. What the
    pattern computes on the way must not be used elsewhere; places that overlap are replaced once.

    >>> import rushlight as torch
    >>> traced = torch.fx.symbolic_trace(lambda x, w: torch.relu(torch.matmul(x, w) + 1) + 1)
    >>> matches = torch.fx.replace_pattern(
    ...     traced, lambda a, b: torch.relu(torch.matmul(a, b) + 1),
    ...     lambda a, b: torch.tanh(a @ b))
    >>> len(matches)
    1
    >>> print(traced.code.strip())
    def forward(self, x, w):
        matmul_1 = x @ w;  x = w = None
        tanh = torch.tanh(matmul_1);  matmul_1 = None
        add_1 = tanh + 1;  tanh = None
        return add_1
    """
    found = replace_pattern_with_filters(gm, pattern, replacement)
    return [Match(match.anchor, match.nodes_map) for match in found]


def replace_pattern_with_filters(
    gm: GraphModule, pattern: Callable[..., Any] | Graph, replacement: Callable[..., Any] | Graph,
    match_filters: list[Callable[[InternalMatch, Graph, Graph], bool]] | None = None,
    ignore_literals: bool = False,
) -> list[ReplacedPatterns]:  # fmt: skip
    """`replace_pattern` of the places that all `match_filters` accept.

    A filter is called with the place, the graph and the pattern's graph. With `ignore_literals`
    numbers and strings in the pattern stand for any.

    >>> import rushlight as torch
    >>> traced = torch.fx.symbolic_trace(lambda x: (x + 1) * (x + 2))
    >>> replaced = torch.fx.subgraph_rewriter.replace_pattern_with_filters(
    ...     traced, lambda a: a + 1, lambda a: a - 1, ignore_literals=True)
    >>> len(replaced), traced(torch.tensor(3))
    (2, tensor(4))
    """
    graph = gm.graph
    pattern_graph, replacement_graph = _graph_of(pattern), _graph_of(replacement)
    inputs = [node for node in replacement_graph.nodes if node.op == "placeholder"]
    _check_results(pattern_graph, replacement_graph)
    matches = SubgraphMatcher(pattern_graph, ignore_literals).match(graph)
    filters = match_filters or []
    matches = [m for m in matches if all(f(m, graph, pattern_graph) for f in filters)]
    replaced: list[ReplacedPatterns] = []
    now: dict[Node, Node] = {}  # what has come in the places of nodes that were replaced
    for match in matches:
        if len(match.placeholder_nodes) != len(inputs):
            raise AssertionError(
                f"replace_pattern: the pattern uses {len(match.placeholder_nodes)} inputs and the "
                f"replacement has {len(inputs)}"
            )
        given = [now.get(v, v) if isinstance(v, Node) else v for v in match.placeholder_nodes]
        values: dict[Node, Any] = dict(zip(inputs, given, strict=True))
        with graph.inserting_before(_first_user(match, graph)):
            result: Any = graph.graph_copy(replacement_graph, values)
        made = [node for part, node in values.items() if part.op != "placeholder"]
        results = (result,) if isinstance(result, Node) else tuple(result)
        for old, new in zip(match.returning_nodes, results, strict=True):
            old.replace_all_uses_with(new)
            now[old] = new
        for node in reversed(pattern_graph.nodes):
            if node.op not in ("placeholder", "output"):
                graph.erase_node(match.nodes_map[node])
        replaced.append(ReplacedPatterns(match.anchors[0], match.nodes_map, made))
    if isinstance(replacement, Module):
        _take_modules(gm, replacement, replacement_graph)
    gm.recompile()
    return replaced


def _check_results(pattern: Graph, replacement: Graph) -> None:
    counts = [
        len(node.args[0]) if isinstance(node.args[0], (tuple, list)) else 1
        for graph in (pattern, replacement) for node in graph.nodes if node.op == "output"
    ]  # fmt: skip
    if len(counts) == 2 and counts[0] != counts[1]:
        raise AssertionError(
            f"replace_pattern: the pattern returns {counts[0]} values and the replacement "
            f"{counts[1]}"
        )


def _graph_of(function: Any) -> Graph:
    if isinstance(function, GraphModule):
        return function.graph
    if isinstance(function, Graph):
        return function
    return symbolic_trace(function).graph


def _first_user(match: InternalMatch, graph: Graph) -> Node:
    """The first node that uses what a pattern returns; what comes instead stands before it."""
    returned = set(match.returning_nodes)
    users = {user for node in returned for user in node.users}
    first = next((node for node in graph.nodes if node in users), None)
    if first is None:
        return next(node for node in reversed(graph.nodes) if node in returned).next
    return first


def _take_modules(gm: GraphModule, replacement: Module, graph: Graph) -> None:
    """Gives a module what its new nodes call and read and it does not have."""
    for node in graph.nodes:
        if node.op not in ("call_module", "get_attr"):
            continue
        value: Any = replacement
        there: Any = gm
        for name in node.target.split("."):
            value, there = getattr(value, name), getattr(there, name, None)
        if there is None:
            _assign_attr(value, gm, node.target)
