"""The operations, one file per family.

A family's file says by its declarations where users find its functions (`declare.places`); whatever
file is added here is imported with the rest.
"""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
