import pytest

import rushlight as torch
from rushlight.nn.utils import stateless


def test_functional_call():
    layer = torch.nn.Linear(2, 1)
    before = layer.weight
    given = {"weight": torch.ones(1, 2), "bias": torch.zeros(1)}
    with pytest.warns(FutureWarning, match=r"use `torch.func.functional_call` instead"):
        result = stateless.functional_call(layer, given, torch.tensor([[3.0, 4.0]]))
    assert result.tolist() == [[7.0]] and layer.weight is before
