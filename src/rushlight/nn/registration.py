"""How a module knows its parameters, buffers and submodules: by their being its attributes.

They stand in the module's `__dict__` like any attribute, which makes `self.weight` 25 times quicker
than a search in `__getattr__` (15 against 400 ns, twice per layer and step); the module remembers
only their names, by kind. `_parameters`, `_buffers` and `_modules` show them as dictionaries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from ..kernels.launch import structure_changed
from ..parameters import typename
from ..tensor import Tensor
from .global_hooks import (
    buffer_registration_hooks,
    module_registration_hooks,
    parameter_registration_hooks,
    registered,
)
from .parameter import Buffer, Parameter

KINDS = ("_registered_parameters", "_registered_buffers", "_registered_modules")


def uninitialized(module: Any) -> AttributeError:
    """What is said of a module whose own `__init__` did not call that of `Module`."""
    return AttributeError(f"{type(module).__name__}: call super().__init__() first")


class SetByInit:
    """What stands in for an attribute that `Module.__init__` gives, until it does.

    It is not used where calls of modules look, which a descriptor of the class makes slower.
    """

    def __get__(self, module: Any, cls: type) -> Any:
        if module is None:
            return self
        raise uninitialized(module)


class Registered(MutableMapping[str, Any]):
    """The attributes of a module that are registered as one kind, by name; changes go through.

    The names are never changed in place: shallow copies of a module share them.
    """

    __slots__ = ("_attributes", "_kind")

    def __init__(self, attributes: dict[str, Any], kind: str) -> None:
        self._attributes = attributes
        self._kind = kind

    @property
    def _names(self) -> dict[str, None]:
        return self._attributes[self._kind]

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._attributes[name]

    def __setitem__(self, name: str, value: Any) -> None:
        structure_changed()
        if name not in self._names:
            self._attributes[self._kind] = {**self._names, name: None}
        self._attributes[name] = value

    def __delitem__(self, name: str) -> None:
        structure_changed()
        if name not in self._names:
            raise KeyError(name)
        self._attributes[self._kind] = {n: None for n in self._names if n != name}
        del self._attributes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def copy(self) -> dict[str, Any]:
        return dict(self)

    def replace(self, values: Mapping[str, Any]) -> None:
        values = dict(values)  # it may be this very view
        self.clear()
        self.update(values)

    def __repr__(self) -> str:
        return repr(dict(self))


class Registration:
    """The part of `Module` that registers parameters, buffers and submodules."""

    # Names; the insertion order is the order of registration.
    _registered_parameters = SetByInit()
    _registered_buffers = SetByInit()
    _registered_modules = SetByInit()
    _non_persistent_buffers_set: frozenset[str]

    def _init_registration(self) -> None:
        self.__dict__.update(
            _registered_parameters={},
            _registered_buffers={},
            _registered_modules={},
            _non_persistent_buffers_set=frozenset(),
        )

    def _registered_as(self, kind: str) -> Registered:
        attributes = self.__dict__
        if kind not in attributes:
            raise uninitialized(self)
        return Registered(attributes, kind)

    @property
    def _parameters(self) -> Registered:
        return self._registered_as("_registered_parameters")

    @_parameters.setter
    def _parameters(self, values: Mapping[str, Any]) -> None:
        self._parameters.replace(values)

    @property
    def _buffers(self) -> Registered:
        return self._registered_as("_registered_buffers")

    @_buffers.setter
    def _buffers(self, values: Mapping[str, Any]) -> None:
        self._buffers.replace(values)

    @property
    def _modules(self) -> Registered:
        return self._registered_as("_registered_modules")

    @_modules.setter
    def _modules(self, values: Mapping[str, Any]) -> None:
        self._modules.replace(values)

    # ---- by method

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Adds a parameter; `None` keeps its name as one that has no value.

        >>> import rushlight as torch
        >>> net = torch.nn.Module()
        >>> net.register_parameter("scale", torch.nn.Parameter(torch.ones(1)))
        >>> net.scale
        Parameter containing:
        tensor([1.], requires_grad=True)
        """
        if "_registered_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_name(name, "parameter", self._registered_parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{typename(param)}' object to parameter '{name}' "
                "(torch.nn.Parameter or None required)"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be "
                f"created explicitly. To express '{name}' as a function of another Tensor, "
                "compute the value in the forward() method."
            )
        self._parameters[name] = registered(parameter_registration_hooks, self, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Adds a tensor that belongs to the module's state but is not trained.

        Buffers move with `.to()`; persistent ones are part of `state_dict()`.

        >>> import rushlight as torch
        >>> module = torch.nn.Module()
        >>> module.register_buffer("mean", torch.zeros(3))
        >>> list(module.state_dict())
        ['mean']
        """
        if "_registered_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self._check_name(name, "buffer", self._registered_buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' "
                "(torch Tensor or None required)"
            )
        self._buffers[name] = registered(buffer_registration_hooks, self, name, tensor)
        self._non_persistent_buffers_set -= {name}
        if not persistent:
            self._non_persistent_buffers_set |= {name}

    def add_module(self, name: str, module: Any) -> None:
        """Adds a submodule, which is then the attribute `name`.

        >>> import rushlight as torch
        >>> net = torch.nn.Module()
        >>> net.add_module("act", torch.nn.ReLU())
        >>> net
        Module(
          (act): ReLU()
        )
        """
        if module is not None and not isinstance(module, Registration):
            if isinstance(module, type):
                raise TypeError(
                    f"{module.__name__} is not a Module subclass but a class: did you forget the "
                    f"parentheses, {module.__name__}()?"
                )
            if callable(module) and hasattr(module, "__name__"):
                function = module.__name__
                raise TypeError(
                    f"the function {function} is not a Module subclass: {_module_for(function)}"
                )
            raise TypeError(f"{typename(module)} is not a Module subclass")
        self._check_name(name, "module", self._registered_modules)
        self._modules[name] = registered(module_registration_hooks, self, name, module)

    def register_module(self, name: str, module: Any) -> None:
        """The same as `add_module`.

        >>> import rushlight as torch
        >>> net = torch.nn.Module()
        >>> net.register_module("act", torch.nn.ReLU())
        >>> net.act
        ReLU()
        """
        self.add_module(name, module)

    def _check_name(self, name: str, kind: str, registered: dict[str, None]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
        if "." in name:
            got = f", got: {name}" if kind == "module" else ""
            raise KeyError(f'{kind} name can\'t contain "."{got}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if hasattr(self, name) and name not in registered:
            raise KeyError(f"attribute '{name}' already exists")

    # ---- by assignment

    def __setattr__(self, name: str, value: Any) -> None:
        structure_changed()
        attributes = self.__dict__
        if isinstance(value, Parameter):
            if "_registered_parameters" not in attributes:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            self._forget(name, unless="_registered_parameters")
            self.register_parameter(name, value)
        elif name in attributes.get("_registered_parameters", ()):
            self._expect_none(name, value, "parameter", "torch.nn.Parameter")
            self.register_parameter(name, None)
        elif isinstance(value, Registration):
            if "_registered_modules" not in attributes:
                raise AttributeError("cannot assign module before Module.__init__() call")
            self._forget(name, unless="_registered_modules")
            self._modules[name] = registered(module_registration_hooks, self, name, value)
        elif name in attributes.get("_registered_modules", ()):
            self._expect_none(name, value, "child module", "torch.nn.Module")
            self._modules[name] = registered(module_registration_hooks, self, name, None)
        elif isinstance(value, Buffer):
            self.register_buffer(name, value, value.persistent)
        elif name in attributes.get("_registered_buffers", ()):
            if value is not None and not isinstance(value, Tensor):
                self._expect_none(name, value, "buffer", "torch.nn.Buffer, torch.Tensor")
            self.register_buffer(name, value, name not in self._non_persistent_buffers_set)
        else:
            super().__setattr__(name, value)

    def _expect_none(self, name: str, value: Any, kind: str, expected: str) -> None:
        if value is not None:
            raise TypeError(
                f"cannot assign '{typename(value)}' as {kind} '{name}' "
                f"({expected} or None expected)"
            )

    def _forget(self, name: str, unless: str) -> None:
        """Deletes an attribute, unless it is registered as `unless`, what it is about to be."""
        if name in self.__dict__ and name not in self.__dict__[unless]:
            del self.__dict__[name]
            self._unregister(name)

    def _unregister(self, name: str) -> None:
        """Takes the name of an attribute that is gone out of the lists of names."""
        attributes = self.__dict__
        for kind in KINDS:
            if name in attributes.get(kind, ()):
                attributes[kind] = {n: None for n in attributes[kind] if n != name}
        if name in attributes.get("_non_persistent_buffers_set", ()):
            self._non_persistent_buffers_set -= {name}

    def __delattr__(self, name: str) -> None:
        structure_changed()
        super().__delattr__(name)
        self._unregister(name)

    def __dir__(self) -> list[str]:
        return sorted(k for k in super().__dir__() if not k[:1].isdigit())

    # ---- by path

    def get_submodule(self, target: str) -> Any:
        """The module at a dotted path such as "features.0"; AttributeError if there is none.

        >>> import rushlight as torch
        >>> net = torch.nn.Sequential(torch.nn.Sequential(torch.nn.Tanh(), torch.nn.ReLU()))
        >>> net.get_submodule("0.1")
        ReLU()
        """
        module = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Registration):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def set_submodule(self, target: str, module: Any, strict: bool = False) -> None:
        """Puts `module` at a dotted path; with `strict` there must be a module there already.

        >>> import rushlight as torch
        >>> net = torch.nn.Sequential(torch.nn.Sequential(torch.nn.Tanh()))
        >>> net.set_submodule("0.0", torch.nn.ReLU())
        >>> net[0]
        Sequential(
          (0): ReLU()
        )
        """
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Registration):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{type(parent).__name__} has no attribute `{name}`")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), Registration):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted path such as "fc.weight"; AttributeError if there is none.

        >>> import rushlight as torch
        >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2))
        >>> net.get_parameter("0.weight").shape
        torch.Size([2, 3])
        """
        found = self._get_member(target)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{target.rpartition('.')[2]}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted path such as "bn.running_mean"; AttributeError if none.

        >>> import rushlight as torch
        >>> net = torch.nn.Sequential(torch.nn.BatchNorm1d(3))
        >>> net.get_buffer("0.running_mean")
        tensor([0., 0., 0.])
        """
        found = self._get_member(target)
        path, _, name = target.rpartition(".")
        if name not in self.get_submodule(path)._registered_buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return found

    def _get_member(self, target: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
        return getattr(module, name)


def _module_for(function: str) -> str:
    """What to take where a module is wanted and a function of that name was given."""
    from .. import nn  # all layers, which are made of this

    for name, value in vars(nn).items():
        if isinstance(value, type) and name.lower() == function.replace("_", "").lower():
            return f"did you mean nn.{name}()?"
    return "give a Module whose forward() calls it"
