"""Networks that return what is inside them, by the names of their nodes: `torch.fx` makes them."""

from __future__ import annotations

import math
import re
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from ... import fx, nn
from .. import ops
from . import swin_transformer

Names = Sequence[str] | dict[str, str]


class LeafModuleAwareTracer(fx.Tracer):
    """A tracer that does not look into modules of the classes `leaf_modules`."""

    def __init__(self, *args: Any, leaf_modules: Sequence[type] = (), **kwargs: Any) -> None:
        self.leaf_modules = tuple(leaf_modules)
        super().__init__(*args, **kwargs)

    def is_leaf_module(self, m: nn.Module, module_qualname: str) -> bool:
        return isinstance(m, self.leaf_modules) or super().is_leaf_module(m, module_qualname)


class NodePathTracer(LeafModuleAwareTracer):
    """A tracer that knows of each node the path of the module in which it is.

    `node_to_qualname` has the path and the name of a node, "layer4.1.relu_1" for the second call
    of "layer4.1.relu".

    >>> from rushlight import nn
    >>> from rushlight.vision.models.feature_extraction import NodePathTracer
    >>> tracer = NodePathTracer()
    >>> _ = tracer.trace(nn.Sequential(nn.ReLU()))
    >>> list(tracer.node_to_qualname.values())
    ['input', '0']
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.current_module_qualname = ""
        self.node_to_qualname: OrderedDict[fx.Node, str] = OrderedDict()
        self._uses: dict[str, int] = {}

    def call_module(
        self, m: nn.Module, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: Any
    ) -> Any:
        outer = self.current_module_qualname
        self.current_module_qualname = self.path_of_module(m)
        try:
            return super().call_module(m, forward, args, kwargs)
        finally:
            self.current_module_qualname = outer

    def create_proxy(self, kind: str, *args: Any, **kwargs: Any) -> Any:
        proxy = super().create_proxy(kind, *args, **kwargs)
        name = self.current_module_qualname
        if kind != "call_module":
            name = f"{name}.{proxy.node}" if name else str(proxy.node)
        # Nodes are numbered in the whole of the graph; here they are in their module.
        name = re.sub(r"_\d+$", "", name)
        uses = self._uses[name] = self._uses.get(name, -1) + 1
        self.node_to_qualname[proxy.node] = f"{name}_{uses}" if uses else name
        return proxy


class DualGraphModule(fx.GraphModule):
    """A module with one graph for training and one for evaluation."""

    def __init__(
        self, root: nn.Module, train_graph: fx.Graph, eval_graph: fx.Graph,
        class_name: str = "GraphModule",
    ) -> None:  # fmt: skip
        # What either graph reads, in the order of the network, is copied by the first of them.
        super().__init__(_parts(root, train_graph, eval_graph), train_graph, class_name)
        self.training = True
        self.train_graph = train_graph
        self.eval_graph = eval_graph
        self.train(root.training)

    def train(self, mode: bool = True) -> DualGraphModule:
        """Takes the graph that belongs to the mode."""
        if mode != self.training:
            self.graph = self.train_graph if mode else self.eval_graph
        return super().train(mode)


def _parts(root: nn.Module, *graphs: fx.Graph) -> nn.Module:
    """The modules and tensors of a network that the graphs use, at their paths."""
    targets = dict.fromkeys(
        node.target for graph in graphs for node in graph.nodes
        if node.op in ("call_module", "get_attr")
    )  # fmt: skip
    both = fx.Graph()
    for target in targets:
        both.get_attr(str(target))
    both.output(None)
    return fx.GraphModule(root, both)


# Blocks of `vision.ops` and functions that look at sizes are nodes, as in torchvision.
_TRACED_WHOLE: dict[str, Any] = {
    "autowrap_modules": (math, ops),
    "autowrap_functions": (swin_transformer.shifted_window_attention, swin_transformer._fours),
    "leaf_modules": tuple(
        kind for kind in vars(ops).values()
        if isinstance(kind, type) and issubclass(kind, nn.Module)
    ),
}  # fmt: skip


def _traced(
    model: nn.Module, mode: bool, tracer_kwargs: dict[str, Any] | None,
    concrete_args: dict[str, Any] | None,
) -> tuple[fx.Graph, OrderedDict[fx.Node, str]]:  # fmt: skip
    """The graph of a network in a mode, and the names of its nodes."""
    options = {**_TRACED_WHOLE, **(tracer_kwargs or {})}
    modes = {module: module.training for module in model.modules()}
    tracer = NodePathTracer(**options)
    model.train(mode)
    try:
        return tracer.trace(model, concrete_args=concrete_args), tracer.node_to_qualname
    finally:
        for module, was_training in modes.items():
            module.training = was_training


def get_graph_node_names(
    model: nn.Module,
    tracer_kwargs: dict[str, Any] | None = None,
    suppress_diff_warning: bool = False,
    concrete_args: dict[str, Any] | None = None,
) -> tuple[list[str], list[str]]:
    """The names of a network's nodes in the order in which they run, in training and evaluation.

    A name is the path of the module in which a node is, and the node's own; a module that is called
    again has a number. It is told where the modes differ, unless `suppress_diff_warning`.

    >>> from rushlight.vision.models import alexnet
    >>> from rushlight.vision.models.feature_extraction import get_graph_node_names
    >>> get_graph_node_names(alexnet())[1][:4]
    ['x', 'features.0', 'features.1', 'features.2']
    """
    train, evaluation = (
        list(_traced(model, mode, tracer_kwargs, concrete_args)[1].values())
        for mode in (True, False)
    )
    if train != evaluation and not suppress_diff_warning:
        warnings.warn(
            "The nodes of the network in training are others than those in evaluation: give "
            "train_return_nodes and eval_return_nodes where return_nodes do not stand in both",
            stacklevel=2,
        )
    return train, evaluation


def create_feature_extractor(
    model: nn.Module,
    return_nodes: Names | None = None,
    train_return_nodes: Names | None = None,
    eval_return_nodes: Names | None = None,
    tracer_kwargs: dict[str, Any] | None = None,
    suppress_diff_warning: bool = False,
    concrete_args: dict[str, Any] | None = None,
) -> fx.GraphModule:
    """A module that returns a dictionary of what some nodes of a network give.

    `return_nodes` are names of nodes (see `get_graph_node_names`), or a dictionary from these to
    names of the results. The name of a module stands for its last node. Where a network does
    something else in training, `train_return_nodes` and `eval_return_nodes` say it for each mode.
    What is not needed for the results is left away. The parameters are those of the network.

    ValueError for names that are not there.

    >>> import rushlight as torch
    >>> from rushlight.vision.models import resnet18
    >>> from rushlight.vision.models.feature_extraction import create_feature_extractor
    >>> extractor = create_feature_extractor(resnet18(), {"layer1": "low", "layer3.0.relu": "high"})
    >>> {name: tuple(x.shape) for name, x in extractor(torch.zeros(1, 3, 64, 64)).items()}
    {'low': (1, 64, 16, 16), 'high': (1, 256, 4, 4)}
    """
    if return_nodes is None and train_return_nodes is None and eval_return_nodes is None:
        raise ValueError(
            "Either `return_nodes` or `train_return_nodes` and `eval_return_nodes` together, "
            "should be specified"
        )
    if (train_return_nodes is None) != (eval_return_nodes is None):
        raise ValueError(
            "If any of `train_return_nodes` and `eval_return_nodes` are specified, then both "
            "should be specified"
        )
    if return_nodes is not None and train_return_nodes is not None:
        raise ValueError(
            "If `train_return_nodes` and `eval_return_nodes` are specified, `return_nodes` should "
            "not be specified"
        )
    if return_nodes is not None:
        get_graph_node_names(model, tracer_kwargs, suppress_diff_warning, concrete_args)
    graphs = []
    for mode, chosen in ((True, train_return_nodes), (False, eval_return_nodes)):
        wanted: Any = return_nodes if return_nodes is not None else chosen
        names = dict(wanted) if isinstance(wanted, dict) else {name: name for name in wanted}
        graph, paths = _traced(model, mode, tracer_kwargs, concrete_args)
        _return(graph, paths, {str(key): str(value) for key, value in names.items()})
        graphs.append(graph)
    train_graph, eval_graph = graphs
    return DualGraphModule(model, train_graph, eval_graph, type(model).__name__)


def _return(graph: fx.Graph, paths: dict[fx.Node, str], names: dict[str, str]) -> None:
    """Makes a graph return the nodes of some paths, and nothing that they do not need."""
    found: dict[str, fx.Node] = {}
    for name, given in names.items():
        nodes = [n for n, path in paths.items() if path == name or path.startswith(name + ".")]
        if not nodes:
            raise ValueError(
                f"node: '{name}' is not present in model. Hint: use `get_graph_node_names` to make "
                "sure the `return_nodes` you specified are present. It may even be that you need "
                "to specify `train_return_nodes` and `eval_return_nodes` separately."
            )
        found[given] = nodes[-1]
    order = {node: number for number, node in enumerate(graph.nodes)}
    graph.erase_node(graph.output_node())
    graph.output(dict(sorted(found.items(), key=lambda item: order[item[1]])))
    # A call of a module does nothing but what it returns.
    graph.eliminate_dead_code(lambda node: node.op != "call_module" and node.is_impure())
