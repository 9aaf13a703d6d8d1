"""Graphs of traced programs beside PyTorch's: their text, their code and their results."""

from __future__ import annotations

import inspect
import re
import warnings
from typing import Any

import numpy as np
import pytest
import torch
import torch.fx
from torch.utils._pytree import tree_leaves

import fx_programs
import rushlight
import rushlight.fx
from rushlight.ops.declare import places

FRAMEWORKS = (rushlight, torch)


def traced(t: Any, program: fx_programs.Program) -> Any:
    fx = fx_programs.fx_of(t)
    return fx.symbolic_trace(program.root, program.concrete_args)


@pytest.mark.parametrize("name", fx_programs.programs(torch))
def test_a_program(name: str, capsys: Any) -> None:
    texts, results = [], []
    for t in FRAMEWORKS:
        t.manual_seed(0)
        program = fx_programs.programs(t)[name]
        module = traced(t, program)
        texts.append([str(module.graph), module.code, module.print_readable(), str(module)])
        results.append(module(*fx_programs.inputs(t, program)))
    assert texts[0] == texts[1]
    ours, theirs = rushlight.utils._pytree.tree_leaves(results[0]), tree_leaves(results[1])
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        if isinstance(b, torch.Tensor):
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), 1e-5, 1e-5)
        else:
            assert str(a) == str(b)


@pytest.mark.parametrize("name", fx_programs.failing(torch))
def test_what_cannot_be_traced(name: str) -> None:
    said = []
    for t in FRAMEWORKS:
        with pytest.raises(Exception) as caught:  # noqa: PT011
            fx_programs.fx_of(t).symbolic_trace(fx_programs.failing(t)[name])
        text = re.split(r" (See the torch\.fx docs|docs/fx\.md says)", str(caught.value))[0]
        said.append((type(caught.value).__name__, text))
    assert said[0] == said[1]


def test_layers() -> None:
    texts = [
        [fx_programs.fx_of(t).symbolic_trace(layer).code for layer in fx_programs.layers(t)]
        for t in FRAMEWORKS
    ]
    for ours, theirs in zip(*texts, strict=True):
        assert ours == theirs


# Functions that are others in PyTorch, or have parameters of other names or kinds.
OTHERS = {
    "adaptive_max_pool1d_with_indices", "max_pool1d_with_indices", "native_channel_shuffle",
    "cosine_embedding_loss", "l1_loss", "margin_ranking_loss", "triplet_margin_loss",
    "multi_head_attention_forward", "rrelu", "sigmoid", "tanh", "threshold", "upsample",
    "upsample_bilinear", "upsample_nearest",
}  # fmt: skip


def test_functions_of_nn() -> None:
    """All of nn.functional, called with proxies for what must be given."""
    for name, function in sorted(places["nn.functional"].items()):
        if name in OTHERS or name.startswith("_"):
            continue
        given = inspect.signature(function).parameters.values()
        count = sum(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in given)
        lines = []
        for t in FRAMEWORKS:
            fx = fx_programs.fx_of(t)
            graph = fx.Graph()
            tracer = fx.proxy.GraphAppendingTracer(graph)
            proxies = [fx.Proxy(graph.placeholder(f"p{i}"), tracer) for i in range(count)]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                getattr(t.nn.functional, name)(*proxies)
            lines.append([node.format_node() for node in graph.nodes])
        assert lines[0] == lines[1], name


def test_operators_of_graphs() -> None:
    """Changes by hand, patterns, interpreters and transformers leave PyTorch's text."""

    def changed(t: Any) -> list[str]:
        fx = fx_programs.fx_of(t)
        def twice(x: Any, w: Any) -> Any:
            return t.relu(t.matmul(x, w) + 1) + t.relu(t.matmul(w, x) + 1)

        module = fx.symbolic_trace(twice)
        texts = [module.code]
        matches = fx.replace_pattern(
            module, lambda a, b: t.relu(t.matmul(a, b) + 1), lambda a, b: t.tanh(a @ b)
        )
        texts += [module.code, str([match.nodes_map for match in matches])]
        module = fx.symbolic_trace(lambda x: (x + 1).sum(0) * 2)
        node = next(node for node in module.graph.nodes if node.name == "add")
        with module.graph.inserting_after(node):
            new = module.graph.call_function(t.relu, args=(node,), kwargs={})
        node.replace_all_uses_with(new, delete_user_cb=lambda user: user is not new)
        module.graph.lint()
        module.recompile()
        texts += [module.code, str(module.graph)]

        class Square(fx.Transformer):
            def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
                result = super().call_function(target, args, kwargs)
                return result * result if target is t.relu else result

        texts.append(Square(module).transform().code)
        module = fx.symbolic_trace(lambda x: (x + 1, x * 2)[1])
        texts += [str(module.graph.eliminate_dead_code()), str(module.graph)]
        graph = fx.Graph()
        x = graph.placeholder("x", default_value=None)
        graph.output(graph.call_method("view", (graph.get_attr("a.b"), (2, x)), {"k": [x]}))
        return [*texts, str(graph), graph.python_code("self").src]

    assert changed(rushlight) == changed(torch)


def test_what_proxies_write_into_a_graph() -> None:
    """Traced modules that are called with proxies of nodes, and tracers with rules of theirs."""

    def written(t: Any) -> list[str]:
        fx, nn, F = fx_programs.fx_of(t), t.nn, t.nn.functional
        module = fx.symbolic_trace(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
        for node in module.graph.nodes:
            if node.target == "1":
                with module.graph.inserting_before(node):
                    given = fx.node.map_arg(node.args, fx.Proxy)
                    leaky = fx.symbolic_trace(nn.LeakyReLU())(*given)
                    made = leaky + module.get_submodule("1")(*given)
                    node.replace_all_uses_with((made.view(2, -1)[0] * 2).node)
                    module.graph.erase_node(node)
        module.recompile()

        class Unfolding(fx.Tracer):
            def __init__(self) -> None:
                super().__init__()
                self.seen: list[str] = []

            def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:
                self.seen.append(module_qualified_name)
                return super().is_leaf_module(m, module_qualified_name)

            def call_module(self, m: Any, forward: Any, args: Any, kwargs: Any) -> Any:
                if isinstance(m, nn.Linear):
                    return F.linear(*args, m.weight, m.bias)
                return super().call_module(m, forward, args, kwargs)

            def create_node(self, kind: str, target: Any, args: Any, kwargs: Any, *rest: Any,
                            **more: Any) -> Any:  # fmt: skip
                if kind == "call_function" and target is t.relu:
                    x = fx.Proxy(args[0])
                    return ((x > 0) * x).node
                return super().create_node(kind, target, args, kwargs, *rest, **more)

        class Net(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.inner = nn.Sequential(nn.Linear(2, 2), nn.Tanh())

            def forward(self, x: Any, *, scale: Any = 2) -> Any:
                return t.relu(self.inner(x)) * scale

        tracer = Unfolding()
        graph = tracer.trace(Net())
        traced = fx.GraphModule(tracer.root, graph)
        return [module.code, str(module.graph), traced.code, str(tracer.seen)]

    assert written(rushlight) == written(torch)


def test_shapes() -> None:
    texts = []
    for t in FRAMEWORKS:
        fx = fx_programs.fx_of(t)
        program = fx_programs.programs(t)["block"]
        module = traced(t, program)
        shape_prop = __import__(f"{t.__name__}.fx.passes.shape_prop", fromlist=["ShapeProp"])
        shape_prop.ShapeProp(module).propagate(*fx_programs.inputs(t, program))
        metas = [node.meta["tensor_meta"] for node in module.graph.nodes if node.op != "output"]
        texts.append([module.print_readable(print_output=False), *[str(m.shape) for m in metas]])
        fused = __import__(f"{t.__name__}.fx.experimental.optimization", fromlist=["fuse"]).fuse
        texts[-1].append(fused(program.root).code)
        assert fx is not None
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    "options",
    [{"backend": "inductr"}, {"mode": "fast"}, {"mode": "default", "options": {}}, {"foo": 1}],
    ids=str,
)
def test_what_compile_refuses(options: Any) -> None:
    said = []
    for t in FRAMEWORKS:
        with pytest.raises(Exception) as caught:  # noqa: PT011
            t.compile(lambda x: x, **options)
        text = re.sub(r" \([a-z, ]+\)$", "", str(caught.value))  # ours tells which there are
        said.append((type(caught.value).__name__, text))
    assert said[0] == said[1]


def test_script_modules() -> None:
    found = []
    for t in FRAMEWORKS:
        jit = __import__(f"{t.__name__}.jit", fromlist=["script"])
        net = t.nn.Sequential(t.nn.Linear(3, 2), t.nn.Sequential(t.nn.BatchNorm1d(2), t.nn.ReLU()))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            script = jit.script(net.eval())
            trace = jit.trace(net, t.ones(2, 3))
        found.append(
            [repr(script), list(script.state_dict()), script.original_name,
             list(trace.state_dict()), trace.original_name, script.training,
             [name for name, _ in script.named_modules()], jit.is_scripting(), jit.is_tracing()]
        )  # fmt: skip
    assert found[0] == found[1]
