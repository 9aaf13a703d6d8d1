"""Modules as functions of their parameters: `functional_call`, `stack_module_state`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..kernels import launch
from ..nn.module import Module
from ..nn.modules.batchnorm import _BatchNorm as BatchNorm
from ..ops.joining import stack
from ..tensor import Tensor


def functional_call(
    module: Module, parameter_and_buffer_dicts: Any, args: Any = None, kwargs: Any = None, *,
    tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """The module's result with other tensors in the places of its parameters and buffers.

    They are given by name, in one dictionary or in several. What is not named stays as it is, and
    names that the module does not have are passed over, unless `strict`. Parameters that are one
    tensor in the module are one here, too (`tie_weights`).

    >>> import rushlight as torch
    >>> layer = torch.nn.Linear(2, 1)
    >>> given = {"weight": torch.ones(1, 2), "bias": torch.zeros(1)}
    >>> torch.func.functional_call(layer, given, (torch.tensor([3.0, 4.0]),))
    tensor([7.])
    """
    if isinstance(parameter_and_buffer_dicts, dict):
        given = dict(parameter_and_buffer_dicts)
    elif isinstance(parameter_and_buffer_dicts, (tuple, list)):
        if not all(isinstance(part, dict) for part in parameter_and_buffer_dicts):
            raise ValueError(
                "Expected all elements of parameter_and_buffer_dicts to be dictionaries"
            )
        names = [name for part in parameter_and_buffer_dicts for name in part]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(
                f"{repeated} appeared in multiple dictionaries; behavior of functional call is "
                "ambiguous"
            )
        given = {name: value for part in parameter_and_buffer_dicts for name, value in part.items()}
    else:
        raise ValueError(
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(parameter_and_buffer_dicts)}"
        )
    if args is None:
        args = ()
    elif not isinstance(args, tuple):
        args = (args,)
    with _swapped(module, given, tie_weights, strict):
        return module(*args, **(kwargs or {}))


def _places(module: Module) -> dict[str, tuple[Any, str]]:
    """Where a module keeps each parameter and buffer: by name, a dictionary and its key."""
    found: dict[str, tuple[Any, str]] = {}
    for prefix, part in module.named_modules(remove_duplicate=False):
        for store in (part._parameters, part._buffers):
            for key, value in store.items():
                if value is not None:
                    found[f"{prefix}.{key}" if prefix else key] = (store, key)
    return found


@contextmanager
def _swapped(
    module: Module, given: dict[str, Any], tie_weights: bool, strict: bool
) -> Iterator[None]:
    places = _places(module)
    unknown = [name for name in given if name not in places]
    if unknown and strict:
        raise RuntimeError(
            f"Error(s) in loading state_dict for {type(module).__name__}: Unexpected key(s): "
            f"{', '.join(unknown)}."
        )
    given = {name: value for name, value in given.items() if name in places}
    if tie_weights:
        given = _tied(places, given)
    if strict and len(given) < len(places):
        missing = ", ".join(name for name in places if name not in given)
        raise RuntimeError(
            f"Error(s) in loading state_dict for {type(module).__name__}: Missing key(s): "
            f"{missing}."
        )
    before = [(store, key, store[key]) for store, key in places.values()]
    try:
        for name, value in given.items():
            store, key = places[name]
            store[key] = value
        launch.structure_changed()
        yield
    finally:
        for store, key, value in before:
            store[key] = value
        launch.structure_changed()


def _tied(places: dict[str, tuple[Any, str]], given: dict[str, Any]) -> dict[str, Any]:
    """What was given, also for the other names of the same tensors."""
    names: dict[int, list[str]] = {}
    for name, (store, key) in places.items():
        names.setdefault(id(store[key]), []).append(name)
    found = dict(given)
    for group in names.values():
        values = [given[name] for name in group if name in given]
        if any(value is not values[0] for value in values):
            raise ValueError(
                f"functional_call got multiple values for keys {group}, which are tied. Consider "
                "using tie_weights=False"
            )
        found.update({name: values[0] for name in group if values})
    return found


def stack_module_state(
    models: Sequence[Module] | Any,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters and the buffers of several models of one kind, each stacked along a new first
    dimension, for `vmap` over `functional_call`.

    >>> import rushlight as torch
    >>> models = [torch.nn.Linear(3, 1) for _ in range(4)]
    >>> params, buffers = torch.func.stack_module_state(models)
    >>> params["weight"].shape
    torch.Size([4, 1, 3])
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if any(model.training != models[0].training for model in models):
        raise RuntimeError(
            "stack_module_state: Expected all models to have the same training/eval mode."
        )
    if any(type(model) is not type(models[0]) for model in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    parameters = {
        name: _stacked([dict(model.named_parameters())[name] for model in models])
        for name, _ in models[0].named_parameters()
    }
    buffers = {
        name: _stacked([dict(model.named_buffers())[name] for model in models])
        for name, _ in models[0].named_buffers()
    }
    return parameters, buffers


def _stacked(tensors: list[Tensor]) -> Tensor:
    if all(tensor.is_leaf for tensor in tensors):
        made = stack([tensor.detach() for tensor in tensors])
        return made.requires_grad_(tensors[0].requires_grad)
    return stack(tensors)


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """The function itself: what writes in place works within every transform as it is.

    `remove` is "mutations" or "mutations_and_views" (RuntimeError otherwise). Unlike PyTorch's, the
    operations that a tracer sees are not others for it.

    >>> import rushlight as torch
    >>> torch.func.functionalize(lambda x: x.clone().add_(1))(torch.ones(2))
    tensor([2., 2.])
    """
    if remove not in ("mutations", "mutations_and_views"):
        raise RuntimeError(
            f"functionalize: remove must be 'mutations' or 'mutations_and_views', got {remove!r}"
        )
    return func


def debug_unwrap(tensor: Tensor, *, recurse: bool = True) -> Tensor:
    """The tensor: within transforms it prints what it holds.

    >>> import rushlight as torch
    >>> torch.func.debug_unwrap(torch.ones(2))
    tensor([1., 1.])
    """
    return tensor


def replace_all_batch_norm_modules_(root: Module) -> Module:
    """Takes the running statistics from all batch norms of a module, which `vmap` cannot update.

    >>> import rushlight as torch
    >>> layer = torch.func.replace_all_batch_norm_modules_(torch.nn.BatchNorm1d(2))
    >>> layer.running_mean, layer.track_running_stats
    (None, False)
    """
    for module in root.modules():
        if isinstance(module, BatchNorm):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root
