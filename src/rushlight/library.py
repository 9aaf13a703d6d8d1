"""Functions that programs register as operators, and find under `torch.ops.<namespace>.<name>`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

from .amp.autocast_mode import is_autocast_enabled
from .autocast_state import casts, suspended
from .autograd import is_grad_enabled, no_grad
from .autograd.function import Function
from .kernels import launch
from .operator_schema import annotated, changed_of, infer_schema, parse
from .tensor import Tensor

__all__ = [
    "CustomOpDef", "Library", "custom_op", "define", "fallthrough_kernel", "impl", "impl_abstract",
    "infer_schema", "register_autocast", "register_autograd", "register_fake", "register_kernel",
    "register_vmap",
]  # fmt: skip

_operators: dict[str, CustomOpDef] = {}


class CustomOpDef:
    """An operator that a program has registered; `custom_op` and `define` make it."""

    def __init__(
        self, name: str, signature: inspect.Signature, mutates: Iterable[str],
        function: Callable[..., Any] | None = None,
    ) -> None:  # fmt: skip
        self._namespace, _, self._name = name.partition("::")
        self._qualname = name
        self._signature = signature
        self._mutates = frozenset(mutates)
        self._kernels: dict[str | None, Callable[..., Any]] = {
            None: _lacking(name) if function is None else function
        }
        self._fake: Callable[..., Any] | None = None
        self._backward: Callable[..., Any] | None = None
        self._setup_context: Callable[..., Any] | None = None
        self._records = False  # what it calls, for its gradient; or else it is one node
        self._casts: dict[str, Any] = {}
        self._recorded = _recorded(self)
        self.__name__, self.__doc__ = self._name, getattr(function, "__doc__", None)

    @property
    def default(self) -> CustomOpDef:
        """The operator itself: it has no overloads."""
        return self

    def overloads(self) -> list[str]:
        """The names of its overloads: "default" alone."""
        return ["default"]

    def __repr__(self) -> str:
        return f"<CustomOpDef({self._qualname})>"

    def register_kernel(
        self, device_types: str | Iterable[str] | None, func: Callable[..., Any] | None = None, /
    ) -> Any:
        """Registers what runs for tensors of some types of devices."""
        types = [device_types] if device_types is None or isinstance(device_types, str) else None

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            self._kernels.update(dict.fromkeys(types or device_types or (), function))
            return function

        return register if func is None else register(func)

    def register_fake(self, fn: Callable[..., Any], /) -> Callable[..., Any]:
        """Registers what says shapes and dtypes of the results, for tensors without memory."""
        self._fake = fn
        return fn

    def register_autograd(
        self, backward: Callable[..., Any], /, *, setup_context: Callable[..., Any] | None = None
    ) -> None:
        """Registers the gradient: `backward(ctx, *grads)` gives one per argument.

        `setup_context(ctx, inputs, output)` saves beforehand what it needs.
        """
        self._backward, self._setup_context = backward, setup_context

    def register_vmap(self, func: Callable[..., Any] | None = None, /) -> Any:
        """Registers what runs under `torch.vmap`: `func(info, in_dims, *args)`.

        It returns the results and their batch dimensions, as `torch.autograd.Function.vmap` does.
        """

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            self._recorded.vmap = staticmethod(function)
            return function

        return register if func is None else register(func)

    def register_autocast(self, device_type: str, cast_inputs: Any) -> None:
        """Under `torch.autocast`, floating-point tensors of a device come in as `cast_inputs`."""
        self._casts[device_type] = cast_inputs

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise RuntimeError(f"{self._qualname}() {error}") from None
        bound.apply_defaults()
        values = tuple(bound.arguments.values())
        for parameter, value in zip(self._signature.parameters.values(), values, strict=True):
            if parameter.annotation in (Tensor, "Tensor") and not isinstance(value, Tensor):
                raise RuntimeError(
                    f"{self._qualname}() Expected a value of type 'Tensor' for argument "
                    f"'{parameter.name}' but instead found type '{type(value).__name__}'."
                )
        if casts and self._casts:
            return self._called_cast(values)
        return self._called(values)

    def _called_cast(self, values: tuple[Any, ...]) -> Any:
        """Under autocast, with tensors in the dtypes that were registered for it."""
        wanted = {kind: d for kind, d in self._casts.items() if is_autocast_enabled(kind)}

        def cast(value: Any) -> Any:
            if isinstance(value, (list, tuple)):
                return type(value)(map(cast, value))
            if isinstance(value, Tensor) and value.is_floating_point():
                return value.to(wanted.get(value.device.type, value.dtype))
            return value

        if not wanted:
            return self._called(values)
        with suspended():
            return self._called(tuple(map(cast, values)))

    def _called(self, values: tuple[Any, ...]) -> Any:
        tensors = [t for value in values for t in _tensors_in(value)]
        is_one_node = self._backward is not None or not self._records
        is_mapped = launch.batching is not None and hasattr(self._recorded, "vmap")
        if is_mapped or is_one_node and is_grad_enabled() and any(t.requires_grad for t in tensors):
            return self._recorded.apply(*values)
        with nullcontext() if self._records and not is_one_node else no_grad():
            return self._run(values)

    def _run(self, values: tuple[Any, ...]) -> Any:
        """The results of the function for the tensors' device."""
        tensors = [t for value in values for t in _tensors_in(value)]
        kinds = {t.device.type for t in tensors}
        kind = next(iter(kinds)) if len(kinds) == 1 else None
        kernel = self._kernels.get(kind, self._kernels[None])
        if "meta" in kinds:
            if self._fake is None:
                raise NotImplementedError(
                    f"{self._qualname}: there is no fake impl for tensors on the meta device; "
                    "register one with register_fake"
                )
            kernel = self._fake
        names = self._signature.parameters.values()
        given = {p.name: v for p, v in zip(names, values, strict=True) if p.kind is p.KEYWORD_ONLY}
        result = kernel(*values[: len(values) - len(given)], **given)
        if not self._records and any(r is t for r in _tensors_in(result) for t in tensors):
            raise RuntimeError(
                f"{self._name}: the output of a custom operator must not also be an input; "
                "return a clone of it (x.clone())"
            )
        return result

    def _changed(self, values: tuple[Any, ...]) -> list[Tensor]:
        pairs = zip(self._signature.parameters, values, strict=True)
        return [t for name, value in pairs if name in self._mutates for t in _tensors_in(value)]


def _tensors_in(value: Any) -> list[Tensor]:
    if isinstance(value, (list, tuple)):
        return [item for item in value if isinstance(item, Tensor)]
    return [value] if isinstance(value, Tensor) else []


def _recorded(operator: CustomOpDef) -> Any:
    """The autograd function whose nodes the operator leaves in graphs."""

    class Recorded(Function):
        @staticmethod
        def forward(*values: Any) -> Any:
            with no_grad():  # whatever the function calls is the operator's own affair
                return operator._run(values)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
            ctx.mark_dirty(*operator._changed(inputs))
            kinds = [p.kind is p.KEYWORD_ONLY for p in operator._signature.parameters.values()]
            names = dict(zip(operator._signature.parameters, inputs, strict=True))
            count = kinds.count(False)
            ctx.keyword_only = len(inputs) - count
            if operator._setup_context is None:
                return
            named = {} if count == len(inputs) else {
                "keyword_only_inputs": dict(list(names.items())[count:])
            }  # fmt: skip
            operator._setup_context(ctx=ctx, inputs=inputs[:count], output=output, **named)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            if operator._backward is None:
                raise RuntimeError(
                    f"Trying to backward through {operator._namespace}.{operator._name}.default "
                    "but no autograd formula was registered. "
                    "Please use register_autograd to add one."
                )
            found = operator._backward(ctx, *grads)
            found = found if isinstance(found, tuple) else (found,)
            return (*found, *[None] * ctx.keyword_only)

    node = f"GeneratedBackwardFor_{operator._namespace}_{operator._name}_default"
    return type(node, (Recorded,), {})


def custom_op(
    name: str,
    fn: Callable[..., Any] | None = None,
    /,
    *,
    mutates_args: str | Iterable[str],
    device_types: str | Iterable[str] | None = None,
    schema: str | None = None,
    tags: Any = None,
) -> Any:
    """Makes an operator of a function, called by itself or as `torch.ops.<namespace>.<name>`.

    `name` is "<namespace>::<name>"; the function's parameters are annotated with their types;
    `mutates_args` names those that it changes. With a `schema`, "(Tensor x) -> Tensor", they need
    no types. What the function calls is not recorded: gradients come from `register_autograd`.

    >>> import rushlight as torch
    >>> from rushlight.library import custom_op
    >>> @custom_op("example::double", mutates_args=())
    ... def double(x: torch.Tensor) -> torch.Tensor:
    ...     return x * 2
    >>> double.register_autograd(lambda ctx, grad: grad * 2)
    >>> x = torch.ones(2, requires_grad=True)
    >>> torch.ops.example.double(x).sum().backward()
    >>> x.grad
    tensor([2., 2.])
    """

    def register(function: Callable[..., Any]) -> CustomOpDef:
        if name.count("::") != 1:
            raise ValueError(
                f'custom_op: the name must be "<namespace>::<name>", got "{name}"'
            )
        if schema is None:
            signature = annotated(function)
            changed = changed_of(signature, mutates_args)
        else:
            _, signature, changed = parse(schema)
        operator = CustomOpDef(name, signature, changed, function)
        if device_types is not None:
            del operator._kernels[None]
            operator.register_kernel(device_types, function)
            operator._kernels[None] = _lacking(name)
        _operators[name] = operator
        return operator

    return register if fn is None else register(fn)


def _lacking(name: str) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        kinds = sorted({t.device.type for arg in args for t in _tensors_in(arg)})
        raise NotImplementedError(
            f"{name}: no function was registered for {' and '.join(kinds) or 'no'} tensors; "
            "add one with register_kernel"
        )

    return refuse


def _operator(op: str | CustomOpDef) -> CustomOpDef:
    if isinstance(op, CustomOpDef):
        return op
    if op not in _operators:
        raise RuntimeError(f"operator {op} does not exist")
    return _operators[op]


def register_fake(op: Any, func: Callable[..., Any] | None = None, /, **ignored: Any) -> Any:
    """`CustomOpDef.register_fake` of an operator or of its name; a decorator without `func`."""
    operator = _operator(op)
    return operator.register_fake if func is None else operator.register_fake(func)


def register_kernel(op: Any, device_types: Any, func: Any = None, /, **ignored: Any) -> Any:
    """`CustomOpDef.register_kernel` of an operator or of its name."""
    return _operator(op).register_kernel(device_types, func)


def register_autograd(
    op: Any, backward: Callable[..., Any], /, *, setup_context: Any = None, **ignored: Any
) -> None:
    """`CustomOpDef.register_autograd` of an operator or of its name."""
    _operator(op).register_autograd(backward, setup_context=setup_context)


def register_vmap(op: Any, func: Callable[..., Any] | None = None, /, **ignored: Any) -> Any:
    """`CustomOpDef.register_vmap` of an operator or of its name; a decorator without `func`."""
    return _operator(op).register_vmap(func)


def register_autocast(
    op: Any, device_type: str, cast_inputs: Any, /, **ignored: Any
) -> None:
    """`CustomOpDef.register_autocast` of an operator or of its name."""
    _operator(op).register_autocast(device_type, cast_inputs)


# ---- operators by their schemas

_DEVICES = {"CPU": "cpu", "CUDA": "cuda", "cpu": "cpu", "cuda": "cuda"}
_ANY_DEVICE = ("", "CompositeImplicitAutograd", "CompositeExplicitAutograd", "default")
_KINDS = ("DEF", "FRAGMENT", "IMPL")
_defined: set[str] = set()  # the namespaces that have a library of the kind "DEF"


class Library:
    """Operators of a namespace, which are declared by schemas and given functions afterwards.

    `kind` is "DEF" (the namespace's first), "FRAGMENT" (more of it) or "IMPL" (functions alone).
    A function without a gradient of its own (`register_autograd`) is recorded as it runs.

    Raises ValueError for another kind, RuntimeError where a namespace is defined twice, and
    NotImplementedError for operators of PyTorch's own, which cannot be replaced here.

    >>> import rushlight as torch
    >>> library = torch.library.Library("example", "FRAGMENT")
    >>> library.define("triple(Tensor x) -> Tensor")
    'triple'
    >>> library.impl("triple", lambda x: x * 3, "CPU")
    >>> torch.ops.example.triple(torch.ones(2))
    tensor([3., 3.])
    """

    def __init__(self, ns: str, kind: str, dispatch_key: str = "") -> None:
        if kind not in _KINDS:
            raise ValueError(f"Unsupported library kind: {kind}; there are {', '.join(_KINDS)}")
        if ns in ("aten", "prim", "prims"):
            raise NotImplementedError(
                f"Library: operators of {ns} cannot be replaced or added to; __torch_function__ of "
                "a tensor's class, or a mode, sees the calls of all"
            )
        if kind == "DEF" and ns in _defined:
            raise RuntimeError(
                f"Only a single library of the kind DEF can be used to register the namespace "
                f"{ns}; the kind FRAGMENT adds to it"
            )
        if kind == "DEF":
            _defined.add(ns)
        self.ns, self.kind, self.dispatch_key = ns, kind, dispatch_key
        self._names: list[str] = []

    def __repr__(self) -> str:
        return f"Library(kind={self.kind}, ns={self.ns}, dispatch_key={self.dispatch_key})>"

    def define(self, schema: str, alias_analysis: str = "", *, tags: Any = ()) -> str:
        """Declares an operator, and returns its name."""
        name, signature, changed = parse(schema)
        qualified = f"{self.ns}::{name}"
        if qualified in _operators:
            raise RuntimeError(
                f"Tried to register an operator ({self.ns}::{schema}) with the same name and "
                "overload name multiple times"
            )
        operator = CustomOpDef(qualified, signature, changed)
        operator._records = True
        _operators[qualified] = operator
        self._names.append(qualified)
        return name

    def impl(
        self, op_name: Any, fn: Callable[..., Any], dispatch_key: str = "", *,
        with_keyset: bool = False, allow_override: bool = False,
    ) -> None:  # fmt: skip
        """Gives an operator its function, for a device ("CPU", "CUDA"), for tensors without memory
        ("Meta") or for all (no key)."""
        name = op_name._name if isinstance(op_name, CustomOpDef) else str(op_name).split("::")[-1]
        _implement(_operator(f"{self.ns}::{name}"), dispatch_key or self.dispatch_key, fn)

    def _destroy(self) -> None:
        for name in self._names:
            _operators.pop(name, None)
        if self.kind == "DEF":
            _defined.discard(self.ns)


def _implement(operator: CustomOpDef, key: str, function: Callable[..., Any]) -> None:
    if key == "Meta":
        operator.register_fake(function)
    elif key in _ANY_DEVICE:
        operator.register_kernel(None, function)
        operator._fake = operator._fake or function
    elif key in _DEVICES:
        operator.register_kernel(_DEVICES[key], function)
    elif key.startswith("Autograd"):
        raise NotImplementedError(
            f"impl: the key {key} has no counterpart; register_autograd gives an operator its "
            "gradient"
        )
    else:
        raise RuntimeError(f"could not parse dispatch key: {key}")


def define(qualname: str, schema: str, *, lib: Library | None = None, tags: Any = ()) -> None:
    """Declares the operator "<namespace>::<name>" with a schema, "(Tensor x) -> Tensor".

    >>> import rushlight as torch
    >>> torch.library.define("example::half", "(Tensor x) -> Tensor")
    >>> @torch.library.impl("example::half", "cpu")
    ... def half(x):
    ...     return x / 2
    >>> torch.ops.example.half(torch.ones(2))
    tensor([0.5000, 0.5000])
    """
    if qualname.count("::") != 1:
        raise ValueError(f'define: the name must be "<namespace>::<name>", got "{qualname}"')
    namespace, _, name = qualname.partition("::")
    (lib or Library(namespace, "FRAGMENT")).define(name + schema)


def impl(qualname: Any, types: Any, func: Any = None, *, lib: Any = None) -> Any:
    """Gives an operator its function: `impl("ns::name", "cpu", f)`, or as a decorator without `f`.

    `types` names types of devices, or is "default" for all. `impl(library, name, key)` is a
    decorator, too.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        if isinstance(qualname, Library):
            qualname.impl(types, function, func or "")
        else:
            for key in (types,) if isinstance(types, str) else types:
                _implement(_operator(qualname), key, function)
        return function

    return register if func is None or isinstance(qualname, Library) else register(func)


impl_abstract = register_fake


def fallthrough_kernel() -> None:
    """A mark of PyTorch's that is not to be called: NotImplementedError."""
    raise NotImplementedError("fallthrough_kernel() should never be called.")


class _OpNamespace:
    """`torch.ops.<name>`: the operators that were registered there."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        namespace = self.__dict__["_name"]
        operator = _operators.get(f"{namespace}::{name}")
        if operator is None:
            raise AttributeError(f"'_OpNamespace' '{namespace}' object has no attribute '{name}'")
        return operator


def namespace(name: str) -> Any:
    """What `torch.ops` has under a name."""
    if name == "aten":
        from .aten import Aten

        return Aten()
    return _OpNamespace(name)
