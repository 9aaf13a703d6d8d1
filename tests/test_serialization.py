"""What is saved comes back, and PyTorch's files are read."""

import collections
import io
import os
import pickle

import numpy as np
import pytest

import rushlight as torch
from serialization_support import DATA, assert_same, round_trip, saved


class Point3(tuple):
    """A class of the program."""

    def __new__(cls, *values):
        return super().__new__(cls, values)


DTYPES = [
    torch.float32, torch.float64, torch.float16, torch.int64, torch.int32, torch.int16, torch.int8,
    torch.uint8, torch.bool, torch.complex64, torch.complex128, torch.uint16, torch.uint32,
    torch.uint64,
]  # fmt: skip


@pytest.mark.parametrize("dtype", [*DTYPES, torch.bfloat16], ids=str)
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


def test_memory_on_a_device_is_shared_again(device):
    base = torch.arange(12.0).reshape(3, 4)
    mask = torch.tensor([True, False])
    values = [base, base.t(), base[1, ::2], base[:, :1].expand(3, 1000), base[3:], mask]
    loaded = torch.load(io.BytesIO(saved(values)), map_location=device)
    for a, b in zip(loaded, values, strict=True):
        assert a.device.type == device and a.stride() == b.stride()
        assert a.tolist() == b.tolist()
    loaded[0][1, 2] = -1
    assert loaded[1][2, 1].item() == loaded[2][1].item() == -1


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


# ---- what is not written


@pytest.mark.parametrize(
    "obj, message",
    [
        (np.array(["a"]), r"type 'numpy.ndarray', only .*; of NumPy's arrays those of numbers"),
        (np.array([None]), r"type 'numpy.ndarray', only .*; of NumPy's arrays those of numbers"),
        ([torch.nn.Linear(1, 1)], r"type '.*Linear', .*; save its state_dict\(\)"),
        ({"a": {"b": len}}, "type 'builtins.builtin_function_or_method'"),
        (frozenset(), "type 'builtins.frozenset'"),
        (collections.defaultdict(lambda: 1), r"by a function of the program .*; save dict\(x\)"),
        (Point3(1, 2, 3), r"add_safe_globals\(\[Point3\]\)"),
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
