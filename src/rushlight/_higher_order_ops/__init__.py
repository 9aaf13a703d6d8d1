"""Functions that take functions, from where PyTorch has them.

They stand in `control_flow` and `control_scans`.
"""

from .associative_scan import associative_scan
from .cond import cond
from .map import map
from .scan import scan
from .while_loop import while_loop

__all__ = ["associative_scan", "cond", "map", "scan", "while_loop"]
