"""The nodes of a graph: a call, an input, an attribute or the output each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .immutable_collections import immutable_dict, immutable_list
from .names import qualified_name, shown_target, type_repr

if TYPE_CHECKING:
    from .graph import Graph

OPS = ("placeholder", "call_method", "call_module", "call_function", "get_attr", "output")
Argument = Any
Target = Any
_get_qualified_name = qualified_name

_side_effectful_functions: set[Callable[..., Any]] = set()


def has_side_effect(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Says of a function that its calls stay, even where nothing uses their results.

    >>> import rushlight as torch
    >>> @torch.fx.node.has_side_effect
    ... def log(x):
    ...     print(x)
    """
    _side_effectful_functions.add(fn)
    return fn


def map_arg(a: Argument, fn: Callable[[Node], Argument]) -> Argument:
    """The argument with `fn` of each node in it.

    >>> import rushlight as torch
    >>> graph = torch.fx.Graph()
    >>> x = graph.placeholder("x")
    >>> torch.fx.map_arg((x, 2, [x]), lambda node: node.name)
    ('x', 2, ['x'])
    """
    return map_aggregate(a, lambda value: fn(value) if isinstance(value, Node) else value)


def map_aggregate(a: Argument, fn: Callable[[Argument], Argument]) -> Argument:
    """The argument with `fn` of all that is no container; lists and dictionaries become unchangeable.

    >>> import rushlight as torch
    >>> torch.fx.node.map_aggregate({"a": [1, 2], "b": (3,)}, lambda value: value + 1)
    {'a': [2, 3], 'b': (4,)}
    """  # noqa: E501
    if isinstance(a, tuple):
        parts = [map_aggregate(part, fn) for part in a]
        return type(a)(*parts) if hasattr(a, "_fields") else tuple(parts)
    if isinstance(a, list):
        return immutable_list([map_aggregate(part, fn) for part in a])
    if isinstance(a, dict):
        return immutable_dict({key: map_aggregate(value, fn) for key, value in a.items()})
    if isinstance(a, slice):
        return slice(*(map_aggregate(part, fn) for part in (a.start, a.stop, a.step)))
    return fn(a)


class Node:
    """One step of a graph: `op` says of which kind, `target` what is called or read.

    Those that use it are the keys of `users`. Nodes stand in a list, in the order of execution, from
    which `prepend`, `append` and `Graph.erase_node` take and to which they add.

    >>> import rushlight as torch
    >>> traced = torch.fx.symbolic_trace(lambda x: x.relu() + 1)
    >>> for node in traced.graph.nodes:
    ...     print(node.op, node.name, node.target, node.args)
    placeholder x x ()
    call_method relu relu (x,)
    call_function add <built-in function add> (relu, 1)
    output output output (add,)
    """  # noqa: E501

    _args: tuple[Argument, ...]
    _kwargs: dict[str, Argument]

    def __init__(
        self, graph: Graph, name: str, op: str, target: Target, args: tuple[Argument, ...],
        kwargs: dict[str, Argument], return_type: Any = None,
    ) -> None:  # fmt: skip
        if op not in OPS and op != "root":
            raise AssertionError(f"unknown opcode {op}")
        if op == "call_function" and not callable(target):
            raise ValueError(
                f"Node [graph = {graph}, name = '{name}'] target {target} has type "
                f"{type(target).__name__} but a Callable is expected"
            )
        if op != "call_function" and not isinstance(target, str):
            raise ValueError(
                f"Node [graph = {graph}, name = '{name}'] target {target} has type "
                f"{type(target).__name__} but a str is expected"
            )
        self.graph, self.name, self.op, self.target = graph, name, op, target
        self.type = return_type
        self.meta: dict[str, Any] = {}
        self.users: dict[Node, None] = {}
        self._input_nodes: dict[Node, None] = {}
        self._prev: Node = self
        self._next: Node = self
        self._erased = False
        self._args, self._kwargs = (), {}
        self._update(args, kwargs)

    def __repr__(self) -> str:
        return self.name

    # ---- its place in the list

    @property
    def next(self) -> Node:
        return self._next

    @property
    def prev(self) -> Node:
        return self._prev

    def prepend(self, x: Node) -> None:
        """Moves another node of the graph to the place before this one."""
        if self.graph is not x.graph:
            raise AssertionError("Attempting to move a Node into a different Graph")
        if self is x:
            return
        x._remove_from_list()
        previous = self._prev
        previous._next, x._prev = x, previous
        x._next, self._prev = self, x

    def append(self, x: Node) -> None:
        """Moves another node of the graph to the place after this one."""
        self._next.prepend(x)

    def _remove_from_list(self) -> None:
        self._prev._next, self._next._prev = self._next, self._prev

    # ---- what it is given

    @property
    def args(self) -> tuple[Argument, ...]:
        return self._args

    @args.setter
    def args(self, values: tuple[Argument, ...]) -> None:
        self._update(values, self._kwargs)

    @property
    def kwargs(self) -> dict[str, Argument]:
        return self._kwargs

    @kwargs.setter
    def kwargs(self, values: dict[str, Argument]) -> None:
        self._update(self._args, values)

    def _update(self, args: Any, kwargs: Any) -> None:
        """Sets the arguments, and lets the nodes among them know who uses them."""
        for old in self._input_nodes:
            old.users.pop(self, None)
        found: dict[Node, None] = {}

        def note(node: Node) -> Node:
            found[node] = None
            return node

        self._args = map_arg(tuple(args), note)
        self._kwargs = map_arg(dict(kwargs), note)
        self._input_nodes = found
        for node in found:
            node.users[self] = None

    @property
    def all_input_nodes(self) -> list[Node]:
        """The nodes among the arguments, each once, in order."""
        return list(self._input_nodes)

    def update_arg(self, idx: int, arg: Argument) -> None:
        args = list(self.args)
        args[idx] = arg
        self.args = tuple(args)

    def insert_arg(self, idx: int, arg: Argument) -> None:
        if not 0 <= idx <= len(self.args):
            raise AssertionError(
                f"insert_args index must be between 0 and len(self.args), got {idx}"
            )
        self.args = (*self.args[:idx], arg, *self.args[idx:])

    def update_kwarg(self, key: str, arg: Argument) -> None:
        self.kwargs = {**self.kwargs, key: arg}

    def replace_input_with(self, old_input: Node, new_input: Node) -> None:
        """Puts one node in the place of another among the arguments."""
        args, kwargs = map_arg(
            (self.args, self.kwargs), lambda node: new_input if node is old_input else node
        )
        self._update(args, kwargs)

    def replace_all_uses_with(
        self, replace_with: Node, delete_user_cb: Callable[[Node], bool] = lambda user: True,
        *, propagate_meta: bool = False,
    ) -> list[Node]:  # fmt: skip
        """Lets those that use this node use another instead, if `delete_user_cb` says so of them.

        Returns the nodes that changed. `propagate_meta` gives `replace_with` this node's `meta`.
        """
        if propagate_meta:
            if replace_with.meta:
                raise AssertionError(
                    "Called node.replace_all_uses_with(replace_with, propagate_meta=True), but "
                    "replace_with already has .meta keys"
                )
            replace_with.meta.update(self.meta)
        changed = [user for user in self.users if delete_user_cb(user)]
        for user in changed:
            user.replace_input_with(self, replace_with)
        return changed

    # ---- what it does

    @property
    def stack_trace(self) -> str | None:
        return self.meta.get("stack_trace")

    @stack_trace.setter
    def stack_trace(self, trace: str | None) -> None:
        self.meta["stack_trace"] = trace

    def is_impure(self, impure_random: bool = True) -> bool:
        """Whether it must stay even if nothing uses it: an input, an output, a change in place."""
        if self.op in ("placeholder", "output"):
            return True
        if self.op == "call_module":
            if self.graph.owning_module is None:
                raise AssertionError("self.graph.owning_module not set for purity check")
            module = self.graph.owning_module.get_submodule(self.target)
            return bool(getattr(module, "_is_impure", False))
        if self.op == "call_function":
            return self.target in _side_effectful_functions or _changes_something(
                self.target, self.kwargs, impure_random
            )
        return False

    # ---- as text

    def format_node(
        self, placeholder_names: list[str] | None = None,
        maybe_return_typename: list[str] | None = None, *, include_tensor_metadata: bool = False,
    ) -> str | None:  # fmt: skip
        """The node as a line of its graph's listing.

        `placeholder_names`, where it is given and not empty, takes a placeholder instead of a line.
        """
        kind = f"{type_repr(self.type)} " if self.type else ""
        users = f"%{self.name} : {kind}[num_users={len(self.users)}]"
        if self.op == "placeholder":
            if placeholder_names:
                placeholder_names.append(f"{self.target}: {kind}".rstrip(": "))
                return None
            default = f"(default={self.args[0]})" if self.args else ""
            return f"{users} = placeholder[target={self.target}]{default}"
        if self.op == "get_attr":
            return f"{users} = get_attr[target={self.target}]"
        if self.op == "output":
            if self.type and maybe_return_typename:
                maybe_return_typename[0] = f" -> {type_repr(self.type)}"
            return f"return {self.args[0]}"
        return (
            f"{users} = {self.op}[target={shown_target(self.target)}]("
            f"args = {_format_arg(self.args)}, kwargs = {_format_arg(self.kwargs)})"
        )


def _format_arg(value: Argument) -> str:
    """An argument as listings have it: nodes as %name, strings without quotes."""
    if isinstance(value, (tuple, list)):
        items = ", ".join(map(_format_arg, value))
        if isinstance(value, list):
            return f"[{items}]"
        return f"({items},)" if len(value) == 1 else f"({items})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_format_arg(v)}" for key, v in value.items()) + "}"
    return f"%{value}" if isinstance(value, Node) else str(value)


_INPLACE = {
    "iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "iand", "ior", "ixor",
    "ilshift", "irshift", "imatmul",
}  # fmt: skip
_RANDOM = {
    "rand", "randn", "randint", "randperm", "rand_like", "randn_like", "randint_like", "normal",
    "bernoulli", "multinomial", "poisson", "dropout", "rrelu",
}  # fmt: skip


def _changes_something(function: Any, kwargs: dict[str, Any], random: bool) -> bool:
    """Whether a function writes to its arguments, draws random numbers or checks something."""
    name = getattr(function, "__name__", "")
    if getattr(function, "__module__", "") == "_operator":
        return name in ("setitem", "delitem", *_INPLACE)
    if not hasattr(function, "plain"):
        return name in ("_assert", "_assert_is_none")
    is_written = name.endswith("_") and not name.endswith("__") or kwargs.get("out") is not None
    return is_written or random and name in _RANDOM
