"""`torch.jit.script`: functions and modules that run as the Python that they are."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any, NoReturn

from ..futures import Future
from ..nn.module import Module
from .notice import say_once

_REFUSED = (
    "there is no TorchScript: torch.fx.symbolic_trace(module).code and .graph show the steps of a "
    "module"
)


class ScriptModule(Module):
    """A module that `torch.jit.script`, `trace` or `load` has returned.

    >>> import rushlight as torch
    >>> isinstance(torch.jit.trace(torch.nn.Linear(3, 2), torch.ones(1, 3)), torch.jit.ScriptModule)
    True
    """

    def save(self, f: Any, _extra_files: dict[str, Any] | None = None) -> None:
        """`torch.jit.save` of this module."""
        from .files import save  # which knows this class

        save(self, f, _extra_files)

    @property
    def original_name(self) -> str:
        """The name of the class that this was made of."""
        return str(self.__dict__.get("_original_name", original_class(self).__name__))


class RecursiveScriptModule(ScriptModule):
    """A module as `script` returns it: a copy with the same parameters and buffers.

    >>> import rushlight as torch
    >>> torch.jit.script(torch.nn.Linear(3, 2))
    RecursiveScriptModule(original_name=Linear)
    """

    def _get_name(self) -> str:
        return "RecursiveScriptModule"

    def extra_repr(self) -> str:
        return f"original_name={self.original_name}"

    def __getattr__(self, name: str) -> Any:
        if name in ("code", "graph", "inlined_graph", "code_with_constants"):
            raise AttributeError(f"{self.original_name}.{name}: {_REFUSED}")
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise RuntimeError(
            f"a module of torch.jit.script cannot be pickled ({self.original_name}): save it with "
            "torch.jit.save, or its state_dict() with torch.save"
        )

    def __copy__(self) -> Any:
        return _copied(self, {})

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        import copy

        made = type(self).__new__(type(self))
        memo[id(self)] = made
        made.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return made


class ScriptFunction:
    """A function that `torch.jit.script` or `trace` has returned.

    >>> import rushlight as torch
    >>> torch.jit.trace(lambda x: x + 1, torch.ones(2))(torch.zeros(2))
    tensor([1., 1.])
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    @property
    def name(self) -> str:
        return str(getattr(self, "__name__", type(self.function).__name__))

    @property
    def graph(self) -> Any:
        if hasattr(self.function, "graph"):
            return self.function.graph
        raise AttributeError(f"{self.name}.graph: {_REFUSED}")

    @property
    def code(self) -> Any:
        if hasattr(self.function, "code"):
            return self.function.code
        raise AttributeError(f"{self.name}.code: {_REFUSED}")

    def save(self, f: Any, _extra_files: dict[str, Any] | None = None) -> None:
        """`torch.jit.save` of this function."""
        from .files import save  # which knows this class

        save(self, f, _extra_files)


def script(
    obj: Any, optimize: Any = None, _frames_up: int = 0, _rcb: Any = None,
    example_inputs: Any = None,
) -> Any:  # fmt: skip
    """A function or module that is called as before: what TorchScript cannot do, too, it does.

    A module comes back as a `ScriptModule` that has the same parameters and buffers, and whose
    modules are such ones; a class comes back as it is. Unlike PyTorch's, nothing is compiled, so
    that nothing is refused; the first call in a process warns of that.

    >>> import rushlight as torch
    >>> @torch.jit.script
    ... def double(x):
    ...     return 2 * x
    >>> double(torch.ones(2))
    tensor([2., 2.])
    """
    if isinstance(obj, (ScriptModule, ScriptFunction)) or isinstance(obj, type):
        return obj
    if not callable(obj):
        if isinstance(obj, (list, dict)):  # containers that TorchScript shares with Python
            return obj
        raise RuntimeError(f"torch.jit.script: expected a function or a module, not {obj!r}")
    say_once()
    return _copied(obj, {}) if isinstance(obj, Module) else ScriptFunction(obj)


def _copied(module: Module, memo: dict[int, Any]) -> Any:
    """A module as a script module, with those that are in it; parameters and buffers are shared."""
    if id(module) in memo:
        return memo[id(module)]
    kind = _kind_for(type(module))
    made = kind.__new__(kind)
    memo[id(module)] = made
    made.__dict__.update(vars(module))
    for name, child in module._modules.items():
        if child is not None:
            made.__dict__[name] = _copied(child, memo)
    return made


def _kind_for(kind: Any) -> Any:
    """The class of script modules that are made of one: instances of it as well."""
    if issubclass(kind, ScriptModule):
        return kind
    names = {"__doc__": kind.__doc__, "__module__": kind.__module__, "_original_class": kind}
    return type("RecursiveScriptModule", (RecursiveScriptModule, kind), names)


def original_class(module: Module) -> type[Module]:
    """The class that a script module was made of; that of any other module.

    >>> import rushlight as torch
    >>> from rushlight.jit.script import original_class
    >>> original_class(torch.jit.script(torch.nn.ReLU())).__name__
    'ReLU'
    """
    return getattr(type(module), "_original_class", type(module))


def script_method(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The method itself: a `ScriptModule`'s methods run as they are.

    >>> import rushlight as torch
    >>> class Doubled(torch.jit.ScriptModule):
    ...     @torch.jit.script_method
    ...     def forward(self, x):
    ...         return 2 * x
    >>> Doubled()(torch.ones(1))
    tensor([2.])
    """
    return fn


def script_if_tracing(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself.

    >>> import rushlight as torch
    >>> @torch.jit.script_if_tracing
    ... def double(x):
    ...     return 2 * x
    """
    return fn


_script_if_tracing = script_if_tracing


def _overload(func: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself: an overload that TorchScript would be told of."""
    return func


_overload_method = _overload


def export(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The method itself: all methods of a script module can be called.

    >>> import rushlight as torch
    >>> class Net(torch.nn.Module):
    ...     @torch.jit.export
    ...     def double(self, x):
    ...         return 2 * x
    >>> torch.jit.script(Net()).double(torch.ones(1))
    tensor([2.])
    """
    return fn


def ignore(drop: Any = False, **options: Any) -> Any:
    """The function itself, which runs as Python anyhow.

    >>> import rushlight as torch
    >>> @torch.jit.ignore
    ... def debug(x):
    ...     print(x)
    """
    return drop if callable(drop) else lambda fn: fn


def unused(fn: Any) -> Any:
    """The function itself. TorchScript would raise where it is called; here it runs.

    >>> import rushlight as torch
    >>> @torch.jit.unused
    ... def debug(x):
    ...     print(x)
    """
    return fn


def is_scripting() -> bool:
    """False: functions run as Python.

    >>> import rushlight as torch
    >>> torch.jit.is_scripting()
    False
    """
    return False


def annotate(the_type: Any, the_value: Any) -> Any:
    """The value: in TorchScript its type would be said by that.

    >>> import rushlight as torch
    >>> torch.jit.annotate(list[int], [])
    []
    """
    return the_value


class Attribute(typing.NamedTuple):
    """An attribute with its type, which TorchScript is told of; `value` is the value.

    >>> import rushlight as torch
    >>> torch.jit.Attribute(3, int).value
    3
    """

    value: Any
    type: Any


def jit_isinstance(obj: Any, target_type: Any) -> bool:
    """Whether an object is of a type, such as `list[int]`, in all that it contains.

    >>> import rushlight as torch
    >>> torch.jit.isinstance([1, 2], list[int]), torch.jit.isinstance([1, "2"], list[int])
    (True, False)
    """
    if isinstance(target_type, tuple):
        return any(jit_isinstance(obj, kind) for kind in target_type)
    origin, parts = typing.get_origin(target_type), typing.get_args(target_type)
    if target_type in (list, dict, tuple):
        name = target_type.__name__
        raise RuntimeError(
            f"Attempted to use {name} without a contained type. Please add a contained type, e.g. "
            f"{name}[int]"
        )
    if origin is None:
        return isinstance(obj, target_type)
    if origin is list:
        return isinstance(obj, list) and all(jit_isinstance(part, parts[0]) for part in obj)
    if origin is dict:
        return isinstance(obj, dict) and all(
            jit_isinstance(k, parts[0]) and jit_isinstance(v, parts[1]) for k, v in obj.items()
        )
    if origin is tuple:
        if not isinstance(obj, tuple) or len(obj) != len(parts):
            return False
        return all(jit_isinstance(a, b) for a, b in zip(obj, parts, strict=True))
    return any(jit_isinstance(obj, kind) for kind in parts)  # a union


def interface(obj: Any) -> Any:
    """The class itself, whose methods a module of TorchScript would have to have.

    >>> import rushlight as torch
    >>> @torch.jit.interface
    ... class HasForward:
    ...     def forward(self, x):
    ...         pass
    """
    if not inspect.isclass(obj):
        raise RuntimeError("interface must be applied to a class")
    return obj


def freeze(
    mod: Any, preserved_attrs: list[str] | None = None, optimize_numerics: bool = True
) -> Any:
    """The module itself, in evaluation mode; RuntimeError if it is in training mode.

    >>> import rushlight as torch
    >>> frozen = torch.jit.freeze(torch.jit.script(torch.nn.Linear(3, 2).eval()))
    >>> frozen.training
    False
    """
    if not isinstance(mod, ScriptModule):
        raise RuntimeError(
            "Freezing expects a ScriptModule as input. Please use torch.jit.script or "
            "torch.jit.trace to script your 'nn.Module'."
        )
    if mod.training:
        raise RuntimeError(
            "Freezing module in training mode is not yet supported. Please call .eval() on your "
            "module before freezing."
        )
    return mod


def optimize_for_inference(mod: Any, other_methods: list[str] | None = None) -> Any:
    """The module, frozen: `torch.fx.experimental.optimization.fuse` makes it faster.

    >>> import rushlight as torch
    >>> net = torch.jit.script(torch.nn.Linear(3, 2).eval())
    >>> torch.jit.optimize_for_inference(net) is net
    True
    """
    return freeze(mod.eval())


class CompilationUnit:
    """TorchScript as text, which nothing here reads: NotImplementedError.

    >>> import rushlight as torch
    >>> torch.jit.CompilationUnit("def f(x): return x")
    Traceback (most recent call last):
        ...
    NotImplementedError: torch.jit.CompilationUnit reads TorchScript, and there is none; write the function in Python
    """  # noqa: E501

    def __init__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(
            "torch.jit.CompilationUnit reads TorchScript, and there is none; write the function in "
            "Python"
        )


def fork(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The call of a function, done at once; `wait` gives its result.

    >>> import rushlight as torch
    >>> torch.jit.wait(torch.jit.fork(torch.add, torch.tensor(1), 2))
    tensor(3)
    """
    future: Future[Any] = Future()
    future.set_result(func(*args, **kwargs))
    return future


def wait(future: Any) -> Any:
    """The result of what was forked.

    >>> import rushlight as torch
    >>> torch.jit.wait(torch.jit.fork(len, [1, 2]))
    2
    """
    return future.wait()


def set_fusion_strategy(strategy: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Does nothing, as nothing is fused; returns PyTorch's default.

    >>> import rushlight as torch
    >>> torch.jit.set_fusion_strategy([("STATIC", 2)])
    [('STATIC', 2), ('DYNAMIC', 10)]
    """
    return [("STATIC", 2), ("DYNAMIC", 10)]


def enable_onednn_fusion(enabled: bool) -> None:
    """Does nothing, as nothing is fused.

    >>> import rushlight as torch
    >>> torch.jit.enable_onednn_fusion(True)
    """


def onednn_fusion_enabled() -> bool:
    """False.

    >>> import rushlight as torch
    >>> torch.jit.onednn_fusion_enabled()
    False
    """
    return False
