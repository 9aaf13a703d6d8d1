"""What checkpoints hold beside tensors: NumPy's values, named tuples, and what a program allows."""

import argparse
import collections
import dataclasses
import enum
import io
import os
import pathlib
import pickle
from typing import NamedTuple

import numpy as np
import pytest

import rushlight as torch
from pickles import BUILD, call, name, number, pairs, program, text, values
from rushlight import serialization
from rushlight.serialization import CheckpointError
from serialization_support import checkpoint, round_trip, saved

NEWOBJ = b"\x81"


class Point(NamedTuple):
    x: int
    y: torch.Tensor


class Noisy(tuple):
    """Looks like a named tuple, and runs code."""

    _fields = ("x",)

    def __new__(cls, *values):
        raise AssertionError("it has run")


class Plain:
    def __init__(self, a):
        self.a = a


class Slotted:
    __slots__ = ("a",)


class WithState(Plain):
    def __getstate__(self):
        return {"b": self.a}

    def __setstate__(self, state):
        self.a = state["b"] + 1


@dataclasses.dataclass(frozen=True)
class Settings:
    rate: float
    weight: torch.Tensor | None = None


class Mode(enum.Enum):
    FAST = 1


class Marked(torch.Tensor):
    default = None


def double(value):
    return 2 * value


@pytest.fixture(autouse=True)
def nothing_allowed():
    serialization.clear_safe_globals()
    yield
    serialization.clear_safe_globals()


def load(*parts, **how):
    return torch.load(io.BytesIO(checkpoint(program(*parts))), **how)


@pytest.mark.parametrize("weights_only", [None, True, False])
def test_named_tuples_namespaces_and_default_dicts(weights_only):
    weight = torch.ones(2)
    content = {
        "point": Point(1, weight),
        "again": weight,
        "settings": argparse.Namespace(rate=0.1, sizes=[1, 2], weight=weight),
        "counts": collections.defaultdict(int, a=1),
        "lists": collections.defaultdict(list, {1: [weight]}),
        "nothing": collections.defaultdict(None, b=2),
        "orders": collections.defaultdict(collections.OrderedDict),
        "by point": {Point(1, None): "p"},
    }
    loaded = torch.load(io.BytesIO(saved(content)), weights_only=weights_only)
    assert type(loaded["point"]) is Point and loaded["point"].x == 1
    assert loaded["point"].y is loaded["again"] is loaded["settings"].weight
    assert type(loaded["settings"]) is argparse.Namespace and loaded["settings"].sizes == [1, 2]
    for key in ("counts", "nothing", "orders"):
        assert loaded[key] == content[key]
        assert loaded[key].default_factory is content[key].default_factory
    assert loaded["lists"][1][0] is loaded["again"] and loaded["lists"][2] == []
    assert loaded["by point"] == content["by point"]


@pytest.mark.parametrize(
    "value",
    [np.float32(1.5), np.int64(-3), np.bool_(True), np.complex64(1j), np.arange(6).reshape(2, 3),
     np.asfortranarray(np.ones((2, 3))), np.zeros(0), np.array(2.0, np.float16), np.array([True])],
)  # fmt: skip
def test_numpys_values(value):
    loaded = round_trip({"value": value})["value"]
    assert type(loaded) is type(value) and loaded.dtype == value.dtype
    assert np.array_equal(loaded, value) and np.shape(loaded) == np.shape(value)
    assert round_trip(value.dtype) == value.dtype


def test_paths():
    kinds = pathlib.Path, pathlib.PurePosixPath, pathlib.PureWindowsPath
    paths = [kind(*parts) for kind in kinds for parts in ((), ("a", "b.c"), ("/", "a"), ("C:/x",))]
    loaded = round_trip({"paths": paths, "options": argparse.Namespace(out=paths[1])})
    assert loaded["paths"] == paths and loaded["options"].out == pathlib.Path("a/b.c")
    assert [type(path) for path in loaded["paths"]] == [type(path) for path in paths]
    for module in ("pathlib", "pathlib._local"):
        foreign = load(call(name(module, "WindowsPath"), text("C:/"), text("a")))
        assert type(foreign) is pathlib.PureWindowsPath and foreign.as_posix() == "C:/a"
    with pytest.raises(CheckpointError, match="a path of no strings"):
        load(call(name("pathlib", "PosixPath"), number(1)))


def test_state_of_numpys_generator():
    state = np.random.RandomState(3).get_state()
    other = np.random.RandomState()
    other.set_state(round_trip(state))
    assert other.rand() == np.random.RandomState(3).rand()


def test_what_a_program_allows():
    content = {
        "plain": Plain(torch.ones(2)), "settings": Settings(0.5, torch.zeros(1)),
        "mode": Mode.FAST, "state": WithState(1), "class": Plain,
    }  # fmt: skip
    with pytest.raises(pickle.PicklingError, match=r"add_safe_globals\(\[Plain\]\)"):
        saved(content)
    with serialization.safe_globals([Plain, Settings, Mode, WithState]):
        loaded = round_trip(content)
        file = saved(content)
    assert loaded["plain"].a.tolist() == [1, 1] and loaded["settings"].weight.item() == 0
    assert loaded["mode"] is Mode.FAST and loaded["state"].a == 2 and loaded["class"] is Plain
    for weights_only in (True, False):
        with pytest.raises(CheckpointError, match=rf"names {__name__}.Plain.*weights_only says"):
            torch.load(io.BytesIO(file), weights_only=weights_only)
    assert serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(file)) == sorted(
        f"{__name__}.{kind.__name__}" for kind in (Plain, Settings, Mode, WithState)
    )


def test_names_for_what_has_moved():
    content = program(name("old.place", "Thing"), values(), NEWOBJ,
                      pairs(text("a"), number(3)), BUILD)  # fmt: skip
    with pytest.raises(CheckpointError, match="names old.place.Thing"):
        torch.load(io.BytesIO(checkpoint(content)))
    serialization.add_safe_globals([(Plain, "old.place.Thing"), double])
    assert torch.load(io.BytesIO(checkpoint(content))).a == 3
    assert load(call(name(__name__, "double"), number(4))) == 8
    assert serialization.get_safe_globals() == [(Plain, "old.place.Thing"), double]
    serialization.clear_safe_globals()
    assert serialization.get_safe_globals() == []


def test_tensors_of_a_class_that_is_allowed():
    tensor = program(call(
        name("torch._tensor", "_rebuild_from_type_v2"),
        name("torch._utils", "_rebuild_meta_tensor_no_storage"), name(__name__, "Marked"),
        values(name("torch", "float32"), values(number(2)), values(number(1)), b"\x89"),
        pairs(text("mark"), number(7)),
    ))  # fmt: skip
    with pytest.raises(CheckpointError, match=r"names .*Marked"):
        torch.load(io.BytesIO(checkpoint(tensor)))
    serialization.add_safe_globals([Marked])
    loaded = torch.load(io.BytesIO(checkpoint(tensor)))
    assert type(loaded) is Marked and loaded.shape == (2,) and loaded.mark == 7


def test_tensors_of_an_allowed_class_are_saved_with_their_attributes():
    serialization.add_safe_globals([Marked])
    marked = torch.ones(2, requires_grad=True).as_subclass(Marked)
    marked.note, marked.default = [1], 5
    loaded, again = round_trip([marked, marked])
    assert type(loaded) is Marked and loaded is again and loaded.requires_grad
    assert loaded.tolist() == [1, 1] and loaded.note == [1] and loaded.default == 5


@pytest.mark.parametrize(
    "allowed, error, message",
    [([(Plain,)], ValueError, "tuple of length 2 .*length: 1"),
     ([(Plain, 3)], TypeError, "second item in tuple to be str"),
     ([3], TypeError, "takes classes and functions, got 3"),
     (3, TypeError, "not iterable")],
)  # fmt: skip
def test_what_cannot_be_allowed(allowed, error, message):
    with pytest.raises(error, match=message):
        serialization.add_safe_globals(allowed)
    assert serialization.get_safe_globals() == []


@pytest.mark.parametrize("how", ["REDUCE", "NEWOBJ"])
def test_what_is_blocked_even_if_allowed(how, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    serialization.add_safe_globals([os.mkdir])
    maker = name("posix", "mkdir"), values(text("ran"))
    content = call(maker[0], text("ran")) if how == "REDUCE" else b"".join(maker) + NEWOBJ
    with pytest.raises(CheckpointError, match="names posix.mkdir, and all of posix is blocked"):
        load(content)
    assert os.listdir() == []


@pytest.mark.parametrize(
    "content, message",
    [
        (name(__name__, "Point") + values(number(1)) + NEWOBJ, "named tuple of another length"),
        (name(__name__, "Point") + values(number(1), number(2)) + NEWOBJ
         + pairs(text("x"), number(3)) + BUILD, "sets the state of a Point"),
        (name(__name__, "Point"), "a class or a storage by itself"),
        (call(name(__name__, "Point"), number(1), number(2)), "calls something that is not a fun"),
        (name("argparse", "Namespace") + values(number(1)) + NEWOBJ, "Namespace is made of"),
        (name("argparse", "Namespace") + values() + NEWOBJ
         + pairs(text("__class__"), number(3)) + BUILD, "sets the attribute __class__"),
        (call(name("argparse", "Namespace")), "calls something that is not a function"),
        (call(name("collections", "defaultdict"), name("torch", "Size")), "not of a plain type"),
        (call(name("collections", "defaultdict"), number(1)), "defaultdict of no plain type"),
        (call(name("__builtin__", "int"), text("1")), "calls something that is not a function"),
        (name("__builtin__", "int"), "a class or a storage by itself"),
        (name("builtins", "list") + values(values()) + NEWOBJ, "that is not a class"),
    ],
)  # fmt: skip
def test_none_of_it_runs_code(content, message):
    with pytest.raises(CheckpointError, match=message):
        load(content)


def test_the_class_of_a_named_tuple_runs_nothing():
    loaded = load(name(__name__, "Noisy") + values(number(1)) + NEWOBJ)
    assert type(loaded) is Noisy and loaded == (1,)


def test_the_state_of_what_is_allowed_is_plain():
    serialization.add_safe_globals([Plain, Slotted])
    made = name(__name__, "Slotted") + values() + NEWOBJ
    assert load(made + values(b"N", pairs(text("a"), number(1))) + BUILD).a == 1
    for state in (number(1), pairs(text("__class__"), number(1)), pairs(number(1), number(1))):
        with pytest.raises(CheckpointError, match="is damaged"):
            load(name(__name__, "Plain") + values() + NEWOBJ + state + BUILD)


def test_whole_modules_are_refused_with_advice():
    content = name("torch.nn.modules.linear", "Linear") + values() + NEWOBJ
    with pytest.raises(CheckpointError, match=r"no whole module; save its state_dict\(\)"):
        load(content, weights_only=False)
    with pytest.raises(pickle.PicklingError, match=r"save its state_dict\(\)"):
        saved(torch.nn.Linear(1, 1))


def test_names_of_either_protocol_are_found():
    for protocol in (2, 4):
        content = pickle.dumps([Mode.FAST, Mode.FAST, Settings(0.5)], protocol)
        assert serialization.get_unsafe_globals_in_checkpoint(
            io.BytesIO(checkpoint(content))
        ) == [f"{__name__}.Mode", f"{__name__}.Settings"]


# ---- tensors of allowed classes, and what is set on tensors


class Weight(torch.nn.Parameter):
    pass


def test_leaves_of_allowed_classes_stay_leaves():
    serialization.add_safe_globals([Marked, Weight])
    marked = torch.ones(2).as_subclass(Marked).requires_grad_()
    loaded, weight = round_trip([marked, Weight(torch.ones(2))])
    assert type(loaded) is Marked and type(weight) is torch.nn.Parameter  # as PyTorch has it
    assert loaded.is_leaf and weight.is_leaf and loaded.requires_grad and weight.requires_grad


@pytest.mark.parametrize("how", [b"R", b"\x81"])  # REDUCE and NEWOBJ
def test_no_memory_is_shown_that_a_file_does_not_hold(how):
    serialization.add_safe_globals([Marked])
    content = program(name(__name__, "Marked") + values(number(10)) + how)
    with pytest.raises(CheckpointError, match="it makes a Marked without a tensor to make it of"):
        torch.load(io.BytesIO(checkpoint(content)))


def test_a_state_sets_no_slots():
    serialization.add_safe_globals([Marked])
    tensor = call(
        name("torch._tensor", "_rebuild_from_type_v2"),
        name("torch._utils", "_rebuild_meta_tensor_no_storage"), name(__name__, "Marked"),
        values(name("torch", "float32"), values(number(2)), values(number(1)), b"\x89"), b"N",
    )  # fmt: skip
    state = pairs(text("array"), number(1), text("_view"), number(1), text("note"), number(2))
    loaded = torch.load(io.BytesIO(checkpoint(program(tensor + state + BUILD))))
    assert loaded.shape == (2,) and loaded._view != 1 and loaded.note == 2


@pytest.mark.parametrize("attribute", ["__odd__", "has space"])
@pytest.mark.parametrize("make", [torch.tensor, torch.nn.Parameter], ids=["tensor", "parameter"])
def test_nothing_is_saved_that_load_refuses(make, attribute):
    x = make(torch.ones(2).numpy() if make is torch.tensor else torch.ones(2))
    setattr(x, attribute, 1)
    with pytest.raises(pickle.PicklingError, match=f"cannot hold the attribute '{attribute}'"):
        saved(x)


def test_an_attribute_that_leads_back_to_the_tensor():
    x = torch.ones(2)
    x.parts = [x]
    with pytest.raises(pickle.PicklingError, match="leads back to the tensor"):
        saved(x)


def test_sparse_tensors_keep_their_attributes():
    x = torch.eye(2).to_sparse()
    x.tag = "kept"
    loaded = round_trip(x)
    assert loaded.tag == "kept" and loaded.layout is torch.sparse_coo
    assert loaded.to_dense().tolist() == [[1, 0], [0, 1]]
