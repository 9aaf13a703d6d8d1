"""`torch.cond` from the module in which PyTorch has it."""

from ..control_flow import cond

__all__ = ["cond"]
