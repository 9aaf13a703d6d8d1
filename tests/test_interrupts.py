"""Ctrl-C at any line of a training step leaves no state behind, and the next step works.

The interrupt is raised by a trace function in front of a line of the package, as a signal's handler
would do between two of them. Left out are the lines that undo something (`finally`, `__exit__`):
there Python itself gives no hold.
"""

from __future__ import annotations

import ast
import gc
import io
import subprocess
import sys
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn, optim
from rushlight.autograd import saved
from rushlight.grad_mode import state
from rushlight.graph.compile import _recording
from rushlight.kernels import launch
from rushlight.torch_function import modes

PACKAGE = str(Path(torch.__file__).parent)


@cache
def undoing_lines(path: str) -> frozenset[int]:
    """The lines of a file that stand in a `finally` or in an `__exit__`."""
    found: set[int] = set()
    for node in ast.walk(ast.parse(Path(path).read_text())):
        parts = node.finalbody if isinstance(node, ast.Try) else []
        if isinstance(node, ast.FunctionDef) and node.name == "__exit__":
            parts = node.body
        for part in parts:
            found.update(range(part.lineno, (part.end_lineno or part.lineno) + 1))
    return frozenset(found)


class Interrupter:
    """Runs a function with an interrupt in front of the line of a given number.

    Lines are counted as they are met for the first time.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.met: set[tuple[str, int]] = set()
        self.where = ""

    def run(self, function: Callable[[], Any]) -> bool:
        """Whether there was an interrupt."""
        previous = sys.gettrace()
        sys.settrace(self.trace)
        try:
            function()
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(previous)
        return False

    def trace(self, frame: Any, event: str, argument: Any) -> Any:
        path = frame.f_code.co_filename
        if not path.startswith(PACKAGE):
            return None
        if event == "line":
            place = (path, frame.f_lineno)
            if place not in self.met and frame.f_lineno not in undoing_lines(path):
                self.met.add(place)
                if len(self.met) == self.number:
                    self.where = f"{path}:{frame.f_lineno}"
                    raise KeyboardInterrupt
        return self.trace


def global_state() -> tuple[Any, ...]:
    return (state.enabled, state.inference, launch.phase, launch.recorder, dict(launch.kernels),
            dict(launch.tables_by_device), torch.get_default_dtype(), list(modes),
            list(saved._local.stack), _recording.locked())  # fmt: skip


class Training:
    """A small network with a step of each kind."""

    def __init__(self, make_optimizer: Any, compiled: bool) -> None:
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.ReLU())
        self.optimizer = make_optimizer(self.net.parameters())
        self.x = torch.ones(3, 2)
        self.run = torch.compile(self.step) if compiled else self.step

    def step(self) -> Any:
        self.optimizer.zero_grad()
        loss = self.net(self.x).pow(2).sum()
        loss.backward()
        self.optimizer.step()
        return loss

    def steps(self) -> None:
        for _ in range(4):
            self.run()

    def check(self) -> None:
        """The states are whole, and the next step works."""
        self.run()
        keys = {frozenset(kept) for kept in self.optimizer.state.values()}
        assert len(keys) == 1
        assert all(p.grad is not None for p in self.net.parameters())


def sgd(parameters: Any) -> Any:
    return optim.SGD(parameters, lr=0.1, momentum=0.9)


def adam(parameters: Any) -> Any:
    return optim.Adam(parameters, lr=0.1, amsgrad=True)


class Modes(Training):
    """What enters and leaves modes, and saves."""

    def __init__(self) -> None:
        super().__init__(sgd, compiled=False)

    def steps(self) -> None:
        with torch.no_grad(), torch.inference_mode():
            self.net(self.x)
        with torch.enable_grad():
            self.net(self.x)
        torch.no_grad()(self.net)(self.x)
        with torch.autograd.graph.save_on_cpu():
            self.net(self.x).sum().backward()
        torch.save(self.net.state_dict(), io.BytesIO())


CASES = {
    "sgd": lambda: Training(sgd, False), "adam": lambda: Training(adam, False), "modes": Modes,
    "compiled sgd": lambda: Training(sgd, True), "compiled adam": lambda: Training(adam, True),
}  # fmt: skip


def interrupt_everywhere(make: Callable[[], Training], stride: int, first: int = 1) -> int:
    """Interrupts at each line, or at every `stride`-th one; returns at how many."""
    number, count = first, 0
    while True:
        training = make()
        before = global_state()
        interrupter = Interrupter(number)
        if not interrupter.run(training.steps):
            return count
        if global_state() != before:
            gc.collect()  # context managers that the traceback has kept
        assert global_state() == before, interrupter.where
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                training.check()
            except Exception as error:
                raise AssertionError(f"after an interrupt at {interrupter.where}") from error
        number += stride
        count += 1


@pytest.mark.parametrize("name", CASES)
def test_interrupts_at_some_lines(name: str) -> None:
    assert interrupt_everywhere(CASES[name], stride=41, first=5) > 5


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_interrupts_at_every_line(name: str) -> None:
    assert interrupt_everywhere(CASES[name], stride=1) > 100


@pytest.mark.parametrize("name", ["rushlight.tensor", "rushlight.ops.loss", "rushlight.nn.module"])
def test_an_import_that_was_interrupted_can_be_repeated(name: str) -> None:
    code = f"""
import sys
class Interrupt:
    def find_spec(name, path=None, target=None):
        if name == {name!r}:
            sys.meta_path.remove(Interrupt)
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt)
try:
    import rushlight
except KeyboardInterrupt:
    print("interrupted", "rushlight" in sys.modules)
import rushlight as torch
import importlib
x = torch.ones(2, requires_grad=True)
torch.nn.Linear(2, 3)(x).sum().backward()
tensor = torch.Tensor
importlib.reload(torch)
print(isinstance(x.grad, torch.Tensor), torch.Tensor is tensor, torch.ops.declare is not None)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("interrupted False\nTrue True True\n", "")
