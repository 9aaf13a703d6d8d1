"""What compiled functions are given, return and reach by themselves: each once went wrong."""

from __future__ import annotations

import random
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from compile_support import Case, Cases
from rushlight import nn, optim

cases = Cases()

# ---- arguments and results


@cases.add
def argument_among_the_results(compiled: Any) -> Any:
    w = torch.ones(2, requires_grad=True)
    f = compiled(lambda x: (x * w, x, {"w": w}))
    x = torch.ones(2)
    for _ in range(3):
        y, same, rest = f(x)
    return y.tolist(), same is x, rest["w"] is w


@cases.add
def argument_that_was_computed(compiled: Any) -> Any:
    w = torch.ones(2, requires_grad=True)
    f = compiled(lambda x: x)
    for _ in range(3):
        f(w * 2).sum().backward()
    return w.grad.tolist()


@cases.add_refused("is a view of a tensor from outside")
def view_of_an_argument_changed_in_place(compiled: Any) -> Any:
    w = torch.ones(2, 2, requires_grad=True)
    h = w * 2
    compiled(lambda x: x[0])(h).mul_(5)
    h.sum().backward()
    return w.grad.tolist()


@cases.add_refused("changes a tensor from outside in place, with a gradient")
def computed_argument_changed_in_place(compiled: Any) -> Any:
    w = torch.ones(2, requires_grad=True)
    h = w * 2
    compiled(lambda x: x.mul_(3))(h)
    h.sum().backward()
    return w.grad.tolist()


@cases.add
def two_arguments_of_which_one_comes_from_the_other(compiled: Any) -> Any:
    a = torch.ones(2, requires_grad=True)
    f = compiled(lambda x, y: x * y)
    for _ in range(3):
        f(a, a * 3).sum().backward()
    return a.grad.tolist()


@cases.add_refused("a dict that it is given changes")
def dictionary_argument_that_is_changed(compiled: Any) -> Any:
    def f(d: Any) -> None:
        d["y"] = d["x"] * 2

    f = compiled(f)
    found = []
    for _ in range(4):
        d = {"x": torch.ones(2)}
        f(d)
        found.append(sorted(d))
    return found


@cases.add
def batches_as_tuples_and_lists(compiled: Any) -> Any:
    f = compiled(lambda batch, more: batch[0] * 2 + batch[1][0] + more["z"][0])
    found = []
    for i in range(4):
        x = torch.full((2,), float(i))
        found.append(f((x, [x + 1]), {"z": (x - 1,)}).tolist())
    return found


@cases.add
def dictionaries_with_an_order(compiled: Any) -> Any:
    f = compiled(lambda d: OrderedDict((k, v * 2) for k, v in d.items()))
    found = [f(OrderedDict(a=torch.ones(1), b=torch.ones(2))) for _ in range(3)]
    return [(type(d).__name__, [(k, v.tolist()) for k, v in d.items()]) for d in found]


@cases.add
def slices_and_zeros_of_either_sign(compiled: Any) -> Any:
    f = compiled(lambda x, s, part: (x * s)[part])
    calls = [(0.0, slice(0, 1)), (-0.0, slice(0, 1)), (float("nan"), slice(1, None))]
    return [str(f(torch.ones(3), *call)) for call in calls for _ in range(2)]


@cases.add
def the_same_result_twice(compiled: Any) -> Any:
    def f(x: Any) -> Any:
        y = x + 1
        return y, y

    f = compiled(f)
    pairs = [f(torch.ones(2)) for _ in range(3)]
    return [a is b for a, b in pairs]


@cases.add
def results_that_are_leaves(compiled: Any) -> Any:
    f = compiled(lambda: torch.zeros(1, requires_grad=True))
    return [f().requires_grad for _ in range(3)]


@cases.add
def a_gradient_as_result(compiled: Any) -> Any:
    w = nn.Parameter(torch.ones(2))

    def f(x: Any) -> Any:
        w.grad = None
        (w * x).sum().backward()
        return w.grad

    f = compiled(f)
    return [f(torch.full((2,), float(i))) is w.grad for i in range(3)], w.grad.tolist()


@cases.add
def alias_of_a_parameter_as_result(compiled: Any) -> Any:
    net = nn.Linear(1, 1)
    f = compiled(lambda: net.weight.detach())
    f()
    net.weight.data = torch.full((1, 1), 3.0)
    return f().tolist()


@cases.add_refused("is a view of a tensor from outside")
def versions_of_views_of_arguments(compiled: Any) -> Any:
    f = compiled(lambda x: x.view(-1))
    x = torch.ones(1)
    for _ in range(4):
        f(x).add_(1)
    return x._version, x.tolist()


@cases.add_refused("returns a generator, which runs later")
def generators(compiled: Any) -> Any:
    def f(x: Any) -> Any:
        yield x * 2

    f = compiled(f)
    return [[y.tolist() for y in f(torch.ones(1))] for _ in range(3)]


@cases.add
def a_result_and_its_alias(compiled: Any) -> Any:
    w = torch.ones(2, requires_grad=True)

    def f(x: Any) -> Any:
        y = x * w
        return y.detach(), y

    f = compiled(f)
    for i in range(3):
        alias, y = f(torch.full((2,), float(i)))
        y.sum().backward()
    return alias.requires_grad, alias.data_ptr() == y.data_ptr(), w.grad.tolist()


@cases.add_refused("returns a Output, which a replay cannot make anew")
def objects_as_results(compiled: Any) -> Any:
    @dataclass
    class Output:
        logits: Any

    f = compiled(lambda x: Output(x * 2))
    return [f(torch.full((1,), float(i))).logits.tolist() for i in range(5)]


@cases.add
def leaves_that_are_made_inside(compiled: Any) -> Any:
    w = torch.full((2,), 3.0, requires_grad=True)

    def f(x: Any) -> Any:
        z = x.clone().requires_grad_()
        (z * z * w.detach()).sum().backward()
        return (z + 0.1 * z.grad.sign()).detach()

    f = compiled(f)
    return [f(torch.tensor([float(i), -1.0])).tolist() for i in range(4)]


@cases.add_refused("catches an error")
def errors_that_are_caught(compiled: Any) -> Any:
    table = torch.arange(3.0)

    def f(i: Any) -> Any:
        try:
            return table[i] * 2
        except IndexError:
            return torch.zeros(1)

    f = compiled(f)
    return [f(torch.tensor([i])).tolist() for i in (7, 1, 2)]


# ---- what else the function reaches


@cases.add_refused("is given a tensor that it also reaches by itself")
def argument_that_is_in_the_closure_too(compiled: Any) -> Any:
    y = torch.ones(2)
    f = compiled(lambda x: x + 2 * y)
    return f(y).tolist(), f(torch.zeros(2)).tolist()


@cases.add
def two_tensors_of_one_array(compiled: Any) -> Any:
    a = torch.ones(2)
    b = a.detach()
    f = compiled(lambda x: x * a + b)
    found = [f(torch.ones(2)).tolist()]
    a.data = torch.zeros(2)
    found += [f(torch.ones(2)).tolist() for _ in range(2)]
    return found


@cases.add
def closure_variable_that_was_none(compiled: Any) -> Any:
    scale = None
    f = compiled(lambda x: x if scale is None else x * scale)
    found = [f(torch.ones(1)).tolist() for _ in range(2)]
    scale = 3.0
    return found + [f(torch.ones(1)).tolist()]


SCALE = 1.0


@cases.add
def globals_of_what_is_inside(compiled: Any) -> Any:
    global SCALE

    class Net(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * SCALE

    def helper(x: Any) -> Any:
        return x * SCALE

    named = partial(helper)
    functions = [compiled(Net()), compiled(lambda x: sum(SCALE * t for t in [x, x])),
                 compiled(lambda x: helper(x)), compiled(lambda x: named(x))]  # fmt: skip
    found = []
    for SCALE in (1.0, 2.0, 3.0):  # noqa: B007
        found += [f(torch.ones(1)).tolist() for f in functions]
    return found


@cases.add
def attributes_of_objects(compiled: Any) -> Any:
    class Trainer:
        shift = 1.0

        def __init__(self) -> None:
            self.scale = 2.0
            self.settings = {"power": 2}
            self.net = nn.Linear(1, 1, bias=False)
            nn.init.ones_(self.net.weight)

        def helper(self, x: Any) -> Any:
            return self.net(x) * self.scale + self.shift

        def step(self, x: Any) -> Any:
            return self.helper(x) ** self.settings["power"]

    trainer = Trainer()
    step = compiled(trainer.step)
    found = []

    def look() -> None:
        found.extend(step(torch.full((1, 1), 2.0)).tolist() for _ in range(2))

    look()
    trainer.scale = 3.0
    look()
    Trainer.shift = 2.0
    look()
    trainer.shift = 5.0
    look()
    trainer.settings["power"] = 1
    look()
    trainer.net = nn.Linear(1, 1)
    nn.init.zeros_(trainer.net.weight)
    nn.init.zeros_(trainer.net.bias)
    look()
    return found


@cases.add
def names_that_are_attributes_only(compiled: Any) -> Any:
    """A global `step` of another meaning must not keep the record from being used."""
    global step
    w = nn.Parameter(torch.ones(2))
    optimizer = optim.SGD([w], lr=0.1)

    def f() -> None:
        optimizer.zero_grad()
        w.sum().backward()
        optimizer.step()

    f = compiled(f)
    for step in range(5):  # noqa: B007
        f()
    if hasattr(f, "entries"):
        assert sum(map(len, f.entries.values())) <= 2
    return w.tolist()


class Settings:
    scale = 1.0


class Scaling:
    def __init__(self) -> None:
        self.scale = 1.0

    def __call__(self, x: Any) -> Any:
        return x * self.scale

    def shifted(self, x: Any) -> Any:
        return x + self.scale


class Doubling(Scaling):
    def shifted(self, x: Any) -> Any:
        return 2 * super().shifted(x)


@cases.add
def ordinary_places_of_values(compiled: Any) -> Any:
    first, second = Scaling(), Doubling()
    nested = {"model": {"scale": 1.0}}
    ordered = OrderedDict(scale=1.0)
    losses = [Scaling()]

    @dataclass(slots=True)
    class Slots:
        scale: float = 1.0

    slots = Slots()

    @compiled
    @torch.no_grad()
    def decorated(x: Any) -> Any:
        return x * Settings.scale

    functions = [
        compiled(lambda x: x * Settings.scale), compiled(lambda x: first(x)), compiled(first),
        compiled(lambda x: second.shifted(x)), compiled(lambda x: x * nested["model"]["scale"]),
        compiled(lambda x: x * ordered["scale"]), compiled(lambda x: losses[0](x)),
        compiled(lambda x: x * slots.scale), compiled(lambda x: x * getattr(first, "scale")),  # noqa: B009
        decorated,
    ]  # fmt: skip
    found = []
    for scale in (1.0, 2.0, 3.0):
        Settings.scale = first.scale = second.scale = losses[0].scale = slots.scale = scale
        nested["model"]["scale"] = ordered["scale"] = scale
        found += [f(torch.ones(1)).tolist() for f in functions for _ in range(2)]
    return found


@cases.add_refused("'count' changes with each call")
def attributes_that_are_set_at_first(compiled: Any) -> Any:
    class Lazy:
        def step(self, x: Any) -> Any:
            self.count = getattr(self, "count", 0) + 1
            return x

    lazies = [Lazy() for _ in range(3)]
    f = compiled(lambda lazy, x: lazy.step(x))
    for lazy in lazies:
        f(lazy, torch.ones(1))
    g = compiled(lambda x: Lazy.step(lazies[0], x))
    for _ in range(3):
        g(torch.ones(1))
    return [lazy.count for lazy in lazies]


@cases.add
def requires_grad_of_tensors_that_are_looked_at(compiled: Any) -> Any:
    tensors = [nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))]
    tensors[1].requires_grad_(False)
    f = compiled(lambda: sum((t * t).sum() for t in tensors if t.requires_grad))
    found = [f().item() for _ in range(2)]
    tensors[1].requires_grad_(True)
    return found + [f().item() for _ in range(2)]


@cases.add_refused("uses 'it', a list_iterator, which gives others each time")
def iterators(compiled: Any) -> Any:
    it = iter([1.0, 2.0, 3.0, 4.0])
    f = compiled(lambda x: x * next(it))
    return [f(torch.ones(1)).tolist() for _ in range(4)]


@cases.add_refused("draws random numbers of Python's or NumPy's own")
def random_numbers_of_python(compiled: Any) -> Any:
    random.seed(0)
    f = compiled(lambda x: x * 2 if random.random() < 0.5 else x * 3)
    return [f(torch.ones(1)).tolist() for _ in range(10)]


@cases.add
def default_arguments(compiled: Any) -> Any:
    def f(x: Any, scale: Any = 2.0) -> Any:
        return x * scale

    g = compiled(f)
    found = [g(torch.ones(1)).tolist()]
    f.__defaults__ = (3.0,)
    return found + [g(torch.ones(1)).tolist()]


@cases.add
def strides_of_what_it_reads(compiled: Any) -> Any:
    w = torch.zeros(2, 2)
    f = compiled(lambda x: w.contiguous().add_(x))
    f(torch.ones(()))
    w.data = torch.zeros(2, 2).t()
    f(torch.ones(()))
    return w.tolist()


@cases.add_refused("NumPy array")
def arrays_of_numpy_that_become_tensors(compiled: Any) -> Any:
    f = compiled(lambda x: x + torch.tensor(np.ones(2)))
    return [f(torch.zeros(2)).tolist() for _ in range(2)]


@cases.add_refused("'a', a numpy.ndarray, which cannot be watched")
def arrays_of_numpy(compiled: Any) -> Any:
    a = np.zeros(2)
    f = compiled(lambda x: x + torch.tensor(a))
    f(torch.zeros(2))
    a[:] = 7
    return f(torch.zeros(2)).tolist()


@cases.add_refused("seeds or reads a random generator")
def random_generators_inside(compiled: Any) -> Any:
    def f() -> Any:
        torch.manual_seed(3)
        return torch.rand(1)

    f = compiled(f)
    return [f().item() for _ in range(3)]


@cases.add_refused("gives a tensor another array")
def arrays_that_change_places(compiled: Any) -> Any:
    a, b = torch.ones(1), torch.zeros(1)

    def f(x: Any) -> Any:
        a.data, b.data = b.data, a.data
        return x + a

    f = compiled(f)
    return [f(torch.ones(1)).tolist() for _ in range(3)]


@cases.add_refused("steps a learning rate scheduler")
def schedulers_inside(compiled: Any) -> Any:
    w = nn.Parameter(torch.ones(2))
    optimizer = optim.SGD([w], lr=0.5)
    scheduler = optim.lr_scheduler.StepLR(optimizer, 1, 0.5)

    def f() -> None:
        optimizer.zero_grad()
        w.sum().backward()
        optimizer.step()
        scheduler.step()

    f = compiled(f)
    for _ in range(4):
        f()
    return w.tolist()


@pytest.mark.parametrize("function", cases.all, ids=lambda function: function.__name__)
def test_same_as_eager(function: Case) -> None:
    cases.check(function)
