"""What is done with whole graphs: `shape_prop`."""

from . import shape_prop

__all__ = ["shape_prop"]
