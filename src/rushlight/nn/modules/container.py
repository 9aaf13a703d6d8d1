"""Modules made of modules: in a chain, in a list, in a dictionary."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, TypeVar

from ...parameters import typename
from ..module import Module, indented

Self = TypeVar("Self", bound="_ModuleSequence")


class _ModuleSequence(Module):
    """Submodules in order, reached by their position."""

    def _names(self, index: Any) -> list[str]:
        """The names at an index (IndexError if there is none) or a slice."""
        names = list(self._registered_modules)
        if isinstance(index, slice):
            return names[index]
        position = operator.index(index)
        if not -len(names) <= position < len(names):
            raise IndexError(f"index {position} is out of range")
        return [names[position]]

    def _renumber(self, modules: Iterable[Any]) -> None:
        """Makes `modules` the submodules, under the names "0", "1", ..."""
        self._modules = {str(i): module for i, module in enumerate(modules)}

    def __setitem__(self, index: Any, module: Module) -> None:
        (name,) = self._names(operator.index(index))
        setattr(self, name, module)

    def __delitem__(self, index: Any) -> None:
        for name in self._names(index):
            delattr(self, name)
        self._renumber(self)

    def __len__(self) -> int:
        return len(self._registered_modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._modules.values()))

    def append(self: Self, module: Module) -> Self:
        """Adds a module at the end.

        >>> import rushlight as torch
        >>> torch.nn.ModuleList([torch.nn.Tanh()]).append(torch.nn.ReLU())
        ModuleList(
          (0): Tanh()
          (1): ReLU()
        )
        """
        self.add_module(str(len(self)), module)
        return self

    def pop(self, key: Any) -> Any:
        """Takes out the module at a position, or the modules of a slice.

        >>> import rushlight as torch
        >>> layers = torch.nn.ModuleList([torch.nn.Tanh(), torch.nn.ReLU()])
        >>> layers.pop(-1), len(layers)
        (ReLU(), 1)
        """
        found = self[key]
        del self[key]
        return found

    def _insert(self, index: int, module: Any) -> None:
        self.add_module(str(len(self)), module)  # raises if it is not a module
        modules = list(self)
        modules.insert(index, modules.pop())
        self._renumber(modules)

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError


class Sequential(_ModuleSequence):
    """Modules in a chain: each is called with the output of the one before.

    They come as arguments, or with names of their own in an `OrderedDict`.

    >>> import rushlight as torch
    >>> from rushlight import nn
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> net(torch.ones(5, 2)).shape, net[1], len(net)
    (torch.Size([5, 1]), ReLU(), 3)
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named: Iterable[tuple[str, Module]] = ((str(i), module) for i, module in enumerate(args))
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            named = args[0].items()
        for name, module in named:
            self.add_module(name, module)

    def forward(self, input: Any) -> Any:
        attributes = self.__dict__
        for name in self._registered_modules:
            input = attributes[name](input)
        return input

    def __getitem__(self, index: Any) -> Any:
        names = self._names(index)
        if isinstance(index, slice):
            return type(self)(OrderedDict((name, self._modules[name]) for name in names))
        return self._modules[names[0]]

    def insert(self, index: int, module: Module) -> Sequential:
        """Adds a module before the one at a position; the ones after are renamed.

        >>> import rushlight as torch
        >>> torch.nn.Sequential(torch.nn.Tanh()).insert(0, torch.nn.ReLU())
        Sequential(
          (0): ReLU()
          (1): Tanh()
        )
        """
        if not isinstance(module, Module):
            raise AssertionError(f"Sequential.insert: expected a Module, got {typename(module)}")
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        self._insert(index, module)
        return self

    def extend(self, sequential: Iterable[Any]) -> Sequential:
        """Adds modules at the end.

        >>> import rushlight as torch
        >>> torch.nn.Sequential(torch.nn.Tanh()).extend([torch.nn.ReLU()])
        Sequential(
          (0): Tanh()
          (1): ReLU()
        )
        """
        for module in list(sequential):
            self.append(module)
        return self

    def __add__(self, other: Any) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(
                f"add operator supports only objects of Sequential class, but {type(other)} is "
                "given."
            )
        return Sequential(*self, *other)

    def __iadd__(self, other: Any) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(
                f"add operator supports only objects of Sequential class, but {type(other)} is "
                "given."
            )
        return self.extend(other)

    def __mul__(self, other: Any) -> Sequential:
        return Sequential(*(list(self) * self._factor(other)))

    __rmul__ = __mul__

    def __imul__(self, other: Any) -> Sequential:
        return self.extend(list(self) * (self._factor(other) - 1))

    def _factor(self, factor: Any) -> int:
        if not isinstance(factor, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(factor)}")
        if factor <= 0:
            raise ValueError(f"Non-positive multiplication factor {factor} for {type(self)}")
        return factor


class ModuleList(_ModuleSequence):
    """A list whose modules are registered: found by `parameters()`, `to()` and the rest.

    >>> from rushlight import nn
    >>> layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
    >>> layers
    ModuleList(
      (0-2): 3 x Linear(in_features=4, out_features=4, bias=True)
    )
    """

    def __init__(self, modules: Iterable[Any] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __getitem__(self, index: Any) -> Any:
        names = self._names(index)
        if isinstance(index, slice):
            return type(self)(self._modules[name] for name in names)
        return self._modules[names[0]]

    def insert(self, index: int, module: Module) -> None:
        """Adds a module before the one at a position.

        >>> import rushlight as torch
        >>> layers = torch.nn.ModuleList([torch.nn.Tanh()])
        >>> layers.insert(0, torch.nn.ReLU())
        >>> layers[0]
        ReLU()
        """
        self._insert(index, module)

    def extend(self, modules: Iterable[Any]) -> ModuleList:
        """Adds modules at the end.

        >>> import rushlight as torch
        >>> torch.nn.ModuleList([torch.nn.Tanh()]).extend([torch.nn.ReLU()])
        ModuleList(
          (0): Tanh()
          (1): ReLU()
        )
        """
        if not isinstance(modules, Iterable):
            raise TypeError(
                "ModuleList.extend should be called with an iterable, but got "
                f"{type(modules).__name__}"
            )
        for module in list(modules):
            self.append(module)
        return self

    def __iadd__(self, modules: Iterable[Any]) -> ModuleList:
        return self.extend(modules)

    def __add__(self, other: Iterable[Any]) -> ModuleList:
        return ModuleList([*self, *other])

    def __repr__(self) -> str:
        """Equal neighbours are printed once: (0-2): 3 x Linear(...)."""
        lines = []
        position = 0
        for text, group in groupby(repr(module) for module in self):
            count = len(list(group))
            last = position + count - 1
            label = f"({position}): " if count == 1 else f"({position}-{last}): {count} x "
            lines.append(label + indented(text))
            position += count
        if not lines:
            return f"{self._get_name()}()"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"


class ModuleDict(Module):
    """A dictionary whose modules are registered, in the order of insertion.

    >>> from rushlight import nn
    >>> activations = nn.ModuleDict({"relu": nn.ReLU(), "tanh": nn.Tanh()})
    >>> activations["tanh"], list(activations)
    (Tanh(), ['relu', 'tanh'])
    """

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._registered_modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._registered_modules)

    def __contains__(self, key: object) -> bool:
        return key in self._registered_modules

    def clear(self) -> None:
        """Takes all modules out.

        >>> import rushlight as torch
        >>> layers = torch.nn.ModuleDict({"act": torch.nn.ReLU()})
        >>> layers.clear()
        >>> len(layers)
        0
        """
        self._modules.clear()

    def pop(self, key: str) -> Any:
        """Takes a module out and returns it.

        >>> import rushlight as torch
        >>> layers = torch.nn.ModuleDict({"act": torch.nn.ReLU()})
        >>> layers.pop("act"), len(layers)
        (ReLU(), 0)
        """
        return self._modules.pop(key)

    def keys(self) -> Any:
        return self._registered_modules.keys()

    def items(self) -> Any:
        return self._modules.items()

    def values(self) -> Any:
        return self._modules.values()

    def update(self, modules: Any) -> None:
        """Adds the modules of a mapping or of key/value pairs, replacing those of the same key.

        >>> import rushlight as torch
        >>> layers = torch.nn.ModuleDict({"act": torch.nn.ReLU()})
        >>> layers.update({"act": torch.nn.Tanh()})
        >>> layers["act"]
        Tanh()
        """
        for key, module in pairs_of(modules, "ModuleDict"):
            self[key] = module


def pairs_of(source: Any, name: str) -> list[tuple[Any, Any]]:
    """The key/value pairs of what an `update` was given."""
    if not isinstance(source, Iterable):
        raise TypeError(
            f"{name}.update should be called with an iterable of key/value pairs, but got "
            f"{type(source).__name__}"
        )
    if isinstance(source, Mapping) or hasattr(source, "items"):
        return list(source.items())
    pairs = []
    for i, pair in enumerate(source):
        if not isinstance(pair, Iterable):
            raise TypeError(
                f"{name} update sequence element #{i} should be Iterable; is{type(pair).__name__}"
            )
        pair = tuple(pair)
        if len(pair) != 2:
            raise ValueError(
                f"{name} update sequence element #{i} has length {len(pair)}; 2 is required"
            )
        pairs.append(pair)
    return pairs
