"""What `torch.ops.<namespace>.<name>` is: an operator, and its overloads, by PyTorch's names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class OpOverload:
    """One form of an operator: `torch.ops.aten.add.Tensor`."""

    def __init__(
        self, namespace: str, name: str, overload: str, call: Callable[..., Any], schema: Any
    ) -> None:
        self.namespace, self._overloadname = namespace, overload
        self._opname, self._call, self._made_schema = name, call, schema
        self.__name__ = f"{name}.{overload}"

    @property
    def tags(self) -> list[Any]:
        """PyTorch's marks for its compilers: there are none here."""
        return []

    @property
    def _schema(self) -> Any:
        return self._made_schema()

    @property
    def overloadpacket(self) -> Any:
        """The operator, with all of its forms."""
        from .library import namespace

        return getattr(namespace(self.namespace), self._opname)

    def name(self) -> str:
        """"aten::add.Tensor"; "aten::relu" of the overload "default"."""
        more = "" if self._overloadname == "default" else f".{self._overloadname}"
        return f"{self.namespace}::{self._opname}{more}"

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self._call(*args, **kwargs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OpOverload) and str(other) == str(self)

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return f"{self.namespace}.{self.__name__}"

    def __repr__(self) -> str:
        operator = f"{self.namespace}.{self._opname}"
        return f"<OpOverload(op='{operator}', overload='{self._overloadname}')>"


class OpOverloadPacket:
    """An operator: `torch.ops.aten.add`. Its overloads are its attributes."""

    def __init__(
        self, namespace: str, name: str, overloads: Mapping[str, OpOverload],
        call: Callable[..., Any],
    ) -> None:  # fmt: skip
        self._qualified_op_name = f"{namespace}::{name}"
        self._overloads, self._call = overloads, call
        self.__name__ = name

    def overloads(self) -> list[str]:
        """The names of its overloads."""
        return list(self._overloads)

    def __getattr__(self, name: str) -> OpOverload:
        found = self.__dict__.get("_overloads", {}).get(name)
        if found is None:
            raise AttributeError(f"The underlying op of '{self}' has no overload name '{name}'")
        return found

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self._call(*args, **kwargs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OpOverloadPacket) and str(other) == str(self)

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return self._qualified_op_name.replace("::", ".")

    def __repr__(self) -> str:
        return f"<OpOverloadPacket(op='{self}')>"
