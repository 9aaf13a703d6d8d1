"""SGD against five steps of PyTorch 2.13's (foreach=False), and the base class of optimizers."""

import copy
import pickle

import numpy as np
import pytest

import rushlight as torch
from optim_support import five_steps, one_parameter, parameters, set_gradients, values
from rushlight import nn, optim
from rushlight.kernels.launch import intercepted

# Options, and the five values of the two parameters after five steps on `gradients`.
PYTORCH = [
    ({"lr": 0.1}, [0.849999964, -1.9000001, 0.449999988, 7.4505806e-09, -0.625]),
    ({"lr": 0.1, "momentum": 0.9},
     [0.682969034, -1.73711801, 0.291267008, -0.407204986, -0.518012524]),
    ({"lr": 0.1, "momentum": 0.9, "dampening": 0.5},
     [0.82100898, -1.82760799, 0.334206998, -0.180979997, -0.634006262]),
    ({"lr": 0.1, "momentum": 0.9, "nesterov": True},
     [0.564672112, -1.66340613, 0.262140304, -0.591484487, -0.416211247]),
    ({"lr": 0.1, "weight_decay": 0.01},
     [0.845209837, -1.89021993, 0.447704792, -0.0007479958, -0.621382415]),
    ({"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01},
     [0.670361936, -1.71151137, 0.285443604, -0.408934236, -0.508422971]),
    ({"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.01},
     [0.81257093, -1.81063378, 0.330215394, -0.182529867, -0.627611935]),
    ({"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
     [0.549112856, -1.63125169, 0.255293876, -0.592254519, -0.404287726]),
    ({"lr": 0.1, "maximize": True}, [1.14999986, -2.0999999, 0.550000012, 0.50000006, -0.875]),
    ({"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01, "maximize": True},
     [1.4173646, -2.30170321, 0.727944851, 1.08387387, -1.07057035]),
]  # fmt: skip


@pytest.mark.parametrize("options, expected", PYTORCH)
def test_five_steps(options, expected):
    params = parameters()
    result = five_steps(optim.SGD(params, **options), params)
    np.testing.assert_allclose(result, expected, rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("options, expected", PYTORCH)
def test_five_steps_in_float64(options, expected):
    params = parameters(torch.float64)
    result = five_steps(optim.SGD(params, **options), params)
    np.testing.assert_allclose(result, expected, rtol=2e-6, atol=1e-7)


def test_options_of_groups():
    first, second = one_parameter(), one_parameter()
    optimizer = optim.SGD([{"params": [first]}, {"params": second, "lr": 1.0}], lr=0.5)
    optimizer.step()
    assert (first.item(), second.item()) == (0.5, 0.0)


def test_learning_rate_in_a_tensor():
    parameter = one_parameter()
    lr = torch.tensor(0.5)
    optimizer = optim.SGD([parameter], lr=lr)
    optimizer.step()
    lr.fill_(0.25)
    optimizer.step()
    assert parameter.item() == 0.25


def test_parameters_of_several_dtypes_and_late_gradients():
    first = one_parameter()
    second = nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    third = nn.Parameter(torch.tensor([1.0]))
    optimizer = optim.SGD([first, second, third], lr=0.5, momentum=0.5)
    optimizer.step()  # second and third have no gradient yet
    second.grad, third.grad = torch.ones(1, dtype=torch.float64), torch.ones(1)
    optimizer.step()
    assert [p.item() for p in (first, second, third)] == [-0.25, 0.5, 0.5]


def test_one_kernel_call_for_a_group():
    calls = []

    class Counting:
        def __init__(self, table):
            self.table = table

        def __getattr__(self, name):
            calls.append(name)
            return getattr(self.table, name)

    params = [one_parameter() for _ in range(10)]
    optimizer = optim.SGD(params, lr=0.1, momentum=0.9)
    optimizer.step()
    with intercepted(Counting):
        optimizer.step()
    assert calls.count("sgd") == 1


def test_a_step_makes_saved_values_stale():
    parameter = one_parameter()
    optimizer = optim.SGD([parameter], lr=0.1)
    loss = (parameter * parameter).sum()
    optimizer.step()
    assert parameter._version == 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_views_and_other_memory_orders():
    memory = torch.zeros(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    parameter = nn.Parameter(memory)
    parameter.grad = torch.arange(96.0).reshape(2, 3, 4, 4)
    optim.SGD([parameter], lr=1.0, momentum=0.9).step()
    assert torch.equal(parameter, -parameter.grad)


def test_closure():
    parameter = one_parameter()
    optimizer = optim.SGD([parameter], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (parameter * parameter).sum()
        loss.backward()
        return loss

    with torch.no_grad():
        assert optimizer.step(closure).item() == 1.0
    assert parameter.item() == 0.5


def test_zero_grad():
    parameter = one_parameter()
    optimizer = optim.SGD([parameter])
    grad = parameter.grad
    optimizer.zero_grad(set_to_none=False)
    assert parameter.grad is grad and grad.item() == 0.0
    optimizer.zero_grad()
    assert parameter.grad is None


def test_state_dict_has_pytorchs_format():
    params = parameters()
    optimizer = optim.SGD([{"params": [params[1]]}, {"params": [params[0]], "lr": 0.5}], lr=0.1)
    assert optimizer.state_dict() == {
        "state": {},
        "param_groups": [
            {
                "lr": lr, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False,
                "maximize": False, "foreach": None, "differentiable": False, "fused": None,
                "params": [number],
            }
            for number, lr in enumerate((0.1, 0.5))
        ],
    }  # fmt: skip


def test_load_state_dict_continues():
    straight = parameters()
    expected = five_steps(optim.SGD(straight, lr=0.1, momentum=0.9), straight)
    params = parameters()
    optimizer = optim.SGD(params, lr=0.1, momentum=0.9)
    for t in range(2):
        set_gradients(params, t)
        optimizer.step()
    state = optimizer.state_dict()
    assert list(state["state"][0]) == ["momentum_buffer"]
    resumed = optim.SGD(params, lr=99.0)
    resumed.load_state_dict(copy.deepcopy(state))
    for t in range(2, 5):
        set_gradients(params, t)
        resumed.step()
    assert np.array_equal(values(params), expected)


def test_load_state_dict_converts_to_the_parameters_dtype():
    params = parameters()
    optimizer = optim.SGD(params, lr=0.1, momentum=0.9)
    set_gradients(params, 0)
    optimizer.step()
    wide = parameters(torch.float64)
    other = optim.SGD(wide, lr=0.1)
    other.load_state_dict(optimizer.state_dict())
    assert other.state[wide[0]]["momentum_buffer"].dtype == torch.float64
    assert optimizer.state[params[0]]["momentum_buffer"].dtype == torch.float32


def test_load_state_dict_of_other_groups():
    optimizer = optim.SGD(parameters())
    with pytest.raises(ValueError, match="different number of parameter groups"):
        optimizer.load_state_dict({"state": {}, "param_groups": []})
    with pytest.raises(ValueError, match="doesn't match the size of optimizer's group"):
        optimizer.load_state_dict({"state": {}, "param_groups": [{"params": [0]}]})


def test_copies_are_independent():
    params = parameters()
    optimizer = optim.SGD(params, lr=0.1, momentum=0.9)
    set_gradients(params, 0)
    optimizer.step()
    for other in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        before = values(params)
        twins = other.param_groups[0]["params"]
        assert np.array_equal(values(twins), before)
        set_gradients(twins, 1)
        other.step()
        assert np.array_equal(values(params), before)
        assert not np.array_equal(values(twins), before)


def test_a_failed_step_leaves_no_state():
    parameter = one_parameter()
    optimizer = optim.SGD([parameter], lr=0.1, momentum=0.9)

    class Failing:
        def __init__(self, table):
            self.table = table

        def __getattr__(self, name):
            return getattr(self.table, name)

        def sgd(self, *arguments):
            raise MemoryError

    with intercepted(Failing), pytest.raises(MemoryError):
        optimizer.step()
    assert not optimizer.state[parameter] and parameter._version == 0
    optimizer.step()
    assert parameter.item() == pytest.approx(0.9)


OPTIMIZERS = {
    "SGD": lambda params: optim.SGD(params, lr=0.1),
    "SGD with momentum": lambda params: optim.SGD(params, lr=0.1, momentum=0.9),
    "Adam": lambda params: optim.Adam(params, lr=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize(
    "data, message",
    [
        (torch.ones(3).to("strict"), "same device, but found at least two devices, strict:0 and c"),
        (torch.ones(2), r"size of tensor a \(2\) must match the size of tensor b \(3\)"),
    ],
    ids=["device", "shape"],
)
def test_parameters_that_have_left_their_gradients(name, data, message):
    other, parameter = one_parameter(), nn.Parameter(torch.ones(3))
    parameter.grad = torch.ones(3)
    optimizer = OPTIMIZERS[name]([other, parameter])
    optimizer.step()
    parameter.data = data
    with pytest.raises(RuntimeError, match=rf"^{name.split()[0]}\.step: .*{message}"):
        optimizer.step()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_parameters_on_several_devices(name):
    params = [nn.Parameter(torch.ones(2).to(f"strict:{index}")) for index in (0, 1)]
    params.append(nn.Parameter(torch.ones(2)))
    optimizer = OPTIMIZERS[name](params)
    for _ in range(2):
        for parameter in params:
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
    for parameter in params[:2]:
        np.testing.assert_allclose(parameter.detach().cpu().numpy(), params[2].detach(), 1e-6)


def test_step_hooks():
    optimizer = optim.SGD([one_parameter()], lr=0.1)
    seen = []
    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("before"))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append((o, args, kwargs)))
    optimizer.step()
    before.remove()
    optimizer.step(closure=None)
    assert seen == [
        "before", (optimizer, (optimizer,), {}), (optimizer, (optimizer,), {"closure": None})
    ]  # fmt: skip
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: 7.0), {}))
    assert optimizer.step() == 7.0
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        optimizer.step()


def test_an_optimizer_of_ones_own():
    class Halving(optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {"factor": 0.5})

        def step(self, closure=None):
            for group in self.param_groups:
                for parameter in group["params"]:
                    with torch.no_grad():
                        parameter.mul_(group["factor"])

    parameter = one_parameter()
    optimizer = Halving([parameter])
    seen = []
    optimizer.register_step_post_hook(lambda *_: seen.append(True))
    optimizer.step()
    assert parameter.item() == 0.5 and seen == [True]


def test_named_parameters():
    layer = nn.Linear(2, 1)
    optimizer = optim.SGD(layer.named_parameters(), lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.param_groups[0]["params"] == [layer.weight, layer.bias]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]
    with pytest.raises(ValueError, match="cannot add param group without names"):
        optimizer.add_param_group({"params": [one_parameter()]})


def test_add_param_group_leaves_its_argument_alone():
    optimizer = optim.SGD([one_parameter()], lr=0.1)
    parameter = one_parameter()
    group = {"params": parameter, "lr": 0.5}
    optimizer.add_param_group(group)
    assert group == {"params": parameter, "lr": 0.5}
    assert optimizer.param_groups[1]["params"] == [parameter]


def test_repr():
    assert repr(optim.SGD([one_parameter()], lr=0.1, momentum=0.9)) == (
        "SGD (\nParameter Group 0\n    dampening: 0\n    differentiable: False\n    foreach: None\n"
        "    fused: None\n    lr: 0.1\n    maximize: False\n    momentum: 0.9\n"
        "    nesterov: False\n    weight_decay: 0\n)"
    )


@pytest.mark.parametrize(
    "options, message",
    [
        ({"lr": -1}, "Invalid learning rate: -1"),
        ({"momentum": -1}, "Invalid momentum value: -1"),
        ({"weight_decay": -1}, "Invalid weight_decay value: -1"),
        ({"nesterov": True}, "Nesterov momentum requires a momentum and zero dampening"),
        ({"lr": torch.tensor([1.0, 2.0])}, "Tensor lr must be 1-element"),
    ],
)
def test_invalid_options(options, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        optim.SGD([one_parameter()], **options)


def test_implementations_are_accepted_as_by_pytorch():
    for options in ({"foreach": True}, {"fused": True}, {"foreach": False, "fused": False}):
        optim.SGD([one_parameter()], **options).step()
    with pytest.raises(RuntimeError, match="cannot be `True` together"):
        optim.SGD([one_parameter()], fused=True, foreach=True)
    with pytest.raises(RuntimeError, match="`fused` does not support `differentiable`"):
        optim.SGD([one_parameter()], fused=True, differentiable=True)


@pytest.mark.parametrize(
    "params, error, message",
    [
        (lambda p: p, TypeError, "an iterable of Tensors or dicts, but got torch.FloatTensor"),
        (lambda p: [], ValueError, "optimizer got an empty parameter list"),
        (lambda p: [3], TypeError, "one of the params is int"),
        (lambda p: [p * 2], ValueError, "can't optimize a non-leaf Tensor"),
        (lambda p: [{"params": {p}}], TypeError, "Please use a list instead"),
        (lambda p: [{"params": [p]}] * 2, ValueError, "more than one parameter group"),
        (lambda p: [("name", p), p], ValueError, "Some param names are missing"),
        (lambda p: [{"params": [p]}, 3], TypeError, "param_group must be a dict"),
    ],
)
def test_invalid_parameters(params, error, message):
    with pytest.raises(error, match=message):
        optim.SGD(params(one_parameter()), lr=0.1)


def test_required_option():
    with pytest.raises(ValueError, match="required optimization parameter lr"):
        optim.Optimizer([one_parameter()], {"lr": optim.optimizer.required})


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.AdamW])
def test_a_step_of_an_empty_parameter(make):
    empty = torch.zeros(0, 3, requires_grad=True)
    optimizer = make([empty], lr=0.1)
    empty.grad = torch.zeros(0, 3)
    optimizer.step()
    assert empty.shape == (0, 3)
