"""Holds Rushlight's optimizers and schedules against PyTorch's, by its own database of them.

`python conformance/optimizers.py` takes ten steps of every configuration that `optim_db` (it comes
with PyTorch) has of an optimizer, in both frameworks from the same parameters, and twenty of every
schedule. It compares parameters and states, continues from a `state_dict` of the other side, and
looks whether what must be refused is. `--passing FILE` and `--check FILE` are as in `operators.py`.
"""

from __future__ import annotations

import argparse
import io
import itertools
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from harness import failures, tally, told
from schedules import SCHEDULES, schedule_findings
from torch.testing._internal.common_optimizers import OptimizerErrorEnum, optim_db
from translate import difference, outcome, title, translated

import rushlight

STEPS = 10
PARTS = ("steps", "groups", "implementations", "sparse", "states", "replay", "errors")
# A matrix, a vector, a number and an image; Muon takes matrices alone.
SHAPES = {"Muon": ((4, 3), (3, 5))}
DEFAULT_SHAPES = ((4, 3), (5,), (), (2, 3, 2, 2))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="entries whose name has this in it")
    parser.add_argument("--passing", type=Path, help="a file for the names of what passes")
    parser.add_argument("--check", type=Path, help="a file of names of entries that must pass")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rushlight.set_num_threads(1)
    entries = {info.name: (findings_of, info) for info in optim_db}
    entries |= {name: (schedule_findings, name) for name in SCHEDULES}
    names = arguments.check.read_text().split() if arguments.check else list(entries)
    names = [name for name in names if arguments.only in name]
    found = {}
    for name in names:
        examine, entry = entries[name]
        counts = examine(entry)
        found[name] = {part: count for part, count in counts.items() if count["compared"]}
        counted = (f"{part} {c['compared'] - c['failed']}/{c['compared']}"
                   for part, c in found[name].items())  # fmt: skip
        print(f"{name:28} {', '.join(counted)}")
    passing = [name for name in names if not failures(found[name])]
    if arguments.passing:
        arguments.passing.write_text("\n".join(sorted(passing)) + "\n")
    for name in names:
        for part, finding in failures(found[name]).items():
            print(f"{name}, {part}: {finding[:300]}")
    print(f"{len(passing)} of {len(names)} entries pass")
    return int(bool(arguments.check) and len(passing) < len(names))


def findings_of(info: Any) -> dict[str, Any]:
    return {
        part: tally(part_findings(info))
        for part, part_findings in zip(
            PARTS, (steps, groups, implementations, sparse, states, replay, errors), strict=True
        )
    }


# ---- a training in either framework


class Training:
    """An optimizer of the same parameters and of the same loss in one of the frameworks."""

    def __init__(
        self, framework: Any, info: Any, options: dict[str, Any], dtype: torch.dtype,
        in_groups: bool = False, is_sparse: bool = False,
    ) -> None:  # fmt: skip
        generator = torch.Generator().manual_seed(0)

        def made(shape: Any) -> Any:
            values = torch.randn(shape, dtype=dtype, generator=generator)
            return values if framework is torch else translated(values, {})

        shapes = SHAPES.get(info.name, DEFAULT_SHAPES)
        self.framework = framework
        self.is_sparse = is_sparse
        self.parameters = [framework.nn.Parameter(made(s)) for s in shapes if s or not is_sparse]
        self.targets = [made(tuple(p.shape)) for p in self.parameters]
        given: Any = self.parameters
        if in_groups:
            rest = {"params": self.parameters[1:], "lr": 0.002}
            if "weight_decay" in options:
                rest["weight_decay"] = 0.3
            given = [{"params": self.parameters[:1]}, rest]
        options = options if framework is torch else translated(options, {})
        self.optimizer = getattr(framework.optim, info.name)(given, **options)

    def loss(self) -> Any:
        self.optimizer.zero_grad()
        parts = [
            self.distance(p - t) for p, t in zip(self.parameters, self.targets, strict=True)
        ]
        loss = sum(parts[1:], parts[0])
        loss.backward()
        if self.is_sparse:
            for number, parameter in enumerate(self.parameters):
                gradient = parameter.grad * (self.targets[number] > 0)
                parameter.grad = gradient.to_sparse()
        return loss

    def distance(self, x: Any) -> Any:
        if isinstance(self.optimizer, (torch.optim.LBFGS, rushlight.optim.LBFGS)):
            return (x.abs() ** 2).sum() + (x.abs() ** 4).sum() / 8  # steps of 1 lead down
        return (x.abs() ** 2 + 1).sqrt().sum()

    def step(self, times: int = STEPS) -> None:
        for _ in range(times):
            self.optimizer.step(self.loss)

    def values(self) -> list[Any]:
        return [p.detach() for p in self.parameters]

    def state(self) -> dict[int, Any]:
        return {number: dict(kept) for number, kept in self.optimizer.state_dict()["state"].items()}


def pair(info: Any, *args: Any, **kwargs: Any) -> tuple[Training, Training]:
    ours, theirs = (Training(f, info, *args, **kwargs) for f in (rushlight, torch))
    return ours, theirs


def compared(ours: Training, theirs: Training) -> str:
    finding = difference(ours.values(), theirs.values())
    if isinstance(theirs.optimizer, torch.optim.LBFGS):
        return finding  # at the end of its way, where differences of gradients are rounding alone
    mine, their = ours.state(), theirs.state()
    if finding or mine.keys() == their.keys() == set():
        return finding
    for number, kept in their.items():
        if set(mine.get(number, ())) != set(kept):
            return f"state {sorted(mine.get(number, ()))} instead of {sorted(kept)}"
    if difference(mine, their):
        return f"state: {difference(mine, their)}"
    return ""


def finding(name: str, check: Callable[[], str | None]) -> str | None:
    found, error = outcome(check)
    text = told(error) if error is not None else found
    return text and f"{name}: {text}"


def configurations(info: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for given in info.optim_inputs_func(device="cpu", dtype=torch.float32):
        yield given.desc, given.kwargs


def dtypes(info: Any) -> list[torch.dtype]:
    if info.name == "Muon":  # which computes in bfloat16 whatever it is given
        return [torch.float32]
    return [torch.float32, torch.float64] + [torch.complex64] * info.supports_complex


# ---- the parts


def steps(info: Any) -> Iterator[str]:
    if info.only_supports_sparse_grads:
        return
    for (name, options), dtype in itertools.product(configurations(info), dtypes(info)):

        def check(options: Any = options, dtype: Any = dtype) -> str:
            ours, theirs = pair(info, options, dtype)
            ours.step()
            theirs.step()
            return compared(ours, theirs)

        yield finding(f"{name}, {title(dtype)}", check)


def groups(info: Any) -> Iterator[str]:
    if not info.supports_param_groups:
        return
    for name, options in configurations(info):

        def check(options: Any = options) -> str:
            is_sparse = info.only_supports_sparse_grads
            ours, theirs = pair(info, options, torch.float32, in_groups=True, is_sparse=is_sparse)
            ours.step()
            theirs.step()
            return compared(ours, theirs)

        yield finding(name, check)


def implementations(info: Any) -> Iterator[str]:
    """`foreach` and `fused`: the same steps. `differentiable`: the gradient through them, too."""
    for name, (_, options) in itertools.product(info.supported_impls, configurations(info)):
        if name == "differentiable" or "foreach" in options or "fused" in options:
            continue
        if name == "foreach" and any(isinstance(v, torch.Tensor) for v in options.values()):
            continue

        def check(name: Any = name, options: Any = options) -> str:
            ours, theirs = pair(info, {**options, name: True}, torch.float32)
            ours.step()
            theirs.step()
            return compared(ours, theirs)

        yield finding(f"{name}, {options}", check)
    if "differentiable" in info.supported_impls:
        for name, options in configurations(info):
            yield finding(f"differentiable, {name}", lambda o=options: differentiated(info, o))


def differentiated(info: Any, options: dict[str, Any]) -> str | None:
    """The gradient of a few steps with respect to where they began and the gradients they took."""
    if info.name == "SGD" and "momentum" in options:
        return None  # PyTorch leaves the first gradient out of what its buffer is made of

    def gradients(framework: Any) -> Any:
        generator = torch.Generator().manual_seed(0)
        values = [torch.randn(4, 3, generator=generator) for _ in range(2)]
        given = values if framework is torch else translated(values, {})
        begin, gradient = (v.requires_grad_() for v in given)
        parameter = begin.clone()
        kwargs = options if framework is torch else translated(options, {})
        optimizer = getattr(framework.optim, info.name)(
            [parameter], **{**kwargs, "differentiable": True}
        )
        for _ in range(3):
            parameter.grad = gradient * 2
            optimizer.step()
        return framework.autograd.grad((parameter * parameter).sum(), (begin, gradient))

    expected, refused = outcome(lambda: gradients(torch))
    return None if refused is not None else difference(gradients(rushlight), expected)


def sparse(info: Any) -> Iterator[str]:
    if not (info.supports_sparse or info.only_supports_sparse_grads):
        return
    for name, options in configurations(info):
        if options.get("weight_decay") or "fused" in options or "foreach" in options:
            continue

        def check(options: Any = options) -> str:
            ours, theirs = pair(info, options, torch.float32, is_sparse=True)
            for training in (ours, theirs):
                training.step()
            return difference(ours.values(), theirs.values())

        yield finding(name, check)


def states(info: Any) -> Iterator[str]:
    """Files of either side's state, after five steps, that the other one goes on from."""
    for name, options in configurations(info):
        is_sparse = info.only_supports_sparse_grads

        def saved(training: Training, framework: Any) -> io.BytesIO:
            file = io.BytesIO()
            framework.save(training.optimizer.state_dict(), file)
            file.seek(0)
            return file

        def check(options: Any = options, is_sparse: bool = is_sparse) -> str:
            ours, theirs = pair(info, options, torch.float32, is_sparse=is_sparse)
            for training in (ours, theirs):
                training.step(5)
            from_us, from_them = saved(ours, rushlight), saved(theirs, torch)
            ours.optimizer.load_state_dict(rushlight.load(from_them))
            theirs.optimizer.load_state_dict(torch.load(from_us))
            if ours.optimizer.param_groups[0].keys() != theirs.optimizer.param_groups[0].keys():
                return "groups have other options"
            for training in (ours, theirs):
                training.step(5)
            return compared(ours, theirs)

        yield finding(name, check)


def replay(info: Any) -> Iterator[str]:
    """Recorded steps between which the learning rate changes: the same bits as without a record."""
    if info.step_requires_closure or info.only_supports_sparse_grads:
        return
    for name, options in configurations(info):

        def check(options: Any = options) -> str:
            results = []
            for compiled in (False, True):
                training = Training(rushlight, info, options, torch.float32)
                optimizer = training.optimizer

                def step(training: Training = training, optimizer: Any = optimizer) -> Any:
                    loss = training.loss()
                    optimizer.step()
                    return loss

                run = rushlight.compile(step) if compiled else step
                schedule = rushlight.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
                for _ in range(STEPS):
                    run()
                    schedule.step()
                results.append(training)
            eager, recorded = ([v.numpy() for v in t.values()] for t in results)
            same = all((a == b).all() for a, b in zip(eager, recorded, strict=True))
            return "" if same else "other values than without a record"

        yield finding(name, check)


def errors(info: Any) -> Iterator[str | None]:
    if info.optim_error_inputs_func is None:
        return
    for bad in info.optim_error_inputs_func(device="cpu", dtype=torch.float32):
        given = bad.optimizer_error_input

        def call(framework: Any, given: Any = given, bad: Any = bad) -> None:
            parameters = given.params
            if parameters is None:
                parameters = [torch.nn.Parameter(torch.ones(2, 2))]
            made: dict[int, Any] = {}
            options = given.kwargs
            if framework is rushlight:
                parameters, options = translated(parameters, made), translated(options, {})
            optimizer = getattr(framework.optim, info.name)(parameters, **options)
            if bad.error_on is OptimizerErrorEnum.STEP_ERROR:
                for parameter in optimizer.param_groups[0]["params"]:
                    parameter.grad = parameter.detach() * 0
                optimizer.step()

        with warnings.catch_warnings():
            warnings.simplefilter("error" if bad.error_type is UserWarning else "ignore")
            _, theirs = outcome(lambda c=call: c(torch))
            _, ours = outcome(lambda c=call: c(rushlight))
        if theirs is None:
            yield None
        elif ours is None:
            yield f"{given.desc}: taken, not {type(theirs).__name__}"
        elif not isinstance(ours, type(theirs)):
            yield f"{given.desc}: {told(ours)} instead of {told(theirs)}"
        else:
            yield ""


if __name__ == "__main__":
    sys.exit(main())
