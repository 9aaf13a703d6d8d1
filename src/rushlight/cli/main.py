"""The entry point `rushlight`: reads the command line, and turns errors into exit codes.

0: done. 1: an error of Rushlight's own, with its traceback, or an output that cannot be written. 2:
a mistake that the user can put right, said in one line. 130 and 143: stopped by Ctrl-C and by
SIGTERM.
"""

from __future__ import annotations

import argparse
import difflib
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import rushlight_run

from ..errors import DataError
from ..version import __version__
from .errors import CommandError, report
from .options import DEFAULTS, LEARNING_RATES, MACHINE_DEFAULTS
from .output import OutputError, output
from .tasks import DATASETS, MODELS


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] == ["run"]:  # what follows is Python's to read
        return rushlight_run.run(arguments[1:])
    try:
        with output():
            return _run(arguments)
    except OutputError as error:
        # What is still to be printed goes nowhere, at Python's end too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error.__cause__, BrokenPipeError):  # `... | head`: nobody reads on
            report(str(error))
        return 1


def _run(argv: Sequence[str]) -> int:
    try:
        arguments = _parsed(argv)
        return _command(arguments.command)(arguments)
    except (CommandError, DataError) as error:
        report(str(error))
        return 2
    except MemoryError:
        report("the memory here is too small for this; a smaller --batch-size needs less")
        return 2
    except KeyboardInterrupt:
        print("\nrushlight: stopped", file=sys.stderr)
        return 130


def _parsed(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments; of one that is unknown the command says what may be meant."""
    parser = make_parser()
    arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        command = parser.commands[arguments.command]
        options = [name for action in command._actions for name in action.option_strings]
        near = difflib.get_close_matches(unknown[0].partition("=")[0], options, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        command.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    return arguments


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    """Each command is imported when it is asked for."""
    if name == "train":
        from .train import run
    elif name == "predict":
        from .predict import run
    elif name == "check":
        from .check import run
    else:
        from .info import run
    return run


class _Parser(argparse.ArgumentParser):
    commands: Mapping[str, argparse.ArgumentParser]  # of the whole command line's

    def error(self, message: str) -> NoReturn:
        report(f"{message} (see '{self.prog} --help')")
        sys.exit(2)


def make_parser() -> _Parser:
    parser = _Parser(
        prog="rushlight",
        description="Runs programs written for PyTorch; trains and tries small networks.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"rushlight {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    parser.commands = commands.choices
    _add_train(commands)
    predict = commands.add_parser(
        "predict",
        allow_abbrev=False,
        help="say what image files show",
        description="Says what image files show. An image is made grey and 28x28 pixels, and "
        "inverted where its background is light.",
    )
    predict.add_argument(
        "checkpoint", metavar="CHECKPOINT", help="what 'rushlight train' has left: file or folder"
    )
    predict.add_argument("images", metavar="IMAGE", nargs="+", help="an image file")
    predict.add_argument(
        "--show", action="store_true", help="print the 28x28 pixels that the network saw, too"
    )
    commands.add_parser(  # for the list of commands: `main` takes it before anything is read
        "run", help="run a program with Rushlight in the place of torch and torchvision"
    )
    check = commands.add_parser(
        "check",
        allow_abbrev=False,
        help="list the names of PyTorch's that programs use and Rushlight lacks",
        description="Lists the names of torch and torchvision that programs use and Rushlight "
        "lacks, with their lines. It reads the programs, and runs nothing of them. Exit code 1: "
        "something is missing, or a file cannot be read.",
    )
    check.add_argument(
        "paths", metavar="PATH", nargs="+",
        help="a program, a notebook, a folder of such, or the name of an installed package",
    )  # fmt: skip
    commands.add_parser(
        "info", help="show versions, threads, instruction sets and devices", allow_abbrev=False
    )
    return parser


def _add_train(commands: Any) -> None:
    train = commands.add_parser(
        "train",
        allow_abbrev=False,
        help="train a network on a dataset of images",
        description="Trains a network on a dataset of grey 28x28 images, and leaves in its folder "
        "a checkpoint and pictures of what it has learnt. Ctrl-C saves the state first.",
    )
    add = train.add_argument
    rates = ", ".join(f"{rate} for {name}" for name, rate in LEARNING_RATES.items())
    epochs = ", ".join(f"{info.epochs} for {name}" for name, info in DATASETS.items())
    add("--dataset", choices=DATASETS,
        help=f"'digits' comes with the package (default: {DEFAULTS['dataset']})")  # fmt: skip
    add("--model", choices=MODELS, help=f"(default: {DEFAULTS['model']})")
    add("--data", metavar="DIR", default=MACHINE_DEFAULTS["data"],
        help="where the dataset's files are, or go to (default: %(default)s)")  # fmt: skip
    add("--download", action="store_true", help="fetch missing files from the network")
    add("--epochs", type=_positive, metavar="N", help=f"(default: {epochs})")
    add("--batch-size", type=_positive, metavar="N", help=f"(default: {DEFAULTS['batch_size']})")
    add("--optimizer", choices=LEARNING_RATES,
        help=f"sgd has a momentum of 0.9 (default: {DEFAULTS['optimizer']})")  # fmt: skip
    add("--lr", type=_learning_rate, metavar="RATE",
        help="learning rate at its highest: it rises to it for a third of the steps, then falls "
        f"(default: {rates})")  # fmt: skip
    add("--seed", type=_seed, metavar="N",
        help=f"of weights and shuffling (default: {DEFAULTS['seed']})")  # fmt: skip
    add("--out", metavar="DIR",
        help="a new folder for the results (default: runs/DATASET-MODEL, numbered)")  # fmt: skip
    add("--resume", nargs="?", const="", metavar="RUN",
        help="go on with the run in this folder (or in --out), with its options")  # fmt: skip
    add("--workers", type=_not_negative, metavar="N", default=MACHINE_DEFAULTS["workers"],
        help="processes that make batches ahead (default: %(default)s, none)")  # fmt: skip
    add("--compile", action="store_true",
        help="record the training step once and replay it: the same weights, sooner")  # fmt: skip
    add("--device", metavar="DEVICE", default=MACHINE_DEFAULTS["device"],
        help="cpu, cuda or cuda:N (default: %(default)s)")  # fmt: skip
    add("--threads", type=_positive, metavar="N", default=MACHINE_DEFAULTS["threads"],
        help="that compute (default: as many as there are cores)")  # fmt: skip


def _number(
    kind: type, fits: Callable[[Any], bool], wanted: str
) -> Callable[[str], Any]:
    """Reads an option's value; argparse shows the message after the option's name."""

    def read(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not fits(value):
            raise argparse.ArgumentTypeError(f"'{text}' is not {wanted}")
        return value

    return read


_positive = _number(int, lambda n: 0 < n < 2**31, "a whole number of at least 1, below 2**31")
_not_negative = _number(int, lambda n: 0 <= n < 2**31, "a whole number of at least 0, below 2**31")
_seed = _number(int, lambda n: 0 <= n < 2**63, "a whole number from 0 to 2**63 - 1")
_learning_rate = _number(
    float, lambda x: math.isfinite(x) and x > 0, "a number greater than 0"
)
