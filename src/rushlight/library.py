"""Functions that programs register as operators, and find under `torch.ops.<namespace>.<name>`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from .custom_ops import (
    CustomOpDef,
    OpNamespace,
    check_name,
    check_namespace,
    custom_op,
    operator_of,
    operators,
    packets,
)
from .device import device as Device
from .operator_schema import parse
from .operators import OpOverload
from .schema_inference import infer_schema

__all__ = [
    "CustomOpDef", "Library", "custom_op", "define", "fallthrough_kernel", "impl", "impl_abstract",
    "infer_schema", "register_autocast", "register_autograd", "register_fake", "register_kernel",
    "register_vmap",
]  # fmt: skip


def register_fake(op: Any, func: Callable[..., Any] | None = None, /, **ignored: Any) -> Any:
    """`CustomOpDef.register_fake` of an operator or of its name; a decorator without `func`."""
    operator = operator_of(op, "register_fake", RuntimeError)
    return operator.register_fake if func is None else operator.register_fake(func)


def register_kernel(op: Any, device_types: Any, func: Any = None, /, **ignored: Any) -> Any:
    """`CustomOpDef.register_kernel` of an operator or of its name, which may be defined later."""
    if isinstance(op, str):
        types = ("default",) if device_types is None else device_types
        return impl(op, types, func)
    return operator_of(op, "register_kernel").register_kernel(device_types, func)


def register_autograd(
    op: Any, backward: Callable[..., Any], /, *, setup_context: Any = None, **ignored: Any
) -> None:
    """`CustomOpDef.register_autograd` of an operator or of its name."""
    operator_of(op, "register_autograd").register_autograd(backward, setup_context=setup_context)


def register_vmap(op: Any, func: Callable[..., Any] | None = None, /, **ignored: Any) -> Any:
    """`CustomOpDef.register_vmap` of an operator or of its name; a decorator without `func`."""
    return operator_of(op, "register_vmap").register_vmap(func)


def register_autocast(
    op: Any, device_type: str, cast_inputs: Any, /, **ignored: Any
) -> None:
    """`CustomOpDef.register_autocast` of an operator or of its name."""
    operator_of(op, "register_autocast").register_autocast(device_type, cast_inputs)


# ---- operators by their schemas

_DEVICES = {"CPU": "cpu", "CUDA": "cuda", "cpu": "cpu", "cuda": "cuda"}
_ANY_DEVICE = ("", "CompositeImplicitAutograd", "CompositeExplicitAutograd", "default")
_NAMELESS = re.compile(r"\(.*\) -> .*", re.DOTALL)
_KINDS = ("DEF", "FRAGMENT", "IMPL")
_defined: set[str] = set()  # the namespaces that have a library of the kind "DEF"


class Library:
    """Operators of a namespace, which are declared by schemas and given functions afterwards.

    `kind` is "DEF" (the namespace's first), "FRAGMENT" (more of it) or "IMPL" (functions alone).
    A function without a gradient of its own (`register_autograd`) is recorded as it runs.

    Raises ValueError for another kind, RuntimeError where a namespace is defined twice and for a
    schema that is none, and
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
        check_namespace(ns)
        if kind == "DEF" and ns in _defined:
            raise RuntimeError(
                f"Only a single library of the kind DEF can be used to register the namespace "
                f"{ns}; the kind FRAGMENT adds to it"
            )
        if kind == "DEF":
            _defined.add(ns)
        self.ns, self.kind, self.dispatch_key = ns, kind, dispatch_key
        self._names: list[tuple[str, str]] = []

    def __repr__(self) -> str:
        return f"Library(kind={self.kind}, ns={self.ns}, dispatch_key={self.dispatch_key})>"

    def define(self, schema: str, alias_analysis: str = "", *, tags: Any = ()) -> str:
        """Declares an operator, and returns its name."""
        if self.kind == "IMPL":
            raise RuntimeError(
                f'def("{schema}"): Cannot define an operator inside of a library of the kind IMPL; '
                f'Library("{self.ns}", "FRAGMENT") defines it'
            )
        parsed = parse(schema)
        namespace, colons, name = parsed.name.rpartition("::")
        if colons and namespace != self.ns:
            raise RuntimeError(
                f"Explicitly provided namespace ({namespace}) in schema string does not match "
                f"namespace of enclosing library ({self.ns})"
            )
        overload = parsed.overload_name
        qualified = f"{self.ns}::{name}" + (f".{overload}" if overload else "")
        if (overload or "default") in operators.get(f"{self.ns}::{name}", {}):
            raise RuntimeError(
                f"Tried to register an operator ({self.ns}::{schema}) with the same name and "
                "overload name multiple times"
            )
        operator = CustomOpDef(qualified, parsed, records=True)
        self._names.append((f"{self.ns}::{name}", overload or "default"))
        for key, function in _waiting.pop(qualified, []):
            _implement(operator, key, function)
        return qualified.removeprefix(f"{self.ns}::")

    def impl(
        self, op_name: Any, fn: Callable[..., Any], dispatch_key: str = "", *,
        with_keyset: bool = False, allow_override: bool = False,
    ) -> None:  # fmt: skip
        """Gives an operator its function, for a device ("CPU", "CUDA"), for tensors without memory
        ("Meta") or for all (no key). The operator may be defined later."""
        if isinstance(op_name, OpOverload):
            op_name = op_name.name()
        if not isinstance(op_name, str):
            raise RuntimeError(
                "impl should be passed either a name or an OpOverload object as the first "
                f"argument, got {type(op_name)}"
            )
        name = op_name.rpartition("::")[2]
        _give(f"{self.ns}::{name}", dispatch_key or self.dispatch_key, fn)

    def _destroy(self) -> None:
        for name, overload in self._names:
            operators.get(name, {}).pop(overload, None)
            packets.pop(name, None)
        if self.kind == "DEF":
            _defined.discard(self.ns)


_waiting: dict[str, list[tuple[str, Callable[..., Any]]]] = {}  # for operators to be defined


def _give(qualname: str, key: str, function: Callable[..., Any]) -> None:
    """Gives an operator a function, at once or when it is defined."""
    if not callable(function):
        raise TypeError(
            f"impl: Input function is required to be a callable but found type {type(function)}"
        )
    name, _, overload = qualname.partition(".")
    operator = operators.get(name, {}).get(overload or "default")
    if operator is not None:
        _implement(operator, key, function)
    else:
        _check_key(key)
        _waiting.setdefault(qualname, []).append((key, function))


def _implement(operator: CustomOpDef, key: str, function: Callable[..., Any]) -> None:
    _check_key(key)
    if key == "Meta":
        operator.register_fake(function)
    elif key in _ANY_DEVICE:
        operator.register_kernel(None, function)
        operator._fake = operator._fake or function
    else:
        operator.register_kernel(_DEVICES[key], function)


def _check_key(key: str) -> None:
    if key.startswith("Autograd"):
        raise NotImplementedError(
            f"impl: the key {key} has no counterpart; register_autograd gives an operator its "
            "gradient"
        )
    if key not in ("Meta", *_ANY_DEVICE, *_DEVICES):
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
    if not isinstance(qualname, str):
        raise ValueError(
            "define(qualname, schema): expected qualname to be instance of str, got "
            f"{type(qualname)}"
        )
    check_name(qualname)
    if not _NAMELESS.fullmatch(schema):
        raise ValueError(
            "define(qualname, schema, ...): expected schema to look like e.g. "
            f'"(Tensor x) -> Tensor" but got "{schema}"'
        )
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
            for key in keys:
                _give(qualname, key, function)
        return function

    if not isinstance(qualname, Library):
        check_name(qualname)
        kinds = (types,) if isinstance(types, str) else types
        keys = [key if key in ("default", *_DEVICES) else Device(key).type for key in kinds]

    return register if func is None or isinstance(qualname, Library) else register(func)


impl_abstract = register_fake


def fallthrough_kernel() -> None:
    """A mark of PyTorch's that is not to be called: NotImplementedError."""
    raise NotImplementedError("fallthrough_kernel() should never be called.")


@cache
def namespace(name: str) -> Any:
    """What `torch.ops` has under a name."""
    if name == "aten":
        from .aten import Aten

        return Aten()
    return OpNamespace(name)
