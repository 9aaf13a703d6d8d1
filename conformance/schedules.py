"""The schedules that are compared, and how: the rates and momenta of twenty steps, both ways."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import torch
from harness import tally, told
from translate import difference, outcome

import rushlight

STEPS = 20

# Of (the framework's module of schedules, an optimizer).
Make = Callable[[Any, Any], Any]


def of_swa(framework_schedules: Any) -> Any:
    ours = framework_schedules.__name__.startswith("rushlight")
    return (rushlight if ours else torch).optim.swa_utils


SCHEDULES: dict[str, list[Make]] = {
    "LambdaLR": [
        lambda s, o: s.LambdaLR(o, lambda epoch: 0.9**epoch),
        lambda s, o: s.LambdaLR(o, [lambda epoch: 0.9**epoch, lambda epoch: 1 / (1 + epoch)]),
    ],
    "MultiplicativeLR": [
        lambda s, o: s.MultiplicativeLR(o, lambda epoch: 0.95),
        lambda s, o: s.MultiplicativeLR(o, [lambda epoch: 0.9, lambda epoch: 1 - 0.01 * epoch]),
    ],
    "StepLR": [lambda s, o: s.StepLR(o, 3), lambda s, o: s.StepLR(o, 4, gamma=0.5)],
    "MultiStepLR": [lambda s, o: s.MultiStepLR(o, [2, 5, 5, 9], gamma=0.5)],
    "ConstantLR": [lambda s, o: s.ConstantLR(o), lambda s, o: s.ConstantLR(o, 0.5, 7)],
    "LinearLR": [lambda s, o: s.LinearLR(o), lambda s, o: s.LinearLR(o, 0.1, 0.8, 12)],
    "ExponentialLR": [lambda s, o: s.ExponentialLR(o, 0.9)],
    "PolynomialLR": [lambda s, o: s.PolynomialLR(o), lambda s, o: s.PolynomialLR(o, 12, 0.9)],
    "CosineAnnealingLR": [
        lambda s, o: s.CosineAnnealingLR(o, 6),
        lambda s, o: s.CosineAnnealingLR(o, 25, eta_min=0.01),
    ],
    "CosineAnnealingWarmRestarts": [
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 4),
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, T_mult=2, eta_min=0.01),
    ],
    "CyclicLR": [
        lambda s, o: s.CyclicLR(o, 0.01, 0.1, 3),
        lambda s, o: s.CyclicLR(o, 0.01, [0.1, 0.2], 3, 5, mode="triangular2"),
        lambda s, o: s.CyclicLR(o, 0.01, 0.1, 4, mode="exp_range", gamma=0.95),
        lambda s, o: s.CyclicLR(o, 0.01, 0.1, 4, scale_fn=lambda x: 0.5**x, cycle_momentum=False),
        lambda s, o: s.CyclicLR(
            o, 0.01, 0.1, 4, scale_fn=lambda x: 0.9**x, scale_mode="iterations", base_momentum=0.5
        ),
    ],
    "OneCycleLR": [
        lambda s, o: s.OneCycleLR(o, 1.0, total_steps=25),
        lambda s, o: s.OneCycleLR(o, [1.0, 0.5], epochs=5, steps_per_epoch=5, three_phase=True),
        lambda s, o: s.OneCycleLR(o, 1.0, 25, anneal_strategy="linear", cycle_momentum=False),
    ],
    "ReduceLROnPlateau": [
        lambda s, o: s.ReduceLROnPlateau(o, patience=1),
        lambda s, o: s.ReduceLROnPlateau(o, "max", 0.5, 0, 0.2, "abs", cooldown=2, min_lr=0.01),
    ],
    "SequentialLR": [
        lambda s, o: s.SequentialLR(
            o,
            [s.LinearLR(o, 0.1, 1.0, 3), s.CosineAnnealingLR(o, 5), s.StepLR(o, 2, 0.5)],
            [3, 8],
        ),
        lambda s, o: s.SequentialLR(
            o,
            [
                s.ChainedScheduler([s.ConstantLR(o, 0.5, 3), s.ExponentialLR(o, 0.9)]),
                s.PolynomialLR(o, 9),
            ],
            [6],
        ),
    ],
    "ChainedScheduler": [
        lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9)]),
        lambda s, o: s.ChainedScheduler([
            s.StepLR(o, 3), s.CosineAnnealingLR(o, 7), s.MultiplicativeLR(o, lambda epoch: 0.99),
        ], o),
    ],
    "SWALR": [
        lambda s, o: of_swa(s).SWALR(o, 0.05),
        lambda s, o: of_swa(s).SWALR(o, [0.05, 0.5], 5, "linear"),
        lambda s, o: of_swa(s).SWALR(o, 0.05, anneal_epochs=0),
    ],
}  # fmt: skip

METRICS = [5.0, 4.0, 4.0, 3.9, 4.5, 4.5, 3.0, 3.1, 3.2, 2.9] * 2
OPTIMIZERS: dict[str, Callable[[Any, Any], Any]] = {
    "SGD": lambda t, groups: t.optim.SGD(groups, lr=0.1, momentum=0.9),
    "Adam": lambda t, groups: t.optim.Adam(groups, lr=0.1),
    "SGD with rates in tensors": lambda t, groups: t.optim.SGD(
        [{**g, "lr": t.tensor(g.get("lr", 0.1), dtype=t.float64)} for g in groups], momentum=0.9
    ),
}


def schedule_findings(name: str) -> dict[str, Any]:
    return {
        "rates": tally(over(name, rates)),
        "states": tally(over(name, continued)),
        "epochs": tally(over(name, at_epochs)),
    }


def over(name: str, check: Any) -> Iterator[str | None]:
    for number, make in enumerate(SCHEDULES[name]):
        for kind, optimizer in OPTIMIZERS.items():
            found, error = outcome(lambda m=make, o=optimizer: check(name, m, o))
            text = told(error) if error is not None else found
            yield text and f"configuration {number}, {kind}: {text}"


class Run:
    """A schedule in one of the frameworks."""

    def __init__(self, framework: Any, make: Make, optimizer: Any) -> None:
        first, second = (framework.nn.Parameter(framework.ones(1)) for _ in range(2))
        self.framework = framework
        groups = [{"params": [first]}, {"params": [second], "lr": 0.02}]
        self.optimizer = optimizer(framework, groups)
        self.schedule = make(framework.optim.lr_scheduler, self.optimizer)
        self.steps = 0

    def go_on(self, steps: int) -> list[Any]:
        """The rates, momenta and last rates of some steps."""
        found = []
        for _ in range(steps):
            found.append(self.now())
            self.optimizer.step()
            if isinstance(self.schedule, self.framework.optim.lr_scheduler.ReduceLROnPlateau):
                self.schedule.step(METRICS[self.steps])
            else:
                self.schedule.step()
            self.steps += 1
        return found

    def now(self) -> list[float]:
        groups = self.optimizer.param_groups
        rates = [group["lr"] for group in groups] + list(self.schedule.get_last_lr())
        momenta = [g["momentum"] if "momentum" in g else g["betas"][0] for g in groups]
        return [float(value) for value in (*rates, *momenta)]


def both(make: Make, optimizer: Any) -> tuple[Run, Run]:
    return Run(rushlight, make, optimizer), Run(torch, make, optimizer)


def rates(name: str, make: Make, optimizer: Any) -> str:
    ours, theirs = both(make, optimizer)
    return difference(ours.go_on(STEPS), theirs.go_on(STEPS))


def continued(name: str, make: Make, optimizer: Any) -> str:
    """Files of either side's state, that the other one goes on from."""
    ours, theirs = both(make, optimizer)
    ours.go_on(7)
    theirs.go_on(7)
    files = []
    for run in (ours, theirs):
        file = io.BytesIO()
        run.framework.save([run.schedule.state_dict(), run.optimizer.state_dict()], file)
        file.seek(0)
        files.append(file)
    for run, file in ((ours, files[1]), (theirs, files[0])):
        options = {"weights_only": False} if run.framework is torch else {}
        state, optimizer_state = run.framework.load(file, **options)
        run.schedule.load_state_dict(state)
        run.optimizer.load_state_dict(optimizer_state)
    return difference(ours.go_on(STEPS - 7), theirs.go_on(STEPS - 7))


def at_epochs(name: str, make: Make, optimizer: Any) -> str | None:
    """Steps to given epochs, where PyTorch takes them."""
    ours, theirs = both(make, optimizer)
    for epoch in (3, 1, 8):
        _, refused = outcome(lambda e=epoch: theirs.schedule.step(epoch=e))
        if refused is not None:
            return None
        ours.schedule.step(epoch=epoch)
        if found := difference(ours.now(), theirs.now()):
            return f"epoch {epoch}: {found}"
    return ""
