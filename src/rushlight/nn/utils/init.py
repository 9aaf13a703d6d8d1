"""Modules whose parameters are left as they come from memory."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from ..module import Module

AnyModule = TypeVar("AnyModule", bound=Module)


def skip_init(module_cls: type[AnyModule], *args: Any, **kwargs: Any) -> AnyModule:
    """A module of a class, made without the work of initialising its parameters.

    It is made on the device "meta", and gets memory afterwards, on `device` if that is given. The
    class must take a `device`, and do nothing with its parameters but initialise them (RuntimeError
    otherwise).

    >>> import rushlight as torch
    >>> torch.nn.utils.skip_init(torch.nn.Linear, 3, 2).weight.shape
    torch.Size([2, 3])
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    device = kwargs.pop("device", "cpu")
    kwargs["device"] = "meta"
    return module_cls(*args, **kwargs).to_empty(device=device)
