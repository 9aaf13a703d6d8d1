"""Reading checkpoints: the zip format, and the one that PyTorch wrote before 1.6."""

from __future__ import annotations

import io
import mmap
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from ..device import device as Device
from ..dtype import dtype as DType
from ..kernels.devices import is_present
from ..storage import UntypedStorage
from ..tensor import Tensor, wrap
from .errors import CheckpointError, DamagedError, one_line, require
from .rebuild import is_count
from .storage import Array, Storage, StorageType
from .unpickler import Unpickler, names_refused

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
# A pickle of protocol 2 that begins with that number.
LEGACY_START = b"\x80\x02\x8a\n" + LEGACY_MAGIC.to_bytes(10, "little")

# What packed records may make of a file: torch.save packs nothing, and other programs that do win
# little on a network's weights, while zeros shrink to a thousandth.
_UNPACKED_AT_LEAST = 64 << 20
_UNPACKED_TIMES = 20
_ENCRYPTED = 1  # of a record's flags
_PIECE = 1 << 20
_HEADER = 30  # bytes before a record's name
_WIDEST = 16  # bytes of the widest element

Locate = Callable[[Array, StorageType, str], Device]


def read_checkpoint(file: BinaryIO, name: str, map_location: Any, mapped: bool = False) -> Any:
    """The object in `file`; problems with its content are reported under `name`.

    `mapped` leaves its tensors in the file until they are used.
    """
    locate = _locator(map_location)
    return _reported(
        file, name, partial(_read_zip, locate=locate, mapped=mapped),
        partial(_read_legacy, locate=locate, mapped=mapped),
    )  # fmt: skip


def refused_names(file: BinaryIO, name: str) -> list[str]:
    """The classes and functions that a file names and that it must not."""
    return _reported(file, name, _names_in_zip, _names_in_legacy)


def _reported(
    file: BinaryIO, name: str, read_zip: Callable[..., Any], read_legacy: Callable[..., Any]
) -> Any:
    """What is read of a file of either format, by functions of it and its size."""
    start = file.tell()
    head = file.read(len(LEGACY_START))
    size = file.seek(0, io.SEEK_END)
    file.seek(start)
    read = read_zip
    if head == LEGACY_START:
        read = read_legacy
    elif not head.startswith(b"PK\3\4"):
        raise CheckpointError(f"load: '{name}' is not a checkpoint: {_describe(head)}")
    try:
        return read(file, size)
    except _InMapLocation as error:
        assert error.__cause__ is not None
        raise error.__cause__ from None
    except (OSError, MemoryError):  # not of the content
        raise
    except Exception as error:
        raise _kind(error)(f"load: '{name}' {_complaint(error)}") from None


def _describe(head: bytes) -> str:
    if not head:
        return "it is empty (or a file object that must be rewound with seek(0))"
    if head.startswith(b"\x80"):
        return "it is a Python pickle, which is not read because loading one can run code"
    if head[8:9] == b"{":
        return "it looks like a safetensors file"
    return f"it begins with {head[:8]!r}, not as the zip archive that torch.save writes"


def _kind(error: Exception) -> type[CheckpointError]:
    """CheckpointError of what is refused, DamagedError of everything else."""
    refused = isinstance(error, CheckpointError) and not isinstance(error, DamagedError)
    return CheckpointError if refused else DamagedError


def _complaint(error: Exception) -> str:
    text = one_line(str(error))
    if _kind(error) is CheckpointError:
        return f"cannot be loaded: {text}"
    if not isinstance(error, (DamagedError, zipfile.BadZipFile)):  # found by Python's own checks
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return f"is damaged or cut off ({text})"


# ---- the zip format


def _read_zip(file: BinaryIO, size: int, locate: Locate, mapped: bool) -> Any:
    start = file.tell()
    mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) if mapped else None
    with zipfile.ZipFile(file) as archive:
        folder, names = _records(archive, start, size)
        order = _default_order()
        if folder + "byteorder" in names:
            order = _read_record(archive, folder + "byteorder").tobytes().decode()
        storages: dict[str, Storage] = {}

        def persistent_load(identity: Any) -> Storage:
            kind, key, location, count = _parts(identity, 4)
            if key not in storages:
                name = f"{folder}data/{key}"
                require(
                    archive.getinfo(name).file_size == count * kind.width,
                    f"storage {key} has not the {count} elements that it is said to have",
                )
                memory = _read_record(archive, name, mapping)
                _to_native(memory, kind.dtype, order)
                storages[key] = Storage(memory, kind.dtype, locate(memory, kind, location))
            return storages[key]

        content = _read_record(archive, folder + "data.pkl").tobytes()
        return Unpickler(io.BytesIO(content), len(content), persistent_load).load()


def _names_in_zip(file: BinaryIO, size: int) -> list[str]:
    start = file.tell()
    with zipfile.ZipFile(file) as archive:
        folder, _ = _records(archive, start, size)
        content = _read_record(archive, folder + "data.pkl").tobytes()
    return names_refused(io.BytesIO(content))


def _records(archive: zipfile.ZipFile, start: int, size: int) -> tuple[str, list[str]]:
    """The folder of an archive's records, and the names of them all."""
    _check_records(archive, start, size)
    names = archive.namelist()
    folder = next((n.removesuffix("data.pkl") for n in names if n.endswith("/data.pkl")), None)
    if folder is None:
        raise CheckpointError("it is a zip archive without a checkpoint (data.pkl) in it")
    if folder + "constants.pkl" in names:
        raise CheckpointError("it is a TorchScript program; save its state_dict() instead")
    return folder, names


def _check_records(archive: zipfile.ZipFile, start: int, size: int) -> None:
    """That what the records say of themselves can be, before memory is taken for any of them."""
    # An archive is found from its end: of two in one file the last, whichever was asked for.
    if min((record.header_offset for record in archive.infolist()), default=start) > start:
        raise CheckpointError("behind it in the file stands another archive; give each a file")
    packed = unpacked = 0
    for record in archive.infolist():
        if record.flag_bits & _ENCRYPTED:
            raise CheckpointError("its records are encrypted")
        if record.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise CheckpointError("its records are packed in another way than zip's usual one")
        require(
            0 <= record.header_offset <= size - record.compress_size,
            "a record reaches beyond the file",
        )
        require(
            record.compress_type != zipfile.ZIP_STORED or record.file_size == record.compress_size,
            "a record has two sizes",
        )
        packed += record.compress_size
        unpacked += record.file_size
    require(packed <= size, "its records overlap")
    if unpacked > max(_UNPACKED_AT_LEAST, _UNPACKED_TIMES * size):
        raise CheckpointError(
            f"its packed records would take {unpacked} bytes of memory, which is too much for a "
            f"file of {size}; torch.save does not pack"
        )


def _read_record(
    archive: zipfile.ZipFile, name: str, mapping: mmap.mmap | None = None
) -> Array:
    record_of = archive.getinfo(name)
    if mapping is not None and record_of.compress_type == zipfile.ZIP_STORED:
        place = _place_of_content(record_of, mapping)
        if place % _WIDEST == 0:  # as torch.save writes; kernels rely on it
            return np.frombuffer(mapping, np.uint8, record_of.file_size, place)
    memory = np.empty(record_of.file_size, np.uint8)
    with archive.open(name) as record:
        _read_into(record, memory)
        record.read(1)  # at the end the checksum is compared
    return memory


def _place_of_content(record: zipfile.ZipInfo, mapping: mmap.mmap) -> int:
    """Where in the file a record's bytes begin: behind its header, whose end has two lengths."""
    header = mapping[record.header_offset : record.header_offset + _HEADER]
    require(len(header) == _HEADER and header.startswith(b"PK\3\4"), "a record without a header")
    lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    place = record.header_offset + _HEADER + lengths
    require(place + record.file_size <= len(mapping), "a record reaches beyond the file")
    return place


def _read_into(file: Any, memory: Array) -> None:
    rest = memory.data
    while rest:  # in pieces: the whole as one bytes object would take the memory twice
        piece = file.read(min(len(rest), _PIECE))
        require(bool(piece), "unexpected end of the file")
        rest[: len(piece)] = piece
        rest = rest[len(piece) :]


# ---- the format before 1.6: pickles one after the other, then the storages


def _read_legacy(file: BinaryIO, size: int, locate: Locate, mapped: bool) -> Any:
    if mapped:
        raise CheckpointError(
            "mmap can only be used with files saved with "
            "torch.save(_use_new_zipfile_serialization=True); load it without, or save it anew"
        )

    def refuse(identity: Any) -> Any:
        raise DamagedError("a storage in the file's header")

    def load(persistent_load: Callable[[Any], Any]) -> Any:
        return Unpickler(file, size - file.tell(), persistent_load).load()

    for expected in (LEGACY_MAGIC, 1001):
        require(load(refuse) == expected, "unknown version")
    system = load(refuse)
    require(
        type(system) is dict and type(system.get("little_endian")) is bool,
        "it does not say its byte order",
    )
    order = "little" if system["little_endian"] else "big"
    start = file.tell()
    storages = _LegacyStorages(size - start, locate)
    # The storages stand behind the pickle that says their sizes. It is read twice: to find them,
    # and with their content.
    load(storages.find)
    keys = load(refuse)
    require(
        type(keys) is list and len(keys) == len(storages.whole)
        and all(type(key) is str and key in storages.whole for key in keys)
        and len(set(keys)) == len(keys),
        "the list of its storages is not that of its tensors",
    )  # fmt: skip
    for key in keys:
        storage = storages.whole[key]
        header = np.empty(8, np.uint8)
        _read_into(file, header)
        require(
            int.from_bytes(header.tobytes(), "little") * StorageType(storage.dtype).width
            == storage.memory.size,
            "a storage has not the elements that it is said to have",
        )
        _read_into(file, storage.memory)
        _to_native(storage.memory, storage.dtype, order)
    end = file.tell()
    file.seek(start)
    storages.forget_views()
    result = load(storages.find)
    file.seek(end)  # where another object may stand
    return result


def _names_in_legacy(file: BinaryIO, size: int) -> list[str]:
    return sorted({name for _ in range(4) for name in names_refused(file)})


class _LegacyStorages:
    """Storages by key, filled with zeros until the file is read to where they stand."""

    def __init__(self, size: int, locate: Locate) -> None:
        self.left = size
        self.locate = locate
        self.whole: dict[str, Storage] = {}

    def find(self, identity: Any) -> Storage:
        kind, key, location, count, view = _parts(identity, 5)
        if key not in self.whole:
            self.left -= count * kind.width + 8
            require(self.left >= 0, "unexpected end of the file")
            memory = np.zeros(count * kind.width, np.uint8)
            self.whole[key] = Storage(memory, kind.dtype, self.locate(memory, kind, location))
        whole = self.whole[key]
        if view is None:
            return whole
        require(
            type(view) is tuple and len(view) == 3 and all(map(is_count, view[1:])),
            "a part of a storage that is none",
        )
        return whole.part(*view[1:])

    def forget_views(self) -> None:
        """Lets tensors be made anew of what the storages hold by now."""
        self.whole = {key: replace(s, _elements={}) for key, s in self.whole.items()}


# ---- both


def _parts(identity: Any, count: int) -> Any:
    require(
        type(identity) is tuple and len(identity) == count + 1 and type(identity[0]) is str
        and identity[0] == "storage",
        "unknown reference",
    )  # fmt: skip
    _, kind, key, location, elements, *_ = identity
    require(type(kind) is StorageType, "a storage of a type that is none")
    require(type(key) is str and len(key) < 1000, "a storage without a name")
    require(type(location) is str and len(location) < 1000, "a storage without a device")
    require(is_count(elements), "a storage without a number of elements")
    return identity[1:]


def _to_native(memory: Array, dtype: DType | None, order: str) -> None:
    require(order in ("little", "big"), "a byte order that is none")
    if order != sys.byteorder:
        if dtype is None:
            raise CheckpointError(f"it has storages without a type that are {order}-endian")
        memory.view(dtype.numpy).byteswap(inplace=True)


class LoadEndianness(Enum):
    """In which order of bytes the numbers of a file lie that does not say so."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


_endianness: LoadEndianness | None = None


def get_default_load_endianness() -> LoadEndianness | None:
    """What `set_default_load_endianness` has set. None is little-endian.

    >>> import rushlight as torch
    >>> torch.serialization.get_default_load_endianness()
    """
    return _endianness


def set_default_load_endianness(endianness: LoadEndianness | None) -> None:
    """Says in which order of bytes numbers lie in the files that do not say so themselves.

    >>> import rushlight as torch
    >>> torch.serialization.set_default_load_endianness(None)
    """
    global _endianness
    if endianness is not None and not isinstance(endianness, LoadEndianness):
        raise TypeError("Invalid argument type in function set_default_load_endianness")
    _endianness = endianness


def _default_order() -> str:
    if _endianness is LoadEndianness.NATIVE:
        return sys.byteorder
    return "big" if _endianness is LoadEndianness.BIG else "little"


class _InMapLocation(Exception):
    """Around an error of the caller's own function, which says nothing about the file."""


def _locator(map_location: Any) -> Locate:
    """What says, from a storage and the device it was saved from, where its tensors go."""

    def locate(memory: Array, kind: StorageType, location: str) -> Device:
        if isinstance(map_location, dict):
            return _available(map_location.get(location, location))
        if map_location is not None and not callable(map_location):
            return _available(map_location)
        if callable(map_location):
            try:
                result = map_location(UntypedStorage.on(wrap(memory)), location)
            except Exception as error:
                raise _InMapLocation from error
            if isinstance(result, (UntypedStorage, Tensor)):
                return result.device
        return _available(location)

    return locate


def _available(location: str | Device) -> Device:
    try:
        device = Device(location)
    except (RuntimeError, ValueError):
        device = None
    if device is None or not is_present(device):
        raise CheckpointError(
            f"Attempting to deserialize object on device '{str(location)[:100]}', which is not "
            "available here; use load(..., map_location='cpu')"
        )
    return device
