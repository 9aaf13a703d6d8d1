"""How tensors, parameters and storages go to another process: by the descriptor of their memory.

What is sent lies in shared memory from then on, in the process that sends it, too: what one of them
writes the other reads. The receiver may drop it and end whenever it likes; the sender must live
until the message has been read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..shared_memory import SharedMemory
from ..storage import TypedStorage, UntypedStorage, share_memory
from ..tensor import Tensor, wrap


def reduce(value: Any) -> Any:
    """What `pickle` wants to know of a tensor or storage on its way to another process."""
    if isinstance(value, TypedStorage):
        return TypedStorage.on, (value.elements, value.dtype)
    if isinstance(value, UntypedStorage):
        return UntypedStorage.on, (value.elements,)
    return reduce_tensor(value)


def reduce_tensor(tensor: Tensor) -> Any:
    if tensor.requires_grad and not tensor.is_leaf:
        raise RuntimeError(
            "Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd "
            "does not support crossing process boundaries. If you just want to transfer the data, "
            "call detach() on the tensor before serializing (e.g., putting it on the queue)."
        )
    array = tensor.array
    if type(array) is not np.ndarray or array.size == 0:
        return tensor.__reduce_ex__(5)
    del array
    memory: Any = share_memory(tensor)
    array = tensor.array
    offset = array.__array_interface__["data"][0] - memory.address
    place = (array.dtype, array.shape, array.strides, offset)
    extra = {"persistent": tensor.persistent} if hasattr(tensor, "persistent") else {}
    return _rebuild, (
        type(tensor), _descriptor(memory.file), memory.size, place, tensor.requires_grad, extra,
    )  # fmt: skip


def _descriptor(file: int) -> Any:
    from multiprocessing import reduction

    return reduction.DupFd(file)


def _rebuild(
    cls: Any, descriptor: Any, size: int, place: Any, requires_grad: bool, extra: dict[str, Any]
) -> Tensor:
    dtype, shape, strides, offset = place
    memory = SharedMemory.received(descriptor.detach(), size)
    tensor = wrap(np.ndarray(shape, dtype, memory.array(), offset, strides), cls)
    tensor._requires_grad = requires_grad
    for name, value in extra.items():
        setattr(tensor, name, value)
    return tensor
