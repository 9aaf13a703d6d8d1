"""Distances and similarities of vectors, and what scales vectors by their lengths."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.operation import Operation, SavesOutputAndInput
from ..categories import FLOATS, INEXACT, check_taken
from ..dtype import FLOATING, HALVES
from ..errors import InvalidValueError, OperationError
from ..grad_mode import state
from ..scalars import number
from ..tensor import Tensor, wrap_dim
from ..types import Number
from .choices import clamp, where
from .common import conjugated
from .complex import sgn
from .creation import zeros_like
from .declare import operation
from .elementwise import abs
from .expansion import broadcast_tensors
from .linalg_norms import Norm, vector_norm
from .powers import pow
from .promotion import of_one_dtype
from .reduction import sum
from .sequences import triu_indices


def _slope(x: Tensor, norm: Tensor, p: float, dim: int) -> Tensor:
    """The gradient of the norm of x, the subgradient 0 where there is none."""
    if p == 0:
        return x * 0
    if p == 1:
        return sgn(x)
    if p == 2:
        return x / where(norm == 0, 1.0, norm)
    size = abs(x)
    if math.isinf(p):
        largest = (size == norm).to(x.dtype)
        return sgn(x) * largest / (sum(largest, dim, True) if x.array.ndim else largest)
    # |x|^(p - 1) is taken of what is not 0 alone: for p < 1 it would be infinite.
    share = where(size == 0, 0.0, pow(where(size == 0, 1.0, size), p - 1))
    return sgn(x) * share / pow(where(norm == 0, 1.0, norm), p - 1)


@operation
def dist(input: Tensor, other: Tensor, p: Number = 2) -> Tensor:
    """The p-norm of `input - other`, which broadcast.

    >>> import rushlight as torch
    >>> torch.dist(torch.tensor([0.0, 3.0]), torch.tensor([4.0, 0.0]))
    tensor(5.)
    """
    return vector_norm(input - other, number(p))


class Cdist(Operation):
    """The distances of the rows of matrices, batch by batch."""

    p: float
    by_products: bool  # |x - y|^2 as |x|^2 - 2 x y + |y|^2: fast, and less exact for near points

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save_output(output, *inputs[:2])

    def backward(self, grad: Tensor) -> Any:
        distance, a, b = self.saved_tensors
        if self.p == 2 and self.by_products:
            ratio = where(distance == 0, 0.0, grad / where(distance == 0, 1.0, distance))
            turned = ratio.transpose(-1, -2)
            return (
                a * sum(ratio, -1, True) - ratio @ b if self.needs(0) else None,
                b * sum(turned, -1, True) - turned @ a if self.needs(1) else None,
            )
        difference = a.unsqueeze(-2) - b.unsqueeze(-3)
        slope = _slope(difference, distance.unsqueeze(-1), self.p, -1)
        each = grad.unsqueeze(-1) * slope
        return sum(each, -2), -sum(each, -3)


@operation("torch", method=False, autocast="float32")
def cdist(
    x1: Tensor, x2: Tensor, p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> Tensor:  # fmt: skip
    """The distances |x1[..., i, :] - x2[..., j, :]| in the p-norm: (..., P, M), (..., R, M) to
    (..., P, R).

    >>> import rushlight as torch
    >>> torch.cdist(torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5., 1.]])
    """
    for name, x in (("X1", x1), ("X2", x2)):
        if x.dtype.category != FLOATING:
            raise OperationError(
                f"cdist only supports floating-point dtypes, {name} got: {x.dtype}; convert with "
                ".float()"
            )
        if x.array.ndim < 2:
            raise OperationError(
                f"cdist only supports at least 2D tensors, {name} got: {x.array.ndim}D"
            )
    if x1.dtype is not x2.dtype:
        raise OperationError(
            f"cdist: expected both tensors of one dtype, got {x1.dtype} and {x2.dtype}"
        )
    if p < 0:
        raise OperationError(f"cdist only supports non-negative p values, got {p}")
    (rows, width), (columns, other) = x1.array.shape[-2:], x2.array.shape[-2:]
    if width != other:
        raise OperationError(
            f"X1 and X2 must have the same number of columns. X1: {width} X2: {other} (cdist)"
        )
    if compute_mode not in _PRODUCTS_FROM:
        raise InvalidValueError(
            f"cdist: {compute_mode} is not a valid value for compute_mode: {list(_PRODUCTS_FROM)}"
        )
    a, b = x1, x2
    if x1.array.shape[:-2] != x2.array.shape[:-2]:
        batch = np.broadcast_shapes(x1.array.shape[:-2], x2.array.shape[:-2])
        a, b = x1.expand(*batch, rows, width), x2.expand(*batch, columns, width)
    by_products = p == 2 and max(rows, columns) > _PRODUCTS_FROM[compute_mode]
    return Cdist.apply(a, b, number(p), by_products)


_PRODUCTS_FROM = {
    "use_mm_for_euclid_dist_if_necessary": 25,
    "use_mm_for_euclid_dist": 0,
    "donot_use_mm_for_euclid_dist": math.inf,
}


class Pdist(SavesOutputAndInput):
    """The distances of all pairs of rows."""

    node_name = "PdistBackward0"
    p: float

    def backward(self, grad: Tensor) -> Tensor:
        distances, x = self.saved_tensors
        if not state.enabled:
            return PdistGradient.apply(grad, x, distances, self.p)
        first, second = triu_indices(x.array.shape[0], x.array.shape[0], 1, device=x.device)
        difference = x[first] - x[second]
        each = grad.unsqueeze(-1) * _slope(difference, distances.unsqueeze(-1), self.p, -1)
        return zeros_like(x).index_add(0, first, each).index_add(0, second, -each)


class PdistGradient(Operation):
    """The gradient of the rows where it is not to be differentiated itself."""

    operation_name = "pdist"
    kernel = "pdist_gradient"
    differentiable = False


@operation("torch", "nn.functional.pdist", method=False)
def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The distances of all pairs of rows i < j of a matrix, in the p-norm: (n, d) gives (n(n-1)/2).

    RuntimeError for what is no matrix.

    >>> import rushlight as torch
    >>> torch.pdist(torch.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 0.0]]))  # of rows 0, 1; 0, 2; 1, 2
    tensor([5., 3., 4.])
    """
    if input.array.ndim != 2:
        raise OperationError(f"pdist only supports 2D tensors, got: {input.array.ndim}D")
    if input.dtype.category != FLOATING:
        raise OperationError(f"pdist only supports floating-point dtypes, got {input.dtype}")
    if p < 0:
        raise OperationError(f"pdist only supports non-negative p values, got {p}")
    return Pdist.apply(input.contiguous(), number(p))


@operation("torch", "nn.functional.pairwise_distance", method=False)
def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The p-norm of x1 - x2 + `eps` along the last dimension.

    >>> import rushlight as torch
    >>> torch.pairwise_distance(torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 0.0]]))
    tensor([5.0000])
    """
    return vector_norm(x1 - x2 + eps, p, -1, keepdim)


@operation("torch", "nn.functional.cosine_similarity", method=False)
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The scalar product of x1 / max(|x1|, `eps`) and x2 / max(|x2|, `eps`) along `dim`.

    >>> import rushlight as torch
    >>> torch.cosine_similarity(torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 4.0]]))
    tensor([0.6000])
    """
    a, b = broadcast_tensors(*of_one_dtype(x1, x2))
    check_taken("cosine_similarity", a, FLOATS)
    if a.array.dtype in HALVES:  # which do not hold 1 / eps
        return cosine_similarity(a.float(), b.float(), dim, eps).to(a.dtype)
    axis = wrap_dim(dim, a.array.ndim)
    product = _scaled(a, axis, eps) * conjugated(_scaled(b, axis, eps))
    return sum(product, axis) if a.array.ndim else product


def _scaled(x: Tensor, axis: int, eps: float) -> Tensor:
    # The limit moves the length without cutting its gradient.
    length = Norm.apply(x, (axis,) if x.array.ndim else None, True, 2.0)
    if not length.requires_grad:
        return x / length.clamp_min(eps)
    short = length.detach() < eps
    return x / where(short, length - length.detach() + eps, length)


@operation("nn.functional", out="cast")
def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """x / max(|x|, `eps`), the p-norm |x| taken along `dim`.

    >>> import rushlight as torch
    >>> torch.nn.functional.normalize(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    if input.dtype.category < FLOATING:
        raise OperationError(
            f"normalize: Expected a floating point or complex tensor as input. Got {input.dtype}"
        )
    if input.array.dtype in HALVES:  # which do not hold 1 / eps
        return normalize(input.float(), p, dim, eps).to(input.dtype)
    return input / clamp(vector_norm(input, p, dim, True), min=eps)


class Renorm(Operation):
    """The slices whose norm over `axes` is above `most`, scaled down to it."""

    differentiable = False

    @staticmethod
    def forward(kernels: Any, x: Any, p: float, axes: Any, most: float) -> Any:
        size = Norm.forward(kernels, x, axes, True, p)
        one = kernels.full((), 1.0, size.dtype, size)
        factor = kernels.mul(kernels.reciprocal(kernels.add(size, 1e-7)), most)
        return kernels.mul(x, kernels.where(kernels.gt(size, most), factor, one))


@operation(inplace=True, out="exact")
def renorm(input: Tensor, p: Number, dim: int, maxnorm: Number) -> Tensor:
    """Slices along `dim` whose p-norm is larger than `maxnorm` scaled down to it.

    >>> import rushlight as torch
    >>> torch.tensor([[3.0, 4.0], [0.3, 0.4]]).renorm(2, 0, 1.0)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    power: Any = number(p)
    most: Any = number(maxnorm)
    if power <= 0:
        raise OperationError(f"renorm: non-positive-norm not supported (p={p})")
    if most < 0:
        raise OperationError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input.array.ndim < 2:
        raise OperationError(
            f"renorm: input needs at least 2 dimensions, got {input.array.ndim} dimensions"
        )
    check_taken("renorm", input, INEXACT)
    axis = wrap_dim(dim, input.array.ndim)
    if input.array.dtype in HALVES:
        return renorm(input.float(), power, dim, most).to(input.dtype)
    others = [i for i in range(input.array.ndim) if i != axis]
    if input.requires_grad and state.enabled:
        size: Any = vector_norm(input, power, others, True)
        return input * where(size > most, most / (size + 1e-7), 1.0)
    return Renorm.apply(input, float(power), tuple(others), most)


@operation("torch", "nn.functional.bilinear", method=False, autocast="given")
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x1 W[k] x2 + bias[k] for each k: (*, I), (*, J), (K, I, J) to (*, K).

    >>> import rushlight as torch
    >>> x = torch.tensor([[1.0, 2.0]])
    >>> torch.nn.functional.bilinear(x, x, torch.ones(1, 2, 2))
    tensor([[9.]])
    """
    a, b, w = input1.array.shape, input2.array.shape, weight.array.shape
    if len(a) != len(b) or not a:
        raise OperationError(
            f"bilinear(): input dimensions do not match: got {len(a)} and {len(b)} (inputs {a} "
            f"and {b})"
        )
    for dim, (m, n) in enumerate(zip(a[:-1], b[:-1], strict=True)):
        if m != n:
            raise OperationError(
                f"bilinear(): input batch dimensions do not match at dim {dim}: got {m} and {n}"
            )
    if len(w) != 3:
        raise OperationError(f"bilinear(): weight must be (out, in1, in2), got {w}")
    for number_, (given, wanted) in enumerate(((a[-1], w[1]), (b[-1], w[2])), 1):
        if given != wanted:
            raise OperationError(
                f"bilinear(): input{number_} size does not match weight size: got {given} but "
                f"expected {wanted}"
            )
    if bias is not None and bias.array.shape != (w[0],):
        raise OperationError(
            f"bilinear(): bias size does not match weight size: got "
            f"{bias.array.size} but expected {w[0]}"
        )
    rows = math.prod(a[:-1])
    half = input1.reshape(rows, w[1]) @ weight.permute(1, 0, 2).reshape(w[1], w[0] * w[2])
    whole = (half.reshape(rows, w[0], w[2]) @ input2.reshape(rows, w[2], 1)).reshape(*a[:-1], w[0])
    return whole if bias is None else whole + bias
