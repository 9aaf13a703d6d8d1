"""Parity with PyTorch: collected with `--parity` only, and failing where PyTorch is missing."""

import torch  # noqa: F401
