"""Parity with PyTorch. Collected with `--parity` only, and failing, not skipped, without PyTorch."""

import torch  # noqa: F401
