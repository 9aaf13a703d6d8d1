"""Functions that torch has beside those of nn.functional, with arguments in another order.

They are what PyTorch's functionals call; its losses are in `loss_namesakes.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.inplace import check_inplace
from ..categories import INEXACT, check_taken
from ..errors import OperationError
from ..grad_mode import state
from ..tensor import Tensor, wrap_dim
from . import convolution as convolutions
from . import dropout, embedding, grid, layer_norm, normalization
from .common import not_implemented
from .creation import ones_like
from .declare import operation
from .linalg_norms import matrix_norm, vector_norm

# ---- dropout


def _probability(p: float) -> float:
    if not 0 <= p <= 1:
        raise OperationError(f"dropout probability has to be between 0 and 1, but got {p}")
    return p


@operation(name="dropout", method=False)
def _dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """`nn.functional.dropout`, while `train` is true.

    >>> import rushlight as torch
    >>> torch.dropout(torch.tensor([1.0, 2.0]), 0.5, False)
    tensor([1., 2.])
    >>> torch.dropout(torch.tensor([1.0, 2.0]), 1.0, True)
    tensor([0., 0.])
    """
    return dropout.dropout(input, _probability(p), train)


@operation(name="dropout_", method=False)
def _dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`nn.functional.dropout` in place, while `train` is true.

    >>> import rushlight as torch
    >>> torch.dropout_(torch.tensor([1.0, 2.0]), 1.0, True)
    tensor([0., 0.])
    """
    return dropout.dropout(input, _probability(p), train, True)


@operation(name="alpha_dropout", method=False)
def _alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """`nn.functional.alpha_dropout`, while `train` is true.

    >>> import rushlight as torch
    >>> torch.alpha_dropout(torch.tensor([1.0, 2.0]), 0.5, False)
    tensor([1., 2.])
    """
    return dropout.alpha_dropout(input, _probability(p), train)


@operation(name="alpha_dropout_", method=False)
def _alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`nn.functional.alpha_dropout` in place, while `train` is true.

    >>> import rushlight as torch
    >>> torch.alpha_dropout_(torch.tensor([1.0, 2.0]), 0.5, False)
    tensor([1., 2.])
    """
    return dropout.alpha_dropout(input, _probability(p), train, True)


@operation(name="feature_dropout", method=False)
def _feature_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """`dropout` of whole channels, dimension 1, while `train` is true.

    >>> import rushlight as torch
    >>> x = torch.feature_dropout(torch.ones(2, 8, 3), 0.5, True)
    >>> (x == x[..., :1]).all()  # a channel goes or stays as a whole
    tensor(True)
    """
    return dropout.of_channels(input, _probability(p), train, False, 1)


@operation(name="feature_dropout_", method=False)
def _feature_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`feature_dropout` in place.

    >>> import rushlight as torch
    >>> torch.feature_dropout_(torch.ones(1, 1, 3), 1.0, True)
    tensor([[[0., 0., 0.]]])
    """
    return dropout.of_channels(input, _probability(p), train, True, 1)


@operation(name="feature_alpha_dropout", method=False)
def _feature_alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """`nn.functional.feature_alpha_dropout`, while `train` is true.

    >>> import rushlight as torch
    >>> x = torch.feature_alpha_dropout(torch.ones(2, 8, 3), 0.5, True)
    >>> (x == x[..., :1]).all()  # a channel goes or stays as a whole
    tensor(True)
    """
    return dropout.feature_alpha_dropout(input, _probability(p), train)


@operation(name="feature_alpha_dropout_", method=False)
def _feature_alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`nn.functional.feature_alpha_dropout` in place, while `train` is true.

    >>> import rushlight as torch
    >>> torch.feature_alpha_dropout_(torch.ones(1, 1, 3), 0.5, False)
    tensor([[[1., 1., 1.]]])
    """
    return dropout.feature_alpha_dropout(input, _probability(p), train, True)


@operation(method=False)
def native_dropout(input: Tensor, p: float, train: bool | None) -> tuple[Tensor, Tensor]:
    """`dropout`, and the mask of what it kept.

    >>> import rushlight as torch
    >>> torch.native_dropout(torch.ones(2), 0.5, False)
    (tensor([1., 1.]), tensor([True, True]))
    """
    factors = ones_like(input.detach(), dtype=input.dtype.to_real())
    if train is not False:
        factors = dropout.dropout(factors, _probability(p), True)
    return input * factors, factors != 0


# ---- normalisation, embeddings, convolution


@operation(name="batch_norm", method=False)
def _batch_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, training: bool, momentum: float, eps: float, cudnn_enabled: bool,
) -> Tensor:  # fmt: skip
    """`nn.functional.batch_norm`; `cudnn_enabled` chooses nothing.

    >>> import rushlight as torch
    >>> x = torch.tensor([[1.0], [3.0]])
    >>> torch.batch_norm(x, None, None, None, None, True, 0.1, 0.0, False)
    tensor([[-1.],
            [ 1.]])
    """
    return normalization.normalized(
        input, running_mean, running_var, weight, bias, training, momentum, eps
    )


@operation(name="instance_norm", method=False)
def _instance_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, use_input_stats: bool, momentum: float, eps: float,
    cudnn_enabled: bool,
) -> Tensor:  # fmt: skip
    """`nn.functional.instance_norm`; `cudnn_enabled` chooses nothing.

    >>> import rushlight as torch
    >>> x = torch.tensor([[[1.0, 3.0]]])
    >>> torch.instance_norm(x, None, None, None, None, True, 0.1, 0.0, False)
    tensor([[[-1.,  1.]]])
    """
    return layer_norm.instance_norm(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


@operation(name="layer_norm", method=False)
def _layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5, cudnn_enable: bool = True,
) -> Tensor:  # fmt: skip
    """`nn.functional.layer_norm`; `cudnn_enable` chooses nothing.

    >>> import rushlight as torch
    >>> torch.layer_norm(torch.tensor([[1.0, 3.0]]), (2,), cudnn_enable=False)
    tensor([[-1.0000,  1.0000]])
    """
    return layer_norm.layer_norm(input, normalized_shape, weight, bias, eps)


@operation(name="group_norm", method=False)
def _group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5, cudnn_enabled: bool = True,
) -> Tensor:  # fmt: skip
    """`nn.functional.group_norm`; `cudnn_enabled` chooses nothing.

    >>> import rushlight as torch
    >>> torch.group_norm(torch.tensor([[[1.0], [3.0]]]), 1, cudnn_enabled=False)
    tensor([[[-1.0000],
             [ 1.0000]]])
    """
    return layer_norm.group_norm(input, num_groups, weight, bias, eps)


@operation(method=False)
def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The `pow`-norm over all dimensions but `dim`, kept with size 1; -1 leaves out none.

    >>> import rushlight as torch
    >>> torch.norm_except_dim(torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5.],
            [1.]])
    """
    if dim == -1:
        return vector_norm(v, pow)
    kept = wrap_dim(dim, v.array.ndim)
    others = [axis for axis in range(v.array.ndim) if axis != kept]
    return vector_norm(v, pow, others, True) if others else v.abs()


@operation(method=False, out="exact")
def nuclear_norm(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The sum of the singular values of matrices in two dimensions, the last ones if not given.

    >>> import rushlight as torch
    >>> torch.nuclear_norm(torch.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor(7.)
    """
    if isinstance(dim, bool):  # torch.nuclear_norm(input, keepdim)
        dim, keepdim = None, dim
    return matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim)


@operation(method=False, out="exact")
def frobenius_norm(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """The square root of the sum of |x|^2 over at most two dimensions; over all if `dim` is empty.

    >>> import rushlight as torch
    >>> torch.frobenius_norm(torch.tensor([[3.0, 4.0]]), 1)
    tensor([5.])
    """
    if not isinstance(dim, int) and len(dim) > 2:
        raise OperationError(
            f"frobenius_norm: Expected at most 2 dimensions, but got {len(dim)} dimensions instead."
        )
    return vector_norm(input, 2, dim if isinstance(dim, int) or dim else None, keepdim)


@operation(name="embedding", method=False)
def _embedding(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:  # fmt: skip
    """`nn.functional.embedding`; a negative `padding_idx` is none.

    >>> import rushlight as torch
    >>> torch.embedding(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([1, 0, 1]))
    tensor([[3., 4.],
            [1., 2.],
            [3., 4.]])
    """
    padding = None if padding_idx < 0 else padding_idx
    return embedding.embedding(indices, weight, padding, None, 2.0, scale_grad_by_freq, sparse)


@operation(method=False)
def embedding_renorm_(input: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> Tensor:
    """Shortens the rows that `indices` name to `max_norm`, where their `norm_type`-norm is more.

    >>> import rushlight as torch
    >>> weight = torch.tensor([[3.0, 4.0], [6.0, 8.0]])
    >>> torch.embedding_renorm_(weight, torch.tensor([1]), 5.0, 2.0)
    tensor([[3., 4.],
            [3., 4.]])
    """
    if input.requires_grad and state.enabled:
        check_inplace(input)
        raise not_implemented("embedding_renorm_")
    check_taken("embedding_renorm_", input, INEXACT)
    embedding.check_indices("embedding_renorm_", indices)
    embedding.shorten(input, indices, max_norm, norm_type)
    return input


@operation(name="embedding_bag", method=False)
def _embedding_bag(
    weight: Tensor, indices: Tensor, offsets: Tensor, scale_grad_by_freq: bool = False,
    mode: int = 0, sparse: bool = False, per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False, padding_idx: int | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    """`nn.functional.embedding_bag`, each index's bag, the bags' sizes, and what won a maximum.

    `mode` is 0 for sums, 1 for means, 2 for maxima.

    >>> import rushlight as torch
    >>> weight = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> torch.embedding_bag(weight, torch.tensor([0, 1, 1]), torch.tensor([0, 2]))[0]
    tensor([[4., 6.],
            [3., 4.]])
    """
    if mode not in (0, 1, 2):
        raise OperationError(f"embedding_bag: mode is 0 (sum), 1 (mean) or 2 (max), got {mode}")
    result = embedding.embedding_bag(
        indices, weight, offsets, None, 2.0, scale_grad_by_freq, ("sum", "mean", "max")[mode],
        sparse, per_sample_weights, include_last_offset, padding_idx,
    )  # fmt: skip
    bags = result.array.shape[0]
    numbers = embedding.BagNumbers.apply(offsets, indices.array.size).clamp(max=bags - 1)
    sizes = embedding.summed(ones_like(numbers), numbers, bags)
    if mode < 2:
        return result, numbers, sizes, sizes
    rows = weight.detach().index_select(0, indices)
    winners = embedding.BagArgmax.apply(rows, numbers, bags).clamp(min=0)
    return result, numbers, sizes, indices.long()[winners]


@operation(method=False, autocast="given")
def convolution(
    input: Tensor, weight: Tensor, bias: Tensor | None, stride: Sequence[int],
    padding: Sequence[int], dilation: Sequence[int], transposed: bool,
    output_padding: Sequence[int], groups: int,
) -> Tensor:  # fmt: skip
    """The convolution of as many dimensions as `weight` has, or its transpose.

    >>> import rushlight as torch
    >>> x, weight = torch.ones(1, 1, 3), torch.ones(1, 1, 2)
    >>> torch.convolution(x, weight, None, [1], [0], [1], True, [0], 1)
    tensor([[[1., 2., 2., 1.]]])
    """
    dimensions = weight.array.ndim
    if input.array.ndim != dimensions or dimensions not in (3, 4, 5):
        raise OperationError(
            f"convolution: Expected {dimensions}-dimensional input for {dimensions}-dimensional "
            f"weight {tuple(weight.array.shape)}, but got {input.array.ndim}-dimensional input of "
            f"size {tuple(input.array.shape)} instead"
        )
    name = f"conv_transpose{dimensions - 2}d" if transposed else f"conv{dimensions - 2}d"
    sizes = [tuple(v) for v in (stride, padding, dilation, output_padding)]
    function = getattr(convolutions, name)
    if transposed:
        return function(input, weight, bias, sizes[0], sizes[1], sizes[3], groups, sizes[2])
    return function(input, weight, bias, *sizes[:3], groups)


@operation("torch", "nn.functional.conv_tbc", autocast="lower")
def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """`conv1d` of sequences (time, batch, channels) by weight (k, channels, outputs).

    >>> import rushlight as torch
    >>> x, weight = torch.ones(5, 2, 3), torch.ones(2, 3, 4)
    >>> torch.conv_tbc(x, weight, torch.zeros(4)).shape
    torch.Size([4, 2, 4])
    """
    shapes = tuple(input.array.shape), tuple(weight.array.shape), tuple(bias.array.shape)
    if [len(shape) for shape in shapes] != [3, 3, 1] or shapes[0][2] != shapes[1][1]:
        raise OperationError(
            "conv_tbc: Expected input (time, batch, channels), weight (k, channels, outputs) and "
            f"bias (outputs), got {shapes[0]}, {shapes[1]} and {shapes[2]}"
        )
    x, kernel = input.permute(1, 2, 0), weight.permute(2, 1, 0)
    return convolutions.conv1d(x, kernel, bias, padding=pad).permute(2, 0, 1)


@operation(method=False)
def affine_grid_generator(theta: Tensor, size: Sequence[int], align_corners: bool) -> Tensor:
    """`nn.functional.affine_grid`.

    >>> import rushlight as torch
    >>> torch.affine_grid_generator(torch.tensor([[[1.0, 0, 0], [0, 1, 0]]]), [1, 1, 1, 2], True)
    tensor([[[[-1.,  0.],
              [ 1.,  0.]]]])
    """
    return grid.affine_grid(theta, size, align_corners)
