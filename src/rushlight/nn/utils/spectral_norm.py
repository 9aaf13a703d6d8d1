"""Spectral normalisation (Miyato et al., arXiv 1802.05957), as a hook before the forward."""

from __future__ import annotations

from typing import Any, TypeVar

from ...grad_mode import no_grad
from ...ops.distance import normalize
from ...ops.linalg_products import multi_dot
from ...tensor import Tensor
from ..module import Module
from ..modules.convolution import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from ..parameter import Parameter

AnyModule = TypeVar("AnyModule", bound=Module)


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """A weight as a matrix, with the dimension `dim` along its rows."""
    if dim != 0:
        weight = weight.permute(dim, *[d for d in range(weight.ndim) if d != dim])
    return weight.reshape(weight.size(0), -1)


def default_dim(module: Module) -> int:
    """The dimension of the outputs in a layer's weight."""
    return int(isinstance(module, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)))


def first_vectors(matrix: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Random ones to start the power iteration of a matrix from, left and right."""
    u, v = (matrix.new_empty(size).normal_(0, 1) for size in matrix.shape)
    return normalize(u, dim=0, eps=eps), normalize(v, dim=0, eps=eps)


class SpectralNorm:
    """The hook that makes `<name>` of `<name>_orig` before each forward.

    `<name>_u` and `<name>_v` approach the first singular vectors.
    """

    _version = 1  # 1 added `<name>_v`

    def __init__(
        self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but "
                f"got n_power_iterations={n_power_iterations}"
            )
        self.name = name
        self.dim = dim
        self.n_power_iterations = n_power_iterations
        self.eps = eps

    def reshape_weight_to_matrix(self, weight: Tensor) -> Tensor:
        return as_matrix(weight, self.dim)

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Tensor:
        weight, u, v = (getattr(module, f"{self.name}_{part}") for part in ("orig", "u", "v"))
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(normalize(matrix.t().mv(u), dim=0, eps=self.eps))
                    u.copy_(normalize(matrix.mv(v), dim=0, eps=self.eps))
                # Copies, as the next call changes the vectors, and the backward needs these.
                u, v = u.clone(), v.clone()
        return weight / u.dot(matrix.mv(v))

    @staticmethod
    def apply(
        module: Module, name: str, n_power_iterations: int, dim: int, eps: float
    ) -> SpectralNorm:
        if _hook_of(module._forward_pre_hooks, SpectralNorm, name) is not None:
            raise RuntimeError(
                f"Cannot register two spectral_norm hooks on the same parameter {name}"
            )
        hook = SpectralNorm(name, n_power_iterations, dim, eps)
        weight = module._parameters[name]
        if weight is None:
            raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
        with no_grad():
            u, v = first_vectors(as_matrix(weight, dim), eps)
        delattr(module, name)
        module.register_parameter(f"{name}_orig", weight)
        setattr(module, name, weight.data)  # what initialises weights expects one
        module.register_buffer(f"{name}_u", u)
        module.register_buffer(f"{name}_v", v)
        module.register_forward_pre_hook(hook)
        module._register_state_dict_hook(SpectralNormStateDictHook(hook))
        module._register_load_state_dict_pre_hook(SpectralNormLoadStateDictPreHook(hook))
        return hook

    def remove(self, module: Module) -> None:
        with no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        for part in ("", "_u", "_v", "_orig"):
            delattr(module, self.name + part)
        module.register_parameter(self.name, Parameter(weight.detach()))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))

    def solve_v(self, matrix: Tensor, u: Tensor, sigma: Tensor) -> Tensor:
        """The v with u = matrix v / |matrix v| and u matrix v = sigma, for states without one."""
        inverse = matrix.t().mm(matrix).pinverse()
        v = multi_dot([inverse, matrix.t(), u.unsqueeze(1)]).squeeze(1)
        return v * (sigma / u.dot(matrix.mv(v)))


class SpectralNormLoadStateDictPreHook:
    """Lets states of the version before `<name>_v` be loaded."""

    def __init__(self, fn: SpectralNorm) -> None:
        self.fn = fn

    def __call__(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any],
        strict: bool, missing_keys: list[str], *_: Any,
    ) -> None:  # fmt: skip
        name = self.fn.name
        version = local_metadata.get("spectral_norm", {}).get(f"{name}.version")
        key = prefix + name
        whole = all(f"{key}_{part}" in state_dict for part in ("orig", "u", "v"))
        if version is not None and version >= 1 or whole and key not in state_dict:
            return
        missing = [key + part for part in ("_orig", "", "_u") if key + part not in state_dict]
        if missing:
            missing_keys += missing if strict else []
            return
        with no_grad():
            original = state_dict[f"{key}_orig"]
            sigma = (original / state_dict.pop(key)).mean()
            matrix = as_matrix(original, self.fn.dim)
            state_dict[f"{key}_v"] = self.fn.solve_v(matrix, state_dict[f"{key}_u"], sigma)


class SpectralNormStateDictHook:
    """Notes the version in what is saved."""

    def __init__(self, fn: SpectralNorm) -> None:
        self.fn = fn

    def __call__(self, module: Any, state_dict: Any, prefix: str, local_metadata: Any) -> None:
        versions = local_metadata.setdefault("spectral_norm", {})
        versions[f"{self.fn.name}.version"] = self.fn._version


def _hook_of(hooks: Any, kind: type, name: str) -> int | None:
    """The number of a parameter's hook of one kind, if it has one."""
    for number, kept in hooks.items():
        hook: Any = getattr(kept, "hook", kept)  # without what stands around hooks of old
        owner: Any = getattr(hook, "fn", hook)
        if isinstance(hook, kind) and owner.name == name:
            return number
    return None


def spectral_norm(
    module: AnyModule, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
    dim: int | None = None,
) -> AnyModule:  # fmt: skip
    """Divides a parameter by its largest singular value before each forward.

    The parameter, `<name>_orig` from then on, counts as a matrix whose rows are along `dim`: 0, or
    1 for transposed convolutions. `n_power_iterations` steps of the power iteration in each forward
    of training follow the singular value. `nn.utils.parametrizations.spectral_norm` is the newer
    one.

    >>> import rushlight as torch
    >>> layer = torch.nn.utils.spectral_norm(torch.nn.Linear(20, 40))
    >>> [name for name, _ in layer.named_buffers()]
    ['weight_u', 'weight_v']
    """
    dim = default_dim(module) if dim is None else dim
    SpectralNorm.apply(module, name, n_power_iterations, dim, eps)
    return module


def remove_spectral_norm(module: AnyModule, name: str = "weight") -> AnyModule:
    """Makes what `spectral_norm` computes an ordinary parameter again.

    >>> import rushlight as torch
    >>> layer = torch.nn.utils.spectral_norm(torch.nn.Linear(20, 40))
    >>> list(torch.nn.utils.remove_spectral_norm(layer).state_dict())
    ['bias', 'weight']
    """
    number = _hook_of(module._forward_pre_hooks, SpectralNorm, name)
    if number is None:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    hook: Any = module._forward_pre_hooks.pop(number)
    hook.remove(module)
    for hooks, kind in (
        (module._state_dict_hooks, SpectralNormStateDictHook),
        (module._load_state_dict_pre_hooks, SpectralNormLoadStateDictPreHook),
    ):
        number = _hook_of(hooks, kind, name)
        if number is not None:
            del hooks[number]
    return module
