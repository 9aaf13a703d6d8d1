"""How a tensor's elements lie in memory: `torch.layout` and `torch.memory_format`."""

from __future__ import annotations


class _Named:
    """One of few values of its class, which a program finds in `torch` under its name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self) -> str:
        return self._name  # pickled by its name in this module: a copy is the value itself


class layout(_Named):
    """Whether all elements are stored (`strided`), or those that are not zero.

    >>> import rushlight as torch
    >>> torch.ones(2).layout
    torch.strided
    """


class memory_format(_Named):
    """In which order the axes of dense tensors lie in memory.

    >>> import rushlight as torch
    >>> torch.channels_last, type(torch.channels_last) is torch.memory_format
    (torch.channels_last, True)
    """


strided = layout("strided")
sparse_coo = layout("sparse_coo")
sparse_csr = layout("sparse_csr")
sparse_csc = layout("sparse_csc")
sparse_bsr = layout("sparse_bsr")
sparse_bsc = layout("sparse_bsc")
contiguous_format = memory_format("contiguous_format")
legacy_contiguous_format = contiguous_format  # as PyTorch calls it in its oldest functions
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")
