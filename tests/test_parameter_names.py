"""Arguments by the names that PyTorch gives them; tests/parity has all of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import rushlight as torch

X = torch.tensor([[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize(
    "call, wanted",
    [
        (lambda: torch.max(X, other=X + 1), lambda: X + 1),
        (lambda: X.min(other=X - 1), lambda: X - 1),
        (lambda: torch.swapaxes(X, axis0=0, axis1=1), lambda: X.T),
        (lambda: X.clone().swapaxes_(axis0=0, axis1=1), lambda: X.T),
        (lambda: torch.special.hermite_polynomial_h(x=X, n=1), lambda: 2 * X),
        (lambda: torch.special.spherical_bessel_j0(x=X), lambda: X.sin() / X),
        (lambda: torch.linalg.inv(A=X), lambda: torch.inverse(input=X)),
        (lambda: torch.linalg.norm(input=X), lambda: torch.linalg.vector_norm(X)),
        (lambda: torch.vsplit(X, sections=2)[1], lambda: X[1:]),
        (lambda: X.hsplit(indices=[1])[0], lambda: X[:, :1]),
        (lambda: torch.isin(element=3.0, test_elements=X), lambda: torch.tensor(True)),
        (lambda: torch.zeros(2, 2).copy_(other=X), lambda: X),
        (lambda: torch.threshold(X, 2, 0, out=torch.empty(2, 2)), lambda: X * (X > 2)),
        (lambda: torch.nn.PoissonNLLLoss()(log_input=X, target=X),
         lambda: (X.exp() - X * X).mean()),
        (lambda: torch.nn.RMSNorm(2)(x=X).detach(), lambda: X / X.square().mean(1, True).sqrt()),
    ],
)  # fmt: skip
def test_by_name(call: Callable[[], torch.Tensor], wanted: Callable[[], torch.Tensor]) -> None:
    torch.testing.assert_close(call(), wanted())


def test_two_names_for_one_argument() -> None:
    for call in (lambda: torch.max(X, 0, other=X), lambda: torch.vsplit(X, 2, sections=2)):
        with pytest.raises(TypeError, match="invalid combination of arguments"):
            call()


def test_channels_last_of_volumes() -> None:
    x = torch.arange(48.0).reshape(1, 2, 2, 3, 4)
    y = x.to(memory_format=torch.channels_last_3d)
    assert y.stride() == (48, 1, 24, 8, 2) and torch.equal(x, y)
    assert y.is_contiguous(memory_format=torch.channels_last_3d)
    assert not y.is_contiguous(memory_format=torch.channels_last)
    for made in (
        torch.empty(1, 2, 2, 3, 4, memory_format=torch.channels_last_3d),
        torch.zeros_like(x, memory_format=torch.channels_last_3d),
        torch.empty_like(x, memory_format=torch.channels_last_3d),
    ):
        assert made.stride() == y.stride()
    assert torch.ones_like(y, memory_format=torch.contiguous_format).is_contiguous()
    with pytest.raises(RuntimeError, match="required rank 5 tensor to use channels_last_3d"):
        torch.ones(2, 2).to(memory_format=torch.channels_last_3d)


def test_a_leaf_in_another_memory_order() -> None:
    x = torch.empty(1, 2, 3, 4, requires_grad=True, memory_format=torch.channels_last)
    assert x.is_leaf and x.is_contiguous(memory_format=torch.channels_last)


def test_causal_masks_say_what_they_are() -> None:
    from rushlight.nn.attention.bias import CausalVariant, causal_lower_right

    mask = causal_lower_right(2, 3)
    assert (mask.variant, mask.seq_len_q, mask.seq_len_kv) == (CausalVariant.LOWER_RIGHT, 2, 3)
    q, k = torch.randn(1, 2, 4), torch.randn(1, 3, 4)
    plain = torch.ones(2, 3).tril(1).bool()
    attend = torch.nn.functional.scaled_dot_product_attention
    torch.testing.assert_close(attend(q, k, k, mask).detach(), attend(q, k, k, plain))
    with pytest.raises(AssertionError, match="only supports 2D"):
        causal_lower_right(2, 3, 4)
