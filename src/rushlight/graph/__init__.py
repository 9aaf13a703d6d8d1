"""The graph of a computation as something to look at."""

from .capture import CaptureError
from .compile import compile
from .draw import draw, save_svg

__all__ = ["CaptureError", "compile", "draw", "save_svg"]
