"""What stands for values while a function is traced: each operation on it becomes a node."""

from __future__ import annotations

import dis
import enum
import operator
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from ..device import device
from ..dtype import dtype
from ..layout import layout, memory_format
from ..ops.declare import places
from ..overrides import is_tensor_method_or_property
from ..tensor import Tensor
from ..torch_function import Overridden, entry_to_ask, leaves
from .calls import as_written, is_operator_call
from .codegen import MAGIC_METHODS, REFLECTABLE
from .graph import Graph
from .node import Argument, Node, Target, map_arg

PLAIN_TYPES = (
    str, int, float, bool, complex, dtype, Tensor, device, memory_format, layout,
)  # fmt: skip


class TraceError(ValueError):
    """A value that is not known while a function is traced was asked for.

    >>> import rushlight as torch
    >>> torch.fx.symbolic_trace(lambda x: x if x.sum() > 0 else -x)
    Traceback (most recent call last):
        ...
    rushlight.fx.proxy.TraceError: symbolically traced variables cannot be used as inputs to control flow
    """  # noqa: E501


class TracerBase:
    """Makes nodes of what proxies are asked, in the graph `graph`.

    A subclass says what `if` and `for` get where more is known:

    >>> import rushlight as torch
    >>> class Optimistic(torch.fx.Tracer):
    ...     def to_bool(self, obj):
    ...         return True
    >>> graph = Optimistic().trace(lambda x: x + 1 if x.sum() > 0 else x)
    >>> [node.name for node in graph.nodes]
    ['x', 'sum_1', 'gt', 'add', 'output']
    """

    graph: Graph
    record_stack_traces: bool = False
    trace_asserts: bool = False
    check_mutable_operations: bool = False
    proxy_buffer_attributes: bool = False
    traced_func_name: str = "forward"

    def create_node(
        self, kind: str, target: Target, args: tuple[Argument, ...], kwargs: dict[str, Argument],
        name: str | None = None, type_expr: Any = None,
    ) -> Node:  # fmt: skip
        """Adds a node to the graph; override it to look at each, or to change it."""
        return self.graph.create_node(kind, target, args, kwargs, name, type_expr)

    def proxy(self, node: Node) -> Proxy:
        """What stands for a node's value."""
        return Proxy(node, self)

    def create_proxy(
        self, kind: str, target: Target, args: tuple[Any, ...], kwargs: dict[str, Any],
        name: str | None = None, type_expr: Any = None,
        proxy_factory_fn: Callable[[Node], Proxy] | None = None,
    ) -> Proxy:  # fmt: skip
        """Adds a node of a call whose arguments may hold proxies, and returns a proxy for it."""
        node = self.create_node(
            kind, target, tuple(map(self.create_arg, args)),
            {key: self.create_arg(value) for key, value in kwargs.items()}, name, type_expr,
        )  # fmt: skip
        return self.proxy(node) if proxy_factory_fn is None else proxy_factory_fn(node)

    def create_arg(self, a: Any) -> Argument:
        """An argument as nodes have it; NotImplementedError for what they cannot have."""
        if isinstance(a, Proxy):
            return a.node
        if hasattr(a, "__fx_create_arg__"):
            return a.__fx_create_arg__(self)
        if isinstance(a, tuple):
            parts = [self.create_arg(part) for part in a]
            return type(a)(*parts) if hasattr(a, "_fields") else type(a)(parts)
        if isinstance(a, list):
            return [self.create_arg(part) for part in a]
        if isinstance(a, dict):
            return {self._create_key(key): self.create_arg(value) for key, value in a.items()}
        if isinstance(a, (slice, range)):
            return type(a)(*(self.create_arg(part) for part in (a.start, a.stop, a.step)))
        if is_dataclass(a) and not isinstance(a, type):
            values = {f.name: self.create_arg(getattr(a, f.name)) for f in fields(a)}
            return self.create_node("call_function", type(a), (), values)
        if isinstance(a, (*PLAIN_TYPES, enum.Enum)) or a is None or a is ...:
            return a
        raise NotImplementedError(f"argument of type: {type(a)}")

    def _create_key(self, key: Any) -> Any:
        if isinstance(key, str):
            return key

        def refuse(node: Node) -> None:
            raise RuntimeError(
                "Keys for dictionaries used as an argument cannot contain a Node. Got key: "
                f"{node}"
            )

        key = self.create_arg(key)
        map_arg(key, refuse)
        return key

    def to_bool(self, obj: Proxy) -> bool:
        """What `if proxy:` gets; override it where the value is known."""
        raise TraceError("symbolically traced variables cannot be used as inputs to control flow")

    def iter(self, obj: Proxy) -> Iterator[Any]:
        """What `for part in proxy:` gets; override it where the length is known."""
        raise TraceError(
            "Proxy object cannot be iterated. This can be attempted when the Proxy is used in a "
            "loop or as a *args or **kwargs function argument. docs/fx.md says which control flow "
            "can be traced"
        )

    def keys(self, obj: Proxy) -> Any:
        """What `**proxy` gets."""
        return Attribute(obj, "keys")()


class GraphAppendingTracer(TracerBase):
    """The tracer of proxies that are made around nodes by hand.

    >>> import rushlight as torch
    >>> graph = torch.fx.Graph()
    >>> x = torch.fx.Proxy(graph.placeholder("x"))
    >>> (x + 1).node.target.__name__
    'add'
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph


def assert_fn(x: Any) -> None:
    """What an `assert` is traced as, where a tracer has `trace_asserts`.

    >>> import rushlight as torch
    >>> torch.fx.proxy.assert_fn(1 < 2)
    """
    if not x:
        raise AssertionError("Assertion failed")


class Proxy:
    """Stands for a value that is not known yet: what is done with it is added to a graph.

    Functions of torch, operators, methods and attributes are; `if`, `for` and `len` are not, as
    they need the value (`TraceError`), but `a, b = proxy` is.

    >>> import rushlight as torch
    >>> graph = torch.fx.Graph()
    >>> x = torch.fx.Proxy(graph.placeholder("x"))
    >>> torch.relu(x + 1).mean(dim=0)
    Proxy(mean)
    """

    node: Node
    tracer: TracerBase
    __getitem__: Any  # and the other operators, below

    def __init__(self, node: Node, tracer: TracerBase | None = None) -> None:
        self.tracer = GraphAppendingTracer(node.graph) if tracer is None else tracer
        self.node = node

    def __repr__(self) -> str:
        return f"Proxy({self.node.name})"

    def __getattr__(self, name: str) -> Attribute:
        if name == "array":  # by which a function finds out that this is no tensor
            raise Overridden("a proxy has a __torch_function__")
        return Attribute(self, name)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __deepcopy__(self, memo: dict[int, Any]) -> Proxy:
        return Proxy(self.node, self.tracer)

    def __call__(self, *args: Any, **kwargs: Any) -> Proxy:
        return self.tracer.create_proxy("call_method", "__call__", (self, *args), kwargs)

    def __iter__(self) -> Iterator[Any]:
        instruction = _instruction(sys._getframe(1))[0]
        if instruction.opname == "UNPACK_SEQUENCE":
            return (self[i] for i in range(instruction.argval))
        return self.tracer.iter(self)

    def __abs__(self) -> Proxy:
        return self._operate(operator.abs, self)

    def __bool__(self) -> bool:
        if self.tracer.trace_asserts and _is_asserted(sys._getframe(1)):
            self.tracer.create_proxy("call_function", assert_fn, (self,), {})
            return True
        return self.tracer.to_bool(self)

    def keys(self) -> Any:
        return self.tracer.keys(self)

    def __len__(self) -> int:
        raise RuntimeError(
            "'len' is not supported in symbolic tracing by default. If you want this call to be "
            "recorded, please call torch.fx.wrap('len') at module scope"
        )

    def _operate(self, function: Callable[..., Any], *args: Any) -> Proxy:
        self._refuse_within_entry()
        return self.tracer.create_proxy("call_function", function, args, {})

    def _refuse_within_entry(self) -> None:
        """Raises where a function of torch's touches what it was given before it has asked it."""
        if entry_to_ask([self], sys._getframe(2)):
            raise Overridden("a proxy has a __torch_function__")

    @classmethod
    def __torch_function__(
        cls, orig_method: Callable[..., Any], types: Any, args: Any = None, kwargs: Any = None
    ) -> Any:
        args, kwargs = args or (), kwargs or {}
        values = leaves((*args, *kwargs.values()))
        tracers = list(dict.fromkeys(v.tracer for v in values if isinstance(v, Proxy)))
        if len(tracers) > 1:
            raise RuntimeError(
                f"Found multiple different tracers {tracers} while trying to trace operations "
                f"{orig_method}"
            )
        name = orig_method.__name__
        if is_operator_call() or is_tensor_method_or_property(orig_method) and not any(
            orig_method is functions.get(name)
            for place, functions in places.items() if place != "Tensor"
        ):  # fmt: skip
            return tracers[0].create_proxy("call_method", name, args, kwargs)
        args, kwargs = as_written(orig_method, args, kwargs)
        return tracers[0].create_proxy(
            "call_function", orig_method, args, kwargs,
            name=tracers[0].graph._target_to_str(orig_method),
        )  # fmt: skip


class Attribute(Proxy):
    """An attribute of a proxy; a call of it is a call of the method, anything else reads it.

    >>> import rushlight as torch
    >>> x = torch.fx.Proxy(torch.fx.Graph().placeholder("x"))
    >>> x.relu().node.op, x.shape.node.op
    ('call_method', 'call_function')
    """

    def __init__(self, root: Proxy, attr: str) -> None:
        self.root, self.attr, self.tracer = root, attr, root.tracer
        self._node: Node | None = None

    @property
    def node(self) -> Node:  # type: ignore[override]
        # Only once it is used: most attributes are methods.
        if self._node is None:
            root: Any = self.root
            while isinstance(root, Attribute):
                root._refuse_within_entry()
                root = root.root
            root._refuse_within_entry()
            self._node = self.tracer.create_proxy(
                "call_function", getattr, (self.root, self.attr), {}
            ).node
        return self._node

    def __call__(self, *args: Any, **kwargs: Any) -> Proxy:
        self.root._refuse_within_entry()
        return self.tracer.create_proxy("call_method", self.attr, (self.root, *args), kwargs)


class ParameterProxy(Proxy):
    """Stands for a parameter, whose shape is known: a tracer's with `param_shapes_constant`.

    >>> import rushlight as torch
    >>> graph, weight = torch.fx.Graph(), torch.nn.Parameter(torch.ones(2, 3))
    >>> node = graph.get_attr("weight")
    >>> tracer = torch.fx.proxy.GraphAppendingTracer(graph)
    >>> torch.fx.proxy.ParameterProxy(tracer, node, "weight", weight).shape
    torch.Size([2, 3])
    """

    def __init__(self, tracer: TracerBase, node: Node, name: str, param: Any) -> None:
        super().__init__(node, tracer)
        self.param, self.name = param, name

    def __repr__(self) -> str:
        return f"ParameterProxy({self.name})"

    @property
    def shape(self) -> Any:
        return self.param.shape

    def size(self, dim: int | None = None) -> Any:
        return self.param.size() if dim is None else self.param.size(dim)

    def dim(self) -> int:
        return self.param.dim()

    @property
    def ndim(self) -> int:
        return self.param.ndim

    def numel(self) -> int:
        return self.param.numel()

    def nelement(self) -> int:
        return self.param.nelement()


def _instruction(frame: Any) -> tuple[Any, list[Any]]:
    """The instruction that a frame stands at, and those from it on."""
    instructions = list(dis.get_instructions(frame.f_code))
    at = next(i for i, found in enumerate(instructions) if found.offset >= frame.f_lasti)
    return instructions[at], instructions[at:]


def _is_asserted(frame: Any) -> bool:
    """Whether a value is tested by an `assert`: what comes if it is false loads AssertionError."""
    here, following = _instruction(frame)
    loads = [i for i in following[1:4] if "ASSERTION" in i.opname or i.argval == "AssertionError"]
    return "JUMP" in here.opname and "TRUE" in here.opname and bool(loads)


def _define_operators() -> None:
    def define(name: str, function: Any, reflected: bool) -> None:
        def method(self: Proxy, *others: Any) -> Proxy:
            args = (*others, self) if reflected else (self, *others)
            return self._operate(function, *args)

        plain = name.strip("_")
        method.__name__ = method.__qualname__ = f"__r{plain}__" if reflected else f"__{plain}__"
        setattr(Proxy, method.__name__, method)

    for name in MAGIC_METHODS:
        define(name, getattr(operator, name), False)
    for name in REFLECTABLE:
        define(name, getattr(operator, name), True)


_define_operators()
