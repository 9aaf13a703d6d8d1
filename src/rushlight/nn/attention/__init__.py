"""Which kernels `scaled_dot_product_attention` may use: switches, as there is one here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from ...backends.cuda import sdp_kernel

__all__ = ["SDPBackend", "WARN_FOR_UNFUSED_KERNELS", "sdpa_kernel"]

WARN_FOR_UNFUSED_KERNELS = False


class SDPBackend(Enum):
    """PyTorch's kernels of attention."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4

    def __int__(self) -> int:
        return self.value


@contextmanager
def sdpa_kernel(
    backends: list[SDPBackend] | SDPBackend, set_priority: bool = False
) -> Iterator[dict[str, object]]:
    """Sets the switches of `torch.backends.cuda` for the time of a `with`.

    Unlike PyTorch, it chooses nothing: attention is one kernel, by tiles, whatever they say.
    `set_priority` is accepted. AssertionError for what is no `SDPBackend` or list of them.

    >>> import rushlight as torch
    >>> from rushlight.nn.attention import SDPBackend, sdpa_kernel
    >>> with sdpa_kernel(SDPBackend.MATH):
    ...     torch.backends.cuda.math_sdp_enabled(), torch.backends.cuda.flash_sdp_enabled()
    (True, False)
    """
    if not isinstance(backends, (list, SDPBackend)):
        raise AssertionError(
            "Backend must be an instance of SDPBackend or a list of SDPBackend instances, got "
            f"{type(backends).__name__}"
        )
    chosen = [backends] if isinstance(backends, SDPBackend) else backends
    with sdp_kernel(
        SDPBackend.FLASH_ATTENTION in chosen, SDPBackend.MATH in chosen,
        SDPBackend.EFFICIENT_ATTENTION in chosen, SDPBackend.CUDNN_ATTENTION in chosen,
    ):  # fmt: skip
        yield {}
