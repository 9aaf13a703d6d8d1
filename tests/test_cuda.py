"""CUDA devices, with a module in CuPy's place that computes on the CPU.

It stands on the strict array module, so what runs here has no other way to values than CuPy gives.
Whether CuPy itself does its part shows on a machine with a GPU: the tests that take `device` run on
it there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn, random
from rushlight.kernels import devices, launch
from rushlight.kernels.cuda import CUDA
from rushlight.testing.strict_array import ArrayModule
from rushlight.vision.models import LeNet


class CUDARuntimeError(RuntimeError):
    """As CuPy's: made of a status, prints its name."""


class FakeOutOfMemory(MemoryError):
    """CuPy's OutOfMemoryError is a MemoryError."""


class FakePool:
    def __init__(self) -> None:
        self.full = False
        self.freed = 0

        self.limit = 1.0

    def malloc(self, size: int) -> str:
        if self.full:
            raise FakeOutOfMemory(f"Out of memory allocating {size:,} bytes")
        return f"{size} bytes"

    def used_bytes(self) -> int:
        return 3 << 20

    def set_limit(self, fraction: float) -> None:
        self.limit = fraction

    def total_bytes(self) -> int:
        return 4 << 20

    def free_all_blocks(self) -> None:
        self.freed += 1


class FakeDevice:
    """`cupy.cuda.Device`."""

    def __init__(self, module: ArrayModule, id: int | None = None) -> None:
        self.module = module
        self.id = module.current.id if id is None else id
        self.mem_info = (1 << 30, 80 << 30)

    def __enter__(self) -> None:
        self.module.devices[self.id].__enter__()

    def __exit__(self, *error: object) -> None:
        self.module.devices[self.id].__exit__()

    def use(self) -> None:
        self.module.entered[-1] = self.id

    def synchronize(self) -> None:
        self.module.synchronized.append(self.id)


class FakeStream:
    """`cupy.cuda.Stream`, which keeps what it is told."""

    null: FakeStream
    current: list[FakeStream] = []

    def __init__(self, non_blocking: bool = False) -> None:
        self.ptr = id(self) if non_blocking else 0
        self.done = True
        self.told: list[Any] = []

    def synchronize(self) -> None:
        self.told.append("synchronize")

    def wait_event(self, event: FakeEvent) -> None:
        self.told.append(event)

    def use(self) -> None:
        FakeStream.current.append(self)

    __enter__ = use

    def __exit__(self, *error: object) -> None:
        FakeStream.current.pop()


FakeStream.null = FakeStream()


class FakeEvent:
    """`cupy.cuda.Event`."""

    def __init__(self, block: bool, disable_timing: bool) -> None:
        self.options = block, disable_timing
        self.done = True
        self.recorded: list[FakeStream] = []

    def record(self, stream: FakeStream) -> None:
        self.recorded.append(stream)

    def synchronize(self) -> None:
        self.recorded.append(FakeStream.null)


def fake_cupy(count: int, driver: int = 13010) -> Any:
    module: Any = ArrayModule("cupy", max(count, 1))
    pool = FakePool()
    module.synchronized = []
    module.get_default_memory_pool = lambda: pool
    module.cuda = SimpleNamespace(
        runtime=SimpleNamespace(
            CUDARuntimeError=CUDARuntimeError,
            driverGetVersion=lambda: driver,
            runtimeGetVersion=lambda: 13000,
            getDeviceCount=lambda: count,
            getDevice=lambda: module.current.id,
            getDeviceProperties=lambda index: {
                "name": f"Fake {index}".encode(), "major": 9, "minor": 0,
                "totalGlobalMem": 80 << 30, "multiProcessorCount": 132,
            },
        ),
        nvrtc=SimpleNamespace(getVersion=lambda: (13, 0)),
        memory=SimpleNamespace(OutOfMemoryError=FakeOutOfMemory),
        Stream=FakeStream, Event=FakeEvent,
        get_current_stream=lambda: (FakeStream.current or [FakeStream.null])[-1],
        get_elapsed_time=lambda start, end: 1.5,
        Device=lambda id=None: FakeDevice(module, id),
        set_allocator=lambda allocate: setattr(module, "allocate", allocate),
    )  # fmt: skip
    return module


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Puts a module in CuPy's place; CUDA is closed again after the test."""
    tables, by_device = dict(launch.kernels), dict(launch.tables_by_device)
    for table in list(launch.tables_by_device):
        if table.startswith("cuda"):  # on a machine with a GPU the real one is open
            monkeypatch.delitem(launch.tables_by_device, table)
    for name in ("xp", "array_type"):
        monkeypatch.setattr(CUDA, name, getattr(CUDA, name))
    monkeypatch.setattr(random, "_on_devices", {})

    def put(module: Any) -> Any:
        monkeypatch.setitem(sys.modules, "cupy", module)
        return module

    yield put
    launch.kernels.clear()
    launch.kernels.update(tables)
    launch.tables_by_device.clear()
    launch.tables_by_device.update(by_device)


@pytest.fixture
def one(install: Any) -> Any:
    return install(fake_cupy(1))


@pytest.fixture
def two(install: Any) -> Any:
    return install(fake_cupy(2))


# ---- what is missing


def test_no_cupy(install: Any) -> None:
    install(None)  # an import of it raises ModuleNotFoundError
    assert not torch.cuda.is_available() and torch.cuda.device_count() == 0
    for use in (
        torch.cuda.init, torch.cuda.synchronize, torch.cuda.current_device,
        lambda: torch.zeros(2, device="cuda"), lambda: torch.zeros(2).cuda(),
        lambda: nn.Linear(1, 1).to("cuda:0"), lambda: torch.cuda.set_device(0),
        lambda: torch.cuda.device(0).__enter__(), torch.cuda.get_device_name,
        torch.cuda.get_rng_state,
    ):  # fmt: skip
        with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled") as error:
            use()
        assert "rushlight[cuda12]" in str(error.value) and "rushlight[cuda13]" in str(error.value)
    with pytest.raises(RuntimeError, match="no generator for device 'cuda'.*rushlight"):
        torch.Generator("cuda")
    # As under PyTorch, these are silent.
    torch.cuda.manual_seed(3)
    torch.cuda.manual_seed_all(3)
    torch.cuda.empty_cache()
    assert torch.cuda.memory_allocated() == 0 == torch.cuda.memory_reserved()
    assert torch.cuda.get_rng_state_all() == [] and not torch.cuda.is_initialized()


def raising(name: str) -> Any:
    def function(*args: Any) -> Any:
        raise CUDARuntimeError(f"{name}: what CUDA says")

    return function


@pytest.mark.parametrize(
    "driver, count, match",
    [
        (0, raising("cudaErrorInsufficientDriver"), "Found no NVIDIA driver on your system.*insta"),
        (11040, raising("cudaErrorInsufficientDriver"),
         r"too old \(found version 11040\): it serves CUDA 11.4, .* for 13.0; update the driver$"),
        (12040, raising("cudaErrorInsufficientDriver"),
         r"update the driver, or uninstall cupy-cuda13x and pip install 'rushlight\[cuda12\]'"),
        (13010, raising("cudaErrorNoDevice"), "No CUDA GPUs are available.*CUDA_VISIBLE_DEVICES"),
        (13010, lambda: 0, "No CUDA GPUs are available"),
        (13010, raising("cudaErrorSystemNotReady"), "CUDA error: cudaErrorSystemNotReady"),
    ],
)  # fmt: skip
def test_unusable(install: Any, driver: int, count: Any, match: str) -> None:
    module = install(fake_cupy(0, driver))
    module.cuda.runtime.getDeviceCount = count
    with pytest.raises(RuntimeError, match=match) as error:
        torch.ones(1).cuda()
    assert "\n" not in str(error.value)
    assert not torch.cuda.is_available() and not torch.cuda.is_initialized()


def test_cupy_that_does_not_load(monkeypatch: pytest.MonkeyPatch, install: Any) -> None:
    def broken(name: str) -> Any:
        raise ImportError("=====\nFailed to import CuPy.\n\nlibcudart.so: not found\n")

    monkeypatch.setattr("importlib.import_module", broken)
    with pytest.raises(RuntimeError, match=r"cannot be loaded \(libcudart.so: not found\): unins"):
        torch.cuda.init()


def test_no_compiler(one: Any) -> None:
    one.cuda.nvrtc.getVersion = raising("no libnvrtc.so.13")
    with pytest.raises(RuntimeError, match=r"does not find NVRTC.*pip install 'cupy-cuda13x\[ctk"):
        torch.cuda.init()


def test_index_out_of_range(two: Any) -> None:
    for use in (
        lambda: torch.zeros(1, device="cuda:2"), lambda: torch.zeros(1).to("cuda:2"),
        lambda: torch.zeros(1).cuda(2), lambda: torch.cuda.set_device(2),
        lambda: torch.cuda.get_device_name(2), lambda: torch.cuda.device(2).__enter__(),
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match="CUDA error: invalid device ordinal.*is cuda:1"):
            use()


def test_out_of_memory(one: Any) -> None:
    torch.cuda.init()
    assert one.allocate(10) == "10 bytes"
    one.get_default_memory_pool().full = True
    with pytest.raises(torch.cuda.OutOfMemoryError) as error:
        one.allocate(5 << 30)
    assert isinstance(error.value, RuntimeError)
    assert str(error.value).startswith(
        "CUDA out of memory. Tried to allocate 5.00 GiB. GPU 0 has a total capacity of 80.00 GiB "
        "of which 1.00 GiB is free; tensors here take 3.00 MiB. Use a smaller batch"
    )


# ---- what is there


def test_what_there_is(two: Any) -> None:
    assert torch.cuda.is_available() and torch.cuda.device_count() == 2
    assert not torch.cuda.is_initialized()
    assert torch.cuda.current_device() == 0 and torch.cuda.is_initialized()
    assert torch.cuda.get_device_name() == "Fake 0"
    assert torch.cuda.get_device_name("cuda:1") == "Fake 1"
    assert torch.cuda.get_device_capability() == (9, 0)
    assert torch.cuda.get_device_properties(1).total_memory == 80 << 30
    assert torch.cuda.memory_allocated() == 3 << 20
    assert torch.cuda.memory_reserved(torch.device("cuda", 1)) == 4 << 20
    assert torch.cuda.mem_get_info() == (1 << 30, 80 << 30)
    torch.cuda.empty_cache()
    assert two.get_default_memory_pool().freed == 1
    torch.cuda.synchronize()
    torch.cuda.synchronize(1)
    assert two.synchronized == [0, 1]
    with pytest.raises(ValueError, match="Expected a cuda device, but got: cpu"):
        torch.cuda.get_device_name("cpu")


def test_current_device(two: Any) -> None:
    assert torch.zeros(1, device="cuda").device == torch.device("cuda", 0)
    with torch.cuda.device(1):
        assert torch.zeros(1).cuda().device.index == torch.cuda.current_device() == 1
        assert torch.zeros(1, device="cuda:0").cuda().device.index == 1
        with torch.cuda.device(None), torch.cuda.device(-1):
            assert torch.cuda.current_device() == 1
    assert torch.cuda.current_device() == 0
    torch.cuda.set_device("cuda:1")
    assert torch.zeros(1, device="cuda").device.index == 1
    torch.cuda.set_device(0)


def test_tensors(one: Any) -> None:
    x = torch.tensor([1.0, 2.0]).cuda(non_blocking=True)
    assert x.is_cuda and x.get_device() == 0 and x.type() == "torch.cuda.FloatTensor"
    assert repr(x) == "tensor([1., 2.], device='cuda:0')"
    assert x.to("cuda", non_blocking=True) is x is x.cuda() and x.cpu().device.type == "cpu"
    copied = x.to("cuda", copy=True)
    assert copied is not x and copied.data_ptr() != x.data_ptr()
    assert torch.zeros(2).pin_memory().cuda().device == x.device
    with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
        x.numpy()
    with pytest.raises(RuntimeError, match="at least two devices, cuda:0 and cpu!"):
        x + torch.ones(2)
    assert (x + torch.tensor(1.0)).tolist() == [2.0, 3.0]
    assert (torch.tensor(1.0, dtype=torch.float64) - x).tolist() == [0.0, -1.0]
    assert isinstance(launch.kernels[one.ndarray], CUDA)


def test_lenet_trains(two: Any) -> None:
    model = LeNet().cuda(1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    images, labels = torch.randn(8, 1, 28, 28).to("cuda:1"), torch.arange(8).to("cuda:1")
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert loss.device == torch.device("cuda", 1)
    assert losses[-1] < losses[0]


# ---- random streams


def test_seeds(two: Any) -> None:
    torch.manual_seed(5)
    first = [torch.rand(3, device=f"cuda:{i}").tolist() for i in range(2)]
    assert first[0] == first[1]  # as under PyTorch, every device starts the seed's stream
    torch.cuda.manual_seed(5)
    assert torch.rand(3, device="cuda").tolist() == first[0]
    assert torch.rand(3, device="cuda:1").tolist() != first[1]
    torch.cuda.manual_seed_all(5)
    assert [torch.rand(3, device=f"cuda:{i}").tolist() for i in range(2)] == first
    assert torch.cuda.initial_seed() == 5
    generator = torch.Generator(device="cuda:1").manual_seed(5)
    assert torch.rand(3, device="cuda:1", generator=generator).tolist() == first[1]
    with pytest.raises(RuntimeError, match="Expected a 'cuda:0' device type for generator but fou"):
        torch.rand(3, device="cuda:0", generator=generator)
    torch.cuda.seed_all()
    assert torch.cuda.initial_seed() != 5


def test_states(two: Any) -> None:
    torch.rand(5, device="cuda")
    states = torch.cuda.get_rng_state_all()
    one_state = torch.cuda.get_rng_state()
    assert one_state.dtype is torch.uint8 and one_state.device.type == "cpu"
    expected = torch.rand(3, device="cuda").tolist()
    torch.cuda.set_rng_state(one_state)
    assert torch.rand(3, device="cuda").tolist() == expected
    torch.cuda.set_rng_state_all(states)
    with torch.random.fork_rng():
        assert torch.rand(3, device="cuda").tolist() == expected
    assert torch.rand(3, device="cuda").tolist() == expected
    with pytest.raises(RuntimeError, match="expected 16 bytes"):
        torch.cuda.set_rng_state(torch.zeros(3, dtype=torch.uint8))


# ---- where CuPy differs from NumPy


@pytest.mark.parametrize("dtype", ["float32", "int64", "int8", "uint8", "complex64", "int32"])
def test_additions_at_repeated_indices(one: Any, dtype: str) -> None:
    torch.cuda.init()
    table = devices.find_table(torch.device("cuda", 0))
    x = one.asarray(np.array([1, 2, 3], dtype))
    index = one.asarray(np.array([0, 0, 2]))
    table.add_at(x, index, one.asarray(np.array([10, 20, -3]).astype(dtype)))
    expected = np.array([1, 2, 3], dtype)
    np.add.at(expected, [0, 0, 2], np.array([10, 20, -3]).astype(dtype))
    assert (x.get() == expected).all()


def test_an_expanded_gradient_is_not_kept_as_a_leafs(one: Any) -> None:
    x = torch.ones(3, device="cuda", requires_grad=True)
    x.sum().backward()
    x.grad.add_(torch.arange(3.0, device="cuda"))
    assert x.grad.tolist() == [1.0, 2.0, 3.0]


# ---- streams, events, and the most memory


def test_streams(one: Any) -> None:
    stream = torch.cuda.Stream()
    assert torch.cuda.current_stream() == torch.cuda.default_stream() != stream
    with torch.cuda.stream(stream):
        assert torch.cuda.current_stream() == stream
        event = torch.cuda.current_stream().record_event()
    with torch.cuda.stream(None):
        assert torch.cuda.current_stream() == torch.cuda.default_stream()
    torch.cuda.default_stream().wait_stream(stream)
    assert isinstance(FakeStream.null.told[-1], FakeEvent)
    event.wait(stream)
    assert stream.query() and stream._stream.told == [event._event]
    stream.synchronize()
    assert stream._stream.told[-1] == "synchronize"
    assert "device=cuda:0" in repr(stream) and len({stream, torch.cuda.default_stream()}) == 2
    torch.cuda.set_stream(None)
    torch.accelerator.set_stream(stream)
    assert torch.accelerator.current_stream() == stream
    FakeStream.current.clear()
    with pytest.raises(TypeError, match="expected a torch.cuda.Stream, got NoneType"):
        torch.accelerator.set_stream(None)  # type: ignore[arg-type]


def test_events(one: Any) -> None:
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    assert start.query()
    with pytest.raises(ValueError, match="must be recorded before"):
        start.elapsed_time(end)
    start.record()
    end.record(torch.cuda.Stream())
    end.synchronize()
    assert start.elapsed_time(end) == 1.5 and end.query()
    assert start._event.options == (False, False)
    with pytest.raises(ValueError, match="enable_timing=True"):
        start.elapsed_time(torch.cuda.Event())


def test_the_most_memory(one: Any) -> None:
    torch.cuda.init()
    pool = one.get_default_memory_pool()
    assert torch.cuda.max_memory_allocated() == torch.accelerator.max_memory_allocated() == 4 << 20
    nested = torch.cuda.memory_stats_as_nested_dict()
    assert nested["allocated_bytes"]["all"] == {"current": 3 << 20, "peak": 4 << 20}
    assert "allocated_bytes.all.peak: 4,194,304" in torch.cuda.memory_summary()
    torch.accelerator.reset_peak_memory_stats()
    assert pool.freed == 1
    torch.cuda.set_per_process_memory_fraction(0.5)
    assert pool.limit == 0.5
    with pytest.raises(ValueError, match="Allowed range: 0~1"):
        torch.cuda.set_per_process_memory_fraction(1.5)


def test_what_a_gpu_can(two: Any) -> None:
    assert torch.cuda.is_bf16_supported() and torch.cuda.is_tf32_supported()
    assert torch.cuda.get_arch_list() == ["sm_90"]
    assert torch.accelerator.is_available() and torch.accelerator.device_count() == 2
    assert torch.accelerator.current_accelerator() == torch.device("cuda")
    with torch.accelerator.device_index(1):
        assert torch.accelerator.current_device_index() == 1
        with torch.cuda.device_of(torch.zeros(1, device="cuda:0")):
            assert torch.cuda.current_device() == 0
        with torch.cuda.device_of(torch.zeros(1)):
            assert torch.cuda.current_device() == 1
    assert torch.get_device_module() is torch.get_device_module("cuda") is torch.cuda
    made = torch.cuda.FloatTensor([1.0])
    assert made.is_cuda and isinstance(made, torch.cuda.FloatTensor)
    assert not isinstance(made, torch.FloatTensor)
