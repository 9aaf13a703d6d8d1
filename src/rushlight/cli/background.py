"""What stands out from its background in a photograph, however unevenly that is lit."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_STROKE = 0.35  # of the picture's smaller side: what is drawn is thinner
_FAINT = 0.04  # of the background's brightness: fainter is nothing
_LITTLE_LIGHT = 0.3  # of the brightest background
_DOT = 65  # pixels: in a long strip an object may be no more of it
_SPECK = 0.1  # of the heaviest part: lighter ones are dirt, noise and the edges of shadows


def is_dark(grey: Array) -> bool:
    """Whether the picture shows something darker than its background.

    That is the rim of the picture, continued inwards. Fifth powers let the few strong deviations
    of an object outweigh the many weak ones of an uneven light.
    """
    deviation = grey - _from_rim(grey)
    return bool((np.maximum(-deviation, 0) ** 5).sum() > (np.maximum(deviation, 0) ** 5).sum())


def stand_out(grey: Array, dark: bool, drawn: bool) -> Array | None:
    """How much each pixel differs from its background, from 0 to 1; None where nothing does.

    `dark` says that the object is darker than its background, `drawn` that it consists of strokes:
    then the background is found beside each, and may have shadows with hard edges.
    """
    values = grey if dark else -grey
    background = _beside_strokes(values) if drawn else _from_rim(values)
    if dark:  # light multiplies what paper and ink reflect; where there is little, it shows noise
        light = np.maximum(background, max(1, _LITTLE_LIGHT * float(background.max())))
        difference = (background - values) / light
    else:
        difference = (background - values) / 255
    difference -= np.median(difference)
    noise = 1.5 * np.median(np.abs(difference))  # a standard deviation, if most is background
    rare = min(0.001, _DOT / difference.size)
    if np.quantile(difference, 1 - rare) < max(_FAINT, 5 * noise):
        return None
    parts = _heavy_parts(difference, max(_FAINT, 4 * noise, 0.8 * _best_threshold(difference)))
    if not parts.any():
        return None
    full = np.quantile(difference[parts], 0.8)
    none = min(max(2 * noise, 0.1 * full), 0.5 * full)
    soft_edges = _dilated(parts, 3 + 2 * (min(grey.shape) // 100)) > 0
    return np.where(soft_edges, np.clip((difference - none) / (full - none), 0, 1), 0)


def _from_rim(grey: Array) -> Array:
    """A surface of the second degree through the rim, without what differs from it there."""
    height, width = grey.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)
    band = max(1, min(height, width) // 16)
    rim = np.ones(grey.shape, bool)
    rim[band:-band, band:-band] = False
    at, wanted = terms[rim], grey[rim]
    kept = np.ones(len(wanted), bool)
    for _ in range(4):
        factors = np.linalg.lstsq(at[kept], wanted[kept], rcond=None)[0]
        distance = np.abs(at @ factors - wanted)
        kept = distance <= 4 * max(1.0, float(np.median(distance)))
    return terms @ factors


def _beside_strokes(values: Array) -> Array:
    """Dark strokes filled by what is beside them: a morphological closing.

    Outside the picture the light goes on as it does inside.
    """
    size = max(3, round(_STROKE * min(values.shape)))
    reach = min(size, min(values.shape) - 1)
    padded = np.pad(values, reach, mode="reflect", reflect_type="odd")
    closed = -_dilated(-_dilated(padded, size), size)
    height, width = values.shape
    return closed[reach : reach + height, reach : reach + width]


def _dilated(values: Array, size: int) -> Array:
    """The greatest value in the square around each, of an odd size that is `size` or one more."""
    for _ in range(2):  # rows, then columns
        values = np.pad(values.T, ((size // 2, size // 2), (0, 0)), mode="edge")
        have, wanted = 1, 2 * (size // 2) + 1
        while have < wanted:  # the greatest of `have` rows that follow; twice as many each time
            step = min(have, wanted - have)
            values = np.maximum(values[:-step], values[step:])
            have += step
    return values


def _best_threshold(values: Array) -> float:
    """What divides the values so that both parts differ most (Otsu, 1979)."""
    counts, edges = np.histogram(values, 256, range=(0, float(values.max())))
    middles = (edges[:-1] + edges[1:]) / 2
    share = np.cumsum(counts)[:-1] / counts.sum()
    sums = np.cumsum(counts * middles) / counts.sum()
    between = (sums[-1] * share - sums[:-1]) ** 2 / np.maximum(share * (1 - share), 1e-9)
    return float(middles[int(between.argmax())])


def _heavy_parts(values: Array, threshold: float) -> Array:
    """Where values above the threshold hang together and weigh enough.

    What touches the rim is left out where something does not: the table beside the paper.
    """
    waiting = np.pad(values > threshold, 1)
    part = np.zeros(waiting.shape, int)
    weights = [0.0]
    for start in zip(*np.nonzero(waiting), strict=True):
        if not waiting[start]:
            continue
        stack, weight = [start], 0.0
        waiting[start] = False
        while stack:
            y, x = stack.pop()
            part[y, x] = len(weights)
            weight += values[y - 1, x - 1]
            for place in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if waiting[place]:
                    waiting[place] = False
                    stack.append(place)
        weights.append(weight)
    part = part[1:-1, 1:-1]
    inner = np.array(weights)
    inner[np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]])] = 0
    weight_of = inner if inner.any() else np.array(weights)
    return (weight_of > _SPECK * weight_of.max())[part]
