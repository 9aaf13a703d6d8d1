"""The functions behind the layers: `torch.nn.functional`.

The operations put them here by their declarations; `functional.pyi` says them to editors.
"""

from ..ops import declare as _declare
from ..torch_function import handle_torch_function as handle_torch_function
from ..torch_function import has_torch_function as has_torch_function
from ..torch_function import has_torch_function_unary as has_torch_function_unary
from ..torch_function import has_torch_function_variadic as has_torch_function_variadic

globals().update(_declare.places["nn.functional"])

__all__ = _declare.names_at("nn.functional")  # which help() goes by
