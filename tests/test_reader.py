"""Files that come from elsewhere: other devices and machines, and what is no checkpoint at all."""

import contextlib
import io
import pickle
import zipfile

import numpy as np
import pytest

import rushlight as torch
from rushlight.serialization import CheckpointError
from rushlight.serialization.pickler import pickled
from serialization_support import DATA, checkpoint, saved


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
        map_location=lambda storage, location: seen.append((storage, location)),
    )
    assert [place for _, place in seen] == ["cpu", "cpu"]
    assert all(type(storage) is torch.UntypedStorage for storage, _ in seen)
    assert [storage.nbytes() for storage, _ in seen] == [24, 8]
    assert seen[0][0].tolist() == [0] * 8 + [1] + [0] * 7 + [2] + [0] * 7


def test_errors_of_a_map_location_function_pass_unchanged():
    def fail(storage, location):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="^'mine'$"):
        torch.load(io.BytesIO(saved(torch.ones(1))), map_location=fail)


# ---- damaged and foreign files


def test_two_archives_in_one_file():
    file = io.BytesIO()
    torch.save("first", file)
    second = file.tell()
    torch.save("second", file)
    file.seek(0)
    with pytest.raises(CheckpointError, match="behind it in the file stands another archive"):
        torch.load(file)
    file.seek(second)
    assert torch.load(file) == "second"


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
        (zipped(**{"m__data.pkl": b""}), r"is damaged or cut off \(unexpected end of the file\)"),
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


# ---- where it comes from


def test_mapped_tensors_stay_in_the_file(tmp_path):
    path = tmp_path / "x.pt"
    content = {"a": torch.arange(1000), "mask": torch.tensor([True, False]), "b": torch.ones(3)}
    torch.save(content, path)
    before = path.read_bytes()
    loaded = torch.load(path, mmap=True)
    assert all(torch.equal(loaded[key], content[key]) for key in content)
    loaded["a"].mul_(2)  # into memory of its own
    loaded["b"].share_memory_()
    assert loaded["a"][-1] == 1998 and loaded["b"].tolist() == [1, 1, 1]
    assert path.read_bytes() == before
    assert torch.equal(torch.load(path, mmap=True)["a"], content["a"])
    path.unlink()
    assert loaded["a"].sum() == 999000


def test_mapped_files_that_lie(tmp_path):
    path = tmp_path / "x.pt"
    content = saved(torch.arange(8))
    for end in range(0, len(content), 7):
        path.write_bytes(content[:end])
        with pytest.raises(CheckpointError):
            torch.load(path, mmap=True)
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        with contextlib.suppress(CheckpointError):
            assert torch.load(path, mmap=True).numel() == 8


def test_only_files_with_a_path_are_mapped(tmp_path):
    with pytest.raises(ValueError, match="must be a file path in order to use the mmap"):
        torch.load(io.BytesIO(saved(torch.ones(1))), mmap=True)
    with pytest.raises(RuntimeError, match="mmap can only be used with files saved with"):
        torch.load(DATA / "pytorch_legacy.pt", mmap=True)


def test_what_is_no_file():
    for value in (3, None, [1]):
        with pytest.raises(AttributeError, match="'seek'. You can only torch.load from a file th"):
            torch.load(value)
        with pytest.raises(AttributeError, match="file-like object with a 'write' attribute"):
            torch.save(torch.ones(1), value)
    for location in (0, [1], b"cpu"):
        with pytest.raises(TypeError, match="map_location must be a device, its name, a dict"):
            torch.load(io.BytesIO(saved(torch.ones(1))), map_location=location)
    with pytest.raises(RuntimeError, match="explicit pickle_module"):
        torch.load(io.BytesIO(saved(torch.ones(1))), pickle_module=pickle, weights_only=True)
    assert torch.load(io.BytesIO(saved(3)), pickle_module=pickle, encoding="latin1") == 3


def test_to_no_memory_at_all():
    file = saved(torch.ones(2, 3))
    for location in ("meta", torch.device("meta"), {"cpu": "meta"}):
        loaded = torch.load(io.BytesIO(file), map_location=location)
        assert loaded.is_meta and loaded.shape == (2, 3)


def test_files_that_do_not_say_their_order_of_bytes():
    content, _ = pickled(torch.tensor([1, 2]))
    file = io.BytesIO(checkpoint(content, np.array([1, 2], ">i8")))
    rewritten = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(rewritten, "w") as new:
        for record in old.namelist():
            if not record.endswith("byteorder"):
                new.writestr(record, old.read(record))
    for kind, expected in (
        (None, 1 << 56), (torch.serialization.LoadEndianness.BIG, 1),
        (torch.serialization.LoadEndianness.LITTLE, 1 << 56),
    ):  # fmt: skip
        torch.serialization.set_default_load_endianness(kind)
        rewritten.seek(0)
        try:
            assert torch.load(rewritten)[0] == expected
        finally:
            torch.serialization.set_default_load_endianness(None)
    with pytest.raises(TypeError, match="Invalid argument type"):
        torch.serialization.set_default_load_endianness("big")
