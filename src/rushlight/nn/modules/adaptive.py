"""A softmax over very many classes, of which few are frequent (Grave et al., arXiv 1609.04309)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from ...errors import OperationError
from ...ops.joining import cat
from ...tensor import Tensor
from .. import functional as F
from ..module import Module
from .container import ModuleList, Sequential
from .linear import Linear


class _ASMoutput(NamedTuple):
    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-probabilities of classes that are sorted by frequency, and their loss.

    The classes before `cutoffs[0]` and one place for each further cluster, up to the next cutoff,
    are decided by `head`; a cluster's classes by a layer of `tail` of its own, whose inner size is
    `in_features / div_value`, the next one's / `div_value`^2, and so on. Called with x
    (N, in_features) or (in_features) and target classes (N) or (), it returns `output`, the
    log-probabilities (N) or () of the targets, and `loss`, the mean of their negatives.

    >>> import rushlight as torch
    >>> layer = torch.nn.AdaptiveLogSoftmaxWithLoss(8, 100, cutoffs=[10, 50])
    >>> x, target = torch.randn(4, 8), torch.tensor([3, 70, 20, 0])
    >>> layer(x, target).output.shape, layer.log_prob(x).shape
    (torch.Size([4]), torch.Size([4, 100]))
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if (
            sorted(set(cutoffs)) != cutoffs
            or not (0 < cutoffs[0] and cutoffs[-1] < n_classes)
            or any(int(cutoff) != cutoff for cutoff in cutoffs)
        ):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing "
                f"order, where each value is between 1 and n_classes-1 ({n_classes - 1}), got "
                f"{cutoffs}"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = cutoffs[0]
        self.n_clusters = len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        made: dict[str, Any] = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **made)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(pairwise(self.cutoffs)):
            inner = int(in_features // div_value ** (i + 1))
            self.tail.append(
                Sequential(
                    Linear(in_features, inner, bias=False, **made),
                    Linear(inner, high - low, bias=False, **made),
                )
            )

    def reset_parameters(self) -> None:
        """Draws new weights."""
        self.head.reset_parameters()
        for first, second in self.tail:  # type: ignore[misc]
            first.reset_parameters()  # type: ignore[has-type]
            second.reset_parameters()  # type: ignore[has-type]

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        _check(input_, target_)
        if target_.dim() == 0:
            output, loss = self.forward(input_.unsqueeze(0), target_.unsqueeze(0))
            return _ASMoutput(output.squeeze(0), loss)
        if bool(((target_ < 0) | (target_ >= self.n_classes)).any()):
            raise OperationError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{target_.min().item()}, {target_.max().item()}] were found. "
            )
        head = F.log_softmax(self.head(input_), dim=1)
        places = target_.clone()
        found = input_.new_zeros(target_.shape)
        for i, (low, high) in enumerate(pairwise(self.cutoffs)):
            rows = ((target_ >= low) & (target_ < high)).nonzero().squeeze(1)
            if rows.numel() == 0:
                continue
            places = places.index_fill(0, rows, self.shortlist_size + i)
            within = F.log_softmax(self.tail[i](input_.index_select(0, rows)), dim=1)
            chosen = (target_.index_select(0, rows) - low).unsqueeze(1)
            found = found.index_copy(0, rows, within.gather(1, chosen).squeeze(1))
        output = found + head.gather(1, places.unsqueeze(1)).squeeze(1)
        return _ASMoutput(output, (-output).mean())

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities of all classes, (N, n_classes), for x (N, in_features).

        >>> import rushlight as torch
        >>> layer = torch.nn.AdaptiveLogSoftmaxWithLoss(4, 10, cutoffs=[5])
        >>> layer.log_prob(torch.randn(3, 4)).exp().sum(1).round()
        tensor([1., 1., 1.], grad_fn=<RoundBackward0>)
        """
        return self._all_classes(input, self.head(input))

    def _all_classes(self, input: Tensor, head: Tensor) -> Tensor:
        head = F.log_softmax(head, dim=1)
        parts = [head[:, : self.shortlist_size]]
        for i, layer in enumerate(self.tail):
            place = self.shortlist_size + i
            parts.append(F.log_softmax(layer(input), dim=1) + head[:, place : place + 1])
        return cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each x: `log_prob(x).argmax(1)`, but most often from `head`.

        Shapes: x (N, in_features), y (N).

        >>> import rushlight as torch
        >>> layer, x = torch.nn.AdaptiveLogSoftmaxWithLoss(4, 10, cutoffs=[5]), torch.randn(3, 4)
        >>> torch.equal(layer.predict(x), layer.log_prob(x).argmax(1))
        True
        """
        head = self.head(input)
        classes = head.argmax(1)
        rest = classes >= self.shortlist_size
        if bool(rest.any()):
            classes[rest] = self._all_classes(input[rest], head[rest]).argmax(1)
        return classes


def _check(input: Tensor, target: Tensor) -> None:
    if target.dim() > 1:
        raise OperationError(
            "0D or 1D target tensor expected, multi-target not supported (got "
            f"{tuple(target.shape)})"
        )
    if target.dim() == 1 and input.dim() > 0 and input.size(0) != target.size(0):
        raise OperationError(
            "Input and target should have the same size in the batch dimension, got "
            f"{tuple(input.shape)} and {tuple(target.shape)}"
        )
    if input.dim() != target.dim() + 1:
        raise OperationError(
            f"{target.dim()}D target tensor expects {target.dim() + 1}D input tensors, but found "
            f"inputs with size {tuple(input.shape)}"
        )
