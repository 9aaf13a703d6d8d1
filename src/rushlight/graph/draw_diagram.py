"""An arranged diagram as a picture."""

from __future__ import annotations

from . import svg
from .layout import BOX_HEIGHT, BOX_PADDING, ROW_GAP, Arrow, Box, Diagram, Kind

# Fill and border. The kinds differ in lightness, too, for printers without colour.
_COLOURS = {
    Kind.OPERATION: ("#ffffff", "#4a5568"),
    Kind.INPUT: ("#cfe3f7", "#2b6cb0"),
    Kind.PARAMETER: ("#fbefc9", "#b7791f"),
    Kind.RESULT: ("#d3eeda", "#2f855a"),
}


def render(diagram: Diagram) -> svg.Picture:
    """The picture of an arranged diagram."""
    parts = [_arrow(arrow, diagram) for arrow in diagram.arrows]
    for box in diagram.boxes:
        parts.append(_drawn(box))
        parts += [_parameter(parameter, box) for parameter in box.parameters]
    return svg.document(diagram.width, diagram.height, parts)


def _drawn(box: Box) -> str:
    return svg.box(
        box.left, box.top, box.width, BOX_HEIGHT, box.name, box.shape,
        f"{box.kind.value} {box.name} {box.shape}", _COLOURS[box.kind], BOX_PADDING, box.again,
    )  # fmt: skip


def _parameter(parameter: Box, box: Box) -> str:
    """A parameter and its arrow to the side of its operation."""
    if parameter.left < box.left:
        start, end = parameter.left + parameter.width, box.left
    else:
        start, end = parameter.left, box.left + box.width
    from_y, to_y = parameter.top + BOX_HEIGHT / 2, box.top + BOX_HEIGHT / 2
    # Between the middles, so that the tips of several arrows do not lie on each other.
    to_y += max(-BOX_HEIGHT / 4, min(BOX_HEIGHT / 4, (from_y - to_y) / 3))
    turn = (start + end) / 2
    path = f"M{start:.1f} {from_y:.1f} C{turn:.1f} {from_y:.1f} {turn:.1f} {to_y:.1f} "
    return f"{svg.arrow(path + f'{end:.1f} {to_y:.1f}')}\n{_drawn(parameter)}"


def _arrow(arrow: Arrow, diagram: Diagram) -> str:
    """Down from its source, over to its lane, along it, and over to its target."""
    top, bottom = arrow.source.bottom, arrow.target.top
    if arrow.lane is None:
        bend = _bend(arrow.start, top, arrow.end, bottom)
        return svg.arrow(f"M{arrow.start:.1f} {top:.1f} {bend}")
    lane_top = diagram.row_tops[arrow.source.row + 1]
    lane_bottom = diagram.row_tops[arrow.target.row] - ROW_GAP
    return svg.arrow(
        f"M{arrow.start:.1f} {top:.1f} {_bend(arrow.start, top, arrow.passing, lane_top)} "
        f"L{arrow.passing:.1f} {lane_bottom:.1f} "
        f"{_bend(arrow.passing, lane_bottom, arrow.end, bottom)}"
    )


def _bend(from_x: float, from_y: float, to_x: float, to_y: float) -> str:
    middle = (from_y + to_y) / 2
    return f"C{from_x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"
