"""The graph of a model's call, as TensorBoard shows it: kernels, in the modules that call them."""

from __future__ import annotations

from typing import Any

from tensorboardX.proto import (
    attr_value_pb2,
    graph_pb2,
    node_def_pb2,
    tensor_shape_pb2,
    versions_pb2,
)

from ...grad_mode import no_grad
from ...kernels.intercept import Call, arrays_in, each_call
from ...nn.global_hooks import register_module_forward_hook, register_module_forward_pre_hook
from ...nn.module import Module
from ...tensor import Tensor


class _Graph:
    """Nodes by the arrays that they have made. Arrays are held, so that none takes another's id."""

    def __init__(self, model: Module) -> None:
        self.nodes: list[Any] = []
        self.made: dict[int, tuple[str, Any]] = {}
        self.used: dict[str, int] = {}
        root = type(model).__name__
        self.paths = {id(m): f"{root}/{name}".rstrip("/").replace(".", "/")
                      for name, m in model.named_modules()}  # fmt: skip
        self.modules = [root]  # those that are being called

    def add(self, name: str, kind: str, inputs: Any = (), results: Any = ()) -> None:
        count = self.used[name] = self.used.get(name, 0) + 1
        name = name if count == 1 else f"{name}_{count - 1}"
        sources = list(dict.fromkeys(self.made[id(a)][0] for a in inputs if id(a) in self.made))
        node = node_def_pb2.NodeDef(name=name, op=kind, input=sources)
        shapes = [
            tensor_shape_pb2.TensorShapeProto(
                dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in array.shape]
            )
            for array in results
        ]
        if shapes:
            node.attr["_output_shapes"].CopyFrom(attr_value_pb2.AttrValue(
                list=attr_value_pb2.AttrValue.ListValue(shape=shapes)
            ))  # fmt: skip
        self.nodes.append(node)
        for array in results:
            self.made[id(array)] = name, array

    def call(self, call: Call) -> Any:
        result = call.run()
        self.add(f"{self.modules[-1]}/{call.name}", call.name, list(arrays_in(call.arguments)),
                 list(arrays_in(result)))  # fmt: skip
        return result


def graph_of(model: Module, inputs: tuple[Any, ...]) -> Any:
    """TensorBoard's `GraphDef` of what `model(*inputs)` runs."""
    graph = _Graph(model)
    for number, value in enumerate(inputs):
        if isinstance(value, Tensor):
            graph.add(f"input/{number}", "Input", (), [value.array])
    for name, parameter in [*model.named_parameters(), *model.named_buffers()]:
        path, _, last = name.rpartition(".")
        place = "/".join(filter(None, (graph.modules[0], path.replace(".", "/"), last)))
        graph.add(place, "Parameter", (), [parameter.array])

    def enter(module: Module, args: Any) -> None:
        graph.modules.append(graph.paths.get(id(module), graph.modules[-1]))

    def leave(module: Module, args: Any, result: Any) -> None:
        graph.modules.pop()

    hooks = [
        register_module_forward_pre_hook(enter),
        register_module_forward_hook(leave, always_call=True),
    ]
    try:
        with no_grad(), each_call(graph.call):
            result = model(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    outputs = result if isinstance(result, (tuple, list)) else (result,)
    for number, value in enumerate(outputs):
        if isinstance(value, Tensor):
            graph.add(f"output/{number}", "Output", [value.array])
    return graph_pb2.GraphDef(node=graph.nodes, versions=versions_pb2.VersionDef(producer=22))
