"""Numbers before the tensors that they are for, as programs of 2019 have them."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import pytest
import torch

import rushlight

CALLS = """
x.add(2, x); M.add(x, 2, x); M.add(x, 2, x, out=M.zeros(2)); M.sub(x, 2, x); x.clone().add_(2, x)
x.clone().sub_(2, x); x.clone().addcmul_(2, x, x); x.clone().addcdiv_(2, x, x); x.addcdiv(2, x, x)
M.addcmul(x, 2, x, x); M.addcdiv(x, 2, x, x, out=M.ones(2)); m.clone().addmm_(2, m, m)
m.clone().addmm_(2, 3, m, m); M.addmm(2, m, 3, m, m); M.addmm(2, m, m, m); m.addmv(2, m, x)
M.addmm(2, m, m, m, out=m.clone()); x.addmv(2, m, x); x.clone().addmv_(2, 3, m, x)
x.clone().addmv_(2, m, x); m.clone().addr_(2, x, x); m.clone().addr_(2, 3, x, x)
M.addr(2, m, 3, x, x); b.clone().baddbmm_(2, b, b); b.clone().baddbmm_(2, 3, b, b)
m.clone().addbmm_(2, b, b); M.baddbmm(2, b, 3, b, b); M.addbmm(2, m, b, b); x.add(x, 2)
x.add(1, 2, 3); x.add(x, x, x); x.add(M.tensor(2.), x); x.clone().add_(M.tensor(2.), x)
x.addcmul(x, x, x); x.addcmul(2, 3, x, x); x.addcmul(1, x); M.addmm(m, m, m, m)
M.addmm(1, 2, m, m, m); x.addcmul(2, x, x, value=3); x.add(2, x, alpha=2); x.addmm(2, 3, 4, m, m)
x.addcdiv(M.tensor(2.), x, x); p.data.add_(-1, x)
"""


def outcome(library: Any, call: str) -> Any:
    names = {
        "M": library, "x": library.tensor([1.5, 1.6]), "m": library.ones(2, 2),
        "b": library.ones(1, 2, 2), "p": library.nn.Parameter(library.ones(2)),
    }  # fmt: skip
    try:
        return eval(call, names).tolist()
    except (RuntimeError, TypeError) as error:
        return RuntimeError if isinstance(error, RuntimeError) else TypeError


@pytest.mark.filterwarnings("ignore:This overload of")
@pytest.mark.parametrize(
    "call", [call.strip() for line in CALLS.strip().splitlines() for call in line.split(";")]
)
def test_same(call: str) -> None:
    theirs = outcome(torch, call)
    if isinstance(theirs, type):
        assert outcome(rushlight, call) is theirs
    else:
        torch.testing.assert_close(torch.tensor(outcome(rushlight, call)), torch.tensor(theirs))


PROGRAM = """
import warnings, {library} as torch
x = torch.ones(2)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    for _ in range(2):
        x.add_(2, x)
(warning,) = told
print(warning.category.__name__, warning.lineno, str(warning.message).split(":")[0])
"""


def test_it_is_told_once_and_where() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM.format(library=library)],
            capture_output=True, text=True, check=True,
        ).stdout
        for library in ("torch", "rushlight")
    ]  # fmt: skip
    assert told[0] == told[1] == "UserWarning 7 This overload of add_ is deprecated\n"


def test_signatures_show_nothing_of_it() -> None:
    for name in ("add", "addcmul", "addmm"):
        for function in (getattr(rushlight, name), getattr(rushlight.Tensor, name + "_")):
            assert "more" not in str(inspect.signature(function))
