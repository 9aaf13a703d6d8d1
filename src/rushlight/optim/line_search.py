"""A search along a line for a step that the strong Wolfe conditions hold for.

Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6, with cubic interpolation; its
constants and its order of evaluations are those of PyTorch's L-BFGS, to the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..tensor import Tensor

FALLS = 1e-4  # the value falls by at least so much of what the slope at 0 promises
FLATTENS = 0.9  # and the slope is at most so much of that at 0
CLOSE = 1e-9


class Point(NamedTuple):
    """A step along the line, the value there, the gradient, and its part along the line."""

    step: Any
    value: float
    gradient: Tensor
    slope: Any


def strong_wolfe(
    evaluate: Callable[[Any], Point], start: Point, step: Any, size: Tensor, most: int
) -> tuple[Point, int]:
    """The best point found, and how often `evaluate` was called, `most` times at the most.

    `size` is the largest element of the direction: a bracket in which no parameter moves by more
    than `CLOSE` is small enough.
    """
    bracket, count, is_done = _bracket(evaluate, start, step, most)
    low = 0 if bracket[0].value <= bracket[-1].value else 1
    was_near_end = False
    while not is_done and count - 1 < most:
        first, last = bracket[0].step, bracket[1].step
        if abs(last - first) * size < CLOSE:
            break
        step, was_near_end = _trial(bracket, was_near_end)
        new = evaluate(step)
        count += 1
        if _is_too_high(new, start) or new.value >= bracket[low].value:
            bracket[1 - low] = new
            low = 0 if bracket[0].value <= bracket[1].value else 1
            continue
        if _is_flat(new, start):
            is_done = True
        elif new.slope * (bracket[1 - low].step - bracket[low].step) >= 0:
            bracket[1 - low] = bracket[low]
        bracket[low] = new
    return bracket[low], count


def _bracket(
    evaluate: Callable[[Any], Point], start: Point, step: Any, most: int
) -> tuple[list[Point], int, bool]:
    """Two points with one between them for which the conditions hold, or such a point itself; and
    the number of evaluations, and whether it is such a point."""
    before, new = start, evaluate(step)
    for tries in range(most):
        if _is_too_high(new, start) or (tries > 1 and new.value >= before.value):
            return [before, new], tries + 1, False
        if _is_flat(new, start):
            return [new], tries + 1, True
        if new.slope >= 0:
            return [before, new], tries + 1, False
        bounds = new.step + 0.01 * (new.step - before.step), new.step * 10
        before, new = new, evaluate(_interpolated(before, new, bounds))
    return [start, new], most + 1, False


def _is_too_high(point: Point, start: Point) -> bool:
    return bool(point.value > start.value + FALLS * point.step * start.slope)


def _is_flat(point: Point, start: Point) -> bool:
    return bool(abs(point.slope) <= -FLATTENS * start.slope)


def _trial(bracket: list[Point], was_near_end: bool) -> tuple[Any, bool]:
    """The next step to try within a bracket. A second one near an end is moved away from it."""
    steps = [point.step for point in bracket]
    first, last = min(steps), max(steps)
    step = _interpolated(bracket[0], bracket[1], (first, last))
    margin = 0.1 * (last - first)
    if min(last - step, step - first) >= margin:
        return step, False
    if not was_near_end and first < step < last:
        return step, True
    return (last - margin if abs(step - last) < abs(step - first) else first + margin), False


def _interpolated(first: Point, last: Point, bounds: tuple[Any, Any]) -> Any:
    """The lowest place of the cubic through two points and their slopes, within bounds."""
    lowest, highest = bounds
    way = first.step - last.step
    mean = first.slope + last.slope - 3 * (first.value - last.value) / way
    square = mean**2 - first.slope * last.slope
    if not square >= 0:
        return (lowest + highest) / 2.0
    root = square**0.5
    if first.step > last.step:
        first, last = last, first
    part = (last.slope + root - mean) / (last.slope - first.slope + 2 * root)
    return min(max(last.step - (last.step - first.step) * part, lowest), highest)
