"""Containers in containers: taken apart into leaves, mapped over, made anew.

The names are those of torch.utils._pytree. A container is what a registered class makes, and that
class itself, not one of its subclasses, which may hold more than their items; named tuples are
containers, too. All else is a leaf, None as well.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Any, NamedTuple

# container -> its parts, and what else is needed to make it anew.
FlattenFunction = Callable[[Any], tuple[Iterable[Any], Any]]
UnflattenFunction = Callable[[Iterable[Any], Any], Any]
# container -> (key, part) for its parts, and the context.
FlattenWithKeysFunction = Callable[[Any], tuple[Iterable[tuple[Any, Any]], Any]]
IsLeaf = Callable[[Any], bool]
KeyPath = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class SequenceKey:
    """The place of a part among the items of a list or tuple."""

    idx: int

    def __str__(self) -> str:
        return f"[{self.idx!r}]"

    def get(self, sequence: Any) -> Any:
        return sequence[self.idx]


@dataclass(frozen=True, slots=True)
class MappingKey:
    """The key of a part in a dictionary."""

    key: Any

    def __str__(self) -> str:
        return f"[{self.key!r}]"

    def get(self, mapping: Any) -> Any:
        return mapping[self.key]


@dataclass(frozen=True, slots=True)
class GetAttrKey:
    """The name of a part that is an attribute."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}"

    def get(self, obj: Any) -> Any:
        return getattr(obj, self.name)


class Kind(NamedTuple):
    """How the containers of a class are taken apart and made anew."""

    flatten: FlattenFunction
    unflatten: UnflattenFunction
    flatten_with_keys: FlattenWithKeysFunction | None


_kinds: dict[type, Kind] = {}
SUPPORTED_NODES = _kinds


def register_pytree_node(
    cls: type,
    flatten_fn: FlattenFunction,
    unflatten_fn: UnflattenFunction,
    *,
    serialized_type_name: str | None = None,
    to_dumpable_context: Callable[[Any], Any] | None = None,
    from_dumpable_context: Callable[[Any], Any] | None = None,
    flatten_with_keys_fn: FlattenWithKeysFunction | None = None,
) -> None:
    """Makes the instances of a class containers.

    `flatten_fn(container)` gives its parts and a context, `unflatten_fn(parts, context)` another
    container, and `flatten_with_keys_fn(container)` pairs of keys and parts and the context.
    ValueError if the class is known already. Forms of trees are not written to files, for which
    PyTorch takes the other three arguments.
    """
    if cls in _kinds:
        raise ValueError(f"{cls} is already registered as pytree node.")
    _kinds[cls] = Kind(flatten_fn, unflatten_fn, flatten_with_keys_fn)


def _items(value: Any) -> tuple[Any, Any]:
    return value, None


def _items_with_keys(value: Any) -> tuple[Any, Any]:
    return [(SequenceKey(i), part) for i, part in enumerate(value)], None


def _dict_flatten(d: Any) -> tuple[list[Any], Any]:
    return list(d.values()), list(d)


def _dict_flatten_with_keys(d: Any) -> tuple[list[tuple[Any, Any]], Any]:
    return [(MappingKey(key), part) for key, part in d.items()], list(d)


def _dict_unflatten(values: Iterable[Any], context: Any) -> dict[Any, Any]:
    return dict(zip(context, values, strict=True))


def _default_dict_flatten(d: Any) -> tuple[list[Any], Any]:
    return list(d.values()), (list(d), d.default_factory)


def _default_dict_unflatten(values: Iterable[Any], context: Any) -> Any:
    keys, factory = context
    return defaultdict(factory, zip(keys, values, strict=True))


register_pytree_node(
    tuple, _items, lambda parts, _: tuple(parts), flatten_with_keys_fn=_items_with_keys
)
register_pytree_node(
    list, _items, lambda parts, _: list(parts), flatten_with_keys_fn=_items_with_keys
)
register_pytree_node(
    deque, lambda value: (value, value.maxlen), deque, flatten_with_keys_fn=_items_with_keys
)
register_pytree_node(
    dict, _dict_flatten, _dict_unflatten, flatten_with_keys_fn=_dict_flatten_with_keys
)
register_pytree_node(
    OrderedDict,
    _dict_flatten,
    lambda values, keys: OrderedDict(zip(keys, values, strict=True)),
    flatten_with_keys_fn=_dict_flatten_with_keys,
)
register_pytree_node(
    defaultdict,
    _default_dict_flatten,
    _default_dict_unflatten,
    flatten_with_keys_fn=_dict_flatten_with_keys,
)
_named_tuple = Kind(
    lambda value: (value, type(value)),
    lambda parts, kind: kind(*parts),
    lambda value: ([(GetAttrKey(name), getattr(value, name)) for name in value._fields], None),
)


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


def tree_map_only(
    type_or_types_or_pred: Any, func: Callable[[Any], Any], tree: Any, is_leaf: IsLeaf | None = None
) -> Any:
    """The tree with `func` applied to the leaves of some types, or to which a function says yes.

    >>> from rushlight.utils._pytree import tree_map_only
    >>> tree_map_only(int, lambda x: x + 1, [1, ("a", 2)])
    [2, ('a', 3)]
    """
    is_meant = type_or_types_or_pred
    if isinstance(is_meant, (type, tuple, UnionType)):
        return tree_map(lambda x: func(x) if isinstance(x, is_meant) else x, tree, is_leaf=is_leaf)
    return tree_map(lambda x: func(x) if is_meant(x) else x, tree, is_leaf=is_leaf)


def tree_structure(tree: Any, is_leaf: IsLeaf | None = None) -> TreeSpec:
    """The form of a tree without its leaves."""
    return tree_flatten(tree, is_leaf)[1]


def tree_all(pred: Callable[[Any], bool], tree: Any, is_leaf: IsLeaf | None = None) -> bool:
    """Whether a function says yes to every leaf."""
    return all(map(pred, tree_iter(tree, is_leaf)))


def tree_any(pred: Callable[[Any], bool], tree: Any, is_leaf: IsLeaf | None = None) -> bool:
    """Whether a function says yes to some leaf."""
    return any(map(pred, tree_iter(tree, is_leaf)))


def tree_leaves_with_path(tree: Any, is_leaf: IsLeaf | None = None) -> list[tuple[KeyPath, Any]]:
    """The leaves of a tree in order, each with the keys that lead to it.

    ValueError for a container whose class was registered without `flatten_with_keys_fn`.

    >>> from rushlight.utils._pytree import keystr, tree_leaves_with_path
    >>> [(keystr(path), leaf) for path, leaf in tree_leaves_with_path({"a": [1, 2]})]
    [("['a'][0]", 1), ("['a'][1]", 2)]
    """
    return list(_walk((), tree, is_leaf))


def _walk(path: KeyPath, tree: Any, is_leaf: IsLeaf | None) -> Iterator[tuple[KeyPath, Any]]:
    kind = _kind_of(tree)
    if kind is None or is_leaf is not None and is_leaf(tree):
        yield path, tree
        return
    if kind.flatten_with_keys is None:
        raise ValueError(
            f"Did not find a flatten_with_keys_fn for type: {type(tree)}. "
            "Please pass a flatten_with_keys_fn argument to register_pytree_node."
        )
    for key, part in kind.flatten_with_keys(tree)[0]:
        yield from _walk((*path, key), part, is_leaf)


def tree_flatten_with_path(
    tree: Any, is_leaf: IsLeaf | None = None
) -> tuple[list[tuple[KeyPath, Any]], TreeSpec]:
    """`tree_leaves_with_path`, and the form of the tree."""
    return tree_leaves_with_path(tree, is_leaf), tree_structure(tree, is_leaf)


def tree_map_with_path(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: IsLeaf | None = None
) -> Any:
    """`tree_map` of a function that takes the keys that lead to a leaf first."""
    paths = iter([path for path, _ in tree_leaves_with_path(tree, is_leaf)])
    return tree_map(lambda *leaves: func(next(paths), *leaves), tree, *rests, is_leaf=is_leaf)


def keystr(kp: KeyPath) -> str:
    """How Python would write the way to a leaf."""
    return "".join(map(str, kp))


def key_get(obj: Any, kp: KeyPath) -> Any:
    """What stands at the end of the way."""
    for key in kp:
        obj = key.get(obj)
    return obj
