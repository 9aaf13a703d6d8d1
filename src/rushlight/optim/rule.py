"""Optimizers that are a rule: they say what it remembers and which options it takes, no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from ..autograd.mirror import all_written
from ..dtype import float32, float64, get_default_dtype
from ..errors import OperationError
from ..grad_mode import enable_grad, no_grad
from ..kernels import launch
from ..kernels.base.optim import RULES
from ..kernels.launch import kernels as kernel_tables
from ..layout import strided
from ..ops.choices import clamp, maximum, where
from ..ops.comparison import sign
from ..ops.complex import view_as_real
from ..ops.creation import empty_like
from ..ops.from_data import tensor
from ..ops.powers import sqrt
from ..tensor import Tensor
from .optimizer import Optimizer
from .options import Check, checked, complete

# What rules compute with where the step itself is recorded.
OF_TENSORS = SimpleNamespace(clip=clamp, maximum=maximum, sign=sign, sqrt=sqrt, where=where)


@dataclass(frozen=True)
class State:
    """What is remembered of each element of a parameter, and the number that it begins as, or the
    option that is this number; `under` is an option without which there is no such state."""

    name: str
    begins: float | str = 0.0
    under: str | None = None


class RuleOptimizer(Optimizer):
    """An optimizer whose step is a rule of `kernels/base/optim.py`.

    A subclass says the rule's name; the states and the numbers (by name, with what they begin as)
    that it goes by, in its order; and the options that it takes, where `("betas", 0)` is the first
    of two. Its `__init__` hands over its `locals()`.
    """

    rule: ClassVar[str]
    states: ClassVar[tuple[State, ...]]
    numbers: ClassVar[Mapping[str, float | str]] = {"step": 0.0}
    takes: ClassVar[tuple[str | tuple[str, int], ...]]
    checks: ClassVar[Mapping[str, Check]] = {}

    _remembered: ClassVar[list[tuple[str, str | None]]]  # with the options that they are under

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "states" in cls.__dict__:
            names = [(state.name, state.under) for state in cls.states]
            cls._remembered = [*names, *[(name, None) for name in cls.numbers]]

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        super().__init__(arguments["params"], checked(arguments, self.checks))

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            complete(group, type(self), self.defaults)
            for parameter in group["params"]:
                known: dict[str, Any] = self.state.get(parameter) or {}
                for name in self.numbers if known else ():
                    if not isinstance(known[name], Tensor):  # as PyTorch saved them before 1.12
                        known[name] = number_tensor(known[name])

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = self._evaluate(closure)
        for group in self.param_groups:
            if group.get("differentiable"):
                self._update_recorded(group)
            else:
                self._update(group)
        return loss

    def _update(self, group: dict[str, Any]) -> None:
        def state_of(parameter: Tensor) -> dict[str, Tensor]:
            return self.state[parameter] or self._begin(parameter, group)

        names = self._names(group)
        options = self._options(group)
        for parameters, gradients, states in self._batches(group, state_of):
            kept = [name and [state[name] for state in states] for name in names]
            self._run_kernel(self.rule, parameters, gradients, kept, *options)

    def _names(self, group: dict[str, Any]) -> list[str | None]:
        """What the rule remembers, in its order; None for a state that the options do without."""
        return [
            name if under is None or group[under] else None for name, under in self._remembered
        ]

    def _options(self, group: dict[str, Any]) -> list[float]:
        if launch.recorder is not None:
            return [option(group, *((o,) if type(o) is str else o)) for o in self.takes]
        return [v.item() if isinstance(v, Tensor) else v for v in self._recorded_options(group)]

    def _begin(self, parameter: Tensor, group: dict[str, Any]) -> dict[str, Tensor]:
        """The state before the first step."""

        def value(begins: float | str) -> float:
            return as_number(group[begins]) if isinstance(begins, str) else begins

        state = {name: number_tensor(value(begins)) for name, begins in self.numbers.items()}
        with no_grad():
            for kept in self.states:
                if kept.under is None or group[kept.under]:
                    made = state[kept.name] = empty_like(parameter, requires_grad=False)
                    as_real(made).fill_(value(kept.begins))
        self.state[parameter] = state  # once it is whole: a step may be interrupted
        return state

    def _batches(
        self, group: dict[str, Any], state_of: Callable[[Tensor], dict[str, Tensor]]
    ) -> Iterable[tuple[list[Tensor], list[Any], list[dict[str, Tensor]]]]:
        """Parameters that a kernel can update in one call, their gradients' arrays, their states.

        That is, of a group's parameters that have a gradient, those of one device and dtype with as
        many entries in their states. A parameter with a sparse gradient is updated by itself.
        """
        found: dict[Any, tuple[list[Tensor], list[Any], list[dict[str, Tensor]]]] = {}
        for parameter in group["params"]:
            gradient = parameter._grad if launch.recorder is None else parameter.grad
            if gradient is None:
                continue
            array = parameter.array
            if type(gradient.array) is not type(array) and gradient.layout is not strided:
                self._update_sparse(group, parameter, gradient)
                continue
            state = state_of(parameter)
            place: Any = type(array)
            if place is not np.ndarray:  # on the host the type says it all, 150 ns sooner
                place = parameter.device
            key = (place, array.dtype, len(state))
            batch = found.get(key)
            if batch is None:
                batch = found[key] = ([], [], [])
            batch[0].append(parameter)
            batch[1].append(gradient.array)
            batch[2].append(state)
        return found.values()

    def _update_sparse(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        raise OperationError(f"{type(self).__name__} does not support sparse gradients")

    def _run_kernel(
        self, name: str, parameters: list[Tensor], gradients: list[Any], kept: list[Any],
        *options: Any,
    ) -> None:  # fmt: skip
        """Calls a rule's kernel; `kept` has the lists of what it remembers, or None in places."""
        arrays = [parameter.array for parameter in parameters]
        lists = [None if states is None else [state.array for state in states] for states in kept]
        arguments: tuple[Any, ...] = (gradients, *lists, *options)
        if arrays[0].dtype.kind == "c":  # real and imaginary parts are parameters of their own
            view = kernel_tables[type(arrays[0])].view_as_real
            arrays, arguments = _viewed(view, arrays), tuple([_viewed(view, a) for a in arguments])
        self._call_kernel(name, parameters, arrays, arguments)
        for states in kept:
            if states is not None:
                all_written(states)

    # ---- the step as tensor operations

    def _update_recorded(self, group: dict[str, Any]) -> None:
        """The rule on tensors, whose operations are recorded (`differentiable=True`)."""
        with enable_grad():
            for parameter in group["params"]:
                gradient = parameter.grad
                if gradient is None:
                    continue
                if gradient.layout is not strided:
                    self._update_sparse(group, parameter, gradient)
                else:
                    self._record_step(group, parameter, gradient)

    def _record_step(self, group: dict[str, Any], parameter: Tensor, gradient: Tensor) -> None:
        state = self.state[parameter] or self._begin(parameter, group)
        kept = [None if name is None else state[name] for name in self._names(group)]
        self._follow_rule([parameter, *kept], gradient, self._recorded_options(group))

    def _recorded_options(self, group: dict[str, Any]) -> list[Any]:
        """The options as they are: of one that is a tensor the step has a gradient, too."""
        return [group[o] if type(o) is str else group[o[0]][o[1]] for o in self.takes]

    def _follow_rule(
        self, targets: list[Tensor | None], gradient: Tensor, options: list[Any]
    ) -> None:
        # What the rule reads are copies, as their tensors change while the record still needs them.
        targets = [None if t is None else as_real(t) for t in targets]
        tensors = len(self.states) + 1
        values = [None if t is None else t.clone() for t in targets[:tensors]]
        numbers = [as_number(t) for t in targets[tensors:]]
        changed = RULES[self.rule].function(
            OF_TENSORS, values[0], as_real(gradient), *values[1:], *numbers, *options
        )
        for target, value in zip(targets, changed, strict=True):
            if target is not None:
                target.copy_(value) if isinstance(value, Tensor) else target.fill_(value)


def _viewed(view: Callable[[Any], Any], argument: Any) -> Any:
    """A list of complex arrays as real ones, and anything else as it is."""
    if isinstance(argument, list) and argument[0].dtype.kind == "c":
        return [view(array) for array in argument]
    return argument


def as_real(values: Tensor) -> Tensor:
    """A complex tensor as its real and imaginary parts."""
    return view_as_real(values) if values.is_complex() else values


def number_tensor(value: float) -> Tensor:
    """A number such as the count of steps as PyTorch keeps it: a tensor on the CPU."""
    wide = get_default_dtype() is float64
    return tensor(float(value), dtype=float64 if wide else float32, device="cpu")


def as_number(value: Any) -> float:
    """An option that may be a tensor of one element, such as a beta."""
    return value.item() if isinstance(value, Tensor) else value


def option(group: dict[str, Any], key: str, index: int | None = None) -> float:
    """A group's option for a kernel: `group[key]`, or one of the numbers there.

    Schedulers change options; while a step is recorded this is a number that replays read anew.
    """
    value = group[key]
    if launch.recorder is not None and type(value) is not bool:
        return launch.recorder.live(group, key, index)
    return as_number(value if index is None else value[index])
