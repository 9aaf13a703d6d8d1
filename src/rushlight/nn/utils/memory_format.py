"""The memory order of convolutions' weights."""

from __future__ import annotations

from typing import Any, TypeVar

from ...grad_mode import no_grad
from ..modules.convolution import Conv2d, ConvTranspose2d

AnyModule = TypeVar("AnyModule", bound=Any)


@no_grad()
def convert_conv2d_weight_memory_format(module: AnyModule, memory_format: Any) -> AnyModule:
    """Brings the weights of all `Conv2d` and `ConvTranspose2d` in a module to a memory order.

    >>> import rushlight as torch
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3))
    >>> _ = torch.nn.utils.convert_conv2d_weight_memory_format(net, torch.channels_last)
    >>> net[0].weight.is_contiguous(memory_format=torch.channels_last)
    True
    """
    for layer in module.modules():
        if isinstance(layer, (Conv2d, ConvTranspose2d)):
            layer.weight.data = layer.weight.contiguous(memory_format=memory_format)
    return module
