"""Dropout: random elements, or whole channels, set to zero while training."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ..autograd.operation import Operation
from ..categories import FLOATS, check_taken
from ..errors import InvalidValueError, OperationError
from ..tensor import Tensor, wrap
from .declare import operation
from .random import drawn_like


class Dropout(Operation):
    """x * mask * scale. PyTorch records the product alone, as `MulBackward0`."""

    saves = (1,)
    scale: float

    def backward(self, grad: Tensor) -> Any:
        return Dropout.apply(grad, self.saved_tensors[0], self.scale)


@operation("nn.functional")
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Sets each element to zero with probability `p` and scales the others by 1 / (1 - p).

    Only while `training` (Srivastava et al. 2014). ValueError for a p outside of [0, 1].

    >>> import rushlight as torch
    >>> x = torch.nn.functional.dropout(torch.ones(100), p=0.75)
    >>> x.unique()
    tensor([0., 4.])
    >>> torch.nn.functional.dropout(torch.ones(3), training=False)
    tensor([1., 1., 1.])
    """
    # Not by `_dropped`, as it is the one that most networks call: 0.2 us.
    check_probability(p)
    if input.array.size == 0 or not training or p == 0:
        return input
    if p == 1:
        result = input * False  # nan stays, and the dtype
    else:
        check_taken("dropout", input, FLOATS)
        mask = drawn_like(input, "random_bernoulli", None, 1 - p)
        result = Dropout.apply(input, wrap(mask), 1 / (1 - p))
    return input.copy_(result) if inplace else result


def _dropped(
    name: str, input: Tensor, p: float, training: bool, inplace: bool, drop: Callable[[], Tensor]
) -> Tensor:
    """The input, or what `drop` makes of it where neither nothing nor all of it is dropped."""
    check_probability(p)
    if input.array.size == 0 or not training or p == 0:
        return input
    if p == 1:
        result = input * False  # nan stays, and the dtype
    else:
        check_taken(name, input, FLOATS)
        result = drop()
    return input.copy_(result) if inplace else result


@operation("nn.functional")
def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """`dropout` of whole channels of (N, C, L) or (C, L) (Tompson et al. 2015).

    >>> import rushlight as torch
    >>> x = torch.nn.functional.dropout1d(torch.ones(2, 8, 3), p=0.5)
    >>> (x == x[..., :1]).all()  # a channel goes or stays as a whole
    tensor(True)
    """
    ndim = input.array.ndim
    if ndim not in (2, 3):
        raise OperationError(
            f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input. Note that "
            "dropout1d exists to provide channel-wise dropout on inputs with 1 spatial dimension, "
            "a channel dimension, and an optional batch dimension (i.e. 2D or 3D inputs)."
        )
    return of_channels(input, p, training, inplace, 0 if ndim == 2 else 1)


@operation("nn.functional")
def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """`dropout` of whole channels of (N, C, H, W) (Tompson et al. 2015).

    As in PyTorch, three dimensions are taken for (N, C, L).

    >>> import rushlight as torch
    >>> x = torch.nn.functional.dropout2d(torch.ones(2, 8, 3, 3), p=0.5)
    >>> (x == x[..., :1, :1]).all()  # a channel goes or stays as a whole
    tensor(True)
    """
    ndim = input.array.ndim
    if ndim not in (3, 4):
        _warn_of_dimensions("dropout2d", ndim, 2, "3D or 4D")
    if ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout "
            "behavior is desired - input is interpreted as shape (N, C, L), where C is the channel "
            "dim. This behavior will change in a future release to interpret the input as one "
            "without a batch dimension, i.e. shape (C, H, W). To maintain the 1D channel-wise "
            "dropout behavior, please switch to using dropout1d instead.",
            stacklevel=3,
        )
    return of_channels(input, p, training, inplace, 1)


@operation("nn.functional")
def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """`dropout` of whole channels of (N, C, D, H, W) or (C, D, H, W) (Tompson et al. 2015).

    >>> import rushlight as torch
    >>> x = torch.nn.functional.dropout3d(torch.ones(2, 8, 3, 3, 3), p=0.5)
    >>> (x == x[..., :1, :1, :1]).all()  # a channel goes or stays as a whole
    tensor(True)
    """
    ndim = input.array.ndim
    if ndim not in (4, 5):
        _warn_of_dimensions("dropout3d", ndim, 3, "4D or 5D")
    return of_channels(input, p, training, inplace, 1 if ndim == 5 else 0)


def _warn_of_dimensions(name: str, ndim: int, spatial: int, wanted: str) -> None:
    warnings.warn(
        f"{name}: Received a {ndim}-D input to {name}, which is deprecated and will result in an "
        "error in a future release. To retain the behavior and silence this warning, please use "
        f"dropout instead. Note that {name} exists to provide channel-wise dropout on inputs with "
        f"{spatial} spatial dimensions, a channel dimension, and an optional batch dimension (i.e. "
        f"{wanted} inputs).",
        stacklevel=4,
    )


def of_channels(input: Tensor, p: float, training: bool, inplace: bool, axis: int) -> Tensor:
    return _dropped(
        "dropout", input, p, training, inplace,
        lambda: input * (_kept_channels(input, p, axis) / (1 - p)),
    )  # fmt: skip


def _kept_channels(input: Tensor, p: float, axis: int) -> Tensor:
    """1 or 0 for each channel, dimension `axis`, and each index of what is before it."""
    shape = input.array.shape
    if len(shape) < 2:
        raise OperationError(
            f"Feature dropout requires at least 2 dimensions in the input, got {tuple(shape)}"
        )
    mask = input.new_empty(shape[: axis + 1] + (1,) * (len(shape) - axis - 1))
    return mask.bernoulli_(1 - p)


@operation("nn.functional")
def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Sets elements to the limit of `selu` for -infinity with probability `p`.

    What is left is scaled and moved, so that mean and variance stay (Klambauer et al. 2017).

    >>> import rushlight as torch
    >>> x = torch.nn.functional.alpha_dropout(torch.zeros(100), p=0.5, training=True)
    >>> x.unique()  # what was set, and where the zeros were moved
    tensor([-0.7792,  0.7792])
    """

    def drop() -> Tensor:
        kept = wrap(drawn_like(input, "random_bernoulli", None, 1 - p))
        return _alpha(input, kept.to(input.dtype), p)

    return _dropped("alpha_dropout", input, p, training, inplace, drop)


@operation("nn.functional")
def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """`alpha_dropout` of whole channels, dimension 1.

    >>> import rushlight as torch
    >>> x = torch.nn.functional.feature_alpha_dropout(torch.ones(2, 8, 3), training=True)
    >>> (x == x[..., :1]).all()  # a channel goes or stays as a whole
    tensor(True)
    """
    return _dropped(
        "alpha_dropout", input, p, training, inplace,
        lambda: _alpha(input, _kept_channels(input, p, 1), p),
    )  # fmt: skip


def _alpha(input: Tensor, kept: Tensor, p: float) -> Tensor:
    alpha = 1.7580993408473766  # minus selu's limit
    scale = ((alpha * alpha * p + 1) * (1 - p)) ** -0.5
    return input * (kept * scale) + ((kept - 1) * (alpha * scale) + alpha * scale * p)


def check_probability(p: float) -> None:
    if not 0 <= p <= 1:
        raise InvalidValueError(f"dropout probability has to be between 0 and 1, but got {p}")
