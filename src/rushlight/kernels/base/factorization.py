"""Factorizations that the array library lacks: triangular systems, LU with its pivots, LDL.

On stacks of matrices, column by column in blocks: what is left of a block is a matrix product.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ...dtype import COMPLEX, category_of
from ..declaration import kernel
from ..launch import plain_tables
from .library import Library

_BLOCK = 32  # columns that are eliminated one by one


class Factorization(Library):
    on_host: Any

    @kernel("fused")
    def triangular_solve(self, a: Any, b: Any, upper: bool, unit: bool) -> Any:
        """X of a X = b, where of a only one triangle counts, with `unit` without its diagonal."""
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        size = a.shape[-1]
        x = self.xp.empty((*batch, *b.shape[-2:]), b.dtype)
        x[...] = b
        if size > _BLOCK:
            table = plain_tables.get(type(a), self)
            first, second = slice(0, size // 2), slice(size // 2, size)
            if upper:
                first, second = second, first
            known = table.triangular_solve(a[..., first, first], x[..., first, :], upper, unit)
            x[..., first, :] = known
            x[..., second, :] -= table.matmul(a[..., second, first], known)
            rest = table.triangular_solve(a[..., second, second], x[..., second, :], upper, unit)
            x[..., second, :] = rest
            return x
        for i in reversed(range(size)) if upper else range(size):
            if not unit:
                x[..., i, :] /= a[..., i, i, None]
            others = slice(0, i) if upper else slice(i + 1, None)
            x[..., others, :] -= a[..., others, i, None] * x[..., None, i, :]
        return x

    @kernel("fused")
    def lu_factor(self, x: Any, pivot: bool) -> tuple[Any, Any, Any]:
        """L without its diagonal and U in one matrix; which row each row was exchanged with, from 1
        on; the place of the first zero on the diagonal of U, or 0."""
        rows, columns = x.shape[-2:]
        batch, least = x.shape[:-2], min(rows, columns)
        a = self.xp.empty((prod(batch), rows, columns), x.dtype)
        a[...] = x.reshape(a.shape)
        pivots = self.xp.empty((len(a), least), "int32")
        pivots[...] = self.xp.arange(1, least + 1, dtype="int32")
        if least <= _BLOCK:
            self._eliminate(a, pivots, pivot)
        else:
            self._eliminate_blocks(a, pivots, pivot)
        diagonal = a[:, self.xp.arange(least), self.xp.arange(least)]
        place = self.xp.arange(1, least + 1, dtype="int32")
        zeros = self.xp.where(diagonal == 0, place, least + 1)
        info = self.xp.zeros(len(a), "int32")
        if least:
            first = zeros.min(axis=1)
            info[...] = self.xp.where(first > least, 0, first)
        return a.reshape(x.shape), pivots.reshape((*batch, least)), info.reshape(batch)

    def _eliminate_blocks(self, a: Any, pivots: Any, pivot: bool) -> None:
        least = pivots.shape[1]
        table = plain_tables.get(type(a), self)
        for begin in range(0, least, _BLOCK):
            end = min(begin + _BLOCK, least)
            panel, exchanged, _ = table.lu_factor(a[:, begin:, begin:end], pivot)
            if pivot:
                order = table.permutation(exchanged, a.shape[1] - begin)
                a[:, begin:] = self.xp.take_along_axis(a[:, begin:], order[:, :, None], 1)
                pivots[:, begin:end] = exchanged + begin
            a[:, begin:, begin:end] = panel
            if end < a.shape[2]:
                across = a[:, begin:end, end:]
                across[...] = table.triangular_solve(panel[:, : end - begin], across, False, True)
                a[:, end:, end:] -= table.matmul(panel[:, end - begin :], across)

    def _measure(self, x: Any) -> Any:
        """What LAPACK compares: for complex numbers the sum of the sizes of their parts."""
        xp = self.xp
        return xp.abs(x.real) + xp.abs(x.imag) if category_of(x.dtype) == COMPLEX else xp.abs(x)

    def _eliminate(self, a: Any, pivots: Any, pivot: bool) -> None:
        matrices = self.xp.arange(len(a))
        for i in range(pivots.shape[1]):
            if pivot:
                largest = self._measure(a[:, i:, i]).argmax(axis=1) + i
                pivots[:, i] = largest + 1
                row = a[matrices, largest]
                a[matrices, largest] = a[:, i]
                a[:, i] = row
            top = a[:, i, i, None]
            a[:, i + 1 :, i] /= self.xp.where(top == 0, top.dtype.type(1), top)
            a[:, i + 1 :, i + 1 :] -= a[:, i + 1 :, i, None] * a[:, i, None, i + 1 :]

    @kernel("fused")
    def permutation(self, pivots: Any, rows: int) -> Any:
        """Which row of the matrix stands in each row after all exchanges, as int64."""
        return self.on_host(_permutation, pivots, rows)

    @kernel("fused")
    def ldl_factor(self, x: Any, hermitian: bool) -> tuple[Any, Any, Any]:
        """LAPACK's sytrf or hetrf of the lower triangle, with its pivots, and the place of the
        first zero in D, or 0."""
        return self.on_host(_ldl_factor, x, hermitian)

    @kernel("fused")
    def ldl_solve(self, factors: Any, pivots: Any, b: Any, hermitian: bool) -> Any:
        return self.on_host(_ldl_solve, factors, pivots, b, hermitian)


def _permutation(pivots: Any, rows: int) -> Any:
    batch, least = pivots.shape[:-1], pivots.shape[-1]
    order = np.empty((prod(batch), rows), "int64")
    order[...] = np.arange(rows)
    exchanged = pivots.reshape(len(order), least) - 1
    matrices = np.arange(len(order))
    for i in range(least):
        other = exchanged[:, i]
        order[matrices, other], order[:, i] = order[:, i].copy(), order[matrices, other]
    return order.reshape((*batch, rows))


# ---- the factorization of symmetric matrices of Bunch and Kaufman, with LAPACK's pivots

_GROWTH = (1 + 17**0.5) / 8  # the bound on growth is least with it (Golub and Van Loan, 4.4)


def _ldl_factor(x: Any, hermitian: bool) -> tuple[Any, Any, Any]:
    factors = np.tril(x)
    pivots = np.zeros(x.shape[:-1], "int32")
    info = np.zeros(x.shape[:-2], "int32")
    for place in np.ndindex(info.shape):
        info[place] = _factor_one(factors[place], pivots[place], hermitian)
    return factors, pivots, info


def _factor_one(a: Any, pivots: Any, hermitian: bool) -> int:
    """Factors one matrix in its own memory; the place of the first zero pivot, or 0.

    A negative pivot, twice in a row, says that the two rows are a block of D, and which row the
    second one was exchanged with.
    """
    size, info, k = len(a), 0, 0
    while k < size:
        if hermitian:
            a[k, k] = a[k, k].real
        width, other = _choose_pivot(a, k)
        if width == 0:
            info, width, other = info or k + 1, 1, k
            pivots[k] = k + 1
            k += 1
            continue
        if other != k + width - 1:
            _exchange(a, k, k + width - 1, other, width, hermitian)
        below = a[k + width :, k : k + width].copy()
        block = a[k : k + width, k : k + width].copy()
        if width == 2:
            block[0, 1] = block[1, 0].conj() if hermitian else block[1, 0]
        scaled = np.linalg.solve(block.T, below.T).T
        turned = scaled.conj().T if hermitian else scaled.T
        a[k + width :, k + width :] -= np.tril(below @ turned)
        a[k + width :, k : k + width] = scaled
        pivots[k : k + width] = other + 1 if width == 1 else -(other + 1)
        k += width
    return info


def _choose_pivot(a: Any, k: int) -> tuple[int, int]:
    """How many rows make the next block of D, and which row comes to its last place."""
    diagonal = abs(a[k, k].real) if category_of(a.dtype) != COMPLEX else _size(a[k, k])
    column = _size(a[k + 1 :, k])
    largest = column.max(initial=0)
    if max(diagonal, largest) == 0 or diagonal != diagonal:
        return 0, k
    if diagonal >= _GROWTH * largest:
        return 1, k
    row = k + 1 + int(column.argmax())
    others = np.concatenate([_size(a[row, k:row]), _size(a[row + 1 :, row])])
    in_row = others.max(initial=0)
    if diagonal >= _GROWTH * largest * (largest / in_row):
        return 1, k
    return (1, row) if _size(a[row, row]) >= _GROWTH * in_row else (2, row)


def _size(x: Any) -> Any:
    """LAPACK's measure: for complex numbers the sum of the sizes of their parts."""
    return abs(x.real) + abs(x.imag) if category_of(x.dtype) == COMPLEX else abs(x)


def _exchange(a: Any, k: int, first: int, other: int, width: int, hermitian: bool) -> None:
    """Exchanges two rows and columns of the lower triangle of what is not factored yet."""
    below = a[other + 1 :, [first, other]]
    a[other + 1 :, [other, first]] = below
    between = a[first + 1 : other, first].copy()
    a[first + 1 : other, first] = (
        a[other, first + 1 : other].conj() if hermitian else (a[other, first + 1 : other])
    )
    a[other, first + 1 : other] = between.conj() if hermitian else between
    if hermitian:
        a[other, first] = a[other, first].conj()
    a[first, first], a[other, other] = a[other, other], a[first, first]
    if width == 2:
        a[first, k], a[other, k] = a[other, k], a[first, k]


def _ldl_solve(factors: Any, pivots: Any, b: Any, hermitian: bool) -> Any:
    batch = np.broadcast_shapes(factors.shape[:-2], b.shape[:-2])
    factors = np.broadcast_to(factors, (*batch, *factors.shape[-2:]))
    pivots = np.broadcast_to(pivots, (*batch, pivots.shape[-1]))
    result = np.array(np.broadcast_to(b, (*batch, *b.shape[-2:])), factors.dtype)
    for place in np.ndindex(batch):
        _solve_one(factors[place], pivots[place], result[place], hermitian)
    return result


def _solve_one(a: Any, pivots: Any, x: Any, hermitian: bool) -> None:
    """x as the solution: through L and D downwards, and through the turned L upwards."""
    blocks, k = [], 0
    while k < len(a):
        width = 2 if pivots[k] < 0 else 1
        blocks.append((k, width, abs(int(pivots[k])) - 1))
        k += width
    for k, width, other in blocks:
        _swap_rows(x, k + width - 1, other)
        x[k + width :] -= a[k + width :, k : k + width] @ x[k : k + width]
        block = a[k : k + width, k : k + width].copy()
        if width == 2:
            block[0, 1] = block[1, 0].conj() if hermitian else block[1, 0]
        x[k : k + width] = np.linalg.solve(block, x[k : k + width])
    for k, width, other in reversed(blocks):
        turned = a[k + width :, k : k + width].T
        x[k : k + width] -= (turned.conj() if hermitian else turned) @ x[k + width :]
        _swap_rows(x, k + width - 1, other)


def _swap_rows(x: Any, first: int, other: int) -> None:
    if first != other:
        x[[first, other]] = x[[other, first]]
