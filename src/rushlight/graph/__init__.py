"""Graphs of computations: the autograd graph to look at, and recorded calls to run again."""

from .compile import compile
from .draw import draw, save_svg
from .errors import CaptureError
from .trace import trace

__all__ = ["CaptureError", "compile", "draw", "save_svg", "trace"]
