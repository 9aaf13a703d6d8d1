"""Decompositions of matrices that the array library has: LAPACK's, on stacks of matrices.

They run on the host, wherever the matrices lie, unless a device's table has them by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import LinAlgError
from ..declaration import kernel
from .library import Library

# The numerator of the Pade approximant of degree 13 of the exponential, and the 1-norm up to which
# it is exact to double precision (Higham 2005).
_PADE = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
    129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0,
    960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
_PADE_REACH = 5.371920351148152

# The condition number of matrices whose inverses in float64 are exact to some ten digits.
_MOST_CONDITION = 1e6


class Linalg(Library):
    lu_factor: Any

    def on_host(self, function: Callable[..., Any], *values: Any) -> Any:
        """The results of a function of NumPy's, as arrays of the table's own library."""
        here = [self.to_numpy(v) if hasattr(v, "dtype") else v for v in values]
        found = function(*here)
        if isinstance(found, tuple):
            return tuple([self.from_numpy(np.asarray(part)) for part in found])
        return self.from_numpy(np.asarray(found))

    def _converging(self, name: str, function: Callable[..., Any], *values: Any) -> Any:
        """The same for an iteration, whose failure is the matrix's fault."""
        try:
            return self.on_host(function, *values)
        except np.linalg.LinAlgError as error:
            raise LinAlgError(
                f"{name}: The algorithm failed to converge because the input matrix contained "
                "non-finite values, or is ill-conditioned; look for nan and infinity in it"
            ) from error

    @kernel("check")
    def check_factorization(self, info: Any, name: str, problem: str) -> None:
        """Raises for the first matrix whose code is not zero, which `problem` says as `{code}`."""
        codes = self.to_numpy(info)
        if not codes.any():
            return
        number = int((codes.reshape(-1) != 0).argmax())
        place = f"(Batch element {number}): " if codes.ndim else ""
        raise LinAlgError(f"{name}: {place}{problem.format(code=codes.reshape(-1)[number])}")

    @kernel("fused")
    def qr(self, x: Any, mode: str) -> Any:
        """Q with orthonormal columns and the upper triangular R of x = QR; in mode "r" R alone.

        On the host, wherever x lies: a matrix is decomposed when weights are made, once, and so the
        same matrix gives the same weights on every device.
        """
        return self.on_host(_qr, x, mode)

    @kernel("fused")
    def geqrf(self, x: Any) -> tuple[Any, Any]:
        """R with the Householder vectors below its diagonal, and their factors."""
        return self.on_host(_geqrf, x)

    @kernel("fused")
    def cholesky(self, x: Any) -> tuple[Any, Any]:
        """L of x = L L^H, from the lower triangle, and the order of the first bad minor, or 0."""
        return self.on_host(_cholesky, x)

    @kernel("fused")
    def svd(self, x: Any, full: bool) -> tuple[Any, Any, Any]:
        return self._converging("linalg.svd", lambda x: tuple(np.linalg.svd(x, full)), x)

    @kernel("fused")
    def svdvals(self, x: Any) -> Any:
        return self._converging("linalg.svd", lambda x: np.linalg.svd(x, compute_uv=False), x)

    @kernel("fused")
    def eigh(self, x: Any, triangle: str) -> tuple[Any, Any]:
        return self._converging("linalg.eigh", _where_finite, _eigh, x, triangle)

    @kernel("fused")
    def eigvalsh(self, x: Any, triangle: str) -> Any:
        return self._converging("linalg.eigh", _where_finite, np.linalg.eigvalsh, x, triangle)

    @kernel("fused")
    def eig(self, x: Any) -> tuple[Any, Any]:
        """Complex eigenvalues and eigenvectors, also where all of them are real."""
        return self._converging("linalg.eig", _eig, x)

    @kernel("fused")
    def eigvals(self, x: Any) -> Any:
        return self._converging(
            "linalg.eig", lambda x: np.linalg.eigvals(x).astype(_complex_of(x)), x
        )

    @kernel("fused")
    def solve(self, a: Any, b: Any) -> tuple[Any, Any]:
        """X of a X = b, nan where a is singular, and the place of the first zero pivot, or 0."""
        return self.on_host(self._where_regular, np.linalg.solve, a, b)

    @kernel("fused")
    def inv(self, x: Any) -> tuple[Any, Any]:
        return self.on_host(self._where_regular, np.linalg.inv, x)

    def _where_regular(self, function: Any, a: Any, *b: Any) -> tuple[Any, Any]:
        info = np.zeros(a.shape[:-2], "int32")
        try:
            return function(a, *b), info
        except np.linalg.LinAlgError:
            info[...] = self.to_numpy(self.lu_factor(self.from_numpy(a), True)[2])
            is_singular = (info != 0)[..., None, None]
            regular = np.where(is_singular, np.eye(a.shape[-1], dtype=a.dtype), a)
            return np.where(is_singular, a.dtype.type(np.nan), function(regular, *b)), info

    @kernel("fused")
    def slogdet(self, x: Any) -> tuple[Any, Any]:
        """The sign of the determinant and the logarithm of its size."""
        return self.on_host(lambda x: tuple(np.linalg.slogdet(x)), x)

    @kernel("fused")
    def det(self, x: Any) -> Any:
        return self.on_host(np.linalg.det, x)

    @kernel("product", multiply_adds=lambda result, *_: 2 * math.prod(result.shape))
    def cross(self, a: Any, b: Any, axis: int) -> Any:
        result = self.xp.empty(a.shape, a.dtype)
        lead = (slice(None),) * axis
        x, y = ([v[(*lead, i)] for i in range(3)] for v in (a, b))
        for i in range(3):
            j, k = (i + 1) % 3, (i + 2) % 3
            result[(*lead, i)] = x[j] * y[k] - x[k] * y[j]
        return result

    @kernel("fused")
    def cofactors(self, x: Any) -> Any:
        """The derivatives of the determinant by each element; singular matrices have them, too."""
        return self._converging("linalg.det", _cofactors, x)

    @kernel("fused")
    def pinv(self, x: Any, atol: Any, rtol: Any, hermitian: bool) -> Any:
        """The pseudoinverse; values up to `atol` or `rtol` times the largest count as 0."""
        return self._converging("linalg.pinv", _pinv, x, atol, rtol, hermitian)

    @kernel("fused")
    def lstsq(self, a: Any, b: Any, limit: float) -> tuple[Any, Any, Any]:
        """The shortest X with the least |a X - b|, the rank of a, its singular values."""
        return self._converging("linalg.lstsq", _lstsq, a, b, limit)

    @kernel("fused")
    def matrix_exp(self, x: Any) -> Any:
        return self.on_host(_exponential, x)


def _qr(x: Any, mode: Any) -> Any:
    found = np.linalg.qr(x, mode)
    return found if mode == "r" else tuple(found)


def _geqrf(x: Any) -> tuple[Any, Any]:
    transposed, factors = np.linalg.qr(x, "raw")
    return np.swapaxes(transposed, -2, -1), factors


def _cholesky(x: Any) -> tuple[Any, Any]:
    info = np.zeros(x.shape[:-2], "int32")
    try:
        factors = np.linalg.cholesky(x)
        if not np.isnan(factors).any():
            return factors, info
    except np.linalg.LinAlgError:
        factors = np.zeros_like(x, order="C")
    for place in np.ndindex(info.shape):
        factors[place], info[place] = _one_cholesky(x[place])
    return factors, info


def _one_cholesky(x: Any) -> tuple[Any, int]:
    """The factor of one matrix, or of its largest leading part that has one."""
    factor = np.tril(x)
    for i in range(len(x)):
        row = factor[i, :i]
        rest = factor[i, i].real - (row * row.conj()).real.sum()
        if not rest > 0:
            return factor, i + 1
        factor[i, i] = np.sqrt(rest)
        below = factor[i + 1 :]
        below[:, i] = (below[:, i] - below[:, :i] @ row.conj()) / factor[i, i]
    return factor, 0


def _eigh(x: Any, triangle: Any) -> tuple[Any, ...]:
    return tuple(np.linalg.eigh(x, triangle))


def _where_finite(function: Any, x: Any, triangle: str) -> Any:
    """A function of Hermitian matrices, nan for those that are not finite."""
    finite = np.isfinite(x).all((-2, -1))
    if finite.all():
        return function(x, triangle)
    identity = np.eye(x.shape[-1], dtype=x.dtype)
    found = function(np.where(finite[..., None, None], x, identity), triangle)
    for part in found if isinstance(found, tuple) else (found,):
        part[~finite] = np.nan
    return found


def _complex_of(x: Any) -> Any:
    return np.result_type(x.dtype, np.complex64)


def _eig(x: Any) -> tuple[Any, Any]:
    values, vectors = np.linalg.eig(x)
    return values.astype(_complex_of(x)), vectors.astype(_complex_of(x))


def _cofactors(x: Any) -> Any:
    """det(A) A^-T in float64 where all matrices are far from singular: that is 5 times as fast."""
    wide = x.astype(np.result_type(x.dtype, "float64"), copy=False)
    try:
        inverse = np.linalg.inv(wide)
    except np.linalg.LinAlgError:
        return _cofactors_of_singular(x)
    condition = np.linalg.norm(wide, axis=(-2, -1)) * np.linalg.norm(inverse, axis=(-2, -1))
    with np.errstate(all="ignore"):
        found = np.linalg.det(wide)[..., None, None] * np.swapaxes(inverse, -2, -1)
    if x.size and not (condition.max() < _MOST_CONDITION and np.isfinite(found).all()):
        return _cofactors_of_singular(x)
    return found.astype(x.dtype, copy=False)


def _cofactors_of_singular(x: Any) -> Any:
    """By the singular values: each is left away from the product once."""
    u, s, v = np.linalg.svd(x)
    phase = np.linalg.det(u) * np.linalg.det(v)
    size = s.shape[-1]
    others = np.where(np.eye(size, dtype=bool), 1, s[..., None, :]).prod(-1)
    scaled = u.conj() * (phase[..., None] * others)[..., None, :]
    return np.matmul(scaled, v.conj()).astype(x.dtype, copy=False)


def _pinv(x: Any, atol: Any, rtol: Any, hermitian: bool) -> Any:
    if hermitian:
        s, u = np.linalg.eigh(x)
        vh = _turned(u)
    else:
        u, s, vh = np.linalg.svd(x, full_matrices=False)
    return np.matmul(_turned(vh) * _inverted(s, atol, rtol)[..., None, :], _turned(u))


def _turned(x: Any) -> Any:
    return np.swapaxes(x, -2, -1).conj()


def _inverted(s: Any, atol: Any, rtol: Any) -> Any:
    """The inverses of singular values, 0 for those within the limits."""
    size = np.abs(s)
    limit = np.maximum(np.asarray(atol), rtol * size.max(-1, initial=0))
    counts = size > limit[..., None]
    return np.where(counts, 1 / np.where(counts, s, 1), 0).astype(s.dtype)


def _lstsq(a: Any, b: Any, limit: float) -> tuple[Any, Any, Any]:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    inverted = _inverted(s, 0.0, limit)
    x = np.matmul(_turned(vh), inverted[..., None] * np.matmul(_turned(u), b))
    return x, (inverted != 0).sum(-1), s


def _exponential(x: Any) -> Any:
    """Scaled until the Pade approximant reaches, and squared as often; in double precision."""
    wide = x.astype(np.result_type(x.dtype, np.float64))
    size = x.shape[-1]
    if x.size == 0:
        return wide.astype(x.dtype)
    norm = np.abs(wide).sum(-2).max(-1)
    halvings = np.ceil(np.log2(np.maximum(np.nan_to_num(norm, posinf=1.0), 1e-300) / _PADE_REACH))
    halvings = np.maximum(halvings, 0)[..., None, None]
    a = wide / 2.0**halvings
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    identity = np.eye(size)
    c = _PADE
    odd = a @ (
        a6 @ (c[13] * a6 + c[11] * a4 + c[9] * a2)
        + c[7] * a6 + c[5] * a4 + c[3] * a2 + c[1] * identity
    )  # fmt: skip
    even = (
        a6 @ (c[12] * a6 + c[10] * a4 + c[8] * a2)
        + c[6] * a6 + c[4] * a4 + c[2] * a2 + c[0] * identity
    )  # fmt: skip
    result = np.linalg.solve(even - odd, even + odd)
    for step in range(int(halvings.max())):
        result = np.where(halvings > step, result @ result, result)
    return result.astype(x.dtype)
