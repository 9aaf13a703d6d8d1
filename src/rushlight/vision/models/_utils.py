"""Parts of torchvision's that programs import although they are private."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from ... import nn
from .registry import divisible as _make_divisible  # noqa: F401  # torchvision's name of it


class IntermediateLayerGetter(nn.ModuleDict):
    """The children of a network up to the last that is wanted; it returns what some of them give.

    `return_layers` maps names of children to names of the results. The network has to call its
    children one after the other, each once, in the order in which they stand.

    >>> import rushlight as torch
    >>> from rushlight.vision.models import resnet18
    >>> from rushlight.vision.models._utils import IntermediateLayerGetter
    >>> layers = IntermediateLayerGetter(resnet18(), {"layer1": "low", "layer3": "high"})
    >>> {name: tuple(x.shape) for name, x in layers(torch.zeros(1, 3, 64, 64)).items()}
    {'low': (1, 64, 16, 16), 'high': (1, 256, 4, 4)}
    """

    def __init__(self, model: nn.Module, return_layers: dict[str, str]) -> None:
        children = dict(model.named_children())
        if not children.keys() >= set(return_layers):
            raise ValueError("return_layers are not present in model")
        names = list(children)
        last = max((names.index(name) for name in return_layers), default=len(names) - 1)
        super().__init__(OrderedDict((name, children[name]) for name in names[: last + 1]))
        self.return_layers = {str(key): str(value) for key, value in return_layers.items()}

    def forward(self, x: Any) -> OrderedDict[str, Any]:
        results = OrderedDict()
        for name, module in self.items():
            x = module(x)
            if name in self.return_layers:
                results[self.return_layers[name]] = x
        return results
