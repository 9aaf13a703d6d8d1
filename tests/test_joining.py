"""Joined tensors: what the sample table does not reach."""

from __future__ import annotations

import pytest

import rushlight as torch


@pytest.mark.parametrize(
    "name", ["cat", "concat", "stack", "hstack", "vstack", "row_stack", "dstack", "column_stack"]
)
def test_out_must_not_share_memory_with_what_is_joined(name: str) -> None:
    function = getattr(torch, name)
    x = torch.arange(4.0)
    parts = [x[:2], x[2:]]
    shape = function(parts).shape
    with pytest.raises(RuntimeError, match="unsupported operation: .* shares memory .* clone()"):
        function(parts, out=x.reshape(shape))
    assert x.tolist() == [0, 1, 2, 3]
    out = torch.empty(shape, dtype=torch.float64)
    assert function(parts, out=out) is out
    assert out.flatten().tolist() == function(parts).flatten().tolist()
