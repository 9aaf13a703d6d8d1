"""Learning rate schedules against PyTorch 2.13's, to the last bit."""

import pytest

import rushlight as torch
from rushlight import nn, optim
from rushlight.optim import lr_scheduler as schedules

SCHEDULES = {
    "lambda": lambda o: schedules.LambdaLR(o, lambda epoch: 0.95**epoch),
    "step": lambda o: schedules.StepLR(o, 3, 0.5),
    "multi_step": lambda o: schedules.MultiStepLR(o, [2, 5, 5, 9], 0.1),
    "constant": lambda o: schedules.ConstantLR(o, 0.5, 4),
    "linear": lambda o: schedules.LinearLR(o, 0.25, 0.75, 4),
    "exponential": lambda o: schedules.ExponentialLR(o, 0.9),
    "cosine": lambda o: schedules.CosineAnnealingLR(o, 4, 0.01),
    "one_cycle": lambda o: schedules.OneCycleLR(o, 1.0, total_steps=12),
    "one_cycle_three": lambda o: schedules.OneCycleLR(
        o, [1.0, 0.5], epochs=4, steps_per_epoch=3, three_phase=True, anneal_strategy="linear"
    ),
    "sequential": lambda o: schedules.SequentialLR(
        o,
        [
            schedules.LinearLR(o, 0.1, 1.0, 3),
            schedules.CosineAnnealingLR(o, 5),
            schedules.StepLR(o, 2, 0.5),
        ],
        [3, 8],
    ),
    "multiplicative": lambda o: schedules.MultiplicativeLR(o, lambda epoch: 1 - 0.01 * epoch),
    "polynomial": lambda o: schedules.PolynomialLR(o, 8, 0.9),
    "restarts": lambda o: schedules.CosineAnnealingWarmRestarts(o, 3, 2, 0.01),
    "cyclic": lambda o: schedules.CyclicLR(o, 0.01, [0.1, 0.2], 2, 3, "triangular2"),
    "cyclic_exponential": lambda o: schedules.CyclicLR(
        o, 0.01, 0.1, 4, mode="exp_range", gamma=0.95
    ),
    "chained": lambda o: schedules.ChainedScheduler(
        [schedules.ConstantLR(o, 0.1, 2), schedules.ExponentialLR(o, 0.9)]
    ),
    "averaging": lambda o: optim.swa_utils.SWALR(o, [0.05, 0.5], 4),
}
# The first group's rate (0.1 at first) in twelve epochs, the second one's (0.02) after them.
PYTORCH = {
    "lambda": ([
        0.1, 0.095, 0.09025, 0.0857375, 0.081450625, 0.07737809374999999,
        0.07350918906249998, 0.06983372960937498, 0.06634204312890622,
        0.0630249409724609, 0.05987369392383787, 0.05688000922764597,
    ], 0.010807201753252733),
    "step": ([
        0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.0125, 0.0125, 0.0125,
    ], 0.00125),
    "multi_step": ([
        0.1, 0.1, 0.010000000000000002, 0.010000000000000002, 0.010000000000000002,
        0.00010000000000000005, 0.00010000000000000005, 0.00010000000000000005,
        0.00010000000000000005, 1.0000000000000006e-05, 1.0000000000000006e-05,
        1.0000000000000006e-05,
    ], 2.0000000000000008e-06),
    "constant": ([
        0.05, 0.05, 0.05, 0.05, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1,
    ], 0.02),
    "linear": ([
        0.025, 0.037500000000000006, 0.05, 0.0625, 0.075, 0.075, 0.075, 0.075, 0.075,
        0.075, 0.075, 0.075,
    ], 0.014999999999999996),
    "exponential": ([
        0.1, 0.09000000000000001, 0.08100000000000002, 0.07290000000000002,
        0.06561000000000002, 0.05904900000000002, 0.05314410000000002,
        0.04782969000000002, 0.043046721000000024, 0.03874204890000002,
        0.03486784401000002, 0.03138105960900001,
    ], 0.0056485907296200035),
    "cosine": ([
        0.1, 0.08681980515339464, 0.05500000000000001, 0.023180194846605363, 0.01,
        0.023180194846605363, 0.05500000000000002, 0.08681980515339469,
        0.10000000000000006, 0.0868198051533947, 0.05500000000000005,
        0.023180194846605412,
    ], 0.01),
    "one_cycle": ([
        0.040000000000000036, 0.3497896542195831, 0.8792851591221287,
        0.9944154354509117, 0.9330129698414117, 0.811745653949763, 0.6473789976951033,
        0.46263710266697505, 0.28306099820869923, 0.1334775301888306,
        0.03456698742539522, 4e-06,
    ], 0.034566987425395164),
    "one_cycle_three": ([
        0.04, 0.4092307692307693, 0.7784615384615386, 0.8523076923076922,
        0.48307692307692296, 0.1138461538461536, 0.03448331034482758,
        0.027587448275862066, 0.020691586206896546, 0.01379572413793103,
        0.0068998620689655135, 3.9999999999970615e-06,
    ], -0.0034459310344827597),
    "sequential": ([
        0.010000000000000002, 0.04, 0.07, 0.1, 0.09045084971874738, 0.06545084971874737,
        0.03454915028125263, 0.009549150281252633, 0.1, 0.1, 0.05, 0.05,
    ], 0.005),
    "multiplicative": ([
        0.1, 0.099, 0.09702000000000001, 0.09410940000000001, 0.09034502400000001,
        0.08582777280000001, 0.080678106432, 0.07503063898176, 0.06902818786321921,
        0.06281565095552948, 0.05653408585997653, 0.050315336415379115,
    ], 0.008855499209106723),
    "polynomial": ([
        0.1, 0.08867623542572073, 0.07718895067235704, 0.06550764934180986,
        0.05358867312681466, 0.04136453446582763, 0.028717458874925876,
        0.015389305166811454, 0.0, 0.0, 0.0, 0.0,
    ], 0.0),
    "restarts": ([
        0.1, 0.0775, 0.032500000000000015, 0.1, 0.09397114317029975, 0.0775,
        0.05500000000000001, 0.032500000000000015, 0.01602885682970026, 0.1,
        0.09846666218300808, 0.09397114317029975,
    ], 0.01853553390593274),
    "cyclic": ([
        0.01, 0.055, 0.09999999999999999, 0.06999999999999999, 0.039999999999999994,
        0.01, 0.03250000000000002, 0.055, 0.039999999999999994, 0.025000000000000015,
        0.01, 0.021250000000000012,
    ], 0.05749999999999999),
    "cyclic_exponential": ([
        0.01, 0.031375, 0.050612500000000005, 0.06787281249999999, 0.08330556249999999,
        0.06223021328124999, 0.043079135078125, 0.02571258916210937, 0.01,
        0.02418061171880371, 0.036943162265727046, 0.04839400622866103,
    ], 0.058632407889637306),
    "chained": ([
        0.010000000000000002, 0.009000000000000003, 0.08100000000000003,
        0.07290000000000003, 0.06561000000000003, 0.059049000000000025,
        0.05314410000000002, 0.04782969000000002, 0.043046721000000024,
        0.03874204890000002, 0.03486784401000002, 0.03138105960900001,
    ], 0.0056485907296200035),
    "averaging": ([
        0.1, 0.09267766952966369, 0.075, 0.057322330470336316, 0.05, 0.05, 0.05, 0.05,
        0.05, 0.05, 0.05, 0.05,
    ], 0.5),
}  # fmt: skip

# The rate after each of these metrics.
METRICS = [5.0, 4.0, 4.0, 3.9, 4.5, 4.5, 3.0, 3.1, 3.2, 2.9, 2.9, 2.9]
PLATEAU = [
    ({"patience": 1}, [
        1.0, 1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.010000000000000002,
        0.010000000000000002, 0.010000000000000002, 0.0010000000000000002,
    ]),
    ({"patience": 0, "cooldown": 2}, [
        1.0, 1.0, 0.1, 0.1, 0.1, 0.010000000000000002, 0.010000000000000002,
        0.010000000000000002, 0.0010000000000000002, 0.0010000000000000002,
        0.0010000000000000002, 0.00010000000000000003,
    ]),
    ({"mode": "max", "patience": 1, "threshold": 0.5, "threshold_mode": "abs"}, [
        1.0, 1.0, 0.1, 0.1, 0.010000000000000002, 0.010000000000000002,
        0.0010000000000000002, 0.0010000000000000002, 0.00010000000000000003,
        0.00010000000000000003, 1.0000000000000004e-05, 1.0000000000000004e-05,
    ]),
    ({"mode": "max", "patience": 1, "threshold": 0.2}, [
        1.0, 1.0, 0.1, 0.1, 0.010000000000000002, 0.010000000000000002,
        0.0010000000000000002, 0.0010000000000000002, 0.00010000000000000003,
        0.00010000000000000003, 1.0000000000000004e-05, 1.0000000000000004e-05,
    ]),
    ({"patience": 0, "threshold": 0.5, "threshold_mode": "abs", "min_lr": 0.05}, [
        1.0, 1.0, 0.1, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05,
    ]),
]  # fmt: skip


def two_groups():
    first, second = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    return optim.SGD([{"params": [first]}, {"params": [second], "lr": 0.02}], lr=0.1, momentum=0.9)


def rates(optimizer, scheduler, epochs):
    result = []
    for _ in range(epochs):
        result.append(scheduler.get_last_lr()[0])
        assert optimizer.param_groups[0]["lr"] == result[-1]
        optimizer.step()
        scheduler.step()
    return result


@pytest.mark.parametrize("name", SCHEDULES)
def test_rates(name):
    optimizer = two_groups()
    scheduler = SCHEDULES[name](optimizer)
    first, second = PYTORCH[name]
    assert rates(optimizer, scheduler, 12) == first
    assert scheduler.get_last_lr()[1] == second


@pytest.mark.parametrize("name", SCHEDULES)
def test_state_dict_continues(name):
    optimizer = two_groups()
    scheduler = SCHEDULES[name](optimizer)
    rates(optimizer, scheduler, 5)
    other = two_groups()
    resumed = SCHEDULES[name](other)
    resumed.load_state_dict(scheduler.state_dict())
    other.load_state_dict(optimizer.state_dict())
    assert rates(other, resumed, 7) == PYTORCH[name][0][5:]


@pytest.mark.parametrize("options, expected", PLATEAU)
def test_reduce_on_plateau(options, expected):
    optimizer = optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
    scheduler = schedules.ReduceLROnPlateau(optimizer, **options)
    found = []
    for metric in METRICS:
        scheduler.step(torch.tensor(metric))
        found += scheduler.get_last_lr()
    assert found == expected


def test_reduce_on_plateau_continues():
    options, expected = PLATEAU[1]
    optimizer = optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
    scheduler = schedules.ReduceLROnPlateau(optimizer, **options)
    for metric in METRICS[:5]:
        scheduler.step(metric)
    resumed = schedules.ReduceLROnPlateau(optimizer)
    resumed.load_state_dict(scheduler.state_dict())
    found = []
    for metric in METRICS[5:]:
        resumed.step(metric)
        found += resumed.get_last_lr()
    assert found == expected[5:]


def test_last_epoch_resumes_from_initial_lr():
    group = {"params": [nn.Parameter(torch.ones(1))], "initial_lr": 0.1}
    assert schedules.StepLR(
        optim.SGD([dict(group)], lr=0.1), 4, 0.01, last_epoch=3
    ).get_last_lr() == [0.001]
    with pytest.raises(KeyError, match="param 'initial_lr' is not specified in param_groups"):
        schedules.StepLR(two_groups(), 4, last_epoch=3)


def test_one_cycle_moves_the_momentum_the_other_way():
    sgd = two_groups()
    scheduler = schedules.OneCycleLR(sgd, 1.0, total_steps=10)
    momenta = []
    for _ in range(10):
        momenta.append(sgd.param_groups[0]["momentum"])
        sgd.step()
        scheduler.step()
    assert [round(m, 3) for m in momenta] == [
        0.95, 0.9, 0.85, 0.855, 0.869, 0.889, 0.911, 0.931, 0.945, 0.95
    ]  # fmt: skip
    adam = optim.Adam([nn.Parameter(torch.ones(1))], betas=(0.9, 0.99))
    scheduler = schedules.OneCycleLR(adam, 1.0, total_steps=10, base_momentum=0.5, max_momentum=0.8)
    assert adam.param_groups[0]["betas"] == (0.8, 0.99)
    for _ in range(2):
        adam.step()
        scheduler.step()
    assert adam.param_groups[0]["betas"] == (0.5, 0.99)


def test_cyclic_moves_the_momentum_the_other_way():
    optimizer = optim.Adam([nn.Parameter(torch.ones(1))], betas=(0.9, 0.99))
    scheduler = schedules.CyclicLR(optimizer, 0.1, 1.0, 2, base_momentum=0.5, max_momentum=0.75)
    found = []
    for _ in range(5):
        found.append(optimizer.param_groups[0]["betas"])
        optimizer.step()
        scheduler.step()
    assert found == [(b, 0.99) for b in (0.75, 0.625, 0.5, 0.625, 0.75)]


def test_restarts_take_epochs_with_fractions():
    optimizer = two_groups()
    scheduler = schedules.CosineAnnealingWarmRestarts(optimizer, 2, 2)
    scheduler.step(1.0)
    assert scheduler.get_last_lr()[0] == pytest.approx(0.05)
    scheduler.step(4.0)  # the middle of the second one, which takes four
    assert scheduler.get_last_lr()[0] == pytest.approx(0.05)
    scheduler.step(6.5)
    assert (scheduler.T_i, scheduler.T_cur, scheduler.last_epoch) == (8, 0.5, 6)


def test_one_cycle_ends():
    optimizer = two_groups()
    scheduler = schedules.OneCycleLR(optimizer, 1.0, total_steps=2)
    rates(optimizer, scheduler, 2)
    with pytest.raises(ValueError, match="Tried to step 3 times"):
        scheduler.step()


def test_a_learning_rate_in_a_tensor_is_changed_in_place():
    lr = torch.tensor(0.5)
    optimizer = optim.SGD([nn.Parameter(torch.ones(1))], lr=lr)
    scheduler = schedules.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is lr and lr.item() == 0.25
    assert scheduler.base_lrs[0].item() == 0.5


def test_two_schedules_on_one_optimizer():
    optimizer = two_groups()
    both = [schedules.ExponentialLR(optimizer, 0.5), schedules.StepLR(optimizer, 2, 0.1)]
    for _ in range(2):
        optimizer.step()
        for scheduler in both:
            scheduler.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1 * 0.5**2 * 0.1)


def test_warns_when_the_schedule_steps_first():
    scheduler = schedules.StepLR(two_groups(), 3)
    with pytest.warns(UserWarning, match="before `optimizer.step\\(\\)`"):
        scheduler.step()


def test_a_schedule_of_ones_own():
    class Halving(schedules.LRScheduler):
        def get_lr(self):
            return [base * 0.5**self.last_epoch for base in self.base_lrs]

    optimizer = two_groups()
    assert rates(optimizer, Halving(optimizer), 3) == [0.1, 0.05, 0.025]


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda o: schedules.StepLR(3, 3), TypeError, "int is not an Optimizer"),
        (lambda o: schedules.LambdaLR(o, [abs]), ValueError, "Expected 2 lr_lambdas, but got 1"),
        (lambda o: schedules.LinearLR(o, 2.0), ValueError, "greater than 0 and less or equal"),
        (lambda o: schedules.LinearLR(o, 0.5, 2.0), ValueError, "between 0 and 1"),
        (lambda o: schedules.ConstantLR(o, 2.0), ValueError, "between 0 and 1"),
        (lambda o: schedules.ReduceLROnPlateau(o, factor=1.0), ValueError, "should be < 1.0"),
        (lambda o: schedules.ReduceLROnPlateau(o, "best"), ValueError, "mode best is unknown!"),
        (lambda o: schedules.ReduceLROnPlateau(o, min_lr=[0.0]), ValueError, "expected 2 min_lrs"),
        (lambda o: schedules.OneCycleLR(o, 1.0), ValueError, "either total_steps OR"),
        (lambda o: schedules.OneCycleLR(o, [1.0], 5), ValueError, "max_lr has 1 values"),
        (lambda o: schedules.OneCycleLR(o, 1.0, 0), ValueError, "positive integer total_steps"),
        (lambda o: schedules.OneCycleLR(o, 1.0, 5, pct_start=2.0), ValueError, "pct_start"),
        (lambda o: schedules.MultiplicativeLR(o, [1, 2]), TypeError, "should be a function"),
        (lambda o: schedules.CyclicLR(o, 0.1, 1.0, mode="x"), ValueError, "mode is invalid"),
        (lambda o: schedules.CyclicLR(o, [0.1], 1.0), ValueError, "base_lr has 1 values"),
        (
            lambda o: schedules.CyclicLR(optim.Rprop([nn.Parameter(torch.ones(1))]), 0.1, 1.0),
            ValueError,
            "must support momentum or beta1",
        ),
        (lambda o: schedules.CosineAnnealingWarmRestarts(o, 0), ValueError, "integer T_0"),
        (lambda o: schedules.CosineAnnealingWarmRestarts(o, 2, 0), ValueError, "T_mult >= 1"),
        (
            lambda o: schedules.CosineAnnealingWarmRestarts(o, 2).step(-1),
            ValueError,
            "non-negative epoch",
        ),
        (lambda o: schedules.ChainedScheduler([]), ValueError, "at least one scheduler"),
        (
            lambda o: schedules.ChainedScheduler([schedules.StepLR(two_groups(), 1)], o),
            ValueError,
            "belong to the same optimizer",
        ),
        (lambda o: optim.swa_utils.SWALR(o, 0.1, -1), ValueError, "equal or greater than 0"),
        (lambda o: optim.swa_utils.SWALR(o, 0.1, 1, "x"), ValueError, "'cos' or 'linear'"),
        (lambda o: schedules.SequentialLR(o, [], []), ValueError, "at least one scheduler"),
        (
            lambda o: schedules.SequentialLR(o, [schedules.StepLR(o, 1)], [1]),
            ValueError,
            "one more than the number of milestone points",
        ),
        (
            lambda o: schedules.SequentialLR(o, [schedules.StepLR(two_groups(), 1)], []),
            ValueError,
            "belong to the same optimizer",
        ),
        (
            lambda o: schedules.SequentialLR(o, [schedules.ReduceLROnPlateau(o)], []),
            ValueError,
            "does not support `ReduceLROnPlateau`",
        ),
    ],
)
def test_invalid_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make(two_groups())
