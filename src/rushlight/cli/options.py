"""What determines the weights that a training run ends with."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, get_type_hints

from .errors import CommandError
from .tasks import DATASETS, MODELS

# Found by training LeNet with each: the learning rate rises to this and falls to nothing.
LEARNING_RATES = {"sgd": 0.05, "adam": 0.003}
DEFAULTS = {
    "dataset": "digits",
    "model": "lenet",
    "batch_size": 64,
    "optimizer": "sgd",
    "seed": 0,
}  # the number of epochs depends on the dataset, the learning rate on the optimizer

# What is about this machine, and may change when a run goes on. The weights stay the same, but for
# rounding with other threads; on another device, dropout draws from another stream, too.
MACHINE_DEFAULTS = {
    "data": "data", "workers": 0, "threads": None, "compile": False, "device": "cpu",
}  # fmt: skip


@dataclass(frozen=True)
class Options:
    """The options of `rushlight train` that a checkpoint keeps: the same ones, the same weights."""

    dataset: str
    model: str
    epochs: int
    batch_size: int
    lr: float
    optimizer: str
    seed: int

    @staticmethod
    def from_arguments(arguments: argparse.Namespace) -> Options:
        """What the command line says, and defaults for what it leaves out."""
        values = {**DEFAULTS, **_given(arguments)}
        values.setdefault("epochs", DATASETS[values["dataset"]].epochs)
        values.setdefault("lr", LEARNING_RATES[values["optimizer"]])
        return Options(**values)

    @staticmethod
    def from_checkpoint(saved: Any, path: str) -> Options:
        """CommandError unless these are the options of a run that this version can continue."""
        types = get_type_hints(Options)
        fits = (
            isinstance(saved, Mapping)
            and saved.keys() == types.keys()
            and all(type(saved[name]) is kind for name, kind in types.items())
            and saved["dataset"] in DATASETS
            and saved["model"] in MODELS
            and saved["optimizer"] in LEARNING_RATES
            and 0 < saved["epochs"] < 2**31
            and 0 < saved["batch_size"] < 2**31
            and 0 < saved["lr"] < math.inf
            and 0 <= saved["seed"] < 2**63
        )
        if not fits:
            raise CommandError(
                f"{path}: this checkpoint has options that this version of Rushlight does not "
                f"know ({saved}); use the version that wrote it"
            )
        return Options(**saved)

    def check_same(self, arguments: argparse.Namespace) -> None:
        """CommandError if the command line asks for something else."""
        for name, value in _given(arguments).items():
            mine = getattr(self, name)
            if value != mine:
                option = "--" + name.replace("_", "-")
                why = ", over which its learning rate falls" if name == "epochs" else ""
                raise CommandError(
                    f"{option} {value} differs from the run to resume, which has {option} {mine}"
                    f"{why}; leave the option out, or start a new run without --resume"
                )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    values = {field.name: getattr(arguments, field.name) for field in fields(Options)}
    return {name: value for name, value in values.items() if value is not None}
