"""Where the boxes and arrows of a diagram go.

Boxes stand in rows: each one row below the last of those that lead to it. They also stand in lanes:
the longest chain of boxes keeps to lane 0, so that it is a straight line from top to bottom; every
other chain, and every arrow that passes by a box, gets the first lane to the right that is free
over its rows. Parameters stand beside their operation: those of lane 0 to its left, others to the
right.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum

from .svg import LETTER_WIDTH


class Kind(Enum):
    OPERATION = "operation"
    INPUT = "input"
    PARAMETER = "parameter"
    RESULT = "result"


@dataclass(eq=False)
class Box:
    """A name and a shape. `again` says that the same parameter has been drawn before."""

    kind: Kind
    name: str
    shape: str
    again: bool = False
    parameters: list[Box] = field(default_factory=list)
    row: int = 0
    lane: int = 0
    left: float = 0.0
    top: float = 0.0
    width: float = 0.0

    @property
    def middle(self) -> float:
        return self.left + self.width / 2

    @property
    def bottom(self) -> float:
        return self.top + BOX_HEIGHT


@dataclass(eq=False)
class Arrow:
    """From a box to one below it, along `lane` where it passes others.

    `in_chain` says that it continues a chain of boxes, and so runs through their middles.
    """

    source: Box
    target: Box
    lane: int | None = None
    in_chain: bool = False
    start: float = 0.0  # horizontal positions
    passing: float = 0.0
    end: float = 0.0


@dataclass
class Diagram:
    """Boxes in an order in which each comes after those that lead to it, and arrows."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    row_tops: list[float] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0

    def connect(self, source: Box, target: Box) -> None:
        self.arrows.append(Arrow(source, target))


# In SVG's pixels, 96 to the inch: LeNet's graph fits a page of A4 paper.
BOX_HEIGHT = 26.0
BOX_PADDING = 12.0
NAME_GAP = 10.0  # between a box's name and its shape
ROW_GAP = 20.0
PARAMETER_GAP = 5.0  # between parameters of one operation
ARROW_GAP = 26.0  # between an operation and its parameters
LANE_GAP = 22.0
MARGIN = 20.0
PORT_GAP = 14.0  # between arrows that enter or leave a box


def arrange(diagram: Diagram) -> Diagram:
    """Gives every box and arrow its place."""
    _assign_rows(diagram)
    _assign_lanes(diagram)
    _place_rows(diagram)
    _place_lanes(diagram)
    _place_arrows(diagram)
    return diagram


def _assign_rows(diagram: Diagram) -> None:
    sources = _neighbours(diagram, incoming=True)
    targets = _neighbours(diagram, incoming=False)
    inputs = [box for box in diagram.boxes if box.kind is Kind.INPUT]
    for box in diagram.boxes:
        if box.kind is not Kind.INPUT:
            above = [source.row for source in sources[box] if source.kind is not Kind.INPUT]
            box.row = 1 + max(above, default=0)
    for box in inputs:  # as near to their use as possible
        box.row = min(target.row for target in targets[box]) - 1
    first = min(box.row for box in diagram.boxes)
    for box in diagram.boxes:
        box.row -= first


def _neighbours(diagram: Diagram, incoming: bool) -> dict[Box, list[Box]]:
    found = defaultdict(list)
    for arrow in diagram.arrows:
        box, other = (
            (arrow.target, arrow.source) if incoming else (arrow.source, arrow.target)
        )
        found[box].append(other)
    return found


def _assign_lanes(diagram: Diagram) -> None:
    sources = _neighbours(diagram, incoming=True)
    targets = _neighbours(diagram, incoming=False)
    lanes = _Lanes()
    free = dict.fromkeys(diagram.boxes)  # a set that keeps its order
    in_chain: set[tuple[Box, Box]] = set()
    while free:
        chain = [max(free, key=lambda box: box.row)]
        while above := [box for box in sources[chain[-1]] if box in free]:
            chain.append(max(above, key=lambda box: box.row))
        for box in chain:
            del free[box]
        # The arrows that join the chain to the rest run in its lane, too.
        path = list(chain)
        if above := sources[chain[-1]]:
            path.append(max(above, key=lambda box: box.row))
        if below := targets[chain[0]]:
            path.insert(0, min(below, key=lambda box: box.row))
        in_chain.update(zip(path[1:], path, strict=False))
        top = path[-1].row + 1 if above else chain[-1].row
        bottom = path[0].row - 1 if below else chain[0].row
        lane = lanes.take(top, bottom)
        for box in chain:
            box.lane = lane
    for arrow in diagram.arrows:
        rows_between = arrow.target.row - arrow.source.row - 1
        if rows_between == 0:
            continue
        if (arrow.source, arrow.target) in in_chain:
            arrow.in_chain = True
            arrow.lane = max(arrow.source.lane, arrow.target.lane)
        else:
            arrow.lane = lanes.take(arrow.source.row + 1, arrow.target.row - 1)


class _Lanes:
    """Which rows of which lane are taken."""

    def __init__(self) -> None:
        self.taken: list[set[int]] = []

    def take(self, top: int, bottom: int) -> int:
        """The first lane that is free from row `top` to row `bottom`."""
        rows = set(range(top, bottom + 1))
        for lane, taken in enumerate(self.taken):
            if taken.isdisjoint(rows):
                taken |= rows
                return lane
        self.taken.append(rows)
        return len(self.taken) - 1


def _place_rows(diagram: Diagram) -> None:
    heights = [BOX_HEIGHT] * (1 + max(box.row for box in diagram.boxes))
    for box in diagram.boxes:
        heights[box.row] = max(heights[box.row], _stack_height(box.parameters))
    top = MARGIN
    for height in heights:
        diagram.row_tops.append(top)
        top += height + ROW_GAP
    diagram.height = top - ROW_GAP + MARGIN
    for box in diagram.boxes:
        middle = diagram.row_tops[box.row] + heights[box.row] / 2
        box.top = middle - BOX_HEIGHT / 2
        top = middle - _stack_height(box.parameters) / 2
        for parameter in box.parameters:
            parameter.top = top
            top += BOX_HEIGHT + PARAMETER_GAP


def _stack_height(boxes: list[Box]) -> float:
    return len(boxes) * (BOX_HEIGHT + PARAMETER_GAP) - PARAMETER_GAP


def _place_lanes(diagram: Diagram) -> None:
    """Gives every lane the width that its boxes need; all boxes of a lane get the same width."""
    lanes: dict[int, list[Box]] = defaultdict(list)
    for box in diagram.boxes:
        lanes[box.lane].append(box)
    count = 1 + max(
        max(lanes), max((a.lane for a in diagram.arrows if a.lane is not None), default=0)
    )
    left = MARGIN
    lefts, middles = [], []
    for lane in range(count):
        boxes = lanes[lane]
        width = max((_text_width(box) for box in boxes), default=0.0)
        beside = [parameter for box in boxes for parameter in box.parameters]
        beside_width = max((_text_width(parameter) for parameter in beside), default=0.0)
        beside_left = left if lane == 0 else left + width + ARROW_GAP
        if beside and lane == 0:
            left += beside_width + ARROW_GAP
        for box in boxes:
            box.left, box.width = left, width
        for parameter in beside:
            parameter.left, parameter.width = beside_left, beside_width
        lefts.append(left + min(BOX_PADDING, width / 2))
        middles.append(left + width / 2)
        left += width + LANE_GAP
        if beside and lane > 0:
            left += ARROW_GAP + beside_width
    diagram.width = left - LANE_GAP + MARGIN
    for arrow in diagram.arrows:
        if arrow.lane is not None:
            arrow.passing = (middles if arrow.in_chain else lefts)[arrow.lane]


def _text_width(box: Box) -> float:
    return len(box.name + box.shape) * LETTER_WIDTH + NAME_GAP + 2 * BOX_PADDING


def _place_arrows(diagram: Diagram) -> None:
    """Spreads the ends of arrows along the edges of their boxes, in the order of their lanes."""
    leaving, entering = defaultdict(list), defaultdict(list)
    for arrow in diagram.arrows:
        leaving[arrow.source].append(arrow)
        entering[arrow.target].append(arrow)
    for box, arrows in leaving.items():
        _spread(arrows, "start", box, [_lane_of(a, a.target) for a in arrows])
    for box, arrows in entering.items():
        _spread(arrows, "end", box, [_lane_of(a, a.source) for a in arrows])
    for arrow in diagram.arrows:
        if arrow.lane is None:
            arrow.passing = arrow.end


def _lane_of(arrow: Arrow, other: Box) -> int:
    return other.lane if arrow.lane is None else arrow.lane


def _spread(arrows: list[Arrow], end: str, box: Box, lanes: list[int]) -> None:
    """The arrow of the box's own lane keeps to the middle."""
    order = sorted(range(len(arrows)), key=lambda i: lanes[i])
    centre = next((rank for rank, i in enumerate(order) if lanes[i] == box.lane), 0)
    gap = min(PORT_GAP, box.width / 2 / len(arrows))
    for rank, i in enumerate(order):
        setattr(arrows[i], end, box.middle + (rank - centre) * gap)
