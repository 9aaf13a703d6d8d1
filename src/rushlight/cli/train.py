"""`rushlight train`: trains a network, and shows what it has learnt."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
import time

import rushlight

from .. import graph
from ..kernels.devices import with_index
from ..vision.utils import save_image
from . import checkpoint, folder
from .errors import CommandError, DivergedError, require_extras
from .interrupt import Interrupt
from .options import MACHINE_DEFAULTS, Options
from .progress import make_progress
from .tasks import Task
from .training import Training, predict_all


def run(arguments: argparse.Namespace) -> int:
    require_extras("train")
    _keep_to_the_cores(arguments)
    if arguments.threads is not None:
        rushlight.set_num_threads(arguments.threads)
    if arguments.resume is not None:
        return _resume(arguments)
    options = Options.from_arguments(arguments)
    training = _prepare(options, arguments)
    with folder.new_run(arguments.out, f"{options.dataset}-{options.model}") as out:
        return _train(training, out, arguments)


def _keep_to_the_cores(arguments: argparse.Namespace) -> None:
    """More threads or processes than cores wait for each other: a hundred on two cores take 80
    times as long as two."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux has it
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    for name in ("threads", "workers"):
        asked = getattr(arguments, name)
        if asked is not None and asked > cores:
            setattr(arguments, name, cores)
            there = "is 1 core" if cores == 1 else f"are {cores} cores"
            print(f"rushlight: there {there} here: --{name} {asked} is taken as {cores}",
                  file=sys.stderr)  # fmt: skip


def _resume(arguments: argparse.Namespace) -> int:
    """Goes on with the run named by `--resume RUN`, or by `--out RUN --resume`."""
    named = arguments.resume or arguments.out
    if named is None:
        raise CommandError("which run? Name its folder: --resume runs/NAME")
    path = checkpoint.find(named)
    out = os.path.dirname(path) or "."
    if arguments.out is not None and os.path.realpath(arguments.out) != os.path.realpath(out):
        raise CommandError(
            f"--resume {named} goes on in its own folder; leave out --out {arguments.out}"
        )
    state = checkpoint.load(path)
    options = Options.from_checkpoint(state["options"], path)
    options.check_same(arguments)
    training = _prepare(options, arguments)
    checkpoint.resume(training, state, path)
    return _train(training, out, arguments)


def _prepare(options: Options, arguments: argparse.Namespace) -> Training:
    device = _find_device(arguments.device)
    task = Task.load(options.dataset, arguments.data, arguments.download)
    if options.batch_size > len(task.train):
        raise CommandError(
            f"--batch-size {options.batch_size} is more than the {len(task.train):,} training "
            f"images of {options.dataset}"
        )
    return Training(options, task, arguments.workers, device=device, compiled=arguments.compile)


def _find_device(name: str) -> rushlight.device:
    """CommandError unless there is such a device."""
    try:
        return with_index(rushlight.device(name))
    except (AssertionError, RuntimeError) as error:
        raise CommandError(f"--device {name}: {error}") from error


def _train(training: Training, out: str, arguments: argparse.Namespace) -> int:
    options, task = training.options, training.task
    path = os.path.join(out, checkpoint.FILE_NAME)
    print(
        f"{options.model} on {options.dataset}: {len(task.train):,} training and "
        f"{len(task.test):,} test images, "
        f"{sum(p.numel() for p in training.model.parameters()):,} parameters"
    )
    if training.complete:
        print(
            f"all {options.epochs} epochs are complete, over which the learning rate has fallen: "
            f"for more start a new run, with --epochs {2 * options.epochs} for example; the "
            "pictures are drawn again"
        )
    saved = False
    try:
        with Interrupt() as interrupt:
            checkpoint.save(training, path)  # a disk that is full says so now, not after an epoch
            saved = True
            _train_epochs(training, path, interrupt)
        if interrupt.signal is not None:
            _say_how_to_go_on(f"{_where(training)}; the state is saved", out, arguments)
            return interrupt.exit_code
        _show(training, out)
    except DivergedError as error:
        checkpoint.mark_diverged(path)
        raise CommandError(f"{error}; --out {out} can be used again for that") from error
    except KeyboardInterrupt:  # a second one, or one while the pictures are drawn
        if not saved:
            raise
        what = "after the last epoch; the state is saved, the pictures are not all drawn"
        if not training.complete:
            what = "at once; what was saved last is there"
        _say_how_to_go_on(what, out, arguments)
        return 130
    return 0


def program() -> list[str]:
    """How this program was called, for commands to copy: not every `rushlight` is on the path."""
    name = sys.argv[0]
    if name.endswith(os.path.join("rushlight", "__main__.py")):
        return [os.path.relpath(sys.executable) if _is_below(sys.executable) else sys.executable,
                "-m", "rushlight"]  # fmt: skip
    if os.path.basename(name) != "rushlight" or shutil.which("rushlight") == os.path.abspath(name):
        return ["rushlight"]
    return [os.path.relpath(name) if _is_below(name) else name]


def _is_below(path: str) -> bool:
    """Whether a path leads into the current folder."""
    return os.path.abspath(path).startswith(os.getcwd() + os.sep)


def _where(training: Training) -> str:
    if training.complete:
        return "after the last epoch, before the pictures"
    if training.step == 0:
        return f"at the end of epoch {training.epoch}"
    return f"at epoch {training.epoch + 1}, after step {training.step} of {training.steps}"


def _say_how_to_go_on(what: str, out: str, arguments: argparse.Namespace) -> None:
    print(f"stopped {what}. Go on with:\n  {_resume_command(out, arguments)}", file=sys.stderr)


def _train_epochs(training: Training, path: str, interrupt: Interrupt) -> None:
    """To the end or to a signal. The checkpoint is that of the last step either way."""
    epochs = training.options.epochs
    total = epochs * len(training.task.train)
    progress = make_progress(total, training.images_done)

    def on_step(loss: float, images: int) -> None:
        where = f"epoch {training.epoch + 1}/{epochs}, step {training.step}/{training.steps}"
        progress.step(where, loss, images)

    try:
        while not training.complete and interrupt.signal is None:
            started = time.perf_counter()
            if training.train_epoch(on_step, lambda: interrupt.signal is not None):
                seconds = time.perf_counter() - started
                progress.line(_epoch_line(training, seconds))
            checkpoint.save(training, path)
    finally:
        progress.close()


def _epoch_line(training: Training, seconds: float) -> str:
    latest = training.history[-1]
    return (
        f"epoch {training.epoch}/{training.options.epochs}: test accuracy "
        f"{latest['test_accuracy']:.2%}, test loss {latest['test_loss']:.4f}, training accuracy "
        f"{latest['accuracy']:.2%}, {seconds:.1f} s"
    )


def _resume_command(out: str, arguments: argparse.Namespace) -> str:
    command = [*program(), "train", "--resume", out]
    for name, default in MACHINE_DEFAULTS.items():
        value = getattr(arguments, name)
        if value is True:
            command.append("--" + name)
        elif value != default:
            command += ["--" + name, str(value)]
    return shlex.join(command)


def _show(training: Training, out: str) -> None:
    """Makes the pictures, and names the files."""
    try:
        _draw(training, out)
    except OSError as error:
        raise CommandError(
            f"cannot write {error.filename or out}: {error.strerror}; the training is complete and "
            f"saved, once there is room draw the pictures with: rushlight train --resume {out}"
        ) from error
    correct = training.history[-1]["test_accuracy"]
    print(f"\n{correct:.2%} of the test images are classified correctly. In {out}:")
    for file, meaning in folder.FILES.items():
        print(f"  {file:14}  {meaning}")
    files = (os.path.join(out, name) for name in (checkpoint.FILE_NAME, "example.png"))
    print("Classify an image file of your own in the same way as the example:")
    print("  " + shlex.join([*program(), "predict", *files]))


def _draw(training: Training, out: str) -> None:
    from . import pictures  # matplotlib takes 0.4 s to import, which the start need not wait for

    task = training.task
    images, labels = task.test.tensors
    probabilities = predict_all(training.model, task.test).exp().cpu().numpy()
    true, predicted = labels.numpy(), probabilities.argmax(1)

    def path(name: str) -> str:
        return os.path.join(out, name)

    pictures.draw_curves(training.losses, training.history, path("curves.png"))
    pictures.draw_confusion(true, predicted, task.classes, path("confusion.png"))
    pictures.draw_mistakes(
        task.test_images.numpy(), true, probabilities, task.classes, path("mistakes.png")
    )
    _draw_graph(training, path("graph.svg"))
    save_image(task.test_images[:1].unsqueeze(1).float() / 255, path("example.png"))


def _draw_graph(training: Training, path: str) -> None:
    """The graph of a training step's loss. The step may change the state, which is saved by now."""
    count = training.options.batch_size
    images, labels = (
        tensor[:count].clone().to(training.device) for tensor in training.task.test.tensors
    )
    images.requires_grad_()
    loss = training.loss_function(training.model.train()(images), labels)
    graph.save_svg(
        loss, path, training.model.named_parameters(), {"images": images, "labels": labels}
    )
