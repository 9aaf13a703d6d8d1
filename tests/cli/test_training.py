"""Interrupted runs: they save, and resumed they end with the same bits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_support import OPTIONS, refusal

import rushlight as torch
from rushlight.cli import checkpoint, tasks
from rushlight.cli.folder import FILES
from rushlight.cli.main import main
from rushlight.cli.training import Training


def train_on(training: Training, steps: int | None = None) -> None:
    """To the end, or for a number of steps."""
    done = 0

    def count(loss: float, images: int) -> None:
        nonlocal done
        done += 1

    while not training.complete and done != steps:
        training.train_epoch(count, lambda: done == steps)


def bits(training: Training) -> dict[str, Any]:
    """The state, arrays as bytes."""

    def plain(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return value.cpu().numpy().tobytes()
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value

    return plain(training.state_dict())


@pytest.mark.parametrize("model, optimizer", [("convnet", "sgd"), ("mlp", "adam")])
def test_compiled_training_ends_with_the_same_bits(model: str, optimizer: str) -> None:
    options = replace(OPTIONS, model=model, optimizer=optimizer, lr=0.01)
    task = tasks.Task.load("digits", "", download=False)
    eager, compiled = Training(options, task), Training(options, task, compiled=True)
    for training in (eager, compiled):
        torch.manual_seed(5)
        train_on(training)
    assert bits(compiled) == bits(eager)
    records = [len(entries) for entries in compiled.update.entries.values()]
    assert records == [1] * len(records) and not compiled.update.runs_eagerly


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("model, optimizer", [("convnet", "sgd"), ("mlp", "adam")])
@pytest.mark.parametrize("steps", [2, 5])
def test_resumed_runs_end_with_the_same_bits(
    model: str, optimizer: str, steps: int, workers: int, tmp_path: Path
) -> None:
    options = replace(OPTIONS, model=model, optimizer=optimizer, lr=0.01)
    task = tasks.Task.load("digits", "", download=False)
    straight = Training(options, task)
    train_on(straight)
    stopped = Training(options, task, workers)
    train_on(stopped, steps)
    assert (stopped.epoch, stopped.step) == divmod(steps, 4)
    path = str(tmp_path / "checkpoint.pt")
    checkpoint.save(stopped, path)
    torch.manual_seed(77)
    resumed = Training(options, task, workers)
    checkpoint.resume(resumed, checkpoint.load(path), path)
    assert bits(resumed) == bits(stopped)
    train_on(resumed)
    assert bits(resumed) == bits(straight)


def test_resumed_runs_on_a_device_end_with_the_same_bits(tmp_path: Path) -> None:
    options = replace(OPTIONS, model="convnet", epochs=1)  # it has dropout
    task = tasks.Task.load("digits", "", download=False)
    straight = Training(options, task, device="strict")
    train_on(straight)
    stopped = Training(options, task, device="strict")
    train_on(stopped, 2)
    path = str(tmp_path / "checkpoint.pt")
    checkpoint.save(stopped, path)
    torch.manual_seed(77)
    resumed = Training(options, task, device="strict")
    checkpoint.resume(resumed, checkpoint.load(path), path)
    train_on(resumed)
    assert bits(resumed) == bits(straight)
    elsewhere = Training(options, task)
    checkpoint.resume(elsewhere, checkpoint.load(path), path)
    train_on(elsewhere)
    assert elsewhere.complete


SCRIPT = """
import sys
from dataclasses import replace
sys.path[:0] = {paths!r}
from rushlight.cli import tasks
from rushlight.cli.main import main
from cli_support import FewDigits
FewDigits.size = 1500
tasks.DATASETS["digits"] = replace(tasks.DATASETS["digits"], dataset=FewDigits)
sys.exit(main(sys.argv[1:]))
"""


def start(*arguments: str) -> subprocess.Popen[str]:
    paths = [str(Path(__file__).parent), str(Path(torch.__file__).parents[1])]
    script = SCRIPT.format(paths=paths)
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def wait_for(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout is not None
    while line := process.stdout.readline():
        if text in line:
            return
    raise AssertionError(f"{text!r} has not come; stderr: {process.communicate()[1]}")


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    """The weights after a run of TRAIN that nobody interrupts."""
    out = tmp_path_factory.mktemp("straight") / "run"
    process = start(*TRAIN, "--out", str(out))
    assert process.wait(120) == 0
    return torch.load(out / "checkpoint.pt")["model"]


TRAIN = ["train", "--model", "mlp", "--epochs", "12"]


@pytest.mark.parametrize(
    "number, workers", [(signal.SIGINT, 0), (signal.SIGINT, 2), (signal.SIGTERM, 2)]
)
def test_signals_save_and_resume_ends_with_the_same_bits(
    number: int, workers: int, straight: dict[str, torch.Tensor]
) -> None:
    process = start(*TRAIN, "--out", "stopped", "--workers", str(workers))
    wait_for(process, "epoch 1/12")
    os.killpg(process.pid, number)  # as a terminal does: every process of the group
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 128 + number, errors
    assert "rushlight train --resume stopped" in errors and "Traceback" not in errors
    with pytest.raises(ProcessLookupError):  # no worker is left
        os.killpg(process.pid, 0)
    state = checkpoint.load("stopped/checkpoint.pt")
    assert 1 <= state["epoch"] < 12
    assert [path.name for path in Path("stopped").iterdir()] == ["checkpoint.pt"]

    assert start("train", "--resume", "stopped").wait(120) == 0
    resumed = torch.load("stopped/checkpoint.pt")["model"]
    assert all(torch.equal(resumed[key], straight[key]) for key in straight)


def test_a_second_signal_stops_at_once() -> None:
    from rushlight.cli.interrupt import Interrupt

    with pytest.raises(KeyboardInterrupt), Interrupt() as interrupt:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.signal == signal.SIGINT and interrupt.exit_code == 130
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("place", ["evaluation", "pictures"])
def test_ctrl_c_after_the_last_step_says_how_to_go_on(
    place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rushlight.cli import train, training

    def interrupting(real: Any) -> Any:
        def call(*arguments: Any) -> Any:
            os.kill(os.getpid(), signal.SIGINT)
            return real(*arguments)

        return call

    places = {"evaluation": (training, "predict_all"), "pictures": (train, "_draw_graph")}
    module, name = places[place]
    with monkeypatch.context() as patch:
        patch.setattr(module, name, interrupting(getattr(module, name)))
        assert main(["train", "--model", "mlp", "--epochs", "1", "--out", "run"]) == 130
    errors = capsys.readouterr().err
    assert "stopped after the last epoch" in errors
    assert errors.endswith("Go on with:\n  rushlight train --resume run\n")
    assert main(["train", "--resume", "run"]) == 0
    assert "all 1 epochs are complete" in capsys.readouterr().out


def test_ctrl_c_twice_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step = Training._train_step

    def interrupted(self: Training, *batch: Any) -> float:
        if self.step == 2:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        return step(self, *batch)

    monkeypatch.setattr(Training, "_train_step", interrupted)
    assert main(["train", "--model", "mlp", "--epochs", "2", "--out", "run"]) == 130
    errors = capsys.readouterr().err
    assert "stopped at once; what was saved last is there. Go on with:" in errors
    assert errors.endswith("  rushlight train --resume run\n") and "Traceback" not in errors
    monkeypatch.setattr(Training, "_train_step", step)
    assert main(["train", "--resume", "run"]) == 0  # from 0 epochs
    assert "2/2" in capsys.readouterr().out


def test_ctrl_c_elsewhere_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tasks.Task, "load", interrupted)
    assert main(["train", "--out", "run"]) == 130
    assert capsys.readouterr().err == "\nrushlight: stopped\n"
    assert not Path("run").exists()


def test_resume_of_a_finished_run_draws_the_pictures(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "checkpoint.pt").write_bytes((trained / "checkpoint.pt").read_bytes())
    assert main(["train", "--out", str(run), "--resume"]) == 0
    assert "all 2 epochs are complete" in capsys.readouterr().out
    assert sorted(path.name for path in run.iterdir()) == sorted(FILES)
    assert (run / "curves.png").read_bytes() == (trained / "curves.png").read_bytes()
    before, after = (torch.load(folder / "checkpoint.pt") for folder in (trained, run))
    assert all(torch.equal(after["model"][key], before["model"][key]) for key in before["model"])


def test_what_resume_refuses(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = refusal(capsys, "train", "--resume", trained, "--lr", "0.1")
    assert "--lr 0.1 differs from the run to resume, which has --lr 0.05" in message
    assert "--model lenet" in refusal(capsys, "train", "--resume", trained, "--model", "lenet")
    assert "--resume runs/NAME" in refusal(capsys, "train", "--resume")
    assert "leave out --out" in refusal(capsys, "train", "--resume", trained, "--out", "elsewhere")
    assert "No such file" in refusal(capsys, "train", "--resume", "nowhere")
    assert not Path("elsewhere").exists() and not Path("nowhere").exists()
