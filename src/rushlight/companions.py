"""Packages that are told of tensors as soon as a program imports them.

Neither would find out by itself, and few programs need them: Python's multiprocessing, so that
tensors go to other processes without a copy, and einops.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from .nn.parameter import Buffer, Parameter
from .storage import TypedStorage, UntypedStorage
from .tensor import Tensor


def _tell_multiprocessing(module: Any) -> None:
    for kind in (Tensor, Parameter, Buffer, UntypedStorage, TypedStorage):
        module.ForkingPickler.register(kind, _reduce)


def _reduce(value: Any) -> Any:
    from .multiprocessing.reductions import reduce

    return reduce(value)


def _tell_einops(module: Any) -> None:
    from .utils.einops_backend import make_backend

    # einops asks for the classes that there are, and keeps none.
    _backends.append(make_backend(module.AbstractBackend))


_backends: list[type] = []
_waiting: dict[str, Callable[[Any], None]] = {
    "multiprocessing.reduction": _tell_multiprocessing, "einops._backends": _tell_einops,
}  # fmt: skip


class _Finder:
    """Lets the other finders look for a module, and calls back when it has been executed."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        tell = _waiting.get(name)
        if tell is None:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                _call_after(spec.loader, name, tell)
                return spec
        return None


def _call_after(loader: Any, name: str, tell: Callable[[Any], None]) -> None:
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)
        _waiting.pop(name, None)
        tell(module)

    loader.exec_module = exec_module


def watch_imports() -> None:
    """Tells the packages that are there already, and waits for the others."""
    for name in [name for name in _waiting if name in sys.modules]:
        _waiting.pop(name)(sys.modules[name])
    sys.meta_path.insert(0, _Finder())  # type: ignore[arg-type]
