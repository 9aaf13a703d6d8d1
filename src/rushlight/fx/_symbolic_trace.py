"""Tracing: a function is called once with proxies, and what it does to them is its graph."""

from __future__ import annotations

import functools
import inspect
import math
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable
from threading import get_ident
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ..nn.module import Module
from ..nn.modules.container import Sequential
from ..nn.parameter import Parameter
from ..tensor import Tensor
from ..torch_function import _assert
from ..utils import _pytree as pytree
from .codegen import PyTreeCodeGen, PyTreeInfo
from .graph import Graph
from .graph_module import GraphModule
from .names import PACKAGE
from .node import Argument
from .patching import Patcher, wrapped_functions
from .proxy import PLAIN_TYPES, ParameterProxy, Proxy, TracerBase

_LAYERS = f"{PACKAGE}.nn"
_VARIABLE = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
_call_of_module = Module.__call__
_tracers: list[Tracer] = []  # those that are tracing now, the innermost last


class PHBase:
    """In `concrete_args`, a place in a container for which the traced function has an input.

    >>> import rushlight as torch
    >>> torch.fx.PH
    PH
    """

    def __repr__(self) -> str:
        return "PH"


PH = PHBase()


def is_fx_tracing() -> bool:
    """Whether a function is being traced.

    >>> import rushlight as torch
    >>> torch.fx._symbolic_trace.is_fx_tracing()
    False
    """
    return bool(_tracers)


is_fx_symbolic_tracing = is_fx_tracing


def _assert_is_none(value: Any, msg: str) -> None:
    assert value is None, msg


class Tracer(TracerBase):
    """Makes the graph of a module or a function: `Tracer().trace(root)`.

    Override `is_leaf_module` to say which modules are one node each (by default the layers of
    `torch.nn`), `create_arg` for further kinds of arguments, `call_module` for what a module's call
    becomes, `create_node` and `proxy` to look at each node.

    >>> import rushlight as torch
    >>> class Whole(torch.fx.Tracer):
    ...     def is_leaf_module(self, m, module_qualified_name):
    ...         return True
    >>> net = torch.nn.Sequential(torch.nn.Sequential(torch.nn.ReLU()))
    >>> [node.target for node in Whole().trace(net).nodes]
    ['input', '0', 'output']
    """

    _qualname_counter: dict[str, int] = defaultdict(int)

    def __init__(
        self, autowrap_modules: tuple[ModuleType, ...] = (math,),
        autowrap_functions: tuple[Callable[..., Any], ...] = (),
        param_shapes_constant: bool = False,
    ) -> None:  # fmt: skip
        members = [item for module in autowrap_modules for item in vars(module).items()]
        found = [f for name, f in members if not name.startswith("_") and callable(f)]
        self._autowrap_functions = {id(function) for function in (*found, *autowrap_functions)}
        self._autowrap_search = list(autowrap_modules)
        self.param_shapes_constant = param_shapes_constant
        self.submodule_paths: dict[Module, str] | None = None
        self.root: Module = Module()
        self.tensor_attrs: dict[int, str] = {}
        self._constants: list[Tensor] = []  # whose ids are keys of `tensor_attrs`

    def get_fresh_qualname(self, prefix: str) -> str:
        """A name for a new attribute of the root: `prefix` and a number."""
        i = 0
        while hasattr(self.root, f"{prefix}{i}"):
            i += 1
        return f"{prefix}{i}"

    # ---- what may be overridden

    def create_arg(self, a: Any) -> Argument:
        if isinstance(a, Parameter):
            for name, parameter in self.root.named_parameters():
                if a is parameter:
                    return self.create_node("get_attr", name, (), {})
            raise NameError("parameter is not a member of this module")
        if isinstance(a, Tensor):
            for name, buffer in self.root.named_buffers():
                if a is buffer:
                    return self.create_node("get_attr", name, (), {})
            return self.create_node("get_attr", self._name_of_constant(a), (), {})
        if isinstance(a, Module):
            for name, module in self.root.named_modules():
                if a is module:
                    return self.create_node("get_attr", name, (), {})
        return super().create_arg(a)

    def _name_of_constant(self, tensor: Tensor) -> str:
        """The attribute of the root that is a tensor, added if there is none."""
        name = self.tensor_attrs.get(id(tensor))
        if name is None:
            name = self.get_fresh_qualname("_tensor_constant")
            self.tensor_attrs[id(tensor)] = name
            self._constants.append(tensor)
            setattr(self.root, name, tensor)
        return name

    def is_leaf_module(self, m: Module, module_qualified_name: str) -> bool:
        """Whether a call of a module is one node; else what happens inside is traced."""
        is_layer = type(m).__module__.startswith(_LAYERS)
        return is_layer and not isinstance(m, Sequential)

    def path_of_module(self, mod: Module) -> str:
        """A module's path from the root; NameError if it is none of its modules."""
        for path, module in self.root.named_modules():
            if module is mod:
                return path
        raise NameError("module is not installed as a submodule")

    def call_module(
        self, m: Module, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """What the call of a module gives: a node's proxy, or the result of `forward`."""
        paths = self.submodule_paths
        path = self.path_of_module(m) if paths is None or m not in paths else paths[m]
        if self.is_leaf_module(m, path):
            return self.create_proxy("call_module", path, args, kwargs)
        return forward(*args, **kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Proxy]) -> Any:
        """What reading a module's attribute gives: for a parameter its proxy."""
        if isinstance(attr_val, Parameter):
            members: Any = self.root.named_parameters()
        elif self.proxy_buffer_attributes and isinstance(attr_val, Tensor):
            members = self.root.named_buffers()
        else:
            return attr_val
        for name, member in members:
            if member is attr_val:
                if name not in parameter_proxy_cache:
                    parameter_proxy_cache[name] = self._attribute_proxy(name, member)
                return parameter_proxy_cache[name]
        return attr_val

    def _attribute_proxy(self, name: str, value: Any) -> Proxy:
        if self.param_shapes_constant and isinstance(value, Parameter):
            node = self.create_node("get_attr", name, (), {})
            return ParameterProxy(self, node, name, value)
        return self.create_proxy("get_attr", name, (), {})

    # ---- tracing

    def trace(
        self, root: Module | Callable[..., Any], concrete_args: dict[str, Any] | None = None
    ) -> Graph:
        """The graph of a module's `forward`, or of a function.

        Arguments named in `concrete_args` have these values, and are no inputs of the graph: it
        checks them.
        """
        if isinstance(root, Module):
            self.root = root
            function: Any = getattr(type(root), self.traced_func_name)
            self.submodule_paths = {module: path for path, module in root.named_modules()}
        else:
            self.root, function = Module(), root
        if not isinstance(function, FunctionType):
            raise AssertionError(f"Expected FunctionType, got {type(function)}")
        self.graph = Graph(tracer_cls=type(self))
        self._collect_tensors(self.root, "")
        names = function.__globals__
        function, args = self.create_args_for_root(function, root is self.root, concrete_args)
        returns = _annotations(inspect.unwrap(function)).get("return")
        _tracers.append(self)
        try:
            with Patcher() as patcher:
                self._patch_modules(patcher)
                patcher.wrap_functions()
                patcher.wrap_known(names, self._autowrap_functions)
                for module in self._autowrap_search:
                    patcher.wrap_known(vars(module), self._autowrap_functions)
                result = self.create_arg(function(*args))
                self.create_node("output", "output", (result,), {}, type_expr=returns)
        finally:
            _tracers.pop()
            self.submodule_paths = None
        return self.graph

    def _collect_tensors(self, module: Module, prefix: str) -> None:
        """Notes the tensors that are attributes, so that they need no further ones."""
        for name, value in vars(module).items():
            if isinstance(value, Tensor):
                self.tensor_attrs[id(value)] = prefix + name
        for name, child in module.named_children():
            self._collect_tensors(child, f"{prefix}{name}.")

    def _patch_modules(self, patcher: Patcher) -> None:
        """Lets calls of modules and the reading of their parameters be seen, by this thread."""
        thread = get_ident()
        cache: dict[str, Proxy] = {}
        read = object.__getattribute__

        def read_and_ask(module: Any, name: str) -> Any:
            value = read(module, name)
            if isinstance(value, Tensor) and get_ident() == thread:
                return self.getattr(name, value, cache)
            return value

        @functools.wraps(_call_of_module)
        def call(module: Any, *args: Any, **kwargs: Any) -> Any:
            if get_ident() != thread:
                return _call_of_module(module, *args, **kwargs)

            def forward(*args: Any, **kwargs: Any) -> Any:
                return _call_of_module(module, *args, **kwargs)

            names = getattr(module.forward, "__globals__", {})
            patcher.wrap_known(names, self._autowrap_functions)
            return self.call_module(module, forward, args, kwargs)

        patcher.set_method(Module, "__getattribute__", read_and_ask)
        patcher.set_method(Module, "__call__", call)

    def create_args_for_root(
        self, root_fn: Any, is_module: bool, concrete_args: Any = None
    ) -> tuple[Callable[..., Any], list[Any]]:
        """The function to call and the proxies to call it with."""
        analysed: Any = inspect.unwrap(root_fn)
        code: CodeType = analysed.__code__
        total = code.co_argcount + code.co_kwonlyargcount
        names = list(code.co_varnames)
        given = names[:total]
        args: list[Any] = []
        if is_module:
            if total == 0:
                raise RuntimeError("``self`` argument cannot be part of *args expansion!")
            given = given[1:]
            args.append(self.root)
        signature = inspect.signature(analysed)
        if isinstance(concrete_args, tuple):
            if len(given) != len(concrete_args):
                raise RuntimeError(
                    f"Tracing expected {len(given)} arguments but got {len(concrete_args)} "
                    "concrete arguments"
                )
            concrete_args = dict(zip(given, concrete_args, strict=True))

        def placeholder(name: str) -> Any:
            return self._placeholder(name, concrete_args or {}, signature, analysed)

        args += map(placeholder, given)
        rest = iter(names[total:])
        if code.co_kwonlyargcount or code.co_flags & _VARIABLE:
            for flag, stars in ((inspect.CO_VARARGS, "*"), (inspect.CO_VARKEYWORDS, "**")):
                if code.co_flags & flag:
                    args.append(placeholder(stars + next(rest)))
            root_fn = _with_plain_arguments(root_fn, len(args))
        flat, form = pytree.tree_flatten(tuple(args))
        if all(child.type is None for child in form.children):
            return root_fn, args
        return self._flattening(root_fn, flat, PyTreeInfo(names[:total], form, None)), flat

    def _flattening(
        self, function: Callable[..., Any], args: list[Any], info: PyTreeInfo
    ) -> Callable[..., Any]:
        """A function of the leaves of its containers, for a graph whose inputs are these."""
        codegen = PyTreeCodeGen(info)
        self.graph.set_codegen(codegen)

        def flat(*leaves: Any) -> list[Any]:
            result = function(*pytree.tree_unflatten(leaves, info.in_spec))
            values, form = pytree.tree_flatten(result)
            codegen.pytree_info = info._replace(out_spec=form)
            return values

        return flat

    def _placeholder(
        self, name: str, concrete: dict[str, Any], signature: inspect.Signature, function: Any
    ) -> Any:
        """The proxy of an argument, or its concrete value with a check of each of its leaves."""
        default: tuple[Any, ...] = ()
        if name[0] != "*" and signature.parameters[name].default is not inspect.Parameter.empty:
            default = (signature.parameters[name].default,)
        if name not in concrete:
            kind = _annotations(function).get(name)
            return self.create_proxy("placeholder", name, default, {}, type_expr=kind)
        count = 0

        def replace(value: Any) -> Any:
            nonlocal count
            count += 1
            proxy = self.create_proxy("placeholder", f"{name}_{count}", default, {})
            if isinstance(value, PHBase):
                return proxy
            self._check_concrete(name, proxy, value)
            return value

        return pytree.tree_map(replace, concrete[name])

    def _check_concrete(self, name: str, proxy: Proxy, value: Any) -> None:
        message = f"{name} has been specialized to have value {value} but got another value"
        if value is None:
            self.create_proxy("call_function", _assert_is_none, (proxy, message), {})
        elif isinstance(value, PLAIN_TYPES) and not isinstance(value, Tensor):
            same = proxy == value
            self.create_proxy("call_function", _assert, (same, message), {})
        else:
            warnings.warn(
                f"Was not able to add assertion to guarantee correct input {name} to specialized "
                "function. It is up to the user to make sure that your inputs match the inputs you "
                "specialized the function with.",
                stacklevel=2,
            )


def _annotations(function: Any) -> dict[str, Any]:
    """A function's annotations; of those in this package what PyTorch's layers say, tensors."""
    if (function.__module__ or "").partition(".")[0] != PACKAGE:
        return inspect.get_annotations(function)
    return {name: Tensor for name, kind in function.__annotations__.items() if kind == "Tensor"}


def _with_plain_arguments(function: Any, count: int) -> FunctionType:
    """The function with `*args`, `**kwargs` and what is given by name as plain parameters."""
    code: CodeType = function.__code__
    plain = code.replace(
        co_argcount=count, co_posonlyargcount=0, co_kwonlyargcount=0,
        co_flags=code.co_flags & ~_VARIABLE,
    )  # fmt: skip
    return FunctionType(plain, function.__globals__, function.__name__, None, function.__closure__)


def wrap(fn_or_name: Any) -> Any:
    """Says of a function of this module that its calls are nodes, and not traced through.

    Called at the top of a module, with the function or its name, or as a decorator there; names of
    Python's own functions, such as "len", are possible.

    >>> import rushlight as torch
    >>> torch.fx.wrap("len")
    'len'
    >>> print(torch.fx.symbolic_trace(lambda x: x * len(x)).code.strip())
    torch.fx._symbolic_trace.wrap("len")
    <BLANKLINE>
    def forward(self, x):
        len_1 = len(x)
        mul = x * len_1;  x = len_1 = None
        return mul
    """
    if not callable(fn_or_name) and not isinstance(fn_or_name, str):
        raise RuntimeError(
            "Unsupported type for global function! Must be either a callable or string name"
        )
    name = fn_or_name if isinstance(fn_or_name, str) else fn_or_name.__name__
    caller = sys._getframe(1)
    if caller.f_code.co_name != "<module>":
        raise NotImplementedError("wrap must be called at the top level of a module")
    wrapped_functions[id(caller.f_globals), name] = caller.f_globals
    return fn_or_name


def symbolic_trace(
    root: Module | Callable[..., Any], concrete_args: dict[str, Any] | None = None
) -> GraphModule:
    """A module that does what `root` does, a module or a function, with its steps as a graph.

    `root` is called once with proxies instead of values. `concrete_args` names arguments that have
    fixed values, such as those that `if` looks at. TraceError where a value would be needed.

    >>> import rushlight as torch
    >>> traced = torch.fx.symbolic_trace(lambda x: (x + 1).relu())
    >>> print(traced.code.strip())
    def forward(self, x):
        add = x + 1;  x = None
        relu = add.relu();  add = None
        return relu
    >>> traced(torch.tensor([-3.0, 1.0]))
    tensor([0., 2.])
    """
    tracer = Tracer()
    graph = tracer.trace(root, concrete_args)
    name = type(root).__name__ if isinstance(root, Module) else root.__name__
    return GraphModule(tracer.root, graph, name)
