"""`detect_nan`: which call has made the first nan or infinity, where, and in which module."""

from __future__ import annotations

import linecache
import sys
import threading
from collections.abc import Iterator
from contextlib import ContextDecorator, ExitStack
from typing import Any

from ..autograd import anomaly_mode
from ..autograd.node import Node
from ..dtype import FLOATING
from ..dtype import dtype as DType
from ..errors import OperationError
from ..grad_mode import state
from ..kernels import launch
from ..kernels.intercept import Call, arrays_in, each_call
from ..tensor import Tensor, wrap
from .running import RunningModules

# Kinds of kernels without results of their own, or whose results are what somebody has asked for.
_MAKING_NOTHING = {"view", "creation", "check", "transfer", "read"}
_MOVING = {"copy", "indexing"}  # those that put elsewhere what is there already


class NanError(OperationError, FloatingPointError):
    """A call has made a nan or an infinity.

    It is a RuntimeError, as PyTorch's of `detect_anomaly` is, and a FloatingPointError.
    """


class detect_nan(ContextDecorator):
    """Inside, the first call that makes a nan or an infinity raises an error that says which.

    It names the operation and its kernel, the shapes and the range of what it was given, the line
    of the program and the module's path; for a gradient, those of the forward call whose backward
    it was. What has a nan in it when it comes in is named where it is first computed with.
    Infinities that come in, or that are written as numbers (a mask of `-inf`), are let pass.

    Every result is searched, of forward, backward and optimizer, so that it takes about twice the
    time; outside it takes none. It also decorates functions.

    >>> import rushlight as torch
    >>> x = torch.tensor([4.0, 1.0, -1.0])
    >>> with torch.detect_nan():
    ...     y = x.sqrt()
    Traceback (most recent call last):
    rushlight.nn.nan_finder.NanError: sqrt: kernel 'sqrt' makes nan (1 of 3 values of float32[3]) \
from float32[3] between -1 and 4; at <doctest rushlight.nn.nan_finder.detect_nan[2]>:2: y = x.sqrt()
    """

    def __enter__(self) -> None:
        launch.refuse_record("searches for nan (detect_nan)")
        running = RunningModules()
        finder = NanFinder(running)
        with ExitStack() as stack:
            stack.enter_context(running.noted())
            stack.enter_context(each_call(finder.run))
            stack.callback(anomaly_mode.switch, state.anomaly)
            anomaly_mode.switch(finder)
            self._stack = stack.pop_all()

    def __exit__(self, *exception: Any) -> None:
        self._stack.close()


class NanFinder:
    """Runs kernels and looks at their results; keeps for each node where its call was made.

    In the backward it is what the engine asks about each node, as `autograd.detect_anomaly` is.
    """

    check_nan = True

    def __init__(self, running: RunningModules) -> None:
        self._running = running
        self._looking = _Looking()

    # ---- what kernels make

    def run(self, call: Call) -> Any:
        if self._looking.now or call.declaration.kind in _MAKING_NOTHING:
            return call.run()
        written = [call.arguments[i] for i in call.declaration.positions if i < len(call.arguments)]
        written = list(arrays_in(written))
        with self._looking:
            # Where a kernel writes, what it has read is gone afterwards.
            there = set[str]().union(*[_found(a) for a in _inputs(call) if _is_in(a, written)])
        result = call.run()
        with self._looking:
            for array in [*_results(call, result), *written]:
                found = _found(array)
                if found:
                    read = [a for a in _inputs(call) if not _is_in(a, written)]
                    there |= _kinds_in(call.arguments).union(*map(_found, read))
                    self._judge(call, array, found, there, read)
        return result

    def _judge(
        self, call: Call, array: Any, found: set[str], there: set[str], read: list[Any]
    ) -> None:
        """Raises where a result has what the arguments have not, or a nan from before."""
        made = sorted(found - there, reverse=True)
        if made:
            what = f"makes {' and '.join(made)} ({_share(array, made)})"
        elif "nan" in found and call.declaration.kind not in _MOVING:
            what = (
                "is given nan that no call within this `detect_nan` has made "
                f"({_share(array, ['nan'])} are nan then)"
            )
        else:
            return
        # In the backward the place is that of the forward, which `show` adds.
        place = "" if launch.phase == "backward" else f"; at {users_line()}"
        raise NanError(f"{call.name}: kernel '{call.name}' {what}{_told(read)}{place}")

    # ---- what the engine and new nodes ask

    def remember(self, node: Node) -> None:
        """Notes the line that a node's call stands in, and the modules that were running."""
        if not self._looking.now:
            node._trace = users_line(), tuple(self._running.stack)  # type: ignore[attr-defined]

    def check(self, node: Node, results: tuple[Any, ...]) -> None:
        """Looks at gradients that no kernel has made, as those of a user's function may be."""
        launch.refuse_record("searches for nan (detect_nan)")
        if node.makes_gradients:
            return
        for number, gradient in enumerate(results):
            if isinstance(gradient, Tensor):
                with self._looking:
                    found = sorted(_found(gradient.array), reverse=True)
                if found:
                    raise NanError(
                        f"{node.name()}: returns {' and '.join(found)} for input {number}"
                    )

    def show(self, node: Node, error: Exception) -> None:
        """Adds to an error of a node's backward where the node's call was made."""
        if not isinstance(error, NanError) or error.module_names:
            return
        name = node.name()
        kernel = error.message.partition(": ")[2] or error.message
        line, modules = getattr(node, "_trace", ("a call before this `detect_nan`", ()))
        error.message = f"{name}: in the backward, {kernel}; the forward was at {line}"
        error.args = (str(error),)
        for module in reversed(modules):
            module._add_path(error)


class _Looking(threading.local):
    """Entered while a thread looks at results: at the kernels that this needs nobody looks."""

    now = False

    def __enter__(self) -> None:
        self.now = True
        self._enabled, state.enabled = state.enabled, False

    def __exit__(self, *exception: Any) -> None:
        self.now = False
        state.enabled = self._enabled


def users_line() -> str:
    """The innermost line that runs and is the user's: "train.py:12: y = torch.log(x)"."""
    frame: Any = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(
        (anomaly_mode.PACKAGE, "<entry of")
    ):
        frame = frame.f_back
    name, number = frame.f_code.co_filename, frame.f_lineno
    code = linecache.getline(name, number, frame.f_globals).strip()  # "" where it is not to be had
    return f"{name}:{number}: {code}" if code else f"{name}:{number}"


# ---- what is in arrays


def _inputs(call: Call) -> Iterator[Any]:
    """The arrays that a kernel reads: not the one that its result is to be written to."""
    for place, argument in enumerate(call.arguments):
        if place != call.declaration.out or argument is None:
            yield from arrays_in(argument)


def _results(call: Call, result: Any) -> list[Any]:
    """What is looked at: of a fused forward the first result, as others are notes for the backward
    (attention's have infinity for a query that sees nothing)."""
    found = list(arrays_in(result))
    if call.declaration.kind == "fused" and not call.name.endswith("_backward"):
        return found[:1]
    return found


def _kinds_in(arguments: Any) -> set[str]:
    """Which of "nan" and "inf" are among the numbers that a kernel is given."""
    found = set()
    for value in arguments:
        if isinstance(value, (float, complex)):
            found |= {"nan"} if value != value else {"inf"} if abs(value) == float("inf") else set()
        elif type(value) in (tuple, list):
            found |= _kinds_in(value)
    return found


def _found(array: Any) -> set[str]:
    """Which of "nan" and "inf" are in an array."""
    if DType.from_numpy(array.dtype).category < FLOATING:
        return set()
    tensor = wrap(array)
    if tensor.is_meta or bool(tensor.isfinite().all()):
        return set()
    return {name for name, test in _TESTS.items() if bool(test(tensor).any())}


_TESTS = {"nan": Tensor.isnan, "inf": Tensor.isinf}


def _is_in(array: Any, arrays: list[Any]) -> bool:
    return any(array is other for other in arrays)


def _share(array: Any, names: list[str]) -> str:
    tensor = wrap(array)
    count = sum(int(_TESTS[name](tensor).sum()) for name in names)
    return f"{count} of {tensor.numel()} values of {_type_of(array)}"


def _type_of(array: Any) -> str:
    return f"{array.dtype}{list(array.shape)}"


def _told(inputs: list[Any]) -> str:
    """The arrays that a kernel was given, with the ranges of their values."""
    told = [f"{_type_of(array)}{_range(array)}" for array in inputs[:3]]
    if len(inputs) > 3:
        told.append(f"{len(inputs) - 3} more")
    return f" from {', '.join(told)}" if told else ""


def _range(array: Any) -> str:
    tensor = wrap(array)
    if not tensor.is_floating_point() or tensor.numel() == 0:
        return ""
    finite = tensor[tensor.isfinite()]
    others = "".join(f", with {name}" for name in sorted(_found(array), reverse=True))
    if not finite.numel():
        return others.removeprefix(",")
    low, high = finite.min().item(), finite.max().item()
    return (f" of {low:.4g}" if low == high else f" between {low:.4g} and {high:.4g}") + others
