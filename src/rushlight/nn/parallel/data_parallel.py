"""A module on several GPUs of one process."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from ... import cuda
from ...device import device as Device
from ...errors import OperationError
from ...grad_mode import is_grad_enabled
from ..module import Module
from .parallel_apply import parallel_apply
from .replicate import replicate
from .scatter_gather import AnyId, device_of, gather, scatter_kwargs


class DataParallel(Module):
    """Calls copies of `module` on several GPUs, each with a part of the batch.

    The tensors among the arguments are cut along `dim`, and the results joined on `output_device`,
    the first of `device_ids` unless said otherwise, which all GPUs are. Without a GPU the module is
    called as it is, as in PyTorch.

    >>> import rushlight as torch
    >>> net = torch.nn.DataParallel(torch.nn.Linear(2, 1, device="cpu"))
    >>> list(net.state_dict())
    ['module.weight', 'module.bias']
    """

    module: Module

    def __init__(
        self, module: Module, device_ids: Sequence[AnyId] | None = None,
        output_device: AnyId | None = None, dim: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.module = module
        self.device_ids: list[AnyId] = []
        if not cuda.is_available():
            return
        self.dim = dim
        self.device_ids = _all_devices() if device_ids is None else list(device_ids)
        if not self.device_ids:
            raise RuntimeError("DataParallel: no available devices were found: device_ids is empty")
        self.output_device = self.device_ids[0] if output_device is None else output_device
        self.src_device_obj = device_of(self.device_ids[0])
        if len(self.device_ids) == 1:
            self.module.to(self.src_device_obj)

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        if not self.device_ids:
            return self.module(*inputs, **kwargs)
        return _called(
            self.module, inputs, kwargs, self.device_ids, self.output_device, self.dim,
            detach=not is_grad_enabled(),
        )  # fmt: skip


def data_parallel(
    module: Module, inputs: Any, device_ids: Sequence[AnyId] | None = None,
    output_device: AnyId | None = None, dim: int = 0, module_kwargs: dict[str, Any] | None = None,
) -> Any:  # fmt: skip
    """One call of `module` on several GPUs, as `DataParallel` makes it: the joined result."""
    if not isinstance(inputs, tuple):
        inputs = () if inputs is None else (inputs,)
    if device_ids is None and not cuda.is_available():
        raise OperationError(
            "data_parallel: device type could not be determined, as there is no GPU; call the "
            f"{type(module).__name__} itself"
        )
    places = _all_devices() if device_ids is None else list(device_ids)
    if not places:
        raise RuntimeError("data_parallel: no available devices were found: device_ids is empty")
    output_device = places[0] if output_device is None else output_device
    return _called(module, inputs, module_kwargs or {}, places, output_device, dim)


def _all_devices() -> list[AnyId]:
    return list(range(cuda.device_count()))


def _called(
    module: Module, inputs: Any, kwargs: dict[str, Any], places: list[AnyId],
    output_device: AnyId, dim: int, detach: bool = False,
) -> Any:  # fmt: skip
    source = device_of(places[0])
    for tensor in chain(module.parameters(), module.buffers()):
        if not _is_on(tensor.device, source):
            raise OperationError(
                f"module must have its parameters and buffers on device {source} (device_ids[0]) "
                f"but found one of them on device: {tensor.device}"
            )
    args, named = scatter_kwargs(inputs, kwargs, places, dim)
    args, named = args or ((),), named or ({},)  # a module without arguments
    if len(places) == 1:
        return module(*args[0], **named[0])
    used = places[: len(args)]
    results = parallel_apply(replicate(module, used, detach), args, named, used)
    return gather(results, output_device, dim)


def _is_on(place: Device, source: Device) -> bool:
    return place.type == source.type and (place.index or 0) == (source.index or 0)
