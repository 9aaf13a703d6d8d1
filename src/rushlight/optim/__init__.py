"""Optimizers, and the schedules of their learning rates."""

from . import lr_scheduler
from .adam import Adam, AdamW
from .optimizer import Optimizer
from .sgd import SGD
from .sparse_adam import SparseAdam

__all__ = ["Adam", "AdamW", "Optimizer", "SGD", "SparseAdam", "lr_scheduler"]
