"""The pictures of a run: what stands in them, and that they are written whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pictures = pytest.importorskip("rushlight.cli.pictures", reason="needs matplotlib")
Image = pytest.importorskip("PIL.Image", reason="needs Pillow")

DIGITS = [str(i) for i in range(10)]
HISTORY = [
    {"accuracy": 0.5, "test_loss": 1.0, "test_accuracy": 0.6},
    {"accuracy": 0.75, "test_loss": 0.5, "test_accuracy": 0.8125},
]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every figure that is saved."""
    saved: list[Any] = []
    save = pictures._save

    def keep(figure: Any, path: str) -> None:
        saved.append(figure)
        save(figure, path)

    monkeypatch.setattr(pictures, "_save", keep)
    return saved


def size_and_colours(path: Path) -> tuple[tuple[int, int], int]:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return image.size, len(image.convert("RGB").getcolors(1 << 24))


def test_curves(tmp_path: Path, figures: list[Any]) -> None:
    losses = list(np.geomspace(2.3, 0.1, 20))
    pictures.draw_curves(losses, HISTORY, str(tmp_path / "curves.png"))
    (width, height), colours = size_and_colours(tmp_path / "curves.png")
    assert width > 1000 and height > 400 and colours > 10
    left, right = figures[0].axes
    raw, smoothed, test = left.lines
    assert np.array_equal(raw.get_ydata(), losses)
    assert raw.get_xdata()[-1] == 2  # in epochs
    assert np.allclose(smoothed.get_ydata(), losses)  # 20 steps: a window of one
    assert list(test.get_ydata()) == [1.0, 0.5]
    assert [list(line.get_ydata()) for line in right.lines] == [[0.5, 0.75], [0.6, 0.8125]]
    assert "81.25%" in right.get_title()


def test_smoothing_is_the_mean_of_the_latest() -> None:
    losses = list(np.random.default_rng(0).random(230))
    expected = [np.mean(losses[max(0, i - 3) : i + 1]) for i in range(230)]
    assert np.allclose(pictures._smoothed(losses), expected)


def test_one_step_is_enough_for_curves(tmp_path: Path) -> None:
    pictures.draw_curves([1.0], HISTORY[:1], str(tmp_path / "curves.png"))
    assert size_and_colours(tmp_path / "curves.png")[1] > 2


def test_confusion_counts(tmp_path: Path, figures: list[Any]) -> None:
    labels = np.array([0, 0, 0, 1, 1, 9])
    predicted = np.array([0, 0, 7, 1, 1, 9])
    pictures.draw_confusion(labels, predicted, DIGITS, str(tmp_path / "confusion.png"))
    assert size_and_colours(tmp_path / "confusion.png")[1] > 10
    (axes,) = figures[0].axes
    cells = {tuple(text.get_position()): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): "2", (7, 0): "1", (1, 1): "2", (9, 9): "1"}  # (predicted, true)
    assert "6 test images, 83.33%" in axes.get_title()


def test_mistakes_come_with_the_most_confident_first(tmp_path: Path, figures: list[Any]) -> None:
    labels = np.array([3, 1, 4, 1])
    probabilities = np.full((4, 10), 0.01)
    for image, (answer, confidence) in enumerate([(5, 0.6), (1, 0.9), (9, 0.8), (7, 0.7)]):
        probabilities[image, answer] = confidence
    images = np.arange(4 * 28 * 28, dtype=np.uint8).reshape(4, 28, 28)
    pictures.draw_mistakes(images, labels, probabilities, DIGITS, str(tmp_path / "m.png"))
    titles = [axes.get_title() for axes in figures[0].axes if axes.get_title()]
    assert titles == ["9 (80%)\ntrue: 4", "7 (70%)\ntrue: 1", "5 (60%)\ntrue: 3"]
    assert "3 most confident of 3 mistakes on 4 test images" in figures[0].get_suptitle()
    assert np.array_equal(figures[0].axes[0].images[0].get_array(), images[2])


def test_no_mistakes(tmp_path: Path, figures: list[Any]) -> None:
    images = np.zeros((2, 28, 28), np.uint8)
    pictures.draw_mistakes(
        images, np.array([0, 1]), np.eye(10)[:2], DIGITS, str(tmp_path / "mistakes.png")
    )
    assert figures[0].get_suptitle() == "No mistakes on 2 test images"
    assert (tmp_path / "mistakes.png").exists()


def test_a_failure_leaves_the_old_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "curves.png"
    path.write_bytes(b"old")

    def fail(self: Any, file: Any, **options: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pictures.Figure, "savefig", fail)
    with pytest.raises(OSError, match="No space left"):
        pictures.draw_curves([1.0], HISTORY[:1], str(path))
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
