"""The memory order of convolutions' weights."""

from __future__ import annotations

from typing import Any, TypeVar

from ...grad_mode import no_grad
from ..module import Module
from ..modules.convolution import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d

AnyModule = TypeVar("AnyModule", bound=Module)


def convert_conv2d_weight_memory_format(module: AnyModule, memory_format: Any) -> AnyModule:
    """Brings the weights of all `Conv2d` and `ConvTranspose2d` in a module to a memory order.

    >>> import rushlight as torch
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3))
    >>> _ = torch.nn.utils.convert_conv2d_weight_memory_format(net, torch.channels_last)
    >>> net[0].weight.is_contiguous(memory_format=torch.channels_last)
    True
    """
    return _convert(module, (Conv2d, ConvTranspose2d), memory_format)


def convert_conv3d_weight_memory_format(module: AnyModule, memory_format: Any) -> AnyModule:
    """Brings the weights of all `Conv3d` and `ConvTranspose3d` in a module to a memory order.

    >>> import rushlight as torch
    >>> net = torch.nn.Sequential(torch.nn.Conv3d(3, 4, 2))
    >>> net[0].weight.data = net[0].weight.data.mT
    >>> _ = torch.nn.utils.convert_conv3d_weight_memory_format(net, torch.contiguous_format)
    >>> net[0].weight.is_contiguous()
    True
    """
    return _convert(module, (Conv3d, ConvTranspose3d), memory_format)


@no_grad()
def _convert(module: AnyModule, layers: tuple[type, ...], memory_format: Any) -> AnyModule:
    for layer in module.modules():
        if isinstance(layer, layers):
            weight: Any = getattr(layer, "weight")  # noqa: B009
            weight.data = weight.contiguous(memory_format=memory_format)
    return module
