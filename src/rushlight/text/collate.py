"""Sentences of several lengths as batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

import rushlight

from ..nn.utils.rnn import pad_sequence
from ..tensor import Tensor


def pad_collate(
    padding_value: float = 0, batch_first: bool = True, lengths: bool = False
) -> Callable[[Sequence[Any]], Any]:
    """A `collate_fn` for a `DataLoader`: sequences are filled up to the longest of the batch.

    A sample is a sequence (a tensor, or a list of numbers), or a tuple of one and of what belongs
    to it, which `default_collate` makes batches of. With `lengths` a tensor of them comes at the
    end. Sequences of several dtypes become what all of them promote to; an empty list has none.

    >>> from rushlight.text import pad_collate
    >>> pad_collate(lengths=True)([([1, 2, 3], 0), ([4], 1)])
    (tensor([[1, 2, 3],
            [4, 0, 0]]), tensor([0, 1]), tensor([3, 1]))
    """

    def collate(batch: Sequence[Any]) -> Any:
        if not len(batch):
            raise ValueError("pad_collate: the batch is empty; it needs one sample at least")
        with_targets = isinstance(batch[0], tuple)
        if any(isinstance(sample, tuple) != with_targets for sample in batch):
            raise ValueError("pad_collate: either all samples are to be tuples, or none")
        length = len(batch[0]) if with_targets else 0
        if with_targets and (length == 0 or any(len(sample) != length for sample in batch)):
            raise ValueError(
                "pad_collate: samples are to be tuples of the same length, a sequence first"
            )
        sequences = [_tensor(sample[0] if with_targets else sample) for sample in batch]
        dtypes = {sequence.dtype for sequence in sequences if len(sequence)}
        if dtypes:
            dtype = reduce(rushlight.promote_types, dtypes)
            sequences = [sequence.to(dtype) for sequence in sequences]
        parts = [pad_sequence(sequences, batch_first, padding_value)]
        if with_targets:
            rest = zip(*(sample[1:] for sample in batch), strict=True)
            parts += [rushlight.utils.data.default_collate(list(part)) for part in rest]
        if lengths:
            parts.append(rushlight.tensor([len(sequence) for sequence in sequences]))
        return tuple(parts) if len(parts) > 1 else parts[0]

    return collate


def _tensor(values: Any) -> Tensor:
    if not isinstance(values, (Tensor, Sequence, np.ndarray)) or isinstance(values, str):
        raise TypeError(
            f"pad_collate: a sample is a sequence of numbers, or a tuple of one and of what "
            f"belongs to it, got {type(values).__name__}"
        )
    sequence = values if isinstance(values, Tensor) else rushlight.tensor(values)
    if sequence.ndim == 0:
        raise TypeError("pad_collate: a sample is a sequence of numbers, got a tensor of one")
    return sequence
