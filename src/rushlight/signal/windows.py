"""Window functions: `torch.signal.windows`.

The operations put them here by their declarations; `windows.pyi` says them to editors.
"""

from ..ops.declare import places

globals().update(places["signal.windows"])
