"""Functions as graphs that programs read, change and write as Python again: `torch.fx`.

    traced = torch.fx.symbolic_trace(net)     # a GraphModule: its graph and the code made of it
    for node in traced.graph.nodes: ...
    traced.recompile()                        # after a change

docs/fx.md tells more.
"""

from __future__ import annotations

from . import (
    _symbolic_trace,
    experimental,
    graph,
    graph_module,
    immutable_collections,
    interpreter,
    node,
    passes,
    proxy,
    subgraph_rewriter,
)
from ._symbolic_trace import PH, Tracer, symbolic_trace, wrap
from .codegen import CodeGen
from .graph import Graph
from .graph_module import GraphModule
from .interpreter import Interpreter, Transformer
from .node import Node, has_side_effect, map_arg
from .proxy import Proxy
from .subgraph_rewriter import replace_pattern

__all__ = [
    "PH", "CodeGen", "Graph", "GraphModule", "Interpreter", "Node", "Proxy", "Tracer",
    "Transformer", "_symbolic_trace", "experimental", "graph", "graph_module", "has_side_effect",
    "immutable_collections", "interpreter", "map_arg", "node", "passes", "proxy",
    "replace_pattern", "subgraph_rewriter", "symbolic_trace", "wrap",
]  # fmt: skip
