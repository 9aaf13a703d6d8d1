"""Pickling: an object's structure as PyTorch pickles it, its storages aside."""

from __future__ import annotations

import codecs
import io
import pickle
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from pathlib import PosixPath, PurePath, PurePosixPath, PureWindowsPath, WindowsPath
from types import BuiltinFunctionType, FunctionType
from typing import Any, NamedTuple

import numpy as np

from ..device import device as Device
from ..dtype import dtype as DType
from ..layout import layout as Layout
from ..nn.parameter import Buffer, Parameter
from ..tensor import Size, Tensor
from ..torch_function import DisableTorchFunctionSubclass
from .allowed import (
    allowed_names,
    is_allowed,
    is_named_tuple,
    is_namespace,
    is_tensors_class,
    may_be_attribute,
    pytorchs_module,
)
from .names import STORAGES, TV_TENSORS
from .rebuild import FACTORIES, NUMPY_NUMBERS

Array = np.ndarray[Any, Any]

_storage_of = {dtype: name for name, dtype in STORAGES.items()}
# Those that Python pickles as a checkpoint has them.
_BY_PYTHON = (OrderedDict, Counter, set, complex, np.dtype, np.ndarray)
# How they, and what they are made of, name themselves.
_NAMES_BY_PYTHON = {
    *_BY_PYTHON, bytearray, codecs.encode,
    *(np.float32(0).__reduce__()[0], np.empty(0).__reduce__()[0]),  # NumPy's two functions
}  # fmt: skip


def pickled(obj: Any) -> tuple[bytes, list[Array]]:
    """The pickle of an object, and the storages that it refers to, as flat arrays."""
    stream = io.BytesIO()
    pickler = _Pickler(stream)
    pickler.dump(obj)
    return stream.getvalue(), [storage.array for storage in pickler.storages.values()]


class _Global(NamedTuple):
    """A name that the reader looks up."""

    module: str
    name: str


class _Storage(NamedTuple):
    """Memory that tensors share: its number in the file, its elements in memory order."""

    key: str
    dtype: DType
    array: Array
    device: str


# The standard library's class in Python: the one in C writes only names of things that it can
# import, and "torch.FloatStorage" is none.
_PythonPickler: Any = pickle._Pickler


class _Pickler(_PythonPickler):
    dispatch: dict[type, Callable[..., None]] = {
        kind: _PythonPickler.dispatch[kind]
        for kind in (type(None), bool, int, float, str, bytearray, tuple, list, dict)
    }

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=2)
        self.storages: dict[tuple[int, int, str], _Storage] = {}
        self.globals: dict[_Global, _Global] = {}
        self.begun: set[int] = set()  # the tensors whose attributes are being written
        allowed = [kind for kind in allowed_names().values() if is_tensors_class(kind)]
        self.dispatch = self.dispatch | {
            kind: _Pickler._save_parameter if issubclass(kind, Parameter) else _Pickler._save_tensor
            for kind in allowed
            if kind not in self.dispatch
        }

    def reducer_override(self, obj: Any) -> Any:
        """Called for every object: lets those pass that a checkpoint may hold."""
        kind = type(obj)
        if kind in self.dispatch or _is_pickled_by_python(obj, kind):
            return NotImplemented
        if isinstance(obj, (type, FunctionType, BuiltinFunctionType)) and (
            obj in _NAMES_BY_PYTHON or is_named_tuple(obj) or is_allowed(obj)
            or is_namespace(obj)
        ):
            return NotImplemented
        raise pickle.PicklingError(
            f"save: a checkpoint cannot hold an object of type "
            f"'{type(obj).__module__}.{type(obj).__qualname__}', only tensors, numbers, strings, "
            f"bytes, None, and lists, tuples, dicts and sets of them; {_advice(obj)}"
        )

    def persistent_id(self, obj: Any) -> Any:
        if type(obj) is not _Storage:
            return None
        if obj.dtype in _storage_of:
            name, count = _Global("torch", _storage_of[obj.dtype]), obj.array.size
        else:
            name, count = _Global("torch.storage", "UntypedStorage"), obj.array.nbytes
        return "storage", self.named(*name), obj.key, obj.device, count

    def named(self, module: str, name: str) -> _Global:
        """The same object for the same name, so that the pickle names it once."""
        found = _Global(module, name)
        return self.globals.setdefault(found, found)

    def _save_global(self, obj: _Global) -> None:
        self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
        self.memoize(obj)

    def save_global(self, obj: Any, name: str | None = None) -> None:
        """A class or function of Rushlight goes by PyTorch's name."""
        if getattr(obj, "__module__", "").partition(".")[0] == "rushlight":
            module = pytorchs_module(obj.__module__, obj.__qualname__)
            self.write(pickle.GLOBAL + f"{module}\n{obj.__qualname__}\n".encode())
            self.memoize(obj)
        else:
            super().save_global(obj, name)

    def save_call(self, obj: Any, name: _Global, *arguments: Any) -> None:
        self.save(name)
        self.save(arguments)
        self.write(pickle.REDUCE)
        self.memoize(obj)

    def _save_dtype(self, obj: DType) -> None:
        self.save(self.named("torch", obj.name))

    def _save_device(self, obj: Device) -> None:
        index: tuple[int, ...] = () if obj.index is None else (obj.index,)
        self.save_call(obj, self.named("torch", "device"), obj.type, *index)

    def _save_size(self, obj: Size) -> None:
        self.save_call(obj, self.named("torch", "Size"), tuple(obj))

    def _save_parameter(self, obj: Parameter) -> None:
        """A parameter of any class, which comes back as one of PyTorch's, as there."""
        hooks: OrderedDict[str, Any] = OrderedDict()
        arguments = obj.data, obj.requires_grad, hooks
        if state := _attributes(obj):
            function = self.named("torch._utils", "_rebuild_parameter_with_state")
            self._save_with_state(obj, function, *arguments, state)
        else:
            self.save_call(obj, self.named("torch._utils", "_rebuild_parameter"), *arguments)

    def _save_tensor(self, obj: Tensor) -> None:
        with DisableTorchFunctionSubclass():
            function, arguments = self._made_by(obj)
        self.save_made(obj, function, arguments)

    def save_made(self, obj: Tensor, function: _Global, arguments: tuple[Any, ...]) -> None:
        """A tensor by what makes one; of a class of its own, or with attributes, by one call more.
        """
        kind: Any = type(obj)
        state = _attributes(obj)
        module = pytorchs_module(kind.__module__, kind.__qualname__)
        if module in TV_TENSORS.values():
            kind = self.named(module, kind.__qualname__)
        elif not is_allowed(kind):
            kind = self.named("torch", "Tensor")
            if not state:
                self.save_call(obj, function, *arguments)
                return
        of_class = self.named("torch._tensor", "_rebuild_from_type_v2")
        self._save_with_state(obj, of_class, function, kind, arguments, state or None)

    def _save_with_state(self, obj: Tensor, *call: Any) -> None:
        if id(obj) in self.begun:
            raise pickle.PicklingError("save: an attribute of a tensor leads back to the tensor")
        self.begun.add(id(obj))
        self.save_call(obj, *call)
        self.begun.remove(id(obj))

    def _made_by(self, obj: Tensor) -> tuple[_Global, tuple[Any, ...]]:
        """The function that makes a tensor like this one, and its arguments."""
        if obj.is_meta:
            function = self.named("torch._utils", "_rebuild_meta_tensor_no_storage")
            return function, (obj.dtype, tuple(obj.shape), obj.stride(), obj.requires_grad)
        storage, offset, strides = self._storage(obj)
        typed = storage.dtype in _storage_of
        return self.named("torch._utils", f"_rebuild_tensor_v{2 if typed else 3}"), (
            storage, offset, tuple(obj.shape), strides, obj.requires_grad, OrderedDict(),
            *(() if typed else (storage.dtype,)),
        )  # fmt: skip

    def _storage(self, tensor: Tensor) -> tuple[_Storage, int, tuple[int, ...]]:
        """The storage of a tensor, and its place there: offset and strides in elements."""
        array = tensor.host_array()
        owner = _owner(array)
        memory = _in_memory_order(owner)
        if memory is None or not _fits(array, owner):
            array = owner = np.ascontiguousarray(array)
            memory = owner.reshape(-1)
        start, device = _address(owner), str(tensor.device)
        storage = self.storages.get((start, owner.nbytes, device))
        if storage is None:
            key = str(len(self.storages))
            storage = _Storage(key, tensor.dtype, memory.view(array.dtype), device)
            self.storages[start, owner.nbytes, device] = storage
        if storage.dtype is not tensor.dtype:
            raise RuntimeError(
                "Cannot save multiple tensors or storages that view the same data as different "
                f"types (here {storage.dtype} and {tensor.dtype}); clone() one of them first"
            )
        offset = (_address(array) - start) // array.itemsize if array.size else 0
        return storage, offset, tuple(stride // array.itemsize for stride in array.strides)

    def _save_layout(self, obj: Layout) -> None:
        self.save_call(obj, self.named("torch.serialization", "_get_layout"), str(obj))

    def _save_bytes(self, obj: bytes) -> None:
        # As Python does under protocol 2, but for empty bytes, too: PyTorch refuses Python's way.
        self.save_reduce(codecs.encode, (obj.decode("latin1"), "latin1"), obj=obj)

    def _save_defaultdict(self, obj: defaultdict[Any, Any]) -> None:
        factory = obj.default_factory
        if factory is not None and factory not in FACTORIES:
            raise pickle.PicklingError(
                "save: a checkpoint cannot hold a defaultdict whose values are made by a function "
                f"of the program ({factory!r}); save dict(x), or make them by a type such as list"
            )
        made_by: tuple[Any, ...] = ()
        if factory is not None:
            module = factory.__module__.replace("builtins", "__builtin__")  # as of protocol 2
            made_by = (self.named(module, factory.__name__),)
        self.save_call(obj, self.named("collections", "defaultdict"), *made_by)
        self._batch_setitems(obj.items())

    def _save_path(self, obj: PurePath) -> None:
        self.save_call(obj, self.named("pathlib", type(obj).__name__), *obj.parts)

    dispatch |= {
        PosixPath: _save_path, WindowsPath: _save_path, PurePosixPath: _save_path,
        PureWindowsPath: _save_path,
        defaultdict: _save_defaultdict,
        _Global: _save_global, bytes: _save_bytes, DType: _save_dtype, Device: _save_device,
        Size: _save_size, Layout: _save_layout,
        Tensor: _save_tensor, Buffer: _save_tensor, Parameter: _save_parameter,
    }  # fmt: skip


def register(kind: type, save: Callable[[Any, Any], None] = _Pickler._save_tensor) -> None:
    """Lets checkpoints hold objects of a class that is imported on demand."""
    _Pickler.dispatch[kind] = save


def _attributes(tensor: Tensor) -> dict[str, Any]:
    """What a program has set on a tensor."""
    found = {name: value for name, value in vars(tensor).items() if not hasattr(Tensor, name)}
    for name in found:
        if not may_be_attribute(name):
            raise pickle.PicklingError(
                f"save: a checkpoint cannot hold the attribute {name!r} of a tensor: `load` sets "
                "none whose name begins with two underscores or is no identifier"
            )
    return found | {Buffer.mark: True} if type(tensor) is Buffer else found


def _address(array: Array) -> int:
    return array.__array_interface__["data"][0]


def _owner(array: Array) -> Array:
    """The array whose memory this one is a view of."""
    base: Any = array
    while base is not None:  # a base may be a wrapper that has one of its own
        if isinstance(base, np.ndarray):
            array = base
        base = getattr(base, "base", None)
    return array


def _in_memory_order(array: Array) -> Array | None:
    """The elements as a flat view; None where they do not lie one after the other."""
    ordered = array.transpose(sorted(range(array.ndim), key=lambda axis: -array.strides[axis]))
    return ordered.reshape(-1) if ordered.flags.c_contiguous else None


def _fits(array: Array, owner: Array) -> bool:
    """Whether PyTorch can describe the view: whole elements from the start, no step backwards."""
    steps = (*array.strides, _address(array) - _address(owner), owner.nbytes)
    return all(step % array.itemsize == 0 for step in steps) and min(array.strides, default=0) >= 0


def _is_pickled_by_python(obj: Any, kind: type) -> bool:
    if kind is np.ndarray or isinstance(obj, (np.generic, np.dtype)):
        dtype = obj if isinstance(obj, np.dtype) else obj.dtype
        return NUMPY_NUMBERS.fullmatch(dtype.str) is not None
    return (
        kind in _BY_PYTHON or is_named_tuple(kind) or is_namespace(kind) or is_allowed(kind)
    )


def _advice(obj: Any) -> str:
    if isinstance(obj, (np.ndarray, np.generic, np.dtype)):
        return "of NumPy's arrays those of numbers"
    if hasattr(obj, "state_dict"):
        return "save its state_dict()"
    kind = obj if isinstance(obj, type) else type(obj)
    if kind.__module__ in ("builtins", "types"):
        return "leave it out"
    return f"or allow it by torch.serialization.add_safe_globals([{kind.__name__}])"
