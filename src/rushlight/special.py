"""Special functions: `torch.special`.

The operations put them here by their declarations; `special.pyi` says them to editors.
"""

from .ops.declare import places

globals().update(places["special"])
