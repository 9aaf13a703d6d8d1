"""Numbers by a rule: powers, ranges, the indices of triangles."""

from __future__ import annotations

import math
from typing import Any

from ..categories import INTEGERS, NUMBERS, refused
from ..dtype import BOOL, INTEGER, get_default_dtype, int64, scalar_dtype
from ..dtype import dtype as DType
from ..errors import OperationError
from ..tensor import Tensor
from ..types import AnyDevice
from .creation import arange, finished, table_at
from .declare import operation
from .signatures import signature_of


@operation(method=False, out="cast")
def scalar_tensor(
    s: Any, *, dtype: DType | None = None, device: AnyDevice = None, requires_grad: bool = False,
    layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor without dimensions, of the default dtype.

    >>> import rushlight as torch
    >>> torch.scalar_tensor(3)
    tensor(3.)
    """
    value = s.item() if isinstance(s, Tensor) else s
    kind = dtype or get_default_dtype()
    return finished(table_at(device).full((), value, kind.numpy), requires_grad)


@operation(method=False, out="cast")
def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: DType | None = None,
    device: AnyDevice = None, requires_grad: bool = False, layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` powers of `base`, their exponents from `start` to `end` at equal distances.

    >>> import rushlight as torch
    >>> torch.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    if steps < 0:
        raise RuntimeError(f"logspace: number of steps must be non-negative, got {steps}")
    start, end = (v.item() if isinstance(v, Tensor) else v for v in (start, end))
    is_complex = any(isinstance(v, complex) for v in (start, end, base))
    kind = dtype or (scalar_dtype(1j) if is_complex else get_default_dtype())
    if kind.category == BOOL:
        raise refused("logspace", kind, NUMBERS)
    if kind.category == INTEGER:
        start, end = int(start), int(end)
    array = table_at(device).logspace(start, end, steps, base, kind.numpy)
    return finished(array, requires_grad)


@operation(method=False, out="cast")
def range(
    start: Any, end: Any, step: Any = 1, *, dtype: DType | None = None, device: AnyDevice = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`start`, `start + step`, ... up to `end`, which is included: PyTorch's old `arange`.

    >>> import rushlight as torch
    >>> torch.range(1, 2, 0.5)
    tensor([1.0000, 1.5000, 2.0000])
    """
    start, end, step = (v.item() if isinstance(v, Tensor) else v for v in (start, end, step))
    if step == 0:
        raise RuntimeError("range: step must be nonzero")
    if not all(math.isfinite(v) for v in (start, end)):
        raise RuntimeError(f"range: unsupported range: {start} -> {end}")
    if (end - start) / step < 0:
        raise RuntimeError("range: upper bound and lower bound inconsistent with step sign")
    last = start + math.floor((end - start) / step) * step
    return arange(start, last + step / 2, step, dtype=dtype or get_default_dtype(), device=device,
                  requires_grad=requires_grad)  # fmt: skip


@operation(method=False)
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:  # noqa: N803
    """The powers of each element as a row: N of them, from the highest down unless `increasing`.

    >>> import rushlight as torch
    >>> torch.vander(torch.tensor([2, 3]), 3)
    tensor([[4, 2, 1],
            [9, 3, 1]])
    """
    if x.array.ndim != 1:
        raise OperationError(
            f"vander: x must be a one-dimensional tensor, not of shape {tuple(x.array.shape)}"
        )
    count = x.array.size if N is None else N
    if count < 0:
        raise OperationError(f"vander: N must be non-negative, got {N}")
    exponents = arange(count, device=x.device)
    if not increasing:
        exponents = exponents.flip(0)
    numbers = x.long() if x.dtype.category <= INTEGER else x
    return numbers.unsqueeze(1) ** exponents


def _triangle(
    name: str, is_upper: bool, row: int, col: int, offset: int, *, dtype: DType | None = None,
    device: AnyDevice = None, layout: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    for what, count in (("row", row), ("col", col)):
        if count < 0:
            raise OperationError(f"{name}: {what} must be non-negative, got {count}")
    kind = dtype or int64
    if kind.category != INTEGER:
        raise refused(name, kind, INTEGERS)
    array = table_at(device).triangle(row, col, offset, is_upper, kind.numpy)
    return finished(array, False)


@operation(method=False, out="cast")
@signature_of(_triangle)
def tril_indices(row: int, col: int, offset: int = 0, **options: Any) -> Tensor:
    """The indices of a matrix's elements on and below a diagonal, `offset` above the main one.

    (2, how many): rows first, then columns.

    >>> import rushlight as torch
    >>> torch.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return _triangle("tril_indices", False, row, col, offset, **options)


@operation(method=False, out="cast")
@signature_of(_triangle)
def triu_indices(row: int, col: int, offset: int = 0, **options: Any) -> Tensor:
    """The indices of a matrix's elements on and above a diagonal, `offset` above the main one.

    (2, how many): rows first, then columns.

    >>> import rushlight as torch
    >>> torch.triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    return _triangle("triu_indices", True, row, col, offset, **options)
