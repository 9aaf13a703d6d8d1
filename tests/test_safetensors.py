"""The safetensors library, which reads and writes tensors of the module `torch` that it finds."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

import rushlight as torch

pytest.importorskip("safetensors")

DTYPES = [
    torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32,
    torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64, torch.uint16, torch.uint32,
    torch.uint64,
]  # fmt: skip


@pytest.fixture(scope="module")
def library() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "torch", torch)
        patch.delitem(sys.modules, "safetensors.torch", raising=False)
        import safetensors.torch

        yield safetensors.torch


def content() -> dict[str, torch.Tensor]:
    tensors = {str(dtype): torch.tensor([[0, 1, 2], [3, 4, 5]]).to(dtype) for dtype in DTYPES}
    return {
        **tensors, "empty": torch.zeros(0, 3), "scalar": torch.tensor(1.5),
        "parameter": torch.nn.Parameter(torch.ones(2)), "view": torch.arange(6.0)[2:4],
    }  # fmt: skip


def check(loaded: dict[str, torch.Tensor]) -> None:
    expected = content()
    assert loaded.keys() == expected.keys()
    for name, tensor in expected.items():
        assert loaded[name].dtype is tensor.dtype and torch.equal(loaded[name], tensor.detach())
        assert type(loaded[name]) is torch.Tensor and not loaded[name].requires_grad


def test_every_dtype_through_files_and_bytes(library: ModuleType, tmp_path: Any) -> None:
    library.save_file(content(), tmp_path / "x.safetensors", metadata={"format": "pt"})
    check(library.load_file(tmp_path / "x.safetensors"))
    check(library.load_file(tmp_path / "x.safetensors", device="cpu"))
    check(library.load(library.save(content())))
    assert (tmp_path / "x.safetensors").read_bytes() == library.save(content(), {"format": "pt"})


def test_parts_of_mapped_files(library: ModuleType, tmp_path: Any) -> None:
    library.save_file(content(), tmp_path / "x.safetensors", metadata={"a": "b"})
    with library.safe_open(tmp_path / "x.safetensors", framework="pt", device="cpu") as file:
        assert file.metadata() == {"a": "b"}
        check({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
        for dtype in DTYPES:
            rows = file.get_slice(str(dtype))
            whole = torch.tensor([[0, 1, 2], [3, 4, 5]]).to(dtype)
            assert rows.get_shape() == [2, 3]
            for index in (0, (slice(None), slice(0, 2)), (Ellipsis, slice(1, 3)), slice(1, 2)):
                assert torch.equal(rows[index], whole[index])


def test_models_with_tied_weights(library: ModuleType, tmp_path: Any) -> None:
    def make() -> torch.nn.Sequential:
        nn = torch.nn
        model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 2))
        model.append(nn.Linear(2, 2))
        model[3].weight = model[2].weight
        return model

    model, other = make(), make()
    library.save_model(model, str(tmp_path / "x.safetensors"))
    assert library.load_model(other, tmp_path / "x.safetensors") == (set(), [])
    for name, value in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)
    assert other[3].weight is other[2].weight


def test_what_is_not_saved(library: ModuleType) -> None:
    x = torch.ones(4)
    with pytest.raises(RuntimeError, match="Some tensors share memory"):
        library.save({"a": x, "b": x[:2]})
    with pytest.raises(ValueError, match="non contiguous tensor: `a`"):
        library.save({"a": torch.ones(2, 3).t()})
    with pytest.raises(ValueError, match="sparse tensors"):
        library.save({"a": torch.eye(2).to_sparse()})


def test_damaged_files_end_in_one_error(library: ModuleType, tmp_path: Any) -> None:
    from safetensors import SafetensorError

    whole = library.save({"a": torch.ones(2), "b": torch.arange(3)})
    path = tmp_path / "x.safetensors"

    def read(data: bytes) -> dict[str, torch.Tensor] | None:
        path.write_bytes(data)
        try:
            from_file, from_bytes = library.load_file(path), library.load(data)
        except SafetensorError:
            return None
        assert from_file.keys() == from_bytes.keys()
        return from_file

    for end in range(len(whole)):
        assert read(whole[:end]) is None
    loads = 0
    for place in range(len(whole)):
        changed = read(whole[:place] + bytes([whole[place] ^ 0x15]) + whole[place + 1 :])
        if changed is not None:
            loads += 1
            assert sum(tensor.nbytes for tensor in changed.values()) == 32
    assert loads > 32  # where the numbers and the names have changed
