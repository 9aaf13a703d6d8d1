"""Rows of rushlight/ops/trigonometry.py."""

from __future__ import annotations

import numpy as np

from .elementwise import binary, no_list, unary

ops = [
    unary("sin", np.sin, more=no_list, integers="float32", complex=True),
    unary("cos", np.cos, more=no_list, integers="float32", complex=True),
    unary("tan", np.tan, "fraction", integers="float32", complex=True),
    unary("asin", np.arcsin, "fraction"),
    unary("acos", np.arccos, "fraction"),
    unary("atan", np.arctan, integers="float32", complex=True),
    unary("sinh", np.sinh, integers="float32", complex=True),
    unary("cosh", np.cosh, integers="float32", complex=True),
    unary("asinh", np.arcsinh, integers="float32", complex=True),
    unary("acosh", lambda x: np.arccosh(x), "above_one"),
    unary("atanh", np.arctanh, "fraction"),
    binary("atan2", np.arctan2, "nonzero", "nonzero", numbers=(), integers="float32"),
    unary("deg2rad", np.deg2rad, more=no_list, inplace="deg2rad_", integers="float32"),
    unary("rad2deg", np.rad2deg, more=no_list, inplace="rad2deg_", integers="float32"),
    unary("sinc", np.sinc, "nonzero", no_list, integers="float32", complex=True),
]
