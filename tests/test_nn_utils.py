import math

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn import utils


def parameters():
    params = [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(1, 2)), nn.Parameter()]
    params[0].grad = torch.tensor([3.0, -4.0])
    params[1].grad = torch.tensor([[0.0, 12.0]])
    return params


@pytest.mark.parametrize(
    "norm_type, total", [(2, 13.0), (1.0, 19.0), (math.inf, 12.0), (3, (27 + 64 + 1728) ** (1 / 3))]
)
def test_clip_grad_norm(norm_type, total):
    params = parameters()
    found = utils.clip_grad_norm_(params, 1.0, norm_type)
    assert found.item() == pytest.approx(total) and found.shape == ()
    scale = 1.0 / (total + 1e-6)
    np.testing.assert_allclose(params[0].grad.numpy(), [3 * scale, -4 * scale], rtol=1e-6)
    np.testing.assert_allclose(params[1].grad.numpy(), [[0, 12 * scale]], rtol=1e-6)
    assert utils.get_total_norm([p.grad for p in params[:2]], norm_type).item() <= 1.0


def test_small_gradients_stay():
    params = parameters()
    utils.clip_grad_norm_(iter(params), 100.0)
    assert params[0].grad.tolist() == [3.0, -4.0]


def test_one_tensor_and_none():
    parameter = parameters()[0]
    assert utils.clip_grad_norm_(parameter, 1.0).item() == 5.0
    assert utils.clip_grad_norm_([], 1.0).item() == 0.0
    assert utils.get_total_norm(torch.tensor([3.0, 4.0])).item() == 5.0


def test_nonfinite_norm():
    parameter = parameters()[0]
    parameter.grad = torch.tensor([math.nan, 1.0])
    with pytest.raises(RuntimeError, match="is non-finite, so it cannot be clipped"):
        utils.clip_grad_norm_(parameter, 1.0, error_if_nonfinite=True)
    assert parameter.grad[1].item() == 1.0
    assert math.isnan(utils.clip_grad_norm_(parameter, 1.0).item())


def test_clip_grad_value():
    params = parameters()
    utils.clip_grad_value_(params, 3.5)
    assert params[0].grad.tolist() == [3.0, -3.5] and params[1].grad.tolist() == [[0.0, 3.5]]


def test_vector_of_parameters_and_back():
    layer = nn.Linear(2, 1)
    vector = utils.parameters_to_vector(layer.parameters())
    assert vector.tolist() == layer.weight.flatten().tolist() + layer.bias.tolist()
    vector.sum().backward()
    assert layer.bias.grad.tolist() == [1.0]
    utils.vector_to_parameters(torch.tensor([1.0, 2.0, 3.0]), layer.parameters())
    assert layer.weight.tolist() == [[1.0, 2.0]] and layer.bias.tolist() == [3.0]
    assert layer.weight.is_leaf and layer.weight.requires_grad
    with pytest.raises(TypeError, match="expected torch.Tensor, but got: list"):
        utils.vector_to_parameters([1.0], layer.parameters())


def test_old_names_warn_and_work() -> None:
    with pytest.warns(FutureWarning, match="`nn.init.constant` is now deprecated in favor of"):
        assert nn.init.constant(torch.empty(2), 3.0).tolist() == [3, 3]
    w = nn.Parameter(torch.zeros(2))
    w.grad = torch.tensor([3.0, 4.0])
    with pytest.warns(FutureWarning, match="clip_grad_norm` is now deprecated"):
        assert nn.utils.clip_grad_norm([w], 1.0) == 5
    with pytest.warns(FutureWarning, match="`min_value` is deprecated and renamed to `min_val`"):
        assert nn.Hardtanh(min_value=-2.0).min_val == -2


@pytest.mark.parametrize("affine", [True, False])
def test_batch_normalisation_is_fused_into_the_layer_before(affine: bool) -> None:
    torch.manual_seed(0)
    layers = [
        (nn.Conv2d(2, 4, 3, bias=False), nn.BatchNorm2d(4, affine=affine), False, (2, 2, 6, 6)),
        (nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4, affine=affine), False, (2, 2, 6)),
        (nn.ConvTranspose2d(2, 4, 3), nn.BatchNorm2d(4, affine=affine), True, (2, 2, 6, 6)),
        (nn.Linear(2, 4), nn.BatchNorm1d(4), None, (5, 2)),
    ]
    for layer, bn, transpose, shape in layers:
        bn.running_mean.uniform_(-1, 1)
        bn.running_var.uniform_(0.5, 2)
        x = torch.randn(shape)
        fuse = nn.utils.fuse_linear_bn_eval if transpose is None else nn.utils.fuse_conv_bn_eval
        options = {} if transpose is None else {"transpose": transpose}
        with pytest.raises(AssertionError, match="Fusion only for eval"):
            fuse(layer, bn, **options)
        fused = fuse(layer.eval(), bn.eval(), **options)
        assert type(fused) is type(layer) and fused is not layer and fused.weight.requires_grad
        assert torch.allclose(fused(x), bn(layer(x)), atol=1e-5)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_gradients_of_convolutions_by_hand(dimensions: int) -> None:
    torch.manual_seed(0)
    name = f"conv{dimensions}d"
    x = torch.randn(2, 4, *[7] * dimensions, requires_grad=True)
    w = torch.randn(6, 2, *[3] * dimensions, requires_grad=True)
    how = {"stride": 2, "padding": 1, "groups": 2}
    y = getattr(torch.nn.functional, name)(x, w, **how)
    g = torch.randn(y.shape)
    y.backward(g)
    by_hand = getattr(torch.nn.grad, name + "_input")(x.shape, w, g, **how)
    assert torch.allclose(by_hand, x.grad, atol=1e-5)
    by_hand = getattr(torch.nn.grad, name + "_weight")(x, w.shape, g, **how)
    assert torch.allclose(by_hand, w.grad, atol=1e-4)


def test_convolutions_in_three_dimensions_change_their_memory_order():
    net = nn.Sequential(nn.Conv3d(2, 3, 2), nn.ConvTranspose3d(3, 2, 2), nn.Conv2d(2, 2, 2))
    net[0].weight.data = net[0].weight.data.mT.contiguous().mT
    assert not net[0].weight.is_contiguous()
    expected = net[0].weight.clone()
    assert utils.convert_conv3d_weight_memory_format(net, torch.contiguous_format) is net
    assert net[0].weight.is_contiguous() and torch.equal(net[0].weight, expected)


def test_an_empty_generator_is_warned_of():
    with pytest.warns(UserWarning, match="empty generator, no gradient clipping will occur"):
        assert utils.clip_grad_norm_((p for p in []), 1.0).item() == 0.0
