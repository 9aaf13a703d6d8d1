"""What changes between the calls of a compiled function is seen: no replay is stale."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn, optim


class TestChangesBetweenCalls:
    """Each change is seen: the result is eager's, on the first call after it and on later ones."""

    def check(self, function: Any, change: Any, x: Any) -> None:
        compiled = torch.compile(function)
        for _ in range(3):
            compiled(x)
        change()
        expected = function(x).tolist()
        assert compiled(x).tolist() == expected
        assert compiled(x).tolist() == expected
        assert not getattr(compiled, "_compiled", compiled).runs_eagerly

    def test_parameter_data(self) -> None:
        layer = nn.Linear(2, 2)
        self.check(layer.forward, lambda: setattr(layer.weight, "data", torch.ones(2, 2)),
                   torch.ones(1, 2))  # fmt: skip

    def test_load_state_dict(self) -> None:
        layer = nn.Linear(2, 2)
        other = {"weight": torch.ones(2, 2), "bias": torch.zeros(2)}
        self.check(lambda x: layer(x), lambda: layer.load_state_dict(other), torch.ones(1, 2))
        self.check(lambda x: layer(x), lambda: layer.load_state_dict(other, assign=True),
                   torch.ones(1, 2))  # fmt: skip

    def test_new_parameter(self) -> None:
        layer = nn.Linear(2, 2)

        def f(x: Any) -> Any:
            return nn.functional.linear(x, layer.weight)

        self.check(f, lambda: setattr(layer, "weight", nn.Parameter(torch.ones(2, 2))),
                   torch.ones(1, 2))  # fmt: skip

    def test_new_module(self) -> None:
        net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        self.check(net, lambda: net.__setitem__(1, nn.Tanh()), torch.ones(1, 2))

    def test_eval(self) -> None:
        net = nn.Sequential(nn.BatchNorm1d(2))
        self.check(net, net.eval, torch.tensor([[1.0, 2.0], [5.0, 7.0]]))

    def test_module_attribute(self) -> None:
        layer = nn.LeakyReLU(0.1)
        self.check(layer, lambda: setattr(layer, "negative_slope", 0.5), torch.tensor([-1.0]))

    def test_dtype_of_parameters(self) -> None:
        layer = nn.Linear(2, 2)
        self.check(lambda x: layer(x.to(layer.weight.dtype)), layer.double, torch.ones(1, 2))

    def test_buffer(self) -> None:
        layer = nn.BatchNorm1d(2).eval()
        self.check(layer, lambda: setattr(layer, "running_mean", torch.ones(2)), torch.ones(3, 2))

    def test_tensor_that_an_object_holds(self) -> None:
        box = SimpleNamespace(scale=torch.tensor(2.0))
        self.check(lambda x: x * box.scale, lambda: setattr(box.scale, "data", torch.tensor(3.0)),
                   torch.ones(1))  # fmt: skip

    def test_alias_of_a_tensor_that_an_object_holds(self) -> None:
        box = SimpleNamespace(scale=torch.tensor(2.0, requires_grad=True))
        self.check(
            lambda x: x * box.scale.detach(),
            lambda: setattr(box.scale, "data", torch.tensor(3.0)), torch.ones(1),
        )  # fmt: skip

    def test_tensor_among_the_globals_of_what_is_called(self) -> None:
        def inner(x: Any) -> Any:
            return x * scale

        scale = torch.tensor(2.0)
        self.check(lambda x: inner(x), lambda: setattr(scale, "data", torch.tensor(3.0)),
                   torch.ones(1))  # fmt: skip


class TestWhatARecordMustNotMix:
    """Found by trying: each of these once replayed something stale."""

    def test_the_same_argument_twice(self) -> None:
        f = torch.compile(lambda x, y: x + 10 * y)
        a, b = torch.tensor(1.0), torch.tensor(5.0)
        assert f(a, a).item() == 11.0
        assert f(a, b).item() == 51.0
        assert f(a, a).item() == 11.0

    def test_a_parameter_as_argument_that_is_used_inside(self) -> None:
        w, other = nn.Parameter(torch.tensor(2.0)), nn.Parameter(torch.tensor(5.0))
        f = torch.compile(lambda x: (x * w).detach())
        assert f(w).item() == 4.0
        assert f(other).item() == 10.0

    def test_a_tensor_that_is_made_and_changed_inside(self) -> None:
        def f(x: Any) -> Any:
            total = torch.tensor([0.0, 0.0])
            total += x
            return total

        compiled = torch.compile(f)
        results = [compiled(torch.tensor([1.0, 2.0])) for _ in range(3)]
        assert [r.tolist() for r in results] == [[1.0, 2.0]] * 3

    def test_an_argument_among_the_results(self) -> None:
        f = torch.compile(lambda x: (x.detach(), x, x * 2))
        for i in range(3):
            x = torch.tensor(float(i))
            detached, same, double = f(x)
            assert (detached.item(), double.item()) == (i, 2 * i) and same is x

    def test_numpy_reads_a_value(self) -> None:
        f = torch.compile(lambda x: x * float(x.numpy()[0]))
        with pytest.warns(UserWarning, match="reads a value"):
            f(torch.tensor([1.0]))
        assert f(torch.tensor([5.0])).item() == 25.0

    def test_optimizer_state_and_parameters(self) -> None:
        def weights(compiled: bool) -> list[float]:
            w, late = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
            optimizer = optim.SGD([w], lr=0.1, momentum=0.9)

            def step() -> None:
                optimizer.zero_grad()
                late.grad = None
                (w.sum() + late.sum()).backward()
                optimizer.step()

            run = torch.compile(step) if compiled else step
            for _ in range(3):
                run()
            optimizer.state.clear()
            run()
            optimizer.state[w]["momentum_buffer"] = torch.full((2,), 9.0)
            run()
            optimizer.param_groups[0]["params"].append(late)
            for _ in range(3):
                run()
            return w.tolist() + late.tolist()

        assert weights(True) == weights(False)

    def test_hooks_that_come_later(self) -> None:
        w = nn.Parameter(torch.ones(2))
        f = torch.compile(lambda x: (w * x).sum().backward())
        for _ in range(2):
            w.grad = None
            f(torch.ones(2))
        w.register_hook(lambda grad: grad * 0)
        w.grad = None
        f(torch.ones(2))
        assert w.grad.tolist() == [0.0, 0.0]

    def test_module_attributes_that_change_in_each_call(self) -> None:
        class Counting(nn.Module):
            n = 0

            def forward(self, x: Any) -> Any:
                self.n += 1
                return x * self.n

        f = torch.compile(Counting())
        with pytest.warns(UserWarning, match="'n' changes with each call"):
            assert [f(torch.tensor(1.0)).item() for _ in range(5)] == [1.0, 2.0, 3.0, 4.0, 5.0]

    def test_names_that_stand_for_something_else(self) -> None:
        factor = 2.0
        f = torch.compile(lambda x: x * factor)
        assert [f(torch.tensor(1.0)).item() for _ in range(2)] == [2.0, 2.0]
        factor = 3.0
        assert f(torch.tensor(1.0)).item() == 3.0

    def test_arguments_that_may_change_unseen(self) -> None:
        f = torch.compile(lambda x, options: x * int(options["n"][0]))
        with pytest.warns(UserWarning, match="type ndarray may change"):
            for n in (1, 2):
                assert f(torch.tensor(1.0), {"n": np.array([n])}).item() == n

    def test_versions_of_changed_arguments(self) -> None:
        f = torch.compile(lambda x: x.add_(1))
        tensors = [torch.zeros(2) for _ in range(3)]
        for x in tensors:
            f(x)
        assert [x._version for x in tensors] == [1, 1, 1]

    def test_lists_that_are_read(self) -> None:
        scale = [1.0]
        f = torch.compile(lambda x: x * scale[0])
        found = []
        for i in range(4):
            scale[0] = float(i)
            found.append(f(torch.tensor(1.0)).item())
        assert found == [0.0, 1.0, 2.0, 3.0]

    def test_lists_that_are_changed(self) -> None:
        count = [0]

        def f(x: Any) -> Any:
            count[0] += 1
            return x * count[0]

        compiled = torch.compile(f)
        with pytest.warns(UserWarning, match="what is in 'count' .a list. changes"):
            assert [compiled(torch.tensor(1.0)).item() for _ in range(6)] == [1, 2, 3, 4, 5, 6]

    def test_tensors_of_one_array_that_nothing_names(self) -> None:
        def first() -> None: ...
        def second() -> None: ...
        first.w, second.w = torch.tensor(2.0), torch.tensor(0.0)
        second.w.data = first.w
        f = torch.compile(lambda x: x * first.w)
        assert [f(torch.tensor(1.0)).item() for _ in range(4)] == [2.0] * 4
        first.w.data = torch.tensor(5.0)
        assert f(torch.tensor(1.0)).item() == 5.0

    def test_tensors_of_one_array_that_part(self) -> None:
        def first() -> None: ...
        def second() -> None: ...
        first.w, second.w = torch.tensor(2.0), torch.tensor(0.0)
        second.w.data = first.w
        f = torch.compile(lambda x: x * first.w + second.w, fullgraph=True)
        assert [f(torch.tensor(1.0)).item() for _ in range(2)] == [4.0] * 2
        first.w.data = torch.tensor(5.0)
        assert [f(torch.tensor(1.0)).item() for _ in range(2)] == [7.0] * 2

    def test_views_as_another_dtype(self) -> None:
        f = torch.compile(lambda x: x.view(torch.int32) + 0)
        for value in (1, 2, 3):
            x = torch.tensor([float(value)])
            assert f(x).tolist() == x.view(torch.int32).tolist()
