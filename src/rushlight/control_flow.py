"""Branches and loops as functions: `torch.cond`, `torch.while_loop`. They run as Python's do.

Within a recorded function a branch that goes by a tensor's value ends the record, as an `if` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .tensor import Tensor
from .utils._pytree import tree_leaves


def cond(
    pred: Any, true_fn: Callable[..., Any], false_fn: Callable[..., Any],
    operands: Sequence[Any] = (),
) -> Any:  # fmt: skip
    """`true_fn(*operands)` where `pred` is true, else `false_fn(*operands)`.

    `pred` is a number of Python's, or a tensor of one element. RuntimeError for anything else, and,
    beside a tensor, where `operands` are no list or tuple of tensors (and lists, tuples and dicts
    of them), or the branches no functions. Only the branch that is taken is run: unlike in PyTorch,
    which traces both where `pred` is a tensor, the other may return something else.

    >>> import rushlight as torch
    >>> x = torch.ones(2)
    >>> torch.cond(x.sum() > 1, lambda x: x + 1, lambda x: x - 1, (x,))
    tensor([2., 2.])
    """
    if not isinstance(pred, (bool, int, float)):
        _check(pred, true_fn, false_fn, operands)
    return (true_fn if pred else false_fn)(*operands)


def _check(pred: Any, true_fn: Any, false_fn: Any, operands: Any) -> None:
    if not isinstance(pred, Tensor):
        raise RuntimeError(f"cond: Expected pred to be bool or tensor, but got {pred}.")
    if pred.numel() != 1:
        raise RuntimeError(
            f"cond: expected pred to be a bool or a tensor of one element, got {tuple(pred.shape)}"
        )
    if not (callable(true_fn) and callable(false_fn)):
        raise RuntimeError("cond: expected functions for both branches")
    leaves = tree_leaves(operands)
    if not isinstance(operands, (tuple, list)) or not all(isinstance(x, Tensor) for x in leaves):
        kinds = ", ".join(sorted({type(leaf).__name__ for leaf in leaves}))
        raise RuntimeError(
            "cond: expected operands to be a tuple or a list of tensors, and dicts, lists and "
            f"tuples of them, got {type(operands).__name__} of {kinds}"
        )


def while_loop(
    cond_fn: Callable[..., Any], body_fn: Callable[..., Any], carried_inputs: Sequence[Any]
) -> tuple[Any, ...]:
    """Replaces `carried_inputs` by what `body_fn` makes of them, as long as `cond_fn` is true.

    RuntimeError where it returns another number of values, or tensors of other shapes or dtypes.

    >>> import rushlight as torch
    >>> torch.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2),
    ...                  (torch.tensor(0), torch.tensor(1.0)))
    (tensor(3), tensor(8.))
    """
    carried = tuple(carried_inputs)
    while cond_fn(*carried):
        result = body_fn(*carried)
        result = tuple(result) if isinstance(result, (tuple, list)) else (result,)
        if len(result) != len(carried):
            raise RuntimeError(
                f"while_loop: body_fn must return as many values as are carried, {len(carried)}, "
                f"got {len(result)}"
            )
        for before, after in zip(carried, result, strict=True):
            if _kind(before) != _kind(after):
                raise RuntimeError(
                    "while_loop: body_fn must return what is carried in the same shape and dtype, "
                    f"got {_kind(after)} for {_kind(before)}"
                )
        carried = result
    return carried


def _kind(value: Any) -> Any:
    return (tuple(value.shape), value.dtype) if isinstance(value, Tensor) else type(value).__name__
