"""Drawing a record: the forward down the left, the backward up the middle, the update on the right.

A kernel's box names it and the array that it makes. Thick arrows join what follows on directly,
thin ones carry arrays further: what the forward saves, the gradients that the update takes.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import svg
from .record import Call, Record

BOX_WIDTH = 280
BOX_HEIGHT = 24
ROW_HEIGHT = 36
COLUMN_GAP = 90
MARGIN = 20
TITLE_HEIGHT = 34
PHASES = ("forward", "backward", "update")
# Fill and border: they differ in lightness, too, for printers without colour.
COLOURS = {
    "forward": ("#e3effb", "#2b6cb0"),
    "backward": ("#fbe3cf", "#b7591f"),
    "update": ("#c3dfc9", "#2f6b45"),
}


@dataclass(frozen=True)
class Place:
    left: float
    top: float
    phase: str

    @property
    def right(self) -> float:
        return self.left + BOX_WIDTH

    @property
    def centre(self) -> float:
        return self.top + BOX_HEIGHT / 2


def draw_record(record: Record) -> svg.Picture:
    """The picture of a record as the text of an SVG file."""
    calls = [*record.calls, *record.backward_calls]
    phases = [phase for phase in PHASES if any(call.phase == phase for call in calls)]
    columns = [[call for call in calls if call.phase == phase] for phase in phases]
    rows = max((len(column) for column in columns), default=0)
    places: dict[int, Place] = {}
    for number, (phase, column) in enumerate(zip(phases, columns, strict=True)):
        for i, call in enumerate(column):
            row = rows - 1 - i if phase == "backward" else i
            left = MARGIN + number * (BOX_WIDTH + COLUMN_GAP)
            top = MARGIN + TITLE_HEIGHT + row * ROW_HEIGHT
            places[id(call)] = Place(left, top, phase)
    width = 2 * MARGIN + max(len(phases), 1) * (BOX_WIDTH + COLUMN_GAP) - COLUMN_GAP
    height = 2 * MARGIN + TITLE_HEIGHT + rows * ROW_HEIGHT
    parts = [_title(i, phase, columns[i], record) for i, phase in enumerate(phases)]
    parts += [
        _arrow(places[id(source)], places[id(call)])
        for call, sources in record.sources() for source in sources
    ]  # fmt: skip
    parts += [_box(call, places[id(call)], record) for call in calls]
    return svg.document(width, height, parts)


def _title(number: int, phase: str, calls: list[Call], record: Record) -> str:
    made = sum(_new_bytes(call, record) for call in calls)
    left = MARGIN + number * (BOX_WIDTH + COLUMN_GAP)
    kernels = "1 kernel" if len(calls) == 1 else f"{len(calls)} kernels"
    size = f"{made / 2**20:.1f} MiB" if made >= 2**20 else f"{made / 2**10:.1f} KiB"
    text = f"{phase}: {kernels}" + (f", {size} made" if made else "")
    return svg.caption(left, MARGIN + 12, text)


def _new_bytes(call: Call, record: Record) -> int:
    """How much memory a call takes that no array had before."""
    made = [record.slots[slot] for slot in set(call.writes).difference(call.reads)]
    return sum(slot.nbytes for slot in made if slot.base == slot.number)


def _arrow(start: Place, end: Place) -> str:
    colour = COLOURS[end.phase][1]
    if start.phase == end.phase and abs(start.top - end.top) == ROW_HEIGHT:
        x = start.left + BOX_WIDTH / 2
        down = end.top > start.top
        from_y = start.top + (BOX_HEIGHT if down else 0)
        to_y = end.top + (0 if down else BOX_HEIGHT)
        return svg.arrow(f"M{x} {from_y} L{x} {to_y}", colour, 1.6)
    if start.phase == end.phase:  # past others: round the right side
        bend = start.right + 14 + min(abs(start.top - end.top) / 12, 30)
        path = f"M{start.right} {start.centre} C{bend} {start.centre} {bend} {end.centre} "
        path += f"{end.right} {end.centre}"
    else:
        turn = (start.right + end.left) / 2
        path = f"M{start.right} {start.centre} C{turn} {start.centre} {turn} {end.centre} "
        path += f"{end.left} {end.centre}"
    return svg.thread(path, colour)


def _box(call: Call, place: Place, record: Record) -> str:
    made = [record.slots[slot] for slot in call.writes]
    shape = ("x".join(map(str, made[0].shape)) or "scalar") if made else ""
    size = f"{sum(slot.nbytes for slot in made)} bytes"
    return svg.box(
        place.left, place.top, BOX_WIDTH, BOX_HEIGHT, call.name, shape,
        f"{call.name} {shape} {size}", COLOURS[call.phase], 10,
    )  # fmt: skip
