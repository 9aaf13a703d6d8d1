"""torch.Stream, torch.Event and the names of devices, on a machine of any kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch


def test_a_stream_of_the_cpu_is_always_done() -> None:
    stream = torch.Stream("cpu")
    assert stream.query() and stream.synchronize() is None
    assert stream == torch.Stream(device="cpu") and hash(stream) == hash(torch.Stream("cpu"))
    assert (stream.device, stream.device_index, stream.stream_id) == (torch.device("cpu"), -1, 0)
    assert repr(stream) == "torch.Stream device_type=cpu, device_index=-1, stream_id=0"
    with stream as entered:
        assert entered is stream
    stream.wait_event(torch.Event("cpu"))


def test_an_event_of_the_cpu_was_never_recorded() -> None:
    event = torch.Event("cpu", enable_timing=True)
    assert event.query() and event.wait() is None and event.synchronize() is None
    assert repr(event).endswith("event_flag=1, event_id=0")


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: torch.Stream("cpu").record_event(), RuntimeError, "cpu backend doesn't support"),
        (lambda: torch.Event("cpu").record(), RuntimeError, "cpu backend doesn't support events"),
        (
            lambda: torch.Event("cpu").elapsed_time(torch.Event("cpu")),
            ValueError,
            "created with argument 'enable_timing=True'",
        ),
        (lambda: torch.Stream("mps"), RuntimeError, "there are no mps devices"),
        (lambda: torch.zeros(1, device="mps"), NotImplementedError, "no mps devices: Rushlight"),
        (lambda: torch.ones(1).to("xpu:1"), AssertionError, "there are no xpu devices"),
        (lambda: torch.device("toaster"), RuntimeError, "Expected one of cpu, cuda, ipu"),
        (lambda: torch.device(""), RuntimeError, "must not be empty"),
        (lambda: torch.device("cuda:01"), RuntimeError, "Invalid device string: 'cuda:01'"),
    ],
)
def test_refuses(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_devices_that_are_not_here_are_names() -> None:
    assert torch.device("mps") == torch.device(type="mps") != torch.device("mps", 0)
    assert torch.get_device_module("xpu") is torch.xpu
    with torch.autocast("mps"):
        assert (torch.ones(1, 1) @ torch.ones(1, 1)).dtype is torch.float32
    assert torch.amp.is_autocast_available("mps") and not torch.is_autocast_enabled("mps")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_streams_of_a_gpu_that_is_not_there() -> None:
    for kind in (torch.cuda.Stream, torch.cuda.Event):
        with pytest.raises(RuntimeError, match="requires CUDA support"):
            kind()
    with pytest.raises(RuntimeError, match="requires CUDA support"):
        torch.Stream("cuda")
    assert isinstance(torch.Stream(), torch.Stream) and issubclass(torch.cuda.Stream, torch.Stream)
    with torch.cuda.stream(None):
        pass
