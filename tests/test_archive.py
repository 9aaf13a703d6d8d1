"""The files that checkpoints are written to: their layout, and what a failure leaves behind."""

import io
import os
import random
import signal
import stat
import subprocess
import sys
import time
import tracemalloc
import zipfile

import numpy as np
import pytest

import rushlight as torch
from rushlight.serialization import archive
from serialization_support import assert_same, saved


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


def test_processes_killed_at_any_moment(tmp_path):
    path = tmp_path / "x.pt"
    torch.save({"epoch": 0, "w": torch.zeros(100_000)}, path)
    code = """
import sys
import rushlight as torch
epoch = torch.load(sys.argv[1])["epoch"]
print("ready", flush=True)
while True:
    epoch += 1
    torch.save({"epoch": epoch, "w": torch.full((100_000,), float(epoch))}, sys.argv[1])
"""
    moments = random.Random(0)
    before = 0
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(moments.uniform(0.05, 0.2))
        process.kill()
        process.wait()
        process.stdout.close()
        loaded = torch.load(path)
        assert loaded["epoch"] >= before and (loaded["w"] == loaded["epoch"]).all()
        before = loaded["epoch"]
    assert before > 0
    torch.save(1, path)
    assert os.listdir(tmp_path) == ["x.pt"]


@pytest.mark.skipif(archive.fcntl is None, reason="there are no locks")
def test_what_killed_saves_left_is_swept_and_nothing_else(tmp_path):
    path = tmp_path / "x.pt"
    others = [".x.pt.tmp", ".x.pt.0123456789zz.tmp", ".y.pt.0123456789ab.tmp", "x.pt.tmp"]
    for name in [*others, ".x.pt.0123456789ab.tmp"]:
        (tmp_path / name).write_bytes(b"")
    with archive.replaced_when_complete(str(path)) as slow:  # of another process, say
        slow.write(b"slow")
        torch.save(1, path)
        assert len(os.listdir(tmp_path)) == len(others) + 2
    assert path.read_bytes() == b"slow"
    assert sorted(os.listdir(tmp_path)) == sorted([*others, "x.pt"])


def test_a_file_swept_before_its_lock_is_made_again(tmp_path, monkeypatch):
    locks = []

    class Sweeping:
        LOCK_EX, LOCK_NB = 0, 0

        @staticmethod
        def flock(file, how):
            if not locks:
                os.unlink(tmp_path / next(n for n in os.listdir(tmp_path) if n.endswith("tmp")))
            locks.append(file)

    monkeypatch.setattr(archive, "fcntl", Sweeping)
    torch.save(1, tmp_path / "x.pt")
    assert torch.load(tmp_path / "x.pt") == 1 and len(locks) == 2


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
    with pytest.raises(FileNotFoundError, match="there is no folder .*none"):
        torch.save(1, tmp_path / "none" / "x.pt")
    with pytest.raises(IsADirectoryError):
        torch.save(1, tmp_path)
