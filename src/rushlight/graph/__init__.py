"""The graph of a computation as something to look at."""

from .draw import draw, save_svg

__all__ = ["draw", "save_svg"]
