"""Containers in containers."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from typing import Any

import pytest

from rushlight.utils import _pytree as pytree

Point = namedtuple("Point", ["x", "y"])
TREES: list[Any] = [
    1, None, (), [], {}, (1, [2, {"a": 3}]), Point(1, (2, None)),
    OrderedDict(b=1, a=[2]), deque([1, 2], maxlen=3), defaultdict(list, {"k": [1]}),
    [(1,), {"x": {"y": Point([1], 2)}}],
]  # fmt: skip


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_a_tree_comes_back(tree: Any) -> None:
    leaves, spec = pytree.tree_flatten(tree)
    assert spec.num_leaves == len(leaves) and leaves == pytree.tree_leaves(tree)
    again = pytree.tree_unflatten(leaves, spec)
    assert again == tree and type(again) is type(tree)
    assert pytree.tree_map(lambda v: v, tree) == tree
    if isinstance(tree, deque):
        assert again.maxlen == tree.maxlen
    if isinstance(tree, defaultdict):
        assert again.default_factory is tree.default_factory


def test_the_order_of_leaves() -> None:
    assert pytree.tree_leaves({"b": (1, [2]), "a": Point(3, 4)}) == [1, 2, 3, 4]


def test_subclasses_may_hold_more_and_are_leaves() -> None:
    class Record(dict):  # type: ignore[type-arg]
        pass

    value = Record(a=1)
    assert pytree.tree_leaves([value])[0] is value


def test_is_leaf() -> None:
    assert pytree.tree_leaves([(1, 2), 3], is_leaf=lambda v: type(v) is tuple) == [(1, 2), 3]


def test_errors() -> None:
    _, spec = pytree.tree_flatten([1, 2])
    with pytest.raises(ValueError, match="3 leaves for a tree of 2"):
        pytree.tree_unflatten([1, 2, 3], spec)
    with pytest.raises(ValueError, match="differ in their form"):
        pytree.tree_map(lambda a, b: a, [1, 2], (1, 2))
    with pytest.raises(ValueError, match="already registered"):
        pytree.register_pytree_node(list, lambda v: (v, None), lambda p, _: list(p))


def test_containers_of_ones_own() -> None:
    class Pair:
        def __init__(self, a: Any, b: Any) -> None:
            self.a, self.b = a, b

    pytree.register_pytree_node(Pair, lambda p: ((p.a, p.b), None), lambda parts, _: Pair(*parts))
    mapped = pytree.tree_map(lambda v: v + 1, [Pair(1, (2,))])
    assert (mapped[0].a, mapped[0].b) == (2, (3,))


def test_leaves_know_the_way_to_them() -> None:
    tree = {"a": [1, (2,)], "p": Point(3, OrderedDict(k=4))}
    found = pytree.tree_leaves_with_path(tree)
    assert [(pytree.keystr(path), leaf) for path, leaf in found] == [
        ("['a'][0]", 1), ("['a'][1][0]", 2), ("['p'].x", 3), ("['p'].y['k']", 4),
    ]  # fmt: skip
    assert all(pytree.key_get(tree, path) == leaf for path, leaf in found)
    leaves, spec = pytree.tree_flatten_with_path(tree)
    assert leaves == found and spec == pytree.tree_structure(tree)
    named = pytree.tree_map_with_path(lambda path, leaf: (len(path), leaf), tree)
    assert named["p"].y == {"k": (3, 4)}


def test_classes_are_registered_with_their_keys() -> None:
    class Pair:
        def __init__(self, *parts: Any) -> None:
            self.parts = parts

    flatten = lambda pair: (list(pair.parts), None)  # noqa: E731
    pytree.register_pytree_node(
        Pair,
        flatten,
        lambda parts, _: Pair(*parts),
        serialized_type_name="Pair",
        flatten_with_keys_fn=lambda pair: ([(pytree.GetAttrKey("left"), pair.parts[0])], None),
    )
    try:
        [(path, leaf)] = pytree.tree_leaves_with_path(Pair(7))
        assert pytree.keystr(path) == ".left" and leaf == 7
        pytree.SUPPORTED_NODES[Pair] = pytree.SUPPORTED_NODES[Pair]._replace(
            flatten_with_keys=None
        )
        with pytest.raises(ValueError, match="Did not find a flatten_with_keys_fn"):
            pytree.tree_leaves_with_path(Pair(7))
    finally:
        del pytree.SUPPORTED_NODES[Pair]


def test_some_leaves_are_mapped() -> None:
    assert pytree.tree_map_only(int, str, [1, "a", (2.0, 3)]) == ["1", "a", (2.0, "3")]
    assert pytree.tree_map_only(int | float, str, [1, 2.0]) == ["1", "2.0"]
    assert pytree.tree_map_only(lambda x: x == 1, str, [1, 2]) == ["1", 2]
    assert pytree.tree_all(bool, [1, (2,)]) and not pytree.tree_any(bool, [0, {}])
