"""What every schedule makes of the learning rate."""
import warnings

import torch
from torch import nn, optim
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)

warnings.filterwarnings("ignore")


def sgd():
    weights = [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))]
    return optim.SGD([{"params": weights[:1]}, {"params": weights[1:], "lr": 0.5}],
                     lr=0.1, momentum=0.9)


def warmup(optimizer):
    return SequentialLR(optimizer, [LinearLR(optimizer, 0.1, total_iters=3),
                                    ExponentialLR(optimizer, 0.8)], milestones=[3])


schedules = {
    "step": lambda o: StepLR(o, 3, 0.5),
    "multistep": lambda o: MultiStepLR(o, [2, 5, 6], 0.1),
    "exponential": lambda o: ExponentialLR(o, 0.9),
    "cosine": lambda o: CosineAnnealingLR(o, 6, eta_min=0.01),
    "restarts": lambda o: CosineAnnealingWarmRestarts(o, 3, T_mult=2),
    "lambda": lambda o: LambdaLR(o, [lambda e: 1 / (e + 1), lambda e: 0.9**e]),
    "multiplicative": lambda o: MultiplicativeLR(o, lambda e: 0.95),
    "linear": lambda o: LinearLR(o, 0.25, total_iters=4),
    "constant": lambda o: ConstantLR(o, 0.5, total_iters=3),
    "polynomial": lambda o: PolynomialLR(o, total_iters=8, power=2.0),
    "cyclic": lambda o: CyclicLR(o, 0.01, 0.1, step_size_up=3, mode="triangular2"),
    "onecycle": lambda o: OneCycleLR(o, [0.3, 0.6], total_steps=10, anneal_strategy="linear"),
    "sequential": warmup,
    "chained": lambda o: ChainedScheduler([ConstantLR(o, 0.1, 2), ExponentialLR(o, 0.9)]),
}
for name, make in schedules.items():
    optimizer = sgd()
    scheduler = make(optimizer)
    rates = []
    for _ in range(8):
        optimizer.step()
        rates.append([round(group["lr"], 6) for group in optimizer.param_groups])
        scheduler.step()
    print(f"{name:15s}", *(f"{first:.6f}/{second:.6f}" for first, second in rates))
    momenta = [group["momentum"] for group in optimizer.param_groups]
    print(" " * 15, scheduler.last_epoch if hasattr(scheduler, "last_epoch") else "",
          [round(m, 6) for m in momenta], [round(lr, 6) for lr in scheduler.get_last_lr()])

optimizer = sgd()
plateau = ReduceLROnPlateau(optimizer, "min", factor=0.5, patience=1, threshold=0.01, cooldown=1)
for metric in (1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.5):
    plateau.step(torch.tensor(metric))
    print("plateau", metric, optimizer.param_groups[0]["lr"], plateau.num_bad_epochs)
print(sorted(plateau.state_dict()))
