"""Streams of work and events in them, of any device: `torch.Stream` and `torch.Event`.

Those of CUDA are `torch.cuda`'s. On the CPU every call has ended when it returns.
"""

from __future__ import annotations

from typing import Any, Self

from .device import device as Device
from .types import AnyDevice

_NO_EVENTS = "{} backend doesn't support events."


def _made(kind: type, name: str, device: AnyDevice, *options: Any) -> Any:
    """A stream or an event of the class that the device has; and PyTorch's errors where it is not.

    Without `device` it is the GPU that there is, or else the CPU.
    """
    from . import cuda
    from .kernels.devices import name_of

    if device is None:
        device = "cuda" if cuda.is_available() else "cpu"
    where = Device(device)
    if where.type == "cuda":
        return getattr(cuda, name)(*options) if name == "Event" else cuda.Stream(where, *options)
    name_of(where)
    made: Any = object.__new__(kind)
    made.device = where
    return made


class Stream:
    """Work of a device that is done in order, beside that of other streams.

    Of a GPU it is a `torch.cuda.Stream`. On the CPU it is always done: to `record_event` there, or
    to wait for another stream, raises RuntimeError, as in PyTorch.

    >>> import rushlight as torch
    >>> torch.Stream("cpu").query()
    True
    """

    device: Device
    stream_id = 0

    def __new__(cls, device: AnyDevice = None, *, priority: int = 0) -> Self:
        return _made(cls, "Stream", device, priority)

    @property
    def device_index(self) -> int:
        """The number of the device; -1 of one without."""
        return -1 if self.device.index is None else self.device.index

    def query(self) -> bool:
        """Whether all that was put into it is done."""
        return True

    def synchronize(self) -> None:
        """Waits until all that was put into it is done."""

    def record_event(self, event: Any = None) -> Any:
        """An event that happens when all that was put into it so far is done."""
        raise RuntimeError(_NO_EVENTS.format(self.device.type))

    def wait_event(self, event: Any) -> None:
        """Lets what is put into it from now on wait for an event."""

    def wait_stream(self, stream: Any) -> None:
        """Lets what is put into it from now on wait for what is in another by now."""
        self.wait_event(stream.record_event())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and (self.device, self.stream_id) == (
            other.device, other.stream_id
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.device, self.stream_id))

    def __repr__(self) -> str:
        return (f"torch.Stream device_type={self.device.type}, device_index={self.device_index}, "
                f"stream_id={self.stream_id}")  # fmt: skip


class Event:
    """A point in a stream. Of a GPU it is a `torch.cuda.Event`; on the CPU it cannot be recorded.

    >>> import rushlight as torch
    >>> torch.Event("cpu").query()
    True
    """

    device: Device
    event_id = 0
    _timed = False

    def __new__(
        cls, device: AnyDevice = None, *, enable_timing: bool = False, blocking: bool = False,
        interprocess: bool = False,
    ) -> Self:  # fmt: skip
        made = _made(cls, "Event", device, enable_timing, blocking, interprocess)
        if type(made) is Event:
            made._timed = enable_timing
        return made

    def record(self, stream: Any = None) -> None:
        """Puts it behind all that is in a stream."""
        raise RuntimeError(_NO_EVENTS.format(self.device.type))

    def wait(self, stream: Any = None) -> None:
        """Lets what is put into a stream from now on wait for it."""

    def query(self) -> bool:
        """Whether it has happened, or was never recorded."""
        return True

    def synchronize(self) -> None:
        """Waits until it has happened."""

    def elapsed_time(self, end_event: Any) -> float:
        """Milliseconds to a later event."""
        if not (self._timed and end_event._timed):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        raise ValueError("Both events must be recorded before calculating elapsed time.")

    def __repr__(self) -> str:
        index = -1 if self.device.index is None else self.device.index
        return (f"torch.Event device_type={self.device.type}, device_index={index}, "
                f"event_flag={self._timed:d}, event_id={self.event_id}")  # fmt: skip
