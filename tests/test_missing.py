"""Names that PyTorch has and Rushlight has not yet: what is said of them, and to whom."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn, optim, vision
from rushlight.left_out import why_left_out
from rushlight.missing import (
    MissingNameError,
    nearest_name,
    pytorch_modules,
    pytorch_names,
)

PLACES = {
    "torch": torch, "nn": nn, "nn.functional": nn.functional, "nn.init": nn.init, "optim": optim,
    "optim.lr_scheduler": optim.lr_scheduler, "utils.data": torch.utils.data,
    "Tensor": torch.Tensor,
}  # fmt: skip


# What is there under a name that is left out elsewhere.
LOOKS_LEFT_OUT = {
    "Tensor.is_quantized", "nn.ModuleDict", "nn.ParameterDict", "nn.init.Tensor", "torch.Tensor",
    "optim.Optimizer", "torch.inf", "torch.mps", "torch.mtia", "torch.xpu",
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_what_is_there_and_what_is_not(place: str) -> None:
    owner = PLACES[place]
    names = [name for name in pytorch_names() if name.rpartition(".")[0] == place]
    assert len(names) > 10
    for name in names:
        if hasattr(owner, name.rpartition(".")[2]):
            continue
        with pytest.raises(AttributeError) as caught:
            getattr(owner, name.rpartition(".")[2])
        word = "leaves it out: " if why_left_out(name) else "not yet"
        assert str(caught.value).startswith(f"PyTorch has {name}; Rushlight {word}")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("owner", PLACES.values())
def test_a_name_that_nobody_has(owner: Any) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'flimflam'"):
        _ = owner.flimflam
    assert not hasattr(owner, "__flimflam__") and getattr(owner, "_flimflam", 3) == 3


def test_the_nearest_is_one_that_is_there() -> None:
    assert str(MissingNameError("nn", "Conv2D", nn)) == (
        "PyTorch has nn.Conv2D; Rushlight not yet; the nearest that is there: nn.Conv2d; "
        "what is missing is tracked at https://github.com/rushlight-dl/rushlight/issues"
    )
    assert "nearest" not in str(MissingNameError("nn", "QWXZ", nn))
    assert nearest_name("LSTMCell", ["Linear", "Conv2d"]) is None
    for name, there, nearest in (
        ("GRU", ["GLU"], None), ("LazyConv1d", ["Conv1d", "Conv2d"], "Conv1d"),
        ("lstm", ["lt"], None), ("NAdam", ["Adam"], "Adam"), ("ASGD", ["SGD"], None),
        ("to_sparse", ["to", "is_sparse"], None), ("resize", ["resize_", "size"], "resize_"),
        ("set_default_device", ["set_default_dtype"], None), ("values", ["kthvalue"], None),
        ("cudnn_batch_norm", ["batch_norm", "layer_norm"], "batch_norm"),
    ):  # fmt: skip
        assert nearest_name(name, there) == nearest, name
    absent = next(n for n in dir(torch.Tensor) if not hasattr(torch.Tensor, n))
    message = str(MissingNameError("Tensor", absent, torch.Tensor))
    assert f"is there: Tensor.{absent}" not in message


def test_what_is_left_out_says_why() -> None:
    with pytest.raises(AttributeError, match="torch.quint8; Rushlight leaves it out: there are no"):
        _ = torch.quint8
    with pytest.raises(AttributeError, match="torch.complex32; .*torch.complex64 is the smallest"):
        _ = torch.complex32
    there = {name for name in pytorch_names() if name in LOOKS_LEFT_OUT}
    for name in pytorch_names() - there:
        place, _, last = name.rpartition(".")
        if why_left_out(name) and place in PLACES:
            assert not hasattr(PLACES[place], last), f"{name} is there"


def test_a_tensor_takes_an_attribute_of_a_missing_name() -> None:
    x = torch.ones(2)
    absent = next(n for n in dir(torch.Tensor) if not hasattr(torch.Tensor, n))
    assert absent not in dir(x)
    said = f"PyTorch has Tensor.{absent}; Rushlight (not yet|leaves it out)"
    with pytest.raises(AttributeError, match=said):
        getattr(x, absent)
    setattr(x, absent, 3)
    assert getattr(x, absent) == 3 and absent in dir(x)


def test_what_is_listed_is_there() -> None:
    class Mine(torch.Tensor):
        pass

    absent = next(n for n in dir(torch.Tensor) if not hasattr(torch.Tensor, n))
    setattr(Mine, absent, 5)
    assert absent in dir(Mine([1.0]))
    x = torch.ones(1, 1, dtype=torch.complex64)
    assert {"add_", "shape", "grad_fn"} < set(dir(x)) and all(hasattr(x, name) for name in dir(x))


def test_an_import_of_a_missing_name(monkeypatch: pytest.MonkeyPatch) -> None:
    known = pytorch_names() | {"nn.FlimLinear", "nn.functional.flim"}
    monkeypatch.setattr("rushlight.missing.pytorch_names", lambda: known)
    for place, absent in (("nn", "FlimLinear"), ("nn.functional", "flim")):
        statement = f"from rushlight.{place} import {{}}"
        with pytest.raises(ImportError, match=f"PyTorch has {place}.{absent}; Rushlight not yet"):
            exec(statement.format(absent), {})
        with pytest.raises(ImportError, match="cannot import name 'flimflam'"):
            exec(statement.format("flimflam"), {})


def test_an_import_of_a_missing_module() -> None:
    with pytest.raises(ModuleNotFoundError, match="^No module named 'rushlight.nn.quantized': Py"):
        importlib.import_module("rushlight.nn.quantized")
    with pytest.raises(ModuleNotFoundError, match="Rushlight leaves it out: .*quantized tensors"):
        exec("from rushlight.nn.quantized import Linear", {})
    with pytest.raises(ModuleNotFoundError, match="^No module named 'rushlight.flim'$"):
        exec("import rushlight.flim", {})
    for name in ("rushlight.flim", "rushlight.contrib", "rushlight.nn.quantized"):
        assert importlib.util.find_spec(name) is None


def test_torchvisions_names(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**pytorch_modules(), "vision.flims": frozenset({"flim"}), "vision.ops": {"flim_pool"}}
    monkeypatch.setattr("rushlight.missing.pytorch_modules", lambda: known)
    said = "PyTorch has torchvision.{}; Rushlight not yet"
    with pytest.raises(AttributeError, match=said.format("ops.flim_pool")):
        _ = vision.ops.flim_pool
    with pytest.raises(ImportError, match=said.format("ops.flim_pool")):
        exec("from rushlight.vision.ops import flim_pool", {})
    with pytest.raises(ImportError, match=said.format("flims")):
        exec("from rushlight.vision import flims", {})
    with pytest.raises(ModuleNotFoundError, match="'rushlight.vision.flims': PyTorch has it; Rush"):
        importlib.import_module("rushlight.vision.flims")
    with pytest.raises(ModuleNotFoundError, match="leaves it out: there are no quantized tensors"):
        importlib.import_module("rushlight.vision.models.quantization")
    with pytest.raises(AttributeError, match=r"torchvision\.set_video_backend; .*opencv.frames"):
        _ = vision.set_video_backend
    # Beside what the module finds itself.
    assert vision.models.ResNet18_Weights.DEFAULT
    for name in ("flim", "ResNet19_Weights"):
        with pytest.raises(AttributeError, match=f"vision.models' has no attribute '{name}'"):
            getattr(vision.models, name)


def test_the_library_that_reads_images() -> None:
    vision.set_image_backend("PIL")
    assert vision.get_image_backend() == "PIL"
    with pytest.raises(ValueError, match="Invalid backend 'other'"):
        vision.set_image_backend("other")


def test_an_import_reads_no_more_than_it_must() -> None:
    later = {"difflib", "rushlight.graph", "rushlight.serialization", "rushlight.utils.data"}
    code = f"import sys, rushlight; print({later} & sys.modules.keys())"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"


def test_a_star_import_has_what_is_imported_on_demand() -> None:
    names: dict[str, Any] = {}
    exec("from rushlight import *", names)  # what programs do, too
    assert names["save"] is torch.save and names["compile"] is torch.compile
    assert {"load", "summary", "zeros", "is_tensor"} <= names.keys() & set(dir(torch))
    assert not {"random", "types", "signal", "nn"} & names.keys()  # modules, as in PyTorch
