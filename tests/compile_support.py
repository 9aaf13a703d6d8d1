"""Programs that are run with functions as they are and compiled: both must end alike."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import rushlight as torch

Case = Callable[[Any], Any]


class Cases:
    """Functions of `compiled`, which is called on what is to be compiled."""

    def __init__(self) -> None:
        self.all: list[Case] = []
        self.refused: dict[Case, str] = {}  # what the warning says

    def add(self, function: Case) -> Case:
        self.all.append(function)
        return function

    def add_refused(self, match: str) -> Callable[[Case], Case]:
        """For a program that runs without a record after one warning."""

        def add(function: Case) -> Case:
            self.refused[function] = match
            return self.add(function)

        return add

    def check(self, function: Case) -> None:
        expected = _outcome(function, lambda f: f)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = _outcome(function, torch.compile)
        assert found == expected
        told = [w for w in caught if issubclass(w.category, UserWarning)]
        messages = [str(warning.message) for warning in told]
        if function in self.refused:
            assert len(messages) == 1 and self.refused[function] in messages[0], messages
            assert told[0].filename == function.__code__.co_filename
        else:
            assert not messages


def _outcome(function: Case, compiled: Any) -> Any:
    torch.manual_seed(0)
    return function(compiled), torch.rand(1).item()
