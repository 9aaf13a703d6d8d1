"""Checkpoints made by chance: pickles of shuffled opcodes, and files with damage anywhere.

Whatever a file holds, `load` gives an object or one line of complaint, soon, in little memory, and
runs nothing. This file is also the program that a test runs, in a process that may crash.
"""

import codecs
import faulthandler
import io
import pickle
import pickletools
import random
import resource
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

import pickles as p
import rushlight as torch
from rushlight.serialization import CheckpointError, rebuild
from rushlight.serialization.reader import LEGACY_START
from serialization_support import DATA, checkpoint, saved

SECONDS_OF_ONE_FILE = 20
MEGABYTES = 800
STORAGES = [np.arange(8, dtype=np.float32), np.arange(6, dtype=np.int64)]


@pytest.mark.fuzz
@pytest.mark.parametrize("what", ["pickles", "files"])
def test_files_made_by_chance(what, fuzz_seconds, tmp_path):
    path = tmp_path / "last.pt"
    command = [sys.executable, __file__, what, str(fuzz_seconds), str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    last = path.read_bytes() if path.exists() else b""
    assert done.returncode == 0, f"{done.stderr[-2000:]} at the file {last!r}"
    loaded, refused = map(int, done.stdout.split())
    assert loaded > 0 and refused > 0


# ---- pickles


def split(content):
    """A pickle's opcodes with their arguments, without the first (PROTO) and the last (STOP)."""
    places = [place for _, _, place in pickletools.genops(content)]
    pieces = zip(places, [*places[1:], len(content)], strict=True)
    return [content[start:end] for start, end in pieces][1:-1]


def seeds():
    """Pickles of all that a checkpoint may hold."""
    base = torch.arange(8.0)
    tagged = torch.nn.Parameter(torch.ones(2))
    state = torch.nn.Linear(2, 1).state_dict()
    values = [base, base[1:3], tagged, state, {1: (2.5, None)}, {"a", "b"}, b"bytes", 1j,
              torch.Size([1, 2]), torch.float16, torch.device("cpu"), bytearray(b"a")]  # fmt: skip
    for value in values:
        with zipfile.ZipFile(io.BytesIO(saved(value))) as file:
            yield split(file.read("archive/data.pkl"))
    flags = p.pairs(p.text("conj"), p.TRUE, p.text("neg"), p.TRUE)
    state = p.pairs(p.text("memory"), p.array(p.array_state(bytes(8)), 3))
    for made in (
        p.tensor(p.storage(8), 1, (2, 2), (1, 3), p.FALSE, flags),
        p.call(p.name("torch._utils", "_rebuild_parameter_with_state"), p.tensor(p.storage(8)),
               p.TRUE, p.EMPTY_DICT, state),
        p.call(p.name("torch._tensor", "_rebuild_from_type_v2"),
               p.name("torch._utils", "_rebuild_tensor_v2"), p.name("torch", "Tensor"),
               p.values(p.storage(8), p.number(0), p.numbers(2), p.numbers(1), p.FALSE, p.NONE),
               state),
        p.call(p.name("numpy.core.multiarray", "scalar"),
               p.call(p.name("numpy", "dtype"), p.text("f8"), p.FALSE, p.TRUE), p.data(bytes(8))),
    ):  # fmt: skip
        yield split(p.program(made))
    yield split(pickle.dumps([1, "a", b"b", (2, 3), {4, 5}, frozenset({6}), bytearray(b"7")], 5))


OPCODES = [
    code.code.encode("latin1") for code in pickletools.opcodes
    if code.arg is None and code.name != "STOP"
]  # fmt: skip
NUMBERS = [0, 1, -1, 2, 8, 64, 2**16, 2**31 - 1, 2**40, 2**62, 2**63, 2**64, -(2**63), 2**200]


def any_piece(rng):
    kind = rng.randrange(8)
    if kind == 0:
        return p.number(rng.choice(NUMBERS))
    if kind == 1:
        return p.name(*rng.choice([*rebuild.named, ("os", "system"), ("builtins", "eval")]))
    if kind == 2:
        return p.text(rng.choice(["", "0", "1", "cpu", "storage", "__array_interface__", "a\nb"]))
    if kind == 3:
        return rng.choice([p.put, p.get])(rng.randrange(8))
    if kind == 4:
        return p.storage(rng.choice([8, 6, 2, 2**40]), rng.choice("012"),
                         rng.choice(["FloatStorage", "LongStorage", "BoolStorage"]))  # fmt: skip
    if kind == 5:
        return struct.pack("<cQ", rng.choice([b"\x95", b"\x96", b"\x8e", b"\x8d"]),
                           rng.choice([1, 100, 2**40, 2**63]))  # fmt: skip
    return rng.choice(OPCODES)


def changed_pickle(rng, programs):
    pieces = list(rng.choice(programs))
    for _ in range(rng.choice([0, 1, 1, 2, 3, 8])):
        place = rng.randrange(len(pieces) + 1)
        kind = rng.randrange(5)
        if kind == 0:
            del pieces[place : place + rng.choice([1, 1, 3])]
        elif kind == 1:
            pieces.insert(place, any_piece(rng))
        elif kind == 2:
            pieces[place : place + 1] = [any_piece(rng)]
        elif kind == 3:
            pieces[place:place] = pieces[max(0, place - rng.randrange(12)) : place]
        else:
            other = rng.choice(programs)
            start = rng.randrange(len(other) + 1)
            pieces[place:place] = other[start : start + rng.randrange(20)]
    return p.program(*pieces)


def pickle_files(rng):
    programs = list(seeds())
    header = LEGACY_START + b"." + p.program(p.number(1001))
    header += p.program(p.pairs(p.text("little_endian"), p.TRUE))
    while True:
        content = changed_pickle(rng, programs)
        if rng.random() < 0.8:
            yield checkpoint(content, *STORAGES)
        else:
            content = content.replace(b"tQ", b"NtQ")  # references have one part more
            keys = rng.choice([[], ["0"], ["0", "1"]])
            content = header + content + p.program(b"](", *map(p.text, keys), b"e")
            for storage in STORAGES[: len(keys)]:
                content += struct.pack("<Q", len(storage)) + storage.tobytes()
            yield content


# ---- damage


def packed(content):
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return file.getvalue()


def damaged_files(rng):
    whole = saved({"a": torch.arange(100.0), "b": [torch.ones(3, dtype=torch.bool), "c"]})
    originals = [whole, packed(whole), *((DATA / name).read_bytes() for name in
                 ("pytorch.pt", "pytorch_legacy.pt", "pytorch_legacy.pt"))]  # fmt: skip
    while True:
        content = bytearray(rng.choice(originals))
        starts = [0, content.find(b"PK\1\2"), content.find(b"PK\5\6")]
        for _ in range(rng.choice([0, 1, 1, 2, 5])):
            start = max(0, rng.choice(starts))
            reach = rng.choice([30, 300, len(content) + 1])
            place = min(start + rng.randrange(reach), len(content))
            kind = rng.randrange(5)
            if kind == 0:
                content[place : place + 1] = bytes([rng.randrange(256)])
            elif kind == 1:
                width, code = rng.choice([(2, "<H"), (4, "<I"), (8, "<Q")])
                value = rng.choice([0, 1, 2**15, 2**31, 2**60, 2**64 - 1, len(content)])
                content[place : place + width] = struct.pack(code, value % 2 ** (8 * width))
            elif kind == 2:
                del content[place:]
            elif kind == 3:
                del content[place : place + rng.randrange(64)]
            else:
                other = rng.randrange(len(content) + 1)
                content[place:place] = content[other : other + rng.randrange(200)]
        yield bytes(content)


# ---- what is held to


RUNNING = (
    "import", "exec", "compile", "open", "marshal.", "code.", "os.", "subprocess.", "ctypes.",
    "socket.", "object.__setattr__", "function.__new__", "pickle.find_class",
)  # fmt: skip
happened = []


def hear(event, arguments):
    if event.startswith(RUNNING):
        happened.append((event, str(arguments)[:100]))


def check_tensors(value, size):
    """That tensors view memory that was made for them, and no more than the file can fill."""
    rest, seen = [value], set()
    while rest:
        value = rest.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            rest += [*value, *value.values()]
        elif isinstance(value, (list, tuple, set, frozenset)):
            rest += value
        elif isinstance(value, torch.Tensor):
            owner = value.array
            while isinstance(owner.base, np.ndarray):
                owner = owner.base
            low, high = np.lib.array_utils.byte_bounds(value.array)
            first, last = np.lib.array_utils.byte_bounds(owner)
            assert value.array.size == 0 or first <= low <= high <= last
            assert owner.nbytes <= max(size, 1 << 12) * 20
            if value.array.dtype == bool and value.array.size < 1000:
                assert value.array.view(np.uint8).max(initial=0) <= 1
        else:
            assert not callable(value), type(value)


def main(what, seconds, path):
    rng = random.Random(what)
    files = {"pickles": pickle_files, "files": damaged_files}[what](rng)
    torch.load(io.BytesIO(packed(saved(1))))  # imports what it needs
    for encoding in ("raw_unicode_escape", "unicode_escape", "cp437", "latin1"):
        codecs.lookup(encoding)
    sys.addaudithook(hear)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEGABYTES * 2**20,) * 2)
    loaded = refused = 0
    last = open(path, "wb", buffering=0)
    until = time.monotonic() + float(seconds)
    while time.monotonic() < until:
        content = next(files)
        last.seek(0)
        last.truncate()
        last.write(content)  # for the one who reads of a crash
        happened.clear()
        faulthandler.dump_traceback_later(SECONDS_OF_ONE_FILE, exit=True)
        try:
            value = torch.load(io.BytesIO(content))
        except CheckpointError as error:
            assert str(error).isprintable() and len(str(error)) < 600, str(error)
            refused += 1
        else:
            check_tensors(value, len(content))
            loaded += 1
        faulthandler.cancel_dump_traceback_later()
        assert not happened, str(happened)[:1000]
    print(loaded, refused)


if __name__ == "__main__":
    main(*sys.argv[1:])
