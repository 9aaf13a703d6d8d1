"""What a checkpoint may not hold: nothing in it runs, and no tensor leaves its storage."""

import io
import os
import pickle
import sys

import numpy as np
import pytest

import rushlight as torch
from rushlight.serialization import CheckpointError
from rushlight.serialization.pickler import pickled
from serialization_support import checkpoint, saved


class Runs:
    """Pickled, it makes a loader call `function(*arguments)`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def protocol_2(*lines):
    return b"\x80\x02" + b"".join(lines) + b"."


EVIL = {
    "function": (
        pickle.dumps(Runs(os.mkdir, "ran"), 2), "names posix.mkdir, and all of posix is blocked"
    ),
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
        protocol_2(b"c__builtin__\nbytearray\nJ\0\0\0\x7f\x85R"), "bytes are made of something else"
    ),
    "objects in an array": (
        protocol_2(b"cnumpy\ndtype\nX\2\0\0\0O8\x89\x88\x87R"),
        "NumPy array of type O8, and not of numbers",
    ),
    "unknown reference": (protocol_2(b"X\1\0\0\0aQ"), "unknown reference"),
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
    content = content.replace(b"HalfStorage", b"ComplexHalfStorage")
    with pytest.raises(CheckpointError, match=r"torch.ComplexHalfStorage\); convert .* with .flo"):
        torch.load(io.BytesIO(checkpoint(content, *storages)))
