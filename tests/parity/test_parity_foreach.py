"""`torch._foreach_*` against PyTorch's: results, what is returned, and refusals."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import rushlight
from rushlight import foreach

CALLS = """
add(x, 1); add_(x, 1); add(x, x, alpha=2); add_(x, y, alpha=-2); add(x, [1, 2]); add(x, [1])
add(x, x[:1]); add([], 1); add(x[0], 1); add(tuple(x), M.tensor(2.)); mul(x, M.ones(2))
add(x, 1, alpha=2); add(x, None); add(x); add(x, 'a'); add(x, 1, 2); add(x, other=x)
add(self=x, scalar=2); add(x, scalars=[1, 2]); add([M.ones(2)], [M.ones(3)]); mul(x, 2, 3)
add([M.ones(2, dtype=M.int32)], 1.5); add_([M.ones(2, dtype=M.int32)], 1.5); div(x, [True, 2])
sub(x, x, alpha=3); sub(x, M.tensor(1.)); div_(x, M.tensor(2.)); mul(x, other=M.tensor(2.))
mul(x, tensor=M.tensor(2.)); pow(2, x); pow(x, x); pow(x, [1, 2]); pow_(x, 2); pow(x, exponent=2)
pow(x, exponent=[2, 3]); clamp_min(x, 1); clamp_max_(x, y); maximum(x, .5); minimum_(x, y)
maximum_(x, [.1, .9]); norm(x); norm(x, 1); norm(x, ord=1, dtype=M.float64); norm([]); max(x)
powsum(x, 2); addcmul(x, x, x, value=2); addcmul(x, x, y, 2); addcmul(x, x, x, [1, 2.])
addcmul_(x, x, x, M.tensor([1., 2.])); addcmul(x, x, x, scalars=[1, 2.]); addcdiv(x, y, x[:1])
addcdiv_(x, y, x, value=-1); addcdiv(x, y, y, 'a'); lerp(x, y, .5); lerp_(x, y, x)
lerp(x, y, [.1, .2]); lerp(x, y, weight=.1); lerp(x, x, weights=x); lerp(x, x[:1], .5)
copy_(x, y); copy_(x, x[:1]); clone(x); zero_(x); zero_([]); mm([M.ones(2, 2)], [M.ones(2, 3)])
pow(2, exponent=x); pow(self=2, exponent=x); clamp_min(x, M.tensor(.3)); lerp(x, y, M.tensor(.5))
addcmul(x, x, y, M.tensor(2.)); addcmul(x, x, y, M.ones(1, 2)); maximum(x, x); minimum_(x, y)
exp('a'); exp([1, 2]); exp(x, 1); sqrt([M.ones(2, dtype=M.int32)]); nope(x)
"""
OF_ALL = [
    *[call.strip() for line in CALLS.strip().splitlines() for call in line.split(";")],
    *[f"{name}{form}(x)" for name in foreach.UNARY for form in ("", "_")],
]


def outcome(library: Any, call: str) -> Any:
    x = [library.tensor([0.5, 0.25]), library.tensor([0.1, 0.7, 0.9])]
    y = [library.tensor([0.3, 0.6]), library.tensor([0.8, 0.2, 0.4])]
    try:
        result = eval(f"M._foreach_{call}", {"M": library, "x": x, "y": y})
    except (RuntimeError, TypeError, AttributeError) as error:
        return next(t for t in (RuntimeError, TypeError, AttributeError) if isinstance(error, t))
    kinds = [str(value.dtype).rpartition(".")[2] for value in result]
    return type(result), result is x, kinds, [value.tolist() for value in result]


@pytest.mark.parametrize("call", OF_ALL)
def test_same(call: str) -> None:
    theirs, ours = outcome(torch, call), outcome(rushlight, call)
    if isinstance(theirs, tuple):
        assert ours[:3] == theirs[:3]
        for found, expected in zip(ours[3], theirs[3], strict=True):
            torch.testing.assert_close(torch.tensor(found), torch.tensor(expected))
    else:
        assert ours is theirs


def test_all_are_there() -> None:
    names = [name for name in dir(torch) if name.startswith("_foreach_")]
    assert len(names) > 90 and [name for name in names if not hasattr(rushlight, name)] == []


def test_gradients() -> None:
    found = []
    for library in (torch, rushlight):
        x = [library.tensor([0.5, 0.25], requires_grad=True), library.ones(3, requires_grad=True)]
        made: Any = library._foreach_mul(library._foreach_exp(x), x)
        library._foreach_add_(made, x, alpha=2)
        larger = library._foreach_maximum(made, made)  # ties
        sum(part.sum() for part in library._foreach_norm(larger)).backward()
        found.append([value.grad.tolist() for value in x])
    for mine, their in zip(*found, strict=True):
        assert mine == pytest.approx(their, rel=1e-5)
