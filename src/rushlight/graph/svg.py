"""Pictures as the text of SVG files (https://www.w3.org/TR/SVG11/): boxes, arrows, captions."""

from __future__ import annotations

import os
from html import escape

from ..serialization.archive import replaced_when_complete

FONT_SIZE = 12.0  # in SVG's pixels, 96 to the inch
LETTER_WIDTH = 0.56 * FONT_SIZE  # of the wider common sans-serif fonts, on average
LINE = "#4a5568"
_HEAD = f"""<svg xmlns="http://www.w3.org/2000/svg" width="{{width:.0f}}" height="{{height:.0f}}" \
viewBox="0 0 {{width:.0f}} {{height:.0f}}" \
font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif" font-size="{FONT_SIZE:g}">
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" \
markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.5 L8 4 L0 7.5 Z" fill="{LINE}"/>\
</marker></defs>
<rect width="100%" height="100%" fill="#ffffff"/>"""


class Picture(str):
    """The text of an SVG file, which a notebook shows as the picture."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)


def write_svg(path: str | os.PathLike[str], picture: str) -> None:
    """Writes a picture to a file, which appears only once it is complete.

    ValueError for a name that says another kind of picture: it would be SVG text all the same.
    """
    ending = os.path.splitext(os.fspath(path))[1]
    if ending.lower() not in ("", ".svg"):
        raise ValueError(f"save_svg: writes SVG text, which a name ending in {ending} does not say")
    with replaced_when_complete(os.fspath(path)) as file:
        file.write(picture.encode())


def document(width: float, height: float, parts: list[str]) -> Picture:
    """A whole picture; the parts that come first lie below."""
    text = "\n".join([_HEAD.format(width=width, height=height), *parts, "</svg>", ""])
    return Picture(text)


def box(
    left: float, top: float, width: float, height: float, name: str, detail: str,
    title: str, colours: tuple[str, str], padding: float, is_dashed: bool = False,
) -> str:  # fmt: skip
    """A box with a name on its left and a detail on its right; the title shows under the mouse.

    `colours` are those of its inside and of its border.
    """
    fill, border = colours
    dashes = ' stroke-dasharray="4 3"' if is_dashed else ""
    baseline = top + height / 2 + 0.35 * FONT_SIZE
    return (
        f"<g><title>{escape(title)}</title>"
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
        f'height="{height:g}" rx="4" fill="{fill}" stroke="{border}"{dashes}/>'
        f'<text x="{left + padding:.1f}" y="{baseline:.1f}">{escape(name)}</text>'
        f'<text x="{left + width - padding:.1f}" y="{baseline:.1f}" '
        f'text-anchor="end" fill="{LINE}">{escape(detail)}</text></g>'
    )


def arrow(path: str, colour: str = LINE, width: float = 1.0) -> str:
    """An arrow along a path."""
    line = f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
    return line + 'marker-end="url(#tip)"/>'


def thread(path: str, colour: str) -> str:
    """A line that stays in the background."""
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="0.8" opacity="0.55"/>'


def caption(left: float, baseline: float, text: str) -> str:
    return f'<text x="{left:.1f}" y="{baseline:.1f}" font-weight="bold">{escape(text)}</text>'
