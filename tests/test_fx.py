"""`torch.fx`: tracing, graphs that are changed, code, interpreters, patterns."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

import fx_programs
import rushlight as torch
from rushlight import fx, nn
from rushlight.fx._pytree import tree_flatten_spec
from rushlight.fx.graph_module import GraphModule
from rushlight.utils._pytree import tree_flatten, tree_leaves

F = nn.functional
PROGRAMS = fx_programs.programs(torch)


def equal(a: Any, b: Any) -> bool:
    pairs = zip(tree_leaves(a), tree_leaves(b), strict=True)
    return all(
        torch.equal(x, y) if isinstance(x, torch.Tensor) else str(x) == str(y) for x, y in pairs
    )


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(0)
    return fx_programs.programs(torch)[request.param]


def trace(program: Any) -> GraphModule:
    return fx.symbolic_trace(program.root, program.concrete_args)


def given(program: Any) -> list[Any]:
    return copy.deepcopy(fx_programs.inputs(torch, program))


def test_results(program: Any) -> None:
    traced = trace(program)
    traced.graph.lint()
    assert equal(traced(*given(program)), program.root(*given(program)))


def test_copies(program: Any) -> None:
    traced = trace(program)
    copies = [copy.deepcopy(traced), copy.copy(traced), pickle.loads(pickle.dumps(traced))]
    for made in copies:
        assert made.code == traced.code and str(made) == str(traced)
        made.graph.lint()
        assert equal(made(*given(program)), traced(*given(program)))
    for mine, theirs in zip(copies[0].parameters(), traced.parameters(), strict=True):
        assert mine is not theirs


def test_interpreters(program: Any) -> None:
    traced = trace(program)
    expected = traced(*given(program))
    assert equal(fx.Interpreter(traced).run(*given(program)), expected)
    if program.concrete_args is None:
        transformed = fx.Transformer(traced).transform()
        assert equal(transformed(*given(program)), expected)


def test_a_trace_of_a_trace(program: Any) -> None:
    if program.concrete_args is None:
        traced = trace(program)
        again = fx.symbolic_trace(traced)
        assert equal(again(*given(program)), traced(*given(program)))


def test_a_traced_network_trains() -> None:
    net = PROGRAMS["mlp"].root
    traced = fx.symbolic_trace(net)
    assert {p for p in traced.parameters()} == set(net.parameters())
    traced(torch.ones(2, 3)).sum().backward()
    assert net.scale.grad is not None
    net.zero_grad()


def test_nothing_is_left_patched() -> None:
    before = dict(vars(nn.Module))
    import math

    root = math.sqrt
    with pytest.raises(fx.proxy.TraceError):
        fx.symbolic_trace(lambda x: x if x > 0 else math.sqrt(x))
    assert dict(vars(nn.Module)) == before and math.sqrt is root
    assert not fx._symbolic_trace.is_fx_tracing()


def test_what_a_failed_call_has_touched_is_not_in_the_graph() -> None:
    # Their bodies look at shapes before they come to an array.
    def f(x: Any) -> Any:
        y = torch.cat([x, x]) + torch.einsum("ij,kj->ik", x, x).sum()
        y = y + torch.arange(x.size(0)).sum() + F.multi_head_attention_forward.__name__.count("q")
        return torch.block_diag(y, x), torch.meshgrid(x[0], x[1], indexing="ij")

    graph = fx.symbolic_trace(f).graph
    assert all(node.users or node.op == "output" for node in graph.nodes)
    graph = fx.Graph()
    x = fx.Proxy(graph.placeholder("x"))
    torch.cat([x, x])
    torch.broadcast_tensors(x, x)
    assert [node.name for node in graph.nodes] == ["x", "cat", "broadcast_tensors"]


def test_weights_beside_proxies() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tensors = [nn.Parameter(torch.ones(2))]

        def forward(self, x: Any) -> Any:
            return x + self.tensors[0]

    with pytest.raises(NameError, match="parameter is not a member of this module"):
        fx.symbolic_trace(Net())


def test_calls_keep_their_form() -> None:
    def f(x: Any) -> Any:
        a = torch.sum(x, dim=1, keepdim=True)
        b = torch.sum(input=x, axis=0)
        c = torch.flatten(x, 0, -1)
        d = torch.clamp(x, max=3)
        e = torch.transpose(x, 0, dim1=1)
        return a, b, c, d, e

    nodes = [node for node in fx.symbolic_trace(f).graph.nodes if node.op == "call_function"]
    x = nodes[0].args[0]
    assert [(node.args, node.kwargs) for node in nodes] == [
        ((x,), {"dim": 1, "keepdim": True}), ((), {"input": x, "axis": 0}), ((x, 0, -1), {}),
        ((x,), {"max": 3}), ((x, 0), {"dim1": 1}),
    ]  # fmt: skip


def test_wrapped_functions(tmp_path: Any) -> None:
    """Those of a module that says so are steps, also after a pickle in another process."""
    (tmp_path / "wrapped_here.py").write_text(
        "import pickle, sys\n"
        "import rushlight as torch\n"
        "from rushlight import fx\n"
        "@fx.wrap\n"
        "def even(x):\n"
        "    return x * 2 if x.sum() > 0 else x\n"
        "fx.wrap('len')\n"
        "def f(x):\n"
        "    return even(x) + len(x)\n"
        "def made():\n"
        "    return fx.symbolic_trace(f)\n"
    )
    code = (
        "import pickle, sys, wrapped_here, rushlight as torch\n"
        "traced = wrapped_here.made()\n"
        "again = pickle.loads(pickle.dumps(traced))\n"
        "assert again.code == traced.code\n"
        "print(traced.code.strip())\n"
        "print(again(torch.ones(2)), again(-torch.ones(2)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        'torch.fx._symbolic_trace.wrap("wrapped_here_even")',
        'torch.fx._symbolic_trace.wrap("len")', "",
        "def forward(self, x):",
        "    even = wrapped_here_even(x)",
        "    len_1 = len(x);  x = None",
        "    add = even + len_1;  even = len_1 = None",
        "    return add",
        "tensor([4., 4.]) tensor([1., 1.])",
    ]  # fmt: skip


def test_wrap_is_for_modules() -> None:
    with pytest.raises(NotImplementedError, match="wrap must be called at the top level"):
        fx.wrap("len")
    with pytest.raises(RuntimeError, match="Must be either a callable or string name"):
        fx.wrap(3)


def test_asserts() -> None:
    class Asserting(fx.Tracer):
        trace_asserts = True

    names: dict[str, Any] = {}  # as pytest writes the asserts of tests anew
    exec("def f(x):\n    assert x.sum() > 0, 'negative'\n    return x + 1", names)
    tracer = Asserting()
    traced = GraphModule(tracer.root, tracer.trace(names["f"]))
    assert traced(torch.ones(2)).tolist() == [2, 2]
    with pytest.raises(AssertionError):
        traced(-torch.ones(2))


def test_concrete_arguments_are_checked() -> None:
    traced = fx.symbolic_trace(lambda x, flag=True: x if flag else -x, {"flag": False})
    assert traced(torch.ones(1), False).tolist() == [-1]
    with pytest.raises(AssertionError, match="flag has been specialized to have value False"):
        traced(torch.ones(1), True)
    with pytest.raises(RuntimeError, match="Tracing expected 2 arguments but got 1 concrete"):
        fx.symbolic_trace(lambda x, y: x, (1,))  # type: ignore[arg-type]
    nothing = fx.symbolic_trace(lambda x, y: x, {"y": None})
    with pytest.raises(AssertionError, match="y has been specialized to have value None"):
        nothing(torch.ones(1), 3)


def test_nodes() -> None:
    graph = fx.Graph()
    x, y = graph.placeholder("x"), graph.placeholder("y")
    total = graph.call_function(torch.add, (x, y), {"alpha": 2})
    graph.output([total, x])
    assert total.all_input_nodes == [x, y] and list(x.users) == [total, graph.output_node()]
    total.replace_input_with(y, x)
    assert total.args == (x, x) and not y.users
    total.update_arg(1, 3)
    total.insert_arg(1, 5)
    total.update_kwarg("alpha", 4)
    assert total.args == (x, 5, 3) and total.kwargs == {"alpha": 4}
    with pytest.raises(TypeError, match="does not support mutation"):
        total.kwargs["alpha"] = 3
    with pytest.raises(TypeError, match="does not support mutation"):
        graph.output_node().args[0].append(x)
    graph.erase_node(y)
    assert [node.name for node in graph.nodes] == ["x", "add", "output"]
    assert [node.name for node in reversed(graph.nodes)] == ["output", "add", "x"]
    assert len(graph.nodes) == 3
    with pytest.raises(RuntimeError, match="Tried to erase Node add but it still had 1 users"):
        graph.erase_node(total)
    total.prepend(x)
    assert [node.name for node in graph.nodes] == ["x", "add", "output"]
    x.prepend(total)
    with pytest.raises(RuntimeError, match="used before it has been defined"):
        graph.lint()
    x.append(total)
    assert total.prev is x and total.next is graph.output_node()


def test_places_for_new_nodes() -> None:
    graph = fx.Graph()
    x = graph.placeholder("x")
    out = graph.output(x)
    with graph.inserting_before(out):
        a = graph.call_method("relu", (x,))
        b = graph.call_method("neg", (a,))
    with graph.inserting_after(x):
        graph.call_method("abs", (x,))
        graph.call_method("exp", (x,))
    with graph.inserting_before():
        graph.get_attr("w")
    assert [n.name for n in graph.nodes] == ["w", "x", "abs_1", "exp", "relu", "neg", "output"]
    assert graph.find_nodes(op="call_method", target="neg") == [b]
    with pytest.raises(AssertionError):
        fx.Graph().inserting_before(x)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda g: g.call_function("relu", ()), ValueError, "a Callable is expected"),
        (lambda g: g.call_method(torch.relu, ()), ValueError, "a str is expected"),
        (lambda g: g.create_node("call", "f"), AssertionError, "unknown opcode call"),
        (lambda g: fx.GraphModule({}, with_attribute(g)), RuntimeError, "was not provided in"),
        (lambda g: fx.GraphModule(3, g), RuntimeError, "Unsupported type 3 passed for root!"),
    ],
)
def test_mistakes(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make(fx.Graph())


def with_attribute(graph: Any) -> Any:
    graph.output(graph.get_attr("weight"))
    return graph


def test_lint_looks_at_the_module() -> None:
    traced = fx.symbolic_trace(nn.Sequential(nn.ReLU()))
    node = next(node for node in traced.graph.nodes if node.op == "call_module")
    node.target = "1"
    with pytest.raises(RuntimeError, match="references nonexistent attribute 1"):
        traced.graph.lint()
    other = fx.Graph().placeholder("y")
    node.target, node.args = "0", (other,)
    with pytest.raises(RuntimeError, match="does not belong to this Graph"):
        traced.graph.lint()
    with pytest.warns(UserWarning, match="no underlying reference"):
        traced.graph.get_attr("weight")


def test_modules_of_a_graph_module() -> None:
    traced = fx.symbolic_trace(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
    assert traced.add_submodule("new.inner", nn.Tanh()) and isinstance(traced.new.inner, nn.Tanh)
    assert not traced.add_submodule("0.weight.inner", nn.Tanh())
    assert traced.delete_submodule("new.inner") and not traced.delete_submodule("new.inner")
    traced.delete_all_unused_submodules()
    assert [name for name, _ in traced.named_children()] == ["0", "1"]


def test_modules_from_a_dictionary() -> None:
    graph = fx.Graph()
    x = graph.placeholder("x")
    out = graph.call_module("a.b", (x,))
    graph.output((out, graph.get_attr("a.c")))
    made = fx.GraphModule({"a.b": nn.ReLU(), "a.c": torch.ones(1), "other": 3}, graph, "Made")
    assert made(torch.tensor([-1.0]))[0].tolist() == [0] and type(made).__name__ == "Made"
    assert list(made.state_dict()) == ["a.c"]


def test_an_error_in_generated_code_shows_its_line() -> None:
    import traceback

    traced = fx.symbolic_trace(lambda x: torch.matmul(x, x))
    with pytest.raises(RuntimeError) as caught:
        traced(torch.ones(2, 3))
    lines = "".join(traceback.format_exception(caught.value))
    assert "matmul = torch.matmul(x, x);  x = None" in lines


def test_an_interpreter_says_where_it_was() -> None:
    traced = fx.symbolic_trace(lambda x: torch.matmul(x, x))
    with pytest.raises(RuntimeError) as caught:
        fx.Interpreter(traced).run(torch.ones(2, 3))
    assert caught.value.__notes__[0].startswith("While executing %matmul")
    with pytest.raises(RuntimeError, match="Expected positional argument for parameter x"):
        fx.Interpreter(traced).run()


def test_patterns() -> None:
    def f(x: Any, w: Any) -> Any:
        a = torch.relu(x + w)
        return torch.relu(a + w), torch.relu(x * w), x + w

    def replaced(pattern: Any, replacement: Any) -> tuple[int, Any]:
        traced = fx.symbolic_trace(f)
        matches = fx.replace_pattern(traced, pattern, replacement)
        traced.graph.lint()
        return len(matches), traced(torch.tensor(-1.0), torch.tensor(3.0))

    count, result = replaced(lambda a, b: torch.relu(a + b), lambda a, b: torch.sub(b, a))
    assert count == 2 and [float(r) for r in result] == [-1, 0, 2]
    count, result = replaced(lambda a, b: torch.relu(a * b), lambda a, b: b)
    assert count == 1 and [float(r) for r in result] == [5, 3, 2]
    count, _ = replaced(lambda a, b: torch.sigmoid(a * b), lambda a, b: b)
    assert count == 0
    # What the first returns on the way is used elsewhere.
    traced = fx.symbolic_trace(lambda x: (torch.relu(x + 1), x + 1))
    shared = fx.symbolic_trace(lambda x: (lambda y: (torch.relu(y), y))(x + 1))
    for module, count in ((traced, 1), (shared, 0)):
        found = fx.replace_pattern(module, lambda a: torch.relu(a + 1), lambda a: a)
        assert len(found) == count
    module = fx.symbolic_trace(lambda x: torch.relu(x))

    class Learned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(2, 2)

        def forward(self, a: Any) -> Any:
            return self.layer(a)

    fx.replace_pattern(module, lambda a: torch.relu(a), Learned())
    assert isinstance(module.layer, nn.Linear) and module(torch.ones(2)).shape == (2,)


def test_a_profile() -> None:
    """A user's interpreter that measures each step, as the tutorials have it."""
    import time

    class Profiler(fx.Interpreter):
        def __init__(self, module: Any) -> None:
            super().__init__(module)
            self.times: dict[Any, list[float]] = {}

        def run_node(self, n: Any) -> Any:
            start = time.perf_counter()
            result = super().run_node(n)
            self.times.setdefault(n, []).append(time.perf_counter() - start)
            return result

    profiler = Profiler(fx.symbolic_trace(PROGRAMS["block"].root))
    for _ in range(2):
        profiler.run(*given(PROGRAMS["block"]))
    assert len(profiler.times) == len(profiler.graph.nodes)
    assert all(len(times) == 2 for times in profiler.times.values())


def test_fusion() -> None:
    from rushlight.fx.experimental.optimization import fuse, remove_dropout

    net = PROGRAMS["block"].root
    fused = fuse(net)
    x = given(PROGRAMS["block"])
    called = [node.target for node in fused.graph.nodes if node.op == "call_module"]
    assert "bn1" not in called and "down.1" not in called and "bn1" in dict(net.named_modules())
    assert torch.allclose(fused(*x)[0], net(*x)[0], atol=1e-5)
    kept = remove_dropout(nn.Sequential(nn.Dropout(0.5), nn.ReLU(), nn.Dropout(0.5)))
    assert kept(torch.ones(3)).tolist() == [1, 1, 1]


def test_a_convolution_that_is_called_twice_is_not_fused() -> None:
    from rushlight.fx.experimental.optimization import fuse

    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.bn = nn.Conv1d(2, 2, 1), nn.BatchNorm1d(2)

        def forward(self, x: Any) -> Any:
            return self.bn(self.conv(x)) + self.conv(x)

    net = Twice().eval()
    net.bn.running_mean.fill_(3)
    x = torch.randn(1, 2, 4)
    assert torch.allclose(fuse(net)(x), net(x))


def test_names_that_python_has_taken() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name in ('a "quoted" one', "class", "line\nbreak"):
                self.add_module(name, nn.ReLU())

        def forward(self, x: Any) -> Any:
            for layer in self.children():
                x = layer(x)
            return x

    assert fx.symbolic_trace(Odd())(torch.tensor(-1.0)).item() == 0


def test_a_replacement_of_other_results_changes_nothing() -> None:
    traced = fx.symbolic_trace(lambda x: torch.relu(x) + 1)
    before = traced.code
    with pytest.raises(AssertionError, match="returns 1 values and the replacement 2"):
        fx.replace_pattern(traced, lambda a: torch.relu(a), lambda a: (a, a + 1))
    traced.recompile()
    assert traced.code == before


def test_proxies_of_two_tracers() -> None:
    x, y = (fx.Proxy(fx.Graph().placeholder("x")) for _ in range(2))
    with pytest.raises(RuntimeError, match="Found multiple different tracers"):
        torch.add(x, y)


def test_shapes_of_parameters() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.ones(2, 3))

        def forward(self, x: Any) -> Any:
            return x.view(self.w.shape[0], -1) if self.w.ndim == 2 else x

    tracer = fx.Tracer(param_shapes_constant=True)
    traced = GraphModule(Net(), tracer.trace(Net()))
    assert "x.view(2, -1)" in traced.code


def test_names_of_torch_in_code_are_found() -> None:
    """Every function that a graph can name is what the name leads to."""
    from rushlight.fx.names import _names

    for function, name in _names().items():
        found: Any = torch
        for part in name.split(".")[1:]:
            found = getattr(found, part)
        assert found is function, name


def test_the_package_is_imported_on_demand() -> None:
    code = (
        "import sys, rushlight as torch\n"
        "names = ('fx', 'jit', 'compiler', '_dynamo')\n"
        "print([name for name in names if 'rushlight.' + name in sys.modules])\n"
        "print(torch.fx.symbolic_trace.__name__, torch.jit.script.__name__)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\nsymbolic_trace script\n"


def test_another_thread_computes_meanwhile() -> None:
    net = nn.Linear(2, 2)
    results = []

    class Net(nn.Module):
        def forward(self, x: Any) -> Any:
            thread = threading.Thread(target=lambda: results.append(net(torch.ones(2))))
            thread.start()
            thread.join()
            return x + 1

    assert [node.name for node in fx.symbolic_trace(Net()).graph.nodes] == ["x", "add", "output"]
    assert torch.equal(results[0], net(torch.ones(2)))


@pytest.mark.parametrize("make", [dict, lambda d: defaultdict(int, d)], ids=["dict", "defaultdict"])
def test_dictionaries_come_apart_in_the_order_of_the_traced_one(
    make: Callable[[dict[str, int]], dict[str, int]],
) -> None:
    spec = tree_flatten(make({"a": 0, "b": 0}))[1]
    assert tree_flatten_spec(make({"b": 2, "a": 1}), spec) == [1, 2]
    with pytest.raises(KeyError, match="tree_flatten_spec"):
        tree_flatten_spec(make({"a": 1, "c": 2}), spec)
