"""Softmaxes: the dimension that is left out, and samples that gradients pass."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
@pytest.mark.parametrize("shape, dim", [((), 0), ((3,), 0), ((2, 3), 1), ((2, 3, 4), 0),
                                        ((2, 3, 4, 5), 1)])  # fmt: skip
def test_a_dimension_that_is_left_out(name: str, shape: tuple[int, ...], dim: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(shape)
    function = getattr(F, name)
    layer = {"softmax": nn.Softmax, "log_softmax": nn.LogSoftmax, "softmin": nn.Softmin}[name]
    for call in (function, layer()):
        with pytest.warns(UserWarning, match=f"dimension choice for {name} has been") as warned:
            assert torch.equal(call(x), function(x, dim))
        assert [w.filename for w in warned] == [__file__]


@pytest.mark.parametrize("function", [torch.softmax, torch.log_softmax, torch.special.softmax])
def test_torch_itself_needs_a_dimension(function: Any) -> None:
    with pytest.raises(TypeError, match="argument 'dim' .*must be int, not NoneType"):
        function(torch.ones(2), None)
    with pytest.raises(TypeError, match="dim"):
        function(torch.ones(2))


def test_gumbel_softmax() -> None:
    torch.manual_seed(0)
    logits = torch.tensor([1.0, 2.0, 0.0], requires_grad=True)
    soft = F.gumbel_softmax(logits, tau=0.7)
    soft[0].backward()
    expected = logits.grad
    assert expected is not None and expected[0] > 0
    logits.grad = None
    torch.manual_seed(0)
    hard = F.gumbel_softmax(logits, tau=0.7, hard=True)
    assert torch.allclose(hard, torch.nn.functional.one_hot(soft.argmax(), 3).float())
    hard[0].backward()
    assert torch.equal(logits.grad, expected)
    often = F.gumbel_softmax(logits.detach().expand(20000, 3), hard=True).mean(0)
    assert torch.allclose(often, logits.softmax(0), atol=0.02)
    with pytest.warns(UserWarning, match="`eps` parameter is deprecated"):
        F.gumbel_softmax(logits, eps=1e-5)
