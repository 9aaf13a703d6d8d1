"""A diagram as the text of an SVG file (https://www.w3.org/TR/SVG11/)."""

from __future__ import annotations

from html import escape

from .layout import (
    BOX_HEIGHT,
    BOX_PADDING,
    FONT_SIZE,
    ROW_GAP,
    Arrow,
    Box,
    Diagram,
    Kind,
)

# Fill and border. The kinds differ in lightness, too, for printers without colour.
_COLOURS = {
    Kind.OPERATION: ("#ffffff", "#4a5568"),
    Kind.INPUT: ("#cfe3f7", "#2b6cb0"),
    Kind.PARAMETER: ("#fbefc9", "#b7791f"),
    Kind.RESULT: ("#d3eeda", "#2f855a"),
}
_LINE = "#4a5568"
_HEAD = f"""<svg xmlns="http://www.w3.org/2000/svg" width="{{width:.0f}}" height="{{height:.0f}}" \
viewBox="0 0 {{width:.0f}} {{height:.0f}}" \
font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif" font-size="{FONT_SIZE:g}">
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" \
markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.5 L8 4 L0 7.5 Z" fill="{_LINE}"/>\
</marker></defs>
<rect width="100%" height="100%" fill="#ffffff"/>"""


def render(diagram: Diagram) -> str:
    """The picture of an arranged diagram."""
    parts = [_HEAD.format(width=diagram.width, height=diagram.height)]
    parts += [_arrow(arrow, diagram) for arrow in diagram.arrows]
    for box in diagram.boxes:
        parts.append(_box(box))
        parts += [_parameter(parameter, box) for parameter in box.parameters]
    return "\n".join([*parts, "</svg>", ""])


def _box(box: Box) -> str:
    fill, border = _COLOURS[box.kind]
    dashes = ' stroke-dasharray="4 3"' if box.again else ""
    baseline = box.top + BOX_HEIGHT / 2 + 0.35 * FONT_SIZE
    name, shape = escape(box.name), escape(box.shape)
    return (
        f'<g><title>{box.kind.value} {name} {shape}</title>'
        f'<rect x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}" '
        f'height="{BOX_HEIGHT:g}" rx="4" fill="{fill}" stroke="{border}"{dashes}/>'
        f'<text x="{box.left + BOX_PADDING:.1f}" y="{baseline:.1f}">{name}</text>'
        f'<text x="{box.left + box.width - BOX_PADDING:.1f}" y="{baseline:.1f}" '
        f'text-anchor="end" fill="#4a5568">{shape}</text></g>'
    )


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
    return f"{_path(path + f'{end:.1f} {to_y:.1f}')}\n{_box(parameter)}"


def _arrow(arrow: Arrow, diagram: Diagram) -> str:
    """Down from its source, over to its lane, along it, and over to its target."""
    top, bottom = arrow.source.bottom, arrow.target.top
    if arrow.lane is None:
        return _path(f"M{arrow.start:.1f} {top:.1f} {_bend(arrow.start, top, arrow.end, bottom)}")
    lane_top = diagram.row_tops[arrow.source.row + 1]
    lane_bottom = diagram.row_tops[arrow.target.row] - ROW_GAP
    return _path(
        f"M{arrow.start:.1f} {top:.1f} {_bend(arrow.start, top, arrow.passing, lane_top)} "
        f"L{arrow.passing:.1f} {lane_bottom:.1f} "
        f"{_bend(arrow.passing, lane_bottom, arrow.end, bottom)}"
    )


def _bend(from_x: float, from_y: float, to_x: float, to_y: float) -> str:
    middle = (from_y + to_y) / 2
    return f"C{from_x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"


def _path(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="{_LINE}" marker-end="url(#tip)"/>'
