"""Unpickling without running anything: a few opcodes, a few names, and their own meanings here.

A pickle is a program: it looks up names, calls what it found, and sets the attributes of what came
out. Here a name stands for nothing but the entries of `_named`, only those are called, and nothing
but an OrderedDict and NumPy's values takes a state.
"""

from __future__ import annotations

import pickle
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ..device import device as Device
from ..dtype import dtype as DType
from ..nn.parameter import Parameter
from ..tensor import Size, Tensor, wrap
from .errors import CheckpointError
from .names import DTYPES, STORAGES

Array = np.ndarray[Any, Any]


class Storage(NamedTuple):
    """A storage's memory, as bytes, and where its tensors go."""

    memory: Array
    dtype: DType | None  # None: the tensors say it
    device: Device


class StorageType(NamedTuple):
    """What a storage's type says in a pickle."""

    dtype: DType | None


class _Function(NamedTuple):
    """The only thing that a pickle here may call."""

    call: Callable[..., Any]


# ---- what is called


def _tensor(storage: Storage, offset: int, size: Any, strides: Any, requires_grad: bool = False,
            hooks: Any = None, metadata: Any = None) -> Tensor:  # fmt: skip
    if storage.dtype is None:
        raise TypeError("a tensor of an untyped storage needs a dtype")
    return _typed_tensor(
        storage, offset, size, strides, requires_grad, hooks, storage.dtype, metadata
    )


def _typed_tensor(storage: Storage, offset: int, size: Any, strides: Any, requires_grad: bool,
                  hooks: Any, dtype: DType, metadata: Any = None) -> Tensor:  # fmt: skip
    width = dtype.itemsize
    if offset < 0 or min((*size, *strides), default=0) < 0:
        raise ValueError("a tensor's offset, sizes and strides must not be negative")
    # The constructor refuses a tensor that reaches beyond its storage.
    array: Array = np.ndarray(
        tuple(size), dtype.numpy, storage.memory, offset * width, tuple(s * width for s in strides)
    )
    for flag, resolve in (("conj", np.conjugate), ("neg", np.negative)):
        if metadata and metadata.get(flag):  # PyTorch puts these off until they are needed
            array = resolve(array)
    tensor = wrap(array)
    if storage.device.type != "cpu":
        tensor = tensor.to(storage.device)
    tensor.requires_grad = requires_grad
    return tensor


def _parameter(data: Tensor, requires_grad: bool, hooks: Any, state: Any = None) -> Parameter:
    return _with_attributes(Parameter(data, requires_grad), state)


def _subclass(function: _Function, kind: type[Tensor], arguments: Any, state: Any) -> Tensor:
    if kind not in (Tensor, Parameter):
        raise CheckpointError(f"it holds a tensor of the class {kind}")
    return _with_attributes(function.call(*arguments), state)


def _with_attributes(tensor: Any, state: Any) -> Any:
    """Attributes that a program has set on a tensor; none that tensors have by themselves."""
    attributes = state[0] if isinstance(state, tuple) else state
    for name, value in (attributes or {}).items():
        if not hasattr(type(tensor), name):
            setattr(tensor, name, value)
    return tensor


def _bytes(data: bytes = b"") -> bytes:
    if not isinstance(data, bytes):  # a number would be taken for a size
        raise TypeError(f"bytes of a {type(data).__name__}")
    return data


def _bytearray(data: bytes = b"") -> bytearray:
    return bytearray(_bytes(data))


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise ValueError(f"bytes in the encoding {encoding}")
    return text.encode("latin1")


def _numpy_dtype(code: str, align: bool = False, copy: bool = True) -> np.dtype[Any]:
    dtype = np.dtype(code, copy=True)
    if dtype.kind not in "biufc":
        raise CheckpointError(f"it holds a NumPy array of type {dtype}")
    return dtype


def _numpy_scalar(dtype: np.dtype[Any], data: bytes) -> Any:
    return np.frombuffer(data, dtype, 1)[0]


def _numpy_array(kind: Any, shape: Any, code: Any) -> Array:
    return np.empty(0)  # its state follows


def _global_table() -> dict[tuple[str, str], Any]:
    functions: dict[str, Callable[..., Any]] = {
        "torch._utils _rebuild_tensor": _tensor,
        "torch._utils _rebuild_tensor_v2": _tensor,
        "torch._utils _rebuild_tensor_v3": _typed_tensor,
        "torch._utils _rebuild_parameter": _parameter,
        "torch._utils _rebuild_parameter_with_state": _parameter,
        "torch._tensor _rebuild_from_type_v2": _subclass,
        "torch Size": Size,
        "torch device": Device,
        "collections OrderedDict": OrderedDict,
        "collections Counter": Counter,
        "_codecs encode": _encode,
        "numpy dtype": _numpy_dtype,
    }
    for module in ("__builtin__", "builtins"):
        for kind in (set, frozenset, complex):
            functions[f"{module} {kind.__name__}"] = kind
        functions[f"{module} bytes"] = _bytes
        functions[f"{module} bytearray"] = _bytearray
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        functions[f"{module} scalar"] = _numpy_scalar
        functions[f"{module} _reconstruct"] = _numpy_array
    table: dict[str, Any] = {name: _Function(call) for name, call in functions.items()}
    table["numpy ndarray"] = None  # only ever an argument of _reconstruct
    table["torch Tensor"] = Tensor
    table["torch.nn.parameter Parameter"] = Parameter
    table["torch.storage UntypedStorage"] = table["torch UntypedStorage"] = StorageType(None)
    for name, dtype in STORAGES.items():
        table[f"torch {name}"] = StorageType(dtype)
    for name, dtype in DTYPES.items():
        table[f"torch {name}"] = dtype
    return {(name.split()[0], name.split()[1]): value for name, value in table.items()}


_named = _global_table()

# How the names of PyTorch's other dtypes and storage types begin.
_UNSUPPORTED = (
    "float8", "Float8", "complex32", "ComplexHalf", "quint", "qint", "Q",
)  # fmt: skip


_PythonUnpickler: Any = pickle._Unpickler  # whose opcodes can be chosen, unlike the C one's


class Unpickler(_PythonUnpickler):
    """Reads a pickle whose references to storages `persistent_load` resolves."""

    # Every opcode that makes plain data, of all protocols; those missing make objects by other
    # ways than a call.
    dispatch: dict[int, Callable[..., None]] = {
        opcode[0]: _PythonUnpickler.dispatch[opcode[0]]
        for opcode in (
            pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.POP, pickle.POP_MARK,
            pickle.DUP, pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE, pickle.INT, pickle.BININT,
            pickle.BININT1, pickle.BININT2, pickle.LONG, pickle.LONG1, pickle.LONG4, pickle.FLOAT,
            pickle.BINFLOAT, pickle.STRING, pickle.BINSTRING, pickle.SHORT_BINSTRING,
            pickle.BINBYTES, pickle.SHORT_BINBYTES, pickle.BINBYTES8, pickle.BYTEARRAY8,
            pickle.UNICODE, pickle.BINUNICODE, pickle.SHORT_BINUNICODE, pickle.BINUNICODE8,
            pickle.TUPLE, pickle.EMPTY_TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3,
            pickle.LIST, pickle.EMPTY_LIST, pickle.APPEND, pickle.APPENDS, pickle.DICT,
            pickle.EMPTY_DICT, pickle.SETITEM, pickle.SETITEMS, pickle.EMPTY_SET, pickle.ADDITEMS,
            pickle.FROZENSET, pickle.PUT, pickle.BINPUT, pickle.LONG_BINPUT, pickle.MEMOIZE,
            pickle.GET, pickle.BINGET, pickle.LONG_BINGET, pickle.BINPERSID, pickle.GLOBAL,
            pickle.STACK_GLOBAL,
        )
    }  # fmt: skip

    def __init__(self, file: BinaryIO, persistent_load: Callable[[Any], Any]) -> None:
        super().__init__(file, encoding="utf-8")
        self.persistent_load = persistent_load

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _named[module, name]
        except KeyError:
            if module == "torch" and name.startswith(_UNSUPPORTED):
                raise CheckpointError(
                    f"it holds tensors of a type that is not supported (torch.{name}); convert "
                    "them in PyTorch, with .float() for example"
                ) from None
            raise CheckpointError(
                f"it names {module}.{name}, and a checkpoint is only allowed to hold tensors and "
                "plain values; if it is a whole module, save its state_dict() from PyTorch instead"
            ) from None

    def _load_reduce(self) -> None:
        arguments = self.stack.pop()
        function = self.stack[-1]
        if type(function) is not _Function:
            raise CheckpointError("it calls something that is not a function")
        self.stack[-1] = function.call(*arguments)

    def _load_build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if type(target) is OrderedDict:  # state_dict()'s _metadata
            target.__dict__.update(state)
        elif isinstance(target, np.dtype):
            if state[2:] != (None, None, None, -1, -1, 0):  # no more than a byte order
                raise CheckpointError("it holds a NumPy array of a structured type")
            target.__setstate__(state)  # type: ignore[attr-defined]  # not in NumPy's stubs
        elif type(target) is np.ndarray and _is_plain(state[2]):
            target.__setstate__(state)
        else:
            raise CheckpointError(f"it sets the state of a {type(target).__name__}")

    dispatch[pickle.REDUCE[0]] = _load_reduce
    dispatch[pickle.BUILD[0]] = _load_build


def _is_plain(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in "biufc"
