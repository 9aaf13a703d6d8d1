"""Checkpoints exchanged with PyTorch, in both directions. Collected where PyTorch is installed."""

import argparse
import collections
import io
import pathlib
from typing import NamedTuple

import numpy as np
import pytest

import rushlight
from rushlight.serialization import CheckpointError

torch = pytest.importorskip("torch")

DTYPES = [
    "float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool",
    "bfloat16", "complex64", "complex128", "uint16", "uint32", "uint64",
]  # fmt: skip


def exchange(source, target, obj, **how):
    """What `target` loads of what `source` saved."""
    file = io.BytesIO()
    source.save(obj, file, **how)
    file.seek(0)
    return target.load(file, weights_only=True)


def content(t):
    """The same object, of either library's tensors."""
    base = t.arange(24.0).reshape(2, 3, 4)
    weight = t.nn.Parameter(t.ones(3))
    state = collections.OrderedDict(a=base, b=base[1])
    state._metadata = collections.OrderedDict(version=1)
    return {
        "dtypes": [t.tensor([0, 1, 2]).to(getattr(t, name)) for name in DTYPES],
        "views": [base, base.permute(2, 0, 1), base[1, ::2, 1:], base[1:1],
                  base[:, :1].expand(2, 5, 4)],
        "channels_last": t.zeros(2, 3, 4, 5).contiguous(memory_format=t.channels_last),
        "scalar": t.tensor(1.5),
        "empty": t.zeros(0, 3),
        "parameters": [weight, weight, t.nn.Parameter(t.ones(2), requires_grad=False)],
        "leaf": t.ones(2, requires_grad=True),
        "state": state,
        "size": t.Size([2, 3]),
        "dtype": t.float16,
        "device": [t.device("cpu"), t.device("cuda", 1)],
        "values": [None, True, False, 0, -1, 255, 2**16, 2**31, -(2**63), 2**90, 1.5, "é", b"",
                   b"\xff", bytearray(b"a"), (1, (2, ())), {1, 2}, {2: {"a": []}}, 1j,
                   collections.Counter("a")],
    }  # fmt: skip


def check(loaded, original):
    """Compares values, types by name, strides, requires_grad; `original` is the other library's."""
    if hasattr(original, "stride"):
        assert type(loaded).__name__ == type(original).__name__
        assert str(loaded.dtype) == str(original.dtype)
        assert tuple(loaded.shape) == tuple(original.shape)
        assert tuple(loaded.stride()) == tuple(original.stride())
        assert loaded.requires_grad == original.requires_grad
        assert loaded.storage_offset() == original.storage_offset()
        if "bfloat16" in str(original.dtype):
            loaded, original = loaded.float(), original.float()
        assert np.array_equal(loaded.detach().numpy(), original.detach().numpy())
    elif isinstance(original, dict):
        assert type(loaded).__name__ == type(original).__name__ and list(loaded) == list(original)
        for key in original:
            check(loaded[key], original[key])
    elif isinstance(original, (list, tuple)):
        assert type(loaded).__name__ == type(original).__name__ and len(loaded) == len(original)
        for a, b in zip(loaded, original, strict=True):
            check(a, b)
    else:
        assert type(loaded).__name__ == type(original).__name__ and str(loaded) == str(original)


WAYS = [
    (rushlight, torch, {}),
    (torch, rushlight, {}),
    (torch, rushlight, {"pickle_protocol": 3}),
    (torch, rushlight, {"pickle_protocol": 5}),
    (torch, rushlight, {"_use_new_zipfile_serialization": False}),
]


@pytest.mark.parametrize("source, target, how", WAYS)
def test_exchange(source, target, how):
    original = content(source)
    loaded = exchange(source, target, original, **how)
    check(loaded, original)
    assert loaded["state"]._metadata == original["state"]._metadata
    assert loaded["parameters"][0] is loaded["parameters"][1]
    assert loaded["views"][0].data_ptr() == loaded["state"]["a"].data_ptr()
    pointers = [t.data_ptr() - loaded["views"][0].data_ptr() for t in loaded["views"][1:3]]
    assert pointers == [0, 13 * 4]


def test_pytorch_maps_our_storages_into_memory(tmp_path):
    rushlight.save(content(rushlight), tmp_path / "x.pt")
    check(torch.load(tmp_path / "x.pt", mmap=True), content(rushlight))


def test_both_write_the_same_pickle(tmp_path):
    # Not required by any reader, but what PyTorch writes, its future versions read.
    import pickletools
    import zipfile

    def operations(library):
        weight = library.nn.Parameter(library.arange(6.0).reshape(2, 3))
        obj = {"w": weight, "s": collections.OrderedDict(t=weight.detach()[1]), "e": 3}
        library.save(obj, tmp_path / "x.pt")
        with zipfile.ZipFile(tmp_path / "x.pt") as file:
            name = next(n for n in file.namelist() if n.endswith("data.pkl"))
            memo = ("PUT", "GET")
            return [
                (operation.name, argument)
                for operation, argument, _ in pickletools.genops(file.read(name))
                if not operation.name.endswith(memo)
            ]

    assert operations(rushlight) == operations(torch)


def network(library):
    nn = library.nn
    return nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(),
        nn.Linear(32, 3),
    )  # fmt: skip


TRAININGS = {
    "sgd": (
        lambda t, p: t.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
        lambda t, o: t.optim.lr_scheduler.MultiStepLR(o, [4, 7], 0.5),
    ),
    "adam": (
        lambda t, p: t.optim.Adam(p, lr=0.01, amsgrad=True),
        lambda t, o: t.optim.lr_scheduler.OneCycleLR(o, 0.05, total_steps=30),
    ),
    "adamw": (
        lambda t, p: t.optim.AdamW(p, lr=0.01),
        lambda t, o: t.optim.lr_scheduler.SequentialLR(
            o, [t.optim.lr_scheduler.LinearLR(o), t.optim.lr_scheduler.CosineAnnealingLR(o, 20)],
            [6],
        ),
    ),
    "rmsprop": (
        lambda t, p: t.optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
        lambda t, o: t.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 3),
    ),
    "nadam": (
        lambda t, p: t.optim.NAdam(p, lr=0.01),
        lambda t, o: t.optim.lr_scheduler.LambdaLR(o, lambda epoch: 0.95**epoch),
    ),
    "adagrad": (
        lambda t, p: t.optim.Adagrad(p, lr=0.05),
        lambda t, o: t.optim.lr_scheduler.ExponentialLR(o, 0.9),
    ),
}


class Training:
    """Everything that a training has, in either library."""

    def __init__(self, library, how):
        self.library = library
        self.model = network(library)
        optimizer, schedule = TRAININGS[how]
        self.optimizer = optimizer(library, self.model.parameters())
        self.schedule = schedule(library, self.optimizer)
        self.scaler = library.amp.GradScaler("cpu", init_scale=256.0, growth_interval=4)
        self.generator = library.Generator()

    def step(self):
        t = self.library
        x = t.randn(4, 1, 6, 6, generator=self.generator)
        self.optimizer.zero_grad()
        loss = t.nn.functional.cross_entropy(self.model(x), t.randint(3, (4,)))
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.schedule.step()
        return loss.item()

    def state(self):
        parts = "model", "optimizer", "schedule", "scaler"
        return {
            **{part: getattr(self, part).state_dict() for part in parts},
            "random": self.library.get_rng_state(), "generator": self.generator.get_state(),
        }  # fmt: skip

    def load(self, state):
        for part in "model", "optimizer", "schedule", "scaler":
            getattr(self, part).load_state_dict(state[part])
        self.library.set_rng_state(state["random"])
        self.generator.set_state(state["generator"])


@pytest.mark.parametrize("how", TRAININGS)
@pytest.mark.parametrize("source, target", [(rushlight, torch), (torch, rushlight)])
def test_trainings_go_on_in_the_other_library(source, target, how):
    source.manual_seed(0)
    training, other = Training(source, how), Training(target, how)
    for _ in range(5):
        training.step()
    other.load(exchange(source, target, training.state()))
    for _ in range(10):
        assert other.step() == pytest.approx(training.step(), rel=1e-5)
    check(other.schedule.state_dict()["_last_lr"], training.schedule.state_dict()["_last_lr"])
    assert other.scaler.get_scale() == training.scaler.get_scale() > 256


class Point(NamedTuple):
    x: int
    y: float


@pytest.mark.parametrize("source, target", [(rushlight, torch), (torch, rushlight)])
def test_what_else_checkpoints_hold(source, target):
    original = {
        "numpy": [np.float32(1.5), np.int64(2), np.bool_(True), np.arange(6.0).reshape(2, 3)],
        "point": Point(1, 2.0), "settings": argparse.Namespace(a=1, b=[2]),
        "lists": collections.defaultdict(list, a=[1]),
        "orders": collections.defaultdict(collections.OrderedDict), "path": pathlib.Path("a/b"),
    }  # fmt: skip
    file = io.BytesIO()
    source.save(original, file)
    file.seek(0)
    loaded = target.load(file, weights_only=False)
    check(loaded, original)
    assert loaded["lists"].default_factory is list


def tensors_of_vision(source, tv):
    tagged, weight = source.ones(2), source.nn.Parameter(source.ones(2))
    tagged.note, weight.note = "a tensor", "a parameter"
    return [
        tv.Image(source.ones(1, 2, 2)), tv.Mask(source.zeros(1, 2)),
        tv.Video(source.ones(1, 1, 2, 2), requires_grad=True),
        tv.KeyPoints(source.ones(1, 2), canvas_size=(3, 4)),
        tv.BoundingBoxes(source.ones(1, 4), format="XYWH", canvas_size=(3, 4)),
        tagged, weight, source.nn.Buffer(source.ones(2)),
    ]  # fmt: skip


@pytest.mark.parametrize("source, target", [(rushlight, torch), (torch, rushlight)])
def test_tensors_of_vision_and_those_with_attributes(source, target):
    import torchvision_oracle

    torchvision_oracle.load()
    from torchvision import tv_tensors as theirs

    from rushlight.vision import tv_tensors as ours

    modules = {rushlight: ours, torch: theirs}
    originals = tensors_of_vision(source, modules[source])
    file = io.BytesIO()
    source.save(originals, file)
    file.seek(0)
    loaded = target.load(file, weights_only=False)
    expected = tensors_of_vision(target, modules[target])
    assert [repr(x) for x in loaded[:-1]] == [repr(x) for x in expected[:-1]]
    assert [x.note for x in loaded[5:7]] == ["a tensor", "a parameter"]
    assert isinstance(loaded[-1], target.nn.Buffer)


def test_whole_modules_and_other_dtypes_are_refused_by_name():
    file = io.BytesIO()
    torch.save(torch.nn.Linear(1, 1), file)
    file.seek(0)
    with pytest.raises(CheckpointError, match="torch.nn.modules.linear.Lin"):
        rushlight.load(file, weights_only=False)
    for dtype in (torch.complex32, torch.float8_e5m2):
        with pytest.raises(CheckpointError, match="type that is not suppor"):
            exchange(torch, rushlight, torch.ones(1).to(dtype))
