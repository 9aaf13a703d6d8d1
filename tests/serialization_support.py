"""What the tests of checkpoints share: making them in memory, reading and comparing them.

`data/pytorch.pt` and `data/pytorch_legacy.pt` were written by PyTorch 2.13, the same object in the
zip format and in the one before 1.6 (test_file_of_pytorch says what is in them).
"""

import io
from pathlib import Path

import numpy as np

import rushlight as torch
from rushlight.serialization import archive

DATA = Path(__file__).parent / "data"


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
