"""Sequences of different lengths: padded to one, or packed without gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ...device import device as Device
from ...dtype import int64
from ...errors import OperationError
from ...ops.creation import arange, empty, full
from ...ops.interchange import as_tensor
from ...ops.joining import cat
from ...tensor import Tensor

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pad_packed_sequence",
    "pad_sequence", "unpad_sequence", "pack_sequence", "unpack_sequence",
]  # fmt: skip


class _Fields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Fields):
    """Sequences of different lengths, the longest first, time by time: recurrent layers take them.

    `data` has the elements of the first time of all sequences, then those of the second time of all
    that have one, and so on; `batch_sizes` says how many these are, on the CPU. `sorted_indices`
    tells which sequences stand here in order, None where they were sorted already, and
    `unsorted_indices` how they get back to where they were. Such objects are made by
    `pack_sequence` and `pack_padded_sequence`.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils.rnn import pack_sequence
    >>> packed = pack_sequence([torch.tensor([1, 2, 3]), torch.tensor([4, 5])])
    >>> packed.data, packed.batch_sizes
    (tensor([1, 4, 2, 5, 3]), tensor([2, 2, 1]))
    """

    def __new__(
        cls, data: Any, batch_sizes: Tensor | None = None, sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:  # fmt: skip
        if batch_sizes is None:
            if not isinstance(data, (list, tuple)) or len(data) != 2:
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        elif batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. Instances of PackedSequence should never be "
                "created manually. They should be instantiated by functions like pack_sequence and "
                "pack_padded_sequences in nn.utils.rnn."
            )
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def _with(self, data: Tensor, change: Callable[[Tensor], Tensor]) -> PackedSequence:
        """The same sequences with other data, and with `change` applied to the indices."""
        indices = (self.sorted_indices, self.unsorted_indices)
        first, second = (index if index is None else change(index) for index in indices)
        return type(self)(data, self.batch_sizes, first, second)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """With `data.to(...)`, and the indices on its device."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self._with(data, lambda t: t.to(data.device))

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        return self._at("cuda", args, kwargs)

    def cpu(self, *args: Any, **kwargs: Any) -> PackedSequence:
        return self._at("cpu", args, kwargs)

    def _at(self, kind: str, args: Any, kwargs: Any) -> PackedSequence:
        """`to(...)`, on the device `kind` unless the arguments say another of it."""
        named = [a for a in (*args, *kwargs.values()) if isinstance(a, (str, Device))]
        if not named or Device(named[0]).type != kind:
            kwargs = {**kwargs, "device": kind}
        return self.to(*args, **kwargs)

    def double(self) -> PackedSequence:
        return self._with(self.data.double(), lambda t: t)

    def float(self) -> PackedSequence:
        return self._with(self.data.float(), lambda t: t)

    def half(self) -> PackedSequence:
        return self._with(self.data.half(), lambda t: t)

    def long(self) -> PackedSequence:
        return self._with(self.data.long(), lambda t: t)

    def int(self) -> PackedSequence:
        return self._with(self.data.int(), lambda t: t)

    def short(self) -> PackedSequence:
        return self._with(self.data.short(), lambda t: t)

    def char(self) -> PackedSequence:
        return self._with(self.data.char(), lambda t: t)

    def byte(self) -> PackedSequence:
        return self._with(self.data.byte(), lambda t: t)

    def pin_memory(self) -> PackedSequence:
        return self._with(self.data.pin_memory(), lambda t: t.pin_memory())

    def is_pinned(self) -> bool:
        return self.data.is_pinned()

    @property
    def is_cuda(self) -> bool:
        return self.data.is_cuda


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes another; None of None.

    >>> import rushlight as torch
    >>> torch.nn.utils.rnn.invert_permutation(torch.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    if permutation is None:
        return None
    places = arange(permutation.numel(), device=permutation.device)
    return empty(permutation.shape, dtype=int64, device=permutation.device).scatter_(
        0, permutation, places
    )


def _is_there(lengths: Tensor, total: int) -> Tensor:
    """Which times each sequence has: (total, N)."""
    times = arange(total, device=lengths.device)
    return times.unsqueeze(1) < lengths.unsqueeze(0)


def pack_padded_sequence(
    input: Tensor,
    lengths: Tensor | Sequence[int],
    batch_first: bool = False,
    enforce_sorted: bool = True,
) -> PackedSequence:
    """Padded sequences (T, N, *), or (N, T, *) with `batch_first`, without their padding.

    With `enforce_sorted` the longest must come first; without it they are sorted here.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils.rnn import pack_padded_sequence
    >>> padded = torch.tensor([[1, 2, 3], [4, 0, 0]])
    >>> packed = pack_padded_sequence(padded, [3, 1], batch_first=True)
    >>> packed.data, packed.batch_sizes
    (tensor([1, 4, 2, 3]), tensor([2, 1, 1]))
    """
    lengths = as_tensor(lengths).to("cpu", int64)
    if lengths.dim() != 1:
        raise OperationError(
            "pack_padded_sequence: 'lengths' argument should be a 1D CPU int64 tensor, but got "
            f"{lengths.dim()}D"
        )
    if input.dim() < 2:
        raise IndexError(
            "pack_padded_sequence: Dimension out of range: input must be (T, N, *) or (N, T, *), "
            f"got shape {tuple(input.shape)}"
        )
    if input.numel() == 0:
        raise OperationError(
            f"pack_padded_sequence: Cannot pack empty tensors, got shape {tuple(input.shape)}"
        )
    padded = input.transpose(0, 1) if batch_first else input
    times, batch = padded.shape[:2]
    if len(lengths) != batch:
        raise OperationError(
            "pack_padded_sequence: Expected `len(lengths)` to be equal to batch_size, but got "
            f"{len(lengths)} (batch_size={batch}, input of shape {tuple(input.shape)})"
        )
    indices = None
    if not enforce_sorted:
        lengths, indices = lengths.sort(descending=True)
        indices = indices.to(input.device)
        padded = padded.index_select(1, indices)
    numbers = lengths.tolist()
    _check_lengths(numbers, times, batch_first)
    is_there = _is_there(lengths, numbers[0])
    data = padded[: numbers[0]][is_there.to(input.device)]
    return PackedSequence(data, is_there.sum(1), indices)


def _check_lengths(lengths: list[int], times: int, batch_first: bool) -> None:
    if min(lengths) <= 0:
        raise OperationError(
            "pack_padded_sequence: Length of all samples has to be greater than 0, but found an "
            f"element in 'lengths' that is <= 0: {min(lengths)}"
        )
    if any(a < b for a, b in zip(lengths, lengths[1:], strict=False)):
        raise OperationError(
            "pack_padded_sequence: `lengths` array must be sorted in decreasing order when "
            "`enforce_sorted` is True. You can pass `enforce_sorted=False` to pack_padded_sequence "
            "and/or pack_sequence to sidestep this requirement"
        )
    if lengths[0] > times:
        raise OperationError(
            f"pack_padded_sequence: the longest of lengths is {lengths[0]}, but the input has "
            f"{times} times; "
            + ("is it (N, T, *)?" if batch_first else "did you forget batch_first=True?")
        )


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The sequences (T, N, *), or (N, T, *) with `batch_first`, and their lengths (N), on the CPU.

    T is `total_length` where that is given, else the longest sequence's.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils.rnn import pack_sequence, pad_packed_sequence
    >>> packed = pack_sequence([torch.tensor([1, 2, 3]), torch.tensor([4])])
    >>> pad_packed_sequence(packed, batch_first=True)
    (tensor([[1, 2, 3],
            [4, 0, 0]]), tensor([3, 1]))
    """
    if not isinstance(sequence, PackedSequence):
        raise AttributeError(
            f"'{type(sequence).__name__}' object has no attribute 'batch_sizes': "
            "pad_packed_sequence wants a PackedSequence, as pack_padded_sequence gives it"
        )
    data, sizes, _, indices = sequence
    longest = sizes.numel()
    total = longest if total_length is None else total_length
    if total < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but "
            f"got total_length={total_length} and max sequence length being {longest}"
        )
    batch = int(sizes[0])
    lengths = (sizes.unsqueeze(1) > arange(batch).unsqueeze(0)).sum(0)
    is_there = _is_there(lengths, total).to(data.device)
    shape = (total, batch, *data.shape[1:])
    padded = full(shape, padding_value, dtype=data.dtype, device=data.device)
    padded = padded.index_put((is_there,), data)
    if batch_first:
        padded = padded.transpose(0, 1)
    if indices is not None:
        padded = padded.index_select(0 if batch_first else 1, indices)
        lengths = lengths[indices.cpu()]
    return padded, lengths


def pad_sequence(
    sequences: Tensor | Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences (L, *) of different lengths, brought to the longest one's: (T, N, *).

    With `batch_first` the result is (N, T, *). The padding comes behind the sequences, or before
    them with `padding_side="left"`.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils.rnn import pad_sequence
    >>> pad_sequence([torch.tensor([1, 2, 3]), torch.tensor([4])], batch_first=True)
    tensor([[1, 2, 3],
            [4, 0, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    sequences = list(sequences)
    if not sequences:
        raise OperationError("pad_sequence: received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise OperationError(
            f"pad_sequence: Expected padding_side to be one of left or right, but got "
            f"{padding_side}."
        )
    for place, one in enumerate(sequences):
        if not isinstance(one, Tensor):
            raise TypeError(
                f"pad_sequence(): expected Tensor as element {place} in argument 0, but got "
                f"{type(one).__name__}"
            )
        if one.dim() == 0:
            raise OperationError(
                f"pad_sequence: sequences must have at least one dimension, but element {place} "
                "has none"
            )
    first = sequences[0]
    lengths = as_tensor([len(one) for one in sequences], device=first.device)
    longest = max(len(one) for one in sequences)
    is_there = _is_there(lengths, longest)
    if padding_side == "left":
        is_there = is_there.flip(0)
    shape = (len(sequences), longest, *first.shape[1:])
    padded = full(shape, padding_value, dtype=first.dtype, device=first.device)
    padded = padded.index_put((is_there.transpose(0, 1),), cat(sequences).to(first.dtype))
    return padded if batch_first else padded.transpose(0, 1).contiguous()


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """The sequences of a padded tensor (T, N, *), or (N, T, *) with `batch_first`, one by one.

    Unlike PyTorch's, it leaves the dimensions of what it is given as they are.

    >>> import rushlight as torch
    >>> torch.nn.utils.rnn.unpad_sequence(torch.tensor([[1, 4], [2, 0]]), torch.tensor([2, 1]))
    [tensor([1, 2]), tensor([4])]
    """
    padded = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    places = arange(padded.shape[1], device=lengths.device)
    return [one[places < length] for one, length in zip(padded, lengths, strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Packs sequences (L, *) of different lengths: `pad_sequence`, and `pack_padded_sequence`.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils.rnn import pack_sequence
    >>> pack_sequence([torch.tensor([1, 2, 3]), torch.tensor([4])]).data
    tensor([1, 4, 2, 3])
    """
    padded = pad_sequence(sequences)
    lengths = as_tensor([len(one) for one in sequences])
    return pack_padded_sequence(padded, lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences of a packed one, each (L, *), in the order in which they were packed.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils.rnn import pack_sequence, unpack_sequence
    >>> unpack_sequence(pack_sequence([torch.tensor([1, 2, 3]), torch.tensor([4])]))
    [tensor([1, 2, 3]), tensor([4])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
