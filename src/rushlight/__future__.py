"""What `module.to(...)` and its like do with parameters: `torch.__future__`."""

from __future__ import annotations

from .nn.conversion import conversion

__all__ = [
    "get_overwrite_module_params_on_conversion", "get_swap_module_params_on_conversion",
    "set_overwrite_module_params_on_conversion", "set_swap_module_params_on_conversion",
]  # fmt: skip


def set_overwrite_module_params_on_conversion(value: bool) -> None:
    """Whether a conversion puts new parameters into a module, and leaves the old as they are.

    >>> import rushlight as torch
    >>> torch.__future__.set_overwrite_module_params_on_conversion(False)
    """
    conversion.overwrites = bool(value)


def get_overwrite_module_params_on_conversion() -> bool:
    """Whether a conversion puts new parameters into a module.

    >>> import rushlight as torch
    >>> torch.__future__.get_overwrite_module_params_on_conversion()
    False
    """
    return conversion.overwrites


def set_swap_module_params_on_conversion(value: bool) -> None:
    """Whether a conversion exchanges parameters by `torch.utils.swap_tensors`.

    >>> import rushlight as torch
    >>> torch.__future__.set_swap_module_params_on_conversion(False)
    """
    conversion.swaps = bool(value)


def get_swap_module_params_on_conversion() -> bool:
    """Whether a conversion exchanges parameters by `torch.utils.swap_tensors`.

    >>> import rushlight as torch
    >>> torch.__future__.get_swap_module_params_on_conversion()
    False
    """
    return conversion.swaps
