"""What a pickle of a checkpoint may name and call: the whole of what it can make.

Each function takes whatever a file gives it, and each checks the exact type of every argument: a
subclass, or an object that only looks right, is refused. docs/checkpoints.md lists what they make.
"""

from __future__ import annotations

import os
import re
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from pathlib import PosixPath, PurePath, PurePosixPath, PureWindowsPath, WindowsPath
from typing import Any, NamedTuple

import numpy as np

from ..device import device as Device
from ..dtype import BOOL, category_of
from ..dtype import dtype as DType
from ..layout import layout as Layout
from ..layout import sparse_coo, sparse_csc, sparse_csr, strided
from ..nn.parameter import Parameter
from ..ops.memory import empty_strided
from ..tensor import Size, Tensor
from .allowed import is_tensors_class, may_be_attribute
from .errors import CheckpointError, DamagedError, require
from .keys import Keys
from .names import DTYPES, STORAGES, TV_TENSORS
from .storage import Array, Storage, StorageType

LAYOUTS = {str(kind): kind for kind in (strided, sparse_coo, sparse_csr, sparse_csc)}
NUMPY_NUMBERS = re.compile(r"[<>|=]?[biufc][0-9]{1,2}")
_MAX_DIMS = 64  # NumPy's
_LARGEST = 2**62  # of sizes, strides, offsets and counts


class Function(NamedTuple):
    """The only thing that a pickle here may call."""

    call: Callable[..., Any]


class Class(NamedTuple):
    """A class that is only ever an argument; it is not called, and no attribute of it is read."""

    name: str


def is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST


def _are_counts(values: Any) -> bool:
    return (
        type(values) in (tuple, list, Size) and len(values) <= _MAX_DIMS
        and all(map(is_count, values))
    )  # fmt: skip


# ---- tensors


def _tensor(storage: Any, offset: Any, size: Any, strides: Any, requires_grad: Any = False,
            hooks: Any = None, metadata: Any = None) -> Tensor:  # fmt: skip
    require(type(storage) is Storage, "a tensor is made of something that is not a storage")
    require(storage.dtype is not None, "a tensor of an untyped storage needs a dtype")
    return _typed_tensor(
        storage, offset, size, strides, requires_grad, hooks, storage.dtype, metadata
    )


def _typed_tensor(storage: Any, offset: Any, size: Any, strides: Any, requires_grad: Any,
                  hooks: Any, dtype: Any, metadata: Any = None) -> Tensor:  # fmt: skip
    require(type(storage) is Storage, "a tensor is made of something that is not a storage")
    require(
        is_count(offset) and _are_counts(size) and _are_counts(strides),
        "a tensor's offset, sizes and strides must be whole numbers, and not negative",
    )
    require(len(size) == len(strides), "a tensor has not as many strides as dimensions")
    require(type(dtype) is DType, "a tensor's dtype is none")
    require(type(requires_grad) is bool, "a tensor's requires_grad must be True or False")
    require(metadata is None or type(metadata) is dict, "a tensor's metadata must be a dict")
    flags = metadata or {}
    tensor = storage.tensor(
        dtype, offset, tuple(size), tuple(strides),
        flags.get("conj") is True, flags.get("neg") is True,
    )  # fmt: skip
    if requires_grad:
        require(
            dtype.is_floating_point or dtype.is_complex,
            f"a tensor of dtype {dtype} requires a gradient",
        )
        tensor.requires_grad = True
    return tensor


def _meta_tensor(dtype: Any, size: Any, strides: Any, requires_grad: Any) -> Tensor:
    require(type(dtype) is DType, "a tensor's dtype is none")
    require(
        _are_counts(size) and _are_counts(strides) and len(size) == len(strides),
        "a tensor's sizes and strides must be as many whole numbers, and not negative",
    )
    require(type(requires_grad) is bool, "a tensor's requires_grad must be True or False")
    require(
        not requires_grad or dtype.is_floating_point or dtype.is_complex,
        f"a tensor of dtype {dtype} requires a gradient",
    )
    try:
        tensor = empty_strided(tuple(size), tuple(strides), dtype=dtype, device="meta")
    except RuntimeError as error:
        raise DamagedError(f"a tensor that no memory could hold: {error}") from error
    return tensor.requires_grad_(requires_grad)


def _parameter(data: Any, requires_grad: Any, hooks: Any, state: Any = None) -> Parameter:
    require(type(data) in (Tensor, Parameter), "a parameter is not made of a tensor")
    require(type(requires_grad) is bool, "a parameter's requires_grad must be True or False")
    require(
        not requires_grad or data.dtype.is_floating_point or data.dtype.is_complex,
        f"a parameter of dtype {data.dtype} requires a gradient",
    )
    return with_attributes(Parameter(data, requires_grad), state)


def _layout(name: Any) -> Layout:
    require(type(name) is str, "the name of a layout is none")
    found = LAYOUTS.get(name)
    if found is None:
        raise CheckpointError(f"it holds a tensor of a layout that is not supported ({name[:40]})")
    return found


def _sparse_tensor(layout: Any, parts: Any) -> Tensor:
    """A tensor of coordinates or of compressed rows; indices outside of it are refused."""
    from ..sparse.making import of_compressed, of_coordinates

    require(type(layout) is Layout, "the layout of a tensor is none")
    require(type(parts) is tuple and len(parts) in (3, 4), "a sparse tensor of no parts")
    *tensors, size = parts[:3] if layout is sparse_coo else parts
    is_coalesced = parts[3] if layout is sparse_coo and len(parts) == 4 else None
    require(len(tensors) == (2 if layout is sparse_coo else 3), "a sparse tensor lacks a part")
    require(all(type(part) is Tensor for part in tensors), "a part of a sparse tensor is none")
    require(_are_counts(size), "a sparse tensor's sizes must be whole numbers, and not negative")
    require(type(is_coalesced) in (bool, type(None)), "a sparse tensor is coalesced or not")
    try:
        if layout is sparse_coo:
            return of_coordinates(tensors[0], tensors[1], size, is_coalesced=is_coalesced)
        return of_compressed(tensors[0], tensors[1], tensors[2], size, layout)
    except RuntimeError as error:
        raise CheckpointError(f"it holds a sparse tensor of wrong parts: {error}") from error


_TENSOR, _PARAMETER, _ARRAY = Class("torch.Tensor"), Class("Parameter"), Class("numpy.ndarray")
_TV_TENSORS = tuple(Class(name) for name in TV_TENSORS if name != "BoundingBoxFormat")
NAMESPACE = Class("argparse.Namespace")


def _subclass(function: Any, kind: Any, arguments: Any, state: Any) -> Tensor:
    is_allowed = is_tensors_class(kind)  # a class as such is none else
    if not is_allowed and kind not in (_TENSOR, _PARAMETER, *_TV_TENSORS):
        raise CheckpointError("it holds a tensor of a class that is not torch.Tensor")
    require(
        type(function) is Function
        and function.call in (_tensor, _typed_tensor, _meta_tensor, _sparse_tensor, _parameter),
        "a tensor is made by a function that makes none",
    )
    require(type(arguments) is tuple, "the arguments of a function are not a tuple")
    tensor = function.call(*arguments)
    if kind in _TV_TENSORS:
        return _tv_tensor(kind.name, tensor, state)
    if not is_allowed:
        return with_attributes(tensor, state)
    of_class = tensor.detach().as_subclass(kind).requires_grad_(tensor.requires_grad)  # a leaf
    # Attributes of such a class may be defaults, and a file's are the instance's.
    return with_attributes(of_class, state, of=Tensor)


def _tv_tensor(name: str, tensor: Tensor, state: Any) -> Tensor:
    """An image, boxes, ... with what its class knows beside the values."""
    from ..vision import tv_tensors  # which few programs need

    kind: type[tv_tensors.TVTensor] = getattr(tv_tensors, name)
    require(type(tensor) is Tensor, f"a {name} is not made of a tensor")
    require(type(state) in (dict, type(None)), f"what a {name} knows is no dict")
    known = {"clamping_mode": "soft"} | (state or {})  # torchvision 0.23 has brought it
    require(all(field in known for field in kind.fields), f"a {name} lacks what it must know")
    for field, is_one in (
        ("format", lambda value: type(value) is tv_tensors.BoundingBoxFormat),
        ("canvas_size", lambda value: _are_counts(value) and len(value) == 2),
        ("clamping_mode", lambda value: value in (None, "soft", "hard")),
    ):
        if field in kind.fields:
            require(is_one(known[field]), f"the {field} of a {name} is none")
    fields = {field: known[field] for field in kind.fields}
    if "canvas_size" in fields:
        fields["canvas_size"] = tuple(fields["canvas_size"])
    return with_attributes(tensor.as_subclass(kind).described(**fields), state)


def _box_format(name: Any) -> Any:
    from ..vision.tv_tensors import BoundingBoxFormat

    require(type(name) is str and name in BoundingBoxFormat.__members__, "a format of no boxes")
    return BoundingBoxFormat[name]


def with_attributes(tensor: Any, state: Any, of: type | None = None) -> Any:
    parts = state if type(state) is tuple else (state,)
    require(len(parts) <= 2, "a tensor has more states than two")
    for attributes in parts:  # of its dictionary, and of its slots
        set_attributes(tensor, attributes, of)
    return tensor


def set_attributes(target: Any, attributes: Any, of: type | None = None) -> None:
    """Attributes that a program has set by itself; none that the class of the object has, or `of`.
    """
    if attributes is None:
        return
    require(type(attributes) in (dict, OrderedDict), "the attributes of an object are not a dict")
    for name, value in attributes.items():
        require(type(name) is str and name.isidentifier(), "an attribute's name is not one")
        if not may_be_attribute(name):
            raise CheckpointError(f"it sets the attribute {name}")
        if not hasattr(of or type(target), name):
            setattr(target, name, value)


# ---- Python's values


def _size(values: Any) -> Size:
    require(_are_counts(values), "a torch.Size must be a tuple of sizes")
    return Size(values)


def _device(kind: Any, index: Any = None) -> Device:
    require(type(kind) is str and len(kind) < 100, "the name of a device is none")
    require(index is None or is_count(index), "the index of a device is not a whole number")
    return Device(kind, index)


def _ordered_dict(pairs: Any = ()) -> OrderedDict[Any, Any]:
    require(type(pairs) in (tuple, list), "an OrderedDict is not made of pairs")
    for pair in pairs:
        require(type(pair) in (tuple, list) and len(pair) == 2, "a pair that is none")
    Keys().check(key for key, _ in pairs)
    return OrderedDict(pairs)


def _counter(counts: Any = None) -> Counter[Any]:
    require(counts is None or type(counts) is dict, "a Counter is not made of a dict")
    return Counter(counts)


def _defaultdict(factory: Any = None) -> defaultdict[Any, Any]:
    require(type(factory) in (Class, Function, type(None)), "a defaultdict of no plain type")
    if factory is not None and factory not in _FACTORIES:
        raise CheckpointError("it holds a defaultdict whose values are not of a plain type")
    return defaultdict(None if factory is None else _FACTORIES[factory])


def _elements(values: Any) -> Any:
    require(type(values) in (tuple, list), "a set is not made of a list")
    Keys().check(values)
    return values


def _set(values: Any = ()) -> set[Any]:
    return set(_elements(values))


def _frozenset(values: Any = ()) -> frozenset[Any]:
    return frozenset(_elements(values))


def _complex(real: Any = 0.0, imaginary: Any = 0.0) -> complex:
    require(type(real) is float and type(imaginary) is float, "a complex number of no numbers")
    return complex(real, imaginary)


def _bytes(data: Any = b"") -> bytes:
    # A number would be taken for a size.
    require(type(data) is bytes, "bytes are made of something else")
    return data


def _bytearray(data: Any = b"") -> bytearray:
    return bytearray(_bytes(data))


def _encode(text: Any, encoding: Any) -> bytes:
    require(type(text) is str and type(encoding) is str, "bytes are made of something else")
    if encoding not in ("latin1", "latin-1"):
        raise CheckpointError(f"it holds bytes in the encoding {encoding}")
    return text.encode("latin1")


def _path(kind: type[PurePath]) -> Callable[..., PurePath]:
    def path(*parts: Any) -> PurePath:
        require(all(type(part) is str for part in parts), "a path of no strings")
        return kind(*parts)

    return path


# What makes the missing values of a defaultdict, by how a file names it.
_FACTORIES: dict[Any, Any] = {
    **{Class(kind.__name__): kind for kind in (list, dict, tuple, int, float, str, bool)},
    Function(_set): set, Function(_frozenset): frozenset, Function(_complex): complex,
    Function(_bytes): bytes, Function(_bytearray): bytearray, Function(_counter): Counter,
    Function(_ordered_dict): OrderedDict, Function(_defaultdict): defaultdict,
}  # fmt: skip
FACTORIES = tuple(_FACTORIES.values())


# ---- NumPy's values


def _numpy_dtype(code: Any, align: Any = False, copy: Any = True) -> np.dtype[Any]:
    require(type(code) is str, "the name of a NumPy type is none")
    if not NUMPY_NUMBERS.fullmatch(code):
        raise CheckpointError(f"it holds a NumPy array of type {code}, and not of numbers")
    return np.dtype(code, copy=True)


def set_numpy_order(dtype: np.dtype[Any], state: Any) -> None:
    require(type(state) is tuple and len(state) == 8, "the state of a NumPy type is none")
    version, order, *rest = state
    if rest != [None, None, None, -1, -1, 0]:
        raise CheckpointError("it holds a NumPy array of a structured type")
    require(type(version) is int and order in ("<", ">", "|", "="), "a NumPy type of no byte order")
    dtype.__setstate__((3, order, *rest))  # type: ignore[attr-defined]  # not in NumPy's stubs


def _numpy_scalar(dtype: Any, data: Any) -> Any:
    require(isinstance(dtype, np.dtype), "the type of a NumPy number is none")
    require(type(data) is bytes and len(data) == dtype.itemsize, "a NumPy number of no bytes")
    return np.bool_(data != b"\0") if category_of(dtype) == BOOL else np.frombuffer(data, dtype)[0]


def _numpy_array(kind: Any, shape: Any, code: Any) -> Array:
    require(kind == _ARRAY, "an array of a class that is not NumPy's")
    return np.empty(0)  # its state follows


def set_numpy_array(array: Array, state: Any) -> None:
    require(type(state) is tuple and len(state) == 5, "the state of a NumPy array is none")
    version, shape, dtype, is_fortran, data = state
    require(isinstance(dtype, np.dtype), "the type of a NumPy array is none")
    require(type(shape) is tuple and _are_counts(shape), "the shape of a NumPy array is none")
    require(type(data) is bytes, "a NumPy array of objects, or of no bytes")
    require(type(version) is int and type(is_fortran) is bool, "the state of a NumPy array is none")
    count = 1
    for size in shape:
        count *= size
    require(count * dtype.itemsize == len(data), "a NumPy array has not the bytes of its shape")
    if category_of(dtype) == BOOL:
        data = np.not_equal(np.frombuffer(data, np.uint8), 0).tobytes()
    array.__setstate__((1, shape, dtype, is_fortran, data))


# ---- names


def _table() -> dict[tuple[str, str], Any]:
    functions: dict[str, Callable[..., Any]] = {
        "torch._utils _rebuild_tensor": _tensor,
        "torch._utils _rebuild_tensor_v2": _tensor,
        "torch._utils _rebuild_tensor_v3": _typed_tensor,
        "torch._utils _rebuild_meta_tensor_no_storage": _meta_tensor,
        "torch._utils _rebuild_parameter": _parameter,
        "torch._utils _rebuild_parameter_with_state": _parameter,
        "torch._tensor _rebuild_from_type_v2": _subclass,
        "torch._utils _rebuild_sparse_tensor": _sparse_tensor,
        "torch.serialization _get_layout": _layout,
        f"{TV_TENSORS['BoundingBoxFormat']} BoundingBoxFormat": _box_format,
        "torch Size": _size,
        "torch device": _device,
        "collections OrderedDict": _ordered_dict,
        "collections Counter": _counter,
        "collections defaultdict": _defaultdict,
        "_codecs encode": _encode,
        "numpy dtype": _numpy_dtype,
    }
    for module in ("__builtin__", "builtins"):
        functions[f"{module} set"] = _set
        functions[f"{module} frozenset"] = _frozenset
        functions[f"{module} complex"] = _complex
        functions[f"{module} bytes"] = _bytes
        functions[f"{module} bytearray"] = _bytearray
    # A path of another system is one to be looked at, and not to be opened.
    windows = os.name == "nt"
    for name, kind in (
        ("PosixPath", PurePosixPath if windows else PosixPath),
        ("WindowsPath", WindowsPath if windows else PureWindowsPath),
        ("PurePosixPath", PurePosixPath), ("PureWindowsPath", PureWindowsPath),
    ):  # fmt: skip
        for module in ("pathlib", "pathlib._local"):
            functions[f"{module} {name}"] = _path(kind)
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        functions[f"{module} scalar"] = _numpy_scalar
        functions[f"{module} _reconstruct"] = _numpy_array
    table: dict[str, Any] = {name: Function(call) for name, call in functions.items()}
    table["numpy ndarray"] = _ARRAY
    table["argparse Namespace"] = NAMESPACE
    for factory in _FACTORIES:
        if type(factory) is Class:
            for module in ("__builtin__", "builtins"):
                table[f"{module} {factory.name}"] = factory
    table["torch Tensor"] = _TENSOR
    table["torch.nn.parameter Parameter"] = _PARAMETER
    table |= {f"{TV_TENSORS[tensors.name]} {tensors.name}": tensors for tensors in _TV_TENSORS}
    table["torch.storage UntypedStorage"] = table["torch UntypedStorage"] = StorageType(None)
    for name, dtype in STORAGES.items():
        table[f"torch {name}"] = StorageType(dtype)
    for name, dtype in DTYPES.items():
        table[f"torch {name}"] = dtype
    return {(name.split()[0], name.split()[1]): value for name, value in table.items()}


named = _table()
