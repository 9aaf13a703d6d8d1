"""Which call has made a gradient nan, or fails in the backward: `detect_anomaly`.

While it is on, each node keeps where in the program its call was made.
"""

from __future__ import annotations

import os
import threading
import traceback
import warnings
from typing import Any

from ..grad_mode import no_grad, state
from ..kernels import launch
from ..tensor import Tensor
from .node import Node

__all__ = ["detect_anomaly", "set_detect_anomaly"]  # the others are torch's

PACKAGE = os.path.dirname(os.path.dirname(__file__))
_switching = threading.Lock()
_switched_on = 0  # in how many places, of all threads


class set_detect_anomaly:
    """Switches `detect_anomaly` on or off at once; as a context manager it switches back.

    `check_nan` says whether gradients are searched for nan.

    >>> import rushlight as torch
    >>> with torch.autograd.set_detect_anomaly(True):
    ...     torch.is_anomaly_enabled()
    True
    >>> torch.is_anomaly_enabled()
    False
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.previous = state.anomaly
        switch(Anomalies(check_nan) if mode else None)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: Any) -> None:
        switch(self.previous)


def set_anomaly_enabled(mode: bool, check_nan: bool = True) -> None:
    """Switches `detect_anomaly` on or off.

    >>> import rushlight as torch
    >>> torch.set_anomaly_enabled(True)
    >>> torch.is_anomaly_enabled()
    True
    >>> torch.set_anomaly_enabled(False)
    """
    set_detect_anomaly(mode, check_nan)


def is_anomaly_enabled() -> bool:
    """Whether `detect_anomaly` is on.

    >>> import rushlight as torch
    >>> torch.is_anomaly_enabled()
    False
    """
    return state.anomaly is not None


def is_anomaly_check_nan_enabled() -> bool:
    """Whether gradients are searched for nan if `detect_anomaly` is on.

    >>> import rushlight as torch
    >>> torch.is_anomaly_check_nan_enabled()
    True
    """
    return state.anomaly is None or bool(state.anomaly.check_nan)


class detect_anomaly:
    """Inside, a backward raises where a gradient becomes nan, and shows the forward's line.

    A warning has the place in the program where the call was made whose backward failed. Forward
    and backward must run inside.

    >>> import rushlight as torch
    >>> x = torch.tensor(-1.0, requires_grad=True)
    >>> with warnings.catch_warnings(action="ignore"), torch.autograd.detect_anomaly():
    ...     torch.sqrt(x).backward()
    Traceback (most recent call last):
    RuntimeError: Function 'SqrtBackward0' returned nan values in its 0th output.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should "
            "only be enabled for debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self.previous = state.anomaly
        switch(Anomalies(self.check_nan))

    def __exit__(self, *exception: Any) -> None:
        switch(self.previous)


class Anomalies:
    """What the engine asks about each node while the mode is on."""

    def __init__(self, check_nan: bool) -> None:
        self.check_nan = check_nan

    def remember(self, node: Node) -> None:
        """Keeps with a new node where in the program its call is made."""
        frames = traceback.extract_stack()
        node._trace = traceback.format_list([  # type: ignore[attr-defined]
            frame for frame in frames
            if not frame.filename.startswith((PACKAGE, "<entry of"))
        ])  # fmt: skip

    def check(self, node: Node, results: tuple[Any, ...]) -> None:
        """Raises where a gradient that a node has made has a nan in it."""
        launch.refuse_record("searches for anomalies (detect_anomaly)")
        for number, gradient in enumerate(results if self.check_nan else ()):
            if isinstance(gradient, Tensor):
                with no_grad():
                    is_nan = bool((gradient != gradient).any())
                if is_nan:
                    raise RuntimeError(
                        f"Function '{node.name()}' returned nan values in its {number}th output."
                    )

    def show(self, node: Node, error: Exception) -> None:
        """Warns with the place in the program where the call of a node was made."""
        trace = getattr(node, "_trace", None)
        if trace is None:
            lines = (
                "No forward pass information available. Enable detect anomaly during forward pass "
                "for more information."
            )
        else:
            lines = "Traceback of forward call that caused the error:\n" + "".join(trace)
        warnings.warn(f"Error detected in {node.name()}. {lines}", stacklevel=2)


class _TracedSequence:
    """Stands in the place of the nodes' `_sequence`, which every new node is given.

    So recording costs nothing where nobody asks for traces.
    """

    def __get__(self, node: Any, owner: Any) -> Any:
        return _sequence.__get__(node, owner)

    def __set__(self, node: Any, value: int) -> None:
        _sequence.__set__(node, value)
        if state.anomaly is not None:
            state.anomaly.remember(node)


_sequence: Any = vars(Node)["_sequence"]


def switch(anomalies: Any) -> None:
    """Sets what this thread's engine and new nodes ask: an `Anomalies` or its like, or None."""
    global _switched_on
    with _switching:
        _switched_on += (anomalies is not None) - (state.anomaly is not None)
        state.anomaly = anomalies
        Node._sequence = _TracedSequence() if _switched_on else _sequence  # type: ignore
