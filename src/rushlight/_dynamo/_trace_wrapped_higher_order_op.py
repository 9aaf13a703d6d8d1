"""What libraries take from PyTorch's module of this name."""

from __future__ import annotations

from types import TracebackType


class TransformGetItemToIndex:
    """Lets tensors of one element, which vmap has batched, be indices: here they are without it.

    >>> from rushlight._dynamo._trace_wrapped_higher_order_op import TransformGetItemToIndex
    >>> import rushlight as torch
    >>> squares = torch.tensor([0, 1, 4, 9])
    >>> with TransformGetItemToIndex():
    ...     torch.vmap(lambda i: squares[i])(torch.tensor([3, 2]))
    tensor([9, 4])
    """

    def __enter__(self) -> TransformGetItemToIndex:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None
