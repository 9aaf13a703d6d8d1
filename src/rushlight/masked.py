"""Reductions and normalizations of the elements that a mask lets through: `torch.masked`.

The operations put them here by their declarations; `masked.pyi` says them to editors.
"""

from .ops import declare as _declare

globals().update(_declare.places["masked"])

__all__ = _declare.names_at("masked")  # which help() goes by
