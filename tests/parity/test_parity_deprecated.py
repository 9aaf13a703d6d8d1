"""What programs of 2017 to 2019 say: numbers before their tensors, and other words of that time."""

from __future__ import annotations

import inspect
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
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
s.add(2, s); x.add(2, s); s.addcmul_(2, x, x); M.add(m.to_sparse(), 2, m.to_sparse()).to_dense()
M.sspaddmm(2, m.to_sparse(), m.to_sparse(), m).to_dense()
x.addcdiv(M.tensor(2.), x, x); p.data.add_(-1, x)
"""


def outcome(library: Any, call: str) -> Any:
    names = {
        "s": library.ones(2).as_subclass(type("S", (library.Tensor,), {})),
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


OLD_WORDS = """
M.nn.MSELoss(reduction="elementwise_mean")(x, x + 1)
F.cross_entropy(m, M.tensor([0, 1]), reduction="elementwise_mean")
F.embedding_bag(M.ones(4, 5), M.tensor([1, 2, 3]), M.tensor([0, 1]))
M.autograd.Variable(x, volatile=True)
F.affine_grid(M.ones(1, 2, 3), (1, 1, 1, 2))
M.FloatTensor(numpy.int64(3)).shape
m.symeig()
m.lstsq(m)
m.eig()
(m > 0) - (m > 0)
M._utils._flatten_dense_tensors([m, x])
M._utils._unflatten_dense_tensors(M.arange(6.0), [m, x])[1]
[len(found) for found in M._utils._take_tensors([m, x, m.double(), x], 20)]
"""


@pytest.mark.parametrize("call", OLD_WORDS.strip().splitlines())
def test_same_words(call: str) -> None:
    found = []
    for library in (torch, rushlight):
        names = {
            "M": library, "F": library.nn.functional, "x": library.tensor([1.5, 1.6]),
            "m": library.ones(2, 2), "numpy": np,
        }  # fmt: skip
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                result = eval(call, names)
            except RuntimeError:
                result = RuntimeError
        is_tensor = hasattr(result, "tolist") and not isinstance(result, tuple)
        found.append((result.tolist() if is_tensor else result, [w.category for w in told]))
    assert found[0] == found[1]


def test_saved_variables() -> None:
    for library in (torch, rushlight):

        class Square(library.autograd.Function):  # type: ignore[name-defined, misc]
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            def backward(ctx: Any, grad: Any) -> Any:
                (x,) = ctx.saved_variables
                return 2 * grad * x

        x = library.ones(2, requires_grad=True)
        with pytest.warns(DeprecationWarning, match="use 'saved_tensors'"):
            Square.apply(x).sum().backward()
        assert x.grad.tolist() == [2, 2]


def test_an_epoch_is_warned_of() -> None:
    for library in (torch, rushlight):
        optimizer = library.optim.SGD([library.ones(1, requires_grad=True)], lr=1.0)
        scheduler = library.optim.lr_scheduler.StepLR(optimizer, 2)
        optimizer.step()
        with pytest.warns(UserWarning, match="The epoch parameter in `scheduler.step"):
            scheduler.step(3)
        assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1)


def test_what_is_not_installed_is_no_attribute() -> None:
    if not hasattr(torch.utils, "tensorboard"):
        assert not hasattr(rushlight.utils, "tensorboard")
        with pytest.raises(ModuleNotFoundError, match="tensorboardX, which is not installed"):
            from rushlight.utils.tensorboard import SummaryWriter  # noqa: F401
