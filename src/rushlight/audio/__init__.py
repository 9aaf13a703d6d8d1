"""Sound: files, spectra, augmentation, a dataset. soundfile is the extra `rushlight[audio]`."""

from . import datasets, functional, transforms
from .io import AudioMetaData, info, load, save

__all__ = ["AudioMetaData", "datasets", "functional", "info", "load", "save", "transforms"]
