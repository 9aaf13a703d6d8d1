"""Ready-made parametrizations: orthogonal matrices, weight and spectral normalisation."""

from __future__ import annotations

from typing import Any, TypeVar

from ...grad_mode import no_grad
from ...ops.creation import eye, zeros_like
from ...ops.distance import normalize
from ...ops.joining import cat
from ...ops.linalg_decompositions import geqrf
from ...ops.linalg_factor import householder_product
from ...ops.linalg_products import matrix_exp
from ...ops.linalg_solve import solve
from ...ops.namesakes import norm_except_dim
from ...ops.random import randn
from ...tensor import Tensor
from ...type_info import finfo
from ..module import Module
from .parametrize import register_parametrization
from .spectral_norm import as_matrix, default_dim, first_vectors
from .weight_norm import scaled_direction

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

AnyModule = TypeVar("AnyModule", bound=Module)

_MAPS = ("matrix_exp", "cayley", "householder")


class _Orthogonal(Module):
    """A matrix with orthonormal columns (or rows, if there are fewer), or a batch of them."""

    base: Tensor | None

    def __init__(
        self, weight: Tensor, orthogonal_map: str, *, use_trivialization: bool = True
    ) -> None:
        super().__init__()
        # LAPACK's reflections of complex matrices have factors that do not follow from them.
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        self.use_trivialization = use_trivialization
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        wide = X.size(-2) < X.size(-1)
        if wide:
            X = X.mT
        if self.orthogonal_map == "householder":
            Q = _reflections(X)
        else:
            Q = _of_skew_matrix(X, self.orthogonal_map)
        if self.use_trivialization:
            Q = self.base @ Q  # type: ignore[operator]
        return Q.mT if wide else Q

    @no_grad()
    def right_inverse(self, Q: Tensor) -> Tensor:
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. "
                f"Got a tensor of shape {Q.shape}."
            )
        wide = Q.size(-2) < Q.size(-1)
        tall = Q.mT if wide else Q
        if self.use_trivialization:
            self.base = _completed(tall)
            # What the maps make the identity of: minus one is what `_reflections` takes.
            start = zeros_like(Q)
            start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
            return start
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley "
                "parametrizations when use_trivialization=False."
            )
        A, tau = geqrf(tall)
        diagonal = A.diagonal(dim1=-2, dim2=-1)
        diagonal.sign_()
        diagonal[tau == 0.0] *= -1  # where LAPACK uses no reflection
        return A.mT if wide else A


def _of_skew_matrix(X: Tensor, orthogonal_map: str) -> Tensor:
    """The first columns of exp(A), or of (I + A/2) / (I - A/2), of the skew A that X has below."""
    n, k = X.size(-2), X.size(-1)
    lower = X.tril()
    if n != k:
        lower = cat([lower, lower.new_zeros(*lower.shape[:-1], n - k)], -1)
    A = lower - lower.mH
    if orthogonal_map == "matrix_exp":
        Q = matrix_exp(A)
    else:
        identity = eye(n, dtype=A.dtype, device=A.device)
        Q = solve(identity - 0.5 * A, identity + 0.5 * A)
    return Q if n == k else Q[..., :k]


def _reflections(X: Tensor) -> Tensor:
    """The product of Householder's reflections by X's columns below the diagonal, whose sign each
    column has on it."""
    A = X.tril(-1)
    tau = 2.0 / (1.0 + (A * A).sum(-2))
    Q = householder_product(A, tau)
    return Q * X.detach().diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)


def _completed(Q: Tensor) -> Tensor:
    """A square orthogonal matrix that begins with Q's columns, made orthonormal."""
    n, k = Q.size(-2), Q.size(-1)
    if n != k:
        others = randn(*Q.shape[:-1], n - k, dtype=Q.dtype, device=Q.device)
        return _made_orthogonal(cat([Q, others], -1))
    identity = eye(n, dtype=Q.dtype, device=Q.device)
    if (Q.mH @ Q).allclose(identity, atol=10.0 * n * finfo(Q.dtype).eps):
        return Q.clone()
    return _made_orthogonal(Q)


def _made_orthogonal(A: Tensor) -> Tensor:
    X, tau = geqrf(A)
    return householder_product(X, tau) * X.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


def orthogonal(
    module: AnyModule, name: str = "weight", orthogonal_map: str | None = None, *,
    use_trivialization: bool = True,
) -> AnyModule:  # fmt: skip
    """Keeps a matrix of a module orthogonal: `register_parametrization` of such a one.

    A matrix that is not square has orthonormal columns or rows, whichever are fewer, and of a
    tensor of more dimensions each matrix in the last two. `orthogonal_map` says how it is computed
    from an unconstrained one: "matrix_exp" (by default for square and complex ones), "cayley", or
    "householder". With `use_trivialization` it is that times a fixed orthogonal matrix, the one
    that was assigned last, which is how the first two can be assigned at all.

    >>> import rushlight as torch
    >>> layer = torch.nn.utils.parametrizations.orthogonal(torch.nn.Linear(3, 2))
    >>> torch.allclose(layer.weight @ layer.weight.T, torch.eye(2), atol=1e-6)
    True
    """
    weight = _tensor_of(module, name)
    if weight.ndim < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions."
        )
    if orthogonal_map is None:
        square = weight.size(-2) == weight.size(-1)
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in _MAPS:
        raise ValueError(
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". '
            f"Got: {orthogonal_map}"
        )
    made = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)


class _WeightNorm(Module):
    """A tensor as its norms along one dimension times its directions."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return scaled_direction(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except_dim(weight, 2, self.dim), weight


class _OldNames:
    """Gives what `nn.utils.weight_norm` has saved the names that the parametrization has."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, state_dict: dict[str, Any], prefix: str, *_: Any) -> None:
        old = [f"{prefix}{self.name}_{part}" for part in "gv"]
        if all(key in state_dict for key in old):
            for number, key in enumerate(old):
                new = f"{prefix}parametrizations.{self.name}.original{number}"
                state_dict[new] = state_dict.pop(key)


def weight_norm(module: AnyModule, name: str = "weight", dim: int | None = 0) -> AnyModule:
    """Makes a parameter g * v / |v|, with g and v to be trained (Salimans, Kingma 2016).

    The norm is taken over all dimensions but `dim`, over all of them where that is None or -1. g is
    `parametrizations.<name>.original0`, and v `original1`.

    >>> import rushlight as torch
    >>> layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(20, 40))
    >>> layer.parametrizations.weight.original0.shape, layer.weight.shape
    (torch.Size([40, 1]), torch.Size([40, 20]))
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    module._register_load_state_dict_pre_hook(_OldNames(name))
    return module


class _SpectralNorm(Module):
    """A tensor divided by the largest singular value of the matrix that it is along one dimension.

    That is followed by power iterations, some at each use in training.
    """

    _u: Tensor
    _v: Tensor

    def __init__(
        self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        ndim = weight.ndim
        if not -ndim <= dim < ndim:
            raise IndexError(
                "Dimension out of range (expected to be in range of "
                f"[-{ndim}, {ndim - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but "
                f"got n_power_iterations={n_power_iterations}"
            )
        self.dim = dim % ndim
        self.eps = eps
        self.n_power_iterations = n_power_iterations
        if ndim > 1:  # a vector's is its norm
            with no_grad():
                matrix = as_matrix(weight, self.dim)
                u, v = first_vectors(matrix, eps)
                self.register_buffer("_u", u)
                self.register_buffer("_v", v)
                self._iterate(matrix, 15)

    def _iterate(self, matrix: Tensor, times: int) -> None:
        with no_grad():
            for _ in range(times):
                self._u.copy_(normalize(matrix.mv(self._v), dim=0, eps=self.eps))
                self._v.copy_(normalize(matrix.mH.mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._iterate(matrix, self.n_power_iterations)
        # Copies, as the next call changes the vectors, and the backward of this one needs them.
        u, v = self._u.clone(), self._v.clone()
        return weight / u.vdot(matrix.mv(v))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(
    module: AnyModule, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
    dim: int | None = None,
) -> AnyModule:  # fmt: skip
    """Divides a parameter by its largest singular value (Miyato et al., arXiv 1802.05957).

    The parameter counts as a matrix whose rows are along `dim`: 0, or 1 for transposed
    convolutions. `n_power_iterations` steps at each use in training follow the singular value.

    >>> import rushlight as torch
    >>> layer = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(20, 40))
    >>> bool((torch.linalg.matrix_norm(layer.weight, 2) - 1).abs() < 0.1)
    True
    """
    weight = _tensor_of(module, name)
    dim = default_dim(module) if dim is None else dim
    made = _SpectralNorm(weight, n_power_iterations, dim, eps)
    return register_parametrization(module, name, made)


def _tensor_of(module: Module, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight
