"""`torch.autograd.graph`: the recorded graph, and hooks for what it saves."""

from .node import Node
from .saved import disable_saved_tensors_hooks, save_on_cpu, saved_tensors_hooks

__all__ = ["Node", "disable_saved_tensors_hooks", "save_on_cpu", "saved_tensors_hooks"]
