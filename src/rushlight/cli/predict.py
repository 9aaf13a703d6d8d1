"""`rushlight predict`: says what image files show."""

from __future__ import annotations

import argparse

import numpy as np

import rushlight

from . import checkpoint, image
from .errors import require_extras
from .tasks import DATASETS, normalized


def run(arguments: argparse.Namespace) -> int:
    require_extras("predict", ("PIL",))
    path = checkpoint.find(arguments.checkpoint)
    state = checkpoint.load(path)
    model = checkpoint.load_model(state, path).eval()
    info = DATASETS[state["options"]["dataset"]]
    # All are read before anything is printed: a bad file among them leaves no half result.
    read = [image.read(name, info.object_size) for name in arguments.images]
    images = rushlight.from_numpy(np.stack([pixels for pixels, _ in read]))
    with rushlight.no_grad():
        probabilities = model(normalized(images, info)).softmax(1)
    for name, (_, changes), row in zip(arguments.images, read, probabilities.numpy(), strict=True):
        best = int(row.argmax())
        note = f"  [{changes}]" if changes else ""
        print(f"{name}: {state['classes'][best]} ({row[best]:.1%}){note}")
    return 0
