"""Checkpoints: `save` and `load` in PyTorch's zip format.

A checkpoint is a zip archive of uncompressed records: `archive/data.pkl`, the object as a pickle in
which every tensor refers to a storage by number, and `archive/data/<number>`, the storages' bytes.
"""

from __future__ import annotations

import os
from typing import Any, BinaryIO

from ..device import device as Device
from .allowed import add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals
from .archive import replaced_when_complete, write_archive
from .errors import CheckpointError
from .pickler import pickled
from .reader import (
    LoadEndianness,
    get_default_load_endianness,
    read_checkpoint,
    refused_names,
    set_default_load_endianness,
)

__all__ = [
    "CheckpointError", "LoadEndianness", "add_safe_globals", "clear_safe_globals",
    "get_default_load_endianness", "get_safe_globals", "get_unsafe_globals_in_checkpoint", "load",
    "safe_globals", "save", "set_default_load_endianness",
]  # fmt: skip


def save(
    obj: Any,
    f: str | os.PathLike[str] | BinaryIO,
    pickle_module: Any = None,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Writes tensors, and whatever holds them, to a file that PyTorch reads, too.

    `obj` is a tensor, a number, a string, bytes, None, a `torch.Size`, dtype or device, a number or
    an array of numbers of NumPy's, a path, or a list, tuple, named tuple, dict, OrderedDict,
    defaultdict, set or argparse.Namespace of such, at any depth, or an object of a class that
    `serialization.add_safe_globals` allows: what `load` gives back. Tensors that share memory are
    written once and share it again when loaded; memory order and `requires_grad` are kept. A view
    takes all the memory that it is a view of with it: save(view.clone(), f) does not.

    A file named by its path is replaced when the new one is complete on the disk: whatever happens
    before, a full disk or a killed process, leaves the old one.

    Unlike PyTorch, no module pickles, so that `pickle_module` and `pickle_protocol` choose nothing;
    the format before PyTorch 1.6 (`_use_new_zipfile_serialization=False`) is read, not written.

    Raises pickle.PicklingError for an object of another type, OSError (with the path) where the
    file cannot be written.

    >>> import io
    >>> import rushlight as torch
    >>> file = io.BytesIO()
    >>> torch.save({"weight": torch.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> torch.load(file)
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    if not _use_new_zipfile_serialization:
        raise NotImplementedError(
            "save: the format before PyTorch 1.6 is not written; leave out "
            "_use_new_zipfile_serialization=False, which PyTorch 1.6 and newer do not need"
        )
    pickle, storages = pickled(obj)  # before the file is opened: a refused object changes nothing
    if isinstance(f, (str, os.PathLike)):
        with replaced_when_complete(os.fspath(f)) as file:
            write_archive(file, pickle, storages)
    elif not hasattr(f, "write"):
        raise AttributeError(
            "expected 'f' to be string, path, or a file-like object with a 'write' attribute"
        )
    else:
        write_archive(f, pickle, storages)


def load(
    f: str | os.PathLike[str] | BinaryIO,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    encoding: str = "utf-8",
) -> Any:
    """Reads what `save` wrote, here or in PyTorch (since 0.4, the format before 1.6 included).

    Nothing in a file is ever run: only the types that `save` names are made, whatever
    `weights_only` says. What a program allows by `serialization.add_safe_globals` is made by its
    own classes. `map_location` says where tensors go: a device, a dict from saved to wanted
    devices, or a function of the storage and its saved device that returns the storage or None.
    `mmap` leaves the tensors of a file named by its path there until they are used; what is written
    to them does not go into the file. `pickle_module` is accepted and changes nothing, and neither
    does `encoding`.

    Raises CheckpointError, a RuntimeError and a pickle.UnpicklingError, for a file that is damaged,
    no checkpoint, or holds objects of other types; OSError where the file cannot be read.

    >>> import rushlight as torch
    >>> torch.save({"weight": torch.tensor([1.0, 2.0])}, "model.pt")
    >>> torch.load("model.pt")
    {'weight': tensor([1., 2.])}
    """
    if pickle_module is not None and weights_only:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    if isinstance(map_location, bytes) or not (
        map_location is None or isinstance(map_location, (str, dict, Device))
        or callable(map_location)
    ):  # fmt: skip
        raise TypeError(
            "load: map_location must be a device, its name, a dict of such or a function, not "
            f"{type(map_location).__name__}"
        )
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            return read_checkpoint(file, os.fspath(f), map_location, bool(mmap))
    for name in ("seek", "tell", "read"):
        if not hasattr(f, name):
            raise AttributeError(
                f"'{type(f).__name__}' object has no attribute '{name}'. You can only torch.load "
                "from a file that is seekable. Please pre-load the data into a buffer like "
                "io.BytesIO and try to load from it instead."
            )
    if mmap:
        raise ValueError("f must be a file path in order to use the mmap argument")
    return read_checkpoint(f, str(getattr(f, "name", "the file")), map_location)


def get_unsafe_globals_in_checkpoint(f: str | os.PathLike[str] | BinaryIO) -> list[str]:
    """The classes and functions that a file names and `load` would refuse.

    They are only read: nothing is imported or run. Raises as `load` does where the file is damaged.

    >>> import io, fractions
    >>> import rushlight as torch
    >>> file = io.BytesIO()
    >>> with torch.serialization.safe_globals([fractions.Fraction]):
    ...     torch.save(fractions.Fraction(1, 3), file)
    >>> _ = file.seek(0)
    >>> torch.serialization.get_unsafe_globals_in_checkpoint(file)
    ['fractions.Fraction']
    """
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            return refused_names(file, os.fspath(f))
    return refused_names(f, str(getattr(f, "name", "the file")))
