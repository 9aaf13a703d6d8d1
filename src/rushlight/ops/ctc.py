"""The loss of connectionist temporal classification."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import Operation
from ..categories import FLOATS, refused
from ..dtype import INTEGER, float32, float64, int64
from ..errors import InvalidValueError, NotSupportedError, OperationError
from ..tensor import Tensor, wrap
from .declare import operation


class CTCLoss(Operation):
    """Minus the logarithm of the probability of all alignments; alpha is kept for the backward."""

    node_name = "CtcLossBackward0"
    kernel = "ctc_loss"
    keeps = 2
    most: int
    blank: int
    by_length: bool
    zero_infinity: bool

    @staticmethod
    def forward(kernels: Any, *inputs: Any) -> Any:
        return kernels.ctc_loss(*inputs[:-1])

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(*inputs[:4], *output[1:])

    def backward(self, grad: Tensor) -> Any:
        *inputs, losses, alpha = self.saved_tensors
        return CTCLossGradient.apply(grad, *inputs, wrap(losses), wrap(alpha), *self.given())


class CTCLossGradient(Operation):
    """The gradient of the logarithms of probabilities."""

    kernel = "ctc_loss_backward"
    operation_name = "ctc_loss"

    def backward(self, grad: Tensor) -> Any:
        raise NotSupportedError("derivative for aten::_ctc_loss_backward is not implemented")


@operation("nn.functional", autocast="float32")
def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0,
    reduction: str = "mean", zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """Minus the logarithm of the probability of `targets`, over all ways to align them in time.

    `log_probs` (T, N, C) or (T, C) are logarithms of probabilities, as of `log_softmax`; the
    gradient is right for these alone, as in PyTorch. `targets` (N, S) are padded, or lie one behind
    the other in one row. The lengths (N) say how much of each counts. `reduction` "mean" divides
    each loss by its target's length first. With `zero_infinity` targets that are too long for
    their input cost nothing (Graves et al. 2006).

    >>> import rushlight as torch
    >>> log_probs = torch.zeros(2, 1, 2).log_softmax(-1)
    >>> torch.nn.functional.ctc_loss(log_probs, torch.tensor([[1]]), (2,), (1,))
    tensor(0.2877)
    """
    if reduction not in ("none", "mean", "sum"):
        raise InvalidValueError(f"{reduction} is not a valid value for reduction")
    if log_probs.dtype not in (float32, float64):
        raise refused("ctc_loss", log_probs.dtype, FLOATS)
    is_batched = log_probs.array.ndim == 3
    if not is_batched:
        if log_probs.array.ndim != 2:
            raise OperationError(
                "ctc_loss: log_probs must be (T, N, C) or (T, C), got shape "
                f"{tuple(log_probs.array.shape)}"
            )
        log_probs = log_probs.unsqueeze(1)
    batch, classes = log_probs.array.shape[1:]
    if not 0 <= blank < classes:
        raise OperationError(f"ctc_loss: blank must be in label range [0, {classes}), got {blank}")
    targets = targets.detach().to(device=log_probs.device, dtype=int64)
    if (
        targets.array.ndim not in (1, 2)
        or targets.array.ndim == 2
        and (targets.array.shape[0] != batch)
    ):
        raise OperationError(
            f"ctc_loss: targets must be ({batch}, S), or all in one row, got shape "
            f"{tuple(targets.array.shape)}"
        )
    inputs = _lengths("input_lengths", input_lengths, batch, log_probs)
    lengths = _lengths("target_lengths", target_lengths, batch, log_probs)
    most = targets.array.shape[1] if targets.array.ndim == 2 else _longest(target_lengths)
    parameters = (most, blank, reduction == "mean", bool(zero_infinity))
    losses = CTCLoss.apply(log_probs, targets, inputs, lengths, *parameters)
    if zero_infinity:
        losses = losses.masked_fill(losses.detach() == float("inf"), 0)
    if reduction == "none":
        return losses if is_batched else losses.squeeze(0)
    return losses.sum() if reduction == "sum" else losses.mean()


def _longest(lengths: Any) -> int:
    """The longest target, of those that lie in one row: it decides the size of the work."""
    if isinstance(lengths, Tensor):
        return max(int(lengths.max()), 0) if lengths.array.size else 0
    given = [lengths] if isinstance(lengths, int) else lengths
    return max([0, *given])


def _lengths(name: str, lengths: Any, batch: int, like: Tensor) -> Any:
    """A tensor of lengths as it is needed, or a tuple of what are no tensor's."""
    if not isinstance(lengths, Tensor):
        lengths = (int(lengths),) if isinstance(lengths, int) else tuple(map(int, lengths))
        if len(lengths) != batch:
            raise OperationError(
                f"ctc_loss: {name} must be of size batch_size {batch}, got {len(lengths)}"
            )
        return lengths
    if lengths.dtype.category != INTEGER:
        raise OperationError(f"ctc_loss: {name} must be integral, got {lengths.dtype}")
    if lengths.array.size != batch:
        raise OperationError(
            f"ctc_loss: {name} must be of size batch_size {batch}, got {lengths.array.size}"
        )
    return lengths.reshape(batch).to(device=like.device, dtype=int64)
