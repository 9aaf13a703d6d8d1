"""einops on tensors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rushlight as torch

einops = pytest.importorskip("einops")

X = np.arange(2 * 3 * 4 * 6, dtype=np.float32).reshape(2, 3, 4, 6)

REARRANGED = [
    ("b c h w -> b (c h w)", {}), ("b c h w -> b h w c", {}), ("b c h w -> (b c) 1 h w", {}),
    ("b c (h i) (w j) -> b (c i j) h w", {"i": 2, "j": 3}), ("b c ... -> ... c b", {}),
    ("b (c 1) h w -> b c () h w", {}),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "sizes"), REARRANGED)
def test_rearrange(pattern: str, sizes: Any) -> None:
    from rushlight.utils.einops import Rearrange

    expected = einops.rearrange(X, pattern, **sizes)
    x = torch.from_numpy(X.copy()).requires_grad_()
    result = einops.rearrange(x, pattern, **sizes)
    assert type(result) is torch.Tensor
    np.testing.assert_array_equal(result.detach().numpy(), expected)
    result.sum().backward()
    assert x.grad is not None and x.grad.unique().tolist() == [1]
    layer = torch.nn.Sequential(Rearrange(pattern, **sizes))
    assert torch.equal(layer(x), result)
    assert repr(layer[0]).startswith(f"Rearrange('{pattern}'")


@pytest.mark.parametrize("operation", ["min", "max", "sum", "mean", "prod"])
def test_reduce(operation: str) -> None:
    from rushlight.utils.einops import Reduce

    pattern = "b c (h i) w -> b h c"
    x = torch.from_numpy(X[:, :, :, :2] / 50)
    expected = einops.reduce(X[:, :, :, :2] / 50, pattern, operation, i=2)
    result = einops.reduce(x, pattern, operation, i=2)
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-5)
    assert torch.equal(Reduce(pattern, operation, i=2)(x), result)


def test_masks_and_own_functions_reduce() -> None:
    x = torch.tensor([[True, False], [True, True]])
    assert einops.reduce(x, "a b -> a", "all").tolist() == [False, True]
    assert einops.reduce(x, "a b -> b", "any").tolist() == [True, True]
    y = einops.reduce(torch.ones(2, 3), "a b -> a", lambda t, axes: t.sum(axes) * 2)
    assert y.tolist() == [6, 6]


def test_repeat_pack_and_einsum() -> None:
    x = torch.from_numpy(X.copy())
    repeated = einops.repeat(x, "b c h w -> b c (h i) w k", i=2, k=3)
    np.testing.assert_array_equal(
        repeated.numpy(), einops.repeat(X, "b c h w -> b c (h i) w k", i=2, k=3)
    )
    packed, shapes = einops.pack([x, x[..., 0]], "b c *")
    parts = einops.unpack(packed, shapes, "b c *")
    assert torch.equal(parts[0], x) and torch.equal(parts[1], x[..., 0])
    a, b = torch.ones(2, 3), torch.ones(3, 4)
    assert einops.einsum(a, b, "i j, j k -> i k").tolist() == [[3] * 4] * 2
    assert einops.parse_shape(x, "b c h _") == {"b": 2, "c": 3, "h": 4}
    assert torch.equal(einops.rearrange([x, x], "n b c h w -> n b c h w"), torch.stack([x, x]))
    np.testing.assert_array_equal(einops.asnumpy(x), X)


def test_mixes() -> None:
    from rushlight.utils.einops import EinMix

    layer = EinMix("t b i -> t b o", weight_shape="i o", bias_shape="o", i=3, o=4)
    assert sorted(name for name, _ in layer.named_parameters()) == ["bias", "weight"]
    x = torch.ones(2, 5, 3)
    expected = x @ layer.weight + layer.bias
    assert torch.allclose(layer(x), expected)
    heads = EinMix("b (h i) -> b (h o)", weight_shape="h i o", h=2, i=3, o=4)
    assert heads(torch.ones(5, 6)).shape == (5, 8)
    assert einops.einops.get_backend(x).layers().EinMix is EinMix


def test_parameters_and_errors() -> None:
    weight = torch.nn.Parameter(torch.ones(2, 3))
    assert einops.rearrange(weight, "a b -> b a").shape == (3, 2)
    with pytest.raises(einops.EinopsError, match="Shape mismatch|can't divide"):
        einops.rearrange(torch.ones(3), "(a b) -> a b", a=2)


@pytest.mark.parametrize(
    "imports",
    ["import einops, rushlight as torch", "import rushlight as torch, einops"],
)
def test_the_order_of_imports_does_not_matter(imports: str) -> None:
    code = f"{imports}\nprint(einops.rearrange(torch.ones(2, 3), 'a b -> b a').shape)"
    environment = dict(os.environ, PYTHONPATH=str(Path(torch.__file__).parents[1]))
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert found.stdout == "torch.Size([3, 2])\n"


def test_compiled() -> None:
    function = torch.compile(lambda x: einops.rearrange(x, "a (b c) -> (a b) c", b=2) * 2)
    for value in (1.0, 2.0, 3.0, 4.0):
        assert function(torch.full((2, 4), value)).tolist() == [[2 * value] * 2] * 4
