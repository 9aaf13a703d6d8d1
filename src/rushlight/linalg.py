"""Linear algebra: `torch.linalg`.

The operations put them here by their declarations; `linalg.pyi` says them to editors.
"""

from .errors import LinAlgError
from .ops.declare import places

__all__ = ["LinAlgError"]

globals().update(places["linalg"])
