"""Connectionist temporal classification: sums over alignments, forwards and backwards in time.

The labels of an alignment are the target's with blanks around and between them, 2 S + 1 of them.
alpha[t, n, s] is the logarithm of the probability of all ways to have come to label s at time t,
beta that of all ways to go on from there, both with the step at t itself.
"""

from __future__ import annotations

from typing import Any

from ...errors import OperationError
from ..declaration import kernel
from ..launch import plain_tables
from .library import Library


class CTC(Library):
    add_at: Any

    @kernel("fused")
    def ctc_loss(
        self, log_probabilities: Any, targets: Any, input_lengths: Any, target_lengths: Any,
        most: int, blank: int, by_length: bool,
    ) -> tuple[Any, Any, Any]:  # fmt: skip
        """The losses (N), as they are and `by_length` of the targets, and alpha (T, N, 2 S + 1).

        The targets are (N, S), or all in one row. `most` is S, the longest that one may be. Lengths
        are arrays or tuples.
        """
        xp = self.xp
        input_lengths, target_lengths = map(xp.asarray, (input_lengths, target_lengths))
        self._check_lengths(log_probabilities, targets, input_lengths, target_lengths, most)
        times, batch, classes = log_probabilities.shape
        labels, may_skip = self._labels(targets, target_lengths, most, blank, classes)
        table = plain_tables[type(log_probabilities)]
        alpha = table.ctc_alpha(xp.ascontiguousarray(log_probabilities), labels, may_skip)
        ends = xp.clip(input_lengths - 1, 0, max(times - 1, 0))
        last = alpha[ends, xp.arange(batch)] if times else xp.zeros((batch, 1))
        label = xp.clip(2 * target_lengths, 0, 2 * most)[:, None]
        whole = xp.take_along_axis(last, label, axis=1)[:, 0]
        short = xp.take_along_axis(last, xp.maximum(label - 1, 0), axis=1)[:, 0]
        short = xp.where(target_lengths == 0, -xp.inf, short)
        losses = -self._log_sum(whole, short)
        nothing = xp.where(target_lengths == 0, 0, xp.inf).astype(losses.dtype)
        losses = xp.where(input_lengths == 0, nothing, losses)
        divisors = xp.maximum(target_lengths, 1).astype(losses.dtype)
        return losses / divisors if by_length else losses.copy(), losses, alpha

    @kernel("fused")
    def ctc_loss_backward(
        self, grad: Any, log_probabilities: Any, targets: Any, input_lengths: Any,
        target_lengths: Any, losses: Any, alpha: Any, most: int, blank: int, by_length: bool,
        zero_infinity: bool,
    ) -> Any:  # fmt: skip
        """The gradient as PyTorch has it: that of what log_softmax was taken of."""
        xp = self.xp
        input_lengths, target_lengths = map(xp.asarray, (input_lengths, target_lengths))
        if by_length:
            grad = grad / xp.maximum(target_lengths, 1).astype(grad.dtype)
        classes = log_probabilities.shape[2]
        labels, may_skip = self._labels(targets, target_lengths, most, blank, classes)
        result = plain_tables[type(log_probabilities)].ctc_gradient(
            grad, xp.ascontiguousarray(log_probabilities), labels, may_skip,
            input_lengths.astype("int64"), target_lengths.astype("int64"), losses, alpha,
        )  # fmt: skip
        is_infinite = losses == xp.inf
        replaced = 0 if zero_infinity else xp.nan
        return xp.where(is_infinite[None, :, None], replaced, result).astype(result.dtype)

    @kernel("fused")
    def ctc_alpha(self, log_probabilities: Any, labels: Any, may_skip: Any) -> Any:
        xp = self.xp
        times, batch, _ = log_probabilities.shape
        alpha = xp.full((times, batch, labels.shape[1]), -xp.inf, log_probabilities.dtype)
        for t in range(times):
            steps = xp.take_along_axis(log_probabilities[t], labels, axis=1)
            if t == 0:
                alpha[0, :, :2] = steps[:, :2]
                continue
            alpha[t] = steps + self._arrived(alpha[t - 1], may_skip)
        return alpha

    @kernel("fused")
    def ctc_gradient(
        self, grad: Any, log_probabilities: Any, labels: Any, may_skip: Any, input_lengths: Any,
        target_lengths: Any, losses: Any, alpha: Any,
    ) -> Any:  # fmt: skip
        """The gradient of the losses as they are, times `grad`."""
        xp = self.xp
        times, batch, classes = log_probabilities.shape
        places = xp.arange(labels.shape[1])
        is_end = (places == 2 * target_lengths[:, None]) | (
            places == 2 * target_lengths[:, None] - 1
        )
        beta = xp.full((batch, labels.shape[1]), -xp.inf, alpha.dtype)
        result = xp.zeros(log_probabilities.shape, log_probabilities.dtype)
        rows = xp.arange(batch)[:, None]
        for t in reversed(range(times)):
            steps = xp.take_along_axis(log_probabilities[t], labels, axis=1)
            later = xp.flip(self._arrived(xp.flip(beta, 1), self._may_skip_backwards(may_skip)), 1)
            beta = steps + xp.where(
                (input_lengths - 1 == t)[:, None], xp.where(is_end, 0, -xp.inf), later
            ).astype(beta.dtype)
            through = alpha[t] + beta + losses[:, None] - steps
            through = xp.where((alpha[t] == -xp.inf) | (beta == -xp.inf), -xp.inf, through)
            taken = xp.zeros((batch, classes), log_probabilities.dtype)
            self.add_at(taken, (rows, labels), xp.exp(through))
            found = (xp.exp(log_probabilities[t]) - taken) * grad[:, None]
            result[t] = xp.where((t < input_lengths)[:, None], found, 0)
        return result

    def _labels(
        self, targets: Any, lengths: Any, most: int, blank: int, classes: int
    ) -> tuple[Any, Any]:
        """The labels of each alignment, and which of them may follow the one before the last."""
        xp = self.xp
        batch = lengths.shape[0]
        places = xp.arange(most)
        is_there = places < lengths[:, None]
        if targets.ndim == 1 and targets.size:
            starts = xp.cumsum(lengths) - lengths
            places = xp.minimum(starts[:, None] + places, targets.size - 1)
            targets = targets[places]
        labels = xp.full((batch, 2 * most + 1), blank, "int64")
        if most:
            labels[:, 1::2] = xp.where(is_there, targets[:, :most], blank)
        if self.is_host and labels.size and (labels.min() < 0 or labels.max() >= classes):
            raise OperationError(
                f"ctc_loss: targets must be in [0, {classes}), the classes of log_probs, but go "
                f"from {int(labels.min())} to {int(labels.max())}"
            )
        labels = xp.clip(labels, 0, classes - 1)
        before = xp.concatenate([xp.full((batch, 2), -1, "int64"), labels[:, :-2]], axis=1)
        if not most:
            before = xp.full((batch, 1), -1, "int64")
        may_skip = (labels != blank) & (labels != before) & (before >= 0)
        return labels, may_skip

    def _may_skip_backwards(self, may_skip: Any) -> Any:
        """The same for alignments turned around."""
        xp = self.xp
        none = xp.zeros((may_skip.shape[0], 2), dtype=bool)
        return xp.flip(xp.concatenate([may_skip, none], axis=1)[:, 2:], 1)

    def _arrived(self, before: Any, may_skip: Any) -> Any:
        """From the same label, the one before it, or over a blank between two others."""
        xp = self.xp
        nowhere = xp.full((before.shape[0], 2), -xp.inf, before.dtype)
        count = before.shape[1]
        one = xp.concatenate([nowhere[:, :1], before], axis=1)[:, :count]
        two = xp.concatenate([nowhere, before], axis=1)[:, :count]
        return self._log_sum(before, one, xp.where(may_skip, two, -xp.inf))

    def _log_sum(self, *terms: Any) -> Any:
        xp = self.xp
        largest = terms[0]
        for term in terms[1:]:
            largest = xp.maximum(largest, term)
        base = xp.where(largest == -xp.inf, 0, largest)
        total: Any = 0
        for term in terms:
            total = total + xp.exp(term - base)
        return base + xp.log(total)

    def _check_lengths(
        self, log_probabilities: Any, targets: Any, input_lengths: Any, target_lengths: Any,
        most: int,
    ) -> None:  # fmt: skip
        if not self.is_host or not input_lengths.size:
            return
        times = log_probabilities.shape[0]
        for name, lengths, limit in (
            ("input_lengths", input_lengths, times), ("target_lengths", target_lengths, most),
        ):  # fmt: skip
            if lengths.min() < 0 or lengths.max() > limit:
                wrong = int(lengths.min() if lengths.min() < 0 else lengths.max())
                raise OperationError(
                    f"ctc_loss: Expected {name} to have values from 0 to {limit}, but got value "
                    f"{wrong}"
                )
        total = int(target_lengths.sum())
        if targets.ndim == 1 and targets.size != total:
            raise OperationError(
                f"ctc_loss: Expected targets to have size {total}, the sum of target_lengths, but "
                f"got size {targets.size}"
            )
