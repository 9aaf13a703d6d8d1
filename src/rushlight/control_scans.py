"""Loops over a dimension as functions: `scan`, `associative_scan` and `map`. They run step by step.

They are in `torch._higher_order_ops`, as in PyTorch. What a step takes and gives may be a tensor,
or lists, tuples and dicts of tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .ops.joining import stack
from .tensor import Tensor, wrap_dim
from .utils._pytree import tree_flatten, tree_leaves, tree_map, tree_unflatten

_NO_STEPS = "All xs leaves must at least have 'dim' number of dimensions and scan dimension > 0"


def scan(
    combine_fn: Callable[[Any, Any], tuple[Any, Any]], init: Any, xs: Any, *, dim: int = 0,
    reverse: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """What is carried in the end, and the results of all steps along `dim`.

    A step is `combine_fn(carry, x)`, which gives the next carry and a result. RuntimeError where
    `xs` has nothing along `dim`, or a leaf of it or of `init` is no tensor.

    >>> import rushlight as torch
    >>> from rushlight._higher_order_ops import scan
    >>> scan(lambda total, x: (total + x, total * x), torch.tensor(0), torch.tensor([1, 2, 3]))
    (tensor(6), tensor([0, 2, 9]))
    """
    if not callable(combine_fn):
        raise RuntimeError(f"scan: combine_fn must be a callable, but got {combine_fn}")
    if not all(isinstance(leaf, Tensor) for leaf in (*tree_leaves(init), *tree_leaves(xs))):
        raise RuntimeError("scan: all leaves of init and xs must be tensors")
    if not tree_leaves(init):
        raise RuntimeError("scan: init must have a tensor to carry")
    if not tree_leaves(xs):
        return init, []
    dim = _dim_of(xs, dim, RuntimeError)
    carry, results = init, []
    for x in _steps(xs, dim, reverse):
        carry, result = combine_fn(carry, x)
        results.append(result)
    return carry, _stacked(results, dim, reverse)


def associative_scan(
    combine_fn: Callable[[Any, Any], Any], xs: Any, dim: int, reverse: bool = False,
    combine_mode: str = "pointwise",
) -> Any:  # fmt: skip
    """Along `dim` the combination of all that came before: a cumulative sum where it is `add`.

    `combine_mode` is "generic", or, for tensors on a GPU alone, "pointwise". ValueError where `xs`
    has nothing along `dim`, or a leaf of it is no tensor.

    >>> import rushlight as torch
    >>> from rushlight._higher_order_ops import associative_scan
    >>> associative_scan(torch.mul, torch.tensor([1, 2, 3]), 0, combine_mode="generic")
    tensor([1, 2, 6])
    """
    leaves = tree_leaves(xs)
    if not callable(combine_fn):
        raise ValueError(f"associative_scan: combine_fn must be a callable, but got {combine_fn}")
    if combine_mode not in ("pointwise", "generic"):
        raise ValueError(
            "associative_scan: combine_mode must be 'pointwise' or 'generic', but got "
            f"{combine_mode}"
        )
    if not leaves or not all(isinstance(leaf, Tensor) for leaf in leaves):
        raise ValueError("associative_scan: xs must have a leaf, and all must be tensors")
    if combine_mode == "pointwise" and not all(leaf.is_cuda for leaf in leaves):
        raise ValueError(
            "associative_scan: for combine_mode='pointwise', all input tensors need to be on CUDA; "
            "combine_mode='generic' takes others"
        )
    dim = _dim_of(xs, dim, ValueError)
    steps = _steps(xs, dim, reverse)
    results = [next(steps)]
    for x in steps:
        results.append(combine_fn(results[-1], x))
    return _stacked(results, dim, reverse)


def map(f: Callable[..., Any], xs: Any, *args: Any) -> Any:
    """`f(x, *args)` for each `x` along the first dimension of `xs`, stacked.

    RuntimeError where a leaf of `xs` is no tensor or has no dimension, or their lengths differ or
    are 0.

    >>> import rushlight as torch
    >>> from rushlight._higher_order_ops import map
    >>> map(lambda x, y: x.sum() + y, torch.ones(2, 3), torch.tensor(1.0))
    tensor([4., 4.])
    """
    leaves = tree_leaves(xs)
    if not leaves or not all(isinstance(leaf, Tensor) for leaf in leaves):
        raise RuntimeError("map: xs must have a leaf, and can only consist of tensors")
    if any(leaf.ndim == 0 for leaf in leaves):
        raise RuntimeError(
            "map: a leaf of xs is to have a dimension to be mapped over, got shapes "
            f"{[tuple(leaf.shape) for leaf in leaves]}"
        )
    lengths = {leaf.shape[0] for leaf in leaves}
    if len(lengths) > 1 or 0 in lengths:
        raise RuntimeError(
            "map: the leading dimensions of xs must be consistent and not 0, got shapes "
            f"{[tuple(leaf.shape) for leaf in leaves]}"
        )
    return _stacked([f(x, *args) for x in _steps(xs, 0, False)], 0, False)


def _dim_of(xs: Any, dim: int, error: type[Exception]) -> int:
    leaves = tree_leaves(xs)
    dim = wrap_dim(dim, leaves[0].ndim)
    if any(leaf.ndim <= dim or leaf.shape[dim] == 0 for leaf in leaves):
        raise error(f"{_NO_STEPS}, got shapes {[tuple(leaf.shape) for leaf in leaves]}")
    return dim


def _steps(xs: Any, dim: int, reverse: bool) -> Iterator[Any]:
    leaves, spec = tree_flatten(xs)
    steps = zip(*(leaf.unbind(dim) for leaf in leaves), strict=True)
    for parts in reversed(list(steps)) if reverse else steps:
        yield tree_unflatten(parts, spec)


def _stacked(results: list[Any], dim: int, reverse: bool) -> Any:
    def stacked(*parts: Tensor) -> Tensor:
        along = dim if dim <= parts[0].ndim else 0  # the results of steps may have fewer dimensions
        return stack(parts[::-1] if reverse else parts, along)

    return tree_map(stacked, *results)
