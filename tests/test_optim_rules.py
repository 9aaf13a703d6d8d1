"""The optimizers that are rules, against five steps of PyTorch 2.13's in float64; and what all of
them have in common."""

import copy

import numpy as np
import pytest

import rushlight as torch
from optim_support import five_steps, one_parameter, parameters, set_gradients, values
from rushlight import nn, optim
from rushlight.kernels.base.optim import RULES

# The optimizer, its options, and the five values of the two parameters after five steps.
ROWS = [
    ("Adamax", {},
     [0.992494081, -1.99, 0.493615869, 0.24, -0.745684875]),
    ("Adamax", {"lr": 0.1, "weight_decay": 0.1, "maximize": True},
     [1.2170756, -2.0, 0.764604198, 0.739602697, -0.773079124]),
    ("Adamax", {"lr": 0.1, "betas": (0.3, 0.5), "eps": 0.1},
     [0.676183402, -1.66666667, 0.272964562, -0.166666667, -0.504982106]),
    ("NAdam", {},
     [0.990013273, -1.99190119, 0.496080949, 0.241901187, -0.741549866]),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "maximize": True},
     [1.41984977, -2.0, 0.606575684, 0.649509847, -1.019439]),
    ("NAdam",
     {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True,
      "momentum_decay": 0.1, "eps": 0.01},
     [0.488822499, -1.52548541, 0.292192531, -0.149820552, -0.323210864]),
    ("RAdam", {},
     [0.998956257, -1.999, 0.499043743, 0.2475, -0.749320321]),
    ("RAdam", {"lr": 0.1, "betas": (0.5, 0.9), "weight_decay": 0.1, "maximize": True},
     [1.07477769, -2.0, 0.548352864, 0.48394806, -0.80653295]),
    ("RAdam",
     {"lr": 0.1, "betas": (0.5, 0.8), "weight_decay": 0.1,
      "decoupled_weight_decay": True, "eps": 0.01},
     [0.827457108, -1.8039602, 0.402988166, -0.00730223802, -0.620088798]),
    ("Adadelta", {},
     [0.975794974, -1.98356918, 0.494319792, 0.233567393, -0.7322568]),
    ("Adadelta", {"lr": 0.5, "rho": 0.5, "eps": 0.01, "weight_decay": 0.1, "maximize": True},
     [1.28225825, -2.0, 0.543466962, 0.662707425, -0.980557222]),
    ("Adagrad", {},
     [0.958992925, -1.96768329, 0.484362375, 0.217683294, -0.715734923]),
    ("Adagrad",
     {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1,
      "initial_accumulator_value": 0.1, "eps": 0.01, "maximize": True},
     [1.15771048, -2.0, 0.563773619, 0.497349943, -0.873075937]),
    ("RMSprop", {},
     [0.589117094, -1.67553956, 0.343654529, -0.0744605136, -0.406843923]),
    ("RMSprop", {"alpha": 0.5, "eps": 0.01, "weight_decay": 0.1, "maximize": True},
     [1.04880138, -2.0, 0.509337226, 0.305450828, -0.783429416]),
    ("RMSprop", {"centered": True, "alpha": 0.5, "eps": 0.01},
     [0.868902705, -1.855965, 0.462581564, 0.0904745964, -0.652972726]),
    ("RMSprop", {"momentum": 0.5},
     [0.320126914, -1.4510555, 0.180996118, -0.298944626, -0.212019579]),
    ("RMSprop", {"momentum": 0.5, "centered": True, "weight_decay": 0.1},
     [0.352775651, -1.4555402, 0.157637846, -0.297162574, -0.0476314035]),
    ("Rprop", {},
     [0.925584, -1.925584, 0.4708, 0.175584, -0.69632]),
    ("Rprop", {"lr": 0.1, "etas": (0.4, 1.5), "step_sizes": (0.01, 0.2), "maximize": True},
     [1.85, -2.85, 0.87, 1.1, -1.4]),
    ("ASGD", {},
     [0.98499505, -1.98999004, 0.49499752, 0.224998838, -0.737496291]),
    ("ASGD",
     {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "t0": 2, "weight_decay": 0.1,
      "maximize": True},
     [1.04902063, -1.90482329, 0.498567726, 0.464147605, -0.7993787]),
    ("Adafactor", {},
     [0.920369454, -1.9359193, 0.478030527, 0.226396652, -0.724646724]),
    ("Adafactor",
     {"lr": 0.1, "beta2_decay": -0.5, "eps": (0.01, 0.1), "d": 2.0,
      "weight_decay": 0.1, "maximize": True},
     [1.82441812, -2.66327494, 0.649814709, 0.550049044, -1.03155844]),
]  # fmt: skip

CLASSES = [
    optim.SGD, optim.Adam, optim.AdamW, optim.Adamax, optim.NAdam, optim.RAdam, optim.Adadelta,
    optim.Adagrad, optim.RMSprop, optim.Rprop, optim.ASGD, optim.Adafactor,
]  # fmt: skip
# Options under which each rule keeps all that it can keep.
WHOLE = {
    "SGD": {"momentum": 0.9}, "Adam": {"amsgrad": True}, "AdamW": {"amsgrad": True},
    "RMSprop": {"momentum": 0.9, "centered": True},
}  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name, options, expected", ROWS)
def test_five_steps(name, options, expected, dtype):
    params = parameters(dtype)
    result = five_steps(getattr(optim, name)(params, **options), params)
    np.testing.assert_allclose(result, expected, rtol=2e-6, atol=3e-7)


@pytest.mark.parametrize("make", CLASSES[:-1])
def test_a_complex_parameter_is_two_real_ones(make):
    options = WHOLE.get(make.__name__, {})
    whole = nn.Parameter(torch.tensor([1 - 2j, 0.5 + 0.25j]))
    parts = nn.Parameter(torch.view_as_real(whole.detach()).clone())
    optimizers = [make([p], lr=0.1, **options) for p in (whole, parts)]
    for step in range(3):
        parts.grad = torch.tensor([[1.0, -0.5], [0.25 - 0.25 * step, 2.0]])
        whole.grad = torch.view_as_complex(parts.grad)
        for optimizer in optimizers:
            optimizer.step()
    assert torch.equal(torch.view_as_real(whole.detach()), parts.detach())
    for name, kept in optimizers[0].state[whole].items():
        kept = torch.view_as_real(kept) if kept.is_complex() else kept
        assert torch.equal(kept, optimizers[1].state[parts][name]), name


@pytest.mark.parametrize("make", CLASSES[:-1])
def test_recorded_steps_are_the_same_and_have_a_gradient(make):
    options = WHOLE.get(make.__name__, {})
    plain = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64, requires_grad=True)
    other = nn.Parameter(plain.detach().clone())
    slope = torch.tensor([0.3, -0.2, 1.5], dtype=torch.float64)

    def end(start, slope):
        recorded = start.clone()
        optimizer = make([recorded], lr=0.1, differentiable=True, **options)
        for step in range(3):
            recorded.grad = slope * (1 + step)
            optimizer.step()
        return recorded

    optimizer = make([other], lr=0.1, **options)
    for step in range(3):
        other.grad = slope * (1 + step)
        optimizer.step()
    np.testing.assert_allclose(end(plain, slope).detach(), other.detach(), rtol=1e-7)
    torch.autograd.gradcheck(end, (plain, slope.clone().requires_grad_()), eps=1e-7, atol=1e-4)


def test_the_gradient_of_a_learning_rate():
    lr = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
    weight = torch.tensor([3.0], dtype=torch.float64, requires_grad=True).clone()
    optimizer = optim.SGD([weight], lr=lr, differentiable=True)
    weight.grad = torch.tensor([2.0], dtype=torch.float64)
    optimizer.step()
    weight.sum().backward()
    assert lr.grad.item() == -2.0


@pytest.mark.parametrize("make", CLASSES)
def test_replays_read_rates_anew(make):
    def trained(compiled):
        torch.manual_seed(0)
        net = nn.Linear(3, 2)
        optimizer = make(net.parameters(), lr=0.1, **WHOLE.get(make.__name__, {}))
        schedule = optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
        x = torch.ones(4, 3)

        def step():
            optimizer.zero_grad()
            loss = (net(x) ** 2).sum()
            loss.backward()
            optimizer.step()
            return loss

        run = torch.compile(step) if compiled else step
        for _ in range(6):
            run()
            schedule.step()
        return values(net.parameters()), getattr(run, "graph", None)

    (eager, _), (replayed, record) = trained(False), trained(True)
    assert record is not None
    np.testing.assert_array_equal(replayed, eager)


@pytest.mark.parametrize("make", CLASSES)
def test_half_parameters(make):
    parameter = nn.Parameter(torch.zeros(3, dtype=torch.bfloat16))
    parameter.grad = torch.ones(3, dtype=torch.bfloat16)
    optimizer = make([parameter], lr=0.5, **WHOLE.get(make.__name__, {}))
    optimizer.step()
    assert parameter.dtype is torch.bfloat16 and (parameter.detach() < 0).all()


@pytest.mark.parametrize("make", CLASSES)
def test_parameters_without_dimensions_or_elements(make):
    number, empty = nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.ones(0, 3))
    number.grad, empty.grad = torch.tensor(0.5), torch.ones(0, 3)
    optimizer = make([number, empty], lr=0.1, **WHOLE.get(make.__name__, {}))
    for _ in range(2):
        optimizer.step()
    assert number.shape == () and number.item() < 1 and empty.shape == (0, 3)


@pytest.mark.parametrize("make", CLASSES)
def test_meta_parameters(make):
    parameter = nn.Parameter(torch.empty(2, 3, device="meta"))
    parameter.grad = torch.empty(2, 3, device="meta")
    optimizer = make([parameter], **WHOLE.get(make.__name__, {}))
    for _ in range(2):
        optimizer.step()
    state = optimizer.state[parameter]
    if "step" in state:
        assert state["step"].item() == 2.0 and str(state["step"].device) == "cpu"


@pytest.mark.parametrize("make", CLASSES)
def test_a_state_continues_in_another_dtype(make):
    options = WHOLE.get(make.__name__, {})
    params = parameters(torch.float64)
    expected = five_steps(make(params, **options), params)
    narrow, wide = parameters(), parameters(torch.float64)
    optimizer = make(narrow, **options)
    for t in range(2):
        set_gradients(narrow, t)
        optimizer.step()
    for a, b in zip(wide, narrow, strict=True):
        a.data.copy_(b)
    resumed = make(wide, **options)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for name, kept in resumed.state[wide[0]].items():
        of_numbers = name in resumed.numbers
        assert kept.dtype is (torch.float32 if of_numbers else torch.float64), name
    for t in range(2, 5):
        set_gradients(wide, t)
        resumed.step()
    np.testing.assert_allclose(values(wide), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("make", CLASSES)
def test_a_state_that_cannot_be_loaded_changes_nothing(make):
    params = parameters()
    optimizer = make(params, lr=0.5, **WHOLE.get(make.__name__, {}))
    five_steps(optimizer, params)
    before = copy.deepcopy(optimizer.state_dict())
    bad = copy.deepcopy(before)
    bad["param_groups"][0]["lr"] = 9.0
    bad["state"][1] = 3
    for broken in (bad, {"state": {}, "param_groups": []}, {"state": {}}):
        with pytest.raises((ValueError, AttributeError, TypeError, KeyError)):
            optimizer.load_state_dict(broken)
        after = optimizer.state_dict()
        assert after["param_groups"] == before["param_groups"]
        for number, kept in before["state"].items():
            for name, value in kept.items():
                assert torch.equal(value, after["state"][number][name])


@pytest.mark.parametrize("make", CLASSES)
def test_options_that_an_older_checkpoint_lacks(make):
    parameter = one_parameter()
    optimizer = make([parameter])
    state = optimizer.state_dict()
    for name in ("maximize", "foreach", "differentiable", "capturable", "fused", "amsgrad"):
        state["param_groups"][0].pop(name, None)
    optimizer.load_state_dict(state)
    optimizer.step()
    assert optimizer.param_groups[0]["maximize"] is False


@pytest.mark.parametrize("make", CLASSES[1:])
def test_nothing_is_changed_where_one_gradient_does_not_fit(make):
    good, bad = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
    good.grad, bad.grad = torch.ones(3), torch.ones(3)
    optimizer = make([good, bad])
    optimizer.step()
    before = good.detach().clone()
    bad.data = torch.ones(2)
    with pytest.raises(RuntimeError, match=rf"^{make.__name__}\.step: .*must match"):
        optimizer.step()
    assert torch.equal(good.detach(), before)


@pytest.mark.parametrize("make", [m for m in CLASSES if m not in (optim.SGD, optim.Adagrad)])
def test_sparse_gradients_are_refused(make):
    parameter = nn.Parameter(torch.ones(3))
    parameter.grad = torch.ones(3).to_sparse()
    with pytest.raises(RuntimeError, match="does not support sparse gradients"):
        make([parameter]).step()


def test_adagrad_takes_the_rows_of_sparse_gradients():
    dense, sparse = nn.Parameter(torch.ones(4, 2)), nn.Parameter(torch.ones(4, 2))
    optimizers = [optim.Adagrad([p], lr=0.1, lr_decay=0.5) for p in (dense, sparse)]
    for step in range(3):
        dense.grad = torch.zeros(4, 2)
        dense.grad[1], dense.grad[3] = 1.0 + step, -2.0
        sparse.grad = dense.grad.to_sparse(1)
        for optimizer in optimizers:
            optimizer.step()
    np.testing.assert_allclose(sparse.detach(), dense.detach(), 1e-6)
    first, second = optimizers
    assert torch.equal(first.state[dense]["sum"], second.state[sparse]["sum"])


def test_every_rule_belongs_to_an_optimizer():
    assert {make.rule for make in CLASSES} == {*RULES, "adafactor"}


@pytest.mark.parametrize(
    "make, options, message",
    [
        (optim.Adam, {"betas": (0, 0.9)}, "betas must be either both floats or both Tensors"),
        (optim.Adam, {"lr": torch.tensor(0.1), "foreach": True}, "lr as a Tensor is not supported"),
        (optim.Adamax, {"eps": -1}, "Invalid epsilon value: -1"),
        (optim.NAdam, {"momentum_decay": -0.2}, "Invalid momentum_decay value: -0.2"),
        (optim.RAdam, {"weight_decay": -1}, "Invalid weight_decay value: -1"),
        (optim.Adadelta, {"rho": 1.1}, "Invalid rho value: 1.1"),
        (optim.Adagrad, {"lr_decay": -0.5}, "Invalid lr_decay value: -0.5"),
        (optim.Adagrad, {"initial_accumulator_value": -1}, "Invalid initial_accumulator_value"),
        (optim.RMSprop, {"momentum": -1.0}, "Invalid momentum value: -1.0"),
        (optim.RMSprop, {"alpha": -1.0}, "Invalid alpha value: -1.0"),
        (optim.Rprop, {"etas": (1.0, 0.5)}, "Invalid eta values: 1.0, 0.5"),
        (optim.ASGD, {"lr": float("nan")}, "Invalid learning rate: nan"),
        (optim.SGD, {"lr": float("nan")}, "Invalid learning rate: nan"),
        (optim.Adafactor, {"eps": (-1, 1)}, "epsilon1 should be >= 0 but is: -1"),
        (optim.Adafactor, {"d": 0.5}, "Clipping threshold d should be >= 1 but is: 0.5"),
        (optim.Adafactor, {"beta2_decay": 0.8}, "beta2_decay should be <= 0 but is: 0.8"),
        (optim.Adafactor, {"lr": -1}, "Learning rate should be >= 0 but is: -1"),
        (optim.SparseAdam, {"lr": 0}, "Invalid learning rate: 0"),
    ],
)
def test_invalid_options(make, options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        make([one_parameter()], **options)


def test_rprop_leaves_elements_whose_gradient_is_nan():
    """And forgets a gradient that turns, also one that is infinite."""
    state = np.ones(4), np.zeros(4), np.full(4, 0.1), 0.0
    nan, inf = float("nan"), float("inf")
    for gradient, expected in (
        ([1.0, nan, 1.0, inf], [0.9, 1.0, 0.9, 0.9]),
        ([1.0, 1.0, nan, -inf], [0.78, 0.9, 0.9, 0.9]),
        ([1.0, 1.0, 1.0, 1.0], [0.636, 0.78, 0.8, 0.85]),
    ):
        param, *kept = state
        options = (0.5, 1.2, 1e-6, 50.0, False)
        with np.errstate(invalid="ignore"):
            state = RULES["rprop"].function(np, param, np.array(gradient), *kept, *options)
        np.testing.assert_allclose(state[0], expected)
