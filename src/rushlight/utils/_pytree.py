"""Containers in containers: taken apart into leaves, mapped over, made anew.

The names are those of torch.utils._pytree. A container is what a registered class makes, and that
class itself, not one of its subclasses, which may hold more than their items; named tuples are
containers, too. All else is a leaf, None as well.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

# container -> its parts, and what else is needed to make it anew.
FlattenFunction = Callable[[Any], tuple[Iterable[Any], Any]]
UnflattenFunction = Callable[[Iterable[Any], Any], Any]
IsLeaf = Callable[[Any], bool]


class Kind(NamedTuple):
    """How the containers of a class are taken apart and made anew."""

    flatten: FlattenFunction
    unflatten: UnflattenFunction


_kinds: dict[type, Kind] = {}


def register_pytree_node(
    cls: type, flatten_fn: FlattenFunction, unflatten_fn: UnflattenFunction
) -> None:
    """Makes the instances of a class containers.

    `flatten_fn(container)` gives its parts and a context, `unflatten_fn(parts, context)` another
    container. ValueError if the class is known already.
    """
    if cls in _kinds:
        raise ValueError(f"{cls} is already registered as pytree node.")
    _kinds[cls] = Kind(flatten_fn, unflatten_fn)


def _mapping(make: Callable[[Any, list[Any]], Any], note: Callable[[Any], Any]) -> Kind:
    def unflatten(parts: Iterable[Any], context: Any) -> Any:
        keys, noted = context
        return make(zip(keys, parts, strict=True), noted)

    return Kind(lambda value: (list(value.values()), (list(value), note(value))), unflatten)


def _default_dict(items: Any, factory: Any) -> Any:
    return defaultdict(factory, items)


register_pytree_node(tuple, lambda value: (value, None), lambda parts, _: tuple(parts))
register_pytree_node(list, lambda value: (value, None), lambda parts, _: list(parts))
register_pytree_node(deque, lambda value: (value, value.maxlen), deque)
register_pytree_node(dict, *_mapping(lambda items, _: dict(items), lambda value: None))
register_pytree_node(
    OrderedDict, *_mapping(lambda items, _: OrderedDict(items), lambda value: None)
)
register_pytree_node(
    defaultdict,
    *_mapping(_default_dict, lambda value: value.default_factory),
)
_named_tuple = Kind(lambda value: (value, type(value)), lambda parts, kind: kind(*parts))


def _kind_of(value: Any) -> Kind | None:
    kind = _kinds.get(type(value))
    if kind is None and isinstance(value, tuple) and hasattr(value, "_fields"):
        return _named_tuple
    return kind


@dataclass(frozen=True, slots=True)
class TreeSpec:
    """What is left of a tree without its leaves; `type` is None where a leaf was."""

    type: type | None
    context: Any
    children: tuple[TreeSpec, ...]

    @property
    def num_leaves(self) -> int:
        return 1 if self.type is None else sum(child.num_leaves for child in self.children)


_leaf = TreeSpec(None, None, ())


def tree_flatten(tree: Any, is_leaf: IsLeaf | None = None) -> tuple[list[Any], TreeSpec]:
    """The leaves of a tree in order, and its form without them.

    >>> from rushlight.utils._pytree import tree_flatten, tree_unflatten
    >>> leaves, form = tree_flatten({"a": 1, "b": (2, [3])})
    >>> leaves
    [1, 2, 3]
    >>> tree_unflatten([x * x for x in leaves], form)
    {'a': 1, 'b': (4, [9])}
    """
    leaves: list[Any] = []

    def flatten(value: Any) -> TreeSpec:
        kind = _kind_of(value)
        if kind is None or is_leaf is not None and is_leaf(value):
            leaves.append(value)
            return _leaf
        parts, context = kind.flatten(value)
        return TreeSpec(type(value), context, tuple([flatten(part) for part in parts]))

    return leaves, flatten(tree)


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> Any:
    """The tree of a form with these leaves; ValueError if it takes another number of them."""
    leaves = list(leaves)
    if treespec.type is None and len(leaves) == 1:
        return leaves[0]
    if len(leaves) != treespec.num_leaves:
        raise ValueError(
            f"tree_unflatten: there are {len(leaves)} leaves for a tree of {treespec.num_leaves}"
        )
    rest = iter(leaves)

    def unflatten(spec: TreeSpec) -> Any:
        if spec.type is None:
            return next(rest)
        kind = _kinds.get(spec.type, _named_tuple)
        return kind.unflatten([unflatten(child) for child in spec.children], spec.context)

    return unflatten(treespec)


def tree_leaves(tree: Any, is_leaf: IsLeaf | None = None) -> list[Any]:
    """The leaves of a tree in order."""
    return list(tree_iter(tree, is_leaf))


def tree_iter(tree: Any, is_leaf: IsLeaf | None = None) -> Iterator[Any]:
    """The leaves of a tree, one by one."""
    kind = _kind_of(tree)
    if kind is None or is_leaf is not None and is_leaf(tree):
        yield tree
        return
    for part in kind.flatten(tree)[0]:
        yield from tree_iter(part, is_leaf)


def tree_map(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: IsLeaf | None = None
) -> Any:
    """The tree with `func` applied to each leaf, and to those at its place in `rests`.

    >>> from rushlight.utils._pytree import tree_map
    >>> tree_map(lambda x, y: x + y, [1, (2, 3)], [10, (20, 30)])
    [11, (22, 33)]
    """
    leaves, spec = tree_flatten(tree, is_leaf)
    others = []
    for rest in rests:
        found, form = tree_flatten(rest, is_leaf)
        if form != spec:
            raise ValueError("tree_map: the trees differ in their form")
        others.append(found)
    return tree_unflatten([func(*values) for values in zip(leaves, *others, strict=True)], spec)
