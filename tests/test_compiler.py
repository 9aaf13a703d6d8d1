"""What programs say to `torch.compile` besides their functions: settings, names, exceptions."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn

X = torch.ones(2)


def test_backends_and_modes() -> None:
    for options in (
        {"backend": "inductor", "mode": "max-autotune"}, {"backend": "eager", "dynamic": True},
        {"backend": "aot_eager"}, {"backend": lambda graph, inputs: graph}, {"mode": "default"},
        {"options": {"triton.cudagraphs": True}}, {"backend": "cudagraphs", "mode": "any"},
    ):  # fmt: skip
        assert torch.compile(lambda x: x * 2, **options)(X).tolist() == [2, 2]  # type: ignore
    said = "Invalid backend: 'inductr', see `torch._dynamo.list_backends()`"
    with pytest.raises(torch._dynamo.exc.InvalidBackend) as caught:
        torch.compile(lambda x: x, backend="inductr")
    assert str(caught.value).startswith(said) and "inductor" in str(caught.value)
    with pytest.raises(RuntimeError, match="Invalid backend: 'inductr'"):
        torch.compile(backend="inductr")  # a decorator to be
    with pytest.raises(RuntimeError, match="Unrecognized mode=fast, should be one of: default, "):
        torch.compile(lambda x: x, mode="fast")
    with pytest.raises(RuntimeError, match="Either mode or options can be specified"):
        nn.Linear(2, 2).compile(mode="default", options={})


def test_reset_forgets_records() -> None:
    calls = []

    @torch.compile
    def f(x: Any) -> Any:
        return x * 2

    for _ in range(3):
        calls.append(f(X))
    assert f.graph is not None and f.entries
    torch.compiler.reset()
    assert not f.entries and f(X).tolist() == [2, 2]
    with pytest.warns(UserWarning, match="runs without a record"):
        g = torch.compile(lambda x: x * x.sum().item())
        g(X)
    assert g.runs_eagerly
    torch._dynamo.reset()
    assert not g.runs_eagerly


def test_disabled_functions() -> None:
    @torch.compiler.disable
    def debugged(x: Any) -> Any:
        return x + 1

    @torch.compiler.disable(recursive=False, reason="slow")
    def other(x: Any) -> Any:
        return x + 2

    assert torch.compile(debugged) is debugged and other(X).tolist() == [3, 3]
    f = torch.compile(lambda x: debugged(x) * 2)
    with pytest.warns(UserWarning, match=r"calls debugged, which torch\.compiler\.disable keeps"):
        assert f(X).tolist() == [4, 4]
    with pytest.raises(torch.graph.CaptureError, match="calls debugged"):
        torch.compile(lambda x: debugged(x) * 2, fullgraph=True)(X)
    net = torch.compiler.disable(nn.Linear(2, 2))
    assert isinstance(net, nn.Linear) and torch.compile(net) is net
    assert list(net.state_dict()) == ["weight", "bias"] and net(X).shape == (2,)
    with pytest.raises(TypeError, match="disable: expected a function or a Module, not int"):
        torch.compiler.disable(3)


def test_settings() -> None:
    config = importlib.import_module("rushlight._dynamo.config")
    inductor = importlib.import_module("rushlight._inductor.config")
    assert torch._dynamo.config is config and torch._inductor.config is inductor
    with config.patch({"cache_size_limit": 64}), config.patch("verbose", True):
        assert config.cache_size_limit == 64 and config.verbose
    assert config.cache_size_limit == 8 and not config.verbose

    @inductor.patch({"triton.cudagraphs": True}, max_autotune=True)  # type: ignore[untyped-decorator, unused-ignore]
    def inside() -> Any:
        return inductor.triton.cudagraphs, inductor.max_autotune

    assert inside() == (True, True)
    assert (inductor.triton.cudagraphs, inductor.max_autotune) == (False, False)
    with pytest.raises(AttributeError), config.patch(flimflam=1):
        pass
    torch._dynamo.config.suppress_errors = True
    torch._dynamo.config.suppress_errors = False
