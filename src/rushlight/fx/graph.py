"""A function as data: its steps, which can be read, changed and written as Python again."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..nn.module import Module
from .codegen import CodeGen, PythonCode, Writer
from .names import short_name
from .namespace import Namespace, is_magic, snake_case
from .node import OPS, Argument, Node, Target, map_arg

if TYPE_CHECKING:
    from .graph_module import GraphModule


class _NodeList:
    """The nodes of a graph in order. It may be changed while one goes through it."""

    def __init__(self, graph: Graph, backwards: bool = False) -> None:
        self.graph, self.backwards = graph, backwards

    def __len__(self) -> int:
        return self.graph._length

    def __iter__(self) -> Iterator[Node]:
        root = self.graph._root
        node = root._prev if self.backwards else root._next
        while node is not root:
            if not node._erased:
                yield node
            node = node._prev if self.backwards else node._next

    def __reversed__(self) -> Iterator[Node]:
        return iter(_NodeList(self.graph, not self.backwards))


class _InsertPoint:
    """A context in which new nodes stand at a place; without `with` they do so from then on."""

    def __init__(self, graph: Graph, insert: Callable[[Node], None]) -> None:
        self.graph = graph
        self.before, graph._insert = graph._insert, insert

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: Any) -> None:
        self.graph._insert = self.before


class Graph:
    """The steps of a function: placeholders, calls, attributes that are read, an output.

    >>> import rushlight as torch
    >>> graph = torch.fx.Graph()
    >>> x = graph.placeholder("x")
    >>> doubled = graph.call_function(torch.add, (x, x))
    >>> _ = graph.output(doubled)
    >>> print(graph)
    graph():
        %x : [num_users=1] = placeholder[target=x]
        %add : [num_users=1] = call_function[target=torch.add](args = (%x, %x), kwargs = {})
        return add
    >>> torch.fx.GraphModule(torch.nn.Module(), graph)(torch.tensor(3))
    tensor(6)
    """

    def __init__(
        self, owning_module: GraphModule | None = None, tracer_cls: type | None = None,
        tracer_extras: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self._root = Node(self, "", "root", "", (), {})
        self._length = 0
        self._insert: Callable[[Node], None] = self._root.prepend
        self._namespace = Namespace()
        self._codegen = CodeGen()
        self._tracer_cls, self._tracer_extras = tracer_cls, tracer_extras
        self.owning_module = owning_module

    @property
    def nodes(self) -> _NodeList:
        return _NodeList(self)

    def output_node(self) -> Node:
        """The node that says what is returned."""
        return next(node for node in reversed(self.nodes) if node.op == "output")

    def find_nodes(self, *, op: str, target: Target | None = None, sort: bool = True) -> list[Node]:
        """The nodes of a kind, all or those of one target; they always come in order."""
        matches = (node for node in self.nodes if node.op == op)
        return [node for node in matches if target is None or node.target == target]

    # ---- making nodes

    def create_node(
        self, op: str, target: Target, args: tuple[Argument, ...] | None = None,
        kwargs: dict[str, Argument] | None = None, name: str | None = None, type_expr: Any = None,
    ) -> Node:  # fmt: skip
        """Adds a node at the place where nodes are added; `name` is made unique."""
        args, kwargs = () if args is None else args, {} if kwargs is None else kwargs
        if not isinstance(args, tuple) or not isinstance(kwargs, dict):
            raise AssertionError(
                f"create_node: args must be a tuple and kwargs a dict, not {type(args).__name__} "
                f"and {type(kwargs).__name__}"
            )
        candidate = self._target_to_str(target) if name is None else name
        unique = self._namespace.create_name(candidate, None)
        node = Node(self, unique, op, target, args, kwargs, type_expr)
        self._namespace._names[node] = unique
        self._insert(node)
        self._length += 1
        return node

    def placeholder(
        self, name: str, type_expr: Any = None, default_value: Any = ...
    ) -> Node:
        """Adds an input; `default_value` is what it has where nothing is given."""
        args = () if default_value is ... else (default_value,)
        return self.create_node("placeholder", name, args, type_expr=type_expr)

    def get_attr(self, qualified_name: str, type_expr: Any = None) -> Node:
        """Adds the reading of an attribute of the module, such as "conv.weight"."""
        if self.owning_module is not None and not _has(self.owning_module, qualified_name):
            warnings.warn(
                "Attempted to insert a get_attr Node with no underlying reference in the owning "
                "GraphModule! Call GraphModule.add_submodule to add the necessary submodule, "
                "GraphModule.add_parameter to add the necessary Parameter, or "
                "nn.Module.register_buffer to add the necessary buffer",
                stacklevel=2,
            )
        return self.create_node("get_attr", qualified_name, type_expr=type_expr)

    def call_module(
        self, module_name: str, args: tuple[Argument, ...] | None = None,
        kwargs: dict[str, Argument] | None = None, type_expr: Any = None,
    ) -> Node:  # fmt: skip
        """Adds the call of a module below the graph's own, such as "layers.0"."""
        owner = self.owning_module
        if owner is not None and module_name not in dict(owner.named_modules()):
            warnings.warn(
                "Attempted to insert a call_module Node with no underlying reference in the owning "
                "GraphModule! Call GraphModule.add_submodule to add the necessary submodule",
                stacklevel=2,
            )
        return self.create_node("call_module", module_name, args, kwargs, type_expr=type_expr)

    def call_method(
        self, method_name: str, args: tuple[Argument, ...] | None = None,
        kwargs: dict[str, Argument] | None = None, type_expr: Any = None,
    ) -> Node:  # fmt: skip
        """Adds the call of a method of the first argument."""
        return self.create_node("call_method", method_name, args, kwargs, type_expr=type_expr)

    def call_function(
        self, the_function: Callable[..., Any], args: tuple[Argument, ...] | None = None,
        kwargs: dict[str, Argument] | None = None, type_expr: Any = None, name: str | None = None,
    ) -> Node:  # fmt: skip
        """Adds the call of a function."""
        return self.create_node("call_function", the_function, args, kwargs, name, type_expr)

    def output(self, result: Argument, type_expr: Any = None) -> Node:
        """Adds what is returned."""
        return self.create_node("output", "output", (result,), type_expr=type_expr)

    def _target_to_str(self, target: Target) -> str:
        name = short_name(target) if callable(target) else target
        return snake_case(name[2:-2] if is_magic(name) else name)

    # ---- where nodes are added

    def inserting_before(self, n: Node | None = None) -> _InsertPoint:
        """New nodes come before `n`; without it, first of all."""
        if n is None:
            return self.inserting_after(self._root)
        self._check_own(n)
        return _InsertPoint(self, n.prepend)

    def inserting_after(self, n: Node | None = None) -> _InsertPoint:
        """New nodes come after `n`, each after the one before; without it, last of all."""
        if n is None:
            return self.inserting_before(self._root)
        self._check_own(n)
        last = n

        def insert(node: Node) -> None:
            nonlocal last
            (n if last._erased else last).append(node)
            last = node

        return _InsertPoint(self, insert)

    def _check_own(self, node: Node) -> None:
        if node.graph is not self:
            raise AssertionError("Node to insert before is not in graph.")

    def erase_node(self, to_erase: Node) -> None:
        """Takes a node out that nothing uses; RuntimeError if something does."""
        if to_erase.users:
            raise RuntimeError(
                f"Tried to erase Node {to_erase} but it still had {len(to_erase.users)} users in "
                f"the graph: {to_erase.users}!"
            )
        if to_erase.graph is not self:
            raise RuntimeError(f"Attempting to remove {to_erase} from wrong graph!")
        if to_erase._erased:
            warnings.warn(f"erase_node({to_erase}) on an already erased node", stacklevel=2)
            return
        to_erase._remove_from_list()
        to_erase._erased = True  # it keeps its neighbours, for whoever goes through the list
        self._length -= 1
        to_erase._update((), {})

    # ---- copies

    def node_copy(
        self, node: Node, arg_transform: Callable[[Node], Argument] = lambda node: node
    ) -> Node:
        """Adds a copy of another graph's node, with `arg_transform` of the nodes it is given."""
        args, kwargs = map_arg((node.args, node.kwargs), arg_transform)
        copied = self.create_node(
            node.op, node.target, tuple(args), dict(kwargs), node.name, node.type
        )
        copied.meta = dict(node.meta)
        return copied

    def graph_copy(
        self, g: Graph, val_map: dict[Node, Node], return_output_node: bool = False
    ) -> Argument:
        """Adds copies of all nodes of a graph, and returns what stands for its result.

        `val_map` says which nodes stand for the nodes that it has already, and learns the others.
        """
        for node in g.nodes:
            if node in val_map:
                continue
            if node.op == "output":
                result = map_arg(node.args[0], lambda n: val_map[n])
                return (result, node) if return_output_node else result
            val_map[node] = self.node_copy(node, lambda n: val_map[n])
        return None

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Graph:
        copied = type(self)(tracer_cls=self._tracer_cls)
        found = copied.graph_copy(self, val_map={}, return_output_node=True)
        if found is not None:
            result, old = found
            output = copied.output(result, old.type)
            output.meta = dict(old.meta)
        copied._codegen = self._codegen
        return copied

    def __reduce__(self) -> Any:
        from .pickling import rebuild_graph, steps_of  # which needs graphs

        return rebuild_graph, (steps_of(self), self._codegen)

    # ---- code

    def python_code(self, root_module: str, *, verbose: bool = False) -> PythonCode:
        """The graph as a Python function; its first argument is the module that has it.

        >>> import rushlight as torch
        >>> graph = torch.fx.symbolic_trace(lambda x: (x + 1) * 2).graph
        >>> print(graph.python_code("self").src.strip())
        def forward(self, x):
            add = x + 1;  x = None
            mul = add * 2;  add = None
            return mul
        """
        names = Namespace()
        given = {node: node.name for node in self.nodes}
        try:
            for node in given:  # no name may hide one of Python's, or a global
                node.name = names.create_name(node.name, node)
            return Writer(self._codegen, self.nodes, root_module, names).write(verbose)
        finally:
            for node, name in given.items():
                node.name = name

    def process_inputs(self, *args: Any) -> Any:
        return self._codegen.process_inputs(*args)

    def process_outputs(self, out: Any) -> Any:
        return self._codegen.process_outputs(out)

    def set_codegen(self, codegen: CodeGen) -> None:
        self._codegen = codegen

    def __str__(self) -> str:
        return "".join(["graph():", *(f"\n    {node.format_node()}" for node in self.nodes)])

    def print_tabular(self) -> None:
        """Prints the nodes as a table, for which the package tabulate must be installed."""
        try:
            from tabulate import tabulate  # type: ignore[import-untyped,import-not-found,unused-ignore]  # noqa: I001, E501
        except ImportError:
            print(
                "`print_tabular` relies on the library `tabulate`, which could not be found on "
                "this machine. Run `pip install tabulate` to install the library."
            )
            raise
        rows = [[n.op, n.name, n.target, n.args, n.kwargs] for n in self.nodes]
        print(tabulate(rows, headers=["opcode", "name", "target", "args", "kwargs"]))

    # ---- checks and passes

    def lint(self) -> None:
        """Raises a RuntimeError where the graph is not well-formed.

        Nodes must come after those they use, belong to this graph, have names of their own, and
        targets that the module has.
        """
        seen: set[Node] = set()
        names: set[str] = set()
        for node in self.nodes:
            if node.op not in OPS:
                raise RuntimeError(f"Node {node} had unknown opcode {node.op}!")
            if node.graph is not self:
                raise RuntimeError(f"Node '{node}' does not belong to this Graph!")
            for used in node.all_input_nodes:
                self._check_use(used, node, seen)
            seen.add(node)
            if node.name in names:
                raise RuntimeError(f"Node redefined name {node.name}!")
            names.add(node.name)
        if self.owning_module is not None:
            for node in self.nodes:
                if node.op in ("get_attr", "call_module"):
                    _check_target(self.owning_module, node)

    def _check_use(self, used: Node, node: Node, seen: set[Node]) -> None:
        if used.graph is not self:
            raise RuntimeError(
                f"Argument '{used}' of Node '{node}' does not belong to this Graph, but was used "
                "as an argument! If you are copying nodes from another graph, make sure to use "
                f"``arg_transform`` on node_copy() to remap values\n{self}"
            )
        if used not in seen:
            raise RuntimeError(
                f"Argument '{used}' of Node '{node}' was used before it has been defined! Please "
                f"check that Nodes in the graph are topologically ordered\n{self}"
            )

    def eliminate_dead_code(self, is_impure_node: Callable[[Node], bool] | None = None) -> bool:
        """Erases the nodes that nothing uses and that change nothing; says whether there were any.

        >>> import rushlight as torch
        >>> def f(x):
        ...     unused = x + 1
        ...     return x * 2
        >>> graph = torch.fx.symbolic_trace(f).graph
        >>> graph.eliminate_dead_code(), [node.name for node in graph.nodes]
        (True, ['x', 'mul', 'output'])
        """
        self.lint()
        changed = False
        for node in reversed(self.nodes):
            stays = node.is_impure() if is_impure_node is None else is_impure_node(node)
            if not stays and not node.users:
                self.erase_node(node)
                changed = True
        return changed


def _has(module: Module, path: str) -> bool:
    """Whether a module has a parameter, buffer or module at a path."""
    place, _, name = path.rpartition(".")
    try:
        owner = module.get_submodule(place)
    except AttributeError:
        warnings.warn(f"Failed to fetch module {place}!", stacklevel=4)
        return False
    return any(name in kind for kind in (owner._parameters, owner._buffers, owner._modules))


def _check_target(module: Module, node: Node) -> None:
    """RuntimeError if a module does not have what a node reads or calls."""
    found: Any = module
    path = node.target.split(".")
    for i, name in enumerate(path):
        found = getattr(found, name, None)
        before = ".".join(path[:i])
        if found is None:
            raise RuntimeError(
                f"Node {node} target {node.target} references nonexistent attribute {name} of "
                f"{before}"
            )
        if node.op == "call_module" and not isinstance(found, Module):
            raise RuntimeError(
                f"Node {node} target {node.target} {name} of {before} does not reference an "
                "nn.Module"
            )
