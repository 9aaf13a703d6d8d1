"""Reading checkpoints: the zip format, and the one that PyTorch wrote before 1.6."""

from __future__ import annotations

import io
import pickle
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from ..device import device as Device
from ..dtype import dtype as DType
from ..kernels.devices import is_present
from ..tensor import Tensor, wrap
from .errors import CheckpointError
from .unpickler import Array, Storage, StorageType, Unpickler

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
# A pickle of protocol 2 that begins with that number.
LEGACY_START = b"\x80\x02\x8a\n" + LEGACY_MAGIC.to_bytes(10, "little")

# What the content of a damaged file makes Python and its libraries raise.
DAMAGE = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, NotImplementedError,
    RecursionError, TypeError, ValueError, pickle.UnpicklingError, struct.error,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip

Locate = Callable[[Array, Any, str], Device]


def read_checkpoint(file: BinaryIO, name: str, map_location: Any) -> Any:
    """The object in `file`; problems with its content are reported under `name`."""
    start = file.tell()
    head = file.read(len(LEGACY_START))
    file.seek(start)
    read = _read_zip
    if head == LEGACY_START:
        read = _read_legacy
    elif not head.startswith(b"PK\3\4"):
        raise CheckpointError(f"load: '{name}' is not a checkpoint: {_describe(head)}")
    try:
        return read(file, _locator(map_location))
    except CheckpointError as error:
        raise CheckpointError(f"load: '{name}' cannot be loaded: {error}") from None
    except DAMAGE as error:
        problem = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise CheckpointError(f"load: '{name}' is damaged or cut off ({problem})") from error


def _describe(head: bytes) -> str:
    if not head:
        return "it is empty (or a file object that must be rewound with seek(0))"
    if head.startswith(b"\x80"):
        return "it is a Python pickle, which is not read because loading one can run code"
    if head[8:9] == b"{":
        return "it looks like a safetensors file"
    return f"it begins with {head[:8]!r}, not as the zip archive that torch.save writes"


# ---- the zip format


def _read_zip(file: BinaryIO, locate: Locate) -> Any:
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        folder = next((n.removesuffix("data.pkl") for n in names if n.endswith("/data.pkl")), None)
        if folder is None:
            raise CheckpointError("it is a zip archive without a checkpoint (data.pkl) in it")
        if folder + "constants.pkl" in names:
            raise CheckpointError("it is a TorchScript program; save its state_dict() instead")
        order = "little"
        if folder + "byteorder" in names:
            order = archive.read(folder + "byteorder").decode()
        storages: dict[str, Storage] = {}

        def persistent_load(identity: Any) -> Storage:
            kind, key, location, count = _parts(identity, 4)
            if key not in storages:
                memory = _read_record(archive, f"{folder}data/{key}")
                if memory.size != count * _width(kind.dtype):
                    raise ValueError(f"storage {key} has {memory.size} bytes")
                storages[key] = _storage(memory, kind, location, locate, order)
            return storages[key]

        content = io.BytesIO(archive.read(folder + "data.pkl"))
        return Unpickler(content, persistent_load).load()


def _read_record(archive: zipfile.ZipFile, name: str) -> Array:
    memory = np.empty(archive.getinfo(name).file_size, np.uint8)
    rest = memory.data
    with archive.open(name) as record:
        while rest:  # in pieces: the whole as one bytes object would take the memory twice
            piece = record.read(min(len(rest), 1 << 20))
            if not piece:
                raise EOFError(f"{name} ends early")
            rest[: len(piece)] = piece
            rest = rest[len(piece) :]
        record.read(1)  # at the end the checksum is compared
    return memory


# ---- the format before 1.6: pickles one after the other, then the storages


def _read_legacy(file: BinaryIO, locate: Locate) -> Any:
    def refuse(identity: Any) -> Any:
        raise ValueError("a storage in the file's header")

    for expected in (LEGACY_MAGIC, 1001):
        if Unpickler(file, refuse).load() != expected:
            raise ValueError("unknown version")
    system = Unpickler(file, refuse).load()
    order = "little" if system["little_endian"] else "big"
    start = file.tell()
    remaining = file.seek(0, io.SEEK_END) - start
    storages: dict[str, Storage] = {}

    def persistent_load(identity: Any) -> Storage:
        kind, key, location, count, view = _parts(identity, 5)
        if key not in storages:
            if not 0 <= count * _width(kind.dtype) <= remaining:
                raise EOFError(f"storage {key} has {count} elements")
            memory = np.zeros(count * _width(kind.dtype), np.uint8)
            storages[key] = Storage(memory, kind.dtype, locate(memory, kind, location))
        if view is None:
            return storages[key]
        _, offset, size = view
        width = _width(kind.dtype)
        part = storages[key].memory[offset * width : (offset + size) * width]
        return storages[key]._replace(memory=part)

    # The storages stand behind the pickle that says their sizes. It is read twice: to find them,
    # and with their content.
    file.seek(start)
    Unpickler(file, persistent_load).load()
    for key in Unpickler(file, refuse).load():
        memory, dtype, _ = storages[key]
        count = int.from_bytes(file.read(8), "little")
        if count * _width(dtype) != memory.size:
            raise ValueError(f"storage {key} has {count} elements")
        memory[:] = np.frombuffer(file.read(memory.size), np.uint8)
        _to_native(memory, dtype, order)
    file.seek(start)
    return Unpickler(file, persistent_load).load()


# ---- both


def _parts(identity: Any, count: int) -> Any:
    if not isinstance(identity, tuple) or identity[0] != "storage":
        raise ValueError(f"unknown reference {identity!r}")
    if len(identity) != count + 1 or not isinstance(identity[1], StorageType):
        raise ValueError(f"unknown reference {identity!r}")
    return identity[1:]


def _width(dtype: DType | None) -> int:
    return 1 if dtype is None else dtype.itemsize


def _storage(memory: Array, kind: StorageType, location: str, locate: Locate,
             order: str) -> Storage:  # fmt: skip
    _to_native(memory, kind.dtype, order)
    return Storage(memory, kind.dtype, locate(memory, kind, location))


def _to_native(memory: Array, dtype: DType | None, order: str) -> None:
    if order not in ("little", "big"):
        raise ValueError(f"byte order {order!r}")
    if order != sys.byteorder:
        if dtype is None:
            raise NotImplementedError(f"storages without a type that are {order}-endian")
        memory.view(dtype.numpy).byteswap(inplace=True)


def _locator(map_location: Any) -> Locate:
    """What says, from a storage and the device it was saved from, where its tensors go."""

    def locate(memory: Array, kind: StorageType, location: str) -> Device:
        if isinstance(map_location, dict):
            return _available(map_location.get(location, location))
        if map_location is not None and not callable(map_location):
            return _available(map_location)
        if callable(map_location):
            storage = wrap(memory if kind.dtype is None else memory.view(kind.dtype.numpy))
            result = map_location(storage, location)
            if isinstance(result, Tensor):
                return result.device
        return _available(location)

    return locate


def _available(location: str | Device) -> Device:
    try:
        device = Device(location)
    except RuntimeError:
        device = None
    if device is None or not is_present(device):
        raise CheckpointError(
            f"Attempting to deserialize object on device '{location}', which is not available "
            "here; use load(..., map_location='cpu')"
        )
    return device
