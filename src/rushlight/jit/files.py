"""`torch.jit.save` and `load`: the steps of a traced module as data.

A file holds what `torch.fx` knows of a module: its steps by name, its layers as the names of
classes of `torch.nn` with their settings, and its tensors. It is a checkpoint of `torch.save`, and
reading it runs nothing: names are looked up among the functions on tensors, Python's operators and
`math`.
"""

from __future__ import annotations

import os
from typing import Any, BinaryIO

from ..fx import _symbolic_trace
from ..fx.graph import Graph
from ..fx.graph_module import GraphModule
from ..fx.proxy import TraceError
from ..nn.module import Module
from ..nn.parameter import Parameter
from ..serialization import load as load_checkpoint
from ..serialization import save as save_checkpoint
from ..serialization.errors import CheckpointError, one_line
from .encoding import Decoder, Encoder, UnsafeError, decoded_layer, encoded_layer
from .script import ScriptFunction, ScriptModule
from .tracing import TopLevelTracedModule

_FORMAT = "rushlight.jit"
_VERSION = 1


def save(m: Any, f: str | os.PathLike[str] | BinaryIO, _extra_files: Any = None) -> None:
    """Writes a module or function of `trace` or `script` to a file that `load` reads.

    What was traced is written as its recorded calls. What was scripted is traced by `torch.fx`
    first, which knows no values: RuntimeError where `if` or `for` needs one, or where the calls are
    of functions that only this program has; trace it with examples then, or save its
    `state_dict()`. Unlike PyTorch's, the file is none of TorchScript, and PyTorch does not read it.

    >>> import rushlight as torch
    >>> net = torch.jit.trace(torch.nn.Linear(3, 2), torch.ones(1, 3))
    >>> torch.jit.save(net, "net.pt")
    >>> again = torch.jit.load("net.pt")
    >>> torch.equal(again(torch.ones(1, 3)), net(torch.ones(1, 3)))
    True
    """
    if not isinstance(m, (ScriptModule, ScriptFunction)):
        raise AttributeError(
            f"'{type(m).__name__}' object has no attribute 'save': torch.jit.save takes what "
            "torch.jit.script or torch.jit.trace has returned; torch.save(model.state_dict(), "
            "file) saves the values of a module"
        )
    name = m.original_name if isinstance(m, ScriptModule) else m.name
    try:
        content = _content(_traced(m, name), name, isinstance(m, ScriptFunction))
    except UnsafeError as error:
        raise RuntimeError(
            f"torch.jit.save: {name} cannot be saved: {error}; torch.save(model.state_dict(), "
            "file) saves the values of a module"
        ) from None
    content["extra_files"] = {
        str(key): value.decode() if isinstance(value, bytes) else str(value)
        for key, value in (_extra_files or {}).items()
    }
    save_checkpoint(content, f)


def _traced(m: Any, name: str) -> GraphModule:
    """The module with a graph that says what something does."""
    if isinstance(m, GraphModule):
        return m
    if isinstance(m, ScriptFunction):
        if isinstance(m.function, GraphModule):
            return m.function
        m = m.function
    tracer = _symbolic_trace.Tracer()
    try:
        graph = tracer.trace(m)
    except TraceError as error:
        raise RuntimeError(
            f"torch.jit.save: what {name} does depends on values ({error}); save "
            "torch.jit.trace(module, examples), or state_dict() by torch.save"
        ) from None
    if isinstance(m, Module):
        return TopLevelTracedModule(m, graph, name)
    return GraphModule(tracer.root, graph, name)


def _content(traced: GraphModule, name: str, is_function: bool) -> dict[str, Any]:
    encoder = Encoder(traced.graph)
    layers = {node.target for node in traced.graph.nodes if node.op == "call_module"}
    modules = {}
    for path, module in traced.named_modules():
        is_layer = any(path == layer or path.startswith(layer + ".") for layer in layers)
        mode = {"training": module.training}
        modules[path] = encoded_layer(module, encoder) if is_layer else mode
    plain = {id(p): p.detach() for p in traced.parameters()}  # one that is at two paths stays one
    persistent = set(traced.state_dict())
    return {
        "format": _FORMAT, "version": _VERSION, "name": name, "is_function": is_function,
        "steps": encoder.steps(), "modules": modules,
        "parameters": {path: plain[id(p)] for path, p in _members(traced, "_parameters")},
        "trained": [path for path, p in _members(traced, "_parameters") if p.requires_grad],
        "buffers": dict(_members(traced, "_buffers")),
        "not_persistent": [p for p, _ in _members(traced, "_buffers") if p not in persistent],
    }  # fmt: skip


def _members(module: Module, kind: str) -> list[tuple[str, Any]]:
    """All parameters or buffers by their paths, those that stand at two paths twice."""
    return list(
        module._named_members(lambda m: getattr(m, kind).items(), remove_duplicate=False)
    )


def load(
    f: str | os.PathLike[str] | BinaryIO, map_location: Any = None, _extra_files: Any = None,
    _restore_shapes: bool = False,
) -> Any:  # fmt: skip
    """The module or function of a file that `save` has written.

    Nothing of the file is run when it is read. TorchScript files of PyTorch's hold programs, and
    are refused: save the module's `state_dict()` there, and load it into the module's class here.

    Raises RuntimeError for a file of another kind, ValueError if there is none.

    >>> import rushlight as torch
    >>> torch.jit.save(torch.jit.script(torch.nn.ReLU()), "relu.pt")
    >>> torch.jit.load("relu.pt")(torch.tensor([-1.0, 1.0]))
    tensor([0., 1.])
    """
    if isinstance(f, (str, os.PathLike)):
        if not os.path.exists(f):
            raise ValueError(f"The provided filename {os.fspath(f)} does not exist")
        if os.path.isdir(f):
            raise ValueError(f"The provided filename {os.fspath(f)} is a directory")
    content = load_checkpoint(f, map_location=map_location)
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise RuntimeError(
            f"torch.jit.load: {_name_of(f)} is no file of torch.jit.save; torch.load reads "
            "checkpoints"
        )
    if content.get("version") != _VERSION:
        raise RuntimeError(
            f"torch.jit.load: {_name_of(f)} is of version {content.get('version')!r}, and this is "
            f"{_VERSION}"
        )
    try:
        made = _rebuilt(content)
    except (
        UnsafeError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError,
        RuntimeError, AssertionError, SyntaxError, ImportError,
    ) as error:  # fmt: skip
        why = one_line(str(error))
        raise CheckpointError(f"torch.jit.load: {_name_of(f)} is damaged ({why})") from None
    if _extra_files is not None:
        extra = content.get("extra_files", {})
        for key in list(_extra_files):
            _extra_files[key] = str(extra.get(key, "")).encode()
    return made


def _name_of(f: Any) -> str:
    is_path = isinstance(f, (str, os.PathLike))
    return os.fspath(f) if is_path else str(getattr(f, "name", "the file"))


def _rebuilt(content: dict[str, Any]) -> Any:
    graph: Graph = Decoder().graph(content["steps"])
    root = _Loaded({}, Graph(), str(content["name"]))
    for path, encoded in content["modules"].items():
        module = decoded_layer(encoded)
        if path:
            place, _, name = path.rpartition(".")
            root.get_submodule(place).add_module(name, module)
        else:
            root.training = module.training
    trained, others = set(content["trained"]), set(content["not_persistent"])
    seen: dict[int, Parameter] = {}  # those that stand at two paths
    for path, value in content["parameters"].items():
        if id(value) not in seen:
            seen[id(value)] = Parameter(value, requires_grad=path in trained)
        place, _, name = path.rpartition(".")
        root.get_submodule(place).register_parameter(name, seen[id(value)])
    for path, value in content["buffers"].items():
        place, _, name = path.rpartition(".")
        root.get_submodule(place).register_buffer(name, value, persistent=path not in others)
    _check_targets(graph, root)
    graph.lint()
    root.graph = graph
    root.__dict__["_original_name"] = str(content["name"])
    return ScriptFunction(root) if content["is_function"] else root


def _check_targets(graph: Graph, root: Module) -> None:
    """Whether steps name layers and tensors alone: a module's methods would write files, too."""
    layers = {path for path, _ in root.named_modules(remove_duplicate=False) if path}
    tensors = {path for kind in ("_parameters", "_buffers") for path, _ in _members(root, kind)}
    for node in graph.nodes:
        if node.op == "call_module" and node.target not in layers:
            raise UnsafeError(f"a step calls the layer {node.target}, which is not there")
        if node.op == "get_attr" and node.target not in tensors:
            raise UnsafeError(f"a step reads the tensor {node.target}, which is not there")


class _Loaded(GraphModule, ScriptModule):
    """What `load` returns."""

    def _get_name(self) -> str:
        return "RecursiveScriptModule"

    def extra_repr(self) -> str:
        return f"original_name={self.original_name}"

    def __str__(self) -> str:
        return repr(self)


