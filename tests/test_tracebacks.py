"""Which frames of an error are shown where Rushlight stands in for PyTorch."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest

import rushlight as torch
from rushlight import tracebacks
from rushlight.kernels.cuda import load_cupy
from rushlight.tracebacks import end_with_own_lines, shorten


def functions_of(failing: Callable[[], Any]) -> list[str]:
    """The names of the functions that are left of an error's traceback."""
    with pytest.raises(Exception) as caught:  # noqa: B017  # of whatever type
        failing()
    shorten(caught.value)
    return [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]


def in_operation() -> Any:
    return torch.ones(2) @ torch.ones(3)


def in_module() -> Any:
    class Net(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return torch.nn.functional.linear(x, x.mT)

    return Net()(torch.ones(2, 3, 4))


def in_hook() -> None:
    def hook(gradient: Any) -> None:
        raise KeyError("mine")

    x = torch.ones(1, requires_grad=True)
    x.register_hook(hook)
    x.backward()


def in_numpy() -> Any:
    return torch.from_numpy([1])


def in_collate() -> Any:
    return torch.utils.data.default_collate([object()])


def of_its_own() -> None:
    raise ValueError("mine")


def in_library() -> Any:
    import json

    return json.loads("{")


def test_the_last_line_is_the_programs() -> None:
    for failing in (in_operation, in_numpy, in_collate, of_its_own):
        assert functions_of(failing)[-1] == failing.__name__
    assert functions_of(in_module)[-1] == "forward"
    assert functions_of(in_hook)[-1] == "hook"
    assert functions_of(in_library)[-1] == "raw_decode"  # which is not Rushlight's to leave out


def test_what_an_error_came_from() -> None:
    def failing() -> None:
        try:
            in_operation()
        except RuntimeError as error:
            raise ValueError("mine") from error

    with pytest.raises(ValueError, match="mine") as caught:
        failing()
    shorten(caught.value)
    cause = caught.value.__cause__
    assert cause is not None
    assert traceback.extract_tb(cause.__traceback__)[-1].name == "in_operation"


def test_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(sys, "excepthook", lambda *args: shown.append(args[2]))
    monkeypatch.setattr(threading, "excepthook", lambda args: shown.append(args.exc_traceback))
    monkeypatch.setattr(tracebacks, "_are_shortened", False)
    end_with_own_lines()
    with pytest.raises(RuntimeError) as caught:
        in_operation()
    sys.excepthook(caught.type, caught.value, caught.tb)
    thread = threading.Thread(target=in_operation)
    thread.start()
    thread.join()
    assert [traceback.extract_tb(trace)[-1].name for trace in shown] == 2 * ["in_operation"]


class Failing(torch.utils.data.Dataset[Any]):
    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Any:
        return in_operation()


@pytest.mark.parametrize("stands_in", [False, True])
def test_what_worker_processes_send(monkeypatch: pytest.MonkeyPatch, stands_in: bool) -> None:
    monkeypatch.setattr(tracebacks, "_are_shortened", stands_in)
    with pytest.raises(RuntimeError) as caught:
        list(torch.utils.data.DataLoader(Failing(), num_workers=1))
    text = str(caught.value)
    assert "in_operation" in text and ("matmul.py" in text) != stands_in


def printed(failing: Callable[[], Any]) -> list[str]:
    """The names of the errors that Python would print, the first one first."""
    with pytest.raises(Exception) as caught:  # noqa: B017  # of whatever type
        failing()
    shorten(caught.value)
    lines = "".join(traceback.format_exception(caught.value)).splitlines()
    heads = [line.partition(":")[0] for line in lines if line[:1].strip()]
    return [head.rpartition(".")[2] for head in heads if head.endswith("Error")]


def after_another() -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        torch.ones(2) + torch.ones(3)


def because_of_it() -> None:
    try:
        torch.ones(2) + torch.ones(3)
    except RuntimeError as error:
        raise KeyError("mine") from error


def instead_of_it() -> None:
    try:
        torch.ones(2) + torch.ones(3)
    except RuntimeError:
        raise KeyError("mine") from None


@pytest.mark.parametrize(("failing", "names"), [
    (lambda: torch.ones(2) + torch.ones(3), ["OperationError"]),  # and not NumPy's before it
    pytest.param(  # and not importlib's
        lambda: load_cupy(), ["AssertionError"],
        marks=pytest.mark.skipif(find_spec("cupy") is not None, reason="CuPy is there"),
    ),
    (after_another, ["ZeroDivisionError", "OperationError"]),
    (because_of_it, ["OperationError", "KeyError"]),
    (instead_of_it, ["KeyError"]),
])  # fmt: skip
def test_errors_that_the_program_had_nothing_to_do_with(
    failing: Callable[[], Any], names: list[str]
) -> None:
    assert printed(failing) == names
