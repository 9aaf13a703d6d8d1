# Written by tools/stubs.py from the operations' declarations.

from .ops.declare import places as places
from .tensor import Tensor

def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor: ...
