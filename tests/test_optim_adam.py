"""Adam and AdamW against five steps of PyTorch 2.13's (foreach=False)."""

import copy

import numpy as np
import pytest

import rushlight as torch
from optim_support import five_steps, one_parameter, parameters, set_gradients, values
from rushlight import nn, optim

# Options, and the five values of the two parameters after five steps on the same gradients.
ADAM = [
    ({}, [0.995149136, -1.99499977, 0.49594745, 0.24499999, -0.746654272]),
    ({"lr": 0.1}, [0.514916897, -1.49999988, 0.0947451368, -0.25, -0.415428698]),
    ({"lr": 0.1, "betas": (0.5, 0.9)},
     [0.453920662, -1.49999988, 0.200954631, -0.25000003, -0.316331148]),
    ({"lr": 0.1, "eps": 0.1},
     [0.680694282, -1.66666675, 0.217592776, -0.166666627, -0.534894586]),
    ({"lr": 0.1, "weight_decay": 0.1},
     [0.503072917, -1.50126755, 0.0815507099, -0.249069393, -0.273570329]),
    ({"lr": 0.1, "amsgrad": True},
     [0.514916897, -1.49999988, 0.094781734, -0.25, -0.415428698]),
    ({"lr": 0.1, "maximize": True}, [1.48508322, -2.49999952, 0.905254841, 0.75, -1.08457136]),
    ({"lr": 0.1, "betas": (0.3, 0.5), "amsgrad": True, "weight_decay": 0.1, "maximize": True},
     [1.41095471, -2.0, 0.62966907, 0.747199595, -1.00301981]),
    ({"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True},
     [0.475580871, -1.41188049, 0.0795729235, -0.252351969, -0.383401781]),
]  # fmt: skip
ADAMW = [
    ({}, [0.995099127, -1.99489963, 0.495922506, 0.244987577, -0.746616721]),
    ({"lr": 0.1}, [0.510903239, -1.49101889, 0.0931922123, -0.250248462, -0.412162006]),
    ({"lr": 0.1, "weight_decay": 0.5},
     [0.335155696, -1.09512353, 0.0263973996, -0.258992881, -0.268813699]),
    ({"lr": 0.1, "weight_decay": 0.5, "amsgrad": True, "maximize": True},
     [1.21240616, -2.0, 0.747348726, 0.645883381, -0.891857684]),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "cls, options, expected",
    [(optim.Adam, *row) for row in ADAM] + [(optim.AdamW, *row) for row in ADAMW],
)
def test_five_steps(cls, options, expected, dtype):
    params = parameters(dtype)
    result = five_steps(cls(params, **options), params)
    np.testing.assert_allclose(result, expected, rtol=3e-6, atol=3e-7)


def test_state_has_pytorchs_format():
    params = parameters()
    optimizer = optim.Adam(params, lr=0.1, amsgrad=True)
    five_steps(optimizer, params)
    state = optimizer.state_dict()["state"]
    assert list(state) == [0, 1]
    assert list(state[0]) == ["step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"]
    step = state[0]["step"]
    assert step.shape == () and step.dtype == torch.float32 and step.item() == 5.0
    expected = {
        "exp_avg": [0.13144099712371826, -0.08190199732780457, 0.03236300125718117],
        "exp_avg_sq": [0.0005495003424584866, 0.0001996004139073193, 0.00014950070180930197],
        "max_exp_avg_sq": [0.0005495003424584866, 0.0001996004139073193, 0.00014950070180930197],
    }
    for name, numbers in expected.items():
        np.testing.assert_allclose(state[0][name].numpy(), numbers, rtol=1e-6)
    assert set(optimizer.state_dict()["param_groups"][0]) == {
        "lr", "betas", "eps", "weight_decay", "amsgrad", "maximize", "foreach", "capturable",
        "differentiable", "fused", "decoupled_weight_decay", "params",
    }  # fmt: skip


def test_load_state_dict_continues():
    straight = parameters()
    expected = five_steps(optim.Adam(straight, lr=0.1), straight)
    params = parameters()
    optimizer = optim.Adam(params, lr=0.1)
    for t in range(2):
        set_gradients(params, t)
        optimizer.step()
    resumed = optim.Adam(params)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for t in range(2, 5):
        set_gradients(params, t)
        resumed.step()
    assert np.array_equal(values(params), expected)


@pytest.mark.parametrize("capturable", [False, True])
def test_load_state_dict_continues_on_another_device(tmp_path, capturable):
    straight = parameters()
    expected = five_steps(optim.Adam(straight, lr=0.1), straight)
    params = parameters()
    optimizer = optim.Adam(params, lr=0.1, capturable=capturable)
    for t in range(2):
        set_gradients(params, t)
        optimizer.step()
    torch.save(optimizer.state_dict(), tmp_path / "state.pt")
    there = [nn.Parameter(p.detach().to("strict")) for p in params]
    resumed = optim.Adam(there)
    resumed.load_state_dict(torch.load(tmp_path / "state.pt", map_location="strict"))
    for t in range(2, 5):
        set_gradients(params, t)
        for here, parameter in zip(params, there, strict=True):
            parameter.grad = here.grad.to("strict")
        resumed.step()
    places = {name: str(tensor.device) for name, tensor in resumed.state[there[0]].items()}
    assert places == {"step": "cpu", "exp_avg": "strict:0", "exp_avg_sq": "strict:0"}
    np.testing.assert_allclose(values([p.cpu() for p in there]), expected, 1e-6)


def test_steps_saved_as_numbers():
    """PyTorch before 1.12 saved the count as a number, and had fewer options."""
    parameter = one_parameter()
    optimizer = optim.Adam([parameter], lr=0.1)
    optimizer.load_state_dict({
        "state": {0: {"step": 3, "exp_avg": torch.ones(1), "exp_avg_sq": torch.ones(1)}},
        "param_groups": [
            {"lr": 0.1, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "params": [0]}
        ],
    })  # fmt: skip
    assert optimizer.state[parameter]["step"].item() == 3.0
    optimizer.step()
    assert optimizer.state[parameter]["step"].item() == 4.0


def test_a_late_gradient_counts_its_own_steps():
    first, second = one_parameter(), one_parameter()
    second.grad = None
    optimizer = optim.Adam([first, second], lr=0.1)
    optimizer.step()
    second.grad = torch.ones(1)
    optimizer.step()
    assert [optimizer.state[p]["step"].item() for p in (first, second)] == [2.0, 1.0]
    assert second.item() == pytest.approx(0.9)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"lr": -1}, "Invalid learning rate: -1"),
        ({"betas": (1.0, 0.1)}, "Invalid beta parameter at index 0: 1.0"),
        ({"betas": (0.1, 1.0)}, "Invalid beta parameter at index 1: 1.0"),
        ({"eps": -1}, "Invalid epsilon value: -1"),
        ({"weight_decay": -1}, "Invalid weight_decay value: -1"),
    ],
)
@pytest.mark.parametrize("cls", [optim.Adam, optim.AdamW])
def test_invalid_options(cls, options, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        cls([one_parameter()], **options)
