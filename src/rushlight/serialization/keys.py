"""Keys of dictionaries and elements of sets, held to what is hashed and compared in bounded time.

A tuple that holds another twice, which holds another twice, and so on, is short in a file, and is
not hashed before the end of the world; one that is deep enough overflows the stack. And numbers can
be chosen so that all have one hash, which makes each new one wait for all others.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

import numpy as np

from ..device import device as Device
from ..dtype import dtype as DType
from ..tensor import Size, Tensor
from .allowed import is_hashed_as_tuple
from .errors import require

_MOST_PARTS = 100  # of a tuple, with those of the tuples in it
_LONGEST = 1 << 16  # characters of a string, in which equal ones are compared
_MOST_OF_ONE_HASH = 100
_SMALL = 1 << 60  # the hash of a number up to here is the number

_PLAIN = (type(None), bool, float, complex, Device, DType)


class Keys:
    """The keys of a file, or of a part of it."""

    def __init__(self) -> None:
        self.by_hash: dict[int, list[Any]] = {}

    def check(self, keys: Iterable[Any]) -> None:
        for key in keys:
            kind = type(key)
            if kind is str:  # whose hashes nobody can choose
                require(len(key) <= _LONGEST, "a key is longer than 65,536 characters")
            elif kind is not int or not -_SMALL < key < _SMALL:
                self._check_unusual(key)

    def _check_unusual(self, key: Any) -> None:
        _check_parts(key)
        if _is_tensor(key):  # hashed by where they are
            return
        same = self.by_hash.setdefault(hash(key), [])
        if key not in same:
            same.append(key)
            require(len(same) <= _MOST_OF_ONE_HASH, "too many keys have the same hash")


def _is_tensor(key: Any) -> bool:
    return isinstance(key, Tensor) and type(key).__hash__ is Tensor.__hash__


def _check_parts(key: Any) -> None:
    rest = [key]
    parts = length = 0
    while rest:
        part = rest.pop()
        kind = type(part)
        if kind in (tuple, frozenset, Size) or is_hashed_as_tuple(kind):
            require(len(part) <= _MOST_PARTS, "a key has more than 100 parts")
            rest.extend(part)
        elif kind in (str, bytes):
            length += len(part)
        elif kind is int:
            length += part.bit_length()
        else:
            require(
                kind in _PLAIN or isinstance(part, np.generic) or _is_tensor(part)
                or isinstance(part, Enum) and vars(Enum)["__hash__"] is kind.__hash__,
                "a key is of a type that no dictionary takes",
            )
        parts += 1
        require(parts <= _MOST_PARTS, "a key has more than 100 parts")
        require(length <= _LONGEST, "a key is longer than 65,536 characters")
