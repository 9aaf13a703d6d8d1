"""Functions that programs register as operators, and find under `torch.ops.<namespace>.<name>`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from .autograd import is_grad_enabled, no_grad
from .autograd.function import Function
from .tensor import Tensor

__all__ = [
    "CustomOpDef", "custom_op", "register_autograd", "register_fake", "register_kernel",
]  # fmt: skip

_operators: dict[str, CustomOpDef] = {}


class CustomOpDef:
    """An operator that a program has registered; `custom_op` makes it."""

    def __init__(self, name: str, function: Callable[..., Any], mutates: Iterable[str]) -> None:
        self._namespace, _, self._name = name.partition("::")
        self._qualname = name
        self._signature = _annotated(function)
        self._mutates = frozenset(self._signature.parameters if mutates == "unknown" else mutates)
        self._kernels: dict[str | None, Callable[..., Any]] = {None: function}
        self._fake: Callable[..., Any] | None = None
        self._backward: Callable[..., Any] | None = None
        self._setup_context: Callable[..., Any] | None = None
        self._recorded = _recorded(self)
        self.__name__, self.__doc__ = self._name, function.__doc__

    @property
    def default(self) -> CustomOpDef:
        """The operator itself: it has no overloads."""
        return self

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
        tensors = [t for value in values for t in _tensors_in(value)]
        if is_grad_enabled() and any(t.requires_grad for t in tensors):
            return self._recorded.apply(*values)
        return self._run(values)

    def _run(self, values: tuple[Any, ...]) -> Any:
        """The results, not recorded: whatever the function calls is the operator's own affair."""
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
        with no_grad():
            result = kernel(*values[: len(values) - len(given)], **given)
        if any(r is t for r in _tensors_in(result) for t in tensors):
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


def _annotated(function: Callable[..., Any]) -> inspect.Signature:
    try:
        signature = inspect.signature(function, eval_str=True)
    except NameError:  # an annotation that is not there at run time
        signature = inspect.signature(function)
    for parameter in signature.parameters.values():
        if parameter.annotation is parameter.empty:
            raise ValueError(
                f"infer_schema(func): Parameter {parameter.name} must have a type annotation. "
                f"Got func with signature {signature})"
            )
    return signature


def _recorded(operator: CustomOpDef) -> Any:
    """The autograd function whose nodes the operator leaves in graphs."""

    class Recorded(Function):
        @staticmethod
        def forward(*values: Any) -> Any:
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
    `mutates_args` names those that it changes. What the function calls is not recorded: gradients
    come from `register_autograd`.

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
        operator = CustomOpDef(name, function, mutates_args)
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
    return _OpNamespace(name)
