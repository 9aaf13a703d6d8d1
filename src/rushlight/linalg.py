"""Linear algebra: `torch.linalg`.

The operations put them here by their declarations; `linalg.pyi` says them to editors.
"""

from .errors import LinAlgError
from .ops import declare as _declare

globals().update(_declare.places["linalg"])

__all__ = ["LinAlgError", *_declare.names_at("linalg")]  # which help() goes by
