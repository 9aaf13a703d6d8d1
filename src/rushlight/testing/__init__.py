"""What tests need: comparison of results, random tensors, and a device as strict as a GPU."""

from .comparison import assert_allclose, assert_close
from .creation import make_tensor
from .strict_device import register_strict_device

__all__ = ["assert_allclose", "assert_close", "make_tensor", "register_strict_device"]
