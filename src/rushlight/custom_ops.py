"""Functions that programs register as operators: what `torch.library` makes and calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from itertools import islice
from typing import Any

from .amp.autocast_mode import is_autocast_enabled
from .autocast_state import casts, suspended
from .autograd import is_grad_enabled, no_grad
from .autograd.function import Function
from .device import device as Device
from .kernels import launch
from .operator_schema import Schema, parse
from .operators import OpOverload, OpOverloadPacket
from .schema_inference import infer_schema
from .tensor import Tensor

operators: dict[str, dict[str, CustomOpDef]] = {}  # by their names, and those of their overloads
packets: dict[str, OpOverloadPacket] = {}  # what `torch.ops` has given of them, by their names


class CustomOpDef:
    """An operator that a program has registered; `custom_op` and `define` make it."""

    def __init__(
        self, name: str, schema: Schema, function: Callable[..., Any] | None = None, *,
        records: bool = False,
    ) -> None:  # fmt: skip
        self._namespace, _, self._name = name.partition("::")
        self._qualname = name
        self._schema = replace(schema, name=name.partition(".")[0])
        overload = schema.overload_name or "default"
        operators.setdefault(self._schema.name, {})[overload] = self
        packets.pop(self._schema.name, None)
        self._opoverload = OpOverload(  # what `torch.ops` has of it
            self._namespace, self._schema.name.partition("::")[2], overload, self,
            lambda: self._schema,
        )  # fmt: skip
        self._kernels: dict[str | None, Callable[..., Any]] = {
            None: _lacking(name) if function is None else function
        }
        self._fake: Callable[..., Any] | None = None
        self._backward: Callable[..., Any] | None = None
        self._setup_context: Callable[..., Any] | None = None
        self._records = records  # what it calls, for its gradient; or else it is one node
        self._casts: dict[str, Any] = {}
        self._recorded = _recorded(self)
        self.__name__, self.__doc__ = self._name, getattr(function, "__doc__", None)

    def __repr__(self) -> str:
        return f"<CustomOpDef({self._qualname})>"

    def register_kernel(
        self, device_types: str | Iterable[str] | None, func: Callable[..., Any] | None = None, /
    ) -> Any:
        """Registers what runs for tensors of some types of devices."""
        is_one = device_types is None or isinstance(device_types, str)
        types: Any = (device_types,) if is_one else tuple(device_types or ())
        kinds = [None if kind is None else Device(kind).type for kind in types]

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            self._kernels.update(dict.fromkeys(kinds, function))
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

        `setup_context(ctx, inputs, output)` saves beforehand what it needs. RuntimeError for an
        operator that changes its arguments.
        """
        if self._schema.is_mutable:
            raise RuntimeError(
                f"Cannot register autograd formula for non-functional operator {self} with schema "
                f"{self._schema}. Please create a functional operator and register an autograd "
                "formula for that."
            )
        self._backward, self._setup_context = backward, setup_context

    def register_vmap(self, func: Callable[..., Any] | None = None, /) -> Any:
        """Registers what runs under `torch.vmap`: `func(info, in_dims, *args)`.

        It returns the results and their batch dimensions, as `torch.autograd.Function.vmap` does.
        """

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            self._recorded.vmap = staticmethod(_mapped(function))
            return function

        return register if func is None else register(func)

    def register_autocast(self, device_type: str, cast_inputs: Any) -> None:
        """Under `torch.autocast`, floating-point tensors of a device come in as `cast_inputs`."""
        self._casts[Device(device_type).type] = cast_inputs

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self._called_with(self._schema.taken(args, kwargs))

    def _called_with(self, values: tuple[Any, ...]) -> Any:
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
            lists = _Lists(values)
            return lists.result(self._recorded.apply(lists, *_flat(values)))
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
        arguments = self._schema.arguments
        given = {a.name: v for a, v in zip(arguments, values, strict=True) if a.kwarg_only}
        result = self._schema.given(kernel(*values[: len(values) - len(given)], **given))
        if not self._records:
            self._check_memory(_tensors_in(result), tensors)
        return result

    def _check_memory(self, results: list[Tensor], inputs: list[Tensor]) -> None:
        for place, result in enumerate(results):
            if any(_share_memory(result, other) for other in (*inputs, *results[:place])):
                raise RuntimeError(
                    f"{self._name}: the output of a custom operator must not also be an input, and "
                    "must not share memory with one or with other outputs; return a clone of it "
                    "(x.clone())"
                )

    def _changed(self, values: tuple[Any, ...]) -> list[Tensor]:
        pairs = zip(self._schema.arguments, values, strict=True)
        return [t for argument, value in pairs if argument.is_write for t in _tensors_in(value)]


def _share_memory(x: Tensor, y: Tensor) -> bool:
    return x is y or x._counter is not None and x._counter is y._counter


def _tensors_in(value: Any) -> list[Tensor]:
    if isinstance(value, (list, tuple)):
        return [item for item in value if isinstance(item, Tensor)]
    return [value] if isinstance(value, Tensor) else []


class _Lists:
    """How long the lists among a call's arguments and results are: nodes know single tensors."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.arguments = _lengths(values)
        self.results: list[int | None] = [None]
        self.is_single = True

    def flat_result(self, result: Any) -> Any:
        self.is_single = not isinstance(result, tuple)
        results = (result,) if self.is_single else result
        self.results = _lengths(results)
        return result if self.results == [None] and self.is_single else tuple(_flat(results))

    def result(self, flat: Any) -> Any:
        results = _joined(self.results, flat if isinstance(flat, tuple) else (flat,))
        return results[0] if self.is_single else tuple(results)


def _lengths(values: Sequence[Any]) -> list[int | None]:
    return [len(value) if isinstance(value, list) else None for value in values]


def _flat(values: Sequence[Any]) -> list[Any]:
    return [part for v in values for part in (v if isinstance(v, list) else (v,))]


def _joined(lengths: Sequence[int | None], flat: Sequence[Any]) -> list[Any]:
    parts = iter(flat)
    return [next(parts) if n is None else list(islice(parts, n)) for n in lengths]


def _mapped(function: Callable[..., Any]) -> Callable[..., Any]:
    def vmap(info: Any, in_dims: Any, lists: _Lists, *flat: Any) -> Any:
        dims = _joined(lists.arguments, in_dims[1:])
        result, out_dims = function(info, tuple(dims), *_joined(lists.arguments, flat))
        is_flat = not isinstance(out_dims, (tuple, list))
        return lists.flat_result(result), out_dims if is_flat else tuple(_flat(out_dims))

    return vmap


def _recorded(operator: CustomOpDef) -> Any:
    """The autograd function whose nodes the operator leaves in graphs."""

    class Recorded(Function):
        @staticmethod
        def forward(lists: _Lists, *flat: Any) -> Any:
            with no_grad():  # whatever the function calls is the operator's own affair
                return lists.flat_result(operator._run(tuple(_joined(lists.arguments, flat))))

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
            lists, *flat = inputs
            values = tuple(_joined(lists.arguments, flat))
            ctx.mark_dirty(*operator._changed(values))
            arguments = operator._schema.arguments
            count = sum(not a.kwarg_only for a in arguments)
            ctx.lists = lists
            if operator._setup_context is None:
                return
            names = [a.name for a in arguments]
            named = {} if count == len(values) else {
                "keyword_only_inputs": dict(zip(names[count:], values[count:], strict=True))
            }  # fmt: skip
            operator._setup_context(
                ctx=ctx, inputs=values[:count], output=lists.result(output), **named
            )

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            if operator._backward is None:
                raise RuntimeError(
                    f"Trying to backward through {operator._namespace}.{operator._name}.default "
                    "but no autograd formula was registered. "
                    "Please use register_autograd to add one."
                )
            lists: _Lists = ctx.lists
            found = operator._backward(ctx, *_joined(lists.results, grads))
            found = list(found) if isinstance(found, tuple) else [found]
            found += [None] * (len(lists.arguments) - len(found))  # those given by name have none
            for place, length in enumerate(lists.arguments):
                if length is not None and found[place] is None:
                    found[place] = [None] * length
            return (None, *_flat(found))

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
            raise ValueError(f'custom_op: the name must be "<namespace>::<name>", got "{name}"')
        told = infer_schema(function, mutates_args=mutates_args) if schema is None else schema
        check_namespace(name.partition("::")[0])
        operator = CustomOpDef(name, parse(name + told), function)
        if device_types is not None:
            operator.register_kernel(device_types, function)
            operator._kernels[None] = _lacking(name)
        return operator

    return register if fn is None else register(fn)


def check_namespace(name: str) -> None:
    """That operators may be added to a namespace: not to PyTorch's own."""
    if name == "prim":
        raise ValueError(
            "prim is a reserved namespace. Please try creating a library with another name."
        )
    if name in ("aten", "prims"):
        raise NotImplementedError(
            f"operators of {name} cannot be replaced or added to; __torch_function__ of a tensor's "
            "class, or a mode, sees the calls of all"
        )


def _lacking(name: str) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        kinds = sorted({t.device.type for arg in args for t in _tensors_in(arg)})
        raise NotImplementedError(
            f"{name}: no function was registered for {' and '.join(kinds) or 'no'} tensors; "
            "add one with register_kernel"
        )

    return refuse


def operator_of(op: Any, caller: str, missing: type[Exception] = AttributeError) -> CustomOpDef:
    """An operator by itself, its overload, or its name."""
    if isinstance(op, OpOverload):
        op = op.name()
    if isinstance(op, CustomOpDef):
        return op
    if not isinstance(op, str):
        raise ValueError(f"{caller}({op!r}): got unexpected type for op: {type(op)}")
    check_name(op)
    name, _, overload = op.partition(".")
    found = operators.get(name, {}).get(overload or "default")
    if found is None:
        raise missing(f"{caller}: operator {op} does not exist")
    return found


def check_name(qualname: str) -> None:
    if qualname.count("::") != 1:
        raise ValueError(
            f'Expected `qualname` to be of the form "namespace::name", but got {qualname}'
        )


class OpNamespace:
    """`torch.ops.<name>`: the operators that were registered there."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        namespace = self.__dict__["_name"]
        qualname = f"{namespace}::{name}"
        if qualname in packets:
            return packets[qualname]
        found = operators.get(qualname)
        if not found:
            raise AttributeError(f"'_OpNamespace' '{namespace}' object has no attribute '{name}'")
        overloads = {overload: operator._opoverload for overload, operator in found.items()}
        packet = OpOverloadPacket(namespace, name, overloads, _first_that_takes(found))
        return packets.setdefault(qualname, packet)


def _first_that_takes(overloads: dict[str, CustomOpDef]) -> Callable[..., Any]:
    """The call of an operator by its name alone."""
    if len(overloads) == 1:
        return next(iter(overloads.values()))

    def call(*args: Any, **kwargs: Any) -> Any:
        refusals = []
        for operator in overloads.values():
            try:
                values = operator._schema.taken(args, kwargs)
            except RuntimeError as error:
                refusals.append(str(error))
            else:
                return operator._called_with(values)
        raise RuntimeError(
            "Overloaded torch operator invoked from Python failed to match any schema:\n"
            + "\n".join(refusals)
        )

    return call
