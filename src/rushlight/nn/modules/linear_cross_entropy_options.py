"""How `linear_cross_entropy` takes a batch in parts."""

from __future__ import annotations

from dataclasses import dataclass

from ...dtype import bfloat16, float16, float32, float64
from ...dtype import dtype as DType

_POLICIES = ("auto", "accurate", "balanced", "compact")


@dataclass(slots=True, frozen=True)
class LinearCrossEntropyOptions:
    """Asks `linear_cross_entropy` to take the batch in parts, which never has all logits at once.

    Of (N, classes) logits only those of `batch_chunk_size` rows are there at a time; the backward
    computes them again. `chunking_method` "aspect_ratio" takes so many rows that their logits fill
    as much memory as the inputs (N, in_features), "aspect_ratio:n" an n-th of it, "auto" the half;
    None takes `batch_chunk_size` as it is.

    Unlike PyTorch, `acc_policy` and `acc_dtype` choose nothing: sums of halves are always float32,
    and gradients add up at the weight. Backwards can be repeated and differentiated as any others,
    so that `allow_retain_graph` is true in any case.

    >>> import rushlight as torch
    >>> loss = torch.nn.LinearCrossEntropyLoss(
    ...     4, 50000, options=torch.nn.LinearCrossEntropyOptions(batch_chunk_size=2)
    ... )
    >>> loss(torch.zeros(3, 4), torch.tensor([1, 0, 4]))
    tensor(10.8198, grad_fn=<DivBackward0>)
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: DType | None = None

    def __post_init__(self) -> None:
        if self.acc_policy not in _POLICIES:
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}; it is one of {_POLICIES}")
        if self.chunking_method not in (None, "auto"):
            name, colon, divisor = str(self.chunking_method).partition(":")
            if name != "aspect_ratio" or colon and not (divisor.isdigit() and int(divisor) > 0):
                raise ValueError(f"invalid chunking_method: {self.chunking_method!r}")
        size = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size!r}")
        if self.acc_dtype not in (None, float16, bfloat16, float32, float64):
            raise ValueError(
                "acc_dtype must be None, torch.float16, torch.bfloat16, torch.float32 or "
                f"torch.float64, got {self.acc_dtype!r}"
            )

    def rows(self, batch: int, in_features: int, classes: int) -> int:
        """How many rows of a batch are taken at a time."""
        method = self.chunking_method
        if method == "auto":
            method = "aspect_ratio:2" if self.batch_chunk_size is None else None
        given = min(self.batch_chunk_size or batch, batch)
        if method is None:
            return max(given, 1)
        divisor = int(method.partition(":")[2] or 1)
        equal = -(-batch // -(-classes // max(in_features, 1)))
        rows = min((1 << (equal - 1).bit_length()) // divisor, batch) if equal else 0
        if self.batch_chunk_size not in (None, rows):
            raise ValueError(
                f"batch_chunk_size (={self.batch_chunk_size}) and chunking_method ({method!r}) "
                f"give different chunk sizes ({self.batch_chunk_size} vs {rows}); pass only one."
            )
        return max(rows, 1)
