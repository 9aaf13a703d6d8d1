"""Averages of a network's parameters: over steps (arXiv 1803.05407), or fading with them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from ..dtype import int64
from ..errors import OperationError
from ..grad_mode import no_grad
from ..nn.module import Module
from ..nn.modules.batchnorm import _BatchNorm
from ..nn.modules.normalization import _InstanceNorm
from ..ops.from_data import tensor
from ..tensor import Tensor
from .lr_scheduler.base import LRScheduler, Rates, per_group
from .optimizer import Optimizer

__all__ = [
    "AveragedModel", "SWALR", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn",
    "get_swa_multi_avg_fn", "update_bn",
]  # fmt: skip

Average = Callable[[Tensor, Tensor, Any], Tensor]
MultiAverage = Callable[[list[Tensor], list[Tensor], Any], None]


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """A function of (average, parameter, count): decay * average + (1 - decay) * parameter.

    >>> import rushlight as torch
    >>> fade = torch.optim.swa_utils.get_ema_avg_fn(0.75)
    >>> fade(torch.tensor([0.0]), torch.tensor([4.0]), 1)
    tensor([1.])
    """
    _check_decay(decay)

    @no_grad()
    def fade(average: Tensor, parameter: Tensor, count: Any) -> Tensor:
        return decay * average + (1 - decay) * parameter

    return fade


def get_swa_avg_fn() -> Average:
    """A function of (average, parameter, count): the mean that takes in one more parameter.

    >>> import rushlight as torch
    >>> mean = torch.optim.swa_utils.get_swa_avg_fn()
    >>> mean(torch.tensor([1.0]), torch.tensor([4.0]), 2)
    tensor([2.])
    """

    @no_grad()
    def mean(average: Tensor, parameter: Tensor, count: Any) -> Tensor:
        return average + (parameter - average) / (count + 1)

    return mean


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """`get_ema_avg_fn` for lists of averages, in place, and of parameters.

    >>> import rushlight as torch
    >>> average = torch.tensor([0.0])
    >>> torch.optim.swa_utils.get_ema_multi_avg_fn(0.75)([average], [torch.tensor([4.0])], 1)
    >>> average
    tensor([1.])
    """
    _check_decay(decay)
    one = get_ema_avg_fn(decay)

    @no_grad()
    def fade(averages: list[Tensor], parameters: list[Tensor], count: Any) -> None:
        for average, parameter in zip(averages, parameters, strict=True):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(parameter, 1 - decay)
            else:
                average.copy_(one(average, parameter, count))

    return fade


def get_swa_multi_avg_fn() -> MultiAverage:
    """`get_swa_avg_fn` for lists of averages, in place, and of parameters.

    >>> import rushlight as torch
    >>> average = torch.tensor([1.0])
    >>> torch.optim.swa_utils.get_swa_multi_avg_fn()([average], [torch.tensor([4.0])], 2)
    >>> average
    tensor([2.])
    """
    one = get_swa_avg_fn()

    @no_grad()
    def mean(averages: list[Tensor], parameters: list[Tensor], count: Any) -> None:
        part = 1 / (float(count) + 1)
        for average, parameter in zip(averages, parameters, strict=True):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(parameter, part)
            else:
                average.copy_(one(average, parameter, count))

    return mean


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        )


class AveragedModel(Module):
    """A copy of `model` whose parameters are averages of those that `update_parameters` was given.

    `avg_fn(average, parameter, count)` returns a new average, `multi_avg_fn(averages, parameters,
    count)` changes all of them; without either it is the mean. Buffers are copied, or averaged with
    `use_buffers`. `n_averaged` counts the models.

    >>> import rushlight as torch
    >>> model = torch.nn.Linear(1, 1)
    >>> average = torch.optim.swa_utils.AveragedModel(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     _ = torch.nn.init.constant_(model.weight, value)
    ...     average.update_parameters(model)
    >>> average.module.weight.data
    tensor([[3.]])
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Takes the parameters of a model into the averages; the first time it copies them.

        Unlike PyTorch it refuses a model that has more or fewer of them than the averaged one.
        """
        averages = [a.detach() for a in _values(self.module, self.use_buffers)]
        given = list(_values(model, self.use_buffers))
        _check_count("parameters" + " and buffers" * self.use_buffers, averages, given)
        if not self.use_buffers:
            _check_count("buffers", list(self.module.buffers()), list(model.buffers()))
        values = [
            value.detach().to(average.device)
            for average, value in zip(averages, given, strict=True)
        ]
        count = self.n_averaged
        if count == 0:
            for average, value in zip(averages, values, strict=True):
                average.copy_(value)
        elif self.avg_fn is not None:
            for average, value in zip(averages, values, strict=True):
                average.copy_(self.avg_fn(average, value, count.to(average.device)))
        else:
            together = self.multi_avg_fn or get_swa_multi_avg_fn()
            for some, theirs in _by_kind(averages, values):
                together(some, theirs, count.to(some[0].device))
        if not self.use_buffers:
            for buffer, value in zip(self.module.buffers(), model.buffers(), strict=True):
                buffer.detach().copy_(value.detach().to(buffer.device))
        self.n_averaged += 1


def _check_count(what: str, averages: list[Tensor], given: list[Tensor]) -> None:
    if len(averages) != len(given):
        raise OperationError(
            f"AveragedModel.update_parameters: the model has {len(given)} {what}, and the averaged "
            f"one {len(averages)}; make a new AveragedModel of a model whose layers have changed"
        )


def _values(model: Module, use_buffers: bool) -> Iterable[Tensor]:
    return itertools.chain(model.parameters(), model.buffers() if use_buffers else ())


def _by_kind(
    averages: list[Tensor], values: list[Tensor]
) -> Iterable[tuple[list[Tensor], list[Tensor]]]:
    """Both lists in parts of one device and dtype."""
    found: dict[Any, tuple[list[Tensor], list[Tensor]]] = {}
    for average, value in zip(averages, values, strict=True):
        some, theirs = found.setdefault((average.device, average.dtype), ([], []))
        some.append(average)
        theirs.append(value)
    return found.values()


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Makes the running statistics of a model's batch normalisations anew, as means over a loader.

    Its batches are inputs, or lists and tuples that begin with them.

    >>> import rushlight as torch
    >>> model = torch.nn.BatchNorm1d(1)
    >>> batches = [torch.tensor([[0.0], [2.0]]), torch.tensor([[4.0], [6.0]])]
    >>> torch.optim.swa_utils.update_bn(batches, model)
    >>> model.running_mean
    tensor([3.])
    """
    momenta = {}
    for module in model.modules():
        if isinstance(module, _BatchNorm) and not isinstance(module, _InstanceNorm):
            module.reset_running_stats()
            momenta[module] = module.momentum
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.momentum = None  # a mean in which all batches count alike
    for batch in loader:
        inputs = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(inputs if device is None else inputs.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """From the present rates to `swa_lr` in `anneal_epochs` epochs, and `swa_lr` from then on.

    `anneal_strategy` is "cos" or "linear".

    >>> import rushlight as torch
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    >>> schedule = torch.optim.swa_utils.SWALR(optimizer, 0.5, 2, "linear")
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates += schedule.get_last_lr()
    ...     optimizer.step()
    ...     schedule.step()
    >>> rates
    [1.0, 0.75, 0.5, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        self._attach(optimizer)
        rates = per_group("swa_lr", swa_lr, optimizer)
        for rate, group in zip(rates, optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(
                f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}"
            )
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._part(step - 1), self._part(step)
        rates = []
        for group in self.optimizer.param_groups:
            rate, last = group["lr"], group["swa_lr"]
            first = last if before == 1 else (rate - before * last) / (1 - before)
            rates.append(last * now + first * (1 - now))
        return rates

    def _part(self, step: int) -> float:
        """How much of the way is done."""
        part = max(0, min(1, step / max(1, self.anneal_epochs)))
        return part if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * part)) / 2
