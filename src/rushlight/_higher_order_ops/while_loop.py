"""`torch.while_loop` from the module in which PyTorch has it."""

from ..control_flow import while_loop

__all__ = ["while_loop"]
