"""The functions behind the layers: `torch.nn.functional`.

The operations put them here by their declarations; `functional.pyi` says them to editors.
"""

from ..ops import declare as _declare

globals().update(_declare.places["nn.functional"])
