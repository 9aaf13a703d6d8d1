"""Reductions and normalizations of the elements that a mask lets through: `torch.masked`.

The operations put them here by their declarations; `masked.pyi` says them to editors.
"""

from .ops.declare import places

globals().update(places["masked"])
