"""The functions behind the layers: `torch.nn.functional`.

The operations put them here by their declarations; `functional.pyi` says them to editors.
"""

from ..ops import declare as _declare
from ..torch_function import (
    handle_torch_function,
    has_torch_function,
    has_torch_function_unary,
    has_torch_function_variadic,
)

globals().update(_declare.places["nn.functional"])
