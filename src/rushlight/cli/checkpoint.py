"""Checkpoints of the command line: written, found and read with errors that help."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import rushlight

from ..nn import Module
from ..serialization import CheckpointError
from ..tensor import Tensor
from .errors import CommandError, DivergedError
from .options import Options
from .tasks import MODELS
from .training import Training

FILE_NAME = "checkpoint.pt"
_KEYS = {
    "model", "optimizer", "scheduler", "epoch", "step", "epoch_start", "random", "losses",
    "correct", "history", "options", "classes", "rushlight",
}  # fmt: skip
_NAMED = 6  # how many differences an error names


def find(run: str) -> str:
    """The checkpoint of a run that is named by its folder or by the checkpoint itself."""
    return os.path.join(run, FILE_NAME) if os.path.isdir(run) else run


def save(training: Training, path: str) -> None:
    """Replaces the checkpoint; CommandError leaves the old one in place."""
    _write(training.state_dict(), path)


def _write(state: dict[str, Any], path: str) -> None:
    try:
        rushlight.save(state, path)
    except OSError as error:
        raise CommandError(
            f"cannot write {path}: {error.strerror}; make room or choose another --out"
        ) from error


def mark_diverged(path: str) -> None:
    """Notes in a checkpoint that its run does not come to an end from there."""
    _write({**load(path), "diverged": True}, path)


def has_diverged(path: str) -> bool:
    """Whether this is the checkpoint of a run that is of no use any more."""
    try:
        state = load(path)
        check_diverged(state, path)
        check_finite(state["model"], path)
    except DivergedError:
        return True
    except CommandError:
        return False
    return False


def check_diverged(state: dict[str, Any], path: str) -> None:
    """DivergedError where going on would end as it has ended before."""
    if state.get("diverged"):
        raise DivergedError(
            f"{path}: this run has diverged, and would again; start it anew with a lower learning "
            f"rate: rushlight train --out {os.path.dirname(path) or '.'} --lr RATE"
        )


def load(path: str) -> dict[str, Any]:
    """CommandError unless it is a complete checkpoint of `rushlight train`."""
    try:
        state = rushlight.load(path, map_location="cpu")  # the device may be another machine's
    except OSError as error:
        raise CommandError(f"cannot read the checkpoint {path}: {error.strerror}") from error
    except CheckpointError as error:
        raise CommandError(str(error)) from error
    if not isinstance(state, dict) or not _KEYS <= state.keys():
        raise CommandError(
            f"{path}: this is no checkpoint of 'rushlight train'; if it holds a network of your "
            "own, load it from Python with rushlight.load"
        )
    return state


def load_model(state: dict[str, Any], path: str) -> Module:
    """The network that a checkpoint holds, with its weights."""
    options = Options.from_checkpoint(state["options"], path)
    classes = state["classes"]
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise CommandError(f"{path}: 'classes' in this checkpoint is no list of names")
    model = MODELS[options.model](len(classes))
    check_fits(model, state["model"], options.model, path)
    check_finite(state["model"], path)
    model.load_state_dict(state["model"])
    return model


def resume(training: Training, state: dict[str, Any], path: str) -> None:
    """Takes the state over into a run that was made with its options."""
    check_fits(training.model, state["model"], training.options.model, path)
    check_diverged(state, path)
    check_finite(state["model"], path)
    try:
        training.load_state_dict(state)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RuntimeError) as e:
        raise CommandError(
            f"{path}: the training state in this checkpoint is damaged ({e}); start a new run"
        ) from e


def check_finite(saved: Any, path: str) -> None:
    """DivergedError that names the first weights that are infinite or no numbers."""
    for name, tensor in saved.items() if isinstance(saved, Mapping) else ():
        if isinstance(tensor, Tensor) and not bool(tensor.isfinite().all()):
            raise DivergedError(
                f"{path}: the training of this network has diverged ({name} holds values that are "
                "not finite); train it anew with a lower learning rate (--lr)"
            )


def check_fits(model: Module, saved: Any, name: str, path: str) -> None:
    """CommandError that names the keys and shapes that differ from the model's."""
    if not isinstance(saved, Mapping) or not all(isinstance(v, Tensor) for v in saved.values()):
        raise CommandError(f"{path}: 'model' in this checkpoint is no state_dict of a network")
    wanted = model.state_dict()
    differences = [
        f"{key} is {tuple(saved[key].shape)} instead of {tuple(tensor.shape)}"
        for key, tensor in wanted.items()
        if key in saved and saved[key].shape != tensor.shape
    ]
    differences += [f"{key} is missing" for key in wanted if key not in saved]
    differences += [f"{key} is unknown" for key in saved if key not in wanted]
    if not differences:
        return
    more = len(differences) - _NAMED
    named = "; ".join(differences[:_NAMED]) + (f"; and {more} more" if more > 0 else "")
    raise CommandError(
        f"{path}: the weights in this checkpoint are not those of the network {name}: {named}"
    )
