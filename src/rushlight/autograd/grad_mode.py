"""`torch.autograd.grad_mode`: PyTorch's path to the modes of recording."""

from ..grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = ["enable_grad", "inference_mode", "no_grad", "set_grad_enabled"]
