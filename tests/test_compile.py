"""Recording and replaying: a replay leaves what eager leaves, to the bit."""

from __future__ import annotations

import copy
import gc
import re
import warnings
import weakref
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn, optim
from rushlight.graph import CaptureError
from rushlight.kernels import launch


def lenet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 10),
    )  # fmt: skip


def mlp() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.Tanh(), nn.Linear(32, 10))


def convnet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.3),
        nn.Flatten(), nn.Linear(4 * 13 * 13, 10),
    )  # fmt: skip


NETS = {"lenet": lenet, "mlp": mlp, "convnet": convnet}
OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-4),
    "adam": lambda p: optim.Adam(p, lr=1e-3),
}


def batches(count: int, seed: int = 1) -> Any:
    generator = torch.Generator().manual_seed(seed)
    for i in range(count):
        size = 3 if i % 7 == 6 else 4  # the last batch of an epoch is short
        x = torch.randn(size, 1, 28, 28, generator=generator)
        yield x, torch.randint(0, 10, (size,), generator=generator)


def train(net_name: str, optimizer_name: str, compiled: bool, steps: int) -> dict[str, Any]:
    torch.manual_seed(0)
    net = NETS[net_name]()
    optimizer = OPTIMIZERS[optimizer_name](net.parameters())
    scheduler = optim.lr_scheduler.StepLR(optimizer, 5, 0.5)
    criterion = nn.CrossEntropyLoss()

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    run = torch.compile(step) if compiled else step
    losses = []
    for x, y in batches(steps):
        losses.append(run(x, y))
        scheduler.step()
    if compiled:
        assert not run.runs_eagerly and sum(map(len, run.entries.values())) == 2
    state = {k: v.numpy().copy() for k, v in net.state_dict().items()}
    for i, s in optimizer.state_dict()["state"].items():
        state.update({f"{i}.{k}": v.numpy().copy() for k, v in s.items() if v is not None})
    state["random"] = torch.get_rng_state().numpy()
    state["losses"] = np.array([float(loss.detach()) for loss in losses])
    state["grad"] = np.concatenate([p.grad.numpy().ravel() for p in net.parameters()])
    state["versions"] = np.array([p._version for p in net.parameters()])
    return state


def assert_equal_bits(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert a.keys() == b.keys()
    for key in a:
        assert a[key].tobytes() == b[key].tobytes(), key


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("net", NETS)
def test_replayed_training_is_bit_identical(net: str, optimizer: str) -> None:
    assert_equal_bits(train(net, optimizer, False, 20), train(net, optimizer, True, 20))


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("net", NETS)
def test_200_replayed_steps_are_bit_identical(net: str, optimizer: str) -> None:
    assert_equal_bits(train(net, optimizer, False, 200), train(net, optimizer, True, 200))


def calls_of(function: Any, x: Any) -> Any:
    """Two results of a compiled function: recorded, replayed."""
    return function(x), function(x)


def test_results_are_not_overwritten_by_later_replays() -> None:
    double = torch.compile(lambda x: x * 2)
    results = [double(torch.full((3,), float(i))) for i in range(4)]
    assert [r.tolist() for r in results] == [[2.0 * i] * 3 for i in range(4)]


def test_module_keeps_its_graph_and_trains() -> None:
    def losses(compiled: bool) -> list[float]:
        torch.manual_seed(0)
        net = convnet()
        model = torch.compile(net) if compiled else net
        optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        found = []
        for x, y in batches(9):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            found.append(loss.item())
            if len(found) == 5:
                net.eval()
                found.append(model(x).sum().item())
                net.train()
        return found

    assert losses(True) == losses(False)


def test_gradients_flow_through_compiled_functions_in_a_row() -> None:
    w = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)

    def gradients(first: Any, second: Any) -> Any:
        w.grad = None
        x = torch.tensor([[1.0, -1.0]], requires_grad=True)
        h = first(x * 3)
        a, b = second(h)
        (a.sum() * b).backward()
        return x.grad.tolist(), w.grad.tolist()

    def first(x: Any) -> Any:
        return (x @ w).tanh()

    def second(h: Any) -> Any:
        return h * h, h.sum()

    expected = gradients(first, second)
    compiled = torch.compile(first), torch.compile(second)
    for _ in range(3):
        assert gradients(*compiled) == expected


def test_backward_after_an_in_place_change_is_an_error() -> None:
    w = torch.ones(2, requires_grad=True)
    f = torch.compile(lambda x: x * w * w)
    for _ in range(2):
        y = f(torch.ones(2))
    with torch.no_grad():
        w.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_optimizer_state_loaded_between_calls() -> None:
    def weights(compiled: bool) -> list[float]:
        w = nn.Parameter(torch.ones(3))
        optimizer = optim.SGD([w], lr=0.1, momentum=0.9)

        def step(x: Any) -> None:
            optimizer.zero_grad()
            (w * x).sum().backward()
            optimizer.step()

        run = torch.compile(step) if compiled else step
        x = torch.tensor([1.0, 2.0, 3.0])
        for _ in range(4):
            run(x)
        saved = optimizer.state_dict()
        saved["state"][0]["momentum_buffer"] = torch.full((3,), 10.0)
        optimizer.load_state_dict(saved)
        run(x)
        optimizer.param_groups[0]["momentum"] = 0.5
        run(x)
        optimizer.param_groups[0]["weight_decay"] = 0.5
        run(x)
        return w.tolist()

    assert weights(True) == weights(False)


def test_gradients_accumulate_as_in_eager() -> None:
    def gradient(compiled: bool) -> list[list[float]]:
        w = nn.Parameter(torch.ones(2))

        def step(x: Any) -> None:
            (w * x).sum().backward()

        run = torch.compile(step) if compiled else step
        found = []
        for i in range(6):
            if i == 3:
                w.grad = None
            run(torch.tensor([float(i), 1.0]))
            found.append(w.grad.tolist())
        return found

    assert gradient(True) == gradient(False)


def test_other_shapes_and_values_have_records_of_their_own() -> None:
    f = torch.compile(lambda x, power: x**power)
    for size in (1, 2, 1, 2):
        assert f(torch.full((size,), 3.0), 2).tolist() == [9.0] * size
    assert f(torch.full((1,), 3.0), 3).tolist() == [27.0]
    assert sum(map(len, f.entries.values())) == 3


def test_records_are_bounded() -> None:
    f = torch.compile(lambda x: x + 1)
    f(torch.zeros(100))
    often = f.last_used
    with pytest.warns(UserWarning, match="has made 32 records and drops old ones") as caught:
        for size in range(40):
            f(torch.zeros(size))
            f(torch.zeros(100))
    assert len(caught) == 1
    assert sum(map(len, f.entries.values())) == 32
    assert f.last_used is often  # the one unused for longest goes first
    assert f(torch.zeros(0)).tolist() == []


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.sum().item(),
        lambda x: x if x.sum() > 0 else -x,
        lambda x: x.tolist(),
        lambda x: str(x),
        lambda x: x.nonzero(),
        lambda x: x[x > 0],
        lambda x: float(x[0]),
    ],
)
def test_reading_values_runs_eagerly_with_one_warning(read: Any) -> None:
    f = torch.compile(read)
    x = torch.tensor([1.0, 2.0])
    with pytest.warns(UserWarning, match=re.escape(__file__)):
        first = f(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        second = f(torch.tensor([-3.0, 0.0]))
    assert f.runs_eagerly
    assert str(first) != str(second)


def test_fullgraph_makes_reading_an_error() -> None:
    f = torch.compile(lambda x: x.sum().item(), fullgraph=True)
    with pytest.raises(CaptureError, match="reads a value"):
        f(torch.ones(2))


def test_fullgraph_raises_at_each_call() -> None:
    f = torch.compile(lambda x: x.item(), fullgraph=True)
    for _ in range(3):
        with pytest.raises(CaptureError, match="reads a value"):
            f(torch.ones(1))


def test_what_can_not_be_called() -> None:
    with pytest.raises(TypeError, match="expected a function or a Module, not int"):
        torch.compile(5)


def test_methods_have_a_graph() -> None:
    class Trainer:
        @torch.compile
        def step(self, x: Any) -> Any:
            return x * 2

    trainer = Trainer()
    assert trainer.step(torch.ones(2)).tolist() == [2.0, 2.0]
    assert [call.name for call in trainer.step.graph.calls] == ["mul"]


def test_the_first_results_are_not_kept() -> None:
    kept = []

    def f(x: Any) -> Any:
        y = x * 2
        kept.append(weakref.ref(y))
        return [y, x + 1]

    torch.compile(f)(torch.ones(2))
    gc.collect()
    assert kept[0]() is None


def test_kept_results_run_eagerly() -> None:
    kept = []

    @torch.compile
    def f(x: Any) -> Any:
        y = x * 2
        kept.append(y)
        return y.sum()

    with pytest.warns(UserWarning, match="what is in 'kept' \\(a list\\) changes"):
        for i in range(5):
            f(torch.full((2,), float(i)))
    assert [k.tolist() for k in kept] == [[2.0 * i] * 2 for i in range(5)]


def test_an_error_inside_leaves_no_record() -> None:
    f = torch.compile(lambda x, y: x + y)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="must match the size"):
            f(torch.ones(2), torch.ones(3))
    assert not f.entries
    assert launch.recorder is None and launch.kernels == launch.plain_tables


def test_compiled_functions_within_one_another() -> None:
    inner = torch.compile(lambda x: x * 2)
    outer = torch.compile(lambda x: inner(x) + 1)
    assert [r.item() for r in calls_of(outer, torch.tensor(3.0))] == [7.0, 7.0]


def test_random_numbers_go_on() -> None:
    torch.manual_seed(3)
    expected = [torch.rand(2).tolist() for _ in range(4)]
    f = torch.compile(lambda x: x + torch.rand(2))
    torch.manual_seed(3)
    assert [f(torch.zeros(2)).tolist() for _ in range(4)] == expected


def test_the_record_can_be_looked_at(tmp_path: Any) -> None:
    net = mlp()
    optimizer = optim.SGD(net.parameters(), lr=0.1)

    @torch.compile
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    with pytest.raises(RuntimeError, match="call the function first"):
        _ = step.graph
    step(*next(iter(batches(1))))
    assert {call.phase for call in step.graph.calls} == {"forward", "backward", "update"}
    assert re.fullmatch(r"<Record of \d+ kernels and \d+ arrays>", repr(step.graph))
    assert re.search(r"input +%0 float32\[4, 1, 28, 28\] .* argument 0", str(step.graph))
    assert re.search(r"input +%\d+ float32\[32\] 128 bytes: parameter", str(step.graph))
    assert re.search(r"forward +linear\(.*\) -> %\d+ float32\[4, 32\] 512 bytes", str(step.graph))
    step.graph.save_svg(tmp_path / "step.svg")
    picture = (tmp_path / "step.svg").read_text()
    assert picture.startswith("<svg") and "linear_backward_weight" in picture
    assert len(set(re.findall(r'fill="(#[0-9a-f]{6})" stroke="#', picture))) == 3


def test_a_compiled_sequential_has_a_length_and_parts() -> None:
    layers = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    compiled = torch.compile(layers)
    assert len(compiled) == 2 and list(compiled) == list(layers) and compiled[1] is layers[1]
    assert len(copy.deepcopy(compiled)) == 2
    one = torch.compile(nn.Linear(2, 3))
    assert one and not hasattr(one, "__len__")


def test_what_has_no_record_says_why() -> None:
    def f(x: torch.Tensor) -> torch.Tensor:
        return x + np.random.rand()

    compiled = torch.compile(f)
    assert not hasattr(compiled, "graph")
    with pytest.raises(RuntimeError, match="no graph: there is no record yet: call the function"):
        compiled.graph  # noqa: B018
    with pytest.warns(UserWarning, match="from now on: it draws random numbers"):
        compiled(torch.ones(2))
    with pytest.raises(AttributeError, match="no graph: it draws random numbers"):
        compiled.graph  # noqa: B018
    module = torch.compile(torch.nn.Linear(2, 2))
    assert not hasattr(module, "graph")
