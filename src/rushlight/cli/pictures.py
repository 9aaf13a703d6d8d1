"""What a run has learnt, as pictures: curves, confusion matrix, mistakes.

Figures are made without pyplot, whose global state belongs to whoever imports this module.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ..serialization.archive import replaced_when_complete

Array = np.ndarray[Any, Any]

_TRAINING, _TEST = "#3b75af", "#c44e2b"
_MISTAKES = 24
_MISTAKES_PER_ROW = 6


def draw_curves(losses: list[float], history: list[dict[str, float]], path: str) -> None:
    """Loss of every step and of the test set, and both accuracies, over the epochs."""
    epochs = np.arange(1, len(history) + 1)
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)

    steps = np.arange(1, len(losses) + 1) * (len(history) / len(losses))
    left.plot(steps, losses, color=_TRAINING, alpha=0.25, linewidth=0.6)
    left.plot(steps, _smoothed(losses), color=_TRAINING, label="training (running mean)")
    left.plot(epochs, [e["test_loss"] for e in history], "o-", color=_TEST, label="test")
    left.set(xlabel="epoch", ylabel="cross-entropy loss", yscale="log", title="Loss")
    left.yaxis.set_major_formatter("{x:g}")

    right.plot(epochs, [e["accuracy"] for e in history], "o-", color=_TRAINING, label="training")
    test = [e["test_accuracy"] for e in history]
    right.plot(epochs, test, "o-", color=_TEST, label="test")
    right.yaxis.set_major_formatter(PercentFormatter(1))
    right.set(
        xlabel="epoch", ylabel="images classified correctly",
        title=f"Accuracy: {test[-1]:.2%} on the test images",
    )  # fmt: skip
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    _save(figure, path)


def _smoothed(losses: list[float]) -> Array:
    """The mean of as many of the latest steps as a fiftieth of all."""
    window = max(1, len(losses) // 50)
    sums = np.cumsum(np.concatenate([np.zeros(window), losses]))
    counts = np.minimum(np.arange(1, len(losses) + 1), window)
    return (sums[window:] - sums[:-window]) / counts


def draw_confusion(labels: Array, predicted: Array, classes: list[str], path: str) -> None:
    """How many test images of each class (row) were given each class (column)."""
    count = len(classes)
    matrix = np.zeros((count, count), np.int64)
    np.add.at(matrix, (labels, predicted), 1)
    mistakes = matrix * ~np.eye(count, dtype=bool)

    figure = Figure(figsize=(8, 7.6), layout="constrained")
    axes = figure.subplots()
    # Mistakes are rare beside the diagonal: each of the two has a scale of its own.
    axes.imshow(mistakes, cmap="Oranges", vmin=0, vmax=1.5 * max(1, mistakes.max()))
    right = np.ma.masked_array(matrix, mask=~np.eye(count, dtype=bool))
    axes.imshow(right, cmap="Blues", vmin=0, vmax=2.5 * max(1, matrix.max()))
    for i in range(count):
        for j in range(count):
            if matrix[i, j]:
                axes.text(j, i, str(matrix[i, j]), ha="center", va="center", fontsize=10)
    long = max(map(len, classes)) > 3
    axes.set_xticks(
        range(count), classes, rotation=45 if long else 0, ha="right" if long else "center"
    )
    axes.set_yticks(range(count), classes)
    axes.set_xticks(np.arange(count - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(count - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="#e2e2e2", linewidth=0.7)
    axes.tick_params(which="both", length=0)
    accuracy = np.trace(matrix) / matrix.sum()
    axes.set(
        xlabel="predicted", ylabel="true",
        title=f"{len(labels):,} test images, {accuracy:.2%} classified correctly",
    )  # fmt: skip
    _save(figure, path)


def draw_mistakes(
    images: Array, labels: Array, probabilities: Array, classes: list[str], path: str
) -> None:
    """The wrongly classified images (N, H, W), those with the most confident answers first."""
    predicted = probabilities.argmax(1)
    confidence = probabilities.max(1)
    wrong = np.flatnonzero(predicted != labels)
    shown = wrong[np.argsort(-confidence[wrong], kind="stable")][:_MISTAKES]
    columns = _MISTAKES_PER_ROW
    rows = max(1, -(-len(shown) // columns))

    figure = Figure(figsize=(1.75 * columns, 2.15 * rows + 0.6), layout="constrained")
    figure.suptitle(
        f"The {len(shown)} most confident of {len(wrong)} mistakes on {len(labels):,} test images\n"
        "(what was predicted and how surely; what is true)"
        if len(wrong)
        else f"No mistakes on {len(labels):,} test images"
    )
    for place, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.set_axis_off()
        if place < len(shown):
            i = shown[place]
            axes.imshow(images[i], cmap="gray_r")
            axes.set_title(
                f"{classes[predicted[i]]} ({confidence[i]:.0%})\ntrue: {classes[labels[i]]}",
                fontsize=9,
            )
    _save(figure, path)


def _save(figure: Any, path: str) -> None:
    FigureCanvasAgg(figure)
    with replaced_when_complete(path) as file:
        figure.savefig(file, format="png", dpi=110)
