"""Event files for TensorBoard, written by tensorboardX."""

from __future__ import annotations

try:
    from tensorboardX import FileWriter, RecordWriter
except ImportError as error:
    raise ModuleNotFoundError(
        "torch.utils.tensorboard needs tensorboardX, which is not installed: "
        "pip install 'rushlight[tensorboard]'"
    ) from error
from .writer import SummaryWriter

__all__ = ["FileWriter", "RecordWriter", "SummaryWriter"]
