"""Predicting: from any image file to what a network takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli_support import refusal

import rushlight as torch
from rushlight.cli import image
from rushlight.cli.main import main
from rushlight.serialization import archive
from rushlight.serialization.pickler import pickled
from rushlight.vision.datasets import Digits
from rushlight.vision.utils import save_image


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


def test_a_network_that_was_trained_on_a_device_that_is_not_here(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, storages = pickled(torch.load(trained / "checkpoint.pt"))
    with open("there.pt", "wb") as file:
        archive.write_archive(file, content.replace(b"\3\0\0\0cpu", b"\3\0\0\0mps"), storages)
    with pytest.raises(RuntimeError, match="device 'mps', which is not available"):
        torch.load("there.pt")
    answers = []
    for network in (trained, "there.pt"):
        assert main(["predict", str(network), str(trained / "example.png")]) == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1]


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
