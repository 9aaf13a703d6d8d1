"""What lets `load_state_dict` leave a module as it was when something in the state does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..grad_mode import no_grad
from ..tensor import Tensor
from .registration import Registration

_PACKAGE = __name__.partition(".")[0]


class Before:
    """The tensors and extra states of a module and of all below it, as they were.

    `assigning` says that tensors are going to be replaced, and not to be written to.
    """

    def __init__(self, module: Any, assigning: bool) -> None:
        self._parts = [
            (part, dict(part._parameters), dict(part._buffers)) for part in module.modules()
        ]
        self._extra = [
            (part, part.get_extra_state()) for part, _, _ in self._parts
            if _overrides(part, "get_extra_state") and _overrides(part, "set_extra_state")
        ]  # fmt: skip
        tensors = {id(t): t for _, *kept in self._parts for own in kept for t in own.values()}
        self._values = [
            (tensor, tensor.detach().clone()) for tensor in tensors.values()
            if not assigning and _has_values(tensor)
        ]  # fmt: skip

    def restore(self) -> None:
        for part, parameters, buffers in self._parts:
            for registered, before in ((part._parameters, parameters), (part._buffers, buffers)):
                if any(registered.get(name) is not tensor for name, tensor in before.items()):
                    registered.replace(before)
        with no_grad():
            for tensor, value in self._values:
                tensor.copy_(value)
        for part, state in self._extra:
            part.set_extra_state(state)


def will_fit(module: Any, state_dict: Mapping[str, Any], strict: bool) -> bool:
    """Whether nothing can go wrong: each tensor has its place, and no code of users takes part.

    Then nothing has to be kept to go back to, which needs as much memory as the module.
    """
    known = set()
    for prefix, part in _all_modules(module, ""):
        if not _loads_plainly(part):
            return False
        for name, tensor in part._own_state().items():
            known.add(prefix + name)
            value = state_dict.get(prefix + name)
            if value is None:
                if strict:
                    return False
            elif not isinstance(value, Tensor) or value.shape != tensor.shape:
                return False
    return not strict or known.issuperset(state_dict)


def _has_values(tensor: Any) -> bool:
    """A lazy module's tensors have none before the first call: what gives them some is a method."""
    return tensor is not None and not hasattr(tensor, "materialize") and not tensor.is_meta


def _loads_plainly(module: Any) -> bool:
    return not (
        module._load_state_dict_pre_hooks
        or module._load_state_dict_post_hooks
        or _overrides(module, "set_extra_state")
    ) and type(module)._load_from_state_dict.__module__.startswith(_PACKAGE)


def _overrides(module: Any, name: str) -> bool:
    from .state_dict import StateDict

    return getattr(type(module), name) is not getattr(StateDict, name)


def _all_modules(module: Registration, prefix: str) -> Iterator[tuple[str, Any]]:
    """A module and those below it at all their places, also where one has several."""
    yield prefix, module
    for name, child in module._modules.items():
        if child is not None:
            yield from _all_modules(child, f"{prefix}{name}.")
