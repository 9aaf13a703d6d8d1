"""Networks made smaller for inference."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ...nn import functional as F
from ...nn.module import Module
from ...nn.modules.batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from ...nn.modules.convolution import Conv1d, Conv2d, Conv3d
from ...nn.modules.dropout import Dropout
from ...nn.utils.fusion import fuse_conv_bn_eval
from .._symbolic_trace import symbolic_trace
from ..graph_module import GraphModule
from ..interpreter import Transformer
from ..node import Node

_PATTERNS = ((Conv1d, BatchNorm1d), (Conv2d, BatchNorm2d), (Conv3d, BatchNorm3d))


def matches_module_pattern(
    pattern: Iterable[type], node: Node, modules: dict[str, Any]
) -> bool:
    """Whether a node calls a module of the last class on the result of one of the class before.

    >>> import rushlight as torch
    >>> from rushlight.fx.experimental.optimization import matches_module_pattern
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    >>> nodes = list(torch.fx.symbolic_trace(net).graph.nodes)
    >>> matches_module_pattern(
    ...     (torch.nn.Linear, torch.nn.ReLU), nodes[2], dict(net.named_modules()))
    True
    """
    if not node.args:
        return False
    return all(
        isinstance(current, Node) and current.op == "call_module"
        and type(modules.get(current.target)) is expected
        for expected, current in zip(pattern, (node.args[0], node), strict=True)
    )  # fmt: skip


def replace_node_module(node: Node, modules: dict[str, Any], new_module: Module) -> None:
    """Puts another module in the place of the one that a node calls.

    >>> import rushlight as torch
    >>> net = torch.fx.symbolic_trace(torch.nn.Sequential(torch.nn.ReLU()))
    >>> node = next(node for node in net.graph.nodes if node.op == "call_module")
    >>> torch.fx.experimental.optimization.replace_node_module(
    ...     node, dict(net.named_modules()), torch.nn.Tanh())
    >>> net(torch.tensor(0.0))
    tensor(0.)
    """
    path, _, name = node.target.rpartition(".")
    modules[node.target] = new_module
    setattr(modules[path], name, new_module)


def fuse(model: Module, inplace: bool = False, no_trace: bool = False) -> GraphModule:
    """The network with each batch normalisation made part of the convolution before it.

    For evaluation: both must be in evaluation mode. Normalisations without running statistics and
    convolutions that are called, or whose results are used, elsewhere stay. `inplace` changes the
    modules of `model` itself; `no_trace` says that it is a GraphModule.

    >>> import rushlight as torch
    >>> from rushlight.fx.experimental.optimization import fuse
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).eval()
    >>> fused, x = fuse(net), torch.randn(1, 3, 8, 8)
    >>> [node.target for node in fused.graph.nodes if node.op == "call_module"]
    ['0']
    >>> torch.allclose(fused(x), net(x), atol=1e-6)
    True
    """
    if not inplace:
        model = copy.deepcopy(model)
    traced: Any = model if no_trace else symbolic_trace(model)
    modules: dict[str, Any] = dict(traced.named_modules())
    graph = copy.deepcopy(traced.graph)
    calls = Counter(modules[node.target] for node in graph.nodes if node.op == "call_module")
    for pattern in _PATTERNS:
        for node in graph.nodes:
            if not matches_module_pattern(pattern, node, modules):
                continue
            before = node.args[0]
            convolution, normalisation = modules[before.target], modules[node.target]
            is_elsewhere = len(before.users) > 1 or calls[convolution] > 1
            if is_elsewhere or not normalisation.track_running_stats:
                continue
            fused: Any = fuse_conv_bn_eval(convolution, normalisation)
            replace_node_module(before, modules, fused)
            node.replace_all_uses_with(before)
            graph.erase_node(node)
    return GraphModule(traced, graph)


class _DropoutRemover(Transformer):
    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if isinstance(self.submodules[target], Dropout):
            return args[0]
        return super().call_module(target, args, kwargs)

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return args[0] if target is F.dropout else super().call_function(target, args, kwargs)


def remove_dropout(model: Module) -> Module:
    """The network without its dropout layers, which do nothing in evaluation.

    >>> import rushlight as torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Dropout(0.5))
    >>> print(torch.fx.experimental.optimization.remove_dropout(net).code.strip())
    def forward(self, input):
        input_1 = input
        _0 = getattr(self, "0")(input_1);  input_1 = None
        return _0
    """
    return _DropoutRemover(symbolic_trace(model)).transform()
