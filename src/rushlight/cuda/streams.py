"""Streams of work on GPUs, and events in them, over CuPy's."""

from __future__ import annotations

from typing import Any

from .. import streams
from ..device import device as Device
from ..kernels.cuda import CUDA
from ..types import AnyDevice
from .current import cupy, index_of


def _cupy_for(name: str) -> Any:
    """CuPy; PyTorch's type of error where there is no GPU."""
    try:
        return cupy()
    except AssertionError as error:
        raise RuntimeError(f"torch.cuda.{name} requires CUDA support: {error}") from error


class Stream(streams.Stream):
    """Work of a GPU that is done in order, beside that of other streams.

    Kernels go to the current stream: `with torch.cuda.stream(s):` makes it another.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return object.__new__(cls)

    def __init__(self, device: AnyDevice = None, priority: int = 0, **ignored: Any) -> None:
        library = _cupy_for(type(self).__name__)
        index = index_of(device)
        self.device = Device("cuda", index)
        with CUDA.context(index):
            self._stream = library.cuda.Stream(non_blocking=True)

    @classmethod
    def _on(cls, stream: Any, index: int) -> Stream:
        found = object.__new__(Stream)
        found.device, found._stream = Device("cuda", index), stream
        return found

    @property
    def cuda_stream(self) -> int:
        """CUDA's handle."""
        return int(self._stream.ptr)

    @property
    def stream_id(self) -> int:  # type: ignore[override]
        """CUDA's handle."""
        return self.cuda_stream

    def __enter__(self) -> Any:
        self._context = StreamContext(self)
        self._context.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._context.__exit__(*error)

    def query(self) -> bool:
        """Whether all that was put into it is done."""
        return bool(self._stream.done)

    def synchronize(self) -> None:
        """Waits until all that was put into it is done."""
        self._stream.synchronize()

    def record_event(self, event: Event | None = None) -> Event:
        """An event that happens when all that was put into it so far is done."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        """Lets what is put into it from now on wait for an event."""
        self._stream.wait_event(event._recorded())

    def wait_stream(self, stream: Stream) -> None:
        """Lets what is put into it from now on wait for what is in another by now."""
        self.wait_event(stream.record_event())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and self.cuda_stream == other.cuda_stream

    def __hash__(self) -> int:
        return hash(self.cuda_stream)

    def __repr__(self) -> str:
        return f"<torch.cuda.Stream device={self.device} cuda_stream={self.cuda_stream:#x}>"


class ExternalStream(Stream):
    """A stream that another library has made, by CUDA's handle."""

    def __init__(self, stream_ptr: int, device: AnyDevice = None) -> None:
        library = _cupy_for("ExternalStream")
        index = index_of(device)
        self.device = Device("cuda", index)
        self._stream = library.cuda.ExternalStream(stream_ptr, index)


class Event(streams.Event):
    """A point in a stream: to wait for, and with `enable_timing` to measure times between two.

    >>> import rushlight as torch
    >>> if torch.cuda.is_available():
    ...     start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    ...     start.record()
    ...     _ = torch.ones(3, device="cuda") + 1
    ...     end.record()
    ...     torch.cuda.synchronize()
    ...     milliseconds = start.elapsed_time(end)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return object.__new__(cls)

    def __init__(
        self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False,
        external: bool = False,
    ) -> None:  # fmt: skip
        self._options = {"block": blocking, "disable_timing": not enable_timing}
        self._library = _cupy_for("Event")
        self._event: Any = None  # made on the device of the stream that it is recorded in

    def record(self, stream: Stream | None = None) -> None:
        """Puts it behind all that is in a stream, the current one unless given."""
        stream = current_stream() if stream is None else stream
        if self._event is None:
            with CUDA.context(stream.device.index or 0):
                self._event = self._library.cuda.Event(**self._options)
        self._event.record(stream._stream)

    def _recorded(self) -> Any:
        if self._event is None:
            raise ValueError("Event must be recorded before it is waited for or compared")
        return self._event

    def wait(self, stream: Stream | None = None) -> None:
        """Lets what is put into a stream from now on wait for it."""
        (current_stream() if stream is None else stream).wait_event(self)

    def query(self) -> bool:
        """Whether it has happened, or was never recorded."""
        return self._event is None or bool(self._event.done)

    def synchronize(self) -> None:
        """Waits until it has happened."""
        if self._event is not None:
            self._event.synchronize()

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds to a later event."""
        for event in (self, end_event):
            if event._options["disable_timing"]:
                raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        start, end = self._recorded(), end_event._recorded()
        return float(self._library.cuda.get_elapsed_time(start, end))


class StreamContext:
    """Makes a stream the current one inside a `with`; None changes nothing."""

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        if self.stream is not None:
            self._device = CUDA.context(self.stream.device.index or 0)
            self._device.__enter__()
            self.stream._stream.__enter__()

    def __exit__(self, *error: object) -> None:
        if self.stream is not None:
            self.stream._stream.__exit__(*error)
            self._device.__exit__(*error)


def stream(stream: Stream | None) -> StreamContext:
    """Makes a stream the current one inside a `with`; None changes nothing."""
    return StreamContext(stream)


def set_stream(stream: Stream | None) -> None:
    """Makes a stream the current one; None changes nothing."""
    if stream is not None:
        stream._stream.use()


def current_stream(device: AnyDevice = None) -> Stream:
    """The stream that kernels go to."""
    index = index_of(device)
    with CUDA.context(index):
        return Stream._on(CUDA.xp.cuda.get_current_stream(), index)


def default_stream(device: AnyDevice = None) -> Stream:
    """The stream that kernels go to unless told otherwise."""
    index = index_of(device)
    return Stream._on(CUDA.xp.cuda.Stream.null, index)
