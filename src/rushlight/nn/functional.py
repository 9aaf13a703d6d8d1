"""The functions behind the layers: `torch.nn.functional`.

The operations put them here by their declarations; `functional.pyi` says them to editors.
"""

from ..ops.declare import places

globals().update(places["nn.functional"])
