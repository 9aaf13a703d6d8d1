"""Lists and dictionaries that cannot be changed: those among the arguments of nodes."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

from ..utils._pytree import register_pytree_node

_HELP = """\
If you are attempting to modify the kwargs or args of a torch.fx.Node object,
instead create a new copy of it and assign the copy to the node:

    new_args = ...  # copy and mutate args
    node.args = new_args"""

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


def _refuse(self: Any, *args: Any, **kwargs: Any) -> NoReturn:
    raise TypeError(f"'{type(self).__name__}' object does not support mutation. {_HELP}")


class immutable_list(list[T]):
    """A list that raises a TypeError where it is to be changed.

    >>> import rushlight as torch
    >>> torch.fx.immutable_collections.immutable_list([1, 2]) == [1, 2]
    True
    """

    __delitem__ = __iadd__ = __imul__ = __setitem__ = _refuse  # type: ignore[assignment]
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse  # type: ignore

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self))

    def __reduce__(self) -> Any:
        return type(self), (tuple(self),)


class immutable_dict(dict[K, V]):
    """A dictionary that raises a TypeError where it is to be changed.

    >>> import rushlight as torch
    >>> torch.fx.immutable_collections.immutable_dict(a=1)["a"]
    1
    """

    __delitem__ = __ior__ = __setitem__ = _refuse  # type: ignore[assignment]
    clear = pop = popitem = setdefault = update = _refuse  # type: ignore[assignment]

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> Any:
        return type(self), (tuple(self.items()),)


register_pytree_node(
    immutable_list, lambda value: (value, None), lambda parts, _: immutable_list(parts)
)
register_pytree_node(
    immutable_dict,
    lambda value: (list(value.values()), list(value)),
    lambda parts, keys: immutable_dict(zip(keys, parts, strict=True)),
)
