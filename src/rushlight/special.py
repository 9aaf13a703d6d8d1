"""Special functions: `torch.special`.

The operations put them here by their declarations; `special.pyi` says them to editors.
"""

from .ops import declare as _declare

globals().update(_declare.places["special"])

__all__ = _declare.names_at("special")  # which help() goes by
