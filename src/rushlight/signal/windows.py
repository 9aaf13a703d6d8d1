"""Window functions: `torch.signal.windows`.

The operations put them here by their declarations; `windows.pyi` says them to editors.
"""

from ..ops import declare as _declare

globals().update(_declare.places["signal.windows"])

__all__ = _declare.names_at("signal.windows")  # which help() goes by
