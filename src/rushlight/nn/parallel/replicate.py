"""Copies of a module on several devices, which share its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

from ...tensor import Tensor
from ..module import Module
from ..parameter import is_lazy
from .scatter_gather import AnyId, device_of


def replicate(network: Module, devices: Sequence[AnyId], detach: bool = False) -> list[Any]:
    """A copy of `network` for each device.

    Its tensors are those of `network`, moved, and no parameters of the copy: what a loss sends back
    to them arrives at `network`'s own, unless `detach`.
    """
    places = [device_of(device) for device in devices]
    members = [*network.parameters(), *network.buffers()]
    if places and any(member.device.type == "cpu" for member in members):
        raise AssertionError("Broadcast function not implemented for CPU tensors")
    return [_copied(network, place, detach, {}) for place in places]


def _copied(module: Module, place: Any, detach: bool, copies: dict[int, Any]) -> Any:
    """The copy of a module and all below it; each module, however often it is there, once."""
    if id(module) in copies:
        return copies[id(module)]
    members = (*module._parameters.values(), *module._buffers.values())
    if any(map(is_lazy, members)):
        raise RuntimeError(
            "Modules with uninitialized parameters can't be used with `DataParallel`. Run a dummy "
            "forward pass to correctly initialize the modules"
        )
    made = copy(module)
    made._registered_parameters = {}
    copies[id(module)] = made

    def moved(tensor: Tensor) -> Tensor:
        return (tensor.detach() if detach else tensor).to(place)

    for name, parameter in module._parameters.items():
        # No parameter any more, but a plain attribute.
        made.__dict__[name] = None if parameter is None else moved(parameter)
    for name, buffer in module._buffers.items():
        made._buffers[name] = None if buffer is None else moved(buffer)
    for name, child in module._modules.items():
        made._modules[name] = None if child is None else _copied(child, place, detach, copies)
    return made
