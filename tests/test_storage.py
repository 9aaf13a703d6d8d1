"""Storages: the memory behind tensors."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

import rushlight as torch


def test_tensors_follow_their_storage() -> None:
    x = torch.arange(6.0)
    part, matrix, storage = x[2:], x.view(2, 3), x.untyped_storage()
    place = x.data_ptr()
    assert storage.resize_(80) is storage
    assert storage.nbytes() == 80 == part.untyped_storage().nbytes() and x.data_ptr() != place
    part.fill_(7)
    assert x.tolist() == [0, 1, 7, 7, 7, 7] and matrix.tolist() == [[0, 1, 7], [7, 7, 7]]
    assert x.resize_(20).data_ptr() == storage.data_ptr()
    with pytest.raises(RuntimeError, match=r"needs \d+ bytes of it, and would have 8"):
        matrix.untyped_storage().resize_(8)
    assert storage.nbytes() == 80
    with pytest.raises(RuntimeError, match="cannot have -1 bytes"):
        storage.resize_(-1)


def test_a_storage_of_its_own_shrinks_and_grows() -> None:
    storage = torch.UntypedStorage([1, 2, 3])
    assert storage.resize_(2).tolist() == [1, 2]
    assert storage.resize_(0).nbytes() == 0
    assert storage.resize_(4).fill_(5).tolist() == [5, 5, 5, 5]
    typed = torch.FloatStorage([1.0, 2.0])
    assert typed.resize_(1).tolist() == [1] and typed.nbytes() == 4


def test_set_takes_more_than_there_is() -> None:
    x = torch.arange(6.0)
    y = torch.empty(0).set_(x.untyped_storage(), 4, (2, 2))
    assert y[0].tolist() == [4, 5]
    y.zero_()
    assert x.tolist() == [0, 1, 2, 3, 0, 0] and x.untyped_storage().nbytes() == 32
    with pytest.raises(RuntimeError, match="invalid storage offset -1"):
        y.set_(x.untyped_storage(), -1, (2,))


def test_storages_of_one_memory_are_equal() -> None:
    x = torch.ones(4)
    assert x.untyped_storage() == x[1:].untyped_storage() != x.clone().untyped_storage()
    assert len({t.untyped_storage() for t in (x, x[2:], x.view(2, 2))}) == 1
    assert x.untyped_storage()._cdata == x[1:].untyped_storage()._cdata
    assert x.untyped_storage() != x.storage()
    assert x.storage_type() is torch.FloatStorage


def test_copies() -> None:
    x = torch.arange(3.0)
    for storage in (x.untyped_storage(), x.storage()):
        made: list[Any] = [storage.clone(), copy.copy(storage), copy.deepcopy(storage)]
        made.append(pickle.loads(pickle.dumps(storage)))
        for other in made:
            assert type(other) is type(storage) and other != storage
            assert other.tolist() == storage.tolist()
    assert x.storage().double().tolist() == [0, 1, 2]
    assert x.untyped_storage().type(torch.int16).size() == 12


def test_from_buffer() -> None:
    source = bytearray([1, 0, 2, 0])
    storage = torch.ShortStorage.from_buffer(source, "little")
    assert storage.tolist() == [1, 2]
    storage.fill_(0)
    assert source == bytearray([1, 0, 2, 0])
    assert torch.ShortStorage.from_buffer(source, "big").tolist() == [256, 512]
    with pytest.raises(ValueError, match="invalid byte_order 'middle'"):
        torch.ShortStorage.from_buffer(source, "middle")
    with pytest.raises(TypeError, match="takes a size or a sequence"):
        torch.UntypedStorage(1, 2)


def test_files(tmp_path: Path) -> None:
    name = str(tmp_path / "numbers")
    x = torch.from_file(name, shared=True, size=4)
    assert x.tolist() == [0] * 4 and x.dtype is torch.float32
    x.copy_(torch.arange(4.0))
    assert Path(name).stat().st_size == 16
    private = torch.from_file(name, size=2)
    private.fill_(9)
    assert torch.from_file(name, size=4).tolist() == [0, 1, 2, 3]
    assert torch.from_file(name, True, 4, dtype=torch.int16).shape == (4,)
    assert torch.FloatStorage.from_file(name, True, 4).tolist() == [0, 1, 2, 3]
    assert torch.from_file(name, size=0).shape == (0,)
    with pytest.raises(RuntimeError, match="size <16> is smaller than the required .* <20>"):
        torch.from_file(name, size=5)
    with pytest.raises(RuntimeError, match="unable to open file .* No such file"):
        torch.from_file(name + ".none", size=5)


def test_a_module_in_shared_memory_is_saved(tmp_path: Path) -> None:
    model = torch.nn.Linear(3, 2).share_memory()
    torch.save(model.state_dict(), tmp_path / "model.pt")
    loaded = torch.load(tmp_path / "model.pt")
    assert torch.equal(loaded["weight"], model.weight)
    model.load_state_dict({"weight": torch.ones(2, 3), "bias": torch.zeros(2)})
    assert model.weight.is_shared() and model.weight.sum() == 6


def test_a_slice_shares_memory() -> None:
    x = torch.arange(10, dtype=torch.uint8)
    storage = x.untyped_storage()
    part = storage[2:5]
    assert part.tolist() == [2, 3, 4] and part.data_ptr() == storage.data_ptr() + 2
    part[0] = 9
    assert x[2] == 9 and len(part) == 3 and storage[4:4].tolist() == []


def test_a_tensor_sees_the_bytes_of_a_storage() -> None:
    x = torch.tensor([1.5, 2.5])
    storage = x.untyped_storage()
    same = torch.asarray(storage, dtype=torch.float32)
    assert same.tolist() == [1.5, 2.5] and same.data_ptr() == x.data_ptr()
    assert torch.asarray(storage, dtype=torch.uint8).tolist() == storage.tolist()
    assert torch.asarray(storage).dtype is torch.int64  # as PyTorch takes bytes that say no dtype
    assert torch.asarray(storage[:3], dtype=torch.int16).tolist() == [0]
    copy = torch.asarray(storage, dtype=torch.float32, copy=True)
    assert copy.tolist() == [1.5, 2.5] and copy.data_ptr() != x.data_ptr()
