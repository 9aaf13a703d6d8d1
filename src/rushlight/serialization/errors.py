"""What is wrong with a file."""

from __future__ import annotations

import pickle


class CheckpointError(pickle.UnpicklingError, RuntimeError):
    """A file that is damaged, no checkpoint, or holds what must not be loaded.

    PyTorch raises one or the other of the two bases.
    """
