"""Finding a pattern's graph in another."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..tensor import Tensor
from .graph import Graph
from .node import Node


@dataclass
class InternalMatch:
    """Where a pattern is: what stands for its nodes; `anchors` are those that it returns."""

    anchors: list[Node]
    nodes_map: dict[Node, Any] = field(default_factory=dict)
    placeholder_nodes: list[Any] = field(default_factory=list)
    returning_nodes: list[Node] = field(default_factory=list)


class SubgraphMatcher:
    """Looks for a pattern: its placeholders stand for anything, all else must be alike.

    What the pattern computes on the way must not be used by others, and no value may stand for two
    parts of it.

    >>> import rushlight as torch
    >>> from rushlight.fx.matching import SubgraphMatcher
    >>> pattern = torch.fx.symbolic_trace(lambda a, b: torch.relu(a + b)).graph
    >>> graph = torch.fx.symbolic_trace(lambda x: torch.relu(torch.relu(x + 1) + x)).graph
    >>> [match.returning_nodes for match in SubgraphMatcher(pattern).match(graph)]
    [[relu], [relu_1]]
    """

    def __init__(self, pattern: Graph, ignore_literals: bool = False) -> None:
        if len(pattern.nodes) == 0:
            raise ValueError("SubgraphMatcher cannot be initialized with an empty pattern")
        for node in pattern.nodes:
            if not node.users and not node.is_impure():
                raise AssertionError(
                    "SubgraphMatcher cannot be initialized with an pattern with dead code"
                )
        self.pattern, self.ignore_literals = pattern, ignore_literals
        self.placeholders = [node for node in pattern.nodes if node.op == "placeholder"]
        self.returned = pattern.output_node().all_input_nodes
        self.anchors = [node for node in self.returned if len(node.users) == 1]

    def match(self, graph: Graph) -> list[InternalMatch]:
        """The places where the pattern is, in order; none overlaps with an earlier one."""
        found: list[InternalMatch] = []
        taken: set[Node] = set()
        for known in self._candidates(graph):
            inner = {node for part, node in known.items() if part.op != "placeholder"}
            if inner & taken or not self._is_contained(known, inner):
                continue
            taken |= inner
            found.append(
                InternalMatch(
                    self.anchors, known, [known[node] for node in self.placeholders],
                    [known[node] for node in self.returned],
                )
            )  # fmt: skip
        return found

    def _candidates(self, graph: Graph) -> Iterator[dict[Node, Any]]:
        """What stands for the pattern's nodes, for each way to place those that it returns."""
        places = [
            [node for node in graph.nodes if _alike(anchor, node)] for anchor in self.anchors
        ]
        for nodes in itertools.product(*places) if places else ():
            known: dict[Node, Any] = {}
            pairs = zip(self.anchors, nodes, strict=True)
            if all(self._match(part, node, known) for part, node in pairs):
                yield known

    def _is_contained(self, known: dict[Node, Any], inner: set[Node]) -> bool:
        """Whether others use only what the pattern returns, and it needs nothing made of that."""
        returned = {known[node] for node in self.returned}
        if any(user not in inner for node in inner - returned for user in node.users):
            return False
        later = [user for node in returned for user in node.users if user not in inner]
        seen = set(later)
        while later:
            for user in later.pop().users:
                if user in inner:
                    return False
                if user not in seen:
                    seen.add(user)
                    later.append(user)
        return True

    def _match(self, part: Any, value: Any, known: dict[Node, Any]) -> bool:
        """Whether a value may stand for a part of the pattern; notes what nodes stand for."""
        if isinstance(part, Node):
            if part in known:
                return known[part] is value or not isinstance(value, Node) and known[part] == value
            if not isinstance(value, Node):
                if part.op == "placeholder":
                    known[part] = value
                return part.op == "placeholder" or self.ignore_literals
            if any(value is other for other in known.values()) or not _alike(part, value):
                return False
            known[part] = value
            if part.op == "placeholder":
                return True
            return list(part.kwargs) == list(value.kwargs) and self._match(
                (*part.args, *part.kwargs.values()), (*value.args, *value.kwargs.values()), known
            )
        if isinstance(part, (tuple, list)) and isinstance(value, (tuple, list)):
            return len(part) == len(value) and all(
                self._match(a, b, known) for a, b in zip(part, value, strict=True)
            )
        if self.ignore_literals:
            return True
        return type(part) is type(value) and part == value


def _alike(part: Node, node: Node) -> bool:
    """Whether a node does what a part of the pattern does, whatever they are given."""
    if part.op == "placeholder":
        return True
    if part.op != node.op:
        return False
    if part.op == "get_attr":
        first, second = _attribute(part), _attribute(node)
        return type(first) is type(second) and isinstance(first, Tensor)
    return part.target == node.target


def _attribute(node: Node) -> Any:
    value: Any = node.graph.owning_module
    for name in node.target.split("."):
        value = getattr(value, name, None)
    return value
