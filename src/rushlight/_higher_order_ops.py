"""Functions that take functions, from where PyTorch has them: they stand in `control_flow`."""

from .control_flow import cond, while_loop

__all__ = ["cond", "while_loop"]
