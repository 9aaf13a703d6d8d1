"""Arguments in containers, taken apart as they were when a function was traced."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from ..utils._pytree import TreeSpec, tree_flatten


def tree_flatten_spec(tree: Any, spec: TreeSpec) -> list[Any]:
    """The leaves of a tree where `spec` has leaves; what is a leaf there stays whole.

    >>> from rushlight.fx._pytree import tree_flatten_spec
    >>> from rushlight.utils._pytree import tree_flatten
    >>> tree_flatten_spec([5, {"a": [1, 2]}], tree_flatten([0, {"a": 0}])[1])
    [5, [1, 2]]
    """
    if spec.type is None:
        return [tree]
    if spec.type is tuple and isinstance(tree, list):  # the arguments of the generated function
        parts: list[Any] = tree
    else:
        parts = _parts(tree, spec)
    if len(parts) != len(spec.children):
        raise ValueError(
            f"tree_flatten_spec: there are {len(parts)} parts where the traced function had "
            f"{len(spec.children)}"
        )
    pairs = zip(parts, spec.children, strict=True)
    return [leaf for part, child in pairs for leaf in tree_flatten_spec(part, child)]


def _parts(tree: Any, spec: TreeSpec) -> list[Any]:
    """The parts of one container, dictionaries in the order of the traced one's keys."""
    if isinstance(tree, dict):
        keys = spec.context[0] if spec.type is defaultdict else spec.context
        missing = [key for key in keys if key not in tree]
        if missing or len(tree) != len(keys):
            raise KeyError(f"tree_flatten_spec: the keys {list(tree)} are not {list(keys)}")
        return [tree[key] for key in keys]
    first = True

    def is_inner(value: Any) -> bool:
        nonlocal first
        is_root, first = first, False
        return not is_root

    return tree_flatten(tree, is_inner)[0]
