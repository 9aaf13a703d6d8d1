"""Linear algebra: `torch.linalg`.

The operations put them here by their declarations; `linalg.pyi` says them to editors.
"""

from .ops.declare import places

globals().update(places["linalg"])
