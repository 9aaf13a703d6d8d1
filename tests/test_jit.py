"""`torch.jit`: scripted modules run as Python, traced ones replay calls, files hold data."""

from __future__ import annotations

import copy
import io
import pickle
import subprocess
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import rushlight as torch
from rushlight import jit, nn
from rushlight.jit import TracerWarning, notice
from rushlight.serialization import CheckpointError
from rushlight.utils._pytree import tree_leaves, tree_map

F = nn.functional


@pytest.fixture(autouse=True)
def _said(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(notice, "_said", True)
    yield


class Net(nn.Module):
    """With a shape that is read, a buffer that is not saved, and a parameter that is not used."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.bn = nn.BatchNorm1d(3)
        self.encoder = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
        self.unused = nn.Parameter(torch.zeros(2))
        self.scale = nn.Parameter(torch.ones(3), requires_grad=False)
        self.register_buffer("offset", torch.ones(1), persistent=False)

    def forward(self, x: Any, more: Any = None) -> Any:
        rows, columns = x.shape
        for i in range(len(x)):
            x = x + i
        if isinstance(x, torch.Tensor) and x.ndim == 2:
            x = self.bn(self.fc(x)) * self.scale
        z = self.encoder(torch.ones(rows, 3, 4))
        y = torch.zeros(2) + self.offset
        return {"x": x[:, None, ..., :1], "z": z.view(rows, -1), "y": [y]}


@pytest.fixture
def net() -> Net:
    torch.manual_seed(0)
    return Net().eval()


def saved(module: Any, **options: Any) -> Any:
    file = io.BytesIO()
    jit.save(module, file, **options)
    file.seek(0)
    return file


def same(a: Any, b: Any) -> bool:
    pairs = zip(tree_leaves(a), tree_leaves(b), strict=True)
    return all(torch.equal(x, y) for x, y in pairs)


X = torch.ones(2, 3)


# ---- script


def test_a_scripted_module_is_a_copy_that_shares_tensors(net: Net) -> None:
    script = jit.script(net)
    assert same(script(X), net(X)) and isinstance(script, (Net, jit.ScriptModule))
    assert isinstance(script, jit.ScriptModule) and isinstance(script.fc, jit.ScriptModule)
    assert script.fc is not net.fc and script.fc.weight is net.fc.weight
    assert list(script.state_dict()) == list(net.state_dict()) and script.original_name == "Net"
    assert repr(script).startswith("RecursiveScriptModule(\n  original_name=Net\n  (fc): Recursive")
    script.train()
    assert not net.training and script.fc.training
    assert jit.script(script) is script
    copied = copy.deepcopy(script)
    assert copied.fc.weight is not script.fc.weight and same(copied.eval()(X), net(X))
    with pytest.raises(RuntimeError, match=r"save it with torch\.jit\.save"):
        pickle.dumps(script)
    with pytest.raises(AttributeError, match=r"Net\.code: there is no TorchScript"):
        _ = script.code
    with pytest.raises(AttributeError, match="has no attribute 'flimflam'"):
        _ = script.flimflam


def test_a_shared_layer_stays_shared() -> None:
    layer = nn.Linear(2, 2)
    script = jit.script(nn.Sequential(layer, layer))
    assert script[0] is script[1]


def test_functions_and_decorators() -> None:
    @jit.script
    def times(x: Any, n: int) -> Any:
        return x * n

    assert times(X, 2).sum() == 12 and times.name == "times" and jit.script(times) is times
    with pytest.raises(AttributeError, match=r"times\.graph: there is no TorchScript"):
        _ = times.graph

    class Decorated(nn.Module):
        @jit.export
        def a(self, x: Any) -> Any:
            return x

        @jit.ignore
        def b(self, x: Any) -> Any:
            return x

        @jit.ignore(drop=True)
        def c(self, x: Any) -> Any:
            return x

        @jit.unused
        def d(self, x: Any) -> Any:
            return x

        def forward(self, x: Any) -> Any:
            return self.a(x) + self.b(x) + self.c(x) + self.d(x)

    assert jit.script(Decorated())(1) == 4
    with pytest.raises(RuntimeError, match="expected a function or a module, not 3"):
        jit.script(3)
    with pytest.raises(RuntimeError, match="without a contained type"):
        jit.isinstance([1], list)
    assert jit.isinstance(({"a": 1}, None), tuple[dict[str, int], int | None])
    with pytest.raises(RuntimeError, match="Freezing module in training mode"):
        jit.freeze(jit.script(nn.ReLU()))
    with pytest.raises(RuntimeError, match="Freezing expects a ScriptModule"):
        jit.freeze(nn.ReLU())


def test_it_is_said_once() -> None:
    code = (
        "import warnings, rushlight as torch\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        "    torch.jit.script(torch.nn.ReLU())\n"
        "    torch.jit.trace(torch.nn.ReLU(), torch.ones(1))\n"
        "    torch.jit.script(lambda x: x)\n"
        "print(len(caught), caught[0].filename, caught[0].lineno, caught[0].message)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("1 <string> 4 there is no TorchScript in Rushlight")


# ---- trace


def test_a_traced_module(net: Net) -> None:
    traced = jit.trace(net, X, strict=False)
    assert same(traced(X), net(X)) and isinstance(traced, jit.ScriptModule)
    assert list(traced.state_dict()) == list(net.state_dict())
    assert traced.fc.weight is net.fc.weight and not traced.scale.requires_grad
    assert {p for p in traced.parameters()} == set(net.parameters())
    assert str(traced).startswith("Net(\n  original_name=Net\n  (fc): Linear(")
    assert [node.target for node in traced.graph.nodes if node.op == "placeholder"] == ["x"]
    assert not jit.is_tracing()
    traced(X)["x"].sum().backward()
    assert net.fc.weight.grad is not None


def test_what_python_decided_stays() -> None:
    def f(x: Any) -> Any:
        assert jit.is_tracing() or x.ndim
        return x * 2 if x.sum() > 0 else -x

    with pytest.warns(TracerWarning, match="Converting a tensor to a Python boolean") as caught:
        traced = jit.trace(f, torch.ones(2))
    assert caught[0].filename == __file__
    assert traced(-torch.ones(2)).tolist() == [-2, -2]
    with pytest.warns(TracerWarning, match="Converting a tensor to a Python number"):
        traced = jit.trace(lambda x: x + int(x.sum()), torch.ones(2))
    assert traced(torch.zeros(2)).tolist() == [2, 2]
    assert "x.sum" not in traced.code  # which nothing uses


def test_changes_in_place_are_traced() -> None:
    def f(x: Any) -> Any:
        y = x.clone()
        also = y
        y.add_(1)
        y[0] = 5
        y += 2
        n = x.size(0)
        n += 1
        also *= n
        return y, also.view(2)

    with warnings.catch_warnings():
        warnings.simplefilter("error", TracerWarning)
        traced = jit.trace(f, torch.zeros(2))
    for x in (torch.ones(2), -torch.ones(2)):
        assert same(traced(x), f(x))
    assert traced(torch.ones(2))[0].tolist() == [21, 12]
    assert same(jit.load(saved(traced))(torch.ones(2)), f(torch.ones(2)))


def test_inputs_of_all_kinds() -> None:
    def f(x: Any, *rest: Any, scale: Any, flag: bool = True, **named: Any) -> Any:
        first, (second,) = rest[0]["a"], rest[1]
        return (x + first + second) * scale if flag else named["other"]

    y = torch.ones(2)
    traced = jit.trace(
        f, (y, {"a": y}, (y,)), example_kwarg_inputs={"scale": 2 * y, "other": y}
    )
    assert traced(y, {"a": 2 * y}, (3 * y,), y, y).tolist() == [6, 6]


def test_a_trace_is_checked() -> None:
    with pytest.warns(TracerWarning, match=r"Output nr 1\. of the traced function does not match"):
        jit.trace(nn.Dropout(0.5), torch.ones(100))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jit.trace(nn.Dropout(0.5), torch.ones(100), check_trace=False)
        jit.trace(nn.Dropout(0.5).eval(), torch.ones(100))


def test_what_cannot_be_traced_runs_as_python() -> None:
    def f(x: Any) -> Any:
        return {float(part) for part in x.tolist()}

    with pytest.warns(TracerWarning, match="f runs as Python, as it cannot be recorded"):
        traced = jit.trace(f, torch.ones(2))
    assert traced(torch.zeros(2)) == {0.0}

    def broken(x: Any) -> Any:
        return torch.matmul(x, x)

    with pytest.raises(RuntimeError, match="matmul"):
        jit.trace(broken, torch.ones(2, 3))
    assert not jit.is_tracing()


def test_methods_and_callables() -> None:
    layer = nn.Linear(3, 2)
    assert torch.equal(jit.trace(layer.forward, X)(X), layer(X))
    traced = jit.trace_module(layer, {"forward": X})
    assert torch.equal(traced(X), layer(X))
    with pytest.raises(NotImplementedError, match="only forward is traced, not other"):
        jit.trace_module(layer, {"forward": X, "other": X})


# ---- files


def test_files_of_traced_modules(net: Net, tmp_path: Any) -> None:
    path = tmp_path / "net.pt"
    jit.trace(net, X, strict=False).save(path)
    code = (
        "import sys, rushlight as torch\n"
        "net = torch.jit.load(sys.argv[1], map_location='cpu')\n"
        "print([v.tolist() for v in (net(torch.ones(2, 3))['x'].sum(), net.bn.eps)[:1]])\n"
        "print(list(net.state_dict()), net.training, net.original_name)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    first, second = result.stdout.splitlines()
    assert first == str([net(X)["x"].sum().tolist()])
    assert second == f"{list(net.state_dict())} False Net"
    loaded = jit.load(path)
    assert same(loaded(X), net(X)) and not loaded.scale.requires_grad
    assert isinstance(loaded, jit.ScriptModule) and same(jit.load(saved(loaded))(X), net(X))


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.Conv2d(1, 2, 3, padding="same"), nn.BatchNorm2d(2), nn.GELU("tanh")),
        nn.Sequential(nn.LSTM(4, 3, 2, batch_first=True)),
        nn.Sequential(nn.Embedding(5, 4, padding_idx=0), nn.MultiheadAttention(4, 2)),
        nn.Sequential(nn.Upsample(scale_factor=2), nn.Flatten(), nn.Dropout(0.1)),
        nn.ReLU(),
    ],
    ids=lambda m: type(m[0]).__name__ if isinstance(m, nn.Sequential) else type(m).__name__,
)
def test_files_of_scripted_modules(module: Any) -> None:
    loaded = jit.load(saved(jit.script(module.train())))
    assert list(loaded.state_dict()) == list(module.state_dict()) and loaded.training
    for (path, mine), (_, other) in zip(
        loaded.named_parameters(), module.named_parameters(), strict=True
    ):
        assert torch.equal(mine, other), path


def test_files_of_functions_and_more() -> None:
    traced = jit.trace(lambda x, y: torch.relu(x) + y.sum(dim=0), (X, X))
    file = saved(traced, _extra_files={"note": "hello"})
    extra: dict[str, Any] = {"note": "", "absent": ""}
    loaded = jit.load(file, _extra_files=extra)
    assert torch.equal(loaded(X, X), traced(X, X)) and extra == {"note": b"hello", "absent": b""}
    tied = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    tied[1].weight = tied[0].weight
    loaded = jit.load(saved(jit.script(tied)))
    assert loaded.get_submodule("0").weight is loaded.get_submodule("1").weight


def test_what_is_not_saved() -> None:
    with pytest.raises(AttributeError, match="'ReLU' object has no attribute 'save'"):
        jit.save(nn.ReLU(), io.BytesIO())

    def decides(x: Any) -> Any:
        return x if x.sum() > 0 else -x

    with pytest.raises(RuntimeError, match="what decides does depends on values"):
        jit.save(jit.script(decides), io.BytesIO())
    hooked = nn.Sequential(nn.ReLU())
    hooked[0].register_forward_hook(lambda *_: None)
    with pytest.raises(RuntimeError, match="a layer ReLU has hooks"):
        jit.save(jit.script(hooked), io.BytesIO())
    graph = torch.fx.Graph()
    graph.output(graph.call_function(print, ("hello",)))
    mine = jit.ScriptFunction(torch.fx.GraphModule({}, graph))
    with pytest.raises(RuntimeError, match=r"it calls print\(\), which is no function of torch's"):
        jit.save(mine, io.BytesIO())


def test_files_of_other_kinds(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="The provided filename nowhere.pt does not exist"):
        jit.load("nowhere.pt")
    with pytest.raises(ValueError, match="is a directory"):
        jit.load(tmp_path)
    torch.save({"weight": X}, tmp_path / "weights.pt")
    with pytest.raises(RuntimeError, match=r"is no file of torch\.jit\.save; torch\.load reads"):
        jit.load(tmp_path / "weights.pt")
    (tmp_path / "junk.pt").write_bytes(b"hello")
    with pytest.raises(CheckpointError):
        jit.load(tmp_path / "junk.pt")


def content() -> dict[str, Any]:
    return torch.load(saved(jit.trace(nn.Sequential(nn.Linear(3, 2)), X)))  # type: ignore[no-any-return]


def step(*parts: Any) -> Any:
    return lambda c: c["steps"].insert(1, parts)


NOTHING = ("tuple", []), ("dict", {})
HOSTILE = {
    "system": step("call_function", "a", "os.system", ("tuple", [("plain", "true")]), NOTHING[1]),
    "eval": step("call_function", "a", "eval", ("tuple", [("plain", "1")]), NOTHING[1]),
    "dunder": step("call_function", "a", "getattr",
                   ("tuple", [("node", 0), ("plain", "__class__")]), NOTHING[1]),
    "getattr of a node": step("call_function", "a", "getattr",
                              ("tuple", [("node", 0), ("node", 0)]), NOTHING[1]),
    "methodcaller": step("call_function", "a", "operator.methodcaller", *NOTHING),
    "a method as a value": step("call_function", "a", "getattr",
                                ("tuple", [("node", 0), ("plain", "tolist")]), NOTHING[1]),
    "memory": step("call_method", "a", "numpy", ("tuple", [("node", 0)]), NOTHING[1]),
    "a caller": step("call_method", "a", "apply_", ("tuple", [("node", 0)] * 2), NOTHING[1]),
    "method": step("call_method", "a", "__reduce__", ("tuple", [("node", 0)]), NOTHING[1]),
    "format": step("call_method", "a", "format", ("tuple", [("plain", "{}")]), NOTHING[1]),
    "quoted": step("call_module", "a", '0")(x) or print("', ("tuple", [("node", 0)]), NOTHING[1]),
    "attribute": step("get_attr", "a", "__class__", *NOTHING),
    "a method of the module": step("call_module", "a", "save", ("tuple", [("plain", "f")]),
                                   NOTHING[1]),
    "a method of its graph": step("call_module", "a", "_graph.placeholder",
                                  ("tuple", [("plain", "y=print(1)")]), NOTHING[1]),
    "a method as an attribute": step("get_attr", "a", "save", *NOTHING),
    "a layer as an attribute": step("get_attr", "a", "0", *NOTHING),
    "a key function": step("call_function", "a", "max", ("tuple", [("node", 0)]),
                           ("dict", {"key": ("node", 0)})),
    "keys of a dictionary": step("call_function", "a", "torch.relu", ("tuple", [("node", 0)]),
                                 ("dict", {"x": ("dict", {(1,): ("plain", 1)})})),
    "keyword": step("call_function", "a", "torch.relu", ("tuple", [("node", 0)]),
                    ("dict", {"x=print(1)": ("plain", 1)})),
    "placeholder": lambda c: c["steps"].insert(0, ("placeholder", "a", "x=print(1)", *NOTHING)),
    "python's word": lambda c: c["steps"].insert(0, ("placeholder", "a", "class", *NOTHING)),
    "forward node": step("call_function", "a", "torch.relu", ("tuple", [("node", 99)]), NOTHING[1]),
    "op": step("root", "a", "x", *NOTHING),
    "kind": step("call_function", "a", "torch.relu", ("tuple", [("code", "x")]), NOTHING[1]),
    "layer": lambda c: c["modules"]["0"].update({"class": ("os", "system")}),
    "a layer's name": lambda c: (c["modules"].update({'a"+print(1)+"': {"training": True}}),
                                 step("call_module", "a", 'a"+print(1)+"', *NOTHING)(c)),
    "no layer": lambda c: c["modules"]["0"].update({"class": ("nn.modules.linear", "Tensor")}),
    "setting": lambda c: c["modules"]["0"]["settings"].update(forward=("plain", 1)),
    "hook": lambda c: c["modules"]["0"]["settings"].update(_forward_hooks=("plain", 1)),
    "no steps": lambda c: c.pop("steps"),
    "no module": lambda c: c["modules"].pop("0"),
    "parameter": lambda c: c["parameters"].update({"0.weight": 3}),
    "path": lambda c: c["parameters"].update({"__class__.weight": X}),
    "modules": lambda c: c.update(modules=[1, 2]),
}


@pytest.mark.parametrize("damage", HOSTILE)
def test_hostile_files(damage: str, capsys: Any) -> None:
    held = content()
    HOSTILE[damage](held)
    file = io.BytesIO()
    torch.save(held, file)
    file.seek(0)
    with pytest.raises(CheckpointError, match="is damaged") as caught:
        jit.load(file)
    assert "\n" not in str(caught.value) and capsys.readouterr().out == ""


def test_names_of_nodes_are_made_harmless() -> None:
    held = content()
    held["steps"] = [(op, f"{name}\nimport os", *rest) for op, name, *rest in held["steps"]]
    file = io.BytesIO()
    torch.save(held, file)
    file.seek(0)
    assert jit.load(file)(X).shape == (2, 2)


def test_a_later_version() -> None:
    held = content()
    held["version"] = 2
    file = io.BytesIO()
    torch.save(held, file)
    file.seek(0)
    with pytest.raises(RuntimeError, match="is of version 2"):
        jit.load(file)


def test_an_interrupt_ends_tracing() -> None:
    def interrupted(x: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jit.trace(interrupted, X)
    assert not jit.is_tracing()


def test_other_threads_are_not_tracing() -> None:
    seen = []

    def looking(x: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            seen.append((jit.is_tracing(), pool.submit(jit.is_tracing).result()))
        return x + 1

    jit.trace(looking, X, check_trace=False)
    assert seen == [(True, False)]


@pytest.mark.parametrize(("result", "message"), [
    (None, "didn't return any values"), (3, "this one returns 3"),
    ((X, "s"), "this one returns 's'"),
    ({"a": X}, "Encountering a dict at the output"), ([X, None], "didn't return any values"),
])  # fmt: skip
def test_results_that_cannot_be_traced(result: Any, message: str) -> None:
    def function(x: Any) -> Any:
        return tree_map(lambda leaf: x if leaf is X else leaf, result)

    with pytest.raises(RuntimeError, match=message):
        jit.trace(function, X)
    assert set(jit.trace(lambda x: {"a": x}, X, strict=False)(X)) == {"a"}


def test_what_cannot_be_traced() -> None:
    with pytest.raises(RuntimeError, match="it needs example_inputs"):
        jit.trace(nn.ReLU())
    with pytest.raises(RuntimeError, match="3 is no function"):
        jit.trace(3, X)
