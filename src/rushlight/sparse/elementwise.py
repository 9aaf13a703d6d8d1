"""Functions of the values alone, sums and products of sparse tensors, and of sparse and dense."""

from __future__ import annotations

from typing import Any

import rushlight

from ..dtype import BOOL
from ..errors import NotSupportedError, OperationError
from ..layout import sparse_coo
from ..tensor import Tensor
from .arrays import not_there
from .members import write
from .parts import (
    coalesce,
    coo,
    in_dtype,
    in_layout,
    indices_of,
    join,
    make,
    numbered,
    sparse_shape_of,
    values_at,
    values_of,
    with_values,
)
from .tensor import SparseTensor, answer

# ---- functions that leave 0 as it is

_UNARY = (
    "abs", "absolute", "asin", "arcsin", "asinh", "arcsinh", "atan", "arctan", "atanh", "arctanh",
    "ceil", "conj_physical", "deg2rad", "erf", "erfinv", "expm1", "floor", "frac", "isinf", "isnan",
    "isneginf", "isposinf", "log1p", "nan_to_num", "neg", "negative", "positive", "rad2deg", "relu",
    "round", "sgn", "sign", "signbit", "sin", "sinh", "sqrt", "square", "tan", "tanh", "trunc",
    "fix", "real", "imag", "threshold", "hardshrink", "softshrink",
)  # fmt: skip
# Those that are linear may be applied to the parts of a sum.
_LINEAR = {"neg", "negative", "positive", "deg2rad", "rad2deg", "conj_physical", "real", "imag"}


def _unary(name: str) -> None:
    function = getattr(rushlight, name)

    def of_values(x: SparseTensor, *args: Any, **options: Any) -> SparseTensor:
        known = x if name in _LINEAR else coalesce(x)
        return with_values(known, function(values_of(known), *args, **options))

    def in_place(x: SparseTensor, *args: Any, **options: Any) -> SparseTensor:
        if name not in _LINEAR and not x.array.is_coalesced:
            raise OperationError(f"{name}_ requires coalesced input; x.coalesce() makes it so")
        return write(f"{name}_", x, of_values(x, *args, **options))

    answer(name, f"{name}.__get__", f"nn.functional.{name}", f"special.{name}", f"__{name}__")(
        of_values
    )
    answer(f"{name}_", f"nn.functional.{name}_")(in_place)


for _name in _UNARY:
    if hasattr(rushlight, _name):
        _unary(_name)


@answer("pow", "__pow__", "float_power")
def _pow(x: Any, exponent: Any) -> SparseTensor:
    if not isinstance(x, SparseTensor) or isinstance(exponent, Tensor) and exponent.ndim:
        raise not_there("pow", sparse_coo)
    if float(exponent) == 0:
        raise OperationError(
            "pow: cannot raise to zeroth power on sparse tensor; it would make the result tensor "
            "dense"
        )
    known = coalesce(x)
    return with_values(known, values_of(known) ** exponent)


answer("pow_", "__ipow__")(lambda x, exponent: write("pow_", x, _pow(x, exponent)))


# ---- sums


@answer("add", "__add__", "__radd__")
def add(a: Any, b: Any, *, alpha: Any = 1) -> Tensor:
    """a + alpha * b."""
    if not isinstance(b, SparseTensor):
        if isinstance(b, Tensor) and b.ndim and a.array.layout is not sparse_coo:
            return add(b, a) if alpha == 1 else add(alpha * b, a)
        raise OperationError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
    if not isinstance(a, Tensor):
        return add(b, a)
    scaled: Any = b if _is_one(alpha) else mul(b, alpha)
    if not isinstance(a, SparseTensor):
        return _to_dense_added(a, scaled)
    if a.array.shape != b.array.shape:
        raise OperationError(
            f"add: expected sizes of 'self' and 'other' to match, but {list(a.array.shape)} != "
            f"{list(b.array.shape)}"
        )
    dtype = rushlight.promote_types(a.dtype, b.dtype)
    if dtype.category == BOOL:
        raise NotSupportedError("add: not implemented for sparse tensors of 'Bool'")
    total = join(in_dtype(coo(a), dtype), in_dtype(coo(scaled), dtype))
    return in_layout(total, a.array.layout)


def _is_one(alpha: Any) -> bool:
    return not isinstance(alpha, Tensor) and alpha == 1


def _to_dense_added(d: Tensor, x: SparseTensor) -> Tensor:
    _check_same_size(d, x)
    dtype = rushlight.result_type(d, values_of(x)) if d.ndim else x.dtype
    size, wide = sparse_shape_of(x), d.to(dtype)
    flat = wide.reshape(-1, *wide.shape[len(size) :])
    places = numbered(indices_of(x), size)
    return flat.index_add(0, places, values_of(x).to(dtype)).reshape(d.shape)


def _check_same_size(d: Tensor, x: SparseTensor) -> None:
    if tuple(d.shape) != x.array.shape:
        raise OperationError(
            f"add: expected 'self' and 'other' to have same size, but self has size "
            f"{list(d.shape)} while other has size {list(x.array.shape)} (dense-sparse addition "
            "does not support broadcasting)"
        )


@answer("sub", "subtract", "__sub__", "__rsub__")
def sub(a: Any, b: Any, *, alpha: Any = 1) -> Tensor:
    return add(a, b, alpha=-alpha)


@answer("add_", "__iadd__")
def add_(a: Any, b: Any, *, alpha: Any = 1) -> Tensor:
    if isinstance(a, SparseTensor):
        return write("add_", a, add(a, b, alpha=alpha))
    _check_same_size(a, b)
    if not rushlight.can_cast(b.dtype, a.dtype):
        raise OperationError(f"add_: Can't convert result type {b.dtype} to output {a.dtype}")
    scaled = coo(b if _is_one(alpha) else mul(b, alpha))
    values = values_of(scaled).to(a.dtype)
    if scaled.array.indices.shape[0] == 1:
        return a.index_add_(0, indices_of(scaled)[0], values)
    if not scaled.array.indices.shape[0]:
        return a.add_(values.sum(0))
    return a.index_put_(tuple(indices_of(scaled).unbind(0)), values, accumulate=True)


answer("sub_", "subtract_", "__isub__")(lambda a, b, *, alpha=1: add_(a, b, alpha=-alpha))


# ---- products


@answer("mul", "multiply", "__mul__", "__rmul__")
def mul(a: Any, b: Any) -> Tensor:
    """The product, which is 0 wherever one of the two is."""
    if not isinstance(a, SparseTensor):
        a, b = b, a
    if isinstance(b, SparseTensor):
        return _mul_sparse(a, b)
    if not isinstance(b, Tensor) or b.ndim == 0:
        return with_values(a, values_of(a) * b)
    shape = rushlight.broadcast_shapes(b.shape, a.shape)
    if tuple(shape) != a.array.shape:
        if b.numel() == 1:
            return with_values(a, values_of(a) * b.reshape(()))
        raise NotSupportedError(
            f"mul: the dense tensor, {list(b.shape)}, must broadcast to the size of the sparse "
            f"one, {list(a.array.shape)}"
        )
    return with_values(a, values_of(a) * values_at(b.expand(shape), indices_of(a)))


def _mul_sparse(a: SparseTensor, b: SparseTensor) -> SparseTensor:
    if a.array.shape != b.array.shape or len(sparse_shape_of(a)) != len(sparse_shape_of(b)):
        raise OperationError(
            "mul: expects sparse inputs with equal dimensionality, number of sparse dimensions, "
            f"and shape of sparse dimensions, but got {list(a.array.shape)} and "
            f"{list(b.array.shape)}"
        )
    layout, a, b = a.array.layout, coo(a), coo(b)
    if b.array.is_coalesced and not a.array.is_coalesced:
        a, b = b, a
    indices, values = indices_of(b), values_of(b)
    if a.array.is_coalesced and b.array.is_coalesced:
        size = sparse_shape_of(a)
        shared = rushlight.isin(numbered(indices, size), numbered(indices_of(a), size))
        kept = shared.nonzero().squeeze(1)
        indices, values = indices.index_select(1, kept), values.index_select(0, kept)
    product = values_at(a, indices) * values
    return in_layout(make(product, indices, a.array.shape, b.array.is_coalesced), layout)


@answer("mul_", "multiply_", "__imul__")
def _mul_(a: Any, b: Any) -> Tensor:
    if isinstance(a, SparseTensor):
        return write("mul_", a, mul(a, b))
    return a.copy_(mul(a, b).to_dense())


def _divided(name: str, function: Any) -> Any:
    def divide(a: Any, b: Any, **options: Any) -> SparseTensor:
        if isinstance(b, SparseTensor) or isinstance(b, Tensor) and b.ndim:
            raise OperationError(
                "Sparse division requires a scalar or zero-dim dense tensor divisor (got shape "
                f"{list(b.shape)} for divisor)"
            )
        known = a if name == "div" and not options.get("rounding_mode") else coalesce(a)
        return with_values(known, function(values_of(known), b, **options))

    return divide


_div = _divided("div", rushlight.div)
_floor_divide = _divided("floor_divide", rushlight.floor_divide)
answer("div", "divide", "true_divide", "__truediv__")(_div)
answer("floor_divide", "__floordiv__")(_floor_divide)
answer("div_", "divide_", "true_divide_", "__itruediv__")(
    lambda a, b, **options: write("div_", a, _div(a, b, **options))
)
answer("floor_divide_", "__ifloordiv__")(
    lambda a, b: write("floor_divide_", a, _floor_divide(a, b))
)


@answer("sparse_mask")
def sparse_mask(x: Tensor, mask: Any) -> SparseTensor:
    """What `x` has in the places of `mask`."""
    if not isinstance(mask, SparseTensor):
        raise OperationError("sparse_mask: the mask must be sparse; mask.to_sparse() makes it so")
    if tuple(x.shape) != mask.array.shape:
        raise OperationError(
            f"sparse_mask(): operands have incompatible sizes; self has size {list(x.shape)} but "
            f"mask has size {list(mask.array.shape)}"
        )
    return with_values(mask, values_at(x, indices_of(mask)))


@answer("any")
def _any(x: SparseTensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    if dim is not None:
        raise not_there("any with a dimension", x.array.layout)
    return values_of(coalesce(x)).any()
