"""The command line: training, resuming, predicting, and what it says to bad input."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import signal
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.cli import checkpoint, image, progress, tasks
from rushlight.cli.folder import FILES
from rushlight.cli.main import main
from rushlight.cli.options import Options
from rushlight.cli.training import Training
from rushlight.vision.datasets import MNIST, Digits
from rushlight.vision.utils import save_image

OPTIONS = Options("digits", "mlp", epochs=2, batch_size=64, lr=0.05, optimizer="sgd", seed=0)


class FewDigits(Digits):
    """Enough images for four steps of training."""

    size = 200

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.data, self.targets = self.data[: self.size], self.targets[: self.size]


@pytest.fixture(autouse=True)
def few_digits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Small data, and a folder of its own for every test."""
    monkeypatch.setitem(
        tasks.DATASETS, "digits", replace(tasks.DATASETS["digits"], dataset=FewDigits)
    )
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run, to read from and not to change."""
    out = tmp_path_factory.mktemp("trained") / "run"
    with pytest.MonkeyPatch.context() as patch:
        info = replace(tasks.DATASETS["digits"], dataset=FewDigits)
        patch.setitem(tasks.DATASETS, "digits", info)
        assert main(["train", "--model", "mlp", "--epochs", "2", "--out", str(out)]) == 0
    return out


def refusal(capsys: pytest.CaptureFixture[str], *arguments: Any) -> str:
    """The one line that a command ends in."""
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as stopped:
        code = stopped.code  # type: ignore[assignment]
    captured = capsys.readouterr()
    assert code == 2, captured
    assert captured.err.startswith("rushlight: error: ") and captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    return captured.err


# ---- what a user does


def test_train_leaves_its_files_and_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--model", "mlp", "--epochs", "2"]) == 0
    output = capsys.readouterr().out
    folder = Path("runs/digits-mlp")
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert len(re.findall(r"epoch \d/2: test accuracy \d+\.\d+%", output)) == 2
    for name in FILES:
        assert name in output
    command = output.splitlines()[-1].split()
    assert command[:2] == ["rushlight", "predict"]
    assert main(command[1:]) == 0
    assert re.fullmatch(rf"{folder}/example.png: \d \(\d+\.\d%\)\n", capsys.readouterr().out)


def test_the_default_folder_is_a_new_one(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert main(["train", "--model", "mlp", "--epochs", "1"]) == 0
    assert sorted(path.name for path in Path("runs").iterdir()) == ["digits-mlp", "digits-mlp-2"]


@pytest.mark.parametrize("model", ["lenet", "convnet"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_every_model_and_optimizer_trains(model: str, optimizer: str) -> None:
    arguments = ["--epochs", "1", "--batch-size", "32", "--optimizer", optimizer, "--out", "run"]
    assert main(["train", "--model", model, *arguments]) == 0
    assert "Convolution" in Path("run/graph.svg").read_text()


def test_the_checkpoint_is_plain(trained: Path) -> None:
    state = torch.load(trained / "checkpoint.pt")
    assert state["options"] == OPTIONS.as_dict()
    assert state["epoch"] == 2 and len(state["losses"]) == 8
    model = tasks.MODELS["mlp"](10)
    assert str(model.load_state_dict(state["model"])) == "<All keys matched successfully>"


def test_the_same_seed_gives_the_same_weights(trained: Path) -> None:
    arguments = ["train", "--model", "mlp", "--epochs", "2"]
    assert main([*arguments, "--out", "same"]) == 0
    assert main([*arguments, "--out", "other", "--seed", "1"]) == 0
    first, same, other = (
        torch.load(folder / "checkpoint.pt")["model"]["fc1.weight"]
        for folder in (trained, Path("same"), Path("other"))
    )
    assert torch.equal(first, same) and not torch.equal(first, other)


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    rows = dict(line.split(":", 1) for line in capsys.readouterr().out.splitlines())
    assert rows["rushlight"].strip() == torch.__version__
    assert int(rows["threads"]) == torch.get_num_threads()
    assert rows["devices"].split()[0].startswith("cpu")
    assert "C++ extension" in rows and "numpy" in rows


def test_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    try:
        assert main(["train", "--model", "mlp", "--epochs", "1", "--threads", "1"]) == 0
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


# ---- resuming


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
            return value.numpy().tobytes()
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value

    return plain(training.state_dict())


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


SCRIPT = """
import sys
from dataclasses import replace
sys.path[:0] = {paths!r}
from rushlight.cli import tasks
from rushlight.cli.main import main
from test_cli import FewDigits
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


# ---- predicting


def test_predict_reads_all_before_it_says_anything(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("notes.png").write_text("not an image")
    example = trained / "example.png"
    message = refusal(capsys, "predict", trained, example, "notes.png")
    assert "notes.png: this is not an image" in message
    assert "no.png: cannot be read" in refusal(capsys, "predict", trained, example, "no.png")
    assert main(["predict", str(trained / "checkpoint.pt"), str(example), str(example)]) == 0
    assert capsys.readouterr().out.count("example.png: ") == 2


def test_an_image_of_the_right_size_is_taken_as_it_is() -> None:
    digit = Digits(train=False).data[0]
    save_image(digit.unsqueeze(0).float() / 255, "digit.png")
    pixels, note = image.read("digit.png", object_size=20)
    assert np.array_equal(pixels, digit.numpy()) and note == ""
    save_image(1 - digit.unsqueeze(0).float() / 255, "light.png")
    pixels, note = image.read("light.png", object_size=20)
    assert np.array_equal(pixels, digit.numpy()) and "inverted" in note


@pytest.mark.parametrize("index", range(5))
def test_a_photograph_becomes_what_mnist_has(index: int) -> None:
    digit = Digits(train=False).data[index].numpy()
    paper = np.full((400, 300), 230.0)
    paper[150:374, 60:284] -= np.kron(digit, np.ones((8, 8))) * 0.8
    from PIL import Image

    Image.fromarray(paper.astype(np.uint8)).save("photo.png")
    pixels, note = image.read("photo.png", object_size=20)
    assert "inverted" in note and "from 300x400 to 28x28" in note
    assert np.corrcoef(pixels.ravel(), digit.ravel())[0, 1] > 0.9


def test_transparent_pixels_are_paper() -> None:
    from PIL import Image

    digit = Digits(train=False).data[0].numpy()
    drawn = np.zeros((28, 28, 4), np.uint8)
    drawn[..., 3] = digit  # black ink, of which there is more or less
    Image.fromarray(drawn).save("ink.png")
    pixels, _ = image.read("ink.png", object_size=20)
    assert np.allclose(pixels, digit, atol=1)


def test_a_blank_image(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_image(torch.ones(1, 40, 40), "blank.png")
    assert "blank.png: the image is blank" in refusal(capsys, "predict", trained, "blank.png")


# ---- bad input


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["--dataset", "cifar"], "invalid choice: 'cifar'"),
        (["--model", "resnet"], "invalid choice: 'resnet'"),
        (["--epochs", "0"], "--epochs: '0' is not a whole number of at least 1"),
        (["--epochs", "two"], "--epochs: 'two' is not"),
        (["--lr", "-1"], "--lr: '-1' is not a number greater than 0"),
        (["--lr", "nan"], "--lr: 'nan' is not"),
        (["--batch-size", "0"], "--batch-size: '0' is not"),
        (["--workers", "-1"], "--workers: '-1' is not"),
        (["--threads", "0"], "--threads: '0' is not"),
        (["--seed", "-1"], "--seed: '-1' is not"),
        (["--dataset", "mnist"], "You can use download=True (--download)"),
        (["--lr", "1e30"], "try a lower learning rate than --lr 1e+30"),
    ],
)
def test_bad_options(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert complaint in refusal(capsys, "train", "--model", "mlp", *arguments)
    if "1e30" not in arguments:  # which is known only after some steps
        assert not Path("runs").exists()


def idx(values: np.ndarray, magic: int = 0x0800) -> bytes:
    header = struct.pack(f">{1 + values.ndim}I", magic | values.ndim, *values.shape)
    return gzip.compress(header + values.astype(np.uint8).tobytes())


IMAGES, LABELS = np.zeros((3, 28, 28)), np.array([1, 2, 3])
BAD_DATA = {
    "truncated": (idx(IMAGES)[:-9], idx(LABELS), "cut short"),
    "magic": (idx(IMAGES, 0x0900), idx(LABELS), "wrong magic number"),
    "not gzip": (b"<html>", idx(LABELS), "train-images-idx3-ubyte.gz"),
    "label": (idx(IMAGES), idx(LABELS + 9), "has the label 10"),
    "md5": (idx(IMAGES), idx(LABELS), "md5"),
}


@pytest.mark.parametrize("kind", BAD_DATA)
def test_bad_data(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    images, labels, complaint = BAD_DATA[kind]
    if kind == "label":  # the images are read first, and are not to be complained about
        md5 = hashlib.md5(gzip.decompress(images), usedforsecurity=False).hexdigest()
        monkeypatch.setitem(MNIST.resources, "train-images-idx3-ubyte", md5)
    folder = Path("data/mnist")
    folder.mkdir(parents=True)
    for split in ("train", "t10k"):
        (folder / f"{split}-images-idx3-ubyte.gz").write_bytes(images)
        (folder / f"{split}-labels-idx1-ubyte.gz").write_bytes(labels)
    message = refusal(capsys, "train", "--dataset", "mnist", "--out", "run")
    assert complaint in message and "data/mnist" in message
    assert not Path("run").exists()


def test_places_that_a_run_cannot_go_to(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").write_text("")
    assert "--out file is a file" in refusal(capsys, "train", "--out", "file")
    assert "Not a directory" in refusal(capsys, "train", "--out", "file/run")
    message = refusal(capsys, "train", "--out", trained)
    assert "holds a run already" in message and f"--resume {trained}" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_without_permission(capsys: pytest.CaptureFixture[str]) -> None:
    Path("locked").mkdir(mode=0o500)
    assert "Permission denied" in refusal(capsys, "train", "--out", "locked/run")
    assert "Permission denied" in refusal(capsys, "train", "--out", "locked")


def test_bad_checkpoints(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = trained / "example.png"
    whole = (trained / "checkpoint.pt").read_bytes()
    Path("cut.pt").write_bytes(whole[: len(whole) // 2])
    Path("text.pt").write_text("weights")
    torch.save(tasks.MODELS["mlp"](10).state_dict(), "foreign.pt")
    for name in ("cut.pt", "text.pt", "foreign.pt", "no.pt"):
        for command in (["predict", name, example], ["train", "--resume", name]):
            assert name in refusal(capsys, *command)
    assert Path("cut.pt").read_bytes() == whole[: len(whole) // 2]


def test_a_checkpoint_of_another_architecture_names_what_differs(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = torch.load(trained / "checkpoint.pt")
    state["model"]["fc2.weight"] = torch.zeros(3, 512)
    del state["model"]["fc2.bias"]
    state["model"]["head.weight"] = torch.zeros(1)
    torch.save(state, "edited.pt")
    for command in (["predict", "edited.pt", "x.png"], ["train", "--resume", "edited.pt"]):
        message = refusal(capsys, *command)
        assert "fc2.weight is (3, 512) instead of (512, 512)" in message
        assert "fc2.bias is missing" in message and "head.weight is unknown" in message


@pytest.mark.parametrize(
    "key, value",
    [("optimizer", {"state": {}}), ("random", torch.zeros(3)), ("epoch", 3), ("step", "x")],
)
def test_a_damaged_training_state(
    key: str, value: Any, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = torch.load(trained / "checkpoint.pt")
    state[key] = value
    torch.save(state, "edited.pt")
    assert "damaged" in refusal(capsys, "train", "--resume", "edited.pt")
    assert main(["predict", "edited.pt", str(trained / "example.png")]) == 0


def test_unknown_options_in_a_checkpoint(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = torch.load(trained / "checkpoint.pt")
    state["options"]["model"] = "transformer"
    torch.save(state, "newer.pt")
    assert "use the version that wrote it" in refusal(capsys, "predict", "newer.pt", "x.png")


def test_a_full_disk_leaves_the_last_checkpoint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saves = 0
    sync = os.fsync

    def full(descriptor: int) -> None:
        nonlocal saves
        saves += 1
        if saves > 2:  # the one before the first epoch, and the one after it
            raise OSError(28, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    message = refusal(capsys, "train", "--model", "mlp", "--out", "run")
    assert "run/checkpoint.pt: No space left on device" in message
    assert [path.name for path in Path("run").iterdir()] == ["checkpoint.pt"]
    assert checkpoint.load("run/checkpoint.pt")["epoch"] == 1
    monkeypatch.setattr(os, "fsync", sync)
    assert main(["train", "--resume", "run"]) == 0


def test_a_full_disk_at_the_start_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    refusal(capsys, "train", "--model", "mlp")
    assert list(Path(".").iterdir()) == []


def test_a_missing_extra(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rushlight.cli import errors

    monkeypatch.setattr(errors.importlib.util, "find_spec", lambda name: None)
    message = refusal(capsys, "train")
    assert "matplotlib" in message and "pip install 'rushlight[cli]'" in message
    assert "PIL" in refusal(capsys, "predict", trained, "x.png")
    assert list(Path(".").iterdir()) == []


def test_errors_of_our_own_show_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(tasks.Task, "load", broken)
    with pytest.raises(ZeroDivisionError):
        main(["train"])


# ---- progress


def test_lines_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    lines = progress.make_progress(total=10_000, done=2_000)
    assert isinstance(lines, progress.ProgressLines)
    for step in range(1, 6):
        now += 2
        lines.step(f"epoch 1/2, step {step}/50", 1 / step, 200)
    lines.line("epoch 1/2: done")
    captured = capsys.readouterr()
    assert captured.out == "epoch 1/2: done\n"
    assert captured.err == "epoch 1/2, step 3/50, loss 0.3333, 100 images/s, 01:14 left\n"


def test_a_bar_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar = progress.make_progress(total=1000, done=0)
    assert isinstance(bar, progress.ProgressBar)
    bar.step("epoch 1/2, step 5/10", 0.5, 500)
    bar.line("epoch 1/2: done")
    bar.close()
    captured = capsys.readouterr()
    assert captured.out == "epoch 1/2: done\n"
    assert "epoch 1/2, step 5/10" in captured.err and "loss 0.5000" in captured.err
    assert "images/s" in captured.err and "left" in captured.err
