"""`torch.jit.trace`: a function is run on examples, and its calls are replayed later."""

from __future__ import annotations

import functools
import inspect
import operator
import threading
from collections.abc import Callable, Iterator
from typing import Any

from ..fx._symbolic_trace import Tracer
from ..fx.codegen import INPLACE_METHODS
from ..fx.graph import Graph
from ..fx.graph_module import GraphModule, _copy_attr
from ..fx.node import Node, map_arg
from ..fx.proxy import Attribute, Proxy
from ..nn.module import Module
from ..nn.parameter import Parameter
from ..ops.compare_all import allclose
from ..tensor import Tensor
from ..utils._pytree import tree_leaves
from .notice import say_once, warn
from .script import ScriptFunction, ScriptModule


class _Tracing(threading.local):
    depth = 0


_tracing = _Tracing()


class TracerWarning(Warning):
    """Says that what was traced may not be what the function does with other inputs."""


def is_tracing() -> bool:
    """Whether `torch.jit.trace` is running the function.

    >>> import rushlight as torch
    >>> torch.jit.is_tracing()
    False
    """
    return _tracing.depth > 0


class _Known(Proxy):
    """A proxy whose value in the example is known, so that `if`, `for` and `len` can look at it."""

    tracer: ValueTracer

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        # Programs ask whether they have been given a tensor.
        value = self.tracer.value_of(self.node)
        return type(value) if isinstance(value, Tensor) else type(self)

    def __getattr__(self, name: str) -> Any:
        if name == "array":
            return super().__getattr__(name)
        return _KnownAttribute(self, name)

    def __len__(self) -> int:
        return len(self.tracer.value_of(self.node))

    def __index__(self) -> int:
        return self._number().__index__()  # type: ignore[no-any-return]

    def __int__(self) -> int:
        return int(self._number())

    def __float__(self) -> float:
        return float(self._number())

    def __contains__(self, value: Any) -> bool:
        return value in self.tracer.value_of(self.node)

    def __format__(self, form: str) -> str:
        return format(self.tracer.value_of(self.node), form)

    def __setitem__(self, index: Any, value: Any) -> None:
        self.tracer.create_proxy("call_function", operator.setitem, (self, index, value), {})

    def _number(self) -> Any:
        value = self.tracer.value_of(self.node)
        if isinstance(value, Tensor):
            _warn_of_constant("number")
        return value


def _define_changes() -> None:
    """`x += 1` and its like change tensors, where a plain proxy would stand for another value."""

    def define(name: str) -> None:
        function = getattr(operator, name)

        def change(self: _Known, other: Any) -> Any:
            if not isinstance(self.tracer.value_of(self.node), Tensor):
                return NotImplemented
            return self.tracer.create_proxy("call_function", function, (self, other), {})

        setattr(_Known, f"__{name}__", change)

    for name in INPLACE_METHODS:
        if name != "setitem":
            define(name)


_define_changes()


class _KnownAttribute(_Known, Attribute):
    def __init__(self, root: Proxy, attr: str) -> None:
        Attribute.__init__(self, root, attr)

    @property
    def node(self) -> Node:  # type: ignore[override]
        return Attribute.node.fget(self)  # type: ignore[attr-defined,no-any-return]


def _warn_of_constant(kind: str) -> None:
    warn(
        f"Converting a tensor to a Python {kind} might cause the trace to be incorrect. We can't "
        "record the data flow of Python values, so this value will be treated as a constant in the "
        "future. This means that the trace might not generalize to other inputs!",
        TracerWarning,
    )


class ValueTracer(Tracer):
    """Traces a function while it computes on examples; what Python decides by them is kept."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__()
        self.example = (args, kwargs)
        self.values: dict[Node, Any] = {}
        self.is_computing = False

    # ---- values

    def value_of(self, node: Node) -> Any:
        if node not in self.values:
            self.values[node] = self._compute(node)
        return self.values[node]

    def _compute(self, node: Node) -> Any:
        args, kwargs = map_arg((node.args, node.kwargs), self.value_of)
        before, self.is_computing = self.is_computing, True
        try:
            if node.op == "call_function":
                return node.target(*args, **kwargs)
            if node.op == "call_method":
                return getattr(args[0], node.target)(*args[1:], **kwargs)
            value: Any = self.root
            for name in node.target.split("."):
                value = getattr(value, name)
            return value if node.op == "get_attr" else value(*args, **kwargs)
        finally:
            self.is_computing = before

    # ---- what a tracer does, with values

    def proxy(self, node: Node) -> Proxy:
        if node.op != "placeholder":
            self.value_of(node)  # at once, in the order in which things happen
        return _Known(node, self)

    def create_arg(self, a: Any) -> Any:
        return a.node if isinstance(a, Proxy) else super().create_arg(a)

    def to_bool(self, obj: Proxy) -> bool:
        value = self.value_of(obj.node)
        if isinstance(value, Tensor):
            _warn_of_constant("boolean")
        return bool(value)

    def iter(self, obj: Proxy) -> Iterator[Any]:
        value = self.value_of(obj.node)
        if isinstance(value, dict):
            return iter(list(value))
        if not isinstance(value, (Tensor, tuple, list)):
            return super().iter(obj)
        return iter([obj[i] for i in range(len(value))])

    def call_module(self, m: Any, forward: Any, args: Any, kwargs: Any) -> Any:
        if self.is_computing:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Proxy]) -> Any:
        if self.is_computing:
            return attr_val
        return super().getattr(attr, attr_val, parameter_proxy_cache)

    def create_args_for_root(
        self, root_fn: Any, is_module: bool, concrete_args: Any = None
    ) -> tuple[Callable[..., Any], list[Any]]:
        """Inputs of the graph are the examples that hold tensors; other values are constants."""
        args, kwargs = self.example
        signature = inspect.signature(root_fn)
        first = (self.root,) if is_module else ()
        bound = signature.bind(*first, *args, **kwargs)
        given: list[Any] = list(first)
        named: dict[str, Any] = {}
        for name, value in list(bound.arguments.items())[len(first) :]:
            kind = signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                given += [self._input(f"{name}_{i}", part) for i, part in enumerate(value)]
            elif kind is inspect.Parameter.VAR_KEYWORD:
                named |= {key: self._input(key, part) for key, part in value.items()}
            elif kind is inspect.Parameter.KEYWORD_ONLY:
                named[name] = self._input(name, value)
            else:
                given.append(self._input(name, value))
        return functools.partial(root_fn, **named), given

    def _input(self, name: str, value: Any) -> Any:
        if not any(isinstance(leaf, Tensor) for leaf in tree_leaves(value)):
            return value
        node = self.create_node("placeholder", name, (), {})
        self.values[node] = value
        return _Known(node, self)


class TopLevelTracedModule(GraphModule, ScriptModule):
    """A module as `trace` returns it: the calls that it saw, with all parameters and buffers.

    >>> import rushlight as torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    >>> traced = torch.jit.trace(net, torch.ones(1, 3))
    >>> traced
    Sequential(
      original_name=Sequential
      (0): Linear(in_features=3, out_features=2, bias=True)
      (1): ReLU()
    )
    >>> [node.target for node in traced.graph.nodes]
    ['input', '0', '1', 'output']
    """

    def __init__(self, root: Module, graph: Graph, class_name: str) -> None:
        super().__init__({}, Graph(), class_name)
        self.training = root.training
        called = {node.target for node in graph.nodes if node.op == "call_module"}
        read = {node.target for node in graph.nodes if node.op == "get_attr"}
        for path, module in root.named_modules():  # in the order of its state_dict
            if path in called:
                _copy_attr(root, self, path)
                continue
            members = (*module._parameters, *module._buffers)
            for name in members:
                _copy_attr(root, self, f"{path}.{name}" if path else name)
            if path:
                self._keep_persistence(path, module)
        self._keep_persistence("", root)
        for path in read:
            self._copy_constant(root, path)
        self.graph = graph
        self.__dict__["_original_name"] = class_name

    def _keep_persistence(self, path: str, module: Module) -> None:
        try:
            own = self.get_submodule(path)
        except AttributeError:  # it has neither parameters nor buffers
            return
        own._non_persistent_buffers_set |= module._non_persistent_buffers_set

    def _copy_constant(self, root: Module, path: str) -> None:
        """A tensor that is no parameter and no buffer: no part of the state_dict."""
        place, _, name = path.rpartition(".")
        origin = root.get_submodule(place)
        value = getattr(origin, name)
        if isinstance(value, Parameter) or name in origin._registered_buffers:
            return
        _copy_attr(root, self, path)
        self.get_submodule(place)._non_persistent_buffers_set |= {name}

    def extra_repr(self) -> str:
        return f"original_name={self.original_name}"

    def __str__(self) -> str:
        return repr(self)


def trace(
    func: Any, example_inputs: Any = None, optimize: Any = None, check_trace: bool = True,
    check_inputs: Any = None, check_tolerance: float = 1e-5, strict: bool = True,
    *, example_kwarg_inputs: dict[str, Any] | None = None, _store_inputs: bool = True,
    **others: Any,
) -> Any:  # fmt: skip
    """A module or function of the calls that `func` makes on examples.

    What Python decides on the way (`if`, the length of a loop) stays as the examples had it; a
    warning says so where a tensor's value was looked at. `example_inputs` is a tensor or a tuple of
    arguments. With `check_trace` the calls are replayed, and a warning says where they give other
    results than the function. A function that cannot be recorded is run as Python, after a warning.
    `.graph` and `.code` are those of `torch.fx`.

    Raises RuntimeError where the function returns something other than tensors, tuples and lists of
    them, or with strict=False dictionaries of them.

    >>> import rushlight as torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    >>> traced = torch.jit.trace(net, torch.ones(1, 3))
    >>> torch.equal(traced(torch.ones(4, 3)), net(torch.ones(4, 3)))
    True
    """
    if isinstance(func, (ScriptFunction, TopLevelTracedModule)):
        return func
    if not callable(func):
        raise RuntimeError(f"torch.jit.trace: {func!r} is no function, and no module")
    if example_inputs is None and example_kwarg_inputs is None:
        raise RuntimeError("torch.jit.trace: it needs example_inputs, or example_kwarg_inputs")
    say_once()
    args = _as_arguments(example_inputs)
    kwargs = example_kwarg_inputs or {}
    tracer = ValueTracer(args, kwargs)
    function = module = func
    if isinstance(getattr(func, "__self__", None), Module):  # one of its methods
        function = module = func.__self__
        tracer.traced_func_name = func.__name__
    elif not isinstance(func, Module) and not inspect.isfunction(func):
        function = _as_function(func)
    graph: Graph | None = None
    failure: Exception | None = None
    _tracing.depth += 1
    try:
        graph = tracer.trace(function)
    except Exception as error:
        failure = error
    finally:
        _tracing.depth -= 1
    if graph is None:
        func(*args, **kwargs)  # whose own error it may be
        warn(
            f"torch.jit.trace: {_name_of(func)} runs as Python, as it cannot be recorded "
            f"({type(failure).__name__}: {failure}); torch.jit.save will refuse it",
            TracerWarning,
        )
        from .script import script

        return script(func)
    _check_result(graph.output_node().args[0], strict)
    graph.eliminate_dead_code(_changes_something)  # such as what was compared for an `if`
    traced: Any
    if isinstance(module, Module):
        traced = TopLevelTracedModule(module, graph, module._get_name())
    else:
        made = GraphModule(tracer.root, graph, _name_of(func))
        traced = ScriptFunction(made)
        traced.__name__ = _name_of(func)
    if check_trace:
        for given in [args] if check_inputs is None else check_inputs:
            _check(func, traced, _as_arguments(given), kwargs, check_tolerance)
    return traced


def _changes_something(node: Node) -> bool:
    """Whether a step matters though nothing uses it: a layer may keep statistics."""
    is_written = node.op == "call_method" and node.target.endswith("_")
    return is_written or node.op == "call_module" or node.is_impure()


def _check_result(value: Any, strict: bool) -> None:
    if value is None:
        raise RuntimeError(
            "The traced function didn't return any values! Side-effects are not captured in "
            "traces, so it would be a no-op."
        )
    if isinstance(value, dict) and strict:
        raise RuntimeError(
            "Encountering a dict at the output of the tracer might cause the trace to be "
            "incorrect, this is only valid if its keys do not change with the inputs; give "
            "strict=False then, or return a tuple"
        )
    if isinstance(value, (tuple, list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            _check_result(part, strict)
    elif not isinstance(value, Node):
        raise RuntimeError(
            "Only tensors, lists, tuples of tensors, or dictionary of tensors can be output from "
            f"traced functions, and this one returns {value!r}"
        )


def trace_module(mod: Module, inputs: dict[str, Any], *args: Any, **options: Any) -> Any:
    """`trace` of a module whose methods are named with their examples; "forward" alone is traced.

    >>> import rushlight as torch
    >>> net = torch.jit.trace_module(torch.nn.ReLU(), {"forward": torch.ones(2)})
    >>> net(torch.tensor([-1.0, 1.0]))
    tensor([0., 1.])
    """
    others = sorted(set(inputs) - {"forward"})
    if others:
        raise NotImplementedError(
            f"trace_module: only forward is traced, not {', '.join(others)}; trace each by "
            "torch.jit.trace(module.method, example)"
        )
    return trace(mod, inputs["forward"], *args, **options)


def _as_arguments(examples: Any) -> tuple[Any, ...]:
    if examples is None:
        return ()
    if isinstance(examples, (tuple, list)):
        return tuple(examples)
    return (examples,)


def _as_function(func: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(func, updated=())
    def function(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    return function


def _name_of(func: Any) -> str:
    if isinstance(func, Module):
        return func._get_name()
    return str(getattr(func, "__name__", type(func).__name__))


def _check(func: Any, traced: Any, args: Any, kwargs: Any, tolerance: float) -> None:
    """Warns where a trace does not give the results of what was traced."""
    expected = tree_leaves(func(*args, **kwargs))
    values = dict(zip(_names_of_inputs(traced), _tensors(args, kwargs), strict=True))
    found = tree_leaves(traced(*values.values()))
    for i, (a, b) in enumerate(zip(expected, found, strict=False)):
        if isinstance(a, Tensor) and isinstance(b, Tensor):
            same = a.shape == b.shape and a.dtype == b.dtype and allclose(
                a.detach(), b.detach(), tolerance, tolerance, equal_nan=True
            )  # fmt: skip
        else:
            same = a is b or a == b
        if not same:
            warn(
                f"Output nr {i + 1}. of the traced function does not match the corresponding "
                "output of the Python function. Did you forget to call .eval() on your model?",
                TracerWarning,
            )


def _names_of_inputs(traced: Any) -> list[str]:
    graph: Graph = traced.graph
    return [node.target for node in graph.nodes if node.op == "placeholder"]


def _tensors(args: Any, kwargs: Any) -> list[Any]:
    """The arguments that are inputs of the graph."""
    return [
        value for value in (*args, *kwargs.values())
        if any(isinstance(leaf, Tensor) for leaf in tree_leaves(value))
    ]  # fmt: skip
