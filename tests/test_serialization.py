"""Checkpoints: what is written and read, what is refused, and what a failure leaves behind.

`data/pytorch.pt` and `data/pytorch_legacy.pt` were written by PyTorch 2.13, the same object in the
zip format and in the one before 1.6 (test_file_of_pytorch says what is in them).
"""

import collections
import io
import os
import pickle
import signal
import stat
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight.serialization import CheckpointError, archive
from rushlight.serialization.pickler import pickled

DATA = Path(__file__).parent / "data"
DTYPES = [
    torch.float32, torch.float64, torch.float16, torch.int64, torch.int32, torch.int16, torch.int8,
    torch.uint8, torch.bool, torch.complex64, torch.complex128, torch.uint16, torch.uint32,
    torch.uint64,
]  # fmt: skip


def saved(obj):
    file = io.BytesIO()
    torch.save(obj, file)
    return file.getvalue()


def round_trip(obj):
    return torch.load(io.BytesIO(saved(obj)))


def checkpoint(content, *storages):
    """A checkpoint whose pickle is `content`."""
    file = io.BytesIO()
    archive.write_archive(file, content, [np.asarray(s) for s in storages])
    return file.getvalue()


def assert_same(a, b):
    assert a.dtype == b.dtype and a.shape == b.shape and a.stride() == b.stride()
    assert a.requires_grad == b.requires_grad and type(a) is type(b)
    assert (a.array == b.array).all()


# ---- what comes back


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype(dtype):
    tensor = torch.tensor([0, 1, 2]).to(dtype)
    assert_same(round_trip(tensor), tensor)


def test_plain_values_keep_their_types():
    values = [
        None, True, -5, 2**40, -(2**70), 0.1, float("inf"), 1 + 2j, "text é", b"", b"\0\xff",
        bytearray(b"b"), (), (1, (2,)), [], {}, {1, 2}, {3: "x", (1, 2): None},
        collections.OrderedDict(b=1, a=2), collections.Counter("aab"), torch.Size([1, 2]),
        torch.float16, torch.uint16, torch.bool, torch.device("cpu"), torch.device("cuda", 1),
    ]  # fmt: skip
    loaded = round_trip(values)
    assert loaded == values
    assert [type(v) for v in loaded] == [type(v) for v in values]
    assert loaded[-3] is torch.bool


def test_objects_that_refer_to_each_other():
    inner = [1]
    outer = {"a": inner, "b": inner}
    outer["itself"] = outer
    loaded = round_trip(outer)
    assert loaded["a"] is loaded["b"] and loaded["itself"] is loaded


@pytest.mark.parametrize(
    "make",
    [
        lambda base: base,
        lambda base: base.transpose(0, 2),
        lambda base: base[1, ::2],
        lambda base: base[1:1],
        lambda base: base.flatten()[24:],
        lambda base: base[1, 2, 3],
        lambda base: base[:, :1].expand(2, 5, 4),
        lambda base: torch.zeros(0, 3),
        lambda base: torch.tensor(1.5),
        lambda base: torch.zeros(2, 3, 4, 5).contiguous(memory_format=torch.channels_last),
    ],
)
def test_shapes_and_memory_order(make):
    tensor = make(torch.arange(24.0).reshape(2, 3, 4))
    loaded = round_trip(tensor)
    assert_same(loaded, tensor)
    assert loaded.array.flags.writeable


def test_array_that_pytorch_could_not_describe_is_written_as_a_copy():
    array = np.arange(6.0)
    fields = np.zeros(3, [("a", "f4"), ("b", "i8")])["a"]  # 12 bytes from one float to the next
    backwards, unaligned = round_trip([torch.Tensor(array[::-1]), torch.tensor(fields)])
    assert backwards.tolist() == [5, 4, 3, 2, 1, 0] and unaligned.tolist() == [0, 0, 0]


def test_shared_memory_is_written_once_and_shared_again():
    base = torch.zeros(1000)
    content = saved([base, base[10:20], base.reshape(10, 100).t()])
    assert len(content) < 4000 + 3000
    loaded = torch.load(io.BytesIO(content))
    loaded[0][:] = 7
    assert loaded[1].tolist() == [7] * 10 and (loaded[2] == 7).all()
    again = round_trip(loaded)
    again[2].array[...] = 9
    assert (again[0] == 9).all()


def test_parameters_keep_their_identity_and_whether_they_train():
    weight = torch.nn.Parameter(torch.ones(2))
    frozen = torch.nn.Parameter(torch.ones(2), requires_grad=False)
    loaded = round_trip({"weight": weight, "tied": weight, "frozen": frozen, "data": weight.data})
    assert_same(loaded["weight"], weight)
    assert_same(loaded["frozen"], frozen)
    assert loaded["weight"] is loaded["tied"] and loaded["weight"].is_leaf
    loaded["data"].array[...] = 5
    assert loaded["weight"].tolist() == [5, 5]
    result = weight * 2
    assert round_trip(result).requires_grad and round_trip(result).is_leaf


def test_model_and_optimizer_continue_where_they_were():
    def step(model, optimizer):
        optimizer.zero_grad()
        model(torch.ones(4, 3)).square().mean().backward()
        optimizer.step()

    def make():
        model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
        return model, torch.optim.Adam(model.parameters(), lr=0.1)

    model, optimizer = make()
    step(model, optimizer)
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(),
             "random": torch.get_rng_state()}  # fmt: skip
    content = saved(state)
    step(model, optimizer)
    other, other_optimizer = make()
    loaded = torch.load(io.BytesIO(content))
    assert loaded["model"]._metadata == model.state_dict()._metadata
    other.load_state_dict(loaded["model"])
    other_optimizer.load_state_dict(loaded["optimizer"])
    step(other, other_optimizer)
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        assert_same(a, b)
    assert torch.equal(loaded["random"], state["random"])


@pytest.mark.parametrize("name", ["pytorch.pt", "pytorch_legacy.pt"])
def test_file_of_pytorch(name):
    loaded = torch.load(DATA / name)
    assert [t.dtype for t in loaded["dtypes"]] == DTYPES
    assert all(t.tolist() == torch.tensor([0, 1, 2]).to(t.dtype).tolist() for t in loaded["dtypes"])
    assert loaded["shared"].tolist() == torch.arange(12.0).reshape(3, 4).tolist()
    loaded["shared"].array[1, 2] = -1
    assert loaded["row"].tolist() == [4, 5, -1, 7] and loaded["column"].tolist() == [2, -1, 10]
    assert loaded["transposed"].stride() == (1, 4) and loaded["transposed"][2, 1].item() == -1
    assert loaded["channels_last"].stride() == (24, 1, 8, 2)
    assert loaded["channels_last"].tolist() == torch.arange(24.0).reshape(1, 2, 3, 4).tolist()
    assert loaded["expanded"].stride() == (0, 0) and loaded["expanded"].tolist() == [[1, 1]] * 3
    assert loaded["scalar"].item() == 2.5 and loaded["empty"].shape == (0, 3)
    assert type(loaded["parameter"]) is torch.nn.Parameter and loaded["parameter"].requires_grad
    assert loaded["parameter"] is loaded["tied"] and loaded["parameter"].tolist() == [1, 2]
    assert loaded["tagged"].group == "head" and type(loaded["tagged"]) is torch.nn.Parameter
    assert loaded["plain"].note == "kept" and type(loaded["plain"]) is torch.Tensor
    assert loaded["leaf"].requires_grad and not loaded["shared"].requires_grad
    assert loaded["conjugate"].tolist() == [1 - 2j] and loaded["imaginary"].tolist() == [-2]
    assert loaded["size"] == torch.Size([1, 2]) and loaded["dtype"] is torch.float16
    assert loaded["device"] == torch.device("cuda", 1)
    assert loaded["values"] == [
        None, True, -5, 2**40, 2**70, 0.1, "text é", b"\x00\xff", bytearray(b"b"), 1 + 2j,
        (1, (2,)), {1, 2}, {3: "x"}, collections.Counter("aab"),
    ]  # fmt: skip
    half, three, rows, columns = loaded["numpy"]
    assert (half, type(half), three, type(three)) == (0.5, np.float64, 3, np.int64)
    assert rows.dtype == np.float32 and rows.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert columns.dtype == np.int64 and columns.tolist() == [[0, 3], [1, 4], [2, 5]]
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Linear(3, 2)
    )
    model.load_state_dict(loaded["model"])
    optimizer = torch.optim.Adam(model.parameters())
    optimizer.load_state_dict(loaded["optimizer"])
    assert optimizer.param_groups[0]["lr"] == 0.01
    assert optimizer.state_dict()["state"][0]["step"].item() == 1


# ---- the file


def test_layout_is_that_of_pytorch():
    content = saved({"a": torch.ones(3), "b": torch.zeros(5, dtype=torch.int64)})
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        assert file.namelist() == [
            "archive/data.pkl", "archive/.format_version", "archive/.storage_alignment",
            "archive/byteorder", "archive/data/0", "archive/data/1", "archive/version",
            "archive/.data/serialization_id",
        ]  # fmt: skip
        assert file.read("archive/version") == b"3\n"
        assert file.read("archive/byteorder").decode() == sys.byteorder
        assert file.read("archive/data/0") == np.ones(3, np.float32).tobytes()
        assert len(file.read("archive/.data/serialization_id")) == 40
        for record in file.infolist():
            assert record.compress_type == zipfile.ZIP_STORED
            name, extra = content[record.header_offset :][26:30:2]
            assert (record.header_offset + 30 + name + extra) % 64 == 0
    assert saved({"a": torch.ones(3)}) == saved({"a": torch.ones(3)})


def test_files_beyond_4_gigabytes_use_the_64_bit_fields(monkeypatch):
    obj = [torch.arange(10), torch.arange(1000), torch.arange(3)]
    monkeypatch.setattr(archive, "ZIP64_FROM", 2000)
    content = saved(obj)
    assert b"PK\6\6" in content
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
    for a, b in zip(torch.load(io.BytesIO(content)), obj, strict=True):
        assert_same(a, b)


def test_big_endian_file():
    content, _ = pickled([torch.tensor([1, 2]), torch.tensor([1 + 2j])])
    file = io.BytesIO(checkpoint(content, np.array([1, 2], ">i8"), np.array([1 + 2j], ">c8")))
    rewritten = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(rewritten, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"big" if name.endswith("byteorder") else old.read(name))
    rewritten.seek(0)
    integers, complexes = torch.load(rewritten)
    assert integers.tolist() == [1, 2] and complexes.tolist() == [1 + 2j]


def test_files_of_all_kinds(tmp_path):
    tensor = torch.arange(100_000)
    with open(tmp_path / "raw", "wb", buffering=0) as raw:
        torch.save(tensor, raw)

    class Stream:  # neither seek nor tell
        def __init__(self):
            self.parts = []

        def write(self, data):
            self.parts.append(bytes(data[:1000]))
            return len(self.parts[-1])

    stream = Stream()
    torch.save(tensor, stream)
    assert (tmp_path / "raw").read_bytes() == b"".join(stream.parts) == saved(tensor)
    torch.save(tensor, str(tmp_path / "path"))
    with open(tmp_path / "path", "rb") as file:
        assert_same(torch.load(file), tensor)
    torch.save(tensor, os.devnull)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_memory_is_not_taken_twice(tmp_path):
    tensor = torch.from_numpy(np.ones(4_000_000, np.float32))
    tracemalloc.start()
    try:
        torch.save(tensor, tmp_path / "x.pt")
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
        tracemalloc.reset_peak()
        torch.load(tmp_path / "x.pt")
        assert tracemalloc.get_traced_memory()[1] < 16_000_000 + 4_000_000
    finally:
        tracemalloc.stop()


# ---- devices


def at(location, *tensors):
    """A checkpoint with tensors saved from another device."""
    content, storages = pickled(list(tensors))
    name = location.encode()
    old, new = b"X\3\0\0\0cpu", b"X" + len(name).to_bytes(4, "little") + name
    assert old in content
    return io.BytesIO(checkpoint(content.replace(old, new), *storages))


def test_tensors_of_a_missing_device_need_map_location():
    for location in ("cuda:0", "mps"):
        with pytest.raises(RuntimeError, match=f"device '{location}'.*map_location='cpu'"):
            torch.load(at(location, torch.ones(2)))
    with pytest.raises(RuntimeError, match="device 'cuda', which is not available"):
        torch.load(at("cpu", torch.ones(2)), map_location="cuda")


@pytest.mark.parametrize(
    "map_location",
    ["cpu", torch.device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: storage,
     lambda storage, location: storage.cpu()],
)  # fmt: skip
def test_map_location(map_location):
    (loaded,) = torch.load(at("cuda:0", torch.ones(2)), map_location=map_location)
    assert loaded.tolist() == [1, 1] and loaded.device == torch.device("cpu")


def test_map_location_function_sees_storages_and_where_they_were():
    seen = []
    base = torch.arange(3)
    torch.load(
        io.BytesIO(saved([base, base[1:], torch.ones(2)])),
        map_location=lambda storage, location: seen.append((storage.tolist(), location)),
    )
    assert seen == [([0, 1, 2], "cpu"), ([1, 1], "cpu")]


# ---- what is refused


class Runs:
    """Pickled, it makes a loader call `function(*arguments)`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def protocol_2(*lines):
    return b"\x80\x02" + b"".join(lines) + b"."


EVIL = {
    "function": (pickle.dumps(Runs(os.mkdir, "ran"), 2), "names posix.mkdir, and a checkpoint"),
    "evaluation": (pickle.dumps(Runs(eval, "1"), 2), "names __builtin__.eval"),
    "attribute of a name": (pickle.dumps(Runs(getattr, {}, "pop"), 4), "names builtins.getattr"),
    "dotted name": (protocol_2(b"ccollections\nOrderedDict.fromkeys\n"), "names collections.Ord"),
    "private name": (protocol_2(b"crushlight.serialization.unpickler\npickle\n"), "names rushligh"),
    "call of a dtype": (protocol_2(b"ctorch\nfloat32\n)R"), "calls something that is not a fun"),
    "call of a string": (protocol_2(b"X\1\0\0\0a)R"), "calls something that is not a function"),
    "new object": (protocol_2(b"ccollections\nOrderedDict\n)\x81"), "is damaged"),
    "instance": (protocol_2(b"(icollections\nOrderedDict\n"), "is damaged"),
    "object": (protocol_2(b"(ccollections\nOrderedDict\no"), "is damaged"),
    "extension": (protocol_2(b"\x82\1"), "is damaged"),
    "state of a function": (protocol_2(b"ccollections\nOrderedDict\n}b"), "sets the state of a"),
    "state of a dtype": (protocol_2(b"ctorch\nfloat32\n}X\4\0\0\0nameNsb"), "sets the state of a"),
    "state of a dict": (protocol_2(b"}}b"), "sets the state of a dict"),
    "codec": (protocol_2(b"c_codecs\nencode\nX\0\0\0\0X\4\0\0\0zlib\x86R"), "encoding zlib"),
    "memory by number": (
        protocol_2(b"c__builtin__\nbytearray\nJ\0\0\0\x7f\x85R"), "bytes of a int"
    ),
    "objects in an array": (
        protocol_2(b"cnumpy\ndtype\nX\2\0\0\0O8\x89\x88\x87R"), "NumPy array of type object"
    ),
    "unknown reference": (protocol_2(b"X\1\0\0\0aQ"), "unknown reference 'a'"),
    "missing storage": (pickled(torch.ones(1))[0], "no item named 'archive/data/0'"),
    "tensor of nothing": (
        protocol_2(b"ctorch._utils\n_rebuild_tensor_v2\n(NK\0))\x89Nt" + b"R"), "is damaged"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EVIL)
def test_loading_runs_nothing(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, message = EVIL[name]
    with pytest.raises(CheckpointError, match=message) as caught:
        torch.load(io.BytesIO(checkpoint(content)), weights_only=False)
    assert isinstance(caught.value, pickle.UnpicklingError)
    assert isinstance(caught.value, RuntimeError)
    assert os.listdir() == []


def test_names_of_the_file_are_not_imported(monkeypatch):
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with pytest.raises(CheckpointError, match="names this.s"):
        torch.load(io.BytesIO(checkpoint(protocol_2(b"cthis\ns\n"))))
    assert "this" not in sys.modules


@pytest.mark.parametrize(
    "offset, size, strides",
    [(0, (5,), (1,)), (1, (4,), (1,)), (-1, (1,), (1,)), (3, (2,), (-1,)), (0, (2, 2), (3, 1)),
     (0, (-1,), (1,)), (0, (2**40,), (2**40,)), (0, (2,), (1, 1)), (2**70, (1,), (1,))],
)  # fmt: skip
def test_tensor_beyond_its_storage_is_refused(offset, size, strides, monkeypatch):
    from rushlight.serialization.pickler import _Pickler

    place = _Pickler._storage
    monkeypatch.setattr(_Pickler, "_storage", lambda self, t: (place(self, t)[0], offset, strides))
    monkeypatch.setattr(torch.Tensor, "shape", size)
    content = saved(torch.Tensor.detach(torch.from_numpy(np.zeros(4, np.float32))))
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="is damaged"):
        torch.load(io.BytesIO(content))


def test_dtypes_that_are_not_supported_are_named():
    content, storages = pickled(torch.ones(2, dtype=torch.float16))
    content = content.replace(b"HalfStorage", b"BFloat16Storage")
    with pytest.raises(CheckpointError, match=r"torch.BFloat16Storage\); convert .* with .float"):
        torch.load(io.BytesIO(checkpoint(content, *storages)))


@pytest.mark.parametrize(
    "obj, message",
    [
        (np.ones(2), r"type 'numpy.ndarray', only .*; save torch.from_numpy\(x\)"),
        ({"accuracy": np.float64(0.5)}, r"type 'numpy.float64', .* x.item\(\) for a single"),
        ([torch.nn.Linear(1, 1)], r"type '.*Linear', .*; save its state_dict\(\)"),
        ({"a": {"b": len}}, "type 'builtins.builtin_function_or_method'"),
        (frozenset(), "type 'builtins.frozenset'"),
        (collections.defaultdict(list), "type 'collections.defaultdict'"),
        (int, "type 'builtins.type'"),
    ],
)
def test_save_refuses_what_could_not_be_loaded(obj, message, tmp_path):
    path = tmp_path / "x.pt"
    path.write_bytes(b"old")
    with pytest.raises(pickle.PicklingError, match=message):
        torch.save(obj, path)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["x.pt"]


def test_save_refuses_one_memory_as_two_types():
    array = np.ones(4, np.float32)
    with pytest.raises(RuntimeError, match="view the same data as different types"):
        saved([torch.from_numpy(array), torch.from_numpy(array.view(np.int32))])


# ---- damaged and foreign files


def test_truncated_file(tmp_path):
    path = tmp_path / "cut.pt"
    for content in (saved({"a": torch.ones(100)}), (DATA / "pytorch_legacy.pt").read_bytes()):
        for length in range(0, len(content), 97):
            path.write_bytes(content[:length])
            with pytest.raises(CheckpointError, match=r"^load: '.*cut.pt' (is|cannot)[^\n]*$"):
                torch.load(path)


def test_changed_bytes_are_noticed():
    content = bytearray(saved({"a": torch.ones(100)}))
    content[content.index(np.ones(100, np.float32).tobytes()) + 50] ^= 4
    with pytest.raises(CheckpointError, match="Bad CRC-32 for file 'archive/data/0'"):
        torch.load(io.BytesIO(content))


def test_noise_is_refused_or_read_but_nothing_else():
    rng = np.random.RandomState(0)
    for original in (saved([torch.ones(3), {"a": "b"}]), (DATA / "pytorch_legacy.pt").read_bytes()):
        for _ in range(150):
            content = bytearray(original)
            for place in rng.randint(0, min(len(content), 3000), 3):
                content[place] = rng.randint(256)
            try:
                torch.load(io.BytesIO(content))
            except RuntimeError as error:
                assert isinstance(error, CheckpointError)


def zipped(**records):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as new:
        for name, content in records.items():
            new.writestr(name.replace("__", "/"), content)
    return file.getvalue()


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", r"is not a checkpoint: it is empty \(or a file object that must be rewound"),
        (b"epoch,loss\n1,0.5\n", "is not a checkpoint: it begins with b'epoch,lo', not as the zip"),
        (b"\x89PNG\r\n\x1a\n", "is not a checkpoint: it begins with"),
        (pickle.dumps({"a": 1}), "is not a checkpoint: it is a Python pickle, which is not read"),
        (b"\x10\0\0\0\0\0\0\0{}", "is not a checkpoint: it looks like a safetensors file"),
        (zipped(a="b"), r"it is a zip archive without a checkpoint \(data.pkl\) in it"),
        (zipped(m__data__pkl="b"), "it is a zip archive without a checkpoint"),
        (zipped(**{"m__data.pkl": b"N.", "m__constants.pkl": b""}), "it is a TorchScript program"),
        (zipped(**{"m__data.pkl": b""}), r"is damaged or cut off \(EOFError\)"),
    ],
)
def test_foreign_file(content, message, tmp_path):
    path = tmp_path / "foreign.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message) as caught:
        torch.load(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.pt"):
        torch.load(tmp_path / "none.pt")


# ---- the old file or the new one


def run(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True
    )


def test_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.pt"
    torch.save({"epoch": 1}, path)
    done = run(
        """
import resource, sys
import rushlight as torch
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    torch.save({"epoch": 2, "w": torch.ones(60_000)}, sys.argv[1])
except OSError as error:
    print(error)
""",
        path,
    )
    assert done.stdout.strip() == (
        f"[Errno 27] File too large; the file is as it was before: '{path}'"
    ), done.stderr
    assert done.stderr == ""
    assert torch.load(path) == {"epoch": 1} and os.listdir(tmp_path) == ["x.pt"]


@pytest.mark.parametrize("where", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failure_at_the_end_leaves_the_old_file(where, error, tmp_path, monkeypatch):
    path = tmp_path / "x.pt"
    torch.save({"epoch": 1}, path)

    def fail(*arguments):
        raise error

    monkeypatch.setattr(os, where, fail)
    with pytest.raises(type(error)) as caught:
        torch.save({"epoch": 2}, path)
    monkeypatch.undo()
    if isinstance(error, OSError):
        assert str(path) in str(caught.value) and caught.value.errno == 28
    assert torch.load(path) == {"epoch": 1} and os.listdir(tmp_path) == ["x.pt"]


def test_killed_process_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.pt"
    torch.save({"epoch": 1}, path)
    done = run(
        """
import os, signal, sys
import rushlight as torch
from rushlight.serialization import archive
archive._Archive.finish = lambda self: os.kill(os.getpid(), signal.SIGKILL)
torch.save({"epoch": 2}, sys.argv[1])
""",
        path,
    )
    assert done.returncode == -signal.SIGKILL
    assert torch.load(path) == {"epoch": 1}


def test_replaced_file_keeps_its_permissions_and_links(tmp_path):
    path, link = tmp_path / "x.pt", tmp_path / "latest.pt"
    torch.save(1, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~current_umask()
    path.chmod(0o640)
    link.symlink_to(path)
    torch.save(2, link)
    assert link.is_symlink() and torch.load(path) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_unwritable_places_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="No such file or directory;.*none/x.pt"):
        torch.save(1, tmp_path / "none" / "x.pt")
    with pytest.raises(IsADirectoryError):
        torch.save(1, tmp_path)
