"""A module whose `forward` is generated from a graph."""

from __future__ import annotations

import copy
import itertools
import linecache
import weakref
from typing import Any

from ..nn.module import Module
from ..nn.parameter import Parameter
from ..tensor import Tensor
from .codegen import PythonCode, PyTreeCodeGen
from .graph import Graph

_numbers = itertools.count()


def _compiled(code: PythonCode) -> Any:
    """The function of generated code, whose lines tracebacks show."""
    name = f"<eval_with_key>.{next(_numbers)}"
    names = dict(code.globals)
    linecache.cache[name] = (len(code.src), None, code.src.splitlines(True), name)
    exec(compile(code.src, name, "exec"), names)
    function = names["forward"]
    weakref.finalize(function, linecache.cache.pop, name, None)
    return function


class GraphModule(Module):
    """A module whose `forward` is generated from `graph`; what it reads is copied from `root`.

    `root` is a module, or a dictionary from paths to what stands there. After a change of the
    graph, `recompile()` makes the code anew.

    >>> import rushlight as torch
    >>> traced = torch.fx.symbolic_trace(torch.nn.Sequential(torch.nn.ReLU()))
    >>> print(traced.code.strip())
    def forward(self, input):
        input_1 = input
        _0 = getattr(self, "0")(input_1);  input_1 = None
        return _0
    >>> for node in traced.graph.nodes:
    ...     if node.op == "call_module":
    ...         node.op, node.target = "call_function", torch.sigmoid
    >>> _ = traced.recompile()
    >>> traced(torch.zeros(2))
    tensor([0.5000, 0.5000])
    """

    _graph: Graph

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        # Each instance has a class of its own, for its own `forward`.
        base = cls.__bases__[0] if vars(cls).get("_is_of_one_instance") else cls
        own = type("GraphModuleImpl", (base,), {"_is_of_one_instance": True})
        own.__module__ = base.__module__
        return super().__new__(own)

    def __init__(
        self, root: Module | dict[str, Any], graph: Graph, class_name: str = "GraphModule"
    ) -> None:
        super().__init__()
        type(self).__name__ = class_name
        targets = [node.target for node in graph.nodes if node.op in ("get_attr", "call_module")]
        if isinstance(root, Module):
            self.training = root.training
            for target in targets:
                _copy_attr(root, self, target)
        elif isinstance(root, dict):
            self._take_from(root, graph)
        else:
            raise RuntimeError(f"Unsupported type {root} passed for root!")
        self.graph = graph
        self._tracer_cls = graph._tracer_cls
        self._tracer_extras = graph._tracer_extras or {}
        self.meta: dict[str, Any] = {}

    def _take_from(self, root: dict[str, Any], graph: Graph) -> None:
        targets = []
        for node in graph.nodes:
            if node.op in ("get_attr", "call_module"):
                if node.target not in root:
                    raise RuntimeError(
                        f"Node {node} referenced target {node.target} but that target was not "
                        "provided in ``root``!"
                    )
                targets.append(node.target)
        # Modules before what is in them.
        for target in sorted(targets, key=lambda path: path.count(".")):
            _assign_attr(root[target], self, target)

    # ---- its graph and code

    @property
    def graph(self) -> Graph:
        return self._graph

    @graph.setter
    def graph(self, graph: Graph) -> None:
        if not isinstance(graph, Graph):
            raise AssertionError(f"Expected a Graph instance, but got {type(graph)}")
        self._graph = graph
        graph.owning_module = self
        self.recompile()

    @property
    def code(self) -> str:
        """The text of `forward`."""
        if "_code" not in self.__dict__:
            raise RuntimeError("Code has not been generated! Call recompile() first")
        return self._code

    def recompile(self) -> PythonCode:
        """Makes `forward` anew from the graph: to be called after changing it."""
        codegen = self._graph._codegen
        if isinstance(codegen, PyTreeCodeGen):
            self._in_spec = codegen.pytree_info.in_spec
            self._out_spec = codegen.pytree_info.out_spec
        code = self._graph.python_code("self")
        self._code = code.src
        own: Any = type(self)
        own.forward = _compiled(code)
        return code

    def print_readable(self, print_output: bool = True) -> str:
        """The code with what is known of each value, as of a class; printed and returned.

        >>> import rushlight as torch
        >>> text = torch.fx.symbolic_trace(lambda x: x + 1).print_readable(print_output=False)
        >>> text.splitlines()[1]
        '    def forward(self, x):'
        """
        text = _readable(self, self._get_name())
        if print_output:
            print(text)
        return text

    def __str__(self) -> str:
        reminder = "# To see more debug info, please use `graph_module.print_readable()`"
        return "\n".join([super().__str__(), self._code, reminder])

    # ---- its modules

    def add_submodule(self, target: str, m: Module) -> bool:
        """Puts a module at a path, with empty ones on the way; False where something else is."""
        *path, name = target.split(".")
        owner: Any = self
        for part in path:
            found = getattr(owner, part, None)
            if found is None:
                found = Module()
                setattr(owner, part, found)
            if not isinstance(found, Module):
                return False
            owner = found
        owner.add_module(name, m)
        return True

    def delete_submodule(self, target: str) -> bool:
        """Takes away the module at a path; False if there is none."""
        path, _, name = target.rpartition(".")
        try:
            owner = self.get_submodule(path)
        except AttributeError:
            return False
        if not isinstance(getattr(owner, name, None), Module):
            return False
        delattr(owner, name)
        return True

    def delete_all_unused_submodules(self) -> None:
        """Takes away the modules that the graph neither calls nor reads from.

        >>> import rushlight as torch
        >>> traced = torch.fx.symbolic_trace(torch.nn.Sequential(torch.nn.Tanh(), torch.nn.ReLU()))
        >>> node = next(node for node in traced.graph.nodes if node.target == "1")
        >>> _ = node.replace_all_uses_with(node.args[0])
        >>> traced.graph.erase_node(node)
        >>> traced.delete_all_unused_submodules()
        >>> [name for name, _ in traced.named_children()]
        ['0']
        """
        used: set[str] = set()
        for node in self.graph.nodes:
            if node.op in ("call_module", "get_attr"):
                used.update(itertools.accumulate(node.target.split("."), "{}.{}".format))
            if node.op == "call_module":
                for path, _ in self.get_submodule(node.target).named_modules():
                    used.add(f"{node.target}.{path}")
        for path in [path for path, _ in self.named_modules() if path and path not in used]:
            self.delete_submodule(path)

    # ---- copies

    def _state(self) -> dict[str, Any]:
        """Its attributes without the graph, and without a tracer that nobody finds by its name."""
        state = self.__getstate__()
        del state["_graph"], state["_code"]
        if "<locals>" in getattr(self._tracer_cls, "__qualname__", ""):
            state["_tracer_cls"] = None
        return state

    def __reduce__(self) -> Any:
        return _rebuild, (type(self).__bases__[0], type(self).__name__, self._state(), self._graph)

    def __deepcopy__(self, memo: dict[int, Any]) -> GraphModule:
        state = copy.deepcopy(self._state(), memo)
        return _rebuild(type(self), type(self).__name__, state, copy.deepcopy(self._graph, memo))

    def __copy__(self) -> GraphModule:
        made = GraphModule(self, copy.copy(self._graph), type(self).__name__)
        made.meta = self.meta
        return made


def _rebuild(kind: type[GraphModule], name: str, state: dict[str, Any], graph: Graph) -> Any:
    made = kind.__new__(kind)
    made.__dict__.update(state)
    type(made).__name__ = name
    made.graph = graph
    return made


def _copy_attr(source: Module, to: Module, target: str) -> None:
    """Gives a module what stands at a path of another, with empty modules on the way."""
    *path, name = target.split(".")
    origin: Any = source
    owner: Any = to
    for part in path:
        origin, found = getattr(origin, part), getattr(owner, part, None)
        if found is origin:
            return
        if found is None:
            found = Module()
            setattr(owner, part, found)
        owner = found
    _set(owner, name, getattr(origin, name))


def _assign_attr(value: Any, to: Module, target: str) -> None:
    *path, name = target.split(".")
    owner: Any = to
    for part in path:
        if getattr(owner, part, None) is None:
            setattr(owner, part, Module())
        owner = getattr(owner, part)
    _set(owner, name, value)


def _set(owner: Module, name: str, value: Any) -> None:
    """Sets an attribute; a tensor becomes a buffer."""
    if isinstance(value, Tensor) and not isinstance(value, Parameter):
        owner.register_buffer(name, value)
    else:
        setattr(owner, name, value)


def _readable(module: Any, name: str) -> str:
    code = module.graph.python_code("self", verbose=True).src.lstrip("\n")
    text = _moved(f"class {name}(torch.nn.Module):\n{code}")
    below = [
        _readable(child, path) for path, child in module.named_children()
        if isinstance(child, GraphModule)
    ]  # fmt: skip
    return text + _moved("\n".join(["", *below]))


def _moved(text: str) -> str:
    """All lines but the first one step to the right."""
    first, _, rest = text.partition("\n")
    moved = [f"    {line}" if line.strip() else "" for line in rest.split("\n")]
    return "\n".join([first, *moved]) if rest else text
