"""Pickles made by hand, opcode by opcode: what no pickler would write.

Each function gives the bytes that push one value; `program` makes a whole pickle of them.
"""

import pickle
import struct

DUP, TUPLE1, TUPLE2, REDUCE, BUILD = b"2", b"\x85", b"\x86", b"R", b"b"
SETITEM, APPEND, NONE, TRUE, FALSE, POP = b"s", b"a", b"N", b"\x88", b"\x89", b"0"
EMPTY_DICT, EMPTY_LIST, EMPTY_SET, ADDITEMS, MARK = b"}", b"]", b"\x8f", b"\x90", b"("


def program(*parts):
    return b"\x80\x02" + b"".join(parts) + b"."


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def number(value):
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    encoded = pickle.encode_long(value)
    return b"\x8b" + struct.pack("<i", len(encoded)) + encoded


def text(value):
    encoded = value.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def data(value):
    return b"B" + struct.pack("<I", len(value)) + value


def values(*parts):
    """A tuple."""
    return b"(" + b"".join(parts) + b"t"


def numbers(*items):
    return values(*map(number, items))


def pairs(*items):
    """A dict of pushed keys and values, one after the other."""
    return b"}(" + b"".join(items) + b"u"


def put(place):
    return b"r" + struct.pack("<I", place)


def get(place):
    return b"j" + struct.pack("<I", place)


def call(function, *arguments):
    return function + values(*arguments) + REDUCE


def storage(count=4, key="0", kind="FloatStorage", device="cpu"):
    reference = values(text("storage"), name("torch", kind), text(key), text(device), number(count))
    return reference + b"Q"


def tensor(place=None, offset=0, size=(4,), strides=(1,), requires_grad=FALSE, *more):
    """A tensor of the storage that `place` pushes."""
    return call(
        name("torch._utils", "_rebuild_tensor_v2"), place or storage(), number(offset),
        numbers(*size), numbers(*strides), requires_grad, EMPTY_DICT, *more,
    )  # fmt: skip


def array(state, place):
    """A NumPy array that is kept in the memo, and the state that it is given."""
    made = call(
        name("numpy.core.multiarray", "_reconstruct"), name("numpy", "ndarray"), numbers(0),
        data(b"b"),
    )  # fmt: skip
    return made + put(place) + state + BUILD


def array_state(values_of_it, code="f4", shape=None):
    dtype = call(name("numpy", "dtype"), text(code), FALSE, TRUE)
    shape = numbers(len(values_of_it) // 4) if shape is None else shape
    return values(number(1), shape, dtype, FALSE, data(values_of_it))
