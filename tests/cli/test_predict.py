"""Predicting: from any image file to what a network takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_support import refusal
from PIL import Image

import rushlight as torch
from rushlight.cli import image
from rushlight.cli.errors import CommandError
from rushlight.cli.main import main
from rushlight.errors import DataError
from rushlight.serialization import archive
from rushlight.serialization.pickler import pickled
from rushlight.vision.datasets import Digits
from rushlight.vision.utils import save_image


def test_a_bad_image_does_not_keep_the_others_from_their_answers(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("notes.png").write_text("not an image")
    example = str(trained / "example.png")
    assert main(["predict", str(trained), "notes.png", example, "no.png", example]) == 2
    captured = capsys.readouterr()
    assert captured.out.count("example.png: ") == 2 == captured.out.count("\n")
    first, second, hint = captured.err.splitlines()
    assert "--show" in hint
    assert first.startswith("rushlight: error: notes.png: this is not an image")
    assert second.startswith("rushlight: error: no.png: cannot be read")
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


# What light does to a paper whose columns and rows go from 0 to 1.
LIGHTS = {
    "even": lambda x, y: np.ones_like(x),
    "from the left": lambda x, y: 1 - 0.75 * x,
    "from a corner": lambda x, y: 1 - 0.5 * np.hypot(x - 0.1, y - 0.1),
    "in the middle": lambda x, y: 0.4 + 0.6 * np.exp(-((x - 0.5) ** 2 + (y - 0.4) ** 2) / 0.4),
    "a shadow": lambda x, y: np.where(x + 0.4 * y > 0.7, 0.45, 1.0),
}
# The paper's colour, the ink's, noise, the size of an image of 28x28, that of the photograph.
PAPERS: dict[str, Any] = {
    "white": (230, 40, 2, 224, (400, 300)),
    "noisy": (230, 60, 12, 168, (250, 250)),
    "pencil": (220, 140, 3, 224, (400, 300)),
    "blue on yellow": ((230, 210, 90), (40, 40, 120), 3, 224, (300, 400)),
    "grey": (120, 50, 2, 224, (300, 300)),
    "chalk on a board": (50, 230, 4, 224, (300, 300)),
    "lighter on grey": (130, 200, 2, 224, (300, 300)),
    "small": (230, 40, 2, 112, (480, 640)),
    "no margin": (230, 40, 2, 224, (224, 224)),
}
DARK = set(PAPERS) - {"chalk on a board", "lighter on grey"}


def photograph(index: int, light: str, paper: str) -> np.ndarray:
    """A digit on paper as a camera would take it: (28, 28), and into photo.png."""
    from PIL import Image

    colour, ink, noise, size, shape = PAPERS[paper]
    rng = np.random.default_rng(index)
    digit = Digits(train=False).data[index].numpy()
    y, x = np.mgrid[0 : 1 : shape[0] * 1j, 0 : 1 : shape[1] * 1j]
    cover = np.zeros(shape)
    top, left = (int(rng.uniform(0.3, 0.7) * (side - size)) for side in shape)
    large = Image.fromarray(digit).resize((size, size), Image.Resampling.BICUBIC)
    cover[top : top + size, left : left + size] = np.asarray(large) / 255
    colours = np.broadcast_to(colour, 3) * (1 - cover[..., None]) + cover[..., None] * ink
    lit = colours * LIGHTS[light](x, y)[..., None] + rng.normal(0, noise, (*shape, 3))
    Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8)).save("photo.png")
    return digit


UNEVEN = [("even", paper) for paper in PAPERS if paper != "white"]
UNEVEN += [(light, "white") for light in LIGHTS]
UNEVEN += [("from the left", paper) for paper in PAPERS if paper in DARK - {"white"}]
UNEVEN += [("from the left", "chalk on a board")]


@pytest.mark.parametrize("light, paper", UNEVEN)
def test_photographs_in_uneven_light(light: str, paper: str) -> None:
    for index in (0, 1, 2, 61, 110):  # a 7, 2, 1, and two 8s
        digit = photograph(index, light, paper)
        pixels, note = image.read("photo.png", object_size=20)
        assert ("inverted" in note) == (paper in DARK)
        assert np.corrcoef(pixels.ravel(), digit.ravel())[0, 1] > 0.8, index


def test_an_object_that_is_no_drawing_in_uneven_light() -> None:
    y, x = np.mgrid[0:1:300j, 0:1:300j]
    shirt = (abs(x - 0.5) < 0.3) & (abs(y - 0.5) < 0.35)
    save_image(torch.tensor((1 - 0.7 * x) * np.where(shirt, 0.2, 0.95)).unsqueeze(0), "shirt.png")
    pixels, note = image.read("shirt.png", object_size=28, drawn=False)
    assert "inverted" in note
    assert (pixels[2:-2, 4:-4] > 200).all() and (pixels[:, [0, -1]] < 50).all()


@pytest.mark.parametrize("paper, ink", [(120, 50), (130, 210), (255, 0), (0, 255)])
def test_a_picture_of_the_right_size_on_grey(paper: int, ink: int) -> None:
    digit = Digits(train=False).data[0]
    share = digit.unsqueeze(0).float() / 255
    save_image((paper + (ink - paper) * share) / 255, "grey.png")
    pixels, note = image.read("grey.png", object_size=20)
    assert ("inverted" in note) == (ink < paper)
    assert np.allclose(pixels, digit.numpy(), atol=4)


def test_an_unsure_network_says_so_and_shows_what_it_saw(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = str(trained / "example.png")
    assert main(["predict", str(trained), example]) == 0
    captured = capsys.readouterr()
    assert re.search(r"\d \(\d+\.\d%\), unsure: or \d \(\d+\.\d%\)\n$", captured.out)
    assert captured.err == "rushlight: --show prints what the network saw\n"
    assert main(["predict", "--show", str(trained), example]) == 0
    captured = capsys.readouterr()
    shown = captured.out.splitlines()[1:]
    assert captured.err == "" and len(shown) == 28
    digit = Digits(train=False).data[0].numpy().astype("float64")
    for line, row in zip(shown, digit, strict=True):
        assert [character != " " for character in line.ljust(56)[::2]] == list(row >= 26)


def test_a_network_whose_training_has_diverged(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = torch.load(trained / "checkpoint.pt")
    state["model"]["fc2.bias"][3] = float("nan")
    torch.save(state, "checkpoint.pt")
    for command in (["predict", ".", trained / "example.png"], ["train", "--resume", "."]):
        message = refusal(capsys, *command)
        assert "the training of this network has diverged (fc2.bias holds" in message
    assert main(["train", "--model", "mlp", "--epochs", "1", "--out", "."]) == 0


@pytest.mark.parametrize("suffix", ["avif", "blp", "dds", "png", "jpg", "gif", "webp", "tiff"])
def test_damaged_images_are_one_line(
    suffix: str, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    mode = "P" if suffix in ("blp", "gif") else "RGB"
    try:
        Image.new(mode, (64, 64)).save(f"whole.{suffix}")
    except (KeyError, OSError, ValueError):
        pytest.skip(f"this Pillow does not write {suffix}")
    whole = Path(f"whole.{suffix}").read_bytes()
    for length in (4, 20, len(whole) // 2, len(whole) * 4 // 5):
        Path(f"cut.{suffix}").write_bytes(whole[:length])
        assert f"cut.{suffix}: " in refusal(capsys, "predict", trained, f"cut.{suffix}")


@pytest.mark.parametrize("ink", [0, 255])
def test_transparent_pixels_are_paper(ink: int) -> None:
    from PIL import Image

    digit = Digits(train=False).data[0].numpy().astype("float64")
    drawn = np.full((28, 28, 4), ink, np.uint8)
    drawn[..., 3] = digit  # of ink there is more or less
    Image.fromarray(drawn).save("ink.png")
    pixels, _ = image.read("ink.png", object_size=20)
    assert np.allclose(pixels, digit, atol=1)


def test_a_misspelt_option_gets_its_neighbour(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["predict", str(trained), "a.png", "--shw"])
    said = capsys.readouterr().err
    assert "--shw; did you mean --show? (see 'rushlight predict --help')" in said


def test_a_blank_image(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_image(torch.ones(1, 40, 40), "blank.png")
    assert "blank.png: the image is blank" in refusal(capsys, "predict", trained, "blank.png")
    lit = torch.linspace(0.3, 1, 300).expand(1, 300, 300)
    save_image(lit + 0.02 * torch.rand(1, 300, 300), "paper.png")
    message = refusal(capsys, "predict", trained, "paper.png")
    assert "paper.png: nothing in the image stands out" in message


THIN = [
    (1, 28), (28, 1), (1, 100), (100, 1), (2, 700), (700, 2), (3, 2000), (2000, 3), (1, 60000),
    (20000, 3), (1, 1), (2, 2),
]  # fmt: skip


@pytest.mark.parametrize("width, height", THIN)
@pytest.mark.parametrize("drawn", [True, False])
def test_thin_pictures_end_in_an_answer_or_one_line(width: int, height: int, drawn: bool) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (3, height, width), np.uint8)
    grey[1] = 255
    grey[1, height // 3 : height // 3 + 3, width // 3 : width // 3 + 3] = 0
    grey[2, height // 2 :] = 255
    for values in grey:
        Image.fromarray(values).save("thin.png")
        try:
            pixels, changes = image.read("thin.png", 20, drawn)
        except CommandError as error:
            assert "thin.png: the image is blank" in str(error) or "stands out" in str(error)
        else:
            assert pixels.shape == (28, 28) and 0 < pixels.max() <= 256
            assert f"from {width}x{height} to 28x28" in changes


def test_thin_pictures_at_the_command_line(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(np.array([[0], [255]] * 14, np.uint8)).save("thin.png")
    assert main(["predict", str(trained), "thin.png"]) in (0, 2)
    captured = capsys.readouterr()
    assert "thin.png: " in captured.out + captured.err and "Traceback" not in captured.err


@pytest.mark.parametrize("shape", [(30, 20000), (20000, 30)])
def test_a_digit_in_a_long_strip_is_found(shape: tuple[int, int]) -> None:
    digit = Digits(train=False).data[3].numpy()
    strip = np.full(shape, 230.0) + np.random.default_rng(0).normal(0, 3, shape)
    top, left = (side // 3 if side > 30 else 1 for side in shape)
    strip[top : top + 28, left : left + 28] -= digit * 0.8
    Image.fromarray(strip.clip(0, 255).astype(np.uint8)).save("strip.png")
    pixels, _ = image.read("strip.png", 20)
    assert np.corrcoef(pixels.ravel(), digit.ravel())[0, 1] > 0.8


def test_an_image_of_too_many_pixels(
    trained: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("L", (60, 60)).save("large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1500)
    message = refusal(capsys, "predict", trained, "large.png")
    assert "large.png: the image is too large: it has over 3,000 pixels" in message


@pytest.mark.parametrize("scale, dtype, suffix", [
    (257, "uint16", "png"), (16, "uint16", "png"), (1000, "int32", "tiff"),
    (1 / 255, "float32", "tiff"),
])  # fmt: skip
def test_images_of_more_than_8_bits(scale: float, dtype: str, suffix: str) -> None:
    digit = Digits(train=False).data[0].numpy().astype("float64")
    Image.fromarray((digit * scale).astype(dtype)).save(f"deep.{suffix}")
    pixels, note = image.read(f"deep.{suffix}", object_size=20)
    stretched = np.round((digit - digit.min()) * (255 / (digit.max() - digit.min())))
    assert np.abs(pixels - stretched).max() <= 1 and note == ""
    nowhere = np.where(digit > 0, np.nan, 0).astype("float32")
    Image.fromarray(nowhere).save("nan.tiff")
    with pytest.raises(DataError, match="nan.tiff: the image is damaged .pixels are infinite"):
        image.read("nan.tiff", object_size=20)
