"""Checkpoints exchanged with PyTorch, in both directions. Collected where PyTorch is installed."""

import collections
import io

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


@pytest.mark.parametrize("source, target", [(rushlight, torch), (torch, rushlight)])
def test_model_and_optimizer_continue_in_the_other_library(source, target):
    def make(library):
        model = library.nn.Sequential(
            library.nn.Conv2d(1, 2, 3), library.nn.BatchNorm2d(2), library.nn.ReLU(),
            library.nn.Flatten(), library.nn.Linear(32, 3),
        )  # fmt: skip
        return model, library.optim.Adam(model.parameters(), lr=0.01)

    def step(library, model, optimizer):
        optimizer.zero_grad()
        x = library.rand(4, 1, 6, 6)
        loss = library.nn.functional.cross_entropy(model(x), library.randint(3, (4,)))
        loss.backward()
        optimizer.step()
        return loss.item()

    source.manual_seed(0)
    model, optimizer = make(source)
    step(source, model, optimizer)
    state = [model.state_dict(), optimizer.state_dict(), source.get_rng_state()]
    state = exchange(source, target, state)
    other, other_optimizer = make(target)
    other.load_state_dict(state[0])
    other_optimizer.load_state_dict(state[1])
    target.set_rng_state(state[2])
    for _ in range(3):
        loss = step(source, model, optimizer)
        assert step(target, other, other_optimizer) == pytest.approx(loss, rel=1e-4)


def test_whole_modules_and_other_dtypes_are_refused_by_name():
    file = io.BytesIO()
    torch.save(torch.nn.Linear(1, 1), file)
    file.seek(0)
    with pytest.raises(CheckpointError, match="torch.nn.modules.linear.Lin"):
        rushlight.load(file, weights_only=False)
    for dtype in (torch.complex32, torch.float8_e5m2):
        with pytest.raises(CheckpointError, match="type that is not suppor"):
            exchange(torch, rushlight, torch.ones(1).to(dtype))
