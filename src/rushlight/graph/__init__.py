"""Graphs of computations: the autograd graph to look at, and recorded calls to run again."""

from .capture import CaptureError
from .compile import compile
from .draw import draw, save_svg

__all__ = ["CaptureError", "compile", "draw", "save_svg"]
