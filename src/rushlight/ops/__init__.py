"""The operations, one file per family.

A family's file says by its declarations where users find its functions (`declare.places`); whatever
file is added here is imported with the rest.
"""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def __getattr__(name: str) -> object:
    """`torch.ops.<namespace>`, where programs find the operators that they register."""
    if name.startswith("__"):
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from ..library import namespace  # which few programs need

    return namespace(name)
