"""Averages of models, and what goes with them."""

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.optim import swa_utils


def models(count):
    """The same network with other parameters and statistics each time."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    for _ in range(count):
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.copy_(torch.randn(parameter.shape))
        net(torch.randn(8, 3))
        yield net


AVERAGES = {
    "mean": ({}, lambda values: np.mean(values, 0)),
    "mean by one": ({"avg_fn": swa_utils.get_swa_avg_fn()}, lambda values: np.mean(values, 0)),
    "fading": ({"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.75)}, None),
    "fading by one": ({"avg_fn": swa_utils.get_ema_avg_fn(0.75)}, None),
}


def fading(values):
    average = values[0]
    for value in values[1:]:
        average = 0.75 * average + 0.25 * value
    return average


@pytest.mark.parametrize("use_buffers", [False, True])
@pytest.mark.parametrize("name", AVERAGES)
def test_averages(name, use_buffers):
    options, expected = AVERAGES[name]
    averaged, weights, means, counts = None, [], [], []
    for net in models(4):
        averaged = averaged or swa_utils.AveragedModel(net, use_buffers=use_buffers, **options)
        averaged.update_parameters(net)
        weights.append(net[0].weight.detach().numpy().copy())
        means.append(net[1].running_mean.numpy().copy())
        counts.append(int(net[1].num_batches_tracked))
    expected = expected or fading
    np.testing.assert_allclose(averaged.module[0].weight.detach(), expected(weights), 1e-5)
    mean = expected(means) if use_buffers else means[-1]
    np.testing.assert_allclose(averaged.module[1].running_mean, mean, 1e-5, 1e-7)
    assert averaged.n_averaged.item() == 4
    if not use_buffers:
        assert averaged.module[1].num_batches_tracked.item() == counts[-1]


def test_state_dict_has_pytorchs_keys():
    averaged = swa_utils.AveragedModel(nn.Linear(1, 1))
    assert list(averaged.state_dict()) == ["n_averaged", "module.weight", "module.bias"]
    other = swa_utils.AveragedModel(nn.Linear(1, 1))
    other.load_state_dict(averaged.state_dict())
    assert torch.equal(other.module.weight, averaged.module.weight)


def test_update_bn_makes_statistics_anew():
    net = nn.Sequential(nn.BatchNorm1d(2, momentum=0.3), nn.InstanceNorm1d(2)).eval()
    data = torch.arange(24.0).reshape(3, 4, 2)
    swa_utils.update_bn([(batch, "target") for batch in data], net)
    assert torch.equal(net[0].running_mean, data.mean((0, 1)))
    assert net[0].momentum == 0.3 and not net.training
    swa_utils.update_bn([torch.ones(1)], nn.Linear(3, 1))  # nothing to do: no forward


@pytest.mark.parametrize("decay", [-0.1, 1.5, float("nan")])
def test_invalid_decays(decay):
    for make in (swa_utils.get_ema_avg_fn, swa_utils.get_ema_multi_avg_fn):
        with pytest.raises(ValueError, match="Invalid decay value"):
            make(decay)


def test_two_functions_are_refused():
    with pytest.raises(AssertionError, match="Only one of avg_fn and multi_avg_fn"):
        swa_utils.AveragedModel(
            nn.Linear(1, 1), None, swa_utils.get_swa_avg_fn(), swa_utils.get_swa_multi_avg_fn()
        )


def test_a_model_with_other_tensors_is_refused():
    average = torch.optim.swa_utils.AveragedModel(torch.nn.Linear(1, 1))
    for layers, what in (
        ((torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)), "has 4 parameters, .* one 2"),
        ((torch.nn.Linear(1, 1, bias=False),), "has 1 parameters, .* one 2"),
        ((torch.nn.BatchNorm1d(1),), "has 3 buffers, .* one 0"),
    ):
        before = average.module.weight.item()
        with pytest.raises(RuntimeError, match=what):
            average.update_parameters(torch.nn.Sequential(*layers))
        assert average.n_averaged == 0 and average.module.weight.item() == before
