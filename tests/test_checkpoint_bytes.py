"""Checkpoints of which bytes are wrong or missing, and pickles of every opcode: one type of error,
no code that runs, and no more memory than the file asks for."""

from __future__ import annotations

import argparse
import collections
import io
import pickle
import pickletools
import zipfile
from typing import Any, NamedTuple

import numpy as np
import pytest

import rushlight as torch
from pickles import name, number, pairs, text, values
from rushlight.serialization import CheckpointError
from serialization_support import checkpoint, saved


class Point(NamedTuple):
    x: int


def everything() -> bytes:
    weight = torch.nn.Parameter(torch.arange(3.0))
    return saved({
        "weight": weight, "view": weight.data[1:], "half": torch.ones(1).half(),
        "numpy": [np.float32(1.5), np.arange(2)], "bytes": b"ab",
        "point": Point(1), "settings": argparse.Namespace(a=1),
        "lists": collections.defaultdict(list, a=[1]),
        "ordered": collections.OrderedDict(b=torch.Size([1])), "set": {1, 2},
    })  # fmt: skip


def read(content: bytes) -> Any:
    """What is read; None where it is refused, and any other error fails the test."""
    try:
        return torch.load(io.BytesIO(content), weights_only=False)
    except CheckpointError as error:
        assert "\n" not in str(error)
        return None


def test_cut_anywhere() -> None:
    content = everything()
    assert read(content)["point"] == Point(1)
    for end in range(len(content)):
        assert read(content[:end]) is None


def test_each_byte_changed() -> None:
    content = everything()
    for place in range(len(content)):
        changed = read(content[:place] + bytes([content[place] ^ 0x11]) + content[place + 1 :])
        # What is not in a checksum are names, dates and padding: the values are then the same.
        assert changed is None or changed["weight"].tolist() == [0, 1, 2]


def test_each_byte_of_the_pickle_changed_and_signed_anew() -> None:
    """As who means harm would: the checksums of the archive are right."""
    stream = io.BytesIO(everything())
    with zipfile.ZipFile(stream) as archive:
        content = archive.read("archive/data.pkl")
        storages = [np.frombuffer(archive.read(f"archive/data/{i}"), np.uint8) for i in range(2)]
    for place in range(len(content)):
        for change in (0x01, 0xFF):
            changed = content[:place] + bytes([content[place] ^ change]) + content[place + 1 :]
            read(checkpoint(changed, *storages))


ARGUMENTS = [
    b"", b"\0", b"\1", b"\0\0", b"a\n", b"1\n", b"os\nsystem\n", b"\1a", b"\1\0\0\0a",
    b"\1\0\0\0\0\0\0\0a", b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff\xff\xff\xff\x7f",
]  # fmt: skip
STACKS = [
    b"", b"(", b"N", b"NN", number(3), text("os") + text("system"), values(), b"(" + values(),
    name("collections", "OrderedDict") + values(), name("argparse", "Namespace") + values(),
    name("argparse", "Namespace") + values() + b"\x81" + pairs(text("a"), number(1)),
    b"(" + text("os") + text("system"), b"]" + number(1), b"]q\0h\0", b"}" + text("a") + b"}",
    b"\x8f(" + number(1), b"(" + name("collections", "Counter"),
]  # fmt: skip


@pytest.mark.parametrize("head, arguments", [(b"", ARGUMENTS[:1]), (b"\x80\4", ARGUMENTS)])
def test_every_opcode_on_every_stack(head: bytes, arguments: list[bytes]) -> None:
    """Without a protocol each opcode alone, as that changes nothing but the beginning."""
    takes = {ord(opcode.code) for opcode in pickletools.opcodes if opcode.arg is not None}
    count, refused = 0, 0
    for opcode in range(256):
        for stack in STACKS:
            for argument in arguments if opcode in takes else ARGUMENTS[:1]:
                content = head + stack + bytes([opcode]) + argument + b"."
                refused += read(checkpoint(content)) is None
                count += 1
    assert refused > 0.8 * count > 3000


def test_nested_deeper_than_any_stack() -> None:
    depth = 100_000
    for content in (
        b"(" * depth + b"t" * depth, b"]" * depth + b"a" * (depth - 1),
        b"}" + (text("a") + b"}") * 1000 + b"s" * 1000,
    ):  # fmt: skip
        loaded = read(checkpoint(b"\x80\x02" + content + b"."))
        while isinstance(loaded, (list, tuple)) and loaded:  # or Python takes it apart by itself
            loaded = loaded[-1]


def test_a_bomb() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(1, 2))
        archive.writestr("archive/data/0", bytes(100 << 20), compresslevel=1)
    stream.seek(0)
    with pytest.raises(CheckpointError, match="too much for a file of"):
        torch.load(stream)
