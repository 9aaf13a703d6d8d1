"""`rushlight predict`: says what image files show."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np

import rushlight

from ..errors import DataError
from ..nn import Module
from . import checkpoint, image
from .errors import CommandError, report, require_extras
from .tasks import DATASETS, DatasetInfo, normalized

_UNSURE = 0.8  # a probability below this comes with the next best answer


def run(arguments: argparse.Namespace) -> int:
    require_extras("predict", ("PIL",))
    path = checkpoint.find(arguments.checkpoint)
    state = checkpoint.load(path)
    model = checkpoint.load_model(state, path).eval()
    info = DATASETS[state["options"]["dataset"]]
    failed = unsure = 0
    for name in arguments.images:  # a bad file among them does not keep the others from the answer
        try:
            pixels, changes = image.read(name, info.object_size, info.drawn)
        except (CommandError, DataError) as error:
            sys.stdout.flush()
            report(str(error))
            failed += 1
            continue
        probabilities = _probabilities(model, pixels, info)
        best, second = np.argsort(-probabilities)[:2]
        answer = f"{name}: {state['classes'][best]} ({probabilities[best]:.1%})"
        if probabilities[best] < _UNSURE:
            answer += f", unsure: or {state['classes'][second]} ({probabilities[second]:.1%})"
            unsure += 1
        print(answer + (f"  [{changes}]" if changes else ""))
        if arguments.show:
            print(image.as_text(pixels))
    if unsure and not arguments.show:
        sys.stdout.flush()
        print("rushlight: --show prints what the network saw", file=sys.stderr)
    return 2 if failed else 0


def _probabilities(model: Module, pixels: image.Array, info: DatasetInfo) -> Any:
    images = rushlight.tensor(pixels).unsqueeze(0)
    with rushlight.no_grad():
        return model(normalized(images, info)).softmax(1)[0].numpy()
