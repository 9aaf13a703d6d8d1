"""The command line: training, and what it says to bad input."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_support import OPTIONS, refusal

import rushlight as torch
from rushlight.cli import checkpoint, tasks
from rushlight.cli.folder import FILES
from rushlight.cli.main import main
from rushlight.vision.datasets import MNIST

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
    assert re.fullmatch(rf"{folder}/example.png: \d \(\d+\.\d%\).*\n", capsys.readouterr().out)


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
    assert ("native kernels" in rows) == (rows["C++ extension"].strip() == "in use")


def test_info_names_the_extras_that_are_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rushlight.cli import errors

    monkeypatch.setitem(errors.EXTRAS, "cli", ("PIL", "no_such_package"))
    assert main(["info"]) == 0
    said = "cli lacks no_such_package (pip install 'rushlight[cli]')"
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    "called, installed, typed",
    [
        (".venv/bin/rushlight", "", ".venv/bin/rushlight"),
        ("/elsewhere/bin/rushlight", "", "/elsewhere/bin/rushlight"),
        ("bin/rushlight", "bin", "rushlight"),
        ("/usr/bin/pytest", "", "rushlight"),
    ],
)
def test_commands_to_copy_name_the_program_as_it_was_called(
    called: str, installed: str, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rushlight.cli.train import program

    Path("bin").mkdir()
    Path("bin/rushlight").write_text("")
    Path("bin/rushlight").chmod(0o755)
    monkeypatch.setenv("PATH", str(Path(installed).absolute()) if installed else "")
    monkeypatch.setattr("sys.argv", [str(Path(called).absolute())])
    assert program() == [typed]


def test_commands_to_copy_of_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    from rushlight.cli.train import program

    monkeypatch.setattr("sys.argv", ["/site-packages/rushlight/__main__.py"])
    monkeypatch.setattr("sys.executable", str(Path(".venv/bin/python").absolute()))
    assert program() == [".venv/bin/python", "-m", "rushlight"]


def test_threads() -> None:
    assert main(["train", "--model", "mlp", "--epochs", "1", "--threads", "1"]) == 0
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("option", ["threads", "workers"])
def test_no_more_threads_or_workers_than_cores(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0}, raising=False)
    assert main(["train", "--model", "mlp", "--epochs", "1", f"--{option}", "100"]) == 0
    said = f"rushlight: there is 1 core here: --{option} 100 is taken as 1\n"
    assert capsys.readouterr().err == said
    if option == "threads":
        assert torch.get_num_threads() == 1


def test_a_diverged_run_can_be_started_anew_in_its_folder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["train", "--model", "mlp", "--epochs", "2", "--out", "run"]
    message = refusal(capsys, *arguments, "--lr", "1e30")
    assert "the training diverges" in message and "--out run can be used again" in message
    message = refusal(capsys, "train", "--resume", "run")
    assert "has diverged, and would again" in message
    assert main(arguments) == 0
    assert "holds a run already" in refusal(capsys, *arguments)


def test_a_run_that_diverges_to_finite_numbers_has_diverged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["train", "--epochs", "2", "--out", "run"]
    message = refusal(capsys, *arguments, "--lr", "500")
    assert re.search(r"the loss is [0-9.e+]+, no better than guessing's 2.303, at the end", message)
    assert "of epoch 2: the training diverges; try a lower learning rate than --lr 500" in message
    assert "--out run can be used again" in message
    assert "has diverged, and would again" in refusal(capsys, "train", "--resume", "run")
    assert main([*arguments, "--lr", "0.05"]) == 0


def test_a_training_that_is_only_too_slow_has_not_diverged() -> None:
    assert main(["train", "--epochs", "1", "--lr", "1e-9", "--out", "run"]) == 0


def test_weights_that_only_the_test_images_show_to_have_diverged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rushlight.cli import training

    real = training.predict_all
    monkeypatch.setattr(training, "predict_all", lambda *a: real(*a) * float("nan"))
    message = refusal(capsys, "train", "--model", "mlp", "--out", "run")
    assert "the loss of the test images is nan at the end of epoch 1" in message


def test_too_little_memory(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*arguments: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(tasks.Task, "load", full)
    assert "smaller --batch-size" in refusal(capsys, "train")


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
        (["--batch-size", "201"], "--batch-size 201 is more than the 200 training images"),
        (["--batch-size", "9" * 40], "is not a whole number of at least 1, below 2**31"),
        (["--threads", "0"], "--threads: '0' is not"),
        (["--threads", "9" * 40], "is not a whole number of at least 1, below 2**31"),
        (["--workers", "9" * 40], "is not a whole number of at least 0, below 2**31"),
        (["--epochs", "9" * 40], "is not a whole number of at least 1, below 2**31"),
        (["--seed", "-1"], "--seed: '-1' is not"),
        (["--dataset", "mnist"], "You can use download=True (--download)"),
        (["--device", "gpu"], "--device gpu: Expected one of cpu, cuda"),
        (["--device", "cuda:99"], "--device cuda:99: "),
        (["--lr", "1e30"], "try a lower learning rate than --lr 1e+30"),
    ],
)
def test_bad_options(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert complaint in refusal(capsys, "train", "--model", "mlp", *arguments)
    if "1e30" not in arguments:  # which is known only after some steps
        assert not Path("runs").exists()


def test_an_error_that_is_not_the_devices_is_not_called_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(classes: int) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setitem(tasks.MODELS, "mlp", fail)
    with pytest.raises(RuntimeError, match="^a bug$"):
        main(["train", "--model", "mlp", "--device", "strict"])


def idx(values: np.ndarray, magic: int = 0x0800) -> bytes:
    header = struct.pack(f">{1 + values.ndim}I", magic | values.ndim, *values.shape)
    return gzip.compress(header + values.astype(np.uint8).tobytes())


IMAGES, LABELS = np.zeros((3, 28, 28)), np.array([1, 2, 3])
BAD_DATA = {
    "truncated": (idx(IMAGES)[:-9], idx(LABELS), "cut short"),
    "magic": (idx(IMAGES, 0x0900), idx(LABELS), "wrong magic number"),
    "not gzip": (b"<html>", idx(LABELS), "train-images-idx3-ubyte.gz"),
    "label": (idx(IMAGES), idx(LABELS + 9), "has the label 10"),
    "count": (idx(IMAGES), idx(LABELS[:2]), "3 images, but 2 labels"),
}


@pytest.mark.parametrize("kind", BAD_DATA)
def test_bad_data(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    images, labels, complaint = BAD_DATA[kind]
    if kind in ("label", "count"):  # of the images nothing is to be said before
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


@pytest.mark.parametrize(
    "option, value",
    [("model", "transformer"), ("epochs", 0), ("batch_size", -1), ("lr", float("nan")),
     ("seed", -1), ("epochs", 2**40)],
)  # fmt: skip
def test_unknown_options_in_a_checkpoint(
    option: str, value: Any, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = torch.load(trained / "checkpoint.pt")
    state["options"][option] = value
    torch.save(state, "newer.pt")
    for command in (["predict", "newer.pt", "x.png"], ["train", "--resume", "newer.pt"]):
        assert "use the version that wrote it" in refusal(capsys, *command)


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
    message = refusal(capsys, "train", "--model", "mlp", "--epochs", "2", "--out", "run")
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
