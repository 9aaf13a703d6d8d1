"""What tests need: a device without a GPU that is as strict as one."""

from .strict_device import register_strict_device

__all__ = ["register_strict_device"]
