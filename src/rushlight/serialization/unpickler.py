"""Unpickling without running anything: a few opcodes, a few names, and their own meanings here.

A pickle is a program: it looks up names, calls what it found, and sets the attributes of what came
out. Here a name stands for nothing but the entries of `rebuild.named`, only those are called, each
opcode takes only what it is for, and time and memory are bounded by the length of the file.
"""

from __future__ import annotations

import pickle
import struct
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from ..nn.parameter import Parameter
from ..tensor import Tensor
from .allowed import (
    BLOCKED,
    allowed_names,
    imported_named_tuple,
    is_named_tuple,
    is_namespace,
    is_tensors_class,
    modern_name,
)
from .errors import CheckpointError, DamagedError, require
from .keys import Keys
from .rebuild import (
    NAMESPACE,
    Class,
    Function,
    named,
    set_attributes,
    set_numpy_array,
    set_numpy_order,
    with_attributes,
)
from .storage import Storage, StorageType

_DICTS = (dict, OrderedDict, Counter, defaultdict)
_SEQUENCES = (list, tuple, set, frozenset)
_WITH_ATTRIBUTES = (OrderedDict, Counter, Tensor, Parameter)
_PLAIN = frozenset((type(None), bool, int, float, complex, str, bytes))
_SIZED = (str, bytes, bytearray, *_DICTS, *_SEQUENCES)
# What a pickle uses to make a value, and is none by itself.
_PARTS = (Function, Class, StorageType, Storage)
_MEMO_FROM_TEXT = 1 << 31

# How the names of PyTorch's other dtypes and storage types begin.
_UNSUPPORTED = (
    "float8", "Float8", "complex32", "ComplexHalf", "quint", "qint", "Q",
)  # fmt: skip


class Source:
    """A file whose reads give all that they ask for, and nothing from behind `size` bytes."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file = file
        self.left = size

    def read(self, size: int) -> bytes:  # called for every opcode: no other calls on its way
        self.left -= size
        if self.left < 0:
            raise DamagedError("unexpected end of the file")
        data = self.file.read(size)
        while len(data) < size:  # an unbuffered file gives what it has at hand
            more = self.file.read(size - len(data))
            require(bool(more), "unexpected end of the file")
            data += more
        return data

    def readline(self) -> bytes:
        line = self.file.readline(self.left)
        require(line.endswith(b"\n"), "unexpected end of the file")
        self.left -= len(line)
        return line


_PythonUnpickler: Any = pickle._Unpickler  # whose opcodes can be chosen, unlike the C one's


class _Operations(dict[int, Callable[..., None]]):
    def __missing__(self, opcode: int) -> Any:
        raise DamagedError(f"the pickle operation {opcode} does not occur in checkpoints")


class Unpickler(_PythonUnpickler):
    """Reads a pickle whose references to storages `persistent_load` resolves.

    `size` is how long the pickle can be. What its calls copy is in it, or else it asks for the same
    thing again and again: more than a few times its length is refused.
    """

    # Every opcode that makes plain data, of all protocols; those missing make objects by other
    # ways than a call.
    dispatch: dict[int, Callable[..., None]] = _Operations(
        (opcode[0], _PythonUnpickler.dispatch[opcode[0]])
        for opcode in (
            pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.POP, pickle.POP_MARK,
            pickle.DUP, pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE, pickle.INT, pickle.BININT,
            pickle.BININT1, pickle.BININT2, pickle.LONG, pickle.LONG1, pickle.LONG4, pickle.FLOAT,
            pickle.BINFLOAT, pickle.STRING, pickle.BINSTRING, pickle.SHORT_BINSTRING,
            pickle.BINBYTES, pickle.SHORT_BINBYTES, pickle.BINBYTES8, pickle.UNICODE,
            pickle.BINUNICODE, pickle.SHORT_BINUNICODE, pickle.BINUNICODE8, pickle.TUPLE,
            pickle.EMPTY_TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3, pickle.LIST,
            pickle.EMPTY_LIST, pickle.EMPTY_DICT, pickle.EMPTY_SET, pickle.BINPUT,
            pickle.LONG_BINPUT, pickle.MEMOIZE, pickle.GET, pickle.BINGET, pickle.LONG_BINGET,
            pickle.BINPERSID, pickle.GLOBAL, pickle.STACK_GLOBAL,
        )
    )  # fmt: skip

    def __init__(
        self, file: BinaryIO, size: int, persistent_load: Callable[[Any], Any]
    ) -> None:
        super().__init__(Source(file, size), encoding="utf-8")
        self.persistent_load = persistent_load
        self.keys = Keys()
        self.copies_left = 4 * size + 1000
        self.with_state: dict[int, Any] = {}  # by id, and held, so that no other gets the id
        self.allowed = allowed_names()

    def load(self) -> Any:
        value = super().load()
        _check_result(value)
        return value

    def find_class(self, module: str, name: str) -> Any:
        try:
            return named[module, name]
        except KeyError:
            found = self._allowed(*modern_name(module, name))
            if found is None:
                found = imported_named_tuple(module, name)
            if found is None:
                raise CheckpointError(_refusal(module[:100], name[:100])) from None
            return found

    def _allowed(self, module: str, name: str) -> Any:
        """What the program has allowed by a name."""
        if (module, name) not in self.allowed:
            return None
        if module in BLOCKED:
            raise CheckpointError(f"it names {module}.{name}, and all of {module} is blocked")
        return self.allowed[module, name]

    def _is_allowed(self, value: Any) -> bool:
        return any(value is allowed for allowed in self.allowed.values())

    def count_copies(self, values: Any) -> None:
        """Counts the values that a call may copy: those in its arguments, and in tuples of them."""
        self._spend(values)
        for value in values:
            self._spend(value)
            if type(value) is tuple:
                for part in value:
                    self._spend(part)

    def _spend(self, value: Any) -> None:
        if type(value) in _SIZED:
            self.copies_left -= len(value)
            require(self.copies_left >= 0, "it makes the same value again and again")

    # ---- opcodes: each takes its values from the stack, and finds what it changes on top of it

    def _load_reduce(self) -> None:
        arguments = self.stack.pop()
        function = self.stack[-1]
        require(type(arguments) is tuple, "the arguments of a function are not a tuple")
        self.count_copies(arguments)
        if type(function) is Function:
            self.stack[-1] = function.call(*arguments)
        else:
            require(self._is_allowed(function), "it calls something that is not a function")
            _check_made_of_values(function, arguments)
            self.stack[-1] = function(*arguments)

    def _load_newobj(self) -> None:
        arguments = self.stack.pop()
        kind = self.stack[-1]
        require(type(arguments) is tuple, "the arguments of a class are not a tuple")
        self.count_copies(arguments)
        if kind is NAMESPACE:
            from argparse import Namespace  # which few programs need, and takes 4 ms

            require(not arguments, "a Namespace is made of arguments")
            self.stack[-1] = Namespace()
        elif isinstance(kind, type) and self._is_allowed(kind):
            _check_made_of_values(kind, arguments)
            self.stack[-1] = kind.__new__(kind, *arguments)
        else:
            require(is_named_tuple(kind), "it makes an object of something that is not a class")
            require(len(arguments) == len(kind._fields), "a named tuple of another length")
            self.stack[-1] = tuple.__new__(kind, arguments)  # which runs nothing of the class

    def _load_build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        # A second state would free the memory of the first.
        require(id(target) not in self.with_state, "it sets the state of an object twice")
        self.with_state[id(target)] = target
        self.count_copies((state,))
        if type(target) is OrderedDict or is_namespace(type(target)):  # state_dict()'s _metadata
            set_attributes(target, state)
        elif self._is_allowed(type(target)):
            _set_state(target, state)
        elif isinstance(target, np.dtype):
            set_numpy_order(target, state)
        elif type(target) is np.ndarray:
            set_numpy_array(target, state)
        else:
            raise CheckpointError(f"it sets the state of a {type(target).__name__}")

    def _load_append(self) -> None:
        value = self.stack.pop()
        require(type(self.stack[-1]) is list, "it appends to something that is not a list")
        self.stack[-1].append(value)

    def _load_appends(self) -> None:
        values = self.pop_mark()
        require(type(self.stack[-1]) is list, "it appends to something that is not a list")
        self.stack[-1].extend(values)

    def _load_setitem(self) -> None:
        value = self.stack.pop()
        key = self.stack.pop()
        self._set_items([key, value])

    def _load_setitems(self) -> None:
        self._set_items(self.pop_mark())

    def _load_dict(self) -> None:
        items = self.pop_mark()
        self.stack.append({})
        self._set_items(items)

    def _set_items(self, items: list[Any]) -> None:
        keys, values = items[::2], items[1::2]
        target = self.stack[-1]
        require(type(target) in _DICTS, "it sets items of something that is not a dict")
        require(len(keys) == len(values), "a key without a value")
        self.keys.check(keys)
        for key, value in zip(keys, values, strict=True):
            target[key] = value

    def _load_additems(self) -> None:
        values = self.pop_mark()
        require(type(self.stack[-1]) is set, "it adds to something that is not a set")
        self.keys.check(values)
        self.stack[-1].update(values)

    def _load_frozenset(self) -> None:
        values = self.pop_mark()
        self.keys.check(values)
        self.stack.append(frozenset(values))

    def _load_put(self) -> None:
        number = int(self.readline())
        require(0 <= number < _MEMO_FROM_TEXT, "a number of the memo that is none")
        self.memo[number] = self.stack[-1]

    def _load_bytearray8(self) -> None:
        (size,) = struct.unpack("<Q", self.read(8))
        self.stack.append(bytearray(self.read(size)))  # read first: the size may be a lie

    dispatch |= {
        pickle.REDUCE[0]: _load_reduce, pickle.BUILD[0]: _load_build,
        pickle.NEWOBJ[0]: _load_newobj,
        pickle.APPEND[0]: _load_append, pickle.APPENDS[0]: _load_appends,
        pickle.SETITEM[0]: _load_setitem, pickle.SETITEMS[0]: _load_setitems,
        pickle.DICT[0]: _load_dict, pickle.ADDITEMS[0]: _load_additems,
        pickle.FROZENSET[0]: _load_frozenset, pickle.PUT[0]: _load_put,
        pickle.BYTEARRAY8[0]: _load_bytearray8,
    }  # fmt: skip


def names_refused(file: BinaryIO) -> list[str]:
    """The names in a pickle that an `Unpickler` refuses, in order; nothing is looked up or made."""
    import pickletools

    found: set[str] = set()
    allowed = allowed_names()
    strings: list[str] = []
    memo: dict[int, str] = {}
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name == "GLOBAL":
            module, _, name = str(argument).partition(" ")
        elif opcode.name == "STACK_GLOBAL":
            require(len(strings) > 1, "a name that is none")
            module, name = strings[-2:]
        else:
            if opcode.name in ("BINPUT", "LONG_BINPUT", "PUT", "MEMOIZE"):
                memo[len(memo) if argument is None else argument] = "".join(strings[-1:])
            if "GET" in opcode.name and argument in memo:
                argument = memo[argument]
            if isinstance(argument, str):
                strings = [*strings[-1:], argument]
            continue
        modern = modern_name(module, name)
        if (module, name) not in named and modern not in allowed:
            found.add(".".join(modern))
    return sorted(found)


def _refusal(module: str, name: str) -> str:
    """Why a file may not name something, and what to do."""
    path = f"{module}.{name}"
    if module == "torch" and name.startswith(_UNSUPPORTED):
        return (
            f"it holds tensors of a type that is not supported ({path}); convert them in PyTorch, "
            "with .float() for example"
        )
    if module in BLOCKED:
        return f"it names {path}, and all of {module} is blocked"
    advice = (
        "whatever weights_only says; if you trust it with any arguments, allow it by "
        f"torch.serialization.add_safe_globals([{name}])"
    )
    if module.startswith(("torch.nn.modules.", "torchvision.models.")):
        advice = "and no whole module; save its state_dict() from PyTorch instead"
    return (
        f"it names {path}, and a checkpoint is only allowed to hold tensors and plain values, "
        f"{advice}"
    )


def _check_made_of_values(kind: Any, arguments: tuple[Any, ...]) -> None:
    """A tensor of sizes alone would show memory that the file does not hold."""
    if is_tensors_class(kind) and not any(isinstance(value, Tensor) for value in arguments):
        raise CheckpointError(f"it makes a {kind.__name__} without a tensor to make it of")


def _set_state(target: Any, state: Any) -> None:
    """The state of an object of a class that the program has allowed, as Python sets it."""
    if hasattr(target, "__setstate__"):
        target.__setstate__(state)
        return
    if isinstance(target, Tensor):  # whose slots no file sets
        with_attributes(target, state, of=Tensor)
        return
    slots = None
    if type(state) is tuple and len(state) == 2:
        state, slots = state
    for attributes in (state, slots):
        require(type(attributes) in (dict, type(None)), "the state of an object is not a dict")
        for name, value in (attributes or {}).items():
            require(type(name) is str and not name.startswith("__"), "it sets such an attribute")
            object.__setattr__(target, name, value)


def _check_result(value: Any) -> None:
    """That nothing of the machinery is in what a file gives, where a program could use it."""
    rest = [value]
    seen: dict[int, Any] = {}  # held, so that the lists made here do not get each other's id
    while rest:
        value = rest.pop()
        kind = type(value)
        if kind in _PLAIN or id(value) in seen:
            continue
        if kind in _PARTS or is_named_tuple(value):  # which PyTorch writes, too
            raise CheckpointError("it holds a function, a class or a storage by itself")
        seen[id(value)] = value
        if kind in _SEQUENCES or is_named_tuple(kind):
            rest.extend(value)
        elif kind in _DICTS:
            rest.extend(value)
            rest.extend(value.values())
        if isinstance(value, _WITH_ATTRIBUTES) or is_namespace(kind):
            rest.extend(vars(value).values())
