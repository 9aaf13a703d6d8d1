"""`functional_call` where PyTorch had it first."""

from __future__ import annotations

import warnings
from typing import Any

from ..module import Module

__all__ = ["functional_call"]


def functional_call(
    module: Module, parameters_and_buffers: dict[str, Any], args: Any = None, kwargs: Any = None,
    *, tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """`torch.func.functional_call`, under its name before PyTorch 2.0: it warns.

    >>> import rushlight as torch
    >>> layer = torch.nn.Linear(1, 1)
    >>> given = {"weight": torch.ones(1, 1), "bias": torch.zeros(1)}
    >>> with warnings.catch_warnings(action="ignore"):
    ...     torch.nn.utils.stateless.functional_call(layer, given, torch.ones(1))
    tensor([1.])
    """
    from ...func import functional_call  # which is made of modules

    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be "
        "removed in a future version of PyTorch. Please use `torch.func.functional_call` instead "
        "which is a drop-in replacement.",
        FutureWarning,
        stacklevel=2,
    )
    return functional_call(
        module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict
    )
