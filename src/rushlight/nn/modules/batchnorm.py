"""Batch normalisation (Ioffe and Szegedy, arXiv 1502.03167)."""

from __future__ import annotations

from typing import Any

from ...dtype import int64
from ...ops.creation import empty
from ...ops.from_data import tensor
from ...tensor import Tensor
from .. import functional as F
from .. import init
from ..module import Module
from ..parameter import Parameter


class _BatchNorm(Module):
    """What batch normalisation is, whatever the dimensions of its input."""

    _version = 2  # 2 added num_batches_tracked

    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats

        def values() -> Tensor:
            return empty(num_features, device=device, dtype=dtype)

        self.register_parameter("weight", Parameter(values()) if affine else None)
        self.register_parameter("bias", Parameter(values()) if affine and bias else None)
        tracks = track_running_stats
        self.register_buffer("running_mean", values() if tracks else None)
        self.register_buffer("running_var", values() if tracks else None)
        self.register_buffer(
            "num_batches_tracked",
            tensor(0, dtype=int64, device=device) if tracks else None,
        )
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forgets the batches seen so far.

        >>> import rushlight as torch
        >>> layer = torch.nn.BatchNorm1d(2)
        >>> result = layer(torch.randn(4, 2))
        >>> layer.reset_running_stats()
        >>> layer.running_mean
        tensor([0., 0.])
        """
        if self.running_mean is not None and self.running_var is not None:
            init.zeros_(self.running_mean)
            init.ones_(self.running_var)
        if self.num_batches_tracked is not None:
            init.zeros_(self.num_batches_tracked)

    def reset_parameters(self) -> None:
        """Scale 1, shift 0, no batches seen.

        >>> import rushlight as torch
        >>> layer = torch.nn.BatchNorm1d(2)
        >>> layer.weight.data[:] = 5
        >>> layer.reset_parameters()
        >>> layer.weight.data
        tensor([1., 1.])
        """
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        raise NotImplementedError

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        momentum = 0.0 if self.momentum is None else self.momentum
        tracking = self.training and self.track_running_stats
        if tracking and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:  # the plain mean over all batches
                momentum = 1.0 / float(self.num_batches_tracked)
        # Without running statistics the batch's own are used in evaluation too.
        by_batch = self.training or (self.running_mean is None and self.running_var is None)
        uses_running = not self.training or self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if uses_running else None,
            self.running_var if uses_running else None,
            self.weight,
            self.bias,
            by_batch,
            momentum,
            self.eps,
        )

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *problems: Any
    ) -> None:
        key = prefix + "num_batches_tracked"
        if (local_metadata.get("version") or 1) < 2 and self.track_running_stats:
            if key not in state_dict:
                known = self.num_batches_tracked
                state_dict[key] = tensor(0) if known is None else known
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *problems)


class BatchNorm1d(_BatchNorm):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, per channel C of (N, C) or (N, C, L).

    See `BatchNorm2d`.

    >>> import rushlight as torch
    >>> torch.nn.BatchNorm1d(2)(torch.tensor([[1.0, 0.0], [3.0, 4.0]]))
    tensor([[-1.0000, -1.0000],
            [ 1.0000,  1.0000]], grad_fn=<NativeBatchNormBackward0>)
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim not in (2, 3):
            raise ValueError(f"expected 2D or 3D input (got {input.ndim}D input)")


class BatchNorm2d(_BatchNorm):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, per channel C of (N, C, H, W).

    In training mean and variance are the batch's, and running_mean and running_var move towards
    them by `momentum` (None: they are the plain mean over all batches); in evaluation the running
    ones are used.

    >>> import rushlight as torch
    >>> layer = torch.nn.BatchNorm2d(3)
    >>> layer(torch.ones(4, 3, 2, 2)).shape, layer.running_mean
    (torch.Size([4, 3, 2, 2]), tensor([0.1000, 0.1000, 0.1000]))
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim != 4:
            raise ValueError(f"expected 4D input (got {input.ndim}D input)")


class BatchNorm3d(_BatchNorm):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, per channel C of (N, C, D, H, W).

    See `BatchNorm2d`.

    >>> import rushlight as torch
    >>> layer = torch.nn.BatchNorm3d(4)
    >>> layer(torch.randn(2, 4, 3, 3, 3)).shape
    torch.Size([2, 4, 3, 3, 3])
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim != 5:
            raise ValueError(f"expected 5D input (got {input.ndim}D input)")
