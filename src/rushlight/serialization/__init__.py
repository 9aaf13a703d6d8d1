"""Checkpoints: `save` and `load` in PyTorch's zip format.

A checkpoint is a zip archive of uncompressed records: `archive/data.pkl`, the object as a pickle in
which every tensor refers to a storage by number, and `archive/data/<number>`, the storages' bytes.
"""

from __future__ import annotations

import os
from typing import Any, BinaryIO

from .archive import replaced_when_complete, write_archive
from .errors import CheckpointError
from .pickler import pickled
from .reader import read_checkpoint

__all__ = ["CheckpointError", "load", "save"]


def save(
    obj: Any,
    f: str | os.PathLike[str] | BinaryIO,
    pickle_module: Any = None,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Writes tensors, and whatever holds them, to a file that PyTorch reads, too.

    `obj` is a tensor, a number, a string, bytes, None, a `torch.Size`, dtype or device, or a list,
    tuple, dict, OrderedDict or set of such, at any depth: what `load` gives back. Tensors that
    share memory are written once and share it again when loaded; memory order and `requires_grad`
    are kept. A view takes all the memory that it is a view of with it: save(view.clone(), f) does
    not.

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
    else:
        write_archive(f, pickle, storages)


def load(
    f: str | os.PathLike[str] | BinaryIO,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = True,
    mmap: bool | None = None,
) -> Any:
    """Reads what `save` wrote, here or in PyTorch (since 0.4, the format before 1.6 included).

    Nothing in a file is ever run: only the types that `save` names, and NumPy scalars and arrays
    of numbers, are made, whatever `weights_only` says. `map_location` says where tensors go: a
    device, a dict from saved to wanted devices, or a function of the storage (as a 1-d tensor) and
    its saved device that returns the storage or None. `pickle_module` and `mmap` are accepted and
    change nothing.

    Raises CheckpointError, a RuntimeError and a pickle.UnpicklingError, for a file that is damaged,
    no checkpoint, or holds objects of other types; OSError where the file cannot be read.

    >>> import rushlight as torch
    >>> torch.save({"weight": torch.tensor([1.0, 2.0])}, "model.pt")
    >>> torch.load("model.pt")
    {'weight': tensor([1., 2.])}
    """
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            return read_checkpoint(file, os.fspath(f), map_location)
    return read_checkpoint(f, str(getattr(f, "name", "the file")), map_location)
