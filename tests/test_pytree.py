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
