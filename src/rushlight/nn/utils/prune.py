"""Pruning: parameters a part of whose values is kept at zero by a mask.

A pruned parameter `weight` becomes `weight_orig`, which is trained, `weight_mask` is a buffer, and
a hook before each forward makes `weight` of both. `remove` ends that and leaves the zeros.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from ...ops.creation import ones_like
from ...tensor import Tensor
from ..module import Module
from .convert_parameters import parameters_to_vector
from .pruning_methods import (
    BasePruningMethod,
    CustomFromMask,
    Identity,
    L1Unstructured,
    LnStructured,
    PruningContainer,
    RandomStructured,
    RandomUnstructured,
    hook_of,
)

__all__ = [
    "BasePruningMethod", "CustomFromMask", "Identity", "L1Unstructured", "LnStructured",
    "PruningContainer", "RandomStructured", "RandomUnstructured", "custom_from_mask",
    "global_unstructured", "identity", "is_pruned", "l1_unstructured", "ln_structured",
    "random_structured", "random_unstructured", "remove",
]  # fmt: skip

AnyModule = TypeVar("AnyModule", bound=Module)


def identity(module: AnyModule, name: str) -> AnyModule:
    """Makes a parameter a pruned one, of which nothing is pruned yet.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> prune.identity(torch.nn.Linear(1, 2), "bias").bias_mask
    tensor([1., 1.])
    """
    Identity.apply(module, name)
    return module


def random_unstructured(module: AnyModule, name: str, amount: float) -> AnyModule:
    """Prunes values of a parameter at random: `amount` of them, or that fraction.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> layer = prune.random_unstructured(torch.nn.Linear(4, 5), "weight", 0.5)
    >>> (layer.weight == 0).sum()
    tensor(10)
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: AnyModule, name: str, amount: float, importance_scores: Tensor | None = None
) -> AnyModule:
    """Prunes the smallest values of a parameter: `amount` of them, or that fraction.

    `importance_scores`, a tensor of its shape, counts in the place of the values.

    >>> import rushlight as torch
    >>> layer = torch.nn.Linear(4, 1)
    >>> layer.weight.data = torch.tensor([[3.0, -1.0, 2.0, -4.0]])
    >>> from rushlight.nn.utils import prune
    >>> prune.l1_unstructured(layer, "weight", amount=2).weight_mask
    tensor([[1., 0., 0., 1.]])
    """
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: AnyModule, name: str, amount: float, dim: int) -> AnyModule:
    """Prunes channels of a parameter along `dim` at random: `amount`, or that fraction.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> layer = prune.random_structured(torch.nn.Linear(4, 2), "weight", amount=0.5, dim=1)
    >>> layer.weight_mask.sum()
    tensor(4.)
    """
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: AnyModule, name: str, amount: float, n: Any, dim: int,
    importance_scores: Tensor | None = None,
) -> AnyModule:  # fmt: skip
    """Prunes the channels along `dim` whose `n`-norm is smallest: `amount`, or that fraction.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> layer = torch.nn.Linear(2, 2)
    >>> layer.weight.data = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> prune.ln_structured(layer, "weight", amount=1, n=2, dim=0).weight_mask
    tensor([[0., 0.],
            [1., 1.]])
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]], pruning_method: Any, importance_scores: Any = None,
    **kwargs: Any,
) -> None:  # fmt: skip
    """Prunes several parameters as if they were one tensor, by an unstructured method.

    `parameters` are pairs of a module and a name, `importance_scores` a dictionary of tensors by
    such pairs, `kwargs` the method's arguments.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Linear(5, 2))
    >>> both = [(net[0], "weight"), (net[1], "weight")]
    >>> prune.global_unstructured(both, pruning_method=prune.L1Unstructured, amount=10)
    >>> sum((layer.weight == 0).sum() for layer in net)
    tensor(10)
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    scores = {} if importance_scores is None else importance_scores
    if not isinstance(scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    parameters = list(parameters)
    tensors = [getattr(module, name) for module, name in parameters]
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {method.PRUNING_TYPE}"
        )
    masks = [getattr(module, f"{name}_mask", None) for module, name in parameters]
    together = parameters_to_vector(
        [ones_like(t) if mask is None else mask for t, mask in zip(tensors, masks, strict=True)]
    )
    values = parameters_to_vector(
        [scores.get(place, t) for place, t in zip(parameters, tensors, strict=True)]
    )
    mask = PruningContainer(method).compute_mask(values, together)
    start = 0
    for (module, name), tensor in zip(parameters, tensors, strict=True):
        end = start + tensor.numel()
        custom_from_mask(module, name, mask[start:end].view(tensor.shape))
        start = end


def custom_from_mask(module: AnyModule, name: str, mask: Tensor) -> AnyModule:
    """Prunes what a mask of the parameter's shape has zeros for.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> layer = torch.nn.Linear(2, 2)
    >>> layer.weight.data = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> mask = torch.tensor([[0, 1], [1, 1]])
    >>> prune.custom_from_mask(layer, "weight", mask).weight.detach()
    tensor([[0., 2.],
            [3., 4.]])
    """
    CustomFromMask.apply(module, name, mask=mask)
    return module


def remove(module: AnyModule, name: str) -> AnyModule:
    """Makes a pruned parameter an ordinary one again; its zeros stay, and are trained again.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> layer = prune.l1_unstructured(torch.nn.Linear(2, 2), "weight", 1)
    >>> list(prune.remove(layer, "weight").state_dict())
    ['bias', 'weight']
    """
    number = hook_of(module, name)
    if number is None:
        raise ValueError(
            f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
        )
    method: Any = module._forward_pre_hooks.pop(number)
    method.remove(module)
    return module


def is_pruned(module: Module) -> bool:
    """Whether a parameter of the module, or of one below it, is pruned.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 2))
    >>> before = prune.is_pruned(net)
    >>> _ = prune.identity(net[0], "weight")
    >>> before, prune.is_pruned(net)
    (False, True)
    """
    return any(
        isinstance(hook, BasePruningMethod)
        for part in module.modules() for hook in part._forward_pre_hooks.values()
    )  # fmt: skip
