"""Checkpoints made to do harm: memory that is not theirs, work without end, lies about sizes.

What runs long or takes much memory where a check is missing runs in a process with limits.
"""

import io
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import pickles as p
import rushlight as torch
from rushlight.serialization import CheckpointError
from rushlight.serialization.reader import LEGACY_START
from serialization_support import checkpoint, saved

FOUR = np.array([1, 2, 3, 4], np.float32)


def load(*parts, storages=(FOUR,)):
    return torch.load(io.BytesIO(checkpoint(p.program(*parts), *storages)))


def refused(contents, tmp_path, seconds=60, megabytes=600):
    """The complaints about files, of a process that may take so long and so much memory for all."""
    for number, content in enumerate(contents):
        (tmp_path / f"{number}.pt").write_bytes(content)
    code = """
import os, resource, sys
import rushlight as torch
from rushlight.serialization import CheckpointError
os.chdir(sys.argv[1])
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = used + int(sys.argv[3]) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[4]),) * 2)
for number in range(int(sys.argv[2])):
    try:
        print(torch.load(f"{number}.pt"))
    except CheckpointError as error:
        print(error, flush=True)
"""
    arguments = map(str, (tmp_path, len(contents), megabytes, seconds))
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", (done.returncode, done.stdout, done.stderr)
    lines = done.stdout.splitlines()
    assert len(lines) == len(contents)
    return lines


def test_pickles_made_by_hand_are_read():
    assert load(p.tensor()).tolist() == [1, 2, 3, 4]
    assert load(p.tensor(None, 1, (2, 2), (1, 1))).tolist() == [[2, 3], [3, 4]]
    made = load(p.array(p.array_state(FOUR.tobytes()), 1))
    assert isinstance(made, np.ndarray) and made.tolist() == [1, 2, 3, 4]


# ---- memory


def with_state(*attributes):
    return p.call(
        p.name("torch._utils", "_rebuild_parameter_with_state"), p.tensor(), p.FALSE,
        p.EMPTY_DICT, p.pairs(*attributes),
    )  # fmt: skip


def test_a_tensor_with_a_memory_attribute_is_no_storage():
    made = p.array(p.array_state(bytes(1 << 16)), 7)
    looks_right = with_state(p.text("memory"), made)
    again = p.get(7) + p.array_state(bytes(16)) + p.BUILD  # frees what the tensor is a view of
    with pytest.raises(CheckpointError, match="made of something that is not a storage"):
        load(p.values(p.tensor(looks_right, 0, (16384,)), again))


@pytest.mark.parametrize("what", [p.array(p.array_state(FOUR.tobytes()), 1), p.tensor(),
                                  p.data(bytes(16)), p.name("torch", "FloatStorage"),
                                  p.EMPTY_DICT, p.NONE], ids=lambda _: "pickle")  # fmt: skip
def test_only_storages_are_storages(what):
    with pytest.raises(CheckpointError, match="made of something that is not a storage"):
        load(p.tensor(what))
    with pytest.raises(CheckpointError, match="made of something that is not a storage"):
        load(
            p.call(
                p.name("torch._utils", "_rebuild_tensor_v3"), what, p.number(0), p.numbers(4),
                p.numbers(1), p.FALSE, p.EMPTY_DICT, p.name("torch", "float32"),
            )
        )  # fmt: skip


def test_an_array_takes_one_state():
    array = p.array(p.array_state(FOUR.tobytes()), 7)
    with pytest.raises(CheckpointError, match="sets the state of an object twice"):
        load(array, p.array_state(bytes(4)), p.BUILD)
    with pytest.raises(CheckpointError, match="sets the state of an object twice"):
        load(p.values(array, p.get(7) + p.array_state(bytes(4)) + p.BUILD))


INTERFACE = p.pairs(
    p.text("data"), p.values(p.number(4096), p.FALSE), p.text("shape"), p.numbers(4),
    p.text("typestr"), p.text("<f4"), p.text("version"), p.number(3),
)  # fmt: skip


@pytest.mark.parametrize("name", ["__array_interface__", "__array_struct__", "__array__",
                                  "__torch_function__", "__class__", "__dict__"])  # fmt: skip
def test_no_attribute_says_what_an_object_is(name):
    from_type = p.call(
        p.name("torch._tensor", "_rebuild_from_type_v2"),
        p.name("torch._utils", "_rebuild_tensor_v2"), p.name("torch", "Tensor"),
        p.values(p.storage(), p.number(0), p.numbers(4), p.numbers(1), p.FALSE, p.EMPTY_DICT),
        p.pairs(p.text(name), INTERFACE),
    )  # fmt: skip
    of_slots = p.call(
        p.name("torch._utils", "_rebuild_parameter_with_state"), p.tensor(), p.FALSE,
        p.EMPTY_DICT, p.values(p.EMPTY_DICT, p.pairs(p.text(name), INTERFACE)),
    )  # fmt: skip
    ordered = p.call(p.name("collections", "OrderedDict"))
    for content in (
        with_state(p.text(name), INTERFACE), from_type, of_slots,
        ordered + p.pairs(p.text(name), INTERFACE) + p.BUILD,
    ):  # fmt: skip
        with pytest.raises(CheckpointError, match=f"it sets the attribute {name}$"):
            load(content)


def test_attributes_of_the_class_stay():
    made = load(with_state(
        p.text("array"), p.NONE, p.text("shape"), p.NONE, p.text("_view"), p.NONE,
        p.text("_grad"), p.number(3), p.text("note"), p.text("kept"),
    ))  # fmt: skip
    assert made.note == "kept" and made.tolist() == [1, 2, 3, 4] and made.grad is None
    ordered = p.call(p.name("collections", "OrderedDict"))
    made = load(ordered, p.pairs(p.text("items"), p.NONE, p.text("_metadata"), p.NONE), p.BUILD)
    assert list(made.items()) == [] and vars(made) == {"_metadata": None}


@pytest.mark.parametrize(
    "content",
    [
        p.EMPTY_LIST + p.number(1) + p.number(2) + p.SETITEM,  # a list takes no items
        p.tensor() + p.number(0) + p.number(9) + p.SETITEM,  # nor does a tensor
        p.call(p.name("builtins", "bytearray"), p.data(b"ab")) + p.number(1) + p.APPEND,
        p.call(p.name("collections", "Counter")) + b"(K\1\x90",
        p.array(p.array_state(FOUR.tobytes()), 1) + p.number(0) + p.number(9) + p.SETITEM,
        p.EMPTY_DICT + p.EMPTY_LIST + p.number(1) + p.SETITEM,  # a list is no key
        p.name("collections", "OrderedDict") + p.EMPTY_LIST + p.REDUCE,  # arguments in a list
        p.name("torch", "Tensor") + p.values() + p.REDUCE,
        p.tensor() + p.values() + p.REDUCE,
        p.tensor(None, True),
        p.tensor(None, 0, (4,), (1,), p.number(1)),
        p.tensor(p.storage(4, "0", "LongStorage"), 0, (2,), (1,), p.TRUE),  # whole numbers
        p.call(p.name("torch", "Size"), p.tensor()),
        p.call(p.name("builtins", "complex"), p.text("1")),
        p.call(p.name("builtins", "set"), p.EMPTY_DICT),
        p.call(p.name("builtins", "frozenset"), p.text("abc")),
        p.call(p.name("collections", "OrderedDict"), p.EMPTY_DICT),
        p.call(p.name("collections", "Counter"), p.text("abc")),
        p.call(p.name("torch", "device"), p.number(0)),
        p.call(p.name("numpy", "dtype"), p.text("f4,f4"), p.FALSE, p.TRUE),
        p.call(p.name("numpy", "dtype"), p.text("(1000,1000)f4"), p.FALSE, p.TRUE),
        p.array(p.array_state(bytes(16), "f8"), 1),
        p.array(p.array_state(bytes(16), "f4", p.numbers(2**31, 2**31)), 1),
        p.array(p.values(p.number(1), p.numbers(1), p.NONE, p.FALSE, p.EMPTY_LIST), 1),
        p.values(p.text("storage"), p.NONE, p.text("0"), p.text("cpu"), p.number(4)) + b"Q",
        p.values(p.text("storage")) + b"Q", p.values() + b"Q", p.EMPTY_LIST + b"Q",
        p.tensor(p.storage(2**70)), p.tensor(p.storage(-4)), p.tensor(p.storage(1)),
    ],
    ids=lambda _: "pickle",
)  # fmt: skip
def test_each_value_is_used_for_what_it_is(content):
    with pytest.raises(CheckpointError, match="is damaged|cannot be loaded"):
        load(content)


@pytest.mark.parametrize(
    "content",
    [
        p.name("torch", "Size"), p.name("torch", "Tensor"), p.name("numpy", "ndarray"),
        p.name("torch", "FloatStorage"), p.storage(), p.values(p.storage()),
        p.EMPTY_DICT + p.text("a") + p.values(p.name("torch", "device")) + p.SETITEM,
        with_state(p.text("note"), p.storage()),
    ],
    ids=lambda _: "pickle",
)  # fmt: skip
def test_nothing_of_the_machinery_comes_out(content):
    with pytest.raises(CheckpointError, match="a function, a class or a storage by itself"):
        load(content)


def test_masks_are_zeros_and_ones():
    bytes_of_it = np.array([0, 1, 2, 255], np.uint8)
    mask = load(p.tensor(p.storage(4, "0", "BoolStorage")), storages=(bytes_of_it,))
    assert mask.array.view(np.uint8).tolist() == [0, 1, 1, 1]
    assert mask.nonzero().flatten().tolist() == [1, 2, 3]
    array = load(p.array(p.array_state(b"\0\1\2\xff", "b1", p.numbers(4)), 1))
    assert array.view(np.uint8).tolist() == [0, 1, 1, 1]


def test_conjugates_of_one_storage_share_memory():
    storage = p.storage(2, "0", "ComplexFloatStorage")
    flag = p.pairs(p.text("conj"), p.TRUE)
    a, b = load(
        p.values(*[p.tensor(storage, 0, (2,), (1,), p.FALSE, flag) for _ in range(2)]),
        storages=(np.array([1 + 2j, 3 - 4j], np.complex64),),
    )
    assert a.tolist() == [1 - 2j, 3 + 4j]
    a[0] = 5
    assert b[0].item() == 5


# ---- work without end


def nested(depth, opcode):
    return p.program(p.EMPTY_DICT, b")", opcode * depth, p.NONE, p.SETITEM)


BOMBS = {
    "deep tuple as a key": nested(2_000_000, p.TUPLE1),
    "wide tuple as a key": nested(100, p.DUP + p.TUPLE2),
    "wide tuple in a set": p.program(
        p.call(p.name("builtins", "set"), p.EMPTY_LIST + b")" + 100 * (p.DUP + p.TUPLE2) + b"a")
    ),
    "wide tuple added": p.program(p.EMPTY_SET, b"()", 100 * (p.DUP + p.TUPLE2), p.ADDITEMS),
    "wide tuple frozen": p.program(b"()", 100 * (p.DUP + p.TUPLE2), b"\x91"),
    "wide tuple in pairs": p.program(p.call(
        p.name("collections", "OrderedDict"),
        p.EMPTY_LIST + p.values(b")" + 100 * (p.DUP + p.TUPLE2), p.NONE) + b"a",
    )),
    "wide tuple as a reference": p.program(b")", 100 * (p.DUP + p.TUPLE2), b"Q"),
    "wide tuple as a storage's name": p.program(p.values(
        p.text("storage"), p.name("torch", "FloatStorage"), b")" + 100 * (p.DUP + p.TUPLE2),
        p.text("cpu"), p.number(4),
    ), b"Q"),
    "wide tuple as a size": p.program(
        p.call(p.name("torch", "Size"), b")" + 100 * (p.DUP + p.TUPLE2))
    ),
    "set of an expanded tensor": p.program(
        p.call(p.name("builtins", "set"), p.tensor(None, 0, (2**40,), (0,)))
    ),
    "size of an expanded tensor": p.program(
        p.call(p.name("torch", "Size"), p.tensor(None, 0, (2**40,), (0,)))
    ),
    "keys of one hash": p.program(
        p.EMPTY_DICT, b"(", *[p.number(k * (2**61 - 1)) + p.NONE for k in range(30_000)], b"u"
    ),
    "tuples of one hash": p.program(p.EMPTY_SET, b"(", *[
        p.number(k * (2**61 - 1)) + p.TUPLE1 for k in range(30_000)
    ], p.ADDITEMS),
    "numbers of one hash in the memo": p.program(
        p.NONE, *[b"p%d\n" % (k * (2**61 - 1)) for k in range(30_000)]
    ),
    "a long number as a key again and again": p.program(
        p.number(1 << 8_000_000), p.put(0), p.EMPTY_DICT, 100_000 * (p.get(0) + b"Ns")
    ),
    "copies of one set": p.program(
        p.EMPTY_LIST, b"(", 300_000 * b"N", b"e", p.put(0), p.name("builtins", "bytearray"),
        p.put(1), p.data(bytes(1_000_000)), p.put(2), p.POP, p.EMPTY_LIST,
        100_000 * (p.get(1) + p.get(2) + p.TUPLE1 + p.REDUCE + p.APPEND),
    ),
    "arrays of the same bytes": p.program(
        p.array_state(bytes(1_000_000)), p.put(0), p.name("numpy.core.multiarray", "_reconstruct"),
        p.put(1), p.values(p.name("numpy", "ndarray"), p.numbers(0), p.data(b"b")), p.put(2),
        p.EMPTY_LIST,
        100_000 * (p.get(1) + p.get(2) + p.REDUCE + p.get(0) + p.BUILD + p.APPEND),
    ),
    "a byte array that is not there": p.program(b"\x96" + struct.pack("<Q", 2**60)),
    "bytes that are not there": p.program(b"\x8e" + struct.pack("<Q", 2**60)),
    "a frame that is not there": p.program(b"\x95" + struct.pack("<Q", 2**60)),
}  # fmt: skip


def test_work_is_bounded(tmp_path):
    contents = [checkpoint(bomb, FOUR) for bomb in BOMBS.values()]
    for name, message in zip(BOMBS, refused(contents, tmp_path), strict=True):
        assert "is damaged or cut off (" in message and len(message) < 400, name


def test_an_expanded_tensor_stays_small():
    flags = p.pairs(p.text("neg"), p.TRUE, p.text("conj"), p.TRUE)
    expanded = load(p.tensor(None, 0, (2**40,), (0,), p.FALSE, flags))
    assert expanded.shape == (2**40,) and expanded[2**39].item() == -1


def test_a_wide_value_that_nobody_hashes_is_no_harm():
    value = load(b")", 100 * (p.DUP + p.TUPLE2))
    for _ in range(99):
        value = value[0]
    assert value == ((), ())


def test_ordinary_keys_are_taken():
    keys = [0, -1, 2**70, 1.5, True, None, "a" * 1000, b"b", (1, ("c", 2.5)), torch.float32]
    content = saved([dict.fromkeys(keys) for _ in range(300)])
    assert torch.load(io.BytesIO(content))[299] == dict.fromkeys(keys)


# ---- archives that lie


def zipped(compression=zipfile.ZIP_STORED, **records):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as new:
        for name, content in records.items():
            new.writestr("archive/" + name.replace("__", "/").replace("data/pkl", "data.pkl"),
                         content)  # fmt: skip
    return file.getvalue()


def test_packed_records_are_read_within_limits(tmp_path):
    pickle = p.program(p.tensor())
    packed = zipped(zipfile.ZIP_DEFLATED, data__pkl=pickle, data__0=FOUR.tobytes())
    assert torch.load(io.BytesIO(packed)).tolist() == [1, 2, 3, 4]
    zeros = bytes(200 << 20)
    bomb = zipped(zipfile.ZIP_DEFLATED, data__pkl=p.program(p.tensor(p.storage(len(zeros) // 4))),
                  data__0=zeros)  # fmt: skip
    assert len(bomb) < 300_000
    (message,) = refused([bomb], tmp_path, megabytes=150)
    assert "its packed records would take 2097" in message and "torch.save does not" in message


def changed_directory(content, name, *fields):
    """The archive with 4-byte fields of a record's entry in the directory overwritten."""
    content = bytearray(content)
    entry = content.rindex(b"PK\1\2", 0, content.rindex(name.encode()))
    for place, value in fields:
        content[entry + place : entry + place + len(value)] = value
    return bytes(content)


def with_size(content, size):
    """The archive whose last record says in its 64-bit fields that it is so long."""
    entry, end = content.rindex(b"PK\1\2"), content.rindex(b"PK\5\6")
    fields = struct.pack("<HHQQ", 1, 16, size, size)
    content = bytearray(content[:end] + fields + content[end:])
    content[entry + 20 : entry + 28] = b"\xff" * 8
    content[entry + 30 : entry + 32] = struct.pack("<H", len(fields))
    place = end + len(fields) + 12  # of the length of the directory
    length = int.from_bytes(content[place : place + 4], "little") + len(fields)
    content[place : place + 4] = struct.pack("<I", length)
    return bytes(content)


def overlapping():
    content = saved([torch.zeros(10_000), torch.zeros(10_000)])
    size = struct.pack("<II", len(content) - 2000, len(content) - 2000)
    for name in ("archive/data/0", "archive/data/1"):
        content = changed_directory(content, name, (20, size), (42, bytes(4)))
    return content


def test_archives_that_lie(tmp_path):
    def changed(*field):
        return changed_directory(saved(torch.ones(4)), "archive/data/0", field)

    elements = zipped(data__pkl=p.program(p.tensor(p.storage(2**58))), data__0=FOUR.tobytes())
    lies = [
        (changed(8, b"\1\0"), "its records are encrypted"),
        (changed(10, b"\x0c\0"), "packed in another way than zip's usual one"),
        (changed(24, b"\xf0\xff\xff\xff"), "a record has two sizes"),
        (changed(20, b"\xf0\xff\xff\xff" * 2), "a record reaches beyond the file"),
        (changed(42, b"\xf0\xff\xff\xff"), "a record reaches beyond the file"),
        (elements, "has not the 288230376151711744 elements"),
        (with_size(elements, 2**60), "a record reaches beyond the file"),
        (overlapping(), "its records overlap"),
    ]
    found = refused([content for content, _ in lies], tmp_path)
    for (_, expected), message in zip(lies, found, strict=True):
        assert expected in message


@pytest.mark.parametrize("location", ["nonsense", "cuda:x", "cuda:²", "cpu\ncpu\x1b[2J", "c" * 900])
def test_a_wrong_device_is_one_line(location):
    for content in (
        p.tensor(p.storage(4, "0", "FloatStorage", location)),
        p.call(p.name("torch", "device"), p.text(location)),
    ):
        with pytest.raises(CheckpointError) as caught:
            load(content)
        assert str(caught.value).isprintable() and len(str(caught.value)) < 400


def test_names_of_a_file_are_shown_in_one_line():
    stack_global = p.text("os\n\x1b[2J") + p.text("x" * 100_000) + b"\x93"
    with pytest.raises(CheckpointError, match=r"it names os  \[2J.x{100}, and") as caught:
        load(stack_global)
    assert str(caught.value).isprintable()


# ---- the format before 1.6


def legacy(pickle, keys, *storages, system=None):
    system = p.pairs(p.text("little_endian"), p.TRUE) if system is None else system
    header = LEGACY_START + b"." + p.program(p.number(1001)) + p.program(system)
    content = header + pickle + p.program(b"](", *map(p.text, keys), b"e")
    for storage in storages:
        content += struct.pack("<Q", len(storage)) + storage.tobytes()
    return content


def legacy_storage(count=4, key="0", view=p.NONE):
    return p.values(
        p.text("storage"), p.name("torch", "FloatStorage"), p.text(key), p.text("cpu"),
        p.number(count), view,
    ) + b"Q"  # fmt: skip


def view(offset, size):
    return p.values(p.text("1"), p.number(offset), p.number(size))


WHOLE = legacy(p.program(p.tensor(legacy_storage())), ["0"], FOUR)


def test_legacy_files_made_by_hand_are_read():
    assert torch.load(io.BytesIO(WHOLE)).tolist() == [1, 2, 3, 4]
    part = legacy(
        p.program(p.values(p.tensor(legacy_storage()),
                           p.tensor(legacy_storage(view=view(1, 2)), 1, (1,)))),
        ["0"], FOUR,
    )  # fmt: skip
    whole, part = torch.load(io.BytesIO(part))
    assert part.tolist() == [3]
    part[0] = 7
    assert whole.tolist() == [1, 2, 7, 4]


def test_legacy_file_cut_anywhere():
    # One byte of a storage that is left must not stand for all the others.
    for end in range(len(WHOLE)):
        with pytest.raises(CheckpointError, match="unexpected end of the file|is not a checkp"):
            torch.load(io.BytesIO(WHOLE[:end]))


@pytest.mark.parametrize(
    "content, message",
    [
        (legacy(p.program(p.tensor(legacy_storage())), [], FOUR), "list of its storages"),
        (legacy(p.program(p.tensor(legacy_storage())), ["0", "0"], FOUR), "list of its storages"),
        (legacy(p.program(p.tensor(legacy_storage())), ["1"], FOUR), "list of its storages"),
        (legacy(p.program(p.tensor(legacy_storage(3), 0, (3,))), ["0"], FOUR), "not the elements"),
        (legacy(p.program(p.tensor(legacy_storage(2**58))), ["0"], FOUR), "unexpected end"),
        (legacy(p.program(p.tensor(legacy_storage(view=view(3, 2)))), ["0"], FOUR), "part reaches"),
        (legacy(p.program(p.tensor(legacy_storage(view=view(2, 2)), 0, (3,))), ["0"], FOUR),
         "beyond its storage"),
        (legacy(p.program(p.tensor(legacy_storage(view=view(-1, 2)))), ["0"], FOUR), "is none"),
        (legacy(p.program(p.NONE), [], system=p.EMPTY_LIST), "does not say its byte order"),
        (legacy(p.program(p.NONE), [], system=p.tensor(legacy_storage())), "in the file's header"),
    ],
)  # fmt: skip
def test_legacy_file_that_lies(content, message):
    with pytest.raises(CheckpointError, match=message):
        torch.load(io.BytesIO(content))


def test_legacy_storages_take_no_more_than_the_file(tmp_path):
    many = p.program(
        p.values(*[p.tensor(legacy_storage(10**6, str(key)), 0, (1,)) for key in range(1000)])
    )
    content = legacy(many, [str(key) for key in range(1000)], np.zeros(10**6, np.float32))
    (message,) = refused([content], tmp_path)
    assert "unexpected end of the file" in message


def test_two_objects_in_one_legacy_file(tmp_path):
    second = legacy(p.program(p.tensor(legacy_storage(key="b"), 1, (2,))), ["b"], FOUR)
    path = tmp_path / "two.pt"
    path.write_bytes(b"before" + WHOLE + second)
    with open(path, "rb") as file:
        file.seek(6)
        assert torch.load(file).tolist() == [1, 2, 3, 4]
        assert torch.load(file).tolist() == [2, 3]
        assert file.read() == b""
