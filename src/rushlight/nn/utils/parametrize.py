"""Tensors of modules that are computed from others whenever they are asked for."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from ...grad_mode import no_grad
from ...kernels import launch
from ...tensor import Tensor
from ..module import Module
from ..modules.container import ModuleDict, ModuleList
from ..parameter import Parameter

__all__ = [
    "ParametrizationList", "cached", "is_parametrized", "register_parametrization",
    "remove_parametrizations", "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]  # fmt: skip

AnyModule = TypeVar("AnyModule", bound=Module)

_depth = 0  # how many `cached` are entered
_values: dict[tuple[int, str], Any] = {}  # within them: by a module's id and a tensor's name


@contextmanager
def cached() -> Iterator[None]:
    """Inside, each parametrized tensor is computed once, and not each time it is asked for.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import parametrizations, parametrize
    >>> layer = parametrizations.weight_norm(torch.nn.Linear(2, 2))
    >>> with parametrize.cached():
    ...     layer.weight is layer.weight
    True
    """
    global _depth
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if _depth == 0:
            _values.clear()


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor in their order, and what they compute it from.

    That is `original`, or `original0`, `original1`, ... where the first of them takes several
    tensors. `module.parametrizations[name]` is such a list; called, it gives the tensor.

    >>> import rushlight as torch
    >>> layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 2))
    >>> kept = layer.parametrizations.weight
    >>> len(kept), kept.ntensors, torch.equal(kept(), layer.weight)
    (1, 2, True)
    """

    original: Tensor

    def __init__(
        self, modules: Sequence[Module], original: Tensor, unsafe: bool = False
    ) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        made: Any = original
        with no_grad():
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    with suppress(NotImplementedError):  # then it counts as the identity
                        made = module.right_inverse(made)
        if not isinstance(made, (Tensor, Sequence)):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(made).__name__}"
            )
        self.is_tensor = isinstance(made, Tensor)
        self.ntensors = 1 if isinstance(made, Tensor) else len(made)
        if isinstance(made, Tensor):
            _check_inverse(original, made)
            original.data = made.data  # it stays the tensor that an optimizer may know
            _register(self, "original", original)
        else:
            self._register_originals(original, made)
        if not unsafe:
            _check_unchanged("Registering a parametrization", shape, dtype, self())

    def _register_originals(self, original: Tensor, made: Sequence[Any]) -> None:
        for number, part in enumerate(made):
            _check_element(number, part)
            if isinstance(original, Parameter):
                part = Parameter(part, original.requires_grad)
            part.requires_grad_(original.requires_grad)
            _register(self, f"original{number}", part)

    def right_inverse(self, value: Any) -> None:
        """Changes the original tensors to what gives `value`, by the parametrizations' own
        `right_inverse`; RuntimeError where one has none. It is what `module.weight = value` does.
        """
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                value = module.right_inverse(value)
            if self.is_tensor:
                if not isinstance(value, Tensor):
                    raise ValueError(
                        f"`right_inverse` should return a tensor. Got {type(value).__name__}"
                    )
                _check_dtype("The tensor", value, "original", self.original)
                self.original.data = value.data
                return
            if not isinstance(value, Sequence) or isinstance(value, Tensor):
                raise ValueError(
                    "'right_inverse' must return a sequence of tensors. "
                    f"Got {type(value).__name__}."
                )
            if len(value) != self.ntensors:
                raise ValueError(
                    "'right_inverse' must return a sequence of tensors of length "
                    f"{self.ntensors}. Got a sequence of length {len(value)}."
                )
            for number, part in enumerate(value):
                _check_element(number, part)
                original = getattr(self, f"original{number}")
                _check_dtype(f"Tensor {number}", part, f"original{number}", original)
                original.data = part.data

    def forward(self) -> Any:
        first, *others = self
        if self.is_tensor:
            value = first(self.original)
        else:
            value = first(*[getattr(self, f"original{i}") for i in range(self.ntensors)])
        for module in others:
            value = module(value)
        return value


def register_parametrization(
    module: AnyModule, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> AnyModule:
    """Makes a parameter or buffer of a module what `parametrization` computes from it.

    The tensor itself becomes `module.parametrizations.<tensor_name>.original`, and
    `module.<tensor_name>` is computed at each use, by one parametrization after the other where
    there are several. One with a method `right_inverse` lets the tensor be assigned. A change of
    shape or dtype is a ValueError, unless `unsafe`.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import parametrize
    >>> class Symmetric(torch.nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).mT
    >>> layer = parametrize.register_parametrization(torch.nn.Linear(3, 3), "weight", Symmetric())
    >>> torch.equal(layer.weight, layer.weight.T)
    True
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'parametrizations.weight.original']
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        kept = _lists(module)[tensor_name]
        if not unsafe:
            _check_next(parametrization, getattr(module, tensor_name))
        kept.append(parametrization)
        kept.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        original = getattr(module, tensor_name)
        made = ParametrizationList([parametrization], original, unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            module.parametrizations = ModuleDict()
        _change_class(module, [*_lists(module), tensor_name])
        _lists(module)[tensor_name] = made
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrizations; with a name, whether that tensor has some.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import parametrizations, parametrize
    >>> layer = parametrizations.weight_norm(torch.nn.Linear(2, 2))
    >>> parametrize.is_parametrized(layer), parametrize.is_parametrized(layer, "bias")
    (True, False)
    """
    kept = getattr(module, "parametrizations", None)
    if not isinstance(kept, ModuleDict):
        return False
    return len(kept) > 0 if tensor_name is None else tensor_name in kept


def remove_parametrizations(
    module: AnyModule, tensor_name: str, leave_parametrized: bool = True
) -> AnyModule:
    """Makes a parametrized tensor an ordinary parameter or buffer again.

    It keeps the value that was computed; without `leave_parametrized` it has that of the original
    tensor, of which there must be one alone.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import parametrizations, parametrize
    >>> layer = parametrizations.orthogonal(torch.nn.Linear(2, 2))
    >>> layer = parametrize.remove_parametrizations(layer, "weight")
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'weight']
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    kept = _lists(module)[tensor_name]
    value = getattr(module, tensor_name)
    if kept.is_tensor:
        tensor = kept.original
        if leave_parametrized:
            tensor.data = value.data
    elif leave_parametrized:
        tensor = Parameter(value.detach()) if value.requires_grad else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    del _lists(module)[tensor_name]
    _change_class(module, list(_lists(module)))
    if not is_parametrized(module):
        delattr(module, "parametrizations")
    _register(module, tensor_name, tensor)
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class of a module without the parametrizations, which give it one of its own.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import parametrizations, parametrize
    >>> layer = parametrizations.orthogonal(torch.nn.Linear(2, 2))
    >>> type(layer).__name__, parametrize.type_before_parametrizations(layer).__name__
    ('ParametrizedLinear', 'Linear')
    """
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: AnyModule, tensor_name: str | None = None
) -> AnyModule:
    """Gives a module the parametrizations of another, with the tensors that they compute from.

    With a name, those of that tensor. What `to_module` has no tensor for becomes a parameter.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import parametrizations, parametrize
    >>> layer, other = parametrizations.orthogonal(torch.nn.Linear(2, 2)), torch.nn.Linear(2, 2)
    >>> _ = parametrize.transfer_parametrizations_and_params(layer, other)
    >>> torch.equal(layer.weight, other.weight)
    True
    """
    if not is_parametrized(from_module):
        return to_module
    kept = _lists(from_module)
    for name in list(kept) if tensor_name is None else [tensor_name]:
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name).detach()))
        for parametrization in kept[name]:
            register_parametrization(to_module, name, parametrization)
        target = _lists(to_module)[name]
        for original in [*kept[name]._parameters, *kept[name]._buffers]:
            setattr(target, original, getattr(kept[name], original))
    return to_module


# ---- a class with a property for each parametrized tensor


def _change_class(module: Module, names: Sequence[str]) -> None:
    """Gives a module the class that computes these tensors; its own one if there are none."""
    own = type(module)
    base = own.__bases__[0] if hasattr(own, "_computed_names") else own
    launch.structure_changed()
    module.__class__ = _computing_class(base, tuple(names)) if names else base


@functools.cache
def _computing_class(base: type, names: tuple[str, ...]) -> Any:
    """Two modules with the same parametrized tensors share it, copies among them."""
    members: dict[str, Any] = {name: _computed(name) for name in names}
    members |= {
        "__module__": base.__module__, "__getstate__": _refuse_to_pickle, "_computed_names": names,
    }  # fmt: skip
    if not hasattr(base, "__deepcopy__"):
        members["__deepcopy__"] = _deepcopy
    return type(f"Parametrized{base.__name__}", (base,), members)


def _computed(name: str) -> property:
    def compute(self: Any) -> Any:
        if _depth == 0:
            return self.parametrizations[name]()
        key = id(self), name
        if key not in _values:
            _values[key] = self.parametrizations[name]()
        return _values[key]

    def assign(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(compute, assign)


def _refuse_to_pickle(self: Any) -> Any:
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict()."
    )


def _deepcopy(self: Any, memo: dict[int, Any]) -> Any:
    made = memo[id(self)] = object.__new__(type(self))
    made.__dict__.update(copy.deepcopy(self.__dict__, memo))
    return made


def _lists(module: Any) -> Any:
    """The parametrizations of a module, a `ParametrizationList` for each tensor."""
    return module.parametrizations


def _register(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


# ---- what parametrizations must not change


def _check_inverse(original: Tensor, made: Tensor) -> None:
    for what in ("dtype", "device"):
        if getattr(original, what) != getattr(made, what):
            raise ValueError(
                f"When `right_inverse` outputs one tensor, it may not change the {what}: "
                f"original.{what} is {getattr(original, what)} and right_inverse(original).{what} "
                f"is {getattr(made, what)}"
            )


def _check_next(parametrization: Any, value: Tensor) -> None:
    """A parametrization after others must keep what the tensor was, and so must its inverse."""
    result = parametrization(value)
    _check_unchanged("Registering a parametrization", value.shape, value.dtype, result)
    if not hasattr(parametrization, "right_inverse"):
        return
    try:
        inverted = parametrization.right_inverse(result)
    except NotImplementedError:
        return
    if not isinstance(inverted, Tensor):
        raise ValueError(
            f"parametrization.right_inverse must return a tensor. Got: {type(inverted).__name__}"
        )
    _check_unchanged("The tensor returned by parametrization.right_inverse", value.shape,
                     value.dtype, inverted)  # fmt: skip


def _check_unchanged(what: str, shape: Any, dtype: Any, value: Any) -> None:
    if not isinstance(value, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(value).__name__}.")
    for name, before, after in (("dtype", dtype, value.dtype), ("shape", shape, value.shape)):
        if before != after:
            raise ValueError(
                f"{what} may not change the {name} of the tensor, unless `unsafe` flag is enabled: "
                f"it was {before} and becomes {after}"
            )


def _check_element(number: int, part: Any) -> None:
    if not isinstance(part, Tensor):
        raise ValueError(
            "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got "
            f"element {number} of the sequence with type {type(part).__name__}."
        )


def _check_dtype(what: str, value: Tensor, name: str, original: Tensor) -> None:
    if value.dtype != original.dtype:
        raise ValueError(
            f"{what} returned by `right_inverse` has dtype {value.dtype} while `{name}` has dtype "
            f"{original.dtype}"
        )
