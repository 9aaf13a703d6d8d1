"""`detect_nan` names the call that has made the first nan or infinity."""

from __future__ import annotations

import math
import warnings

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.autograd.node import Node
from rushlight.grad_mode import state
from rushlight.kernels import launch
from rushlight.nn import functional as F
from rushlight.nn import global_hooks
from rushlight.nn.nan_finder import NanError


class Head(nn.Module):
    def forward(self, x):
        return (x - 1).log()


class Root(nn.Module):
    def forward(self, x):
        return x.sum().sqrt()


class Net(nn.Module):
    def __init__(self, head):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        self.head = head

    def forward(self, x):
        return self.head(self.body(x))


def found(call):
    with pytest.raises(NanError) as caught, torch.detect_nan():
        call()
    return str(caught.value)


def test_in_the_forward():
    net = Net(Head())
    nn.init.zeros_(net.body[0].weight)
    nn.init.zeros_(net.body[0].bias)
    text = found(lambda: net(torch.ones(1, 2)))
    assert text.startswith(
        "log: kernel 'log' makes nan (2 of 2 values of float32[1, 2]) from float32[1, 2] of -1; at "
    )
    assert text.endswith(": return (x - 1).log() (in Net.head)") and "test_nan_finder.py:" in text


def test_in_the_backward():
    net = Net(Root())
    nn.init.zeros_(net.body[0].weight)
    nn.init.zeros_(net.body[0].bias)
    text = found(lambda: net(torch.ones(1, 2)).backward())
    assert text.startswith("SqrtBackward0: in the backward, kernel '")
    assert "makes inf (1 of 1 values of float32[])" in text
    assert text.endswith(": return x.sum().sqrt() (in Net.head)")
    assert "; the forward was at " in text


def test_the_error_is_one_that_programs_may_catch():
    assert issubclass(NanError, RuntimeError) and issubclass(NanError, FloatingPointError)


@pytest.mark.parametrize(
    "call, start",
    [
        (lambda: torch.tensor([0.0, 2.0]).log_(), "log_: kernel 'log' makes inf (1 of 2 values"),
        (lambda: torch.tensor(1000.0).exp(), "exp: kernel 'exp' makes inf (1 of 1 values"),
        (lambda: torch.tensor([1e30]).to(torch.float16), "cast: kernel 'cast' makes inf"),
        (lambda: torch.tensor([1.0]) / 0, "div: kernel 'div' makes inf"),
        (lambda: torch.full((2,), -math.inf).softmax(0), "softmax: kernel 'softmax' makes nan"),
        (lambda: torch.tensor([math.inf]) * 0, "mul: kernel 'mul' makes nan"),
        (lambda: torch.tensor([-1.0, 3.0]).sqrt() * 2, "sqrt: kernel 'sqrt' makes nan"),
        (lambda: torch.tensor([0j]).reciprocal(), "reciprocal: kernel 'reciprocal' makes "),
        (lambda: torch.ones(2).masked_fill(torch.tensor([True, False]), math.inf) * 0,
         "mul: kernel 'mul' makes nan"),
        (lambda: torch.zeros(2).div(0, out=torch.ones(2)), "div: kernel 'div' makes nan"),
    ],
)  # fmt: skip
def test_what_makes_one(call, start):
    assert found(call).startswith(start)


def test_ranges_of_what_was_given():
    text = found(lambda: torch.add(torch.tensor([3e38, -1.0]), torch.tensor([3e38, 2.0])))
    assert "from float32[2] between -1 and 3e+38, float32[2] between 2 and 3e+38; at" in text
    text = found(lambda: torch.tensor([math.inf, 1.0]).softmax(0))
    assert "from float32[2] of 1, with inf; at" in text
    text = found(lambda: torch.cat([torch.tensor([1.0])] * 5).mul_(3e38).mul(3e38))
    assert "from float32[5] of 3e+38; at" in text


def test_a_nan_that_comes_in():
    x = torch.tensor([math.nan, 1.0])
    text = found(lambda: x[:1].view(1, 1) * 2)
    assert text.startswith("mul: kernel 'mul' is given nan that no call within this `detect_nan`")
    with torch.detect_nan():
        assert torch.nan_to_num(x).tolist() == [0, 1] and x.isnan().tolist() == [True, False]
        assert torch.where(x.isnan(), 0.0, x).tolist() == [0, 1]


def test_infinities_that_were_asked_for():
    with torch.detect_nan():
        mask = torch.full((3, 3), -math.inf).triu(1)
        assert (torch.zeros(3, 3) + mask).softmax(-1)[0].tolist() == [1, 0, 0]
        scores = torch.zeros(2).masked_fill(torch.tensor([False, True]), -math.inf)
        assert scores.softmax(0).tolist() == [1, 0]
        assert torch.tensor([-math.inf]).exp().tolist() == [0]
        q = torch.ones(1, 1, 2, 4)
        F.scaled_dot_product_attention(q, q, q, attn_mask=torch.zeros(2, 2, dtype=torch.bool))
        layer = nn.MultiheadAttention(4, 2)
        layer(q[0], q[0], q[0], attn_mask=mask[:1, :1])
        torch.empty(1000)
        assert torch.zeros(2).amax() == 0 and torch.ones(2, dtype=torch.int64).sum() == 2


def test_an_update():
    parameter = nn.Parameter(torch.ones(1))
    parameter.grad = torch.full((1,), 1e38)
    optimizer = torch.optim.SGD([parameter], lr=1e10)
    assert found(optimizer.step).startswith("sgd: kernel 'sgd' makes inf (1 of 1 values")


def test_a_function_of_the_users_own():
    class Divides(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            with warnings.catch_warnings(action="ignore"):
                return torch.from_numpy(grad.numpy() / 0)

    x = torch.ones(1, requires_grad=True)
    text = found(lambda: Divides.apply(x).sum().backward())
    assert text.startswith("DividesBackward: in the backward, returns inf for input 0; the forward")


def test_a_forward_before_the_block():
    loss = torch.zeros(1, requires_grad=True).sqrt()
    text = found(lambda: loss.sum().backward())
    assert text.endswith("; the forward was at a call before this `detect_nan`")


def test_a_gradient_of_a_gradient():
    x = torch.tensor(0.0, requires_grad=True)

    def twice():
        (first,) = torch.autograd.grad(x.pow(1.5), x, create_graph=True)
        first.backward()

    assert "in the backward" in found(twice)


def test_nothing_stays_behind():
    tables, sequence = dict(launch.kernels), vars(Node)["_sequence"]
    for call in (lambda: torch.ones(2).log(), lambda: torch.zeros(2).log()):
        try:
            with torch.detect_nan():
                assert launch.kernels != tables and state.anomaly is not None
                call()
        except NanError:
            pass
        assert launch.kernels == tables and vars(Node)["_sequence"] is sequence
        assert state.anomaly is None and not global_hooks.around_calls
        assert not launch.is_intercepted
    assert torch.zeros(1).log().item() == -math.inf


def test_it_decorates_and_nests():
    @torch.detect_nan()
    def compute(x):
        with torch.detect_nan():
            x = x.exp()
        return x.log()

    assert compute(torch.zeros(1)).item() == 0
    with pytest.raises(NanError, match="^exp: "):
        compute(torch.full((1,), 1000.0))
    assert torch.zeros(1).log().item() == -math.inf
    with pytest.warns(UserWarning, match="Anomaly Detection"), torch.autograd.detect_anomaly():
        anomalies = state.anomaly
        compute(torch.zeros(1))
        assert state.anomaly is anomalies


def test_compiled_functions_are_searched_and_do_not_search():
    compiled = torch.compile(lambda x: x.log() * 2)
    for _ in range(3):
        compiled(torch.ones(2))
    assert found(lambda: compiled(torch.zeros(2))).startswith("log: ")
    assert compiled(torch.ones(2)).tolist() == [0, 0] and not compiled.runs_eagerly

    @torch.compile
    def searches(x):
        with torch.detect_nan():
            return x * 2

    with pytest.warns(UserWarning, match=r"searches for nan \(detect_nan\)"):
        assert searches(torch.ones(1)).item() == 2


def test_transforms_of_functions():
    text = found(lambda: torch.vmap(lambda row: row.log())(torch.zeros(2, 3)))
    assert text.startswith("log: kernel 'log' makes inf (6 of 6")
    text = found(lambda: torch.func.grad(lambda x: x.sqrt().sum())(torch.zeros(2)))
    assert text.startswith("SqrtBackward0: in the backward")
    with torch.detect_nan():
        assert torch.ones(2, device="meta").exp().shape == (2,)
        assert (torch.eye(2).to_sparse() @ torch.ones(2, 1)).sum() == 2


def test_devices(device):
    x = torch.zeros(2, device=device, requires_grad=True)
    assert found(lambda: x.sqrt().sum().backward()).startswith("SqrtBackward0: in the backward")
    assert found(lambda: x.log()).startswith("log: kernel 'log' makes inf (2 of 2 values")
    with torch.detect_nan():
        x.exp().sum().backward()


def test_a_line_that_is_not_to_be_had():
    x = torch.zeros(1)
    text = found(lambda: eval(compile("x.log()", "nowhere.py", "eval"), {"x": x}))
    assert text.endswith("; at nowhere.py:1")
