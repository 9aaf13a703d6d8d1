"""Modules, optimizers and checkpoints on the device "meta"."""

from __future__ import annotations

import copy
import inspect
import io
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.serialization import CheckpointError
from rushlight.serialization.rebuild import named

LAYERS: dict[str, tuple[Any, ...]] = {
    "BatchNorm1d": (3,), "BatchNorm2d": (3,), "BatchNorm3d": (3,), "Bilinear": (2, 3, 4),
    "Conv1d": (2, 3, 3), "Conv2d": (2, 3, 3), "Conv3d": (2, 3, 3), "ConvTranspose1d": (2, 3, 3),
    "ConvTranspose2d": (2, 3, 3), "ConvTranspose3d": (2, 3, 3), "Embedding": (5, 3),
    "EmbeddingBag": (5, 3), "GRU": (2, 3), "GRUCell": (2, 3), "GroupNorm": (3, 6),
    "InstanceNorm1d": (3, 1e-5, 0.1, True, True), "InstanceNorm2d": (3, 1e-5, 0.1, True, True),
    "InstanceNorm3d": (3, 1e-5, 0.1, True, True), "LSTM": (2, 3), "LSTMCell": (2, 3),
    "LayerNorm": ([3, 4],), "Linear": (2, 3), "MultiheadAttention": (4, 2), "PReLU": (3,),
    "RMSNorm": ([3, 4],), "RNN": (2, 3), "RNNBase": ("GRU", 2, 3), "RNNCell": (2, 3),
    "RNNCellBase": (2, 3, True, 4), "SyncBatchNorm": (3,),
    "Transformer": (4, 2, 1, 1, 8), "TransformerDecoderLayer": (4, 2, 8),
    "TransformerEncoderLayer": (4, 2, 8), "AdaptiveLogSoftmaxWithLoss": (4, 10, [5]),
    "LinearCrossEntropyLoss": (4, 5),
}  # fmt: skip


def layers() -> list[str]:
    """The classes of layers that are made on a device, with parameters of a known size."""
    found = []
    for name in dir(nn):
        value = getattr(nn, name)
        if inspect.isclass(value) and issubclass(value, nn.Module):
            if "device" in inspect.signature(value).parameters and not name.startswith("Lazy"):
                found.append(name)
    return found


@pytest.mark.parametrize("name", layers())
def test_layers(name: str) -> None:
    """They are made there, have memory afterwards, and take values from elsewhere."""
    kind = getattr(nn, name)
    here, there = kind(*LAYERS[name]), kind(*LAYERS[name], device="meta")
    state = there.state_dict()
    assert list(state) == list(here.state_dict()) and all(t.is_meta for t in state.values())
    for key, tensor in here.state_dict().items():
        assert (tensor.shape, tensor.dtype) == (state[key].shape, state[key].dtype)
    assert there.to_empty(device="cpu") is there
    there.load_state_dict(here.state_dict())
    for key, tensor in there.state_dict().items():
        assert torch.equal(tensor, here.state_dict()[key])
    assert all(t.is_meta for t in here.to("meta").state_dict().values())


INITIALISERS: list[Callable[[Any], Any]] = [
    lambda x: nn.init.uniform_(x), lambda x: nn.init.normal_(x), lambda x: nn.init.ones_(x),
    lambda x: nn.init.zeros_(x), lambda x: nn.init.constant_(x, 3.0), lambda x: nn.init.eye_(x),
    lambda x: nn.init.trunc_normal_(x), lambda x: nn.init.xavier_uniform_(x),
    lambda x: nn.init.xavier_normal_(x), lambda x: nn.init.kaiming_uniform_(x),
    lambda x: nn.init.kaiming_normal_(x), lambda x: nn.init.orthogonal_(x),
    lambda x: nn.init.sparse_(x, 0.5), lambda x: nn.init.dirac_(x.unsqueeze(2)).squeeze(2),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(INITIALISERS)))
def test_initialisers(number: int) -> None:
    before = torch.get_rng_state()
    x = torch.empty(5, 3, device="meta")
    made = INITIALISERS[number](x)
    assert made.is_meta and made.shape == x.shape
    if number not in (12,):  # sparse_ draws its permutations on the CPU
        assert torch.equal(torch.get_rng_state(), before)


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(),
        nn.Flatten(), nn.Linear(72, 10),
    )  # fmt: skip


def test_moving_a_module() -> None:
    net = network()
    weight = net[0].weight
    assert net.to("meta") is net and net[0].weight is weight and weight.is_meta
    advice = r"Cannot copy out of meta tensor; no data! Please use torch.nn.Module.to_empty\(\)"
    with pytest.raises(NotImplementedError, match=advice):
        net.to("cpu")
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor; no data!"):
        net.cpu()
    assert net.double()[0].weight.dtype is torch.float64 and net[0].weight.is_meta
    assert repr(net) == repr(network()) and copy.deepcopy(net)[0].weight.is_meta
    assert net.to_empty(device="cpu")[0].weight.shape == (8, 3, 3, 3)


def test_to_empty_keeps_the_order_of_memory() -> None:
    layer = nn.Conv2d(3, 8, 3).to(memory_format=torch.channels_last).to("meta")
    assert layer.weight.is_contiguous(memory_format=torch.channels_last)
    layer.to_empty(device="cpu")
    assert layer.weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW"])
def test_training(kind: str) -> None:
    net = network().to("meta")
    optimizer = getattr(torch.optim, kind)(
        net.parameters(), lr=0.1, weight_decay=0.1, **({"momentum": 0.9} if kind == "SGD" else {})
    )
    images = torch.empty(2, 3, 8, 8, device="meta")
    targets = torch.empty(2, dtype=torch.int64, device="meta")
    for _ in range(2):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(images), targets)
        loss.backward()
        assert nn.utils.clip_grad_norm_(net.parameters(), 1.0).is_meta
        optimizer.step()
    assert loss.is_meta and loss.shape == ()
    assert all(p.grad.is_meta and p.grad.shape == p.shape for p in net.parameters())
    state = optimizer.state[net[0].weight]
    assert all(v.is_meta for k, v in state.items() if k != "step")
    assert kind == "SGD" or state["step"] == 2.0
    assert optimizer.state_dict()["state"]


def test_a_large_model_takes_no_memory() -> None:
    tracemalloc.start()
    try:
        net = nn.Sequential(*[nn.Linear(100_000, 100_000, device="meta") for _ in range(10)])
        net(torch.empty(1000, 100_000, device="meta")).sum().backward()
        assert sum(p.numel() for p in net.parameters()) == 100_001_000_000
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.filterwarnings("ignore:for bias")
def test_loading_a_state() -> None:
    here, there = nn.Linear(2, 3), nn.Linear(2, 3, device="meta")
    with pytest.warns(UserWarning, match="weight: copying from a non-meta parameter.*assign=True"):
        there.load_state_dict(here.state_dict())
    assert there.weight.is_meta
    there.weight.requires_grad_(False)
    there.load_state_dict(here.state_dict(), assign=True)
    assert isinstance(there.weight, nn.Parameter) and torch.equal(there.weight, here.weight)
    assert not there.weight.requires_grad and there.bias.requires_grad
    with pytest.raises(RuntimeError, match="Cannot copy out of meta tensor; no data!"):
        here.load_state_dict(nn.Linear(2, 3, device="meta").state_dict())


def test_checkpoints() -> None:
    net = nn.Linear(2, 3)
    file = io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    state = torch.load(file, map_location="meta")
    assert [(k, v.shape, v.is_meta) for k, v in state.items()] == [
        ("weight", (3, 2), True), ("bias", (3,), True)
    ]  # fmt: skip
    x = torch.empty(3, 4, dtype=torch.float64, device="meta").t()
    file = io.BytesIO()
    torch.save({"x": x, "p": nn.Parameter(x), "large": torch.empty(10**12, device="meta")}, file)
    assert file.tell() < 10_000
    file.seek(0)
    found = torch.load(file)
    assert found["x"].stride() == (1, 4) and found["x"].is_meta and found["x"].dtype is x.dtype
    assert isinstance(found["p"], nn.Parameter) and found["large"].shape == (10**12,)


def test_crafted_checkpoints() -> None:
    make = named["torch._utils", "_rebuild_meta_tensor_no_storage"].call
    assert make(torch.float32, (10**9, 10**9), (10**9, 1), False).is_meta
    for arguments in (
        (torch.float32, (2**62, 2**62), (1, 1), False), (torch.float32, (2,), (2**62,), False),
        (torch.float32, (2,), (1, 2), False), (torch.float32, (-2,), (1,), False),
        (torch.int64, (2,), (1,), True), (torch.float32, (2,), (1,), 1), ("float32", (2,), (1,), 0),
        (torch.float32, (1,) * 65, (1,) * 65, False), (torch.float32, 2, 1, False),
    ):  # fmt: skip
        with pytest.raises(CheckpointError):
            make(*arguments)


def test_skip_init() -> None:
    before = torch.get_rng_state()
    layer = nn.utils.skip_init(nn.Linear, 2, 3, bias=False)
    assert layer.weight.shape == (3, 2) and layer.bias is None
    assert layer.weight.device.type == "cpu" and torch.equal(torch.get_rng_state(), before)
    assert nn.utils.skip_init(nn.Linear, 2, 3, device="meta").weight.is_meta
    with pytest.raises(RuntimeError, match="Module must support a 'device' arg to skip"):
        nn.utils.skip_init(nn.ReLU)
    with pytest.raises(RuntimeError, match="Expected a Module; got"):
        nn.utils.skip_init(int)  # type: ignore[type-var]  # what is refused


def test_functional_transforms() -> None:
    x = torch.empty(3, 4, 4, device="meta")
    assert torch.func.vmap(lambda m: m @ m)(x).shape == x.shape
    assert torch.func.grad(lambda m: (m @ m).sum())(x[0]).is_meta
    assert torch.func.jacrev(torch.sin)(x[0, 0]).shape == (4, 4)


def test_compiled_functions() -> None:
    function = torch.compile(lambda x: (x * 2).sum(0))
    for _ in range(3):
        assert function(torch.empty(3, 4, device="meta")).shape == (4,)
