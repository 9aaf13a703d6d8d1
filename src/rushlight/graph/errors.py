"""Why a call cannot be recorded, or not this time."""

from __future__ import annotations


class CaptureError(RuntimeError):
    """What was called cannot be recorded; the message says why, and where it is."""


class NoRecordError(AttributeError, RuntimeError):
    """A compiled function has no `graph`: not yet, or it runs without a record."""


class RefusedError(RuntimeError):
    """Something that no replay could do as the recorded call has done it."""


class LeakError(RefusedError):
    """Something that may be another way in the next call: a first step that makes states."""


class InvalidBackend(RuntimeError):
    """`torch.compile` was asked for a backend that nobody has: a word misspelt, most often."""
